/**
 * A definition compiled: what a bucket stores, where, and how each feature is read from it. A bucket is packed and
 * little-endian: the low 32 bits of its index, then only the cells that some feature needs, in this order:
 *
 *     count       u32  events                      since_last  f64  time of the newest event
 *     and for each field, in the definition's order:
 *     values      u32  values that are not null    sum         f64
 *     min         f64  +∞: none                    max         f64  −∞: none
 *     last        f64  value, f64 time; −∞: none   sketch      u16  length; the hashes lie behind the buckets
 *
 * Pure.
 */
import { invalid } from '../../../proto/errors.ts';
import {
  type AggregateOp,
  type AggregationDefinition,
  type AggregationFeature,
  checkDefinition,
  IDS_MAX,
} from './definition.ts';
import { SKETCH_HASHES, SketchUnion } from './sketch.ts';

/** Changes when stored bytes get another meaning. */
const FORMAT = 1;
/** Every event copies its entity's state, so states must stay small. */
export const STATE_BYTES_MAX = 4 * 1_048_576;
export const HEADER_BYTES = 28;
export const ID_BYTES = 16;
export const INDEX_BYTES = 4;

export type CellKind = 'count' | 'newest' | 'values' | 'sum' | 'min' | 'max' | 'last' | 'sketch';
const CELL_BYTES: Readonly<Record<CellKind, number>> = {
  count: 4,
  newest: 8,
  values: 4,
  sum: 8,
  min: 8,
  max: 8,
  last: 16,
  sketch: 2,
};
/** Cells of one field in their stored order. */
const FIELD_CELLS: readonly CellKind[] = ['values', 'sum', 'min', 'max', 'last', 'sketch'];
const NEEDED_CELLS: Readonly<Record<AggregateOp, readonly CellKind[]>> = {
  count: ['count'],
  since_last: ['newest'],
  sum: ['sum'],
  mean: ['sum', 'values'],
  min: ['min'],
  max: ['max'],
  last: ['last'],
  distinct: ['sketch'],
};

/** One stored cell; `offset` is within the bucket, `field` is −1 for cells about events. */
export type Cell = { readonly kind: CellKind; readonly field: number; readonly offset: number };

/** Features of one operation over one field, shortest window first: one run over the buckets serves all of them. */
export type Column = {
  readonly op: AggregateOp;
  readonly offset: number;
  /** Of `values`, for `mean`. */
  readonly valuesOffset: number;
  /** Which of the bucket's sketches, for `distinct`. */
  readonly sketch: number;
  /** Positions in the definition, and for each the position of its window in `plan.windows`. */
  readonly features: Int32Array;
  readonly windows: Int32Array;
};

export type AggregationPlan = {
  readonly bucketMs: number;
  readonly allowedLatenessMs: number;
  readonly idsMax: number;
  readonly fieldCount: number;
  readonly featureCount: number;
  /** True for a field whose values are hashes already. */
  readonly hashFields: readonly boolean[];
  /** Different window lengths in buckets, ascending. */
  readonly windows: Int32Array;
  /** Buckets that are older than the newest by more than this are dropped. */
  readonly spanBuckets: number;
  readonly bucketBytes: number;
  readonly cells: readonly Cell[];
  readonly sketches: readonly Cell[];
  readonly columns: readonly Column[];
  /** A state is never longer. */
  readonly stateBytesMax: number;
  /** Order matters: of fields because events carry values by position, of features because values come out so. */
  readonly canonical: string;
  /** The same for the stored bytes alone: another feature over what buckets hold already does not change it. */
  readonly stateSignature: string;
  readonly scratch: Scratch;
};

/** Working memory of one plan: reads and changes are synchronous, so one set is enough. */
export type Scratch = {
  /** For each window how many of the buckets that count lie in it. */
  readonly ends: Int32Array;
  readonly union: SketchUnion;
  /** For each sketch how the event changes it: hash, where it goes, and whether the largest hash falls out. */
  readonly hashes: Uint32Array;
  readonly places: Int32Array;
  readonly changes: Uint8Array;
  readonly numberBytes: Uint8Array;
  readonly numberView: DataView;
};

