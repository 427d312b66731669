/**
 * The messages that ask, or stop asking: Predict, Enrich, Compute, ReadFeatures, Cancel. Readers are handed where the message ends and the
 * message of the same kind before it in the envelope: fields that recur are written where they differ from it.
 */
import {
  append,
  DELIMITED,
  FIXED64,
  list,
  nested,
  readTensor,
  readTrace,
  type TensorMemory,
  tag,
  VARINT,
  writeTensors,
  writeTrace,
} from './letter-parts.ts';
import type { Cancel, Compute, Enrich, Predict, ReadFeatures, TraceContext } from './letters.ts';
import type { Tensor } from './tensor.ts';
import type { WireReader, WireWriter } from './wire.ts';

/** Of letters without such a list. Never pushed to: a list's first value makes an array of its own. */
const NO_NUMBERS: number[] = [];

export function writePredict(writer: WireWriter, body: Predict, before: Predict, tensors: TensorMemory): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.textUnless(before.replyTo, tag(2, DELIMITED), body.replyTo);
  writer.text(tag(3, DELIMITED), body.requestId);
  writer.textUnless(before.model, tag(4, DELIMITED), body.model);
  writer.textUnless(before.version, tag(5, DELIMITED), body.version);
  writeTensors(writer, 6, body.inputs, tensors);
  writer.uint32Unless(before.budgetUs, tag(7, VARINT), body.budgetUs);
  nested(writer, 8, body.trace, writeTrace);
  writer.text(tag(9, DELIMITED), body.traceId);
  writer.packedDoubles(tag(10, DELIMITED), body.minSeq);
  writer.packedUint32s(tag(11, DELIMITED), body.minPartitions);
  writer.double(tag(12, FIXED64), body.maxAgeMs);
}

export function readPredict(reader: WireReader, end: number, before: Predict): Predict {
  let id = 0;
  let requestId = '';
  let inputs: Tensor[] = [];
  let trace: TraceContext | null = null;
  let traceId = '';
  let minSeq: number[] = NO_NUMBERS;
  let minPartitions: number[] = NO_NUMBERS;
  let maxAgeMs = 0;
  let { replyTo, model, version, budgetUs } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(6, DELIMITED)) inputs = append(inputs, readTensor(reader, before.inputs, inputs.length));
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) requestId = reader.text();
    else if (t === tag(4, DELIMITED)) model = reader.recurringText();
    else if (t === tag(5, DELIMITED)) version = reader.recurringText();
    else if (t === tag(7, VARINT)) budgetUs = reader.varint();
    else if (t === tag(8, DELIMITED)) trace = readTrace(reader);
    else if (t === tag(9, DELIMITED)) traceId = reader.text();
    else if (t >>> 3 === 10) minSeq = reader.doubles(t & 7, minSeq);
    else if (t >>> 3 === 11) minPartitions = reader.uint32s(t & 7, minPartitions);
    else if (t === tag(12, FIXED64)) maxAgeMs = reader.double();
    else reader.skip(t & 7);
  }
  return {
    id,
    replyTo,
    requestId,
    model,
    version,
    inputs,
    budgetUs,
    trace,
    traceId,
    minSeq,
    minPartitions,
    maxAgeMs,
  };
}

export function writeEnrich(writer: WireWriter, body: Enrich, before: Enrich): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.textUnless(before.replyTo, tag(2, DELIMITED), body.replyTo);
  writer.textUnless(before.model, tag(3, DELIMITED), body.model);
  writer.uint32Unless(before.budgetUs, tag(4, VARINT), body.budgetUs);
  writer.uint32Unless(before.epoch, tag(5, VARINT), body.epoch);
  list(writer, 6, body.keys);
  writer.packedUint32s(tag(7, DELIMITED), body.partitions);
  list(writer, 8, body.inputs);
  writer.textUnless(before.worker, tag(9, DELIMITED), body.worker);
  nested(writer, 10, body.trace, writeTrace);
  writer.packedUint32s(tag(11, DELIMITED), body.dims);
  writer.packedDoubles(tag(12, DELIMITED), body.minSeq);
  writer.packedUint32s(tag(13, DELIMITED), body.minPartitions);
  writer.double(tag(14, FIXED64), body.maxAgeMs);
}

export function readEnrich(reader: WireReader, end: number, before: Enrich): Enrich {
  let id = 0;
  let keys: Uint8Array[] = [];
  let partitions: number[] = [];
  let inputs: Uint8Array[] = [];
  let trace: TraceContext | null = null;
  let dims: number[] = [];
  let minSeq: number[] = NO_NUMBERS;
  let minPartitions: number[] = NO_NUMBERS;
  let maxAgeMs = 0;
  let { replyTo, model, budgetUs, epoch, worker } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(4, VARINT)) budgetUs = reader.varint();
    else if (t === tag(6, DELIMITED)) keys = append(keys, reader.bytes());
    else if (t >>> 3 === 7) partitions = reader.uint32s(t & 7, partitions);
    else if (t === tag(8, DELIMITED)) inputs = append(inputs, reader.bytes());
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) model = reader.recurringText();
    else if (t === tag(5, VARINT)) epoch = reader.varint();
    else if (t === tag(9, DELIMITED)) worker = reader.recurringText();
    else if (t === tag(10, DELIMITED)) trace = readTrace(reader);
    else if (t >>> 3 === 11) dims = reader.uint32s(t & 7, dims);
    else if (t >>> 3 === 12) minSeq = reader.doubles(t & 7, minSeq);
    else if (t >>> 3 === 13) minPartitions = reader.uint32s(t & 7, minPartitions);
    else if (t === tag(14, FIXED64)) maxAgeMs = reader.double();
    else reader.skip(t & 7);
  }
  return {
    id,
    replyTo,
    model,
    budgetUs,
    epoch,
    keys,
    partitions,
    inputs,
    worker,
    trace,
    dims,
    minSeq,
    minPartitions,
    maxAgeMs,
  };
}

