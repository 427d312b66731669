/**
 * What is under way, by a number that is given out and taken back thousands of times a second. A Map would do, but not at
 * that rate: V8's hash tables leave a trail of outgrown copies behind, each of which keeps what it held from being
 * collected young. Slots of an array are used again and leave nothing.
 *
 *     number = generation · slot: a late answer to what used the slot before finds nothing
 */

const SLOT_BITS = 20;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const GENERATIONS = 1 << (32 - SLOT_BITS);

export class SlotTable<T extends object> {
  readonly #items: (T | null)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Throws RangeError when more than a million are under way: the owner bounds them far below. */
  add(item: T): number {
    let slot = this.#free.pop();
    if (slot === undefined) {
      slot = this.#items.length;
      if (slot > SLOT_MASK) throw new RangeError(`more than ${SLOT_MASK + 1} entries`);
      this.#items.push(item);
      this.#generations.push(1);
    } else {
      this.#items[slot] = item;
    }
    return ((this.#generations[slot]! << SLOT_BITS) | slot) >>> 0;
  }

  get(id: number): T | null {
    const slot = id & SLOT_MASK;
    return this.#generations[slot] === id >>> SLOT_BITS ? (this.#items[slot] ?? null) : null;
  }

  /** What was there; null where it was taken out before. */
  remove(id: number): T | null {
    const item = this.get(id);
    if (item === null) return null;
    const slot = id & SLOT_MASK;
    this.#items[slot] = null;
    // Never 0: that is the number of what was never added.
    this.#generations[slot] = (this.#generations[slot]! % (GENERATIONS - 1)) + 1;
    this.#free.push(slot);
    return item;
  }

  /** Everything there is now; adding and removing meanwhile is safe. */
  values(): T[] {
    return this.#items.filter((item) => item !== null);
  }
}
