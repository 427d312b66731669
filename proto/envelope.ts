/**
 * Letters between two processes: their protobuf form (`messages.proto`) and the envelope that carries all that left for
 * the same process in one turn of the event loop.
 */
import { TensorMemory } from './letter-parts.ts';
import type { Message, MessageKind, Predict, PredictReply } from './letters.ts';
import * as replies from './reply-codec.ts';
import * as requests from './request-codec.ts';
import { TextCache, WireReader, WireWriter } from './wire.ts';

type Codec = {
  /** Field number of this kind in `Letter.body`. */
  readonly field: number;
  readonly write: (writer: WireWriter, body: never, before: never, tensors: TensorMemory) => void;
  readonly read: (reader: WireReader, end: number, before: never) => Message['body'];
  /** What the first letter of this kind is held against: protobuf's defaults. */
  readonly empty: Message['body'];
};

const EMPTY: { readonly [K in MessageKind]: Extract<Message, { kind: K }>['body'] } = {
  predict: {
    id: 0,
    replyTo: '',
    requestId: '',
    model: '',
    version: '',
    inputs: [],
    budgetUs: 0,
    trace: null,
    traceId: '',
    minSeq: [],
    minPartitions: [],
    maxAgeMs: 0,
  },
  predictReply: {
    id: 0,
    requestId: '',
    failure: null,
    model: '',
    version: '',
    outputs: [],
    freshness: null,
    timings: null,
    traceId: '',
    requestNumber: 0,
  },
  enrich: {
    id: 0,
    replyTo: '',
    model: '',
    budgetUs: 0,
    epoch: 0,
    keys: [],
    partitions: [],
    inputs: [],
    worker: '',
    trace: null,
    dims: [],
    minSeq: [],
    minPartitions: [],
    maxAgeMs: 0,
  },
  compute: {
    id: 0,
    replyTo: '',
    model: '',
    budgetUs: 0,
    rows: 0,
    inputs: [],
    trace: null,
    dims: [],
    freshness: null,
    shardUs: 0,
  },
  answer: {
    id: 0,
    failure: null,
    outputs: [],
    dims: [],
    freshness: null,
    shardUs: 0,
    queueUs: 0,
    runUs: 0,
    batchRows: 0,
    backlogUs: 0,
    epoch: 0,
  },
  readFeatures: {
    id: 0,
    replyTo: '',
    view: '',
    keys: [],
    partitions: [],
    epoch: 0,
    budgetUs: 0,
    trace: null,
    schemaHash: 0,
    minSeq: [],
    minPartitions: [],
    maxAgeMs: 0,
  },
  readFeaturesReply: {
    id: 0,
    failure: null,
    records: [],
    appliedSeq: [],
    epoch: 0,
    statuses: new Uint8Array(0),
    eventMs: [],
    asOfMs: 0,
  },
  cancel: { id: 0, replyTo: '' },
};

const CODECS: Readonly<Record<MessageKind, Codec>> = {
  predict: { field: 2, write: requests.writePredict, read: requests.readPredict, empty: EMPTY.predict },
  predictReply: {
    field: 3,
    write: replies.writePredictReply,
    read: replies.readPredictReply,
    empty: EMPTY.predictReply,
  },
  enrich: { field: 4, write: requests.writeEnrich, read: requests.readEnrich, empty: EMPTY.enrich },
  compute: { field: 5, write: requests.writeCompute, read: requests.readCompute, empty: EMPTY.compute },
  answer: { field: 6, write: replies.writeAnswer, read: replies.readAnswer, empty: EMPTY.answer },
  readFeatures: {
    field: 7,
    write: requests.writeReadFeatures,
    read: requests.readReadFeatures,
    empty: EMPTY.readFeatures,
  },
  readFeaturesReply: {
    field: 8,
    write: replies.writeReadFeaturesReply,
    read: replies.readReadFeaturesReply,
    empty: EMPTY.readFeaturesReply,
  },
  cancel: { field: 9, write: requests.writeCancel, read: requests.readCancel, empty: EMPTY.cancel },
};

const KIND_BY_FIELD: ({ kind: MessageKind; codec: Codec } | undefined)[] = [];
for (const [kind, one] of Object.entries(CODECS)) KIND_BY_FIELD[one.field] = { kind: kind as MessageKind, codec: one };

