/** The messages that answer: PredictReply, Answer, ReadFeaturesReply. Readers are handed where the message ends. */
import {
  append,
  DELIMITED,
  list,
  nested,
  readFailure,
  readFreshness,
  readTensor,
  readTimings,
  tag,
  VARINT,
  writeFailure,
  writeFreshness,
  writeTensor,
  writeTimings,
} from './letter-parts.ts';
import type { Answer, Failure, PredictReply, ReadFeaturesReply, RowFreshness, Timings, WireTensor } from './letters.ts';
import type { WireReader, WireWriter } from './wire.ts';

export function writePredictReply(writer: WireWriter, body: PredictReply): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.text(tag(2, DELIMITED), body.requestId);
  nested(writer, 3, body.failure, writeFailure);
  writer.text(tag(4, DELIMITED), body.model);
  writer.text(tag(5, DELIMITED), body.version);
  for (let i = 0; i < body.outputs.length; i++) nested(writer, 6, body.outputs[i]!, writeTensor);
  nested(writer, 7, body.freshness, writeFreshness);
  nested(writer, 8, body.timings, writeTimings);
  writer.text(tag(9, DELIMITED), body.traceId);
}

export function readPredictReply(reader: WireReader, end: number): PredictReply {
  let id = 0;
  let requestId = '';
  let failure: Failure | null = null;
  let model = '';
  let version = '';
  let outputs: WireTensor[] = [];
  let freshness: RowFreshness | null = null;
  let timings: Timings | null = null;
  let traceId = '';
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) requestId = reader.text();
    else if (t === tag(3, DELIMITED)) failure = readFailure(reader);
    else if (t === tag(4, DELIMITED)) model = reader.recurringText();
    else if (t === tag(5, DELIMITED)) version = reader.recurringText();
    else if (t === tag(6, DELIMITED)) outputs = append(outputs, readTensor(reader));
    else if (t === tag(7, DELIMITED)) freshness = readFreshness(reader);
    else if (t === tag(8, DELIMITED)) timings = readTimings(reader);
    else if (t === tag(9, DELIMITED)) traceId = reader.text();
    else reader.skip(t & 7);
  }
  return { id, requestId, failure, model, version, outputs, freshness, timings, traceId };
}

export function writeAnswer(writer: WireWriter, body: Answer): void {
  writer.uint32(tag(1, VARINT), body.id);
  nested(writer, 2, body.failure, writeFailure);
  list(writer, 3, body.outputs);
  writer.packedUint32s(tag(4, DELIMITED), body.dims);
  nested(writer, 5, body.freshness, writeFreshness);
  writer.uint32(tag(6, VARINT), body.shardUs);
  writer.uint32(tag(7, VARINT), body.queueUs);
  writer.uint32(tag(8, VARINT), body.runUs);
  writer.uint32(tag(9, VARINT), body.batchRows);
  writer.uint32(tag(10, VARINT), body.backlogUs);
  writer.uint32(tag(11, VARINT), body.epoch);
}

export function readAnswer(reader: WireReader, end: number): Answer {
  let id = 0;
  let failure: Failure | null = null;
  let outputs: Uint8Array[] = [];
  let dims: number[] = [];
  let freshness: RowFreshness | null = null;
  let shardUs = 0;
  let queueUs = 0;
  let runUs = 0;
  let batchRows = 0;
  let backlogUs = 0;
  let epoch = 0;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) failure = readFailure(reader);
    else if (t === tag(3, DELIMITED)) outputs = append(outputs, reader.bytes());
    else if (t >>> 3 === 4) dims = reader.uint32s(t & 7, dims);
    else if (t === tag(5, DELIMITED)) freshness = readFreshness(reader);
    else if (t === tag(6, VARINT)) shardUs = reader.varint();
    else if (t === tag(7, VARINT)) queueUs = reader.varint();
    else if (t === tag(8, VARINT)) runUs = reader.varint();
    else if (t === tag(9, VARINT)) batchRows = reader.varint();
    else if (t === tag(10, VARINT)) backlogUs = reader.varint();
    else if (t === tag(11, VARINT)) epoch = reader.varint();
    else reader.skip(t & 7);
  }
  return { id, failure, outputs, dims, freshness, shardUs, queueUs, runUs, batchRows, backlogUs, epoch };
}

export function writeReadFeaturesReply(writer: WireWriter, body: ReadFeaturesReply): void {
  writer.uint32(tag(1, VARINT), body.id);
  nested(writer, 2, body.failure, writeFailure);
  list(writer, 3, body.records);
  writer.packedDoubles(tag(4, DELIMITED), body.appliedSeq);
  writer.uint32(tag(5, VARINT), body.epoch);
}

export function readReadFeaturesReply(reader: WireReader, end: number): ReadFeaturesReply {
  let id = 0;
  let failure: Failure | null = null;
  let records: Uint8Array[] = [];
  let appliedSeq: number[] = [];
  let epoch = 0;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) failure = readFailure(reader);
    else if (t === tag(3, DELIMITED)) records = append(records, reader.bytes());
    else if (t >>> 3 === 4) appliedSeq = reader.doubles(t & 7, appliedSeq);
    else if (t === tag(5, VARINT)) epoch = reader.varint();
    else reader.skip(t & 7);
  }
  return { id, failure, records, appliedSeq, epoch };
}
