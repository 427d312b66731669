/** What a windowed aggregation is, as its owner writes it, and the checks that a definition must pass. Pure. */
import { invalid } from '../../../proto/errors.ts';
import { quoteShort } from '../../../proto/names.ts';

/**
 * `count`: events. `sum`, `mean`, `min`, `max`: over a number field's values that are not null. `last`: the value of
 * the newest event that has one; among events of one time, the later in the log. `distinct`: how many different values
 * (exact below 256, within about 6% beyond). `since_last`: seconds since the newest event.
 */
export type AggregateOp = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'last' | 'distinct' | 'since_last';

/** `number`: a finite 64-bit float (a 64-bit integer is exact up to 2^53). `hash`: an unsigned 32-bit hash of text. */
export type AggregationField = { readonly name: string; readonly kind: 'number' | 'hash' };

export type AggregationFeature = {
  readonly op: AggregateOp;
  /** Null for `count` and `since_last`, which are about events and not about a field. */
  readonly field: string | null;
  readonly windowMs: number;
};

export type AggregationDefinition = {
  /** Width of a time bucket. Windows are whole multiples of it and move on by it. */
  readonly bucketMs: number;
  /** How far behind the newest event an event may be and still count. */
  readonly allowedLatenessMs: number;
  readonly fields: readonly AggregationField[];
  readonly features: readonly AggregationFeature[];
  /** Event ids remembered per entity, against double counting; default 1,024. */
  readonly idsMax?: number;
};

export const WINDOW_BUCKETS_MAX = 1_500;
export const LATENESS_BUCKETS_MAX = 4_096;
export const IDS_MAX = 1_024;
const FIELDS_MAX = 256;
const FEATURES_MAX = 4_096;
/** Far enough for any date, and small enough that bucket indices are exact. */
export const TIME_MS_MAX = 8.64e15;

const EVENT_OPS: ReadonlySet<string> = new Set<AggregateOp>(['count', 'since_last']);
const NUMBER_OPS: ReadonlySet<string> = new Set<AggregateOp>(['sum', 'mean', 'min', 'max']);
const FIELD_OPS: ReadonlySet<string> = new Set<AggregateOp>(['last', 'distinct']);

/** Throws INVALID_ARGUMENT that says what to change. */
export function checkDefinition(definition: AggregationDefinition): void {
  const { bucketMs, allowedLatenessMs, fields, features, idsMax = IDS_MAX } = definition;
  if (!Number.isInteger(bucketMs) || bucketMs < 1 || bucketMs > TIME_MS_MAX) {
    throw invalid(`bucketMs is ${bucketMs}; it must be a whole number of milliseconds from 1`);
  }
  if (!Number.isSafeInteger(allowedLatenessMs) || allowedLatenessMs < 0) {
    throw invalid(`allowedLatenessMs is ${allowedLatenessMs}; it must be a whole number of milliseconds from 0`);
  }
  if (allowedLatenessMs > bucketMs * LATENESS_BUCKETS_MAX) {
    throw invalid(
      `allowedLatenessMs ${allowedLatenessMs} is more than ${LATENESS_BUCKETS_MAX} buckets of ${bucketMs} ms; use wider buckets`,
    );
  }
  if (!Number.isInteger(idsMax) || idsMax < 1 || idsMax > 65_536) {
    throw invalid(`idsMax is ${idsMax}; it must be a whole number from 1 to 65536`);
  }
  if (fields.length > FIELDS_MAX) throw invalid(`${fields.length} fields; at most ${FIELDS_MAX} are allowed`);
  if (features.length === 0 || features.length > FEATURES_MAX) {
    throw invalid(`${features.length} aggregated features; 1 to ${FEATURES_MAX} are allowed`);
  }
  const kinds = fieldKinds(fields);
  for (const feature of features) checkFeature(feature, kinds, bucketMs);
}

function fieldKinds(fields: readonly AggregationField[]): ReadonlyMap<string, AggregationField['kind']> {
  const kinds = new Map<string, AggregationField['kind']>();
  for (const { name, kind } of fields) {
    if (kinds.has(name)) throw invalid(`two fields are named ${quoteShort(name)}`);
    if (kind !== 'number' && kind !== 'hash') {
      throw invalid(`field ${quoteShort(name)} has kind ${quoteShort(String(kind))}; it must be number or hash`);
    }
    kinds.set(name, kind);
  }
  return kinds;
}

function checkFeature(
  { op, field, windowMs }: AggregationFeature,
  kinds: ReadonlyMap<string, AggregationField['kind']>,
  bucketMs: number,
): void {
  if (EVENT_OPS.has(op)) {
    if (field !== null) throw invalid(`${op} is about events: leave its field ${quoteShort(field)} out`);
  } else if (NUMBER_OPS.has(op) || FIELD_OPS.has(op)) {
    if (field === null) throw invalid(`${op} needs a field`);
    const kind = kinds.get(field);
    if (kind === undefined) throw invalid(`${op} is over ${quoteShort(field)}, which the stream does not have`);
    if (kind === 'hash' && NUMBER_OPS.has(op)) {
      throw invalid(`${op} needs numbers and ${quoteShort(field)} is text; use last or distinct`);
    }
  } else {
    const ops = [...EVENT_OPS, ...NUMBER_OPS, ...FIELD_OPS].join(', ');
    throw invalid(`there is no aggregation ${quoteShort(String(op))}; use one of ${ops}`);
  }
  if (!Number.isSafeInteger(windowMs) || windowMs < bucketMs || windowMs % bucketMs !== 0) {
    throw invalid(`${op} has a window of ${windowMs} ms; it must be a whole multiple of the bucket, ${bucketMs} ms`);
  }
  if (windowMs / bucketMs > WINDOW_BUCKETS_MAX) {
    throw invalid(
      `${op}'s window of ${windowMs} ms is ${windowMs / bucketMs} buckets of ${bucketMs} ms; at most ${WINDOW_BUCKETS_MAX} are allowed: use wider buckets`,
    );
  }
}
