/** What the messages of `letters.ts` are made of, in protobuf, as `messages.proto` numbers the fields. */
import type { Failure, RowFreshness, Timings, TraceContext, WireTensor } from './letters.ts';
import type { WireReader, WireWriter } from './wire.ts';

export const VARINT = 0;
export const DELIMITED = 2;

/** Tag of a field: its number and how its value is written. */
export function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

export function nested<T>(
  writer: WireWriter,
  field: number,
  value: T | null | undefined,
  write: (writer: WireWriter, value: T) => void,
): void {
  if (value === null || value === undefined) return;
  writer.varint(tag(field, DELIMITED));
  const start = writer.open();
  write(writer, value);
  writer.close(start);
}

export function list(writer: WireWriter, field: number, values: readonly Uint8Array[]): void {
  for (let i = 0; i < values.length; i++) writer.bytes(tag(field, DELIMITED), values[i]!);
}

export function bytesIfAny(writer: WireWriter, field: number, value: Uint8Array): void {
  if (value.length > 0) writer.bytes(tag(field, DELIMITED), value);
}

export const NO_BYTES = new Uint8Array(0);

/**
 * A list with one more value. An empty array that is pushed to gets room for sixteen values, and nearly every list here
 * has one: at a hundred thousand requests a second that room would be most of the garbage.
 */
export function append<T>(values: T[], value: T): T[] {
  if (values.length === 0) return [value];
  values.push(value);
  return values;
}

export function writeTensor(writer: WireWriter, tensor: WireTensor): void {
  writer.text(tag(1, DELIMITED), tensor.name);
  writer.uint32(tag(2, VARINT), tensor.datatype);
  writer.packedUint32s(tag(3, DELIMITED), tensor.shape);
  bytesIfAny(writer, 4, tensor.data);
}

export function readTensor(reader: WireReader): WireTensor {
  const end = reader.nested();
  let name = '';
  let datatype = 0;
  let shape: number[] = [];
  let data: Uint8Array = NO_BYTES;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, DELIMITED)) name = reader.recurringText();
    else if (t === tag(2, VARINT)) datatype = reader.varint();
    else if (t >>> 3 === 3) shape = reader.uint32s(t & 7, shape);
    else if (t === tag(4, DELIMITED)) data = reader.bytes();
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { name, datatype, shape, data };
}

export function writeFailure(writer: WireWriter, failure: Failure): void {
  writer.uint32(tag(1, VARINT), failure.code);
  writer.text(tag(2, DELIMITED), failure.stage);
  writer.text(tag(3, DELIMITED), failure.message);
}

export function readFailure(reader: WireReader): Failure {
  const end = reader.nested();
  let code = 0;
  let stage = '';
  let message = '';
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) code = reader.varint();
    else if (t === tag(2, DELIMITED)) stage = reader.recurringText();
    else if (t === tag(3, DELIMITED)) message = reader.text();
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { code, stage, message };
}

export function writeTrace(writer: WireWriter, trace: TraceContext): void {
  bytesIfAny(writer, 1, trace.traceId);
  bytesIfAny(writer, 2, trace.spanId);
}

export function readTrace(reader: WireReader): TraceContext {
  const end = reader.nested();
  let traceId: Uint8Array = NO_BYTES;
  let spanId: Uint8Array = NO_BYTES;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, DELIMITED)) traceId = reader.bytes();
    else if (t === tag(2, DELIMITED)) spanId = reader.bytes();
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { traceId, spanId };
}

export function writeFreshness(writer: WireWriter, freshness: RowFreshness): void {
  writer.packedDoubles(tag(1, DELIMITED), freshness.appliedSeq);
  writer.packedDoubles(tag(2, DELIMITED), freshness.ageMs);
  bytesIfAny(writer, 3, freshness.defaulted);
  for (const name of freshness.defaultedNames) writer.listedText(tag(4, DELIMITED), name);
}

export function readFreshness(reader: WireReader): RowFreshness {
  const end = reader.nested();
  let appliedSeq: number[] = [];
  let ageMs: number[] = [];
  let defaulted: Uint8Array = NO_BYTES;
  const defaultedNames: string[] = [];
  while (reader.at < end) {
    const t = reader.varint();
    if (t >>> 3 === 1) appliedSeq = reader.doubles(t & 7, appliedSeq);
    else if (t >>> 3 === 2) ageMs = reader.doubles(t & 7, ageMs);
    else if (t === tag(3, DELIMITED)) defaulted = reader.bytes();
    else if (t === tag(4, DELIMITED)) defaultedNames.push(reader.recurringText());
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { appliedSeq, ageMs, defaulted, defaultedNames };
}

export function writeTimings(writer: WireWriter, timings: Timings): void {
  writer.uint32(tag(1, VARINT), timings.totalUs);
  writer.uint32(tag(2, VARINT), timings.shardUs);
  writer.uint32(tag(3, VARINT), timings.queueUs);
  writer.uint32(tag(4, VARINT), timings.runUs);
  writer.uint32(tag(5, VARINT), timings.batchRows);
}

export function readTimings(reader: WireReader): Timings {
  const end = reader.nested();
  const timings = { totalUs: 0, shardUs: 0, queueUs: 0, runUs: 0, batchRows: 0 };
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) timings.totalUs = reader.varint();
    else if (t === tag(2, VARINT)) timings.shardUs = reader.varint();
    else if (t === tag(3, VARINT)) timings.queueUs = reader.varint();
    else if (t === tag(4, VARINT)) timings.runUs = reader.varint();
    else if (t === tag(5, VARINT)) timings.batchRows = reader.varint();
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return timings;
}
