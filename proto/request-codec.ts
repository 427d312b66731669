/** The messages that ask: Predict, Enrich, Compute, ReadFeatures. Readers are handed where the message ends. */
import {
  append,
  DELIMITED,
  list,
  nested,
  readFreshness,
  readTensor,
  readTrace,
  tag,
  VARINT,
  writeFreshness,
  writeTensor,
  writeTrace,
} from './letter-parts.ts';
import type { Compute, Enrich, Predict, ReadFeatures, RowFreshness, TraceContext, WireTensor } from './letters.ts';
import type { WireReader, WireWriter } from './wire.ts';

export function writePredict(writer: WireWriter, body: Predict): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.text(tag(2, DELIMITED), body.replyTo);
  writer.text(tag(3, DELIMITED), body.requestId);
  writer.text(tag(4, DELIMITED), body.model);
  writer.text(tag(5, DELIMITED), body.version);
  for (let i = 0; i < body.inputs.length; i++) nested(writer, 6, body.inputs[i]!, writeTensor);
  writer.uint32(tag(7, VARINT), body.budgetUs);
  nested(writer, 8, body.trace, writeTrace);
  writer.text(tag(9, DELIMITED), body.traceId);
}

export function readPredict(reader: WireReader, end: number): Predict {
  let id = 0;
  let replyTo = '';
  let requestId = '';
  let model = '';
  let version = '';
  let inputs: WireTensor[] = [];
  let budgetUs = 0;
  let trace: TraceContext | null = null;
  let traceId = '';
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) requestId = reader.text();
    else if (t === tag(4, DELIMITED)) model = reader.recurringText();
    else if (t === tag(5, DELIMITED)) version = reader.recurringText();
    else if (t === tag(6, DELIMITED)) inputs = append(inputs, readTensor(reader));
    else if (t === tag(7, VARINT)) budgetUs = reader.varint();
    else if (t === tag(8, DELIMITED)) trace = readTrace(reader);
    else if (t === tag(9, DELIMITED)) traceId = reader.text();
    else reader.skip(t & 7);
  }
  return { id, replyTo, requestId, model, version, inputs, budgetUs, trace, traceId };
}

export function writeEnrich(writer: WireWriter, body: Enrich): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.text(tag(2, DELIMITED), body.replyTo);
  writer.text(tag(3, DELIMITED), body.model);
  writer.uint32(tag(4, VARINT), body.budgetUs);
  writer.uint32(tag(5, VARINT), body.epoch);
  list(writer, 6, body.keys);
  writer.packedUint32s(tag(7, DELIMITED), body.partitions);
  list(writer, 8, body.inputs);
  writer.text(tag(9, DELIMITED), body.worker);
  nested(writer, 10, body.trace, writeTrace);
  writer.packedUint32s(tag(11, DELIMITED), body.dims);
}

export function readEnrich(reader: WireReader, end: number): Enrich {
  let id = 0;
  let replyTo = '';
  let model = '';
  let budgetUs = 0;
  let epoch = 0;
  let keys: Uint8Array[] = [];
  let partitions: number[] = [];
  let inputs: Uint8Array[] = [];
  let worker = '';
  let trace: TraceContext | null = null;
  let dims: number[] = [];
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) model = reader.recurringText();
    else if (t === tag(4, VARINT)) budgetUs = reader.varint();
    else if (t === tag(5, VARINT)) epoch = reader.varint();
    else if (t === tag(6, DELIMITED)) keys = append(keys, reader.bytes());
    else if (t >>> 3 === 7) partitions = reader.uint32s(t & 7, partitions);
    else if (t === tag(8, DELIMITED)) inputs = append(inputs, reader.bytes());
    else if (t === tag(9, DELIMITED)) worker = reader.recurringText();
    else if (t === tag(10, DELIMITED)) trace = readTrace(reader);
    else if (t >>> 3 === 11) dims = reader.uint32s(t & 7, dims);
    else reader.skip(t & 7);
  }
  return { id, replyTo, model, budgetUs, epoch, keys, partitions, inputs, worker, trace, dims };
}

export function writeCompute(writer: WireWriter, body: Compute): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.text(tag(2, DELIMITED), body.replyTo);
  writer.text(tag(3, DELIMITED), body.model);
  writer.uint32(tag(4, VARINT), body.budgetUs);
  writer.uint32(tag(5, VARINT), body.rows);
  list(writer, 6, body.inputs);
  nested(writer, 7, body.trace, writeTrace);
  writer.packedUint32s(tag(8, DELIMITED), body.dims);
  nested(writer, 9, body.freshness, writeFreshness);
  writer.uint32(tag(10, VARINT), body.shardUs);
}

export function readCompute(reader: WireReader, end: number): Compute {
  let id = 0;
  let replyTo = '';
  let model = '';
  let budgetUs = 0;
  let rows = 0;
  let inputs: Uint8Array[] = [];
  let trace: TraceContext | null = null;
  let dims: number[] = [];
  let freshness: RowFreshness | null = null;
  let shardUs = 0;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) model = reader.recurringText();
    else if (t === tag(4, VARINT)) budgetUs = reader.varint();
    else if (t === tag(5, VARINT)) rows = reader.varint();
    else if (t === tag(6, DELIMITED)) inputs = append(inputs, reader.bytes());
    else if (t === tag(7, DELIMITED)) trace = readTrace(reader);
    else if (t >>> 3 === 8) dims = reader.uint32s(t & 7, dims);
    else if (t === tag(9, DELIMITED)) freshness = readFreshness(reader);
    else if (t === tag(10, VARINT)) shardUs = reader.varint();
    else reader.skip(t & 7);
  }
  return { id, replyTo, model, budgetUs, rows, inputs, trace, dims, freshness, shardUs };
}

export function writeReadFeatures(writer: WireWriter, body: ReadFeatures): void {
  writer.uint32(tag(1, VARINT), body.id);
  writer.text(tag(2, DELIMITED), body.replyTo);
  writer.text(tag(3, DELIMITED), body.view);
  list(writer, 4, body.keys);
  writer.packedUint32s(tag(5, DELIMITED), body.partitions);
  writer.uint32(tag(6, VARINT), body.epoch);
  writer.uint32(tag(7, VARINT), body.budgetUs);
  nested(writer, 8, body.trace, writeTrace);
}

export function readReadFeatures(reader: WireReader, end: number): ReadFeatures {
  let id = 0;
  let replyTo = '';
  let view = '';
  let keys: Uint8Array[] = [];
  let partitions: number[] = [];
  let epoch = 0;
  let budgetUs = 0;
  let trace: TraceContext | null = null;
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
    else reader.skip(t & 7);
  }
  return { id, replyTo, view, keys, partitions, epoch, budgetUs, trace };
}
