/** Calls back for each scheduled item once its time has come: a timing wheel that ticks only while it holds something. */
import type { Clock } from './clock.ts';
import { type TimerId, TimerWheel } from './timer-wheel.ts';

/** Items come out at most this late. */
export const TICK_MS = 4;
const SLOTS = 1_024;

/** A clock, or the supervised timers of an actor. */
export type Timers = Pick<Clock, 'nowMs' | 'after'>;

export class Deadlines<T> {
  readonly #timers: Timers;
  readonly #onDue: (item: T) => void;
  readonly #wheel: TimerWheel<T>;
  #ticking = false;

  constructor(timers: Timers, onDue: (item: T) => void) {
    this.#timers = timers;
    this.#onDue = onDue;
    this.#wheel = new TimerWheel({ tickMs: TICK_MS, slots: SLOTS, nowMs: timers.nowMs() });
  }

  schedule(item: T, dueMs: number): TimerId {
    this.#tick();
    return this.#wheel.schedule(item, dueMs);
  }

  /** Harmless for 0, for what has come out and for what was cancelled before. */
  cancel(id: TimerId): void {
    this.#wheel.cancel(id);
  }

  #tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    // On the wheel's own beat: a timer that started between two beats would let items wait for two of them.
    const sinceBeatMs = this.#timers.nowMs() % TICK_MS;
    this.#timers.after(Math.ceil(TICK_MS - sinceBeatMs), () => {
      this.#ticking = false;
      this.#wheel.advance(this.#timers.nowMs(), this.#onDue);
      if (this.#wheel.size > 0) this.#tick();
    });
  }
}