/** By field number: what the first letter of each kind in an envelope is held against. */
const NOTHING_BEFORE: readonly Message['body'][] = Array.from(
  KIND_BY_FIELD,
  (known) => known?.codec.empty ?? EMPTY.answer,
);

/** A writer's memory between envelopes, bytes: there is one a receiver. */
const KEPT_BYTES_MAX = 256 * 1024;

const LENGTH_DELIMITED = 2;
const ENVELOPE_FROM_TAG = (1 << 3) | LENGTH_DELIMITED;
const ENVELOPE_LETTERS_TAG = (2 << 3) | LENGTH_DELIMITED;
const LETTER_TO_TAG = (1 << 3) | LENGTH_DELIMITED;

/**
 * Letters for one process, encoded as they are added; `finish` makes the envelope and starts the next one. What a letter
 * has in common with the one of its kind before it is written once: in a busy envelope that is most of the text.
 */
export class EnvelopeWriter {
  readonly #writer = new WireWriter();
  readonly #emptyLength: number;
  readonly #before = [...NOTHING_BEFORE];
  /** By field number, as `#before`. */
  readonly #tensors = NOTHING_BEFORE.map(() => new TensorMemory());
  #to = '';
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
    const start = writer.length;
    const { field, write } = CODECS[message.kind];
    writer.varint(ENVELOPE_LETTERS_TAG);
    const letter = writer.open();
    writer.textUnless(this.#to, LETTER_TO_TAG, toActor);
    writer.varint((field << 3) | LENGTH_DELIMITED);
    const body = writer.open();
    try {
      write(writer, message.body as never, this.#before[field] as never, this.#tensors[field]!);
    } catch (thrown) {
      writer.truncate(start);
      this.#tensors[field]!.lost = true;
      throw thrown;
    }
    writer.close(body);
    writer.close(letter);
    if (writer.length > bytesMax) {
      writer.truncate(start);
      this.#tensors[field]!.lost = true;
      return false;
    }
    this.#to = toActor;
    this.#before[field] = message.body;
    this.#letters++;
    return true;
  }

  /** The envelope, behind `headerBytes` bytes left free for whoever carries it. */
  finish(headerBytes = 0): Uint8Array {
    const bytes = this.#writer.copyOut(headerBytes);
    this.#writer.truncate(this.#emptyLength);
    this.#writer.shrink(KEPT_BYTES_MAX);
    for (const memory of this.#tensors) memory.clear();
    for (let field = 0; field < NOTHING_BEFORE.length; field++) this.#before[field] = NOTHING_BEFORE[field]!;
    this.#to = '';
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
  const before = [...NOTHING_BEFORE];
  let to = '';
  while (reader.at < reader.end) {
    const tag = reader.varint();
    if (tag === ENVELOPE_LETTERS_TAG) to = readLetter(reader, to, before, deliver);
    else reader.skip(tag & 7);
  }
}

/** Returns to whom the letter was. */
function readLetter(
  reader: WireReader,
  toBefore: string,
  before: Message['body'][],
  deliver: (toActor: string, message: Message) => void,
): string {
  const end = reader.nested();
  let to = toBefore;
  let message: Message | null = null;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === LETTER_TO_TAG) {
      to = reader.recurringText();
      continue;
    }
    const field = tag >>> 3;
    const known = KIND_BY_FIELD[field];
    if (known === undefined || (tag & 7) !== LENGTH_DELIMITED) {
      reader.skip(tag & 7);
      continue;
    }
    const bodyEnd = reader.nested();
    const body = known.codec.read(reader, bodyEnd, before[field] as never);
    reader.finish(bodyEnd);
    before[field] = body;
    message = { kind: known.kind, body } as Message;
  }
  reader.finish(end);
  if (message !== null) deliver(to, message);
  return to;
}

/** One message by itself, for callers at the edge that send protobuf without an envelope. */
export function encodePredictReply(reply: PredictReply): Uint8Array {
  const writer = new WireWriter();
  replies.writePredictReply(writer, reply, EMPTY.predictReply, new TensorMemory());
  return writer.copyOut(0);
}

/** Throws on malformed bytes. */
export function decodePredict(bytes: Uint8Array): Predict {
  const reader = new WireReader(bytes, new TextCache());
  const predict = requests.readPredict(reader, bytes.byteLength, EMPTY.predict);
  reader.finish(bytes.byteLength);
  return predict;
}
