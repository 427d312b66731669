/**
 * Predicts when a request that comes now would be answered, to refuse at once what cannot be: pure, told what happens.
 *
 * A request waits for what runs, for the full batches that those of earlier deadlines make, and for other models that
 * share the device between them. Two things are learned that such a sum does not know. Requests that come later with
 * earlier deadlines push the others back; where batches start with hardly any time to spare again and again, a margin
 * grows, so that the excess of an overload is refused as it comes instead of dying in the queue, and one slow run does
 * not make a whole batch late. And how long the device is away between two batches of this model.
 */
import type { ServiceTime } from './service-time.ts';

/** A full batch that starts with less than this times its promised run before its first deadline is a near miss. */
const NEAR_MISS = 1.15;
/** Each near miss adds this share of a full run to the margin, up to one run: bursts are over before it counts. */
const MARGIN_GROWTH = 0.03;
/** And each other batch leaves this share of it. */
const MARGIN_DECAY = 0.9;
/** Weight of the newest gap in the mean. */
const GAP_WEIGHT = 0.2;
/** A request of priority p may use up to 1 - p / 4 of its time: what is left is kept free for those before it. */
const YIELD_SHARE = 0.25;
const PRIORITY_LAST = 3;
/** For each row let in at all, lower priorities may have this many rows as if they were of the first: none starves. */
const CREDIT_PER_ROW = 1 / 16;

export type Verdict = 'admit' | 'too_late' | 'yield';

export class Admission {
  readonly #serviceTime: ServiceTime;
  readonly #batchRowsMax: number;
  #marginMs = 0;
  #gapMs = 0;
  #creditRows = 0;

  constructor(serviceTime: ServiceTime, batchRowsMax: number) {
    this.#serviceTime = serviceTime;
    this.#batchRowsMax = batchRowsMax;
  }

  /** Milliseconds that full batches ahead take, with what other models run between them. */
  batchesMs(batches: number): number {
    return batches === 0 ? 0 : batches * (this.#serviceTime.typicalMs(this.#batchRowsMax) + this.#gapMs);
  }

  /**
   * Whether a request of `rows` rows that has `slackMs` left is to be let in. `remainingMs`: of the batch that runs;
   * `rowsAhead`: queued with earlier deadlines. `yield`: it could be in time, but its priority leaves that to others.
   */
  judge(rows: number, slackMs: number, priority: number, remainingMs: number, rowsAhead: number): Verdict {
    const answeredInMs = this.#answeredInMs(rows, remainingMs, rowsAhead);
    if (answeredInMs > slackMs) return 'too_late';
    if (priority > 0) {
      const share = 1 - YIELD_SHARE * Math.min(priority, PRIORITY_LAST);
      if (rowsAhead > 0 && answeredInMs > share * slackMs) {
        if (this.#creditRows < rows) return 'yield';
        this.#creditRows -= rows;
      }
    }
    this.#creditRows = Math.min(this.#batchRowsMax, this.#creditRows + rows * CREDIT_PER_ROW);
    return 'admit';
  }

  /** A batch starts whose first deadline is `slackMs` away; `full`: there was more than it could hold. */
  dispatched(slackMs: number, full: boolean): void {
    if (full) {
      const runMs = this.#serviceTime.predictMs(this.#batchRowsMax);
      if (slackMs < NEAR_MISS * runMs) {
        this.#marginMs = Math.min(runMs, this.#marginMs + MARGIN_GROWTH * runMs);
        return;
      }
    }
    this.#marginMs *= MARGIN_DECAY;
  }

  /** With requests waiting all the while, `ms` passed between the end of a batch and the start of the next. */
  waited(ms: number): void {
    this.#gapMs += GAP_WEIGHT * (ms - this.#gapMs);
  }

  #answeredInMs(rows: number, remainingMs: number, rowsAhead: number): number {
    let batchesAhead = 0;
    let batchRows = rowsAhead + rows;
    if (batchRows > this.#batchRowsMax) {
      batchesAhead = Math.floor(rowsAhead / this.#batchRowsMax);
      batchRows -= batchesAhead * this.#batchRowsMax;
      if (batchRows > this.#batchRowsMax) {
        batchesAhead++;
        batchRows = rows;
      }
    }
    const ownMs = remainingMs + this.#serviceTime.hopefulMs(batchRows);
    return batchesAhead === 0 ? ownMs : ownMs + this.batchesMs(batchesAhead) + this.#marginMs;
  }
}
