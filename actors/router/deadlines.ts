/** Calls back for each scheduled item once its time has come: a timing wheel that ticks only while it holds something. */
import type { ActorContext } from '../../cluster/actors/actor-system.ts';
import { TimerWheel } from '../../cluster/timer-wheel.ts';

/** Items come out at most this late; it also bounds how long what is no longer wanted lingers past its time. */
export const TICK_MS = 4;
const SLOTS = 1_024;

export class Deadlines<T> {
  readonly #context: ActorContext;
  readonly #onDue: (item: T) => void;
  readonly #wheel: TimerWheel<T>;
  #ticking = false;

  constructor(context: ActorContext, onDue: (item: T) => void) {
    this.#context = context;
    this.#onDue = onDue;
    this.#wheel = new TimerWheel({ tickMs: TICK_MS, slots: SLOTS, nowMs: context.clock.nowMs() });
  }

  schedule(item: T, dueMs: number): void {
    this.#wheel.schedule(item, dueMs);
    this.#tick();
  }

  #tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#context.after(TICK_MS, () => {
      this.#ticking = false;
      this.#wheel.advance(this.#context.clock.nowMs(), this.#onDue);
      if (this.#wheel.size > 0) this.#tick();
    });
  }
}
