/**
 * What actors say to each other, as plain objects, and their protobuf form. In one process a message is handed over
 * as it is; between processes it travels as a letter in an envelope (`messages.proto`). Both forms carry every field.
 */
import protobuf from 'protobufjs/minimal.js';
import { codeFromNumber, ERROR_RULES, type ErrorCode, ServingError, type Stage } from './errors.ts';
import { dovetail } from './generated/messages.js';
import { DATA_TYPES, type Tensor } from './tensor.ts';

export type WireTensor = { name: string; datatype: number; shape: number[]; data: Uint8Array };
export type Failure = { code: number; stage: string; message: string };
/** Present on sampled requests only: 16 and 8 bytes. */
export type TraceContext = { traceId: Uint8Array; spanId: Uint8Array };
export type RowFreshness = {
  appliedSeq: number[];
  ageMs: number[];
  defaulted: Uint8Array;
  defaultedNames: string[];
};
export type Timings = { totalUs: number; shardUs: number; queueUs: number; runUs: number; batchRows: number };

export type Predict = {
  id: number;
  replyTo: string;
  requestId: string;
  model: string;
  version: string;
  inputs: WireTensor[];
  budgetUs: number;
  trace: TraceContext | null;
  traceId: string;
};
export type PredictReply = {
  id: number;
  requestId: string;
  failure: Failure | null;
  model: string;
  version: string;
  outputs: WireTensor[];
  freshness: RowFreshness | null;
  timings: Timings | null;
  traceId: string;
};
export type Enrich = {
  id: number;
  replyTo: string;
  model: string;
  budgetUs: number;
  epoch: number;
  keys: Uint8Array[];
  partitions: number[];
  inputs: Uint8Array[];
  worker: string;
  trace: TraceContext | null;
  dims: number[];
};
export type Compute = {
  id: number;
  replyTo: string;
  model: string;
  budgetUs: number;
  rows: number;
  inputs: Uint8Array[];
  trace: TraceContext | null;
  dims: number[];
  freshness: RowFreshness | null;
  shardUs: number;
};
export type Answer = {
  id: number;
  failure: Failure | null;
  outputs: Uint8Array[];
  dims: number[];
  freshness: RowFreshness | null;
  shardUs: number;
  queueUs: number;
  runUs: number;
  batchRows: number;
  backlogUs: number;
  epoch: number;
};
export type ReadFeatures = {
  id: number;
  replyTo: string;
  view: string;
  keys: Uint8Array[];
  partitions: number[];
  epoch: number;
  budgetUs: number;
  trace: TraceContext | null;
};
export type ReadFeaturesReply = {
  id: number;
  failure: Failure | null;
  records: Uint8Array[];
  appliedSeq: number[];
  epoch: number;
};

export type Message =
  | { readonly kind: 'predict'; readonly body: Predict }
  | { readonly kind: 'predictReply'; readonly body: PredictReply }
  | { readonly kind: 'enrich'; readonly body: Enrich }
  | { readonly kind: 'compute'; readonly body: Compute }
  | { readonly kind: 'answer'; readonly body: Answer }
  | { readonly kind: 'readFeatures'; readonly body: ReadFeatures }
  | { readonly kind: 'readFeaturesReply'; readonly body: ReadFeaturesReply };

export type MessageKind = Message['kind'];

type Codec = {
  readonly field: number;
  encode(body: object, writer: protobuf.Writer): protobuf.Writer;
  decode(reader: protobuf.Reader, length: number): object;
};

/** Field number of each kind in `Letter.body`. */
const CODECS: Readonly<Record<MessageKind, Codec>> = {
  predict: { field: 2, ...dovetailCodec(dovetail.Predict) },
  predictReply: { field: 3, ...dovetailCodec(dovetail.PredictReply) },
  enrich: { field: 4, ...dovetailCodec(dovetail.Enrich) },
  compute: { field: 5, ...dovetailCodec(dovetail.Compute) },
  answer: { field: 6, ...dovetailCodec(dovetail.Answer) },
  readFeatures: { field: 7, ...dovetailCodec(dovetail.ReadFeatures) },
  readFeaturesReply: { field: 8, ...dovetailCodec(dovetail.ReadFeaturesReply) },
};

const KIND_BY_FIELD = new Map<number, { kind: MessageKind; codec: Codec }>(
  Object.entries(CODECS).map(([kind, codec]) => [codec.field, { kind: kind as MessageKind, codec }]),
);

function dovetailCodec(generated: {
  encode(message: object, writer?: protobuf.Writer): protobuf.Writer;
  decode(reader: protobuf.Reader | Uint8Array, length?: number): object;
}): Omit<Codec, 'field'> {
  return { encode: generated.encode, decode: generated.decode };
}

const LENGTH_DELIMITED = 2;
const ENVELOPE_FROM_TAG = (1 << 3) | LENGTH_DELIMITED;
const ENVELOPE_LETTERS_TAG = (2 << 3) | LENGTH_DELIMITED;
const LETTER_TO_TAG = (1 << 3) | LENGTH_DELIMITED;

/** Letters for one process, encoded as they are added; `finish` makes the envelope and starts the next one. */
export class EnvelopeWriter {
  readonly #from: string;
  #writer: protobuf.Writer;
  #letters = 0;

