/**
 * A stored row, little-endian:
 *
 *     0  u32  schema hash       which view definition wrote the values
 *     4  f64  event time        ms since the Unix epoch
 *    12  f64  log sequence      that brought the row
 *    20  u32  reserved
 *    24       null bitmap       a bit a feature, least significant first; padded to whole 8-byte words
 *    ..       packed values     in the view's order; zero where null
 *
 * What travels in the log is the part from the bitmap on. Pure.
 */
import { invalid } from '../../proto/errors.ts';
import { quoteShort, showShort } from '../../proto/names.ts';
import type { Feature, View } from './views.ts';

export const RECORD_HEADER_BYTES = 24;
const EVENT_MS_OFFSET = 4;
const SEQ_OFFSET = 12;

export type FeatureValue = number | bigint | boolean | null;

/** A stored record's bytes; `length` counts, since a shared read buffer is longer than what it holds. */
export type RecordBytes = {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same bytes as 32-bit words where they are aligned, for copying; null where they are not. */
  readonly words?: Uint32Array | null;
  readonly length: number;
};

export function recordLength(view: View): number {
  return RECORD_HEADER_BYTES + view.bitmapBytes + view.valuesBytes;
}

/** A record's bytes with the views that reading needs. */
export function recordBytes(bytes: Uint8Array): RecordBytes {
  return { bytes, ...recordViews(bytes), length: bytes.length };
}

export function recordViews(bytes: Uint8Array): { view: DataView; words: Uint32Array | null } {
  const { buffer, byteOffset, byteLength } = bytes;
  return {
    view: new DataView(buffer, byteOffset, byteLength),
    words: byteOffset % 4 === 0 ? new Uint32Array(buffer, byteOffset, byteLength >> 2) : null,
  };
}

/** The record to store for a row of the log. `values`: bitmap and packed values, exactly as long as the view says. */
export function encodeRecord(view: View, eventMs: number, seq: number, values: Uint8Array): Uint8Array {
  const record = new Uint8Array(recordLength(view));
  const cells = new DataView(record.buffer);
  cells.setUint32(0, view.schemaHash, true);
  cells.setFloat64(EVENT_MS_OFFSET, eventMs, true);
  cells.setFloat64(SEQ_OFFSET, seq, true);
  record.set(values, RECORD_HEADER_BYTES);
  return record;
}

export function recordSchemaHash(record: RecordBytes): number {
  return record.view.getUint32(0, true);
}

export function recordEventMs(record: RecordBytes): number {
  return record.view.getFloat64(EVENT_MS_OFFSET, true);
}

export function recordSeq(record: RecordBytes): number {
  return record.view.getFloat64(SEQ_OFFSET, true);
}

export function isNull(record: RecordBytes, index: number): boolean {
  return (record.bytes[RECORD_HEADER_BYTES + (index >> 3)]! & (1 << (index & 7))) !== 0;
}

/** Offset of a feature's value within the record. */
export function valueOffset(view: View, feature: Feature): number {
  return RECORD_HEADER_BYTES + view.bitmapBytes + feature.offset;
}

/** Null where the row holds null. */
export function readValue(view: View, feature: Feature, record: RecordBytes): FeatureValue {
  if (isNull(record, feature.index)) return null;
  const offset = valueOffset(view, feature);
  switch (feature.type) {
    case 'float32':
      return record.view.getFloat32(offset, true);
    case 'int64':
      return record.view.getBigInt64(offset, true);
    case 'bool':
      return record.bytes[offset] === 1;
  }
}

/** True for a record that this view definition wrote and that is as long as it says. */
export function matchesSchema(view: View, record: RecordBytes): boolean {
  return record.length === recordLength(view) && recordSchemaHash(record) === view.schemaHash;
}

/**
 * Bitmap and packed values of a row as people write it. Features left out or null are null; unknown fields, wrong
 * types, non-finite and out-of-range numbers throw INVALID_ARGUMENT naming the field. `reserved`: fields that are not
 * features (key, time).
 */
export function packValues(
  view: View,
  row: Readonly<Record<string, unknown>>,
  reserved: readonly string[],
): Uint8Array {
  for (const field of Object.keys(row)) {
    if (!view.featureByName.has(field) && !reserved.includes(field)) {
      throw invalid(`view '${view.name}' has no feature ${quoteShort(field)}; it has ${nameList(view)}`);
    }
  }
  const values = new Uint8Array(view.bitmapBytes + view.valuesBytes);
  const cells = new DataView(values.buffer);
  for (const feature of view.features) {
    const value = Object.hasOwn(row, feature.name) ? row[feature.name] : null;
    if (value === null || value === undefined) {
      values[feature.index >> 3]! |= 1 << (feature.index & 7);
    } else {
      packValue(view, feature, value, cells, view.bitmapBytes + feature.offset);
    }
  }
  return values;
}

function packValue(view: View, feature: Feature, value: unknown, cells: DataView, offset: number): void {
  switch (feature.type) {
    case 'float32': {
      if (typeof value !== 'number') throw wrongValue(view, feature, value, 'a number');
      if (!Number.isFinite(Math.fround(value))) throw wrongValue(view, feature, value, 'a finite 32-bit float');
      cells.setFloat32(offset, value, true);
      return;
    }
    case 'int64': {
      const whole = toInt64(value);
      if (whole === null) throw wrongValue(view, feature, value, 'a whole number (as text beyond 2^53)');
      cells.setBigInt64(offset, whole, true);
      return;
    }
    case 'bool': {
      if (typeof value !== 'boolean') throw wrongValue(view, feature, value, 'true or false');
      cells.setUint8(offset, value ? 1 : 0);
    }
  }
}

function toInt64(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value === 'string' && !/^-?\d{1,19}$/.test(value)) return null;
  if (typeof value !== 'string' && typeof value !== 'bigint') return null;
  const whole = BigInt(value);
  return BigInt.asIntN(64, whole) === whole ? whole : null;
}

function wrongValue(view: View, feature: Feature, value: unknown, wanted: string) {
  const type = typeof value === 'object' ? '' : `${typeof value} `;
  return invalid(`'${view.name}.${feature.name}' must be ${wanted}, got ${type}${showShort(value)}`);
}

function nameList(view: View): string {
  const names = view.features.slice(0, 20).map((feature) => feature.name);
  return names.join(', ') + (view.features.length > 20 ? ', …' : '');
}
