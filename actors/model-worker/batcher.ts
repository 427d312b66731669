/**
 * Decides which queued requests run together and when: a pure state machine, one per model version on a device.
 * It holds no clock and does no I/O; the worker enqueues, asks `decide(nowMs)`, acts, and reports `completed`.
 *
 * The policy: an idle device never waits. While a batch runs the queue grows; on completion the earliest deadlines go
 * first, as many rows as finish in time for the earliest of them. What cannot make its deadline even alone is refused
 * or answered late at once. Under overload, where saving the earliest would shrink batches and so cost the others
 * more, it is given up instead (the idea of Nexus' early drop, SOSP 2019). Rows are the unit, not requests.
 *
 * Two estimates are asked of the service-time model: `predictMs` (p95) shapes batches, since a batch carries a promise
 * to each in it; `typicalMs` (median) decides what is hopeless, since refusing must be right more often than wrong.
 */
import { DeadlineQueue, type Queued, type ShapeQueue, type Walk } from './deadline-queue.ts';
import type { ServiceTime } from './service-time.ts';

export type { Queued };

export type BatcherOptions = {
  /** Most rows in a batch; a single request may not have more. */
  readonly batchRowsMax: number;
  /** Most rows waiting; at least `batchRowsMax`. */
  readonly queueRowsMax: number;
  /** Most requests waiting. */
  readonly queueItemsMax: number;
  /** Batches on the device at a time. */
  readonly concurrency: 1;
};

export type Refusal = {
  /** full: the queue is; too_late: the deadline cannot be met even alone; too_large: more rows than a batch may have. */
  readonly refused: 'full' | 'too_late' | 'too_large';
};

/** Each with `late`: requests that left the queue unanswered because their deadline passed or cannot be met. */
export type Decision<T> =
  | {
      readonly kind: 'dispatch';
      readonly items: Queued<T>[];
      readonly rows: number;
      readonly late: readonly Queued<T>[];
    }
  /** A batch runs: ask again when it has completed, or at `untilMs`, when the earliest queued deadline passes. */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly late: readonly Queued<T>[] }
  /** Nothing is queued: ask again after the next `enqueue`. */
  | { readonly kind: 'idle'; readonly late: readonly Queued<T>[] };

const REFUSED_FULL: Refusal = Object.freeze({ refused: 'full' });
const REFUSED_TOO_LATE: Refusal = Object.freeze({ refused: 'too_late' });
const REFUSED_TOO_LARGE: Refusal = Object.freeze({ refused: 'too_large' });
const NONE: readonly never[] = Object.freeze([]);

/** An idle device tries one hopeless request this often, so that a prediction that has become wrong is unlearned. */
const PROBE_PERIOD_MS_MAX = 100;
/** Under overload at most this many batches' worth of requests are considered for giving up, to bound a decision. */
const GIVE_UP_BATCHES_MAX = 4;
export class Batcher<T> {
  readonly #options: BatcherOptions;
  readonly #serviceTime: ServiceTime;
  readonly #queue = new DeadlineQueue<T>();
  #runningRows = 0;
  #startedMs = 0;
  #endedMs = -Infinity;

  /** Throws RangeError for limits that are not whole numbers above 0, or a queue that cannot hold one full batch. */
  constructor(options: BatcherOptions, serviceTime: ServiceTime) {
    for (const name of ['batchRowsMax', 'queueRowsMax', 'queueItemsMax'] as const) {
      if (!Number.isInteger(options[name]) || options[name] < 1) {
        throw new RangeError(`${name} must be a whole number of 1 or more, got ${options[name]}`);
      }
    }
    if (options.queueRowsMax < options.batchRowsMax) {
      throw new RangeError(`queueRowsMax (${options.queueRowsMax}) must hold a batch (${options.batchRowsMax} rows)`);
    }
    if (options.concurrency !== 1) throw new RangeError(`concurrency must be 1, got ${options.concurrency}`);
    this.#options = options;
    this.#serviceTime = serviceTime;
  }

  get queuedRows(): number {
    return this.#queue.rows;
  }

  get queuedItems(): number {
    return this.#queue.items;
  }

  /** Whether a dispatched batch has not been reported `completed` or `failed` yet. */
  get running(): boolean {
    return this.#runningRows > 0;
  }

