/**
 * From what is stored for an entity to a row of the view as it is now: the one place that reading, model inputs,
 * training sets and replay go through. Pure.
 */
import { evaluate } from './aggregates/evaluate.ts';
import {
  isTombstone,
  matchesSchema,
  RECORD_HEADER_BYTES,
  type RecordBytes,
  recordBytes,
  recordEventMs,
  recordLength,
  recordSchemaHash,
  recordSeq,
  writeHeader,
} from './record.ts';
import { bitmapBytesOf, type Schema } from './schema.ts';
import type { Aggregation, View } from './views.ts';

/**
 * The row in the view's own layout, or null where there is none: nothing is stored, it was deleted, or it was written
 * under a definition that this one did not grow from. Aggregations are worked out as of `atMs` (ms since 1970). The
 * result may be the record itself, and may be overwritten by the next call for the same view with the same `scratch`.
 */
export function materialize(
  view: View,
  stored: RecordBytes | null,
  atMs: number,
  scratch: RowScratch | null = null,
): RecordBytes | null {
  if (stored === null || stored.length < RECORD_HEADER_BYTES || isTombstone(stored)) return null;
  if (view.aggregation !== null) return aggregated(view, view.aggregation, stored, atMs, scratch ?? newScratch(view));
  return inLayoutOf(view, stored);
}

/** A row that some definition of the view wrote, in this one's layout; null where this one did not grow from that. */
export function inLayoutOf(view: View, row: RecordBytes): RecordBytes | null {
  return matchesSchema(view, row) ? row : grown(view, row);
}

/** Memory for rows that are worked out as they are read. */
export type RowScratch = { readonly row: RecordBytes; readonly values: Float64Array };

/** Memory for `materialize`; null for views that need none. */
export function scratchFor(view: View): RowScratch | null {
  return view.aggregation === null ? null : newScratch(view);
}

function newScratch(view: View): RowScratch {
  return { row: newRow(view), values: new Float64Array(view.features.length) };
}

function newRow(schema: Schema): RecordBytes {
  return recordBytes(new Uint8Array(recordLength(schema)));
}

/** A row written before features were added at the end: those are null. */
function grown(view: View, stored: RecordBytes): RecordBytes | null {
  const body = growBody(view, recordSchemaHash(stored), stored.bytes.subarray(RECORD_HEADER_BYTES, stored.length));
  if (body === null) return null;
  const row = newRow(view);
  writeHeader(row.view, view.schemaHash, recordEventMs(stored), recordSeq(stored), 0);
  row.bytes.set(body, RECORD_HEADER_BYTES);
  return row;
}

/**
 * Bitmap and values written under `schemaHash`, in this schema's layout; null where this one did not grow from that
 * one, or the length is not what it says.
 */
export function growBody(schema: Schema, schemaHash: number, body: Uint8Array): Uint8Array | null {
  const { features, bitmapBytes, valuesBytes } = schema;
  if (schemaHash === schema.schemaHash) return body.byteLength === bitmapBytes + valuesBytes ? body : null;
  const had = schema.grownFrom.get(schemaHash);
  if (had === undefined) return null;
  const hadBitmapBytes = bitmapBytesOf(had);
  const hadValuesBytes = features[had]!.offset;
  if (body.byteLength !== hadBitmapBytes + hadValuesBytes) return null;
  const whole = new Uint8Array(bitmapBytes + valuesBytes);
  whole.set(body.subarray(0, hadBitmapBytes));
  whole.set(body.subarray(hadBitmapBytes), bitmapBytes);
  for (let index = had; index < features.length; index++) whole[index >> 3]! |= 1 << (index & 7);
  return whole;
}

/**
 * A row in the layout of `schemaHash`, one that this view grew from: its first features. The row itself where that is the
 * view's own, is 0 (whatever there is), or is unknown here.
 */
export function cutTo(view: View, schemaHash: number, row: RecordBytes): RecordBytes {
  const had = view.grownFrom.get(schemaHash);
  if (had === undefined) return row;
  const bitmapBytes = bitmapBytesOf(had);
  const valuesFrom = RECORD_HEADER_BYTES + view.bitmapBytes;
  const valuesBytes = view.features[had]!.offset;
  const cut = recordBytes(new Uint8Array(RECORD_HEADER_BYTES + bitmapBytes + valuesBytes));
  writeHeader(cut.view, schemaHash, recordEventMs(row), recordSeq(row), 0);
  cut.bytes.set(row.bytes.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + bitmapBytes), RECORD_HEADER_BYTES);
  // Bits of features that the cut row does not have.
  for (let bit = had; bit < bitmapBytes * 8; bit++) cut.bytes[RECORD_HEADER_BYTES + (bit >> 3)]! &= ~(1 << (bit & 7));
  cut.bytes.set(row.bytes.subarray(valuesFrom, valuesFrom + valuesBytes), RECORD_HEADER_BYTES + bitmapBytes);
  return cut;
}

function aggregated(
  view: View,
  { plan, stateHash }: Aggregation,
  stored: RecordBytes,
  atMs: number,
  { row, values }: RowScratch,
): RecordBytes | null {
  if (recordSchemaHash(stored) !== stateHash) return null;
  writeHeader(row.view, view.schemaHash, recordEventMs(stored), recordSeq(stored), 0);
  row.bytes.fill(0, RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + view.bitmapBytes);
  evaluate(plan, stored.view, RECORD_HEADER_BYTES, stored.length - RECORD_HEADER_BYTES, atMs, values);
  const valuesFrom = RECORD_HEADER_BYTES + view.bitmapBytes;
  for (let i = 0; i < view.features.length; i++) {
    const feature = view.features[i]!;
    const value = values[i]!;
    // NaN stands for nothing. What does not fit a float32 is nothing that a model could be fed either.
    const missing = Number.isNaN(value) || (feature.type === 'float32' && !Number.isFinite(Math.fround(value)));
    if (missing) row.bytes[RECORD_HEADER_BYTES + (i >> 3)]! |= 1 << (i & 7);
    else if (feature.type === 'float32') row.view.setFloat32(valuesFrom + feature.offset, value, true);
    else row.view.setBigInt64(valuesFrom + feature.offset, BigInt(value), true);
  }
  return row;
}
