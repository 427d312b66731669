/**
 * Builds model inputs, row-major and raw, from stored records and request inputs, as the serving plan says. The same
 * function runs in the shard and, for models without features, in the router. Pure but for `lookup`.
 */

import { invalid } from '../../proto/errors.ts';
import type { RowFreshness } from '../../proto/freshness.ts';
import { bytesElements } from '../../proto/tensor.ts';
import { TransformInputs } from './apply-transforms.ts';
import { materialize } from './materialize.ts';
import { isNull, RECORD_HEADER_BYTES, type RecordBytes, readCell } from './record.ts';
import { ageMsMax, rowAgeMs } from './row-age.ts';
import { type Block, RowMemory } from './row-memory.ts';
import type { FeatureCell, PlannedRead, ServingPlan } from './serving-plan.ts';
import type { PlannedTransform } from './transforms.ts';
import type { View } from './views.ts';

/** The record stored for an entity, or null. Its bytes may be overwritten by the next lookup. */
export type Lookup = (view: View, partition: number, key: Uint8Array) => RecordBytes | null;

export type AssembleRequest = {
  /** Key of the routing entity, one a row. */
  readonly keys: readonly Uint8Array[];
  readonly partitions: readonly number[];
  /** Request inputs in the plan's order. */
  readonly inputs: readonly Uint8Array[];
  readonly rows: number;
  /** The moment at which ages are judged. */
  readonly wallMs: number;
  /** Age past which a row counts as expired, whatever its view's ttl; 0: the ttl alone. */
  readonly maxAgeMs: number;
};

/** `freshness`: null for models without features. */
export type Assembled = {
  readonly inputs: Uint8Array[];
  readonly freshness: Pick<RowFreshness, 'ageMs' | 'defaulted' | 'expired'> | null;
};

/** Memory for the rows of one call, where the caller keeps none for many. */
const ownMemory = () => new RowMemory();

/** Partition of the views that live everywhere is the number of partitions itself. */
export function assemble(
  plan: ServingPlan,
  request: AssembleRequest,
  everywherePartition: number,
  lookup: Lookup,
  memory: RowMemory = ownMemory(),
): Assembled {
  const { rows } = request;
  const { modelInputs, requestCells } = plan;
  const inputs = new Array<Uint8Array>(modelInputs.length);
  const blocks = new Array<Block | null>(modelInputs.length);
  for (let i = 0; i < modelInputs.length; i++) {
    const input = modelInputs[i]!;
    const block = input.kind === 'request' ? null : memory.take(input.rowBytes * rows);
    blocks[i] = block;
    inputs[i] = block === null ? request.inputs[(input as { from: number }).from]! : block.bytes;
  }
  for (let i = 0; i < requestCells.length; i++) {
    const cell = requestCells[i]!;
    const source = request.inputs[cell.from]!;
    const { page, at, bytes } = blocks[cell.input]!;
    const stride = bytes.length / rows;
    for (let row = 0; row < rows; row++) {
      copyBytes(source, row * cell.bytes, page.bytes, at + row * stride + cell.targetOffset, cell.bytes);
    }
  }
  if (plan.reads.length === 0 && plan.transforms.length === 0) return { inputs, freshness: null };
  const reader = new FeatureReader(plan, request, everywherePartition, lookup, blocks);
  const freshness = reader.read();
  return { inputs, freshness: plan.reads.length === 0 ? null : freshness };
}

const NO_BITS = new Uint8Array(0);

/** One call's walk over reads and rows. */
class FeatureReader {
  readonly #plan: ServingPlan;
  readonly #request: AssembleRequest;
  readonly #everywherePartition: number;
  readonly #lookup: Lookup;
  readonly #blocks: readonly (Block | null)[];
  readonly #bitmapBytes: number;
  /** Null for plans without transforms. */
  readonly #taken: TransformInputs | null;
  /** Made when the first feature falls back. */
  #defaulted: Uint8Array = NO_BITS;
  /** The same for the first that falls back because what is stored is too old. */
  #expired: Uint8Array = NO_BITS;

  constructor(
    plan: ServingPlan,
    request: AssembleRequest,
    everywherePartition: number,
    lookup: Lookup,
    blocks: readonly (Block | null)[],
  ) {
    this.#plan = plan;
    this.#request = request;
    this.#everywherePartition = everywherePartition;
    this.#lookup = lookup;
    this.#blocks = blocks;
    this.#bitmapBytes = Math.ceil(plan.featureNames.length / 8);
    this.#taken = plan.transforms.length === 0 ? null : new TransformInputs(plan, request.rows);
  }

