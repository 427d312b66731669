/** The messages of `letters.ts` in protobuf, field by field as `messages.proto` numbers them. */
import type {
  Answer,
  Compute,
  Enrich,
  Failure,
  Predict,
  PredictReply,
  ReadFeatures,
  ReadFeaturesReply,
  RowFreshness,
  Timings,
  TraceContext,
  WireTensor,
} from './letters.ts';
import type { WireReader, WireWriter } from './wire.ts';

const VARINT = 0;
const DELIMITED = 2;

/** Tag of a field: its number and how its value is written. */
function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

function nested<T>(
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

function list(writer: WireWriter, field: number, values: readonly Uint8Array[]): void {
  for (let i = 0; i < values.length; i++) writer.bytes(tag(field, DELIMITED), values[i]!);
}

function bytesIfAny(writer: WireWriter, field: number, value: Uint8Array): void {
  if (value.length > 0) writer.bytes(tag(field, DELIMITED), value);
}

const NO_BYTES = new Uint8Array(0);

// ---- parts ------------------------------------------------------------------------------------------------------

function writeTensor(writer: WireWriter, tensor: WireTensor): void {
  writer.text(tag(1, DELIMITED), tensor.name);
  writer.uint32(tag(2, VARINT), tensor.datatype);
  writer.packedUint32s(tag(3, DELIMITED), tensor.shape);
  bytesIfAny(writer, 4, tensor.data);
}

function readTensor(reader: WireReader): WireTensor {
  const end = reader.nested();
  let name = '';
  let datatype = 0;
  const shape: number[] = [];
  let data: Uint8Array = NO_BYTES;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, DELIMITED)) name = reader.recurringText();
    else if (t === tag(2, VARINT)) datatype = reader.varint();
    else if (t >>> 3 === 3) reader.uint32s(t & 7, shape);
    else if (t === tag(4, DELIMITED)) data = reader.bytes();
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { name, datatype, shape, data };
}

function writeFailure(writer: WireWriter, failure: Failure): void {
  writer.uint32(tag(1, VARINT), failure.code);
  writer.text(tag(2, DELIMITED), failure.stage);
  writer.text(tag(3, DELIMITED), failure.message);
}

