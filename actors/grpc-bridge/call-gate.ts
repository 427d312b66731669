/**
 * What every gRPC call passes before a handler sees it, and until its stream closes: admission, the bytes that it holds,
 * the time that it may take to arrive and to leave, and the observer. An interceptor of the server:
 *
 *   headers ─► enter ─► message ─► handler ─► status ─► closed
 *                │         │                     │         │
 *         UNAVAILABLE   RESOURCE_EXHAUSTED    observed    place and bytes given back
 *         (draining),   (bytes),
 *         RESOURCE_     DEADLINE_EXCEEDED
 *         EXHAUSTED     (not sent in time)
 */
import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  ServerInterceptingCall as InterceptingCall,
  type Metadata,
  type ServerInterceptingCall,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Clock } from '../../cluster/clock.ts';
import { codeFromNumber, ServingError } from '../../proto/errors.ts';
import { InFlight } from '../edge/in-flight.ts';
import { BODY_CHUNK_BYTES, LINGER_MS } from '../edge/limits.ts';
import { Frames } from './frames.ts';
import { statusOf } from './status.ts';

/** `method` is one of a fixed few; `code` is OK or an error code, CANCELLED where the caller left before its answer. */
export type CallObserver = (ended: {
  readonly method: string;
  readonly code: string;
  readonly seconds: number;
}) => void;

export type CallGateOptions = {
  readonly clock: Clock;
  readonly inFlightMax: number;
  /** Calls of any kind, health and streams included, whose stream is not closed. */
  readonly openMax: number;
  /** Bytes of requests held at once. */
  readonly bytesMax: number;
  /** A request must have arrived, and its answer been taken, within this time each. */
  readonly requestTimeoutMs: number;
  /** Full names (`/package.Service/Method`) that are answered while draining and when full. */
  readonly always: ReadonlySet<string>;
  /** Streams of requests: what comes in them is admitted one by one by their handler. */
  readonly streams: ReadonlySet<string>;
  readonly observer: CallObserver | undefined;
};

type InterceptedCall = Parameters<ServerInterceptor>[1];

/** One call, from its headers until its stream closes. */
export class Ticket {
  readonly method: string;
  readonly counted: boolean;
  readonly isStream: boolean;
  readonly startMs: number;
  readonly frames = new Frames(BODY_CHUNK_BYTES);
  /** Of each message of a stream that its handler has not taken yet. */
  readonly messageBytes: number[] = [];
  /** Bytes of requests that have arrived and are not answered. */
  heldBytes = 0;
  /** Since when a message is due or under way, or the answer is to be taken; -1: neither. */
  dueSinceMs: number;
  /** The one answer is written; what is missing is that the caller takes it. */
  answered = false;
  /** A stream's handler reads nothing for now: nobody can expect the caller to send. */
  paused = false;
  /** Since when the caller of a stream does not take its answers; -1: it does. */
  blockedSinceMs = -1;
  /** OK or an error code, once it has ended. */
  code = '';

  constructor(method: string, counted: boolean, isStream: boolean, nowMs: number) {
    this.method = method;
    this.counted = counted;
    this.isStream = isStream;
    this.startMs = nowMs;
    this.dueSinceMs = isStream ? -1 : nowMs;
  }

  /** Since when the caller keeps still although it is its turn; -1 where it is not. */
  get stillSinceMs(): number {
    if (this.code === '' && this.blockedSinceMs >= 0) return this.blockedSinceMs;
    return this.code === '' && this.paused ? -1 : this.dueSinceMs;
  }
}

export class CallGate {
  readonly inFlight: InFlight;
  readonly interceptor: ServerInterceptor;
  readonly #options: CallGateOptions;
  readonly #open = new Map<Ticket, { readonly call: InterceptedCall; readonly stream: ServerHttp2Stream }>();
  /** Metadata reach a handler as they came by here: what finds a call's ticket again. */
  readonly #tickets = new WeakMap<Metadata, Ticket>();
  #bytes = 0;

