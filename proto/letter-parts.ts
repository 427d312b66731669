/** What the messages of `letters.ts` are made of, in protobuf, as `messages.proto` numbers the fields. */
import type { Failure, Timings, TraceContext } from './letters.ts';
import { DATA_TYPE_NUMBER, DATA_TYPES, type DataType, RANK_MAX, type Tensor } from './tensor.ts';
import type { WireReader, WireWriter } from './wire.ts';

export const VARINT = 0;
export const FIXED64 = 1;
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

/** What a first letter's tensors are held against: protobuf's defaults. */
const NO_TENSOR: Tensor = { name: '', datatype: DATA_TYPES[0]!, shape: [], data: NO_BYTES };

/** Number of a datatype that this version does not know: no input has it, so a router refuses it by name. */
const UNKNOWN_DATATYPE = 255;

/** What a writer remembers of the tensors of its last letter. Copies: callers use their arrays again. */
export class TensorMemory {
  readonly last: Pick<Tensor, 'name' | 'datatype' | 'shape'>[] = [];
  /** The last letter was taken back: its reader has not seen what `last` says. */
  lost = false;

  /** Before the first letter. */
  clear(): void {
    this.last.length = 0;
    this.lost = false;
  }
}

/** Unlike every tensor: one that is held against it is written in full. */
const UNLIKE_ANY = { name: null, datatype: null, shape: [-1] } as unknown as Tensor;

/** Tensors of one letter. Name, datatype and shape are left out where they are as `memory` has them of the last one. */
export function writeTensors(
  writer: WireWriter,
  field: number,
  tensors: readonly Tensor[],
  memory: TensorMemory,
): void {
  const { last: remembered, lost } = memory;
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i]!;
    const last = lost ? UNLIKE_ANY : (remembered[i] ?? NO_TENSOR);
    const { name, datatype, shape } = tensor;
    const reshaped = !sameShape(shape, last.shape);
    writer.varint(tag(field, DELIMITED));
    const start = writer.open();
    writer.textUnless(last.name, tag(1, DELIMITED), name);
    if (datatype !== last.datatype) {
      writer.uint32Unless(-1, tag(2, VARINT), DATA_TYPE_NUMBER[datatype] ?? UNKNOWN_DATATYPE);
    }
    if (reshaped) writer.listedUint32s(tag(3, DELIMITED), shape);
    if (reshaped || name !== last.name || datatype !== last.datatype || i >= remembered.length) {
      remembered[i] = { name, datatype, shape: [...shape] };
    }
    bytesIfAny(writer, 4, tensor.data);
    writer.close(start);
  }
  // The reader compares with the last letter alone, which may have had fewer.
  remembered.length = tensors.length;
  memory.lost = false;
}

/** One tensor, number `index` of its letter. */
export function readTensor(reader: WireReader, before: readonly Tensor[], index: number): Tensor {
  const end = reader.nested();
  const last = before[index] ?? NO_TENSOR;
  let { name, datatype, shape } = last;
  let data: Uint8Array = NO_BYTES;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(4, DELIMITED)) data = reader.bytes();
    else if (t === tag(1, DELIMITED)) name = reader.recurringText();
    else if (t === tag(2, VARINT)) datatype = dataTypeOf(reader.varint());
    // A shape comes as a whole, or, from other writers, number by number. One too long to be any is cut off, still too long.
    else if (t >>> 3 === 3)
      shape = reader.uint32s(t & 7, shape === last.shape ? [] : (shape as number[]), RANK_MAX + 1);
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { name, datatype, shape, data };
}

function dataTypeOf(number: number): DataType {
  return DATA_TYPES[number] ?? (`datatype ${number}` as DataType);
}

function sameShape(one: readonly number[], other: readonly number[]): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
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

/** Timings of one letter; how long the run took and how many rows it had are left out where they are as `before`. */
export function writeTimings(writer: WireWriter, field: number, timings: Timings | null, before: Timings | null): void {
  if (timings === null || timings === undefined) return;
  const last = before ?? NO_TIMINGS;
  writer.varint(tag(field, DELIMITED));
  const start = writer.open();
  writer.uint32(tag(1, VARINT), timings.totalUs);
  writer.uint32(tag(2, VARINT), timings.shardUs);
  writer.uint32(tag(3, VARINT), timings.queueUs);
  writer.uint32Unless(last.runUs, tag(4, VARINT), timings.runUs);
  writer.uint32Unless(last.batchRows, tag(5, VARINT), timings.batchRows);
  writer.close(start);
}

const NO_TIMINGS: Timings = { totalUs: 0, shardUs: 0, queueUs: 0, runUs: 0, batchRows: 0 };

export function readTimings(reader: WireReader, before: Timings | null): Timings {
  const end = reader.nested();
  let totalUs = 0;
  let shardUs = 0;
  let queueUs = 0;
  let { runUs, batchRows } = before ?? NO_TIMINGS;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) totalUs = reader.varint();
    else if (t === tag(2, VARINT)) shardUs = reader.varint();
    else if (t === tag(3, VARINT)) queueUs = reader.varint();
    else if (t === tag(4, VARINT)) runUs = reader.varint();
    else if (t === tag(5, VARINT)) batchRows = reader.varint();
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { totalUs, shardUs, queueUs, runUs, batchRows };
}
