/**
 * The messages that answer: PredictReply, Answer, ReadFeaturesReply. Readers are handed where the message ends and the
 * message of the same kind before it in the envelope: fields that recur are written where they differ from it.
 */
import {
  append,
  bytesIfAny,
  DELIMITED,
  FIXED64,
  list,
  NO_BYTES,
  nested,
  readFailure,
  readTensor,
  readTimings,
  type TensorMemory,
  tag,
  VARINT,
  writeFailure,
  writeTensors,
  writeTimings,
} from './letter-parts.ts';
import type { Answer, Failure, PredictReply, ReadFeaturesReply, Timings } from './letters.ts';
import type { Tensor } from './tensor.ts';
import type { WireReader, WireWriter } from './wire.ts';

export function writePredictReply(
  writer: WireWriter,
  body: PredictReply,
  before: PredictReply,
  tensors: TensorMemory,
): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.textUnless(before.requestId, tag(2, DELIMITED), body.requestId);
  nested(writer, 3, body.failure, writeFailure);
  writer.textUnless(before.model, tag(4, DELIMITED), body.model);
  writer.textUnless(before.version, tag(5, DELIMITED), body.version);
  writeTensors(writer, 6, body.outputs, tensors);
  if (body.freshness !== null) writer.bytes(tag(7, DELIMITED), body.freshness);
  writeTimings(writer, 8, body.timings, before.timings);
  writer.text(tag(9, DELIMITED), body.traceId);
  writer.uint32(tag(10, VARINT), body.requestNumber);
}

export function readPredictReply(reader: WireReader, end: number, before: PredictReply): PredictReply {
  let id = 0;
  let failure: Failure | null = null;
  let outputs: Tensor[] = [];
  let freshness: Uint8Array | null = null;
  let timings: Timings | null = null;
  let traceId = '';
  let requestNumber = 0;
  let { requestId, model, version } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(10, VARINT)) requestNumber = reader.varint();
    else if (t === tag(6, DELIMITED)) outputs = append(outputs, readTensor(reader, before.outputs, outputs.length));
    else if (t === tag(7, DELIMITED)) freshness = reader.bytes();
    else if (t === tag(8, DELIMITED)) timings = readTimings(reader, before.timings);
    else if (t === tag(3, DELIMITED)) failure = readFailure(reader);
    else if (t === tag(4, DELIMITED)) model = reader.recurringText();
    else if (t === tag(5, DELIMITED)) version = reader.recurringText();
    else if (t === tag(2, DELIMITED)) requestId = reader.recurringText();
    else if (t === tag(9, DELIMITED)) traceId = reader.text();
    else reader.skip(t & 7);
  }
  return { id, requestId, failure, model, version, outputs, freshness, timings, traceId, requestNumber };
}

export function writeAnswer(writer: WireWriter, body: Answer, before: Answer): void {
  writer.uint32(tag(1, VARINT), body.id);
  nested(writer, 2, body.failure, writeFailure);
  list(writer, 3, body.outputs);
  writer.packedUint32s(tag(4, DELIMITED), body.dims);
  if (body.freshness !== null) writer.bytes(tag(5, DELIMITED), body.freshness);
  writer.uint32(tag(6, VARINT), body.shardUs);
  writer.uint32(tag(7, VARINT), body.queueUs);
  writer.uint32Unless(before.runUs, tag(8, VARINT), body.runUs);
  writer.uint32Unless(before.batchRows, tag(9, VARINT), body.batchRows);
  writer.uint32Unless(before.backlogUs, tag(10, VARINT), body.backlogUs);
  writer.uint32Unless(before.epoch, tag(11, VARINT), body.epoch);
}

export function readAnswer(reader: WireReader, end: number, before: Answer): Answer {
  let id = 0;
  let failure: Failure | null = null;
  let outputs: Uint8Array[] = [];
  let dims: number[] = [];
  let freshness: Uint8Array | null = null;
  let shardUs = 0;
  let queueUs = 0;
  let { runUs, batchRows, backlogUs, epoch } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(3, DELIMITED)) outputs = append(outputs, reader.bytes());
    else if (t === tag(5, DELIMITED)) freshness = reader.bytes();
    else if (t === tag(6, VARINT)) shardUs = reader.varint();
    else if (t === tag(7, VARINT)) queueUs = reader.varint();
    else if (t === tag(2, DELIMITED)) failure = readFailure(reader);
    else if (t >>> 3 === 4) dims = reader.uint32s(t & 7, dims);
    else if (t === tag(8, VARINT)) runUs = reader.varint();
    else if (t === tag(9, VARINT)) batchRows = reader.varint();
    else if (t === tag(10, VARINT)) backlogUs = reader.varint();
    else if (t === tag(11, VARINT)) epoch = reader.varint();
    else reader.skip(t & 7);
  }
  return { id, failure, outputs, dims, freshness, shardUs, queueUs, runUs, batchRows, backlogUs, epoch };
}

export function writeReadFeaturesReply(writer: WireWriter, body: ReadFeaturesReply, before: ReadFeaturesReply): void {
  writer.uint32(tag(1, VARINT), body.id);
  nested(writer, 2, body.failure, writeFailure);
  list(writer, 3, body.records);
  writer.packedDoubles(tag(4, DELIMITED), body.appliedSeq);
  writer.uint32Unless(before.epoch, tag(5, VARINT), body.epoch);
  bytesIfAny(writer, 6, body.statuses);
  writer.packedDoubles(tag(7, DELIMITED), body.eventMs);
  writer.double(tag(8, FIXED64), body.asOfMs);
}

export function readReadFeaturesReply(reader: WireReader, end: number, before: ReadFeaturesReply): ReadFeaturesReply {
  let id = 0;
  let failure: Failure | null = null;
  let records: Uint8Array[] = [];
  let appliedSeq: number[] = [];
  let statuses: Uint8Array = NO_BYTES;
  let eventMs: number[] = [];
  let asOfMs = 0;
  let { epoch } = before;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) failure = readFailure(reader);
    else if (t === tag(3, DELIMITED)) records = append(records, reader.bytes());
    else if (t >>> 3 === 4) appliedSeq = reader.doubles(t & 7, appliedSeq);
    else if (t === tag(5, VARINT)) epoch = reader.varint();
    else if (t === tag(6, DELIMITED)) statuses = reader.bytes();
    else if (t >>> 3 === 7) eventMs = reader.doubles(t & 7, eventMs);
    else if (t === tag(8, FIXED64)) asOfMs = reader.double();
    else reader.skip(t & 7);
  }
  return { id, failure, records, appliedSeq, epoch, statuses, eventMs, asOfMs };
}
