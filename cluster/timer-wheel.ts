/**
 * Many deadlines, few timers: a hashed timing wheel (Varghese and Lauck, SOSP 1987). Adding and cancelling cost O(1), and
 * what is cancelled is forgotten at once: nearly every deadline is, and none must keep its request in memory until then.
 * Pure: time is passed in.
 *
 * The slots are lists of numbers in typed arrays, not of objects: an object in a list that has become old keeps its young
 * neighbours from being collected, and with them every request that they stand for. Measured with arrays as slots: a
 * tenth of all requests outlived their collection, at a seventh of the router's time.
 */

/** What `schedule` returns; 0 is never given out. */
export type TimerId = number;

const NOWHERE = -1;
const ENTRIES_MIN = 64;

export class TimerWheel<T> {
  readonly #tickMs: number;
  readonly #first: Uint32Array;
  readonly #last: Uint32Array;
  #doneTick: number;
  #size = 0;
  #lastId = 0;
  // By an entry's position, the lowest bits of its id. Ids rise, so that one which was cancelled long ago is nobody else's.
  #ids = new Uint32Array(ENTRIES_MIN);
  #items: (T | undefined)[] = new Array<T | undefined>(ENTRIES_MIN).fill(undefined);
  #dueMs = new Float64Array(ENTRIES_MIN);
  #slot = new Int32Array(ENTRIES_MIN);
  #next = new Uint32Array(ENTRIES_MIN);
  #previous = new Uint32Array(ENTRIES_MIN);

  /** Due items come out at most one tick late. Items further away than `slots` ticks stay for another round. */
  constructor(options: { tickMs: number; slots: number; nowMs: number }) {
    this.#tickMs = options.tickMs;
    this.#first = new Uint32Array(options.slots);
    this.#last = new Uint32Array(options.slots);
    this.#doneTick = Math.floor(options.nowMs / options.tickMs);
  }

  /** Items scheduled, neither due yet nor cancelled. */
  get size(): number {
    return this.#size;
  }

  schedule(item: T, dueMs: number): TimerId {
    if (this.#size * 2 >= this.#ids.length) this.#grow();
    const mask = this.#ids.length - 1;
    let id = this.#lastId;
    do {
      id = (id + 1) >>> 0;
    } while (id === 0 || this.#ids[id & mask] !== 0);
    this.#lastId = id;
    const at = id & mask;
    this.#ids[at] = id;
    this.#items[at] = item;
    this.#dueMs[at] = dueMs;
    this.#size++;
    this.#link(id);
    return id;
  }

  /** Harmless for an entry that has come due or was cancelled before. */
  cancel(id: TimerId): void {
    if (id === 0 || this.#ids[this.#at(id)] !== id) return;
    this.#unlink(id);
    this.#free(id);
  }

  /** Calls back for each item due by now, and forgets it. Items scheduled by the callback are not lost. */
  advance(nowMs: number, onDue: (item: T) => void): void {
    const nowTick = Math.floor(nowMs / this.#tickMs);
    const slots = this.#first.length;
    const ticks = Math.min(nowTick - this.#doneTick, slots);
    this.#doneTick = Math.max(this.#doneTick, nowTick);
    for (let tick = nowTick - ticks + 1; tick <= nowTick; tick++) {
      for (const id of this.#takeSlot(tick % slots)) {
        const at = this.#at(id);
        // An earlier callback of this round may have cancelled it.
        if (this.#ids[at] !== id) continue;
        if (this.#dueMs[at]! > nowMs) {
          this.#link(id);
          continue;
        }
        const item = this.#items[at]!;
        this.#free(id);
        onDue(item);
      }
    }
  }

  #at(id: TimerId): number {
    return id & (this.#ids.length - 1);
  }

  /** To the end of the slot of its time; what is due already comes out at the next advance. */
  #link(id: TimerId): void {
    const at = this.#at(id);
    const tick = Math.max(Math.ceil(this.#dueMs[at]! / this.#tickMs), this.#doneTick + 1);
    const slot = tick % this.#first.length;
    const last = this.#last[slot]!;
    this.#slot[at] = slot;
    this.#previous[at] = last;
    this.#next[at] = 0;
    this.#last[slot] = id;
    if (last === 0) this.#first[slot] = id;
    else this.#next[this.#at(last)] = id;
  }

  #unlink(id: TimerId): void {
    const at = this.#at(id);
    const slot = this.#slot[at]!;
    if (slot === NOWHERE) return;
    const next = this.#next[at]!;
    const previous = this.#previous[at]!;
    if (previous === 0) this.#first[slot] = next;
    else this.#next[this.#at(previous)] = next;
    if (next === 0) this.#last[slot] = previous;
    else this.#previous[this.#at(next)] = previous;
  }

  #free(id: TimerId): void {
    const at = this.#at(id);
    this.#ids[at] = 0;
    this.#items[at] = undefined;
    this.#size--;
  }

  /** Empties a slot; its entries stay known, in no slot. */
  #takeSlot(slot: number): TimerId[] {
    const ids: TimerId[] = [];
    for (let id = this.#first[slot]!; id !== 0; id = this.#next[this.#at(id)]!) {
      ids.push(id);
      this.#slot[this.#at(id)] = NOWHERE;
    }
    this.#first[slot] = 0;
    this.#last[slot] = 0;
    return ids;
  }

  /** Twice the room: entries that had different positions still have. */
  #grow(): void {
    const ids = this.#ids;
    const items = this.#items;
    const [dueMs, slot, next, previous] = [this.#dueMs, this.#slot, this.#next, this.#previous];
    const room = ids.length * 2;
    this.#ids = new Uint32Array(room);
    this.#items = new Array<T | undefined>(room).fill(undefined);
    this.#dueMs = new Float64Array(room);
    this.#slot = new Int32Array(room);
    this.#next = new Uint32Array(room);
    this.#previous = new Uint32Array(room);
    ids.forEach((id, from) => {
      if (id === 0) return;
      const at = id & (room - 1);
      this.#ids[at] = id;
      this.#items[at] = items[from];
      this.#dueMs[at] = dueMs[from]!;
      this.#slot[at] = slot[from]!;
      this.#next[at] = next[from]!;
      this.#previous[at] = previous[from]!;
    });
  }
}
