/**
 * The client for services: typed calls over NATS. Calls made in one turn of the event loop share one NATS message, as
 * everything between Dovetail's processes does.
 */
import { ServingError } from '../proto/errors.ts';
import {
  errorOf,
  failure,
  type Message,
  type PredictReply,
  type ReadBound,
  refusal,
  requestIdOf,
  UNBOUND,
} from '../proto/letters.ts';
import { parseReadBound } from '../proto/read-bound.ts';
import { CALL_SUBJECT, CANCEL_SUBJECT } from '../proto/subjects.ts';
import { packBytes, type Tensor } from '../proto/tensor.ts';
import { type Freshness, freshnessRows } from './catalog/row-freshness.ts';
import { type Clock, systemClock } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import { FeatureClient, type ReadOptions } from './feature-client.ts';
import { silentLog } from './log.ts';
import { connectNats, type NatsLink } from './nats/nats-link.ts';
import { randomHex } from './random.ts';
import { SlotTable } from './slot-table.ts';
import { idBytes, parseTraceparent } from './telemetry/trace-context.ts';
import type { TimerId } from './timer-wheel.ts';
import { Transport } from './transport/transport.ts';

export type ClientOptions = {
  /** nats://host:4222, several by comma. Default: NATS_URL, else nats://127.0.0.1:4222. */
  readonly url?: string;
  readonly credentialsFile?: string;
  /** Deadline of calls that name none, ms. Default 1000. */
  readonly timeoutMs?: number;
  /** Calls under way; more are refused at once. Default 16384. */
  readonly callsInFlightMax?: number;
};

export type PredictOptions = ReadOptions & {
  readonly version?: string;
  readonly requestId?: string;
  /** W3C trace context to continue. */
  readonly traceparent?: string;
  /** Gives up when it aborts: the call rejects with CANCELLED, and the cluster stops working on it. */
  readonly signal?: AbortSignal;
};

export type Prediction = {
  readonly requestId: string;
  /** 32 hex digits; empty where the call brought no trace and was not sampled. */
  readonly traceId: string;
  readonly model: { readonly name: string; readonly version: string };
  readonly outputs: readonly Tensor[];
  /** One a row. */
  readonly features: readonly Freshness[];
  readonly timingsUs: { readonly total: number; readonly shard: number; readonly queue: number; readonly run: number };
};

export type DovetailClient = {
  /** Rejects with ServingError: the cluster's own errors, DEADLINE_EXCEEDED where no answer came in time. */
  predict(model: string, inputs: readonly Tensor[], options?: PredictOptions): Promise<Prediction>;
  readonly features: FeatureClient;
  close(): Promise<void>;
};

type Waiting = {
  id: number;
  readonly model: string;
  readonly timeoutMs: number;
  readonly resolve: (prediction: Prediction) => void;
  readonly reject: (error: ServingError) => void;
  deadline: TimerId;
  /** Takes what was done for its `signal` back; null where there is none. */
  onSettled: (() => void) | null;
};

/** What fits the wire, in µs and 32 bits, with room to spare; the cluster's own limit is below it. */
const TIMEOUT_MS_MAX = 3_600_000;
const ACTOR = 'client';
const BOUND_NAMES = { minSeq: 'minSeq', maxAgeMs: 'maxAgeMs' };
/** An answer at the deadline still has to travel. */
const GRACE_MS = 50;
/** Rejects with UNAVAILABLE where NATS cannot be reached. */
export async function connectClient(options: ClientOptions = {}): Promise<DovetailClient> {
  const nats = await connectNats({
    url: options.url ?? process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222',
    name: 'dovetail-client',
    clock: systemClock,
    log: silentLog,
    credentialsFile: options.credentialsFile,
    connectTimeoutMs: 5_000,
  });
  return new Client(nats, systemClock, options);
}

class Client implements DovetailClient {
  readonly #nats: NatsLink;
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #replyTo: string;
  readonly #timeoutMs: number;
  readonly #callsInFlightMax: number;
  readonly #waiting = new SlotTable<Waiting>();
  readonly #deadlines: Deadlines<Waiting>;
  readonly features: FeatureClient;

