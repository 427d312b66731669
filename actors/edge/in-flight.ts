/** How many requests an edge is answering: refuses newcomers when full or draining, and says when the last one is out. */
import type { Clock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';

export class InFlight {
  readonly #clock: Clock;
  readonly #max: number;
  #count = 0;
  #draining = false;
  #whenEmpty: (() => void)[] = [];

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Counts a request, to be given back by `leave`; or says why not: UNAVAILABLE while draining, RESOURCE_EXHAUSTED when
   * full. What is refused is not counted.
   */
  enter(): ServingError | undefined {
    if (this.#draining) {
      return new ServingError('UNAVAILABLE', 'edge', 'this process is draining; send the request to another one');
    }
    if (this.#count >= this.#max) {
      return new ServingError(
        'RESOURCE_EXHAUSTED',
        'edge',
        `${this.#max} requests are being answered already; try again later`,
      );
    }
    this.#count++;
    return undefined;
  }

  leave(): void {
    this.#count--;
    if (!this.#draining || this.#count > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiting) resolve();
  }

  /** Refuses newcomers from now on; resolves when nobody is left inside, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<{ unfinished: number }> {
    this.#draining = true;
    if (this.#count === 0) return Promise.resolve({ unfinished: 0 });
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () => resolve({ unfinished: this.#count }));
      this.#whenEmpty.push(() => {
        timer.cancel();
        resolve({ unfinished: 0 });
      });
    });
  }
}
