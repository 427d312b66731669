/**
 * Many deadlines, few timers: a hashed timing wheel (Varghese and Lauck, SOSP 1987). Adding costs O(1), and what is no
 * longer wanted need not be taken out: the owner ignores it when it comes due. Pure: time is passed in.
 */

type Slot<T> = { items: T[]; dueMs: number[] };

export class TimerWheel<T> {
  readonly #tickMs: number;
  readonly #slots: Slot<T>[];
  #doneTick: number;
  #size = 0;

  /** Due items come out at most one tick late. Items further away than `slots` ticks stay for another round. */
  constructor(options: { tickMs: number; slots: number; nowMs: number }) {
    this.#tickMs = options.tickMs;
    this.#slots = Array.from({ length: options.slots }, () => ({ items: [], dueMs: [] }));
    this.#doneTick = Math.floor(options.nowMs / options.tickMs);
  }

  /** Items not yet come due, wanted or not. */
  get size(): number {
    return this.#size;
  }

  schedule(item: T, dueMs: number): void {
    // What is due already comes out at the next advance.
    const tick = Math.max(Math.ceil(dueMs / this.#tickMs), this.#doneTick + 1);
    const slot = this.#slots[tick % this.#slots.length]!;
    slot.items.push(item);
    slot.dueMs.push(dueMs);
    this.#size++;
  }

  /** Calls back for each item due by now, and forgets it. Items scheduled by the callback are not lost. */
  advance(nowMs: number, onDue: (item: T) => void): void {
    const nowTick = Math.floor(nowMs / this.#tickMs);
    const ticks = Math.min(nowTick - this.#doneTick, this.#slots.length);
    const first = nowTick - ticks + 1;
    this.#doneTick = Math.max(this.#doneTick, nowTick);
    for (let tick = first; tick <= nowTick; tick++) {
      const index = tick % this.#slots.length;
      const { items, dueMs } = this.#slots[index]!;
      if (items.length === 0) continue;
      this.#slots[index] = { items: [], dueMs: [] };
      this.#size -= items.length;
      for (let i = 0; i < items.length; i++) {
        if (dueMs[i]! <= nowMs) onDue(items[i]!);
        else this.schedule(items[i]!, dueMs[i]!);
      }
    }
  }
}