  constructor(nats: NatsLink, clock: Clock, options: ClientOptions) {
    this.#nats = nats;
    this.#clock = clock;
    this.#deadlines = new Deadlines<Waiting>(clock, (waiting) => this.#expire(waiting));
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    this.features = new FeatureClient(nats, this.#timeoutMs);
    this.#callsInFlightMax = options.callsInFlightMax ?? 16_384;
    const node = `client.${randomHex(8)}`;
    this.#replyTo = `${node}/${ACTOR}`;
    this.#transport = new Transport({
      node,
      wire: nats,
      clock,
      log: silentLog,
      envelopeBytesMax: 65_536,
      deliver: (_actor, message) => this.#receive(message),
      onTurnEnd: () => {},
    });
    this.#transport.listen();
  }

  predict(model: string, inputs: readonly Tensor[], options: PredictOptions = {}): Promise<Prediction> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    if (this.#waiting.size >= this.#callsInFlightMax) {
      return Promise.reject(
        new ServingError('RESOURCE_EXHAUSTED', 'edge', `${this.#waiting.size} calls are under way; wait for some`),
      );
    }
    if (!(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX)) {
      const why = `timeoutMs must be over 0 and at most ${TIMEOUT_MS_MAX}, got ${timeoutMs}`;
      return Promise.reject(new ServingError('INVALID_ARGUMENT', 'edge', why));
    }
    const { signal } = options;
    if (signal?.aborted === true) return Promise.reject(cancelled());
    return new Promise((resolve, reject) => {
      const bound = parseReadBound(options.minSeq, options.maxAgeMs, BOUND_NAMES) ?? UNBOUND;
      const waiting: Waiting = { id: 0, model, timeoutMs, resolve, reject, deadline: 0, onSettled: null };
      waiting.id = this.#waiting.add(waiting);
      waiting.deadline = this.#deadlines.schedule(waiting, this.#clock.nowMs() + timeoutMs + GRACE_MS);
      const message = this.#message(waiting.id, model, inputs, timeoutMs, bound, options);
      const handed = this.#transport.tellSubject(CALL_SUBJECT, 'router', message);
      if (handed !== 'sent') {
        const why =
          handed === 'too_large'
            ? failure('INVALID_ARGUMENT', 'edge', 'the request is too large to send; send fewer rows')
            : failure('UNAVAILABLE', 'edge', 'not connected to NATS');
        this.#receive(refusal(message, why)!.message);
      } else if (signal !== undefined) this.#cancelWith(waiting, signal);
    });
  }

  #cancelWith(waiting: Waiting, signal: AbortSignal): void {
    const onAbort = (): void => {
      this.#forget(waiting);
      // To every gateway: calls go to whichever of them is free, and none has said yet whose this one is.
      this.#transport.tellSubject(CANCEL_SUBJECT, 'router', {
        kind: 'cancel',
        body: { id: waiting.id, replyTo: this.#replyTo },
      });
      waiting.reject(cancelled());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.onSettled = () => signal.removeEventListener('abort', onAbort);
  }

  async close(): Promise<void> {
    this.#transport.stop();
    for (const waiting of this.#waiting.values()) {
      this.#forget(waiting);
      waiting.reject(new ServingError('CANCELLED', 'edge', 'the client was closed'));
    }
    await this.#nats.drain();
  }

  #receive(message: Message): void {
    if (message.kind !== 'predictReply') return;
    const waiting = this.#waiting.get(message.body.id);
    if (waiting === null) return;
    this.#forget(waiting);
    const { failure: why } = message.body;
    if (why !== null) {
      waiting.reject(errorOf(why));
      return;
    }
    waiting.resolve(new ReplyPrediction(message.body));
  }

  #message(
    id: number,
    model: string,
    inputs: readonly Tensor[],
    timeoutMs: number,
    { minSeq, minPartitions, maxAgeMs }: ReadBound,
    options: PredictOptions,
  ): Message {
    const incoming = options.traceparent === undefined ? null : parseTraceparent(options.traceparent);
    return {
      kind: 'predict',
      body: {
        id,
        replyTo: this.#replyTo,
        requestId: options.requestId ?? '',
        model,
        version: options.version ?? '',
        inputs,
        budgetUs: Math.max(1, Math.round(timeoutMs * 1_000)),
        trace: incoming?.sampled
          ? { traceId: idBytes(incoming.traceId), spanId: idBytes(incoming.parentSpanId) }
          : null,
        traceId: incoming?.traceId ?? '',
        minSeq,
        minPartitions,
        maxAgeMs,
      },
    };
  }

  #forget(waiting: Waiting): void {
    this.#waiting.remove(waiting.id);
    this.#deadlines.cancel(waiting.deadline);
    waiting.onSettled?.();
  }

  #expire(waiting: Waiting): void {
    this.#forget(waiting);
    const why = `no answer for model '${waiting.model}' within ${waiting.timeoutMs} ms: is a gateway running?`;
    waiting.reject(new ServingError('DEADLINE_EXCEEDED', 'edge', why));
  }
}