export function writeCompute(writer: WireWriter, body: Compute, before: Compute): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.textUnless(before.replyTo, tag(2, DELIMITED), body.replyTo);
  writer.textUnless(before.model, tag(3, DELIMITED), body.model);
  writer.uint32Unless(before.budgetUs, tag(4, VARINT), body.budgetUs);
  writer.uint32Unless(before.rows, tag(5, VARINT), body.rows);
  list(writer, 6, body.inputs);
  nested(writer, 7, body.trace, writeTrace);
  writer.packedUint32s(tag(8, DELIMITED), body.dims);
  if (body.freshness !== null) writer.bytes(tag(9, DELIMITED), body.freshness);
  writer.uint32(tag(10, VARINT), body.shardUs);
}

export function readCompute(reader: WireReader, end: number, before: Compute): Compute {
  let id = 0;
  let inputs: Uint8Array[] = [];
  let trace: TraceContext | null = null;
  let dims: number[] = [];
  let freshness: Uint8Array | null = null;
  let shardUs = 0;
  let { replyTo, model, budgetUs, rows } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(4, VARINT)) budgetUs = reader.varint();
    else if (t === tag(6, DELIMITED)) inputs = append(inputs, reader.bytes());
    else if (t === tag(9, DELIMITED)) freshness = reader.bytes();
    else if (t === tag(10, VARINT)) shardUs = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) model = reader.recurringText();
    else if (t === tag(5, VARINT)) rows = reader.varint();
    else if (t === tag(7, DELIMITED)) trace = readTrace(reader);
    else if (t >>> 3 === 8) dims = reader.uint32s(t & 7, dims);
    else reader.skip(t & 7);
  }
  return { id, replyTo, model, budgetUs, rows, inputs, trace, dims, freshness, shardUs };
}

export function writeReadFeatures(writer: WireWriter, body: ReadFeatures, before: ReadFeatures): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.textUnless(before.replyTo, tag(2, DELIMITED), body.replyTo);
  writer.textUnless(before.view, tag(3, DELIMITED), body.view);
  list(writer, 4, body.keys);
  writer.packedUint32s(tag(5, DELIMITED), body.partitions);
  writer.uint32Unless(before.epoch, tag(6, VARINT), body.epoch);
  writer.uint32Unless(before.budgetUs, tag(7, VARINT), body.budgetUs);
  nested(writer, 8, body.trace, writeTrace);
  writer.packedDoubles(tag(9, DELIMITED), body.minSeq);
  writer.packedUint32s(tag(10, DELIMITED), body.minPartitions);
  writer.double(tag(11, FIXED64), body.maxAgeMs);
  writer.uint32Unless(before.schemaHash, tag(12, VARINT), body.schemaHash);
}

export function readReadFeatures(reader: WireReader, end: number, before: ReadFeatures): ReadFeatures {
  let id = 0;
  let keys: Uint8Array[] = [];
  let partitions: number[] = [];
  let trace: TraceContext | null = null;
  let minSeq: number[] = NO_NUMBERS;
  let minPartitions: number[] = NO_NUMBERS;
  let maxAgeMs = 0;
  let { replyTo, view, epoch, budgetUs, schemaHash } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) view = reader.recurringText();
    else if (t === tag(4, DELIMITED)) keys = append(keys, reader.bytes());
    else if (t >>> 3 === 5) partitions = reader.uint32s(t & 7, partitions);
    else if (t === tag(6, VARINT)) epoch = reader.varint();
    else if (t === tag(7, VARINT)) budgetUs = reader.varint();
    else if (t === tag(8, DELIMITED)) trace = readTrace(reader);
    else if (t >>> 3 === 9) minSeq = reader.doubles(t & 7, minSeq);
    else if (t >>> 3 === 10) minPartitions = reader.uint32s(t & 7, minPartitions);
    else if (t === tag(11, FIXED64)) maxAgeMs = reader.double();
    else if (t === tag(12, VARINT)) schemaHash = reader.varint();
    else reader.skip(t & 7);
  }
  return { id, replyTo, view, keys, partitions, epoch, budgetUs, trace, schemaHash, minSeq, minPartitions, maxAgeMs };
}

export function writeCancel(writer: WireWriter, body: Cancel, before: Cancel): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.textUnless(before.replyTo, tag(2, DELIMITED), body.replyTo);
}

export function readCancel(reader: WireReader, end: number, before: Cancel): Cancel {
  let id = 0;
  let { replyTo } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else reader.skip(t & 7);
  }
  return { id, replyTo };
}
