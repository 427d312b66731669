/**
 * Ray Serve's `@serve.batch`, after `_BatchQueue.wait_for_batch` and `_process_batches` in `python/ray/serve/batching.py`
 * of ray-project/ray (2.50 and later, with `batch_size_fn` and `max_concurrent_batches`; read 2026-11): a batch opens
 * when its first request is taken from the queue, takes what comes, and closes when it is full or
 * `batch_wait_timeout_s` is over, whether the device is free or not. Closed batches wait for a semaphore in order.
 *
 * Defaults: max_batch_size 10, batch_wait_timeout_s 0.01, no batch_size_fn, so requests are counted; the default
 * max_ongoing_requests of 5 is left out, since no batch would be full then. What we call best counts rows, and may
 * bound max_ongoing_requests, with max_queued_requests 0. In both, a caller that went away at its deadline is left out when its batch starts, as
 * `_process_batch_inner` does with cancelled requests. A request that does not fit goes to the end of the queue there
 * and ends the batch; here it opens the next one, which is kinder.
 */
import { Fifo, inTurn, NOTHING, type Piece, type Policy, type PolicyChoice, withLimit } from '../policy.ts';
import type { SimRequest } from '../traces.ts';

export type RayParameters = {
  readonly maxBatchSize: number;
  readonly batchWaitTimeoutMs: number;
  readonly countsRows: boolean;
  /** What the engine takes in a batch: beyond it a batch is closed too, where Ray Serve would let the model fail. */
  readonly rowsMax: number;
};

type Batch = { requests: SimRequest[]; size: number; rows: number; dueMs: number };

export class RayPolicy implements Policy {
  readonly #parameters: RayParameters;
  readonly #closed = new Fifo<Batch>();
  #open: Batch | null = null;
  #dropped: SimRequest[] = [];

  constructor(parameters: RayParameters) {
    this.#parameters = parameters;
  }

  get askAtMs(): number {
    return this.#open?.dueMs ?? Infinity;
  }

  arrive(request: SimRequest, nowMs: number): boolean {
    const { maxBatchSize, batchWaitTimeoutMs, countsRows, rowsMax } = this.#parameters;
    const size = countsRows ? request.rows : 1;
    if (size > maxBatchSize) return false;
    this.#closeIfDue(nowMs);
    const open = this.#open;
    if (open !== null && (open.size + size > maxBatchSize || open.rows + request.rows > rowsMax)) this.#close();
    this.#open ??= { requests: [], size: 0, rows: 0, dueMs: nowMs + batchWaitTimeoutMs };
    this.#open.requests.push(request);
    this.#open.size += size;
    this.#open.rows += request.rows;
    if (this.#open.size >= maxBatchSize) this.#close();
    return true;
  }

  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null {
    this.#closeIfDue(nowMs);
    if (!deviceFree) return null;
    for (let batch = this.#closed.shift(); batch !== undefined; batch = this.#closed.shift()) {
      const pieces: Piece[] = [];
      for (const request of batch.requests) {
        if (request.deadlineMs <= nowMs) this.#dropped.push(request);
        else pieces.push({ request, rows: request.rows });
      }
      if (pieces.length > 0) return pieces;
    }
    return null;
  }

  finished(): void {}

  takeDropped(): readonly SimRequest[] {
    if (this.#dropped.length === 0) return NOTHING;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  #closeIfDue(nowMs: number): void {
    if (this.#open !== null && this.#open.dueMs <= nowMs) this.#close();
  }

  #close(): void {
    this.#closed.push(this.#open!);
    this.#open = null;
  }
}

export function rayChoices(batchRowsMax: number): PolicyChoice[] {
  const choice = (parameters: RayParameters, requestsMax: number, isDefault: boolean): PolicyChoice => ({
    system: 'Ray Serve',
    parameters:
      `max_batch_size ${parameters.maxBatchSize}${parameters.countsRows ? ' rows' : ''}, ` +
      `batch_wait_timeout_s ${parameters.batchWaitTimeoutMs / 1000}` +
      (requestsMax === Infinity ? '' : `, max_ongoing_requests ${requestsMax}`),
    isDefault,
    answersAtDeadline: false,
    make: (trace) => inTurn(trace, () => withLimit(new RayPolicy(parameters), requestsMax)),
  });
  const rowsMax = batchRowsMax;
  const choices = [choice({ maxBatchSize: 10, batchWaitTimeoutMs: 10, countsRows: false, rowsMax }, Infinity, true)];
  for (const requestsMax of [Infinity, 2 * batchRowsMax, 3 * batchRowsMax]) {
    for (const batchWaitTimeoutMs of [0.5, 2, 5, 8]) {
      choices.push(
        choice({ maxBatchSize: rowsMax, batchWaitTimeoutMs, countsRows: true, rowsMax }, requestsMax, false),
      );
    }
  }
  return choices;
}