function cancelled(): ServingError {
  return new ServingError('CANCELLED', 'edge', 'the caller gave up: its signal aborted');
}

/** A reply as callers see it. What a caller does not look at is not made: most take the outputs and go. */
class ReplyPrediction implements Prediction {
  readonly #reply: PredictReply;

  constructor(reply: PredictReply) {
    this.#reply = reply;
  }

  get requestId(): string {
    return requestIdOf(this.#reply);
  }

  get traceId(): string {
    return this.#reply.traceId;
  }

  get model(): Prediction['model'] {
    return { name: this.#reply.model, version: this.#reply.version };
  }

  get outputs(): readonly Tensor[] {
    return this.#reply.outputs;
  }

  get features(): Prediction['features'] {
    return freshnessRows(this.#reply.freshness);
  }

  get timingsUs(): Prediction['timingsUs'] {
    const { timings } = this.#reply;
    if (timings === null) return { total: 0, shard: 0, queue: 0, run: 0 };
    return { total: timings.totalUs, shard: timings.shardUs, queue: timings.queueUs, run: timings.runUs };
  }

  /** For logs and JSON: everything. */
  toJSON(): Prediction {
    const { requestId, traceId, model, outputs, features, timingsUs } = this;
    return { requestId, traceId, model, outputs, features, timingsUs };
  }
}

const ENCODER = new TextEncoder();
const ONE_ROW: readonly number[] = [1];

/** A BYTES tensor of texts, one a row: entity keys. */
export function textTensor(name: string, texts: readonly string[]): Tensor {
  if (texts.length === 1) return { name, datatype: 'BYTES', shape: ONE_ROW, data: packText(texts[0]!) };
  const data = packBytes(texts.map((text) => ENCODER.encode(text)));
  return { name, datatype: 'BYTES', shape: [texts.length], data };
}

/** One element of BYTES data. Most keys are short and ASCII: no call into the encoder for those. */
function packText(text: string): Uint8Array {
  const { length } = text;
  if (length > 64) return packBytes([ENCODER.encode(text)]);
  const data = new Uint8Array(4 + length);
  data[0] = length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return packBytes([ENCODER.encode(text)]);
    data[4 + i] = code;
  }
  return data;
}

/** The numbers of an FP32 tensor, row-major. Throws INVALID_ARGUMENT for a tensor of another datatype. */
export function floatsOf(tensor: Tensor): Float32Array {
  if (tensor.datatype !== 'FP32') {
    throw new ServingError('INVALID_ARGUMENT', 'edge', `tensor '${tensor.name}' is ${tensor.datatype}, not FP32`);
  }
  // A copy: the bytes may lie at any offset of what came in.
  return new Float32Array(Uint8Array.from(tensor.data).buffer);
}

/** An FP32 tensor [rows, width]. */
export function floatTensor(name: string, rows: number, values: readonly number[] | Float32Array): Tensor {
  const floats = Float32Array.from(values);
  return {
    name,
    datatype: 'FP32',
    shape: [rows, Math.trunc(floats.length / rows)],
    data: new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength),
  };
}