/** Throws INVALID_ARGUMENT that says what to change. */
export function compileAggregation(definition: AggregationDefinition): AggregationPlan {
  checkDefinition(definition);
  const { bucketMs, allowedLatenessMs, fields, features, idsMax = IDS_MAX } = definition;
  const lengths = [...new Set(features.map(({ windowMs }) => windowMs / bucketMs))].sort((a, b) => a - b);
  const cells = layOutCells(definition);
  const sketches = cells.filter(({ kind }) => kind === 'sketch');
  const bucketBytes = cells.reduce((sum, { kind }) => sum + CELL_BYTES[kind], INDEX_BYTES);
  const spanBuckets = lengths.at(-1)! + Math.ceil(allowedLatenessMs / bucketMs);
  const bytesPerBucket = bucketBytes + sketches.length * SKETCH_HASHES * 4;
  const stateBytesMax = HEADER_BYTES + idsMax * ID_BYTES + (spanBuckets + 1) * bytesPerBucket;
  if (stateBytesMax > STATE_BYTES_MAX) {
    throw invalid(
      `an entity's state could grow to ${stateBytesMax} bytes; at most ${STATE_BYTES_MAX} are allowed: use wider buckets, shorter windows, less lateness or fewer distinct features`,
    );
  }
  return {
    bucketMs,
    allowedLatenessMs,
    idsMax,
    fieldCount: fields.length,
    featureCount: features.length,
    hashFields: fields.map(({ kind }) => kind === 'hash'),
    windows: Int32Array.from(lengths),
    spanBuckets,
    bucketBytes,
    cells,
    sketches,
    columns: layOutColumns(definition, cells, lengths),
    stateBytesMax,
    canonical: canonicalText(definition),
    stateSignature: stateText(definition, cells, spanBuckets),
    scratch: newScratch(lengths.length, sketches.length),
  };
}

/** The definition as text that differs wherever stored bytes or their meaning do; for a schema hash. */
export function describeAggregation(plan: AggregationPlan): string {
  return plan.canonical;
}

function canonicalText({ bucketMs, allowedLatenessMs, fields, features, idsMax }: AggregationDefinition): string {
  return JSON.stringify([
    'aggregation',
    FORMAT,
    SKETCH_HASHES,
    bucketMs,
    allowedLatenessMs,
    idsMax ?? IDS_MAX,
    fields.map(({ name, kind }) => [name, kind]),
    features.map(({ op, field, windowMs }) => [op, field, windowMs]),
  ]);
}

function stateText(
  { bucketMs, allowedLatenessMs, fields, idsMax }: AggregationDefinition,
  cells: readonly Cell[],
  spanBuckets: number,
): string {
  const stored = cells.map(({ kind, field }) => [kind, fields[field]?.name ?? null]);
  return JSON.stringify([FORMAT, SKETCH_HASHES, bucketMs, allowedLatenessMs, idsMax ?? IDS_MAX, spanBuckets, stored]);
}

function layOutCells({ fields, features }: AggregationDefinition): Cell[] {
  const needed = new Set(features.flatMap(({ op, field }) => NEEDED_CELLS[op].map((kind) => `${kind} ${field ?? ''}`)));
  const wanted: { kind: CellKind; field: number }[] = [];
  if (needed.has('count ')) wanted.push({ kind: 'count', field: -1 });
  if (needed.has('newest ')) wanted.push({ kind: 'newest', field: -1 });
  for (const [index, { name }] of fields.entries()) {
    for (const kind of FIELD_CELLS) if (needed.has(`${kind} ${name}`)) wanted.push({ kind, field: index });
  }
  let offset = INDEX_BYTES;
  return wanted.map(({ kind, field }) => {
    const cell = { kind, field, offset };
    offset += CELL_BYTES[kind];
    return cell;
  });
}

function layOutColumns(definition: AggregationDefinition, cells: readonly Cell[], lengths: readonly number[]) {
  const fieldIndex = new Map(definition.fields.map(({ name }, index) => [name, index]));
  const groups = new Map<string, { feature: AggregationFeature; index: number }[]>();
  for (const [index, feature] of definition.features.entries()) {
    const key = `${feature.op} ${feature.field ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ feature, index }]);
    else group.push({ feature, index });
  }
  const sketches = cells.filter(({ kind }) => kind === 'sketch');
  return [...groups.values()].map((group): Column => {
    group.sort((a, b) => a.feature.windowMs - b.feature.windowMs);
    const { op, field } = group[0]!.feature;
    const at = field === null ? -1 : fieldIndex.get(field)!;
    const find = (kind: CellKind) => cells.find((cell) => cell.kind === kind && cell.field === at);
    return {
      op,
      offset: find(NEEDED_CELLS[op][0]!)!.offset,
      valuesOffset: find('values')?.offset ?? 0,
      sketch: sketches.findIndex((cell) => cell.field === at),
      features: Int32Array.from(group, ({ index }) => index),
      windows: Int32Array.from(group, ({ feature }) => lengths.indexOf(feature.windowMs / definition.bucketMs)),
    };
  });
}

function newScratch(windows: number, sketches: number): Scratch {
  const numberBytes = new Uint8Array(8);
  return {
    ends: new Int32Array(windows),
    union: new SketchUnion(),
    hashes: new Uint32Array(sketches),
    places: new Int32Array(sketches),
    changes: new Uint8Array(sketches),
    numberBytes,
    numberView: new DataView(numberBytes.buffer),
  };
}