  constructor(fromNode: string) {
    this.#from = fromNode;
    this.#writer = this.#start();
  }

  get letters(): number {
    return this.#letters;
  }

  get byteLength(): number {
    return this.#writer.len;
  }

  /** Adds a letter; false, adding nothing, when its encoding is longer than `bytesMax`. */
  add(toActor: string, message: Message, bytesMax: number): boolean {
    const writer = this.#writer;
    const codec = CODECS[message.kind];
    writer.uint32(ENVELOPE_LETTERS_TAG).fork();
    writer.uint32(LETTER_TO_TAG).string(toActor);
    codec.encode(message.body, writer.uint32((codec.field << 3) | LENGTH_DELIMITED).fork()).ldelim();
    if (writer.len > bytesMax) {
      // Encoded parts can't be taken back out of the chain of forks once the outer length has been opened, so the
      // envelope is rebuilt without this letter.
      writer.reset();
      writer.fork();
      writer.ldelim();
      this.#letters++;
      return false;
    }
    writer.ldelim();
    this.#letters++;
    return true;
  }

  finish(): Uint8Array {
    const bytes = this.#writer.finish();
    this.#writer = this.#start();
    this.#letters = 0;
    return bytes;
  }

  #start(): protobuf.Writer {
    return protobuf.Writer.create().uint32(ENVELOPE_FROM_TAG).string(this.#from);
  }
}

/**
 * Calls `deliver` for each letter, in order. Throws on bytes that are no envelope, after delivering the letters before
 * the fault. Byte fields of the messages are views into `bytes`.
 */
export function readEnvelope(bytes: Uint8Array, deliver: (toActor: string, message: Message) => void): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ENVELOPE_LETTERS_TAG) readLetter(reader, reader.uint32(), deliver);
    else reader.skipType(tag & 7);
  }
}

function readLetter(
  reader: protobuf.Reader,
  length: number,
  deliver: (toActor: string, message: Message) => void,
): void {
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('letter longer than its envelope');
  let to = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === LETTER_TO_TAG) {
      to = reader.string();
      continue;
    }
    const known = KIND_BY_FIELD.get(tag >>> 3);
    if (known === undefined || (tag & 7) !== LENGTH_DELIMITED) {
      reader.skipType(tag & 7);
      continue;
    }
    const body = known.codec.decode(reader, reader.uint32());
    deliver(to, { kind: known.kind, body } as unknown as Message);
  }
}

/** One message by itself, for callers at the edge that send protobuf without an envelope. Throws on malformed bytes. */
export function encodePredictReply(reply: PredictReply): Uint8Array {
  return dovetail.PredictReply.encode(reply).finish();
}

export function decodePredict(bytes: Uint8Array): Predict {
  return dovetail.Predict.decode(bytes) as unknown as Predict;
}

export function toWireTensor(tensor: Tensor): WireTensor {
  return {
    name: tensor.name,
    datatype: DATA_TYPES.indexOf(tensor.datatype),
    shape: tensor.shape as number[],
    data: tensor.data,
  };
}

/** Throws INVALID_ARGUMENT for a datatype number that is not in the table. */
export function fromWireTensor(wire: WireTensor): Tensor {
  const datatype = DATA_TYPES[wire.datatype];
  if (datatype === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'edge',
      `tensor '${wire.name}': unknown datatype number ${wire.datatype}`,
    );
  }
  return { name: wire.name, datatype, shape: wire.shape, data: wire.data };
}

export function failure(code: ErrorCode, stage: Stage, message: string): Failure {
  return { code: ERROR_RULES[code].number, stage, message };
}

export function failureOf(error: ServingError): Failure {
  return failure(error.code, error.stage, error.message);
}

export function errorOf(wire: Failure): ServingError {
  return new ServingError(codeFromNumber(wire.code), wire.stage as Stage, wire.message);
}

/** An answer that carries nothing but the failure. */
export function failedAnswer(id: number, why: Failure, epoch = 0): Message {
  return {
    kind: 'answer',
    body: {
      id,
      failure: why,
      outputs: [],
      dims: [],
      freshness: null,
      shardUs: 0,
      queueUs: 0,
      runUs: 0,
      batchRows: 0,
      backlogUs: 0,
      epoch,
    },
  };
}

/**
 * The reply that tells the sender of a request that it will not be served, or null for messages that ask for nothing.
 * Every request that is dropped anywhere goes through here, so that each gets its one answer.
 */
export function refusal(message: Message, why: Failure): { to: string; message: Message } | null {
  switch (message.kind) {
    case 'predict':
      return {
        to: message.body.replyTo,
        message: {
          kind: 'predictReply',
          body: {
            id: message.body.id,
            requestId: message.body.requestId,
            failure: why,
            model: message.body.model,
            version: message.body.version,
            outputs: [],
            freshness: null,
            timings: null,
            traceId: message.body.traceId,
          },
        },
      };
    case 'enrich':
    case 'compute':
      return { to: message.body.replyTo, message: failedAnswer(message.body.id, why) };
    case 'readFeatures':
      return {
        to: message.body.replyTo,
        message: {
          kind: 'readFeaturesReply',
          body: { id: message.body.id, failure: why, records: [], appliedSeq: [], epoch: 0 },
        },
      };
    default:
      return null;
  }
}
