/**
 * What is under way, by a number that is given out and taken back thousands of times a second. A Map would do, but not at
 * that rate: V8's hash tables leave a trail of outgrown copies behind, each of which keeps what it held from being
 * collected young. The slots of one array are used again and leave nothing.
 *
 * Numbers rise through all of 32 bits, so that an answer that comes late, from a process that was frozen say, finds
 * nothing rather than somebody else: the same number comes again after four billion others. A number's slot is its
 * lowest bits; numbers whose slot is still taken are left out.
 */

const SLOTS_MIN = 64;

export class SlotTable<T extends object> {
  #items: (T | null)[] = new Array<T | null>(SLOTS_MIN).fill(null);
  #ids = new Uint32Array(SLOTS_MIN);
  #size = 0;
  #last = 0;

  get size(): number {
    return this.#size;
  }

  /** The item's number, never 0. */
  add(item: T): number {
    if (this.#size * 2 >= this.#items.length) this.#grow();
    const mask = this.#items.length - 1;
    let id = this.#last;
    do {
      id = (id + 1) >>> 0;
    } while (id === 0 || this.#items[id & mask] !== null);
    this.#last = id;
    this.#items[id & mask] = item;
    this.#ids[id & mask] = id;
    this.#size++;
    return id;
  }

  get(id: number): T | null {
    const slot = id & (this.#items.length - 1);
    return this.#ids[slot] === id ? this.#items[slot]! : null;
  }

  /** What was there; null where it was taken out before. */
  remove(id: number): T | null {
    const item = this.get(id);
    if (item === null) return null;
    this.#items[id & (this.#items.length - 1)] = null;
    this.#size--;
    return item;
  }

  /** Everything there is now; adding and removing meanwhile is safe. */
  values(): T[] {
    return this.#items.filter((item) => item !== null);
  }

  /** Twice the slots: numbers that had different slots still have. */
  #grow(): void {
    const { length } = this.#items;
    const items = new Array<T | null>(length * 2).fill(null);
    const ids = new Uint32Array(length * 2);
    for (let slot = 0; slot < length; slot++) {
      const item = this.#items[slot]!;
      if (item === null) continue;
      const id = this.#ids[slot]!;
      items[id & (length * 2 - 1)] = item;
      ids[id & (length * 2 - 1)] = id;
    }
    this.#items = items;
    this.#ids = ids;
  }
}
