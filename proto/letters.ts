/**
 * What actors say to each other, as plain objects. In one process a message is handed over as it is; between processes
 * it travels as a letter in an envelope (`envelope.ts`). Both forms carry every field.
 */
import { codeFromNumber, ERROR_RULES, type ErrorCode, ServingError, type Stage } from './errors.ts';
import type { Tensor } from './tensor.ts';

export type Failure = { code: number; stage: string; message: string };
/** Present on sampled requests only: 16 and 8 bytes. */
export type TraceContext = { traceId: Uint8Array; spanId: Uint8Array };
export type Timings = { totalUs: number; shardUs: number; queueUs: number; runUs: number; batchRows: number };

/** What a read asks of how fresh its features are. */
export type ReadBound = {
  /** Log sequences that must be applied where the features are read; empty: whatever is there. */
  minSeq: readonly number[];
  /** The partition of each; empty in a Predict: they are one a row, of the row's own partition. */
  minPartitions: readonly number[];
  /** Rows older than this count as expired, whatever their view's ttl; 0: the ttl alone. */
  maxAgeMs: number;
};
/**
 * How long a shard lets a read wait for its `minSeq`, of the time that it has left: the rest is for another owner, and
 * for the answer's way.
 */
export const MIN_SEQ_WAIT_SHARE = 0.5;
/** Of a request that asks for nothing. */
export const UNBOUND: ReadBound = { minSeq: [], minPartitions: [], maxAgeMs: 0 };

export type Predict = {
  id: number;
  replyTo: string;
  requestId: string;
  model: string;
  version: string;
  inputs: readonly Tensor[];
  budgetUs: number;
  trace: TraceContext | null;
  traceId: string;
} & ReadBound;
export type PredictReply = {
  id: number;
  /** As a whole only where `requestNumber` is 0: see `requestIdOf`. */
  requestId: string;
  failure: Failure | null;
  model: string;
  version: string;
  outputs: readonly Tensor[];
  /** `RowFreshness`, encoded: see freshness.ts. */
  freshness: Uint8Array | null;
  timings: Timings | null;
  traceId: string;
  /** Of requests that came without an id: the router numbers them, and only who asks spells the number out. */
  requestNumber: number;
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
} & ReadBound;
export type Compute = {
  id: number;
  replyTo: string;
  model: string;
  budgetUs: number;
  rows: number;
  inputs: Uint8Array[];
  trace: TraceContext | null;
  dims: number[];
  /** `RowFreshness`, encoded: see freshness.ts. */
  freshness: Uint8Array | null;
  shardUs: number;
};
export type Answer = {
  id: number;
  failure: Failure | null;
  outputs: Uint8Array[];
  dims: number[];
  /** `RowFreshness`, encoded: see freshness.ts. */
  freshness: Uint8Array | null;
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
  /** The layout in which the asker reads rows; 0: the shard's own. */
  schemaHash: number;
} & ReadBound;
/** What a shard says of a row, as a byte. */
export const ROW_STATUS = { missing: 0, found: 1, expired: 2 } as const;
/** One entry a key in each list. */
export type ReadFeaturesReply = {
  id: number;
  failure: Failure | null;
  /** Of the rows that were found; empty for the others. */
  records: Uint8Array[];
  appliedSeq: number[];
  epoch: number;
  /** `ROW_STATUS`. */
  statuses: Uint8Array;
  /** When the row was true, expired or not; -1: nothing is stored. */
  eventMs: number[];
  /** Unix time by the shard's clock at which ages were judged. */
  asOfMs: number;
};
/** Whoever sent request `id` does not wait for it any more. It asks for nothing. */
export type Cancel = { id: number; replyTo: string };

export type Message =
  | { readonly kind: 'predict'; readonly body: Predict }
  | { readonly kind: 'predictReply'; readonly body: PredictReply }
  | { readonly kind: 'enrich'; readonly body: Enrich }
  | { readonly kind: 'compute'; readonly body: Compute }
  | { readonly kind: 'answer'; readonly body: Answer }
  | { readonly kind: 'readFeatures'; readonly body: ReadFeatures }
  | { readonly kind: 'readFeaturesReply'; readonly body: ReadFeaturesReply }
  | { readonly kind: 'cancel'; readonly body: Cancel };

export type MessageKind = Message['kind'];

/** Texts of a failure, and what it repeats of the request, are cut here: it must fit whatever the request did not. */
const FAILURE_CHARS_MAX = 4_096;
const ECHO_CHARS_MAX = 256;

export function failure(code: ErrorCode, stage: Stage, message: string): Failure {
  return { code: ERROR_RULES[code].number, stage, message: cut(message, FAILURE_CHARS_MAX) };
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}…`;
}

export function failureOf(error: ServingError): Failure {
  return failure(error.code, error.stage, error.message);
}

export function errorOf(wire: Failure): ServingError {
  return new ServingError(codeFromNumber(wire.code), wire.stage as Stage, wire.message);
}

/** The request's id as callers see it. */
export function requestIdOf({ requestId, requestNumber }: PredictReply): string {
  return requestNumber === 0 ? requestId : requestId + requestNumber.toString(36);
}

/** A reply that carries nothing but the failure. */
export function failedRead(id: number, why: Failure, epoch = 0): Message {
  return {
    kind: 'readFeaturesReply',
    body: { id, failure: why, records: [], appliedSeq: [], epoch, statuses: NO_BYTES, eventMs: [], asOfMs: 0 },
  };
}

const NO_BYTES = new Uint8Array(0);

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
 * What is sent in place of a message that cannot be carried: to the sender of a request its refusal, to the receiver of
 * a reply a failure under the same number; null for what nobody waits for.
 */
export function substitute(message: Message, to: string, why: Failure): { to: string; message: Message } | null {
  const refused = refusal(message, why);
  if (refused !== null) return refused;
  const { kind, body } = message;
  if (kind === 'predictReply') {
    const { id, requestNumber } = body;
    const echoed = echoOf(body);
    const reply = { ...echoed, id, requestNumber, failure: why, outputs: [], freshness: null, timings: null };
    return { to, message: { kind, body: reply } };
  }
  if (kind === 'readFeaturesReply') {
    return { to, message: failedRead(body.id, why, body.epoch) };
  }
  return kind === 'answer' ? { to, message: failedAnswer(body.id, why) } : null;
}

function echoOf({ requestId, model, version, traceId }: Predict | PredictReply) {
  return {
    requestId: cut(requestId, ECHO_CHARS_MAX),
    model: cut(model, ECHO_CHARS_MAX),
    version: cut(version, ECHO_CHARS_MAX),
    traceId: cut(traceId, ECHO_CHARS_MAX),
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
            ...echoOf(message.body),
            id: message.body.id,
            failure: why,
            outputs: [],
            freshness: null,
            timings: null,
            requestNumber: 0,
          },
        },
      };
    case 'enrich':
    case 'compute':
      return { to: message.body.replyTo, message: failedAnswer(message.body.id, why) };
    case 'readFeatures':
      return { to: message.body.replyTo, message: failedRead(message.body.id, why) };
    default:
      return null;
  }
}
