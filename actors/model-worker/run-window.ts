/** The newest run times of one bucket of row counts, in order of arrival and sorted. */
export class RunWindow {
  readonly #arrivedMs: Float64Array;
  readonly #arrivedRows: Float64Array;
  readonly #sortedMs: Float64Array;
  readonly #sortedRows: Float64Array;
  #count = 0;
  #oldest = 0;
  #rowsSum = 0;
  /** The model's count of runs when this bucket last ran. */
  newestRun = 0;
  /** Median of every bucket when this one last ran; 0 where it had too few runs. */
  readonly mediansSeen: Float64Array;
  /** Mean rows of every bucket at that time. */
  readonly meanRowsSeen: Float64Array;

  constructor(size: number, buckets: number) {
    this.#arrivedMs = new Float64Array(size);
    this.#arrivedRows = new Float64Array(size);
    this.#sortedMs = new Float64Array(size);
    this.#sortedRows = new Float64Array(size);
    this.mediansSeen = new Float64Array(buckets);
    this.meanRowsSeen = new Float64Array(buckets);
  }

  get count(): number {
    return this.#count;
  }

  get meanRows(): number {
    return this.#rowsSum / this.#count;
  }

  add(rows: number, ms: number): void {
    const at = this.#oldest;
    if (this.#count === this.#arrivedMs.length) {
      removeSorted(this.#sortedMs, this.#count, this.#arrivedMs[at]!);
      removeSorted(this.#sortedRows, this.#count, this.#arrivedRows[at]!);
      this.#rowsSum -= this.#arrivedRows[at]!;
      this.#count--;
    }
    insertSorted(this.#sortedMs, this.#count, ms);
    insertSorted(this.#sortedRows, this.#count, rows);
    this.#arrivedMs[at] = ms;
    this.#arrivedRows[at] = rows;
    this.#rowsSum += rows;
    this.#count++;
    this.#oldest = (at + 1) % this.#arrivedMs.length;
  }

  /** Rounded down in rank, so that with two or more runs the slowest (a cold first one) does not count alone. */
  quantile(quantile: number): number {
    return this.#sortedMs[Math.floor(quantile * (this.#count - 1))]!;
  }

  /** Rows at the same rank among the rows of all runs: more rows take longer, so the two belong together. */
  rowsQuantile(quantile: number): number {
    return this.#sortedRows[Math.floor(quantile * (this.#count - 1))]!;
  }

  /** Multiplies all times but those of the `newest` runs: those were measured after the machine's speed changed. */
  scaleAllButNewest(newest: number, factor: number): void {
    const size = this.#arrivedMs.length;
    for (let age = newest; age < this.#count; age++) {
      this.#arrivedMs[(this.#oldest - 1 - age + 2 * size) % size]! *= factor;
    }
    for (let age = 0; age < this.#count; age++) {
      this.#sortedMs[age] = this.#arrivedMs[(this.#oldest - 1 - age + 2 * size) % size]!;
    }
    this.#sortedMs.subarray(0, this.#count).sort();
    for (let bucket = 0; bucket < this.mediansSeen.length; bucket++) this.mediansSeen[bucket]! *= factor;
  }
}

function insertSorted(sorted: Float64Array, count: number, value: number): void {
  const rank = rankOf(sorted, count, value);
  sorted.copyWithin(rank + 1, rank, count);
  sorted[rank] = value;
}

function removeSorted(sorted: Float64Array, count: number, value: number): void {
  const rank = rankOf(sorted, count, value);
  sorted.copyWithin(rank, rank + 1, count);
}

/** Place of the first sorted value that is not below `value`. */
function rankOf(sorted: Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
