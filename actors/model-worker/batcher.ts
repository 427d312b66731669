/**
 * Decides which queued requests run together and when: a pure state machine, one per model version on a device.
 * It holds no clock and does no I/O; the worker enqueues, asks `decide(nowMs)`, acts, and reports `completed`.
 *
 * The policy: an idle device never waits. While a batch runs the queue grows; on completion the earliest deadlines go
 * first, as many rows as finish in time for the earliest of them (`batch-choice.ts`). What cannot be in time behind
 * those of earlier deadlines is refused as it comes (`admission.ts`). Under overload, where saving the earliest would
 * shrink batches and so cost the others more, it is given up instead (the idea of Nexus' early drop, SOSP 2019). Rows
 * are the unit, not requests. `npm run sim:batching` compares all this with other systems and with an offline bound.
 *
 * Three estimates are asked of the service-time model: `predictMs` (p95) shapes batches, since a batch carries a
 * promise to each in it; `typicalMs` (median) adds up what is ahead; and `hopefulMs` (p10) decides what is hopeless,
 * since a refusal must be right, while a row more costs a batch little.
 */
import { Admission } from './admission.ts';
import { BatchChoice } from './batch-choice.ts';
import { DeadlineQueue, type Queued, type ShapeQueue } from './deadline-queue.ts';
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
  /**
   * full: the queue is, for its priority; too_late: the deadline cannot be met, alone or behind what is queued with
   * earlier ones; too_large: more rows than a batch may have.
   */
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

export class Batcher<T> {
  readonly #options: BatcherOptions;
  readonly #serviceTime: ServiceTime;
  readonly #queue = new DeadlineQueue<T>();
  readonly #admission: Admission;
  readonly #choice: BatchChoice<T>;
  #runningRows = 0;
  #expectedEndMs = 0;
  #endedMs = -Infinity;
  /** Whether requests were waiting when the last batch ended: then the device is away until the next one starts. */
  #leftQueued = false;
  /** When a request was last refused because those ahead of it take too long: the device is overloaded. */
  #refusedMs = -Infinity;

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
    this.#admission = new Admission(serviceTime, options.batchRowsMax);
    this.#choice = new BatchChoice(this.#queue, serviceTime, options.batchRowsMax);
  }

  get queuedRows(): number {
    return this.#queue.rows;
  }

  get queuedItems(): number {
    return this.#queue.items;
  }

  /** Infinity where nothing is queued. */
  get earliestDeadlineMs(): number {
    return this.#queue.first()?.deadlineMs ?? Infinity;
  }

  /** By when the next batch has to start for the earliest request to be in time; Infinity where nothing is queued. */
  get startByMs(): number {
    const shape = this.#queue.first();
    return shape === undefined ? Infinity : shape.deadlineMs - this.#serviceTime.predictMs(this.#nextRows(shape));
  }

  /** How long the next batch will probably run, ms; 0 where nothing is queued. */
  get nextRunMs(): number {
    const shape = this.#queue.first();
    return shape === undefined ? 0 : this.#serviceTime.typicalMs(this.#nextRows(shape));
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
    const refusal = this.#refusal(queued);
    if (refusal !== null) return refusal;
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
      if (nowMs + this.#serviceTime.hopefulMs(rows) <= shape.deadlineMs) break;
      if (this.#queue.items === 1 && this.#mayProbe(nowMs, rows)) break;
      late = append(late, this.#queue.removeFirst(shape));
    }
    if (shape === undefined) return { kind: 'idle', late };

    if (this.#leftQueued) this.#admission.waited(nowMs - this.#endedMs);
    this.#admission.dispatched(shape.deadlineMs - nowMs, shape.rows >= this.#options.batchRowsMax);
    const { items, givenUp } = this.#choice.take(shape, nowMs, this.#overloaded(nowMs));
    for (const queued of givenUp) late = append(late, queued);
    let rows = 0;
    for (const queued of items) rows += queued.rows;
    this.#runningRows = rows;
    this.#expectedEndMs = nowMs + this.#serviceTime.typicalMs(rows);
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

  /** Removes and returns what is queued and cancelled by its caller; what runs is untouched. Follow it with `decide`. */
  cancel(isCancelled: (item: T) => boolean): Queued<T>[] {
    return this.#queue.removeWhere(({ item }) => isCancelled(item));
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
    return this.#remainingMs(nowMs) + this.#admission.batchesMs(fullBatches) + this.#serviceTime.predictMs(lastRows);
  }

  /** Why a request is not let in, other than that the queue is full. */
  #refusal({ arrivedMs, deadlineMs, rows, priority }: Queued<T>): Refusal | null {
    const slackMs = deadlineMs - arrivedMs;
    const remainingMs = this.#remainingMs(arrivedMs);
    // Counting who is ahead is needed only where it would be too late behind everybody.
    let verdict = this.#admission.judge(rows, slackMs, priority ?? 0, remainingMs, this.#queue.rows);
    if (verdict !== 'admit' && this.#queue.items > 0) {
      const rowsAhead = this.#queue.rowsUpTo(arrivedMs, deadlineMs);
      verdict = this.#admission.judge(rows, slackMs, priority ?? 0, remainingMs, rowsAhead);
    }
    if (verdict === 'admit') return null;
    if (this.#queue.items > 0) this.#refusedMs = arrivedMs;
    else if (this.#mayProbe(arrivedMs, rows)) return null;
    return verdict === 'yield' ? REFUSED_FULL : REFUSED_TOO_LATE;
  }

  #overloaded(nowMs: number): boolean {
    return nowMs - this.#refusedMs <= this.#serviceTime.typicalMs(this.#options.batchRowsMax);
  }

  #nextRows(shape: ShapeQueue<T>): number {
    return Math.min(this.#options.batchRowsMax, shape.rows);
  }

  #end(nowMs: number): void {
    this.#runningRows = 0;
    this.#endedMs = nowMs;
    this.#leftQueued = this.#queue.items > 0;
  }

  #remainingMs(nowMs: number): number {
    if (!this.running) return 0;
    return Math.max(0, this.#expectedEndMs - nowMs);
  }

  /** At most half of an idle device's time goes to probes, and no wrong prediction lasts longer than the period. */
  #mayProbe(nowMs: number, rows: number): boolean {
    if (this.running) return false;
    return nowMs - this.#endedMs >= Math.min(PROBE_PERIOD_MS_MAX, this.#serviceTime.typicalMs(rows));
  }
}

function append<T>(list: readonly T[], value: T): readonly T[] {
  if (list.length === 0) return [value];
  (list as T[]).push(value);
  return list;
}
