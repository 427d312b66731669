/**
 * ModelStreamInfer: requests of one stream run side by side, and are answered in the order in which they came. Only so
 * many are under way; beyond that, and while the caller does not take its answers, nothing more is read, so that
 * HTTP/2's flow control holds the caller back. A request that fails is answered with its error and the stream goes on.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { ServingError } from '../../proto/errors.ts';
import { GRPC_STREAM_IN_FLIGHT_MAX } from '../edge/limits.ts';
import type { Caller } from '../router/gateway-port.ts';
import type { CallGate, Ticket } from './call-gate.ts';
import { type CallTerms, type InferContext, infer, termsOf } from './infer-call.ts';
import type { InferReplyWriter } from './infer-reply.ts';
import { decodeInferRequest, type GrpcInferRequest, idAndModelOf } from './infer-request.ts';
import { errorText, presentable, statusOf } from './status.ts';

export type StreamContext = InferContext & {
  readonly gate: CallGate;
  readonly replies: InferReplyWriter;
  readonly onInternalError: (error: ServingError, requestId: string) => void;
};

type Waiting = {
  /** Null while it runs. */
  answer: Buffer | null;
  readonly bytes: number;
  readonly caller: Caller;
  readonly counted: boolean;
};

export class InferStream {
  readonly #context: StreamContext;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #ticket: Ticket;
  readonly #onOver: (stream: InferStream) => void;
  /** In the order in which they came. */
  #waiting: Waiting[] = [];
  #terms: CallTerms | null = null;
  /** The caller does not take what it was sent. */
  #blocked = false;
  #lastSeen = false;
  #draining = false;
  #over = false;

  /** `onOver` is called once, when nothing of it is left. */
  constructor(
    context: StreamContext,
    call: ServerDuplexStream<Buffer, Buffer>,
    ticket: Ticket,
    onOver: (stream: InferStream) => void,
  ) {
    this.#context = context;
    this.#call = call;
    this.#ticket = ticket;
    this.#onOver = onOver;
  }

  start(): void {
    const call = this.#call;
    call.on('cancelled', () => this.#gone());
    try {
      this.#terms = termsOf(call.metadata, call.getDeadline());
    } catch (thrown) {
      this.#end(presentable(thrown));
      return;
    }
    call.on('data', (message: Buffer) => this.#onMessage(message, this.#terms!));
    call.on('end', () => {
      this.#lastSeen = true;
      this.#endIfDone();
    });
  }

  /** Ends it as soon as what is under way has been answered. */
  drain(): void {
    this.#draining = true;
    this.#endIfDone();
  }

  #onMessage(message: Buffer, terms: CallTerms): void {
    const { gate, clock } = this.#context;
    const bytes = this.#ticket.messageBytes.shift() ?? 0;
    if (this.#over) return;
    const startMs = clock.nowMs();
    const refusal = gate.inFlight.enter();
    const caller: Caller = { onGone: null };
    const waiting: Waiting = { answer: null, bytes, caller, counted: refusal === undefined };
    this.#waiting.push(waiting);
    this.#readOrPause();
    const answered = (answer: Buffer, code: string) => {
      gate.observe(this.#ticket.method, code, startMs);
      waiting.answer = answer;
      if (this.#over) this.#forget(waiting);
      else this.#flush();
    };
    const fail = (thrown: unknown) => {
      const error = presentable(thrown);
      const { id, model } = idAndModelOf(message);
      if (error.code === 'INTERNAL') this.#context.onInternalError(error, id);
      answered(this.#context.replies.streamError(errorText(error), id, model), error.code);
    };
    if (refusal === undefined) this.#run(message, terms, caller, answered, fail);
    else fail(refusal);
  }

  #run(
    message: Buffer,
    terms: CallTerms,
    caller: Caller,
    answered: (answer: Buffer, code: string) => void,
    fail: (thrown: unknown) => void,
  ): void {
    let request: GrpcInferRequest;
    try {
      request = decodeInferRequest(message);
    } catch (thrown) {
      fail(thrown);
      return;
    }
    const { id, outputs, saysFinal } = request;
    const { replies } = this.#context;
    const asked = async () => infer(this.#context, request, terms, true, caller);
    asked()
      .then((result) => replies.streamResponse(result, id, outputs, saysFinal))
      .then((answer) => answered(answer, 'OK'), fail);
  }

  /** Writes what is ready, as far as it is its turn and the caller takes it. */
  #flush(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (this.#blocked || first === undefined || first.answer === null) break;
      this.#waiting.shift();
      const taken = this.#call.write(first.answer);
      this.#forget(first);
      if (!taken) this.#block();
    }
    this.#readOrPause();
    this.#endIfDone();
  }

  #block(): void {
    this.#blocked = true;
    this.#ticket.blockedSinceMs = this.#context.clock.nowMs();
    this.#call.once('drain', () => {
      this.#blocked = false;
      this.#ticket.blockedSinceMs = -1;
      this.#flush();
    });
  }

  #readOrPause(): void {
    if (this.#over) return;
    const full = this.#blocked || this.#waiting.length >= GRPC_STREAM_IN_FLIGHT_MAX;
    if (full === this.#ticket.paused) return;
    this.#ticket.paused = full;
    if (full) {
      this.#call.pause();
    } else {
      // What is under way now has all its time.
      if (this.#ticket.dueSinceMs >= 0) this.#ticket.dueSinceMs = this.#context.clock.nowMs();
      this.#call.resume();
    }
  }

  #endIfDone(): void {
    if (this.#over || this.#waiting.length > 0) return;
    if (this.#draining)
      this.#end(new ServingError('UNAVAILABLE', 'edge', 'this process is draining; open the stream to another one'));
    else if (this.#lastSeen) this.#end(null);
  }

  #end(error: ServingError | null): void {
    if (this.#over) return;
    this.#over = true;
    if (error === null) this.#call.end();
    else this.#call.emit('error', statusOf(error, ''));
    this.#onOver(this);
  }

  /** The caller has left, or the deadline of the stream has passed. */
  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      if (one.answer === null) one.caller.onGone?.();
      else this.#forget(one);
    }
    this.#onOver(this);
  }

  #forget(waiting: Waiting): void {
    if (waiting.counted) this.#context.gate.inFlight.leave();
    this.#context.gate.release(this.#ticket, waiting.bytes);
  }
}
