/**
 * Many deadlines, few timers: a hashed timing wheel (Varghese and Lauck, SOSP 1987). Adding and cancelling cost O(1), and
 * what is cancelled is forgotten at once: nearly every deadline is, and none must keep its request in memory until then.
 * Pure: time is passed in.
 */

/** One scheduled item, for `cancel`. */
export type WheelEntry<T> = {
  readonly item: T;
  readonly dueMs: number;
  slot: number;
  index: number;
  cancelled: boolean;
};

const NOWHERE = -1;

export class TimerWheel<T> {
  readonly #tickMs: number;
  readonly #slots: WheelEntry<T>[][];
  #doneTick: number;
  #size = 0;

  /** Due items come out at most one tick late. Items further away than `slots` ticks stay for another round. */
  constructor(options: { tickMs: number; slots: number; nowMs: number }) {
    this.#tickMs = options.tickMs;
    this.#slots = Array.from({ length: options.slots }, () => []);
    this.#doneTick = Math.floor(options.nowMs / options.tickMs);
  }

  /** Items scheduled, neither due yet nor cancelled. */
  get size(): number {
    return this.#size;
  }

  schedule(item: T, dueMs: number): WheelEntry<T> {
    const entry: WheelEntry<T> = { item, dueMs, slot: NOWHERE, index: NOWHERE, cancelled: false };
    this.#insert(entry);
    return entry;
  }

  /** Harmless for an entry that has come due or was cancelled before. */
  cancel(entry: WheelEntry<T>): void {
    entry.cancelled = true;
    if (entry.slot === NOWHERE) return;
    const slot = this.#slots[entry.slot]!;
    const last = slot.pop()!;
    if (last !== entry) {
      slot[entry.index] = last;
      last.index = entry.index;
    }
    entry.slot = NOWHERE;
    this.#size--;
  }

  /** Calls back for each item due by now, and forgets it. Items scheduled by the callback are not lost. */
  advance(nowMs: number, onDue: (item: T) => void): void {
    const nowTick = Math.floor(nowMs / this.#tickMs);
    const ticks = Math.min(nowTick - this.#doneTick, this.#slots.length);
    const first = nowTick - ticks + 1;
    this.#doneTick = Math.max(this.#doneTick, nowTick);
    for (let tick = first; tick <= nowTick; tick++) {
      const index = tick % this.#slots.length;
      const entries = this.#slots[index]!;
      if (entries.length === 0) continue;
      this.#slots[index] = [];
      this.#size -= entries.length;
      for (const entry of entries) entry.slot = NOWHERE;
      for (const entry of entries) {
        // An earlier callback of this round may have cancelled it.
        if (entry.cancelled) continue;
        if (entry.dueMs <= nowMs) onDue(entry.item);
        else this.#insert(entry);
      }
    }
  }

  #insert(entry: WheelEntry<T>): void {
    // What is due already comes out at the next advance.
    const tick = Math.max(Math.ceil(entry.dueMs / this.#tickMs), this.#doneTick + 1);
    entry.slot = tick % this.#slots.length;
    const slot = this.#slots[entry.slot]!;
    entry.index = slot.length;
    slot.push(entry);
    this.#size++;
  }
}
