/**
 * How fresh the features of a prediction were, row by row. The shard writes it once, in protobuf's form; worker and
 * router pass those bytes on, and whoever shows it to somebody reads them. Fields: `RowFreshness` in messages.proto.
 */
import { DELIMITED, tag } from './letter-parts.ts';
import { varintBytes } from './varint.ts';
import { TextCache, WireReader } from './wire.ts';

export type RowFreshness = {
  /** Log sequence applied to the row's partition. */
  readonly appliedSeq: readonly number[];
  /** Age of the oldest feature used, ms; -1: none was stored. */
  readonly ageMs: readonly number[];
  /** A bit a feature, least significant first, each row padded to whole bytes; empty where no row has a bit set. */
  readonly defaulted: Uint8Array;
  /** What the bits mean; only towards callers, and only where a bit is set. */
  readonly defaultedNames: readonly string[];
  /** As `defaulted`, whose bits these are among: something was stored, but was too old. Empty where nothing was. */
  readonly expired: Uint8Array;
  /** Log sequence applied to the partition of views that live everywhere: see `valueOfRow`; empty where none is read. */
  readonly everywhereSeq: readonly number[];
  /** Unix time by the shard's clock at which ages were judged, ms: see `valueOfRow`. */
  readonly asOfMs: readonly number[];
};

/** One value for all rows, or one a row. */
export function valueOfRow(values: readonly number[], row: number): number | undefined {
  return values.length === 1 ? values[0] : values[row];
}

const APPLIED_SEQ = tag(1, DELIMITED);
const AGE_MS = tag(2, DELIMITED);
const DEFAULTED = tag(3, DELIMITED);
const DEFAULTED_NAMES = tag(4, DELIMITED);
const EXPIRED = tag(5, DELIMITED);
const EVERYWHERE_SEQ = tag(6, DELIMITED);
const AS_OF_MS = tag(7, DELIMITED);

type Nameless = Omit<RowFreshness, 'defaultedNames'>;

/** Bytes that `writeFreshness` needs. */
export function freshnessBytes(freshness: Nameless): number {
  const { appliedSeq, ageMs, defaulted, expired, everywhereSeq, asOfMs } = freshness;
  const doubles = fieldBytes(appliedSeq.length * 8) + fieldBytes(ageMs.length * 8) + fieldBytes(asOfMs.length * 8);
  return doubles + fieldBytes(everywhereSeq.length * 8) + fieldBytes(defaulted.length) + fieldBytes(expired.length);
}

/** Writes everything but names from `at` on. */
export function writeFreshness(freshness: Nameless, target: DataView, at: number): void {
  const { appliedSeq, ageMs, defaulted, expired, everywhereSeq, asOfMs } = freshness;
  let next = writeDoubles(target, at, APPLIED_SEQ, appliedSeq);
  next = writeDoubles(target, next, AGE_MS, ageMs);
  next = writeBits(target, next, DEFAULTED, defaulted);
  next = writeBits(target, next, EXPIRED, expired);
  next = writeDoubles(target, next, EVERYWHERE_SEQ, everywhereSeq);
  writeDoubles(target, next, AS_OF_MS, asOfMs);
}

export function encodeFreshness(freshness: RowFreshness): Uint8Array {
  const bytes = new Uint8Array(freshnessBytes(freshness));
  writeFreshness(freshness, new DataView(bytes.buffer), 0);
  return freshness.defaultedNames.length === 0 ? bytes : withNames(bytes, freshness.defaultedNames);
}

/** Whether a feature of any row fell back to its default. Throws RangeError on bytes that are no RowFreshness. */
export function anyDefaulted(bytes: Uint8Array): boolean {
  const reader = new WireReader(bytes, NO_TEXTS);
  while (reader.at < reader.end) {
    const t = reader.varint();
    if (t === DEFAULTED) return reader.bytes().some((bits) => bits !== 0);
    reader.skip(t & 7);
  }
  return false;
}

/** The same freshness with names for its bits: in protobuf, more fields are more bytes at the end. */
export function withNames(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const texts = names.map((name) => Buffer.from(name, 'utf8'));
  let length = bytes.length;
  for (const text of texts) length += 1 + varintBytes(text.length) + text.length;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  const view = new DataView(whole.buffer);
  let at = bytes.length;
  for (const text of texts) {
    at = writeHead(view, at, DEFAULTED_NAMES, text.length);
    whole.set(text, at);
    at += text.length;
  }
  return whole;
}

/** Throws RangeError on bytes that are no RowFreshness. */
export function decodeFreshness(bytes: Uint8Array): RowFreshness {
  const reader = new WireReader(bytes, NO_TEXTS);
  let appliedSeq: number[] = [];
  let ageMs: number[] = [];
  let defaulted: Uint8Array = new Uint8Array(0);
  const defaultedNames: string[] = [];
  let expired: Uint8Array = new Uint8Array(0);
  let everywhereSeq: number[] = [];
  let asOfMs: number[] = [];
  while (reader.at < reader.end) {
    const t = reader.varint();
    if (t >>> 3 === APPLIED_SEQ >>> 3) appliedSeq = reader.doubles(t & 7, appliedSeq);
    else if (t >>> 3 === AGE_MS >>> 3) ageMs = reader.doubles(t & 7, ageMs);
    else if (t === DEFAULTED) defaulted = reader.bytes();
    else if (t === DEFAULTED_NAMES) defaultedNames.push(reader.text());
    else if (t === EXPIRED) expired = reader.bytes();
    else if (t >>> 3 === EVERYWHERE_SEQ >>> 3) everywhereSeq = reader.doubles(t & 7, everywhereSeq);
    else if (t >>> 3 === AS_OF_MS >>> 3) asOfMs = reader.doubles(t & 7, asOfMs);
    else reader.skip(t & 7);
  }
  return { appliedSeq, ageMs, defaulted, defaultedNames, expired, everywhereSeq, asOfMs };
}

/** Never filled: nothing above reads recurring texts. */
const NO_TEXTS = new TextCache();

/** Tag, length and content; nothing for no content. */
function fieldBytes(contentBytes: number): number {
  return contentBytes === 0 ? 0 : 1 + varintBytes(contentBytes) + contentBytes;
}

function writeHead(target: DataView, at: number, fieldTag: number, contentBytes: number): number {
  target.setUint8(at, fieldTag);
  let next = at + 1;
  let rest = contentBytes;
  while (rest > 127) {
    target.setUint8(next++, (rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  target.setUint8(next++, rest);
  return next;
}

function writeBits(target: DataView, at: number, fieldTag: number, bits: Uint8Array): number {
  if (bits.length === 0) return at;
  const next = writeHead(target, at, fieldTag, bits.length);
  for (let i = 0; i < bits.length; i++) target.setUint8(next + i, bits[i]!);
  return next + bits.length;
}

function writeDoubles(target: DataView, at: number, fieldTag: number, values: readonly number[]): number {
  if (values.length === 0) return at;
  let next = writeHead(target, at, fieldTag, values.length * 8);
  for (let i = 0; i < values.length; i++) {
    target.setFloat64(next, values[i]!, true);
    next += 8;
  }
  return next;
}