  read(): NonNullable<Assembled['freshness']> {
    const { rows, wallMs, maxAgeMs, keys, inputs, partitions } = this.#request;
    const { reads } = this.#plan;
    const ageMs = rows === 1 ? [-1] : new Array<number>(rows).fill(-1);
    for (let i = 0; i < reads.length; i++) {
      const read = reads[i]!;
      const { view } = read;
      const readKeys = read.keyInput < 0 ? keys : bytesElements(inputs[read.keyInput]!);
      const everywhere = view.placement === 'everywhere';
      const oldestMs = ageMsMax(view, maxAgeMs);
      for (let row = 0; row < rows; row++) {
        const partition = everywhere ? this.#everywherePartition : partitions[row]!;
        const stored = this.#lookup(view, partition, readKeys[row]!);
        const record = stored === null ? null : materialize(view, stored, wallMs, read.scratch);
        if (record === null) {
          this.#writeDefaults(read, i, row);
          continue;
        }
        const recordAgeMs = rowAgeMs(record, wallMs);
        if (recordAgeMs > oldestMs) {
          this.#writeDefaults(read, i, row);
          this.#markExpired(read, row);
          continue;
        }
        if (recordAgeMs > ageMs[row]!) ageMs[row] = recordAgeMs;
        if (hasNulls(view, record)) this.#copyCells(read, record, row);
        else this.#copyRuns(read, record, row);
        if (this.#taken !== null) this.#take(read, i, record, row);
      }
    }
    this.#taken?.run(this.#request, (planned, value, row) => this.#writeTransformed(planned, value, row));
    return { ageMs, defaulted: this.#defaulted, expired: this.#expired };
  }

  #copyRuns(read: PlannedRead, record: RecordBytes, row: number): void {
    const { runs, converted } = read;
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i]!;
      const { page, at, bytes } = this.#blocks[run.input]!;
      const to = at + row * (bytes.length / this.#request.rows) + run.targetOffset;
      const { words } = record;
      if (words != null && ((run.sourceOffset | to | run.bytes) & 3) === 0) {
        copyWords(words, run.sourceOffset >> 2, page.words, to >> 2, run.bytes >> 2);
      } else {
        copyBytes(record.bytes, run.sourceOffset, page.bytes, to, run.bytes);
      }
    }
    for (let i = 0; i < converted.length; i++) {
      this.#copyCell(read.view, converted[i]!, record, row);
    }
  }

  #copyCells(read: PlannedRead, record: RecordBytes, row: number): void {
    for (const cell of read.cells) {
      if (isNull(record, cell.feature.index)) this.#writeDefault(cell, row);
      else this.#copyCell(read.view, cell, record, row);
    }
  }

  #copyCell(view: View, cell: FeatureCell, record: RecordBytes, row: number): void {
    const columns = cell.feature.defaultCells.length;
    for (let i = 0; i < columns; i++) this.#write(cell, i, readCell(view, cell.feature, record, i), row);
  }

  #writeDefaults(read: PlannedRead, index: number, row: number): void {
    for (const cell of read.cells) this.#writeDefault(cell, row);
    if (this.#taken !== null) this.#take(read, index, null, row);
  }

  /** Keeps what transforms take of a record, before the next lookup overwrites it. */
  #take(read: PlannedRead, index: number, record: RecordBytes | null, row: number): void {
    for (const { feature, bit } of read.taken) {
      if (record === null || isNull(record, feature.index)) this.#markDefaulted(bit, row);
    }
    this.#taken!.take(index, read.view, record, row);
  }

  #writeTransformed(planned: PlannedTransform, value: number | null, row: number): void {
    if (value === null) this.#markDefaulted(planned.bit, row);
    const { page, at, bytes } = this.#blocks[planned.input]!;
    const offset = at + row * (bytes.length / this.#request.rows) + planned.targetOffset;
    const given = value ?? planned.transform.default;
    if (planned.targetType === 'FP32') page.cells.setFloat32(offset, given, true);
    else page.cells.setFloat64(offset, given, true);
  }

  #writeDefault(cell: FeatureCell, row: number): void {
    const { defaultCells } = cell.feature;
    for (let i = 0; i < defaultCells.length; i++) this.#write(cell, i, defaultCells[i]!, row);
    this.#markDefaulted(cell.bit, row);
  }

  #markDefaulted(bit: number, row: number): void {
    if (this.#defaulted.length === 0) this.#defaulted = this.#bitmap();
    this.#mark(this.#defaulted, bit, row);
  }

  /** Of a row that is stored and too old: what inputs and what transforms are made of. */
  #markExpired(read: PlannedRead, row: number): void {
    if (this.#expired.length === 0) this.#expired = this.#bitmap();
    for (const { bit } of read.cells) this.#mark(this.#expired, bit, row);
    for (const { bit } of read.taken) this.#mark(this.#expired, bit, row);
  }

  #bitmap(): Uint8Array {
    return new Uint8Array(this.#bitmapBytes * this.#request.rows);
  }

  #mark(bits: Uint8Array, bit: number, row: number): void {
    bits[row * this.#bitmapBytes + (bit >> 3)]! |= 1 << (bit & 7);
  }

  #write(cell: FeatureCell, column: number, value: number | bigint, row: number): void {
    const { page, at, bytes } = this.#blocks[cell.input]!;
    const offset = at + row * (bytes.length / this.#request.rows) + cell.targetOffset + column * cell.targetBytes;
    switch (cell.targetType) {
      case 'FP32':
        page.cells.setFloat32(offset, Number(value), true);
        return;
      case 'FP64':
        page.cells.setFloat64(offset, Number(value), true);
        return;
      case 'INT32':
        page.cells.setInt32(offset, asInt32(cell, value), true);
        return;
      default:
        page.cells.setBigInt64(offset, BigInt(value), true);
    }
  }
}

function asInt32(cell: FeatureCell, value: number | bigint): number {
  const number = Number(value);
  if (number === (number | 0)) return number;
  throw invalid(
    `feature '${cell.feature.name}' is ${value}, which does not fit the model's INT32 input; give the model INT64`,
    'lookup',
  );
}

function hasNulls(view: View, record: RecordBytes): boolean {
  const { bytes } = record;
  for (let i = 0; i < view.bitmapBytes; i++) if (bytes[RECORD_HEADER_BYTES + i] !== 0) return true;
  return false;
}

/** By hand: a call into `set` needs a view made first, which costs more than a few hundred bytes do. */
function copyBytes(source: Uint8Array, from: number, target: Uint8Array, to: number, bytes: number): void {
  if (bytes > 512) {
    target.set(source.subarray(from, from + bytes), to);
    return;
  }
  for (let i = 0; i < bytes; i++) target[to + i] = source[from + i]!;
}

function copyWords(source: Uint32Array, from: number, target: Uint32Array, to: number, words: number): void {
  for (let i = 0; i < words; i++) target[to + i] = source[from + i]!;
}
