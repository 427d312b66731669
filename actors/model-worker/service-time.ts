/**
 * How long a batch of a given number of rows will run, learned from the runs themselves as quantiles (not means),
 * so that the batcher can keep a promise rather than an average. Pure: no clock, no I/O.
 *
 * Row counts fall into power-of-two buckets (1, 2, 3-4, 5-8, ...). Each bucket keeps its last `window` run times
 * sorted, so a quantile is exact over recent runs and an old regime is gone after `window` runs. Between buckets the
 * prediction is a straight line; it never falls as rows grow.
 *
 * A window forgets slowly, and until it has, a machine that has become slower makes every promise a lie. So a sudden
 * change of speed is looked for apart: see `shiftRuns`.
 */
import { RunWindow } from './run-window.ts';

/** Powers of two up to 2^20 rows: far above any batch limit. */
const BUCKETS = 21;
/** A bucket is stale, its values to be taken with the machine's change of speed since, after this many runs of others. */
const STALE_AFTER_RUNS = 128;
/** Changes of speed smaller than this factor are noise and left alone. */
const DRIFT_IGNORED = 1.25;
/** A stale bucket is never moved by more than this factor on the word of another. */
const DRIFT_MAX = 8;
/** Runs a bucket needs before its median counts as a measure of the machine's speed: fewer may all be cold ones. */
const SPEED_RUNS_MIN = 8;
const LUCKY_QUANTILE = 0.1;
/** A quantile of n runs is off by about this share over the root of n. */
const HOPE = 0.2;
/** The median of the newest runs, each over what was typical, tells of a change of speed outside this factor. */
const SHIFT_FACTOR_MIN = 1.25;
/** A bucket measures speed only between times when its mean rows were this close: else its own mix has changed. */
const SPEED_ROWS_RATIO_MAX = 1.1;

export type ServiceTimeOptions = {
  /** The share of runs that should finish within `predictMs`, in (0, 1). Default 0.95. */
  readonly quantile?: number;
  /** Run times remembered per bucket. Default 128: a p95 from seven values above it, and an old regime forgotten in 128 runs. */
  readonly window?: number;
  /**
   * The high quantile of a few runs is hardly known, and a batch that was cut to fit a deadline exactly is late as a
   * whole. So `predictMs` is this share higher, divided by the root of the runs, as the error falls. Default 0.
   */
  readonly headroom?: number;
  /**
   * Odd, or 0. When the middle one of this many newest runs took more than 1.25 times as long as was typical, or less
   * than the 1.25th part, the machine has changed its speed: what was learned before is taken with that factor, at all
   * row counts. Default 0: never, only as the windows forget.
   */
  readonly shiftRuns?: number;
};

/** What the batcher asks of a service-time model. */
export interface ServiceTime {
  /** Learns from one run of `rows` rows that took `ms`. */
  observe(rows: number, ms: number): void;
  /** Milliseconds within which a run of `rows` rows finishes with high probability; 0 before anything was observed. */
  predictMs(rows: number): number;
  /** Median milliseconds of a run of `rows` rows; 0 before anything was observed. */
  typicalMs(rows: number): number;
  /**
   * Milliseconds that a run of `rows` rows takes when it is lucky, with less than that where few runs were seen. What
   * is too late by this is hopeless; and to choose among sizes by it is to try those that look nearly as good and are
   * hardly known, instead of never learning better.
   */
  hopefulMs(rows: number): number;
}

export class ServiceTimeModel implements ServiceTime {
  readonly #quantile: number;
  readonly #windowMax: number;
  readonly #headroom: number;
  readonly #windows: (RunWindow | undefined)[] = new Array(BUCKETS).fill(undefined);
  /** The newest runs: how long each took over what was typical then, and its bucket. Empty again after a shift. */
  readonly #shiftRatios: Float64Array;
  readonly #shiftBuckets: Int32Array;
  readonly #shiftSorted: Float64Array;
  #shiftCount = 0;
  /** All runs so far, of any size: the age of a bucket is counted in these. */
  #runs = 0;
  /** The bucket that ran newest of those with enough runs: the freshest word on how fast the machine is. */
  #reference = -1;

  // The curves, rebuilt from the windows on the first question after an observation.
  #curvesOld = false;
  #points = 0;
  readonly #highRows = new Float64Array(BUCKETS);
  readonly #medianRows = new Float64Array(BUCKETS);
  readonly #luckyRows = new Float64Array(BUCKETS);
  readonly #highMs = new Float64Array(BUCKETS);
  readonly #medianMs = new Float64Array(BUCKETS);
  readonly #hopefulMs = new Float64Array(BUCKETS);
  readonly #pointRuns = new Int32Array(BUCKETS);
  // Used while a curve is made monotone.
  readonly #blockMs = new Float64Array(BUCKETS);
  readonly #blockRuns = new Int32Array(BUCKETS);
  readonly #blockBegin = new Int32Array(BUCKETS);

