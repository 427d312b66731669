/**
 * One message of the feature log: rows of a view, or events of a stream, in one partition. Written by hand, since bulk
 * loads write a hundred thousand rows a second; read by the generated code, which tests hold the writing against.
 */
import { dovetail } from './generated/messages.js';
import { varintBytes } from './varint.ts';

export type LogRow = {
  key: Uint8Array;
  /** When the row was true, ms since the Unix epoch. */
  eventMs: number;
  /** Null bitmap and packed values (`cluster/catalog/record.ts`); empty where a row is deleted or expires. */
  values: Uint8Array;
  /** 0 put, 1 delete, 2 expire. */
  op: number;
  /** 64-bit hash of an event's id; both 0: none. */
  idA: number;
  idB: number;
};

export type RowBatch = {
  /** Empty for events. */
  view: string;
  schemaHash: number;
  rows: LogRow[];
  version: number;
  /** Empty for rows. */
  stream: string;
  /** The entity whose keys the events carry. */
  entity: string;
  /** Whether the views that the events feed live everywhere. */
  everywhere: boolean;
};

/** What is left out is the default: a put, without an id, of a view's rows. */
export type RowBatchToWrite = Omit<Partial<RowBatch>, 'rows'> & {
  readonly rows: readonly (Partial<LogRow> & Pick<LogRow, 'key' | 'eventMs' | 'values'>)[];
};

type RowToWrite = RowBatchToWrite['rows'][number];

const KEY_TAG = 0x0a;
const EVENT_MS_TAG = 0x11;
const VALUES_TAG = 0x1a;
const OP_TAG = 0x20;
const ID_A_TAG = 0x2d;
const ID_B_TAG = 0x35;
const VIEW_TAG = 0x0a;
const SCHEMA_HASH_TAG = 0x10;
const ROWS_TAG = 0x1a;
const VERSION_TAG = 0x20;
const STREAM_TAG = 0x2a;
const ENTITY_TAG = 0x32;
const EVERYWHERE_TAG = 0x38;

/** As protobuf does it: what has its default value is left out. */
export function encodeRowBatch(batch: RowBatchToWrite): Uint8Array {
  const { view = '', schemaHash = 0, rows, version = 0, stream = '', entity = '', everywhere = false } = batch;
  const texts: readonly [number, string][] = [
    [VIEW_TAG, view],
    [STREAM_TAG, stream],
    [ENTITY_TAG, entity],
  ];
  let length = numberBytes(schemaHash) + numberBytes(version) + (everywhere ? 2 : 0);
  for (const [, text] of texts) length += contentBytes(Buffer.byteLength(text));
  const rowLengths = new Array<number>(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const bytes = rowBytes(rows[i]!);
    rowLengths[i] = bytes;
    length += 1 + varintBytes(bytes) + bytes;
  }
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const [tag, text] of texts) if (text !== '') at = writeText(out, at, tag, text);
  if (schemaHash !== 0) at = writeVarint(out, writeByte(out, at, SCHEMA_HASH_TAG), schemaHash);
  if (version !== 0) at = writeVarint(out, writeByte(out, at, VERSION_TAG), version);
  if (everywhere) at = writeByte(out, writeByte(out, at, EVERYWHERE_TAG), 1);
  for (let i = 0; i < rows.length; i++) {
    at = writeVarint(out, writeByte(out, at, ROWS_TAG), rowLengths[i]!);
    at = writeRow(out, at, rows[i]!);
  }
  return out;
}

/** Null for bytes that are no row batch. Byte fields are views into `bytes`. */
export function decodeRowBatch(bytes: Uint8Array): RowBatch | null {
  try {
    return dovetail.RowBatch.decode(bytes) as unknown as RowBatch;
  } catch {
    return null;
  }
}

function rowBytes({ key, eventMs, values, op = 0, idA = 0, idB = 0 }: RowToWrite): number {
  let bytes = contentBytes(key.length) + contentBytes(values.length) + numberBytes(op);
  if (!Object.is(eventMs, 0)) bytes += 9;
  if (idA !== 0) bytes += 5;
  if (idB !== 0) bytes += 5;
  return bytes;
}

function writeRow(out: Buffer, from: number, row: RowToWrite): number {
  const { key, eventMs, values, op = 0, idA = 0, idB = 0 } = row;
  let at = from;
  if (key.length > 0) at = writeContent(out, at, KEY_TAG, key);
  if (!Object.is(eventMs, 0)) at = out.writeDoubleLE(eventMs, writeByte(out, at, EVENT_MS_TAG));
  if (values.length > 0) at = writeContent(out, at, VALUES_TAG, values);
  if (op !== 0) at = writeVarint(out, writeByte(out, at, OP_TAG), op);
  if (idA !== 0) at = out.writeUInt32LE(idA, writeByte(out, at, ID_A_TAG));
  if (idB !== 0) at = out.writeUInt32LE(idB, writeByte(out, at, ID_B_TAG));
  return at;
}

/** A field of this many bytes of content, with its tag and length; nothing for no content. */
function contentBytes(bytes: number): number {
  return bytes === 0 ? 0 : 1 + varintBytes(bytes) + bytes;
}

function numberBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

function writeByte(out: Buffer, at: number, byte: number): number {
  out[at] = byte;
  return at + 1;
}

function writeVarint(out: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value >>> 0;
  while (rest > 127) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** By hand where it is short: a call into `set` costs more than a few dozen bytes do. */
function writeContent(out: Buffer, from: number, tag: number, content: Uint8Array): number {
  const at = writeVarint(out, writeByte(out, from, tag), content.length);
  if (content.length > 64) out.set(content, at);
  else for (let i = 0; i < content.length; i++) out[at + i] = content[i]!;
  return at + content.length;
}

function writeText(out: Buffer, from: number, tag: number, text: string): number {
  const at = writeVarint(out, writeByte(out, from, tag), Buffer.byteLength(text));
  return at + out.write(text, at, 'utf8');
}
