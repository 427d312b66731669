/**
 * What actors say to each other, as plain objects, and their protobuf form. In one process a message is handed over
 * as it is; between processes it travels as a letter in an envelope (`messages.proto`). Both forms carry every field.
 */
import { codeFromNumber, ERROR_RULES, type ErrorCode, ServingError, type Stage } from './errors.ts';
import * as replies from './reply-codec.ts';
import * as requests from './request-codec.ts';
import { DATA_TYPE_NUMBER, DATA_TYPES, type Tensor } from './tensor.ts';
import { TextCache, WireReader, WireWriter } from './wire.ts';

export type WireTensor = { name: string; datatype: number; shape: number[]; data: Uint8Array };
export type Failure = { code: number; stage: string; message: string };
/** Present on sampled requests only: 16 and 8 bytes. */
export type TraceContext = { traceId: Uint8Array; spanId: Uint8Array };
export type RowFreshness = {
  appliedSeq: number[];
  ageMs: number[];
  /** A bit a feature, each row padded to whole bytes; empty where no row has a bit set. */
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
  /** Field number of this kind in `Letter.body`. */
  readonly field: number;
  readonly write: (writer: WireWriter, body: never) => void;
  readonly read: (reader: WireReader, end: number) => Message['body'];
};

const CODECS: Readonly<Record<MessageKind, Codec>> = {
  predict: { field: 2, write: requests.writePredict, read: requests.readPredict },
  predictReply: { field: 3, write: replies.writePredictReply, read: replies.readPredictReply },
  enrich: { field: 4, write: requests.writeEnrich, read: requests.readEnrich },
  compute: { field: 5, write: requests.writeCompute, read: requests.readCompute },
  answer: { field: 6, write: replies.writeAnswer, read: replies.readAnswer },
  readFeatures: { field: 7, write: requests.writeReadFeatures, read: requests.readReadFeatures },
  readFeaturesReply: { field: 8, write: replies.writeReadFeaturesReply, read: replies.readReadFeaturesReply },
};

const KIND_BY_FIELD: ({ kind: MessageKind; codec: Codec } | undefined)[] = [];
for (const [kind, one] of Object.entries(CODECS)) KIND_BY_FIELD[one.field] = { kind: kind as MessageKind, codec: one };

const LENGTH_DELIMITED = 2;
const ENVELOPE_FROM_TAG = (1 << 3) | LENGTH_DELIMITED;
const ENVELOPE_LETTERS_TAG = (2 << 3) | LENGTH_DELIMITED;
const LETTER_TO_TAG = (1 << 3) | LENGTH_DELIMITED;

/** Letters for one process, encoded as they are added; `finish` makes the envelope and starts the next one. */
export class EnvelopeWriter {
  readonly #writer = new WireWriter();
  readonly #emptyLength: number;
  #letters = 0;

  constructor(fromNode: string) {
    this.#writer.text(ENVELOPE_FROM_TAG, fromNode);
    this.#emptyLength = this.#writer.length;
  }

  get letters(): number {
    return this.#letters;
  }

  get byteLength(): number {
    return this.#writer.length;
  }

  /** Adds a letter; false, adding nothing, when the envelope would grow past `bytesMax`. */
  add(toActor: string, message: Message, bytesMax: number): boolean {
    const writer = this.#writer;
    const before = writer.length;
    const one = CODECS[message.kind];
    writer.varint(ENVELOPE_LETTERS_TAG);
    const letter = writer.open();
    writer.text(LETTER_TO_TAG, toActor);
    writer.varint((one.field << 3) | LENGTH_DELIMITED);
    const body = writer.open();
    try {
      one.write(writer, message.body as never);
    } catch (thrown) {
      writer.truncate(before);
      throw thrown;
    }
    writer.close(body);
    writer.close(letter);
    if (writer.length > bytesMax) {
      writer.truncate(before);
      return false;
    }
    this.#letters++;
    return true;
  }

  /** The envelope, behind `headerBytes` bytes left free for whoever carries it. */
  finish(headerBytes = 0): Uint8Array {
    const bytes = this.#writer.copyOut(headerBytes);
    this.#writer.truncate(this.#emptyLength);
    this.#letters = 0;
    return bytes;
  }
}

/**
 * Calls `deliver` for each letter, in order. Throws on bytes that are no envelope, after delivering the letters before
 * the fault. Byte fields of the messages are views into `bytes`. `texts`: the reader's memory of recurring texts.
 */
export function readEnvelope(
  bytes: Uint8Array,
  deliver: (toActor: string, message: Message) => void,
  texts: TextCache = new TextCache(),
): void {
  const reader = new WireReader(bytes, texts);
  while (reader.at < reader.end) {
    const tag = reader.varint();
    if (tag === ENVELOPE_LETTERS_TAG) readLetter(reader, deliver);
    else reader.skip(tag & 7);
  }
}

function readLetter(reader: WireReader, deliver: (toActor: string, message: Message) => void): void {
  const end = reader.nested();
  let to = '';
  let message: Message | null = null;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === LETTER_TO_TAG) {
      to = reader.recurringText();
      continue;
    }
    const known = KIND_BY_FIELD[tag >>> 3];
    if (known === undefined || (tag & 7) !== LENGTH_DELIMITED) {
      reader.skip(tag & 7);
      continue;
    }
    const bodyEnd = reader.nested();
    const body = known.codec.read(reader, bodyEnd);
    reader.finish(bodyEnd);
    message = { kind: known.kind, body } as Message;
  }
  reader.finish(end);
  if (message !== null) deliver(to, message);
}

/** One message by itself, for callers at the edge that send protobuf without an envelope. */
export function encodePredictReply(reply: PredictReply): Uint8Array {
  const writer = new WireWriter();
  replies.writePredictReply(writer, reply);
  return writer.copyOut(0);
}

/** Throws on malformed bytes. */
export function decodePredict(bytes: Uint8Array): Predict {
  const reader = new WireReader(bytes, new TextCache());
  const predict = requests.readPredict(reader, bytes.byteLength);
  reader.finish(bytes.byteLength);
  return predict;
}

export function toWireTensor(tensor: Tensor): WireTensor {
  return {
    name: tensor.name,
    datatype: DATA_TYPE_NUMBER[tensor.datatype],
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