  /** Throws RangeError for a quantile outside (0, 1), a window below 8 or a negative headroom. */
  constructor(options: ServiceTimeOptions = {}) {
    this.#quantile = options.quantile ?? 0.95;
    this.#windowMax = options.window ?? 128;
    this.#headroom = options.headroom ?? 0;
    if (!(this.#quantile > 0 && this.#quantile < 1)) {
      throw new RangeError(`quantile must be between 0 and 1, got ${this.#quantile}`);
    }
    if (!Number.isInteger(this.#windowMax) || this.#windowMax < 8) {
      throw new RangeError(`window must be a whole number of 8 or more, got ${this.#windowMax}`);
    }
    if (!(this.#headroom >= 0)) throw new RangeError(`headroom must be 0 or more, got ${this.#headroom}`);
    const shiftRuns = options.shiftRuns ?? 0;
    if (shiftRuns !== 0 && !(Number.isInteger(shiftRuns) && shiftRuns % 2 === 1 && shiftRuns < this.#windowMax)) {
      throw new RangeError(`shiftRuns must be 0 or an odd number below the window, got ${shiftRuns}`);
    }
    this.#shiftRatios = new Float64Array(shiftRuns);
    this.#shiftBuckets = new Int32Array(shiftRuns);
    this.#shiftSorted = new Float64Array(shiftRuns);
  }

  /** Warm-up runs are observed like any other. Throws RangeError unless `rows` is a whole number above 0 and `ms` finite and not negative. */
  observe(rows: number, ms: number): void {
    if (!Number.isInteger(rows) || rows < 1)
      throw new RangeError(`rows must be a whole number of 1 or more, got ${rows}`);
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`a run's ms must be finite and not negative, got ${ms}`);
    const bucket = bucketOf(rows);
    let window = this.#windows[bucket];
    // A size that never ran says nothing of speed: what is typical for it is a guess from others.
    const typicalMs = window !== undefined && this.#shiftRatios.length > 0 ? this.typicalMs(rows) : 0;
    // What a bucket knew of a machine that has changed since is of no use beside what it learns of the new one.
    if (window === undefined || this.#driftOf(window) !== 1) {
      window = new RunWindow(this.#windowMax, BUCKETS);
      this.#windows[bucket] = window;
    }
    window.add(rows, ms);
    window.newestRun = ++this.#runs;
    if (window.count >= SPEED_RUNS_MIN) this.#reference = bucket;
    for (let other = 0; other < BUCKETS; other++) {
      const speed = this.#windows[other];
      const measured = speed !== undefined && speed.count >= SPEED_RUNS_MIN;
      window.mediansSeen[other] = measured ? speed.quantile(0.5) : 0;
      window.meanRowsSeen[other] = measured ? speed.meanRows : 0;
    }
    this.#curvesOld = true;
    if (typicalMs > 0) this.#watchForShift(bucket, ms / typicalMs);
  }

  predictMs(rows: number): number {
    if (this.#curvesOld) this.#rebuild();
    // Above the largest run seen the two lines may cross, when the high one happens to be the flatter.
    return Math.max(
      this.#lookUp(rows, this.#highRows, this.#highMs),
      this.#lookUp(rows, this.#medianRows, this.#medianMs),
    );
  }

  typicalMs(rows: number): number {
    if (this.#curvesOld) this.#rebuild();
    return this.#lookUp(rows, this.#medianRows, this.#medianMs);
  }

  hopefulMs(rows: number): number {
    if (this.#curvesOld) this.#rebuild();
    return this.#lookUp(rows, this.#luckyRows, this.#hopefulMs);
  }

  /** Takes what was learned before the newest runs with their factor, once they agree that the speed has changed. */
  #watchForShift(bucket: number, ratio: number): void {
    const size = this.#shiftRatios.length;
    this.#shiftRatios[this.#shiftCount % size] = ratio;
    this.#shiftBuckets[this.#shiftCount % size] = bucket;
    if (++this.#shiftCount < size) return;
    this.#shiftSorted.set(this.#shiftRatios);
    const factor = this.#shiftSorted.sort()[size >> 1]!;
    if (factor === 0 || isWithin(factor, SHIFT_FACTOR_MIN)) return;
    for (let at = 0; at < BUCKETS; at++) {
      const window = this.#windows[at];
      if (window === undefined) continue;
      let newest = 0;
      for (const seen of this.#shiftBuckets) if (seen === at) newest++;
      window.scaleAllButNewest(newest, Math.min(DRIFT_MAX, Math.max(1 / DRIFT_MAX, factor)));
    }
    this.#shiftCount = 0;
    this.#curvesOld = true;
  }

  /**
   * How much slower the machine has become since a stale bucket last ran, read from a bucket in use: its median now
   * over its median then. Without it, batch sizes that traffic has not used lately would keep the old speed. Only
   * measured values go in, never scaled ones, so that errors cannot feed on each other.
   */
  #driftOf(stale: RunWindow): number {
    if (this.#reference < 0 || this.#runs - stale.newestRun < STALE_AFTER_RUNS) return 1;
    const reference = this.#windows[this.#reference]!;
    const medianThen = stale.mediansSeen[this.#reference]!;
    if (medianThen === 0 || reference.count < SPEED_RUNS_MIN) return 1;
    if (!isWithin(reference.meanRows / stale.meanRowsSeen[this.#reference]!, SPEED_ROWS_RATIO_MAX)) return 1;
    const ratio = reference.quantile(0.5) / medianThen;
    return isWithin(ratio, DRIFT_IGNORED) ? 1 : Math.min(DRIFT_MAX, Math.max(1 / DRIFT_MAX, ratio));
  }

  #rebuild(): void {
    this.#curvesOld = false;
    this.#points = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const window = this.#windows[bucket];
      if (window === undefined) continue;
      const drift = this.#driftOf(window);
      this.#highRows[this.#points] = window.rowsQuantile(this.#quantile);
      this.#medianRows[this.#points] = window.rowsQuantile(0.5);
      this.#luckyRows[this.#points] = window.rowsQuantile(LUCKY_QUANTILE);
      this.#highMs[this.#points] =
        window.quantile(this.#quantile) * drift * (1 + this.#headroom / Math.sqrt(window.count));
      this.#medianMs[this.#points] = window.quantile(0.5) * drift;
      this.#hopefulMs[this.#points] = window.quantile(LUCKY_QUANTILE) * drift * (1 - HOPE / Math.sqrt(window.count));
      this.#pointRuns[this.#points] = window.count;
      this.#points++;
    }
    this.#makeMonotone(this.#highMs);
    this.#makeMonotone(this.#medianMs);
    this.#makeMonotone(this.#hopefulMs);
  }

  /** More rows never take less time: a dip is noise, and a monotone curve can be searched by halving. */
  #makeMonotone(curveMs: Float64Array): void {
    // A single run that took longer than larger ones do was a cold one, and must not lift the whole curve.
    let aboveMs = Infinity;
    for (let point = this.#points - 1; point >= 0; point--) {
      if (this.#pointRuns[point] === 1) curveMs[point] = Math.min(curveMs[point]!, aboveMs);
      aboveMs = Math.min(aboveMs, curveMs[point]!);
    }
    // Neighbours out of order are one value, their mean by runs: a size that was seen a few times only, in a slow moment,
    // must not lift all the larger ones (isotonic regression by pooling adjacent violators).
    let blocks = 0;
    for (let point = 0; point < this.#points; point++) {
      let ms = curveMs[point]!;
      let runs = this.#pointRuns[point]!;
      let begin = point;
      while (blocks > 0 && this.#blockMs[blocks - 1]! >= ms) {
        blocks--;
        const blockRuns = this.#blockRuns[blocks]!;
        ms = (ms * runs + this.#blockMs[blocks]! * blockRuns) / (runs + blockRuns);
        runs += blockRuns;
        begin = this.#blockBegin[blocks]!;
      }
      this.#blockMs[blocks] = ms;
      this.#blockRuns[blocks] = runs;
      this.#blockBegin[blocks++] = begin;
    }
    for (let block = 0, point = 0; block < blocks; block++) {
      const end = block + 1 < blocks ? this.#blockBegin[block + 1]! : this.#points;
      for (; point < end; point++) curveMs[point] = this.#blockMs[block]!;
    }
  }

  #lookUp(rows: number, curveRows: Float64Array, curveMs: Float64Array): number {
    const last = this.#points - 1;
    if (last < 0) return 0;
    // Below the smallest run seen nothing is known but that fewer rows take no longer.
    if (rows <= curveRows[0]!) return curveMs[0]!;
    for (let right = 1; right <= last; right++) {
      if (rows <= curveRows[right]!) return onLine(right - 1, right, rows, curveRows, curveMs);
    }
    // Above the largest: along the last two points, at most in proportion to rows (a run has no negative fixed cost).
    const proportional = (curveMs[last]! * rows) / curveRows[last]!;
    return last === 0 ? proportional : Math.min(proportional, onLine(last - 1, last, rows, curveRows, curveMs));
  }
}

function onLine(left: number, right: number, rows: number, curveRows: Float64Array, curveMs: Float64Array): number {
  const leftRows = curveRows[left]!;
  const slope = (curveMs[right]! - curveMs[left]!) / (curveRows[right]! - leftRows);
  return curveMs[left]! + slope * (rows - leftRows);
}

/** 1 → 0, 2 → 1, 3-4 → 2, 5-8 → 3, ...; the last bucket takes all above. */
function bucketOf(rows: number): number {
  return Math.min(BUCKETS - 1, rows === 1 ? 0 : 32 - Math.clz32(rows - 1));
}

function isWithin(ratio: number, factor: number): boolean {
  return ratio <= factor && ratio >= 1 / factor;
}
