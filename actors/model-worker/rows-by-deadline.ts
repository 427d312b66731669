/**
 * How many queued rows have their deadline before a given instant, to the millisecond: counts in a ring of buckets, and
 * sums of neighbouring buckets above them. Adding and removing touch two numbers; asking adds up a few dozen.
 */

const FINE_BITS = 5;
const FINE = 1 << FINE_BITS;
/** Buckets of a millisecond; deadlines further away than so many count as later than all others. */
const BUCKETS = 1024;

export class RowsByDeadline {
  readonly #fine = new Int32Array(BUCKETS);
  readonly #coarse = new Int32Array(BUCKETS >> FINE_BITS);
  #total = 0;

  /** Rows of all deadlines, however far. */
  get total(): number {
    return this.#total;
  }

  /** Returns the bucket, to be handed to `remove` again. */
  add(nowMs: number, deadlineMs: number, rows: number): number {
    this.#total += rows;
    const aheadMs = deadlineMs - nowMs;
    if (!(aheadMs < BUCKETS - 1)) return -1;
    const bucket = Math.floor(deadlineMs) & (BUCKETS - 1);
    this.#fine[bucket]! += rows;
    this.#coarse[bucket >> FINE_BITS]! += rows;
    return bucket;
  }

  remove(bucket: number, rows: number): void {
    this.#total -= rows;
    if (bucket < 0) return;
    this.#fine[bucket]! -= rows;
    this.#coarse[bucket >> FINE_BITS]! -= rows;
  }

  /** Rows with a deadline up to `deadlineMs`, those of the same millisecond included. */
  upTo(nowMs: number, deadlineMs: number): number {
    const aheadMs = deadlineMs - nowMs;
    if (!(aheadMs < BUCKETS - 1)) return this.#total;
    let bucket = Math.floor(nowMs) & (BUCKETS - 1);
    let left = Math.floor(deadlineMs) - Math.floor(nowMs) + 1;
    let rows = 0;
    while (left > 0) {
      if ((bucket & (FINE - 1)) === 0 && left >= FINE) {
        rows += this.#coarse[bucket >> FINE_BITS]!;
        bucket += FINE;
        left -= FINE;
      } else {
        rows += this.#fine[bucket]!;
        bucket++;
        left--;
      }
      bucket &= BUCKETS - 1;
    }
    return rows;
  }
}
