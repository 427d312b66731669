/** Who may enter: counts requests in flight, refuses when full or draining, tells the observer how each one ended. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';

/** `route` is one of a fixed few; `status` 499 means that the caller left before its answer was sent. */
export type RequestObserver = (ended: {
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}) => void;

const CALLER_LEFT = 499;

export class Admission {
  readonly #clock: Clock;
  readonly #inFlightMax: number;
  readonly #observer: RequestObserver | undefined;
  #inFlight = 0;
  #draining = false;
  #whenEmpty: (() => void)[] = [];

  constructor(clock: Clock, inFlightMax: number, observer: RequestObserver | undefined) {
    this.#clock = clock;
    this.#inFlightMax = inFlightMax;
    this.#observer = observer;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Lets a request in until its response closes. `always` (health) is neither refused nor waited for. Throws UNAVAILABLE
   * while draining and RESOURCE_EXHAUSTED when full; refused requests are observed too.
   */
  admit(route: string, always: boolean, request: FastifyRequest, reply: FastifyReply): void {
    reply.header('x-request-id', request.id);
    const refusal = always ? undefined : this.#refusal();
    const counted = !always && refusal === undefined;
    const startMs = this.#clock.nowMs();
    if (counted) this.#inFlight++;
    // 'close' comes exactly once, also when the caller goes away; 'finish' would not.
    reply.raw.once('close', () => {
      const { writableFinished, statusCode } = reply.raw;
      this.#observer?.({
        route,
        status: writableFinished ? statusCode : CALLER_LEFT,
        seconds: (this.#clock.nowMs() - startMs) / 1000,
      });
      if (counted) this.#leave();
    });
    if (refusal === undefined) return;
    if (this.#draining) reply.header('connection', 'close');
    throw refusal;
  }

  /** Refuses newcomers from now on; resolves when nobody is left inside, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<{ unfinished: number }> {
    this.#draining = true;
    if (this.#inFlight === 0) return Promise.resolve({ unfinished: 0 });
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () => resolve({ unfinished: this.#inFlight }));
      this.#whenEmpty.push(() => {
        timer.cancel();
        resolve({ unfinished: 0 });
      });
    });
  }

  #refusal(): ServingError | undefined {
    if (this.#draining) {
      return new ServingError('UNAVAILABLE', 'edge', 'this process is draining; send the request to another one');
    }
    if (this.#inFlight < this.#inFlightMax) return undefined;
    return new ServingError(
      'RESOURCE_EXHAUSTED',
      'edge',
      `${this.#inFlightMax} requests are being answered already; try again later`,
    );
  }

  #leave(): void {
    this.#inFlight--;
    if (!this.#draining || this.#inFlight > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiting) resolve();
  }
}
