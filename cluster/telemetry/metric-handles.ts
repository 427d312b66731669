/**
 * What the hot path holds: a counter, a gauge, a histogram. Recording is an addition to a typed array, some
 * nanoseconds, where an OpenTelemetry instrument takes about a microsecond; everything else happens at the scrape.
 */

/** A sum that only grows. */
export class Counter {
  readonly #cell = new Float64Array(1);
  readonly #refused: Counter | null;

  /** `refused` counts what cannot be added; null only for that counter itself. */
  constructor(refused: Counter | null) {
    this.#refused = refused;
  }

  /** Adds `n` ≥ 0 (default 1). Negative and non-finite numbers are not added but counted as refused. */
  add(n = 1): void {
    if (n >= 0 && n < Number.POSITIVE_INFINITY) this.#cell[0]! += n;
    else this.#refused?.add(1);
  }

  get value(): number {
    return this.#cell[0]!;
  }
}

/** The latest value of something that goes up and down. */
export class Gauge {
  readonly #cell = new Float64Array(1);

  /** Any number; NaN and infinities are legal here and exported as Prometheus writes them. */
  set(value: number): void {
    this.#cell[0] = value;
  }

  add(n: number): void {
    this.#cell[0]! += n;
  }

  get value(): number {
    return this.#cell[0]!;
  }
}

export type HistogramSnapshot = {
  readonly count: number;
  readonly sum: number;
  /** Values a bucket, not cumulative: one a boundary (value ≤ boundary), then one for all above the last. */
  readonly buckets: readonly number[];
};

/** Counts of values by bucket, with their sum. */
export class Histogram {
  readonly #search: BucketSearch;
  /** One count a bucket, then the sum: one array, so that a record touches little memory. */
  readonly #cells: Float64Array;
  readonly #sumAt: number;
  readonly #refused: Counter;

  constructor(search: BucketSearch, refused: Counter) {
    this.#search = search;
    this.#sumAt = search.boundaries.length + 1;
    this.#cells = new Float64Array(this.#sumAt + 1);
    this.#refused = refused;
  }

  /** Records one value, in the unit of the metric's name. Non-finite values are counted as refused instead. */
  record(value: number): void {
    this.recordMany(value, 1);
  }

  /** Records the same value `count` times, as for the rows of one batch. `count` is a whole number ≥ 0. */
  recordMany(value: number, count: number): void {
    // One NaN would make the sum NaN for the life of the process.
    if (value - value !== 0 || count < 0 || !Number.isSafeInteger(count)) {
      this.#refused.add(1);
      return;
    }
    const cells = this.#cells;
    cells[this.#search.indexOf(value)]! += count;
    cells[this.#sumAt]! += value * count;
  }

  snapshot(): HistogramSnapshot {
    const buckets = Array.from(this.#cells.subarray(0, this.#sumAt));
    return { count: buckets.reduce((total, n) => total + n, 0), sum: this.#cells[this.#sumAt]!, buckets };
  }
}

/** Bits of a double's high word that a key drops: what stays is the sign, the exponent and two bits of fraction. */
const KEY_SHIFT = 18;

/**
 * Finds a value's bucket: the first boundary that is not below it.
 *
 * The top bits of a positive double grow with its value, a quarter of an octave a step. A table from those bits to
 * the first bucket they can fall in leaves a comparison or two, half the time of a binary search over 20 boundaries
 * (whose branches are mispredicted for latencies). Boundaries of zero or less fall back to the binary search.
 */
export class BucketSearch {
  readonly boundaries: Float64Array;
  readonly #first: number;
  readonly #last: number;
  readonly #table: Uint16Array | null;
  readonly #keyMin: number;
  readonly #double = new Float64Array(1);
  readonly #words = new Uint32Array(this.#double.buffer);

  /** `boundaries` are finite and strictly ascending; the caller has checked. */
  constructor(boundaries: readonly number[]) {
    this.boundaries = Float64Array.from(boundaries);
    this.#first = boundaries[0]!;
    this.#last = boundaries.at(-1)!;
    this.#keyMin = this.#key(this.#first);
    this.#table = this.#first > 0 ? this.#buildTable() : null;
  }

  /** 0 up to `boundaries.length`; the last means above every boundary. `value` is finite. */
  indexOf(value: number): number {
    if (value <= this.#first) return 0;
    const boundaries = this.boundaries;
    if (value > this.#last) return boundaries.length;
    if (this.#table === null) return this.#binarySearch(value);
    let index = this.#table[this.#key(value) - this.#keyMin]!;
    while (value > boundaries[index]!) index++;
    return index;
  }

  #key(value: number): number {
    this.#double[0] = value;
    return this.#words[HIGH_WORD]! >>> KEY_SHIFT;
  }

  #buildTable(): Uint16Array {
    const table = new Uint16Array(this.#key(this.#last) - this.#keyMin + 1);
    for (let i = 0; i < table.length; i++) {
      this.#words[HIGH_WORD] = (this.#keyMin + i) * 2 ** KEY_SHIFT;
      this.#words[1 - HIGH_WORD] = 0;
      table[i] = this.#binarySearch(this.#double[0]!);
    }
    return table;
  }

  #binarySearch(value: number): number {
    let low = 0;
    let high = this.boundaries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= this.boundaries[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Where this machine keeps the half of a double that holds sign and exponent. */
const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
