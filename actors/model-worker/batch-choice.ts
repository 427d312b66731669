/**
 * Which of the queued requests make the next batch, earliest deadlines first, and who is given up where not all can be
 * in time. It takes them out of the queue it was given and knows nothing else of the batcher.
 */
import type { DeadlineQueue, Queued, ShapeQueue, Walk } from './deadline-queue.ts';
import type { ServiceTime } from './service-time.ts';

export type Chosen<T> = {
  /** In order of their deadlines; at least one. */
  readonly items: Queued<T>[];
  /** Passed over, and cannot be answered in time any more. */
  readonly givenUp: readonly Queued<T>[];
};

const NONE: readonly never[] = Object.freeze([]);

/** Rows that make a run longer by less than this factor cost nothing worth counting: where a device is not filled. */
const GROWTH_FREE = 1.05;
/** Under overload at most this many batches' worth of requests are considered for giving up, to bound a decision. */
const GIVE_UP_BATCHES_MAX = 4;
/** So many requests behind one that does not fit are tried for the room that is left. */
const FILLERS_TRIED_MAX = 64;

export class BatchChoice<T> {
  readonly #queue: DeadlineQueue<T>;
  readonly #serviceTime: ServiceTime;
  readonly #batchRowsMax: number;

  constructor(queue: DeadlineQueue<T>, serviceTime: ServiceTime, batchRowsMax: number) {
    this.#queue = queue;
    this.#serviceTime = serviceTime;
    this.#batchRowsMax = batchRowsMax;
  }

  /** Takes a batch out of `shape`, which holds something. `overloaded`: requests have been refused just now. */
  take(shape: ShapeQueue<T>, nowMs: number, overloaded: boolean): Chosen<T> {
    const first = this.#queue.earliest(shape);
    const rowsWanted = Math.min(this.#batchRowsMax, shape.rows);
    const rowsInTime = this.#rowsWithin(first.deadlineMs - nowMs, first.rows, rowsWanted);
    if (rowsInTime < rowsWanted) return this.#takeSqueezed(shape, rowsInTime, nowMs, overloaded);
    return { items: this.#takeFull(shape, rowsWanted, nowMs), givenUp: NONE };
  }

  /**
   * The most rows from `least` to `most` whose run keeps a deadline `slackMs` away: with the model's high quantile if
   * `least` rows can be promised at all, else by its median, which is then the best that can be hoped for. Rows that
   * make the run hardly longer are taken along while the deadline can still be kept: where a device is not filled,
   * leaving them out saves nobody.
   */
  #rowsWithin(slackMs: number, least: number, most: number): number {
    const model = this.#serviceTime;
    if (model.predictMs(most) <= slackMs) return most;
    const leastMs = model.predictMs(least);
    const promised = leastMs <= slackMs;
    const freeMs = (promised ? leastMs : model.typicalMs(least)) * GROWTH_FREE;
    let low = least;
    let high = most;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const middleMs = promised ? model.predictMs(middle) : model.typicalMs(middle);
      const likelyMs = promised ? model.typicalMs(middle) : model.hopefulMs(middle);
      if (middleMs <= slackMs || (middleMs <= freeMs && likelyMs <= slackMs)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * The earliest up to a full batch. Where the next does not fit, smaller ones behind it take the room that is left, if
   * it can then still follow in time.
   */
  #takeFull(shape: ShapeQueue<T>, rowsMax: number, nowMs: number): Queued<T>[] {
    const items = this.#queue.takeFirst(shape, rowsMax);
    if (this.#queue.isEmpty(shape)) return items;
    let rows = 0;
    for (const queued of items) rows += queued.rows;
    if (rows === rowsMax) return items;
    const model = this.#serviceTime;
    const next = this.#queue.earliest(shape);
    const followingRows = Math.min(this.#batchRowsMax, shape.rows);
    if (nowMs + model.predictMs(rowsMax) + model.predictMs(followingRows) > next.deadlineMs) return items;
    const walk = this.#queue.walk(shape);
    const fillers = new Set<number>();
    for (let index = 1; index <= FILLERS_TRIED_MAX && rows < rowsMax; index++) {
      const queued = walk.at(index);
      if (queued === undefined) break;
      if (rows + queued.rows > rowsMax) continue;
      rows += queued.rows;
      items.push(queued);
      fillers.add(index);
    }
    walk.close((_queued, index) => !fillers.has(index));
    return items;
  }

  /**
   * The earliest deadline allows only `rowsInTime` rows although more are queued. Runs that small batch if the next
   * request can still follow in time. If not, or if requests are being refused, someone loses: then the batch starts at
   * whichever request lets it finish the most rows per millisecond, and those passed over that cannot follow are given up.
   */
  #takeSqueezed(shape: ShapeQueue<T>, rowsInTime: number, nowMs: number, overloaded: boolean): Chosen<T> {
    const model = this.#serviceTime;
    const walk = this.#queue.walk(shape);
    let start = 0;
    let batch = walk.upTo(0, rowsInTime);
    const next = walk.at(batch.end);
    if (next !== undefined) {
      const followingRows = Math.min(this.#batchRowsMax, shape.rows - batch.rows);
      const followedMs = nowMs + model.predictMs(batch.rows) + model.predictMs(followingRows);
      if (overloaded || followedMs > next.deadlineMs) {
        const best = this.#bestStart(walk, shape.rows, batch.rows, nowMs);
        start = best.start;
        batch = walk.upTo(start, best.rows);
      }
    }
    const endMs = nowMs + model.typicalMs(batch.rows);
    const items: Queued<T>[] = [];
    const givenUp: Queued<T>[] = [];
    walk.close((queued, index) => {
      if (index >= batch.end) return true;
      if (index >= start) items.push(queued);
      else if (endMs + model.typicalMs(queued.rows) > queued.deadlineMs) givenUp.push(queued);
      else return true;
      return false;
    });
    return { items, givenUp };
  }

  /**
   * Where along the walk a batch should start to finish the most rows per millisecond, and its most rows there.
   * `rowsAtFirst`: what a batch from the earliest request may have.
   */
  #bestStart(walk: Walk<T>, rowsQueued: number, rowsAtFirst: number, nowMs: number): { start: number; rows: number } {
    const batchRowsMax = this.#batchRowsMax;
    const model = this.#serviceTime;
    let best = { start: 0, rows: rowsAtFirst };
    let rateBest = rowsAtFirst / model.hopefulMs(rowsAtFirst);
    let rowsAhead = rowsQueued;
    for (let start = 1; start <= GIVE_UP_BATCHES_MAX * batchRowsMax; start++) {
      rowsAhead -= walk.at(start - 1)!.rows;
      const head = walk.at(start);
      if (head === undefined) break;
      const slackMs = head.deadlineMs - nowMs;
      if (model.hopefulMs(head.rows) > slackMs) continue;
      const most = Math.min(batchRowsMax, rowsAhead);
      const rows = this.#rowsWithin(slackMs, head.rows, most);
      const rate = rows / model.hopefulMs(rows);
      if (rate > rateBest) {
        rateBest = rate;
        best = { start, rows };
      }
      // Later starts have fewer rows left to fill a batch from, or no larger batch to gain.
      if (rows === most) break;
    }
    return best;
  }
}