  constructor(options: CallGateOptions) {
    this.#options = options;
    this.inFlight = new InFlight(options.clock, options.inFlightMax);
    this.interceptor = (method, call) => this.#intercept(method.path, !method.responseStream, call);
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Calls whose stream is not closed. */
  get openCalls(): number {
    return this.#open.size;
  }

  ticketOf(metadata: Metadata): Ticket | undefined {
    return this.#tickets.get(metadata);
  }

  observe(method: string, code: string, startMs: number): void {
    this.#options.observer?.({ method, code, seconds: (this.#options.clock.nowMs() - startMs) / 1_000 });
  }

  release(ticket: Ticket, bytes: number): void {
    const given = Math.min(bytes, ticket.heldBytes);
    ticket.heldBytes -= given;
    this.#bytes -= given;
  }

  /** Ends calls whose callers have kept still for too long. To be called every now and then. */
  sweep(): void {
    const { clock, requestTimeoutMs } = this.#options;
    const nowMs = clock.nowMs();
    for (const [ticket, { call, stream }] of this.#open) {
      const stillSinceMs = ticket.stillSinceMs;
      if (stillSinceMs < 0 || nowMs - stillSinceMs < requestTimeoutMs) continue;
      const hasToTake = ticket.code !== '' || ticket.answered || ticket.blockedSinceMs >= 0;
      if (hasToTake) {
        this.#ended(ticket, 'CANCELLED');
        stream.close(constants.NGHTTP2_CANCEL);
      } else {
        this.#refuse(ticket, call, tooSlow(requestTimeoutMs));
      }
    }
  }

  #intercept(path: string, oneAnswer: boolean, call: InterceptedCall): ServerInterceptingCall {
    const { clock, always, streams, openMax } = this.#options;
    const isStream = streams.has(path);
    const uncounted = always.has(path) || isStream;
    const refusal = this.#open.size >= openMax ? tooMany(openMax) : uncounted ? undefined : this.inFlight.enter();
    const method = path.slice(path.lastIndexOf('/') + 1);
    const ticket = new Ticket(method, !uncounted && refusal === undefined, isStream, clock.nowMs());
    this.#follow(ticket, call);
    return new InterceptingCall(call, {
      start: (next) => {
        if (refusal !== undefined) {
          this.#refuse(ticket, call, refusal);
          return;
        }
        next({
          onReceiveMetadata: (metadata, go) => {
            this.#tickets.set(metadata, ticket);
            go(metadata);
          },
          onReceiveMessage: (message: Buffer, go) => {
            if (this.#unpacked(ticket, call, message.length)) go(message);
          },
          onReceiveHalfClose: (go) => {
            ticket.dueSinceMs = -1;
            go();
          },
        });
      },
      sendMessage: (message, next) => {
        if (oneAnswer) {
          ticket.answered = true;
          ticket.dueSinceMs = clock.nowMs();
        }
        next(message);
      },
      sendStatus: (status, next) => {
        this.#ended(ticket, status.code === 0 ? 'OK' : codeFromNumber(status.code ?? 2));
        next(status);
      },
    });
  }

  /** Counts what arrives, and gives everything back when the stream closes. */
  #follow(ticket: Ticket, call: InterceptedCall): void {
    const stream = streamOf(call);
    this.#open.set(ticket, { call, stream });
    const close = () => {
      this.#open.delete(ticket);
      this.release(ticket, ticket.heldBytes);
      if (ticket.counted) this.inFlight.leave();
      if (ticket.code === '') this.#ended(ticket, sentCode(stream));
    };
    if (stream.destroyed) {
      close();
      return;
    }
    stream.once('close', close);
    stream.on('data', (chunk: Buffer) => {
      if (ticket.code !== '') return;
      ticket.frames.push(chunk);
      if (!this.#hold(ticket, call, chunk.length + BODY_CHUNK_BYTES)) return;
      if (!ticket.isStream) return;
      if (!ticket.frames.partial) ticket.dueSinceMs = -1;
      else if (ticket.dueSinceMs < 0) ticket.dueSinceMs = this.#options.clock.nowMs();
    });
  }

  /** A message is whole, and `bytes` long now that it is unpacked. False where there is no room for it. */
  #unpacked(ticket: Ticket, call: InterceptedCall, bytes: number): boolean {
    const arrived = ticket.frames.take();
    const more = Math.max(0, bytes - arrived);
    if (more > 0 && !this.#hold(ticket, call, more)) return false;
    if (ticket.isStream) ticket.messageBytes.push(arrived + more);
    return true;
  }

  #hold(ticket: Ticket, call: InterceptedCall, bytes: number): boolean {
    if (this.#bytes + bytes > this.#options.bytesMax) {
      this.#refuse(ticket, call, noRoom());
      return false;
    }
    ticket.heldBytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  #refuse(ticket: Ticket, call: InterceptedCall, error: ServingError): void {
    const stream = this.#open.get(ticket)?.stream;
    this.#ended(ticket, error.code);
    call.sendStatus(statusOf(error, ''));
    // What still comes is dropped; a caller that goes on sending, or never ends, is cut off after a while.
    if (stream === undefined || stream.closed) return;
    const timer = this.#options.clock.after(LINGER_MS, () => stream.close(constants.NGHTTP2_NO_ERROR));
    stream.once('close', () => timer.cancel());
  }

  #ended(ticket: Ticket, code: string): void {
    if (ticket.code !== '') return;
    ticket.code = code;
    ticket.dueSinceMs = this.#options.clock.nowMs();
    // The requests in a stream are observed one by one.
    if (!ticket.isStream || (code !== 'OK' && code !== 'CANCELLED')) this.observe(ticket.method, code, ticket.startMs);
  }
}

/**
 * The HTTP/2 stream below a call, which the library keeps to itself: only there can be seen what has arrived of a message
 * that is not complete, and when an answer is really out. Without it no call is taken, so that no test can pass.
 */
function streamOf(call: InterceptedCall): ServerHttp2Stream {
  const stream: unknown = Reflect.get(call, 'stream');
  if (stream === null || typeof stream !== 'object' || !('close' in stream)) {
    throw new ServingError('INTERNAL', 'edge', 'this version of @grpc/grpc-js hides the stream of a call');
  }
  return stream as ServerHttp2Stream;
}

/** The code of a status that the library sent by itself: a deadline, a message too large. CANCELLED where none was. */
function sentCode(stream: ServerHttp2Stream): string {
  const sent = stream.sentTrailers?.['grpc-status'] ?? stream.sentHeaders?.['grpc-status'];
  return sent === undefined ? 'CANCELLED' : codeFromNumber(Number(sent));
}

function noRoom(): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    'edge',
    'the messages of other requests take all the room that there is for them; try again later',
  );
}

function tooMany(max: number): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', 'edge', `${max} calls are open already; try again later`);
}

function tooSlow(ms: number): ServingError {
  return new ServingError('DEADLINE_EXCEEDED', 'edge', `the request was not sent completely within ${ms} ms`);
}
