/**
 * Counting different values in little memory: keep the k smallest hashes (KMV; Bar-Yossef et al., 2002). With fewer
 * than k the count is exact. With k of them, the k-th smallest says how densely hashes lie: (k − 1) / (k-th / 2^32),
 * whose standard error is about 1/√(k − 2), 6% at k = 256. Sketches of several buckets unite without loss. Pure.
 */

export const SKETCH_HASHES = 256;
const HASH_RANGE = 2 ** 32;
/** Hashes are gathered up to twice k before the larger half is thrown away, so that sorting is rare. */
const GATHERED_MAX = 2 * SKETCH_HASHES;
const SLOT_BITS = 10;
const SLOTS = 2 ** SLOT_BITS;
/** 2^32 over the golden ratio: spreads hashes that share their low bits (Knuth, volume 3, 6.4). */
const SPREAD = 0x9e3779b1;

/** Union of sketches; reused between reads, so that reading allocates nothing. */
export class SketchUnion {
  readonly #hashes = new Uint32Array(GATHERED_MAX);
  /** Open addressing: place in `#hashes` plus one; 0 is free. */
  readonly #slots = new Uint16Array(SLOTS);
  #size = 0;
  /** Hashes above this can't be among the k smallest. */
  #limit = HASH_RANGE - 1;

  clear(): void {
    this.#size = 0;
    this.#limit = HASH_RANGE - 1;
    this.#slots.fill(0);
  }

  /** False where `hash`, and so every larger one, is too large to matter. */
  add(hash: number): boolean {
    if (hash > this.#limit) return false;
    let slot = Math.imul(hash, SPREAD) >>> (32 - SLOT_BITS);
    for (let place = this.#slots[slot]!; place !== 0; place = this.#slots[slot]!) {
      if (this.#hashes[place - 1] === hash) return true;
      slot = (slot + 1) & (SLOTS - 1);
    }
    this.#hashes[this.#size++] = hash;
    this.#slots[slot] = this.#size;
    if (this.#size === GATHERED_MAX) this.#shrink();
    return true;
  }

  /** How many different values were seen: exact below k, the nearest whole number to the estimate beyond. */
  estimate(): number {
    if (this.#size < SKETCH_HASHES) return this.#size;
    this.#shrink();
    return Math.round((SKETCH_HASHES - 1) / (this.#hashes[SKETCH_HASHES - 1]! / HASH_RANGE));
  }

  /** Sorts what was gathered and keeps the k smallest. */
  #shrink(): void {
    this.#hashes.subarray(0, this.#size).sort();
    this.#size = 0;
    this.#slots.fill(0);
    for (let i = 0; i < SKETCH_HASHES; i++) this.add(this.#hashes[i]!);
    this.#limit = this.#hashes[SKETCH_HASHES - 1]!;
  }
}
