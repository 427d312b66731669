/**
 * A latency histogram in constant memory: linear below 256 ticks, then 128 buckets an octave, so that a quantile is
 * within 0.8 % of the value recorded (the idea of HdrHistogram, https://hdrhistogram.github.io/HdrHistogram/).
 */

/** A tick is 0.1 µs. */
const TICKS_PER_MS = 10_000;
const SUB_BITS = 7;
const LINEAR_TICKS = 2 << SUB_BITS;
/** 214 s: what takes longer is counted in the last bucket; `maxMs` stays exact. */
const TICKS_MAX = 2 ** 31 - 1;
const BUCKETS = bucketOf(TICKS_MAX) + 1;

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** 0 where nothing was recorded, like every figure here. */
  get maxMs(): number {
    return this.#maxMs;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** Counts one duration in ms; below zero counts as zero. */
  record(ms: number): void {
    const ticks = Math.min(TICKS_MAX, Math.max(0, Math.round(ms * TICKS_PER_MS)));
    this.#counts[bucketOf(ticks)]!++;
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** The duration in ms that a share `q` (0 to 1) of those recorded do not exceed; the middle of its bucket. */
  quantileMs(q: number): number {
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(this.#maxMs, middleOf(bucket) / TICKS_PER_MS);
    }
    return this.#maxMs;
  }

  /** Adds what another histogram holds. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }
}

function bucketOf(ticks: number): number {
  if (ticks < LINEAR_TICKS) return ticks;
  const octave = 31 - Math.clz32(ticks) - SUB_BITS;
  return (octave << SUB_BITS) + (ticks >>> octave);
}

function middleOf(bucket: number): number {
  if (bucket < LINEAR_TICKS) return bucket;
  const octave = (bucket >>> SUB_BITS) - 1;
  const lowest = (bucket - (octave << SUB_BITS)) * 2 ** octave;
  return lowest + 2 ** octave / 2;
}
