/**
 * Builds model inputs, row-major and raw, from stored records and request inputs, as the serving plan says. The same
 * function runs in the shard and, for models without features, in the router. Pure but for `lookup`.
 */

import type { RowFreshness } from '../../proto/letters.ts';
import { bytesElements } from '../../proto/tensor.ts';
import { isNull, matchesSchema, type RecordBytes, readValue, recordEventMs } from './record.ts';
import type { FeatureCell, PlannedRead, ServingPlan } from './serving-plan.ts';
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
  readonly wallMs: number;
};

export type Assembled = { readonly inputs: Uint8Array[]; readonly freshness: RowFreshness | null };

/** Partition of the views that live everywhere is the number of partitions itself. */
export function assemble(
  plan: ServingPlan,
  request: AssembleRequest,
  everywherePartition: number,
  lookup: Lookup,
): Assembled {
  const { rows } = request;
  const targets = plan.modelInputs.map((input) =>
    input.kind === 'request' ? request.inputs[input.from]! : new Uint8Array(input.rowBytes * rows),
  );
  for (const cell of plan.requestCells) {
    const source = request.inputs[cell.from]!;
    const target = targets[cell.input]!;
    const stride = target.byteLength / rows;
    for (let row = 0; row < rows; row++) {
      copy(source, row * cell.bytes, target, row * stride + cell.targetOffset, cell.bytes);
    }
  }
  if (plan.reads.length === 0) return { inputs: targets, freshness: null };
  return { inputs: targets, freshness: readFeatures(plan, request, everywherePartition, lookup, targets) };
}

function readFeatures(
  plan: ServingPlan,
  request: AssembleRequest,
  everywherePartition: number,
  lookup: Lookup,
  targets: readonly Uint8Array[],
): RowFreshness {
  const { rows, wallMs } = request;
  const bitmapBytes = Math.ceil(plan.featureNames.length / 8);
  const defaulted = new Uint8Array(bitmapBytes * rows);
  const ageMs = new Array<number>(rows).fill(-1);
  const cells = targets.map((target) => new DataView(target.buffer, target.byteOffset, target.byteLength));
  for (const read of plan.reads) {
    const keys = read.keyInput < 0 ? request.keys : bytesElements(request.inputs[read.keyInput]!);
    const everywhere = read.view.placement === 'everywhere';
    for (let row = 0; row < rows; row++) {
      const partition = everywhere ? everywherePartition : request.partitions[row]!;
      const record = lookup(read.view, partition, keys[row]!);
      const recordAgeMs = record === null ? 0 : Math.max(0, wallMs - recordEventMs(record));
      if (record === null || !usable(read.view, record, recordAgeMs)) {
        for (const cell of read.cells) writeDefault(cell, targets, cells, row, rows, defaulted, bitmapBytes);
        continue;
      }
      if (recordAgeMs > ageMs[row]!) ageMs[row] = recordAgeMs;
      copyRecord(read, record, targets, cells, row, rows, defaulted, bitmapBytes);
    }
  }
  return { appliedSeq: [], ageMs, defaulted, defaultedNames: [] };
}

function usable(view: View, record: RecordBytes, ageMs: number): boolean {
  return matchesSchema(view, record) && (view.ttlMs === 0 || ageMs <= view.ttlMs);
}

function copyRecord(
  read: PlannedRead,
  record: RecordBytes,
  targets: readonly Uint8Array[],
  views: readonly DataView[],
  row: number,
  rows: number,
  defaulted: Uint8Array,
  bitmapBytes: number,
): void {
  if (hasNulls(read.view, record)) {
    for (const cell of read.cells) {
      if (isNull(record, cell.feature.index)) writeDefault(cell, targets, views, row, rows, defaulted, bitmapBytes);
      else convert(cell, readValue(read.view, cell.feature, record)!, targets, views, row, rows);
    }
    return;
  }
  for (const run of read.runs) {
    const target = targets[run.input]!;
    copy(record.bytes, run.sourceOffset, target, row * (target.byteLength / rows) + run.targetOffset, run.bytes);
  }
  for (const cell of read.converted)
    convert(cell, readValue(read.view, cell.feature, record)!, targets, views, row, rows);
}

function hasNulls(view: View, record: RecordBytes): boolean {
  for (let i = 0; i < view.bitmapBytes; i++) if (record.bytes[24 + i] !== 0) return true;
  return false;
}

function writeDefault(
  cell: FeatureCell,
  targets: readonly Uint8Array[],
  views: readonly DataView[],
  row: number,
  rows: number,
  defaulted: Uint8Array,
  bitmapBytes: number,
): void {
  convert(cell, cell.feature.default, targets, views, row, rows);
  defaulted[row * bitmapBytes + (cell.bit >> 3)]! |= 1 << (cell.bit & 7);
}

function convert(
  cell: FeatureCell,
  value: number | bigint | boolean,
  targets: readonly Uint8Array[],
  views: readonly DataView[],
  row: number,
  rows: number,
): void {
  const offset = row * (targets[cell.input]!.byteLength / rows) + cell.targetOffset;
  const view = views[cell.input]!;
  switch (cell.targetType) {
    case 'FP32':
      view.setFloat32(offset, Number(value), true);
      return;
    case 'FP64':
      view.setFloat64(offset, Number(value), true);
      return;
    case 'INT32':
      view.setInt32(offset, Number(value), true);
      return;
    default:
      view.setBigInt64(offset, typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value))), true);
  }
}

/** Short copies by hand: a call into `set` costs more than it saves below a few dozen bytes. */
function copy(source: Uint8Array, from: number, target: Uint8Array, to: number, bytes: number): void {
  if (bytes > 48) {
    target.set(source.subarray(from, from + bytes), to);
    return;
  }
  for (let i = 0; i < bytes; i++) target[to + i] = source[from + i]!;
}

/** Names of the features that fell back to their default in one row. */
export function defaultedNames(featureNames: readonly string[], defaulted: Uint8Array, row: number): string[] {
  const bitmapBytes = Math.ceil(featureNames.length / 8);
  const names: string[] = [];
  for (let bit = 0; bit < featureNames.length; bit++) {
    if ((defaulted[row * bitmapBytes + (bit >> 3)]! & (1 << (bit & 7))) !== 0) names.push(featureNames[bit]!);
  }
  return names;
}