  /**
   * Takes a request in, or says why not; a refused one is not kept. Follow it with `decide`.
   * Throws RangeError for rows or a deadline that are no numbers: the edge has to exclude those.
   */
  enqueue(queued: Queued<T>): 'queued' | Refusal {
    const { rows, deadlineMs, arrivedMs } = queued;
    if (!Number.isInteger(rows) || rows < 1)
      throw new RangeError(`rows must be a whole number of 1 or more, got ${rows}`);
    if (Number.isNaN(deadlineMs)) throw new RangeError('deadlineMs must be a number');
    if (rows > this.#options.batchRowsMax) return REFUSED_TOO_LARGE;
    if (deadlineMs <= arrivedMs) return REFUSED_TOO_LATE;
    const hopeless = arrivedMs + this.#remainingMs(arrivedMs) + this.#serviceTime.typicalMs(rows) > deadlineMs;
    if (hopeless && !(this.#queue.items === 0 && this.#mayProbe(arrivedMs, rows))) return REFUSED_TOO_LATE;
    if (this.#queue.items >= this.#options.queueItemsMax) return REFUSED_FULL;
    if (this.#queue.rows + rows > this.#options.queueRowsMax) return REFUSED_FULL;
    this.#queue.add(queued);
    return 'queued';
  }

  /** What to do now. A dispatched batch counts as running from `nowMs`. */
  decide(nowMs: number): Decision<T> {
    let late = this.expired(nowMs);
    let shape = this.#queue.first();
    if (this.running) {
      return shape === undefined ? { kind: 'idle', late } : { kind: 'wait', untilMs: shape.deadlineMs, late };
    }
    for (; shape !== undefined; shape = this.#queue.first()) {
      const { rows } = this.#queue.earliest(shape);
      if (nowMs + this.#serviceTime.typicalMs(rows) <= shape.deadlineMs) break;
      if (this.#queue.items === 1 && this.#mayProbe(nowMs, rows)) break;
      late = append(late, this.#queue.removeFirst(shape));
    }
    if (shape === undefined) return { kind: 'idle', late };

    const first = this.#queue.earliest(shape);
    const rowsWanted = Math.min(this.#options.batchRowsMax, shape.rows);
    const rowsInTime = this.#rowsWithin(first.deadlineMs - nowMs, first.rows, rowsWanted);
    let items: Queued<T>[];
    if (rowsInTime === rowsWanted) items = this.#queue.takeFirst(shape, rowsWanted);
    else ({ items, late } = this.#takeSqueezed(shape, rowsInTime, nowMs, late));
    let rows = 0;
    for (const queued of items) rows += queued.rows;
    this.#runningRows = rows;
    this.#startedMs = nowMs;
    return { kind: 'dispatch', items, rows, late };
  }

  /** Removes and returns what is queued past its deadline, earliest first; `decide` does the same. */
  expired(nowMs: number): readonly Queued<T>[] {
    let late: readonly Queued<T>[] = NONE;
    for (let shape = this.#queue.first(); shape !== undefined; shape = this.#queue.first()) {
      if (shape.deadlineMs > nowMs) break;
      late = append(late, this.#queue.removeFirst(shape));
    }
    return late;
  }

  /** The running batch has finished; its `rows` and the device's `serviceMs` teach the service-time model. */
  completed(nowMs: number, rows: number, serviceMs: number): void {
    if (rows !== this.#runningRows) throw new Error(`completed ${rows} rows while ${this.#runningRows} were running`);
    this.#end(nowMs);
    this.#serviceTime.observe(rows, serviceMs);
  }

  /** The running batch has failed: the device is free, and nothing is learned from the time it took. */
  failed(nowMs: number): void {
    if (!this.running) throw new Error('failed was reported while no batch was running');
    this.#end(nowMs);
  }

  /** Removes and returns everything queued, earliest deadline first; what runs is untouched. */
  drain(): Queued<T>[] {
    return [...this.expired(Infinity)];
  }

  /** Milliseconds after which one more row, arriving now and served last, would probably be answered. */
  backlogMs(nowMs: number): number {
    const { batchRowsMax } = this.#options;
    const fullBatches = Math.floor(this.#queue.rows / batchRowsMax);
    const lastRows = this.#queue.rows - fullBatches * batchRowsMax + 1;
    const aheadMs = fullBatches === 0 ? 0 : fullBatches * this.#serviceTime.typicalMs(batchRowsMax);
    return this.#remainingMs(nowMs) + aheadMs + this.#serviceTime.predictMs(lastRows);
  }

  #end(nowMs: number): void {
    this.#runningRows = 0;
    this.#endedMs = nowMs;
  }

  #remainingMs(nowMs: number): number {
    if (!this.running) return 0;
    return Math.max(0, this.#startedMs + this.#serviceTime.typicalMs(this.#runningRows) - nowMs);
  }

  /** At most half of an idle device's time goes to probes, and no wrong prediction lasts longer than the period. */
  #mayProbe(nowMs: number, rows: number): boolean {
    if (this.running) return false;
    return nowMs - this.#endedMs >= Math.min(PROBE_PERIOD_MS_MAX, this.#serviceTime.typicalMs(rows));
  }

  /**
   * The most rows from `least` to `most` whose run keeps a deadline `slackMs` away: with the model's high quantile if
   * `least` rows can be promised at all, else by its median, which is then the best that can be hoped for.
   */
  #rowsWithin(slackMs: number, least: number, most: number): number {
    const model = this.#serviceTime;
    if (model.predictMs(most) <= slackMs) return most;
    const promised = model.predictMs(least) <= slackMs;
    let low = least;
    let high = most;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((promised ? model.predictMs(middle) : model.typicalMs(middle)) <= slackMs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * The earliest deadline allows only `rowsInTime` rows although more are queued. Runs that small batch if the next
   * request can still follow in time. If not, the device is overloaded and someone loses: then the batch starts at
   * whichever request lets it finish the most rows per millisecond, and those passed over that cannot follow are late.
   */
  #takeSqueezed(
    shape: ShapeQueue<T>,
    rowsInTime: number,
    nowMs: number,
    late: readonly Queued<T>[],
  ): { items: Queued<T>[]; late: readonly Queued<T>[] } {
    const model = this.#serviceTime;
    const walk = this.#queue.walk(shape);
    let start = 0;
    let batch = walk.upTo(0, rowsInTime);
    const next = walk.at(batch.end);
    if (next !== undefined) {
      const followingRows = Math.min(this.#options.batchRowsMax, shape.rows - batch.rows);
      const followedMs = nowMs + model.predictMs(batch.rows) + model.predictMs(followingRows);
      if (followedMs > next.deadlineMs) {
        const best = this.#bestStart(walk, shape.rows, batch.rows, nowMs);
        start = best.start;
        batch = walk.upTo(start, best.rows);
      }
    }
    const endMs = nowMs + model.typicalMs(batch.rows);
    const items: Queued<T>[] = [];
    walk.close((queued, index) => {
      if (index >= batch.end) return true;
      if (index >= start) items.push(queued);
      else if (endMs + model.typicalMs(queued.rows) > queued.deadlineMs) late = append(late, queued);
      else return true;
      return false;
    });
    return { items, late };
  }

  /**
   * Where along the walk a batch should start to finish the most rows per millisecond, and its most rows there.
   * `rowsAtFirst`: what a batch from the earliest request may have.
   */
  #bestStart(walk: Walk<T>, rowsQueued: number, rowsAtFirst: number, nowMs: number): { start: number; rows: number } {
    const { batchRowsMax } = this.#options;
    const model = this.#serviceTime;
    let best = { start: 0, rows: rowsAtFirst };
    let rateBest = rowsAtFirst / model.predictMs(rowsAtFirst);
    let rowsAhead = rowsQueued;
    for (let start = 1; start <= GIVE_UP_BATCHES_MAX * batchRowsMax; start++) {
      rowsAhead -= walk.at(start - 1)!.rows;
      const head = walk.at(start);
      if (head === undefined) break;
      const slackMs = head.deadlineMs - nowMs;
      if (model.typicalMs(head.rows) > slackMs) continue;
      const most = Math.min(batchRowsMax, rowsAhead);
      const rows = this.#rowsWithin(slackMs, head.rows, most);
      const rate = rows / model.predictMs(rows);
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

function append<T>(list: readonly T[], value: T): readonly T[] {
  if (list.length === 0) return [value];
  (list as T[]).push(value);
  return list;
}
