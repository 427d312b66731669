/**
 * A stored row, little-endian:
 *
 *     0  u32  schema hash       which definition wrote what follows the header
 *     4  f64  event time        ms since the Unix epoch
 *    12  f64  log sequence      that brought the row
 *    20  u32  flags             1: a tombstone, which ends here
 *    24       null bitmap       a bit a feature, least significant first; padded to whole 8-byte words
 *    ..       packed values     in the view's order; zero where null
 *
 * What travels in the log is the part from the bitmap on. Of an aggregated view, what follows the header is the state of
 * its aggregations. Pure.
 */
import { invalid } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';
import { type FeatureValue, packValue, readPacked, readPackedCell } from './feature-types.ts';
import type { Feature, Schema } from './schema.ts';

export type { FeatureValue };

export const RECORD_HEADER_BYTES = 24;
const EVENT_MS_OFFSET = 4;
const SEQ_OFFSET = 12;
const FLAGS_OFFSET = 20;
const TOMBSTONE = 1;

/** A record's bytes; `length` counts, since a shared read buffer is longer than what it holds. */
export type RecordBytes = {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same bytes as 32-bit words where they are aligned, for copying; null where they are not. */
  readonly words?: Uint32Array | null;
  readonly length: number;
};

/** Of a row with all of the view's features, as it is read. */
export function recordLength(schema: Schema): number {
  return RECORD_HEADER_BYTES + schema.bitmapBytes + schema.valuesBytes;
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

/** The record to store. `body`: what follows the header. */
export function encodeRecord(
  { schemaHash }: { readonly schemaHash: number },
  eventMs: number,
  seq: number,
  body: Uint8Array,
): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES + body.byteLength);
  const cells = new DataView(record.buffer);
  writeHeader(cells, schemaHash, eventMs, seq, 0);
  record.set(body, RECORD_HEADER_BYTES);
  return record;
}

/** What is stored for an entity that was deleted as of `eventMs`: what is older must not come back. */
export function encodeTombstone(eventMs: number, seq: number): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES);
  writeHeader(new DataView(record.buffer), 0, eventMs, seq, TOMBSTONE);
  return record;
}

export function writeHeader(cells: DataView, schemaHash: number, eventMs: number, seq: number, flags: number): void {
  cells.setUint32(0, schemaHash, true);
  cells.setFloat64(EVENT_MS_OFFSET, eventMs, true);
  cells.setFloat64(SEQ_OFFSET, seq, true);
  cells.setUint32(FLAGS_OFFSET, flags, true);
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

export function isTombstone(record: RecordBytes): boolean {
  return (record.view.getUint32(FLAGS_OFFSET, true) & TOMBSTONE) !== 0;
}

export function isNull(record: RecordBytes, index: number): boolean {
  return (record.bytes[RECORD_HEADER_BYTES + (index >> 3)]! & (1 << (index & 7))) !== 0;
}

/** Offset of a feature's value within the record. */
export function valueOffset(schema: Schema, feature: Feature): number {
  return RECORD_HEADER_BYTES + schema.bitmapBytes + feature.offset;
}

/** Null where the row holds null. */
export function readValue(schema: Schema, feature: Feature, record: RecordBytes): FeatureValue {
  return isNull(record, feature.index) ? null : readPacked(feature, record.view, valueOffset(schema, feature));
}

/** The number for a model's column, `column` counting within the feature, of a value that is not null. */
export function readCell(schema: Schema, feature: Feature, record: RecordBytes, column: number): number | bigint {
  return readPackedCell(feature, record.view, valueOffset(schema, feature), column);
}

/** True for a record in this definition's own layout, and as long as it says. */
export function matchesSchema(schema: Schema, record: RecordBytes): boolean {
  return record.length === recordLength(schema) && recordSchemaHash(record) === schema.schemaHash;
}

/**
 * Bitmap and packed values of a row as people write it. Features left out or null are null; unknown fields, wrong
 * types, non-finite and out-of-range numbers throw INVALID_ARGUMENT naming the field. `reserved`: fields that are not
 * features (key, time).
 */
export function packValues(
  schema: Schema,
  row: Readonly<Record<string, unknown>>,
  reserved: readonly string[],
): Uint8Array {
  let known = 0;
  const length = schema.bitmapBytes + schema.valuesBytes;
  // From the pool that Node keeps for small buffers: an allocation of its own would cost more than packing does.
  const { buffer, byteOffset } = Buffer.allocUnsafe(length).fill(0);
  const values = new Uint8Array(buffer, byteOffset, length);
  const cells = new DataView(buffer, byteOffset, length);
  const plain = Object.getPrototypeOf(row) === Object.prototype;
  for (const feature of schema.features) {
    let value = row[feature.name];
    // What a row inherits is no field of it. What every object inherits are functions, so that most need no look.
    if ((!plain || typeof value === 'function') && !Object.hasOwn(row, feature.name)) value = undefined;
    if (value !== undefined) known++;
    if (value === null || value === undefined) {
      values[feature.index >> 3]! |= 1 << (feature.index & 7);
    } else {
      packValue(feature, value, schema, feature.name, cells, schema.bitmapBytes + feature.offset);
    }
  }
  for (const field of reserved) if (Object.hasOwn(row, field)) known++;
  // Counted first: looking each field of each row up would cost more than packing it.
  if (Object.keys(row).length !== known) refuseUnknown(schema, row, reserved);
  return values;
}

function refuseUnknown(schema: Schema, row: Readonly<Record<string, unknown>>, reserved: readonly string[]): void {
  for (const field of Object.keys(row)) {
    if (!schema.featureByName.has(field) && !reserved.includes(field)) {
      throw invalid(
        `${schema.kind} '${schema.name}' has no ${schema.kind === 'view' ? 'feature' : 'field'} ${quoteShort(field)}; it has ${nameList(schema)}`,
      );
    }
  }
}

function nameList(schema: Schema): string {
  const names = schema.features.slice(0, 20).map((feature) => feature.name);
  return names.join(', ') + (schema.features.length > 20 ? ', …' : '');
}