function readFailure(reader: WireReader): Failure {
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

function writeTrace(writer: WireWriter, trace: TraceContext): void {
  bytesIfAny(writer, 1, trace.traceId);
  bytesIfAny(writer, 2, trace.spanId);
}

function readTrace(reader: WireReader): TraceContext {
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

function writeFreshness(writer: WireWriter, freshness: RowFreshness): void {
  writer.packedDoubles(tag(1, DELIMITED), freshness.appliedSeq);
  writer.packedDoubles(tag(2, DELIMITED), freshness.ageMs);
  bytesIfAny(writer, 3, freshness.defaulted);
  for (const name of freshness.defaultedNames) writer.listedText(tag(4, DELIMITED), name);
}

function readFreshness(reader: WireReader): RowFreshness {
  const end = reader.nested();
  const appliedSeq: number[] = [];
  const ageMs: number[] = [];
  let defaulted: Uint8Array = NO_BYTES;
  const defaultedNames: string[] = [];
  while (reader.at < end) {
    const t = reader.varint();
    if (t >>> 3 === 1) reader.doubles(t & 7, appliedSeq);
    else if (t >>> 3 === 2) reader.doubles(t & 7, ageMs);
    else if (t === tag(3, DELIMITED)) defaulted = reader.bytes();
    else if (t === tag(4, DELIMITED)) defaultedNames.push(reader.recurringText());
    else reader.skip(t & 7);
  }
  reader.finish(end);
  return { appliedSeq, ageMs, defaulted, defaultedNames };
}

function writeTimings(writer: WireWriter, timings: Timings): void {
  writer.uint32(tag(1, VARINT), timings.totalUs);
  writer.uint32(tag(2, VARINT), timings.shardUs);
  writer.uint32(tag(3, VARINT), timings.queueUs);
  writer.uint32(tag(4, VARINT), timings.runUs);
  writer.uint32(tag(5, VARINT), timings.batchRows);
}

function readTimings(reader: WireReader): Timings {
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

// ---- messages; readers are handed where the message ends -----------------------------------------------------------

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
  const inputs: WireTensor[] = [];
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
    else if (t === tag(6, DELIMITED)) inputs.push(readTensor(reader));
    else if (t === tag(7, VARINT)) budgetUs = reader.varint();
    else if (t === tag(8, DELIMITED)) trace = readTrace(reader);
    else if (t === tag(9, DELIMITED)) traceId = reader.text();
    else reader.skip(t & 7);
  }
  return { id, replyTo, requestId, model, version, inputs, budgetUs, trace, traceId };
}

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
  const outputs: WireTensor[] = [];
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
    else if (t === tag(6, DELIMITED)) outputs.push(readTensor(reader));
    else if (t === tag(7, DELIMITED)) freshness = readFreshness(reader);
    else if (t === tag(8, DELIMITED)) timings = readTimings(reader);
    else if (t === tag(9, DELIMITED)) traceId = reader.text();
    else reader.skip(t & 7);
  }
  return { id, requestId, failure, model, version, outputs, freshness, timings, traceId };
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
  const keys: Uint8Array[] = [];
  const partitions: number[] = [];
  const inputs: Uint8Array[] = [];
  let worker = '';
  let trace: TraceContext | null = null;
  const dims: number[] = [];
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) model = reader.recurringText();
    else if (t === tag(4, VARINT)) budgetUs = reader.varint();
    else if (t === tag(5, VARINT)) epoch = reader.varint();
    else if (t === tag(6, DELIMITED)) keys.push(reader.bytes());
    else if (t >>> 3 === 7) reader.uint32s(t & 7, partitions);
    else if (t === tag(8, DELIMITED)) inputs.push(reader.bytes());
    else if (t === tag(9, DELIMITED)) worker = reader.recurringText();
    else if (t === tag(10, DELIMITED)) trace = readTrace(reader);
    else if (t >>> 3 === 11) reader.uint32s(t & 7, dims);
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
  const inputs: Uint8Array[] = [];
  let trace: TraceContext | null = null;
  const dims: number[] = [];
  let freshness: RowFreshness | null = null;
  let shardUs = 0;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) model = reader.recurringText();
    else if (t === tag(4, VARINT)) budgetUs = reader.varint();
    else if (t === tag(5, VARINT)) rows = reader.varint();
    else if (t === tag(6, DELIMITED)) inputs.push(reader.bytes());
    else if (t === tag(7, DELIMITED)) trace = readTrace(reader);
    else if (t >>> 3 === 8) reader.uint32s(t & 7, dims);
    else if (t === tag(9, DELIMITED)) freshness = readFreshness(reader);
    else if (t === tag(10, VARINT)) shardUs = reader.varint();
    else reader.skip(t & 7);
  }
  return { id, replyTo, model, budgetUs, rows, inputs, trace, dims, freshness, shardUs };
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
  const outputs: Uint8Array[] = [];
  const dims: number[] = [];
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
    else if (t === tag(3, DELIMITED)) outputs.push(reader.bytes());
    else if (t >>> 3 === 4) reader.uint32s(t & 7, dims);
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
  const keys: Uint8Array[] = [];
  const partitions: number[] = [];
  let epoch = 0;
  let budgetUs = 0;
  let trace: TraceContext | null = null;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) replyTo = reader.recurringText();
    else if (t === tag(3, DELIMITED)) view = reader.recurringText();
    else if (t === tag(4, DELIMITED)) keys.push(reader.bytes());
    else if (t >>> 3 === 5) reader.uint32s(t & 7, partitions);
    else if (t === tag(6, VARINT)) epoch = reader.varint();
    else if (t === tag(7, VARINT)) budgetUs = reader.varint();
    else if (t === tag(8, DELIMITED)) trace = readTrace(reader);
    else reader.skip(t & 7);
  }
  return { id, replyTo, view, keys, partitions, epoch, budgetUs, trace };
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
  const records: Uint8Array[] = [];
  const appliedSeq: number[] = [];
  let epoch = 0;
  while (reader.at < end) {
    const t = reader.varint();
    if (t === tag(1, VARINT)) id = reader.varint();
    else if (t === tag(2, DELIMITED)) failure = readFailure(reader);
    else if (t === tag(3, DELIMITED)) records.push(reader.bytes());
    else if (t >>> 3 === 4) reader.doubles(t & 7, appliedSeq);
    else if (t === tag(5, VARINT)) epoch = reader.varint();
    else reader.skip(t & 7);
  }
  return { id, failure, records, appliedSeq, epoch };
}
