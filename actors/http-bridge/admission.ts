/** Who may enter: counts requests in flight, refuses when full or draining, tells the observer how each one ended. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../cluster/clock.ts';
import { InFlight } from '../edge/in-flight.ts';

/** `route` is one of a fixed few; `status` 499 means that the caller left before its answer was sent. */
export type RequestObserver = (ended: {
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}) => void;

const CALLER_LEFT = 499;

export class Admission {
  readonly #clock: Clock;
  readonly #inFlight: InFlight;
  readonly #observer: RequestObserver | undefined;

  constructor(clock: Clock, inFlightMax: number, observer: RequestObserver | undefined) {
    this.#clock = clock;
    this.#inFlight = new InFlight(clock, inFlightMax);
    this.#observer = observer;
  }

  get draining(): boolean {
    return this.#inFlight.draining;
  }

  /**
   * Lets a request in until its response closes. `always` (health) is neither refused nor waited for. Throws UNAVAILABLE
   * while draining and RESOURCE_EXHAUSTED when full; refused requests are observed too.
   */
  admit(route: string, always: boolean, request: FastifyRequest, reply: FastifyReply): void {
    reply.header('x-request-id', request.id);
    const refusal = always ? undefined : this.#inFlight.enter();
    const counted = !always && refusal === undefined;
    const startMs = this.#clock.nowMs();
    // 'close' comes exactly once, also when the caller goes away; 'finish' would not.
    reply.raw.once('close', () => {
      const { writableFinished, statusCode } = reply.raw;
      this.#observer?.({
        route,
        status: writableFinished ? statusCode : CALLER_LEFT,
        seconds: (this.#clock.nowMs() - startMs) / 1000,
      });
      if (counted) this.#inFlight.leave();
    });
    if (refusal === undefined) return;
    if (this.draining) reply.header('connection', 'close');
    throw refusal;
  }

  /** Refuses newcomers from now on; resolves when nobody is left inside, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<{ unfinished: number }> {
    return this.#inFlight.drain(timeoutMs);
  }
}
