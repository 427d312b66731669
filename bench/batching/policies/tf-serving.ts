/**
 * TensorFlow Serving's SharedBatchScheduler, after `tensorflow/core/kernels/batching_util/shared_batch_scheduler.h` of
 * tensorflow/tensorflow (commit 021bfd4e8001, read 2026-11): a queue is a row of batches of which the last is open. A
 * task that does not fit closes it and opens another; where `max_enqueued_batches` are there already it is refused. A
 * thread takes the first batch if it is closed, or open and older than `batch_timeout_micros` by its first task. Queues
 * of several models are asked in turn. Nothing expires. One batch thread, for a device that runs one batch at a time.
 *
 * Defaults (QueueOptions there): max_batch_size 1000, here the engine's most rows; batch_timeout_micros 0;
 * max_enqueued_batches 10. The tuning guide (tensorflow_serving/batching/README.md) advises for bounded latency: as
 * many enqueued batches as threads, a timeout from 0 to a few milliseconds; the search covers that.
 */
import { inTurn, NOTHING, type Piece, type Policy, type PolicyChoice } from '../policy.ts';
import type { SimRequest } from '../traces.ts';

export type TfServingParameters = {
  readonly maxBatchSize: number;
  readonly batchTimeoutMs: number;
  readonly maxEnqueuedBatches: number;
};

type Batch = { pieces: Piece[]; rows: number; openedMs: number };

export class TfServingPolicy implements Policy {
  readonly #parameters: TfServingParameters;
  /** The last is open, the others are closed. */
  readonly #batches: Batch[] = [{ pieces: [], rows: 0, openedMs: 0 }];
  askAtMs = Infinity;

  constructor(parameters: TfServingParameters) {
    this.#parameters = parameters;
  }

  arrive(request: SimRequest, nowMs: number): boolean {
    const { maxBatchSize, maxEnqueuedBatches } = this.#parameters;
    let open = this.#batches[this.#batches.length - 1]!;
    if (open.rows + request.rows > maxBatchSize && open.rows > 0) {
      if (this.#batches.length >= maxEnqueuedBatches) return false;
      open = { pieces: [], rows: 0, openedMs: nowMs };
      this.#batches.push(open);
    }
    if (open.pieces.length === 0) open.openedMs = nowMs;
    open.pieces.push({ request, rows: request.rows });
    open.rows += request.rows;
    return true;
  }

  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null {
    this.askAtMs = Infinity;
    if (!deviceFree) return null;
    const first = this.#batches[0]!;
    if (first.pieces.length === 0) return null;
    if (this.#batches.length === 1) {
      const dueMs = first.openedMs + this.#parameters.batchTimeoutMs;
      if (first.rows < this.#parameters.maxBatchSize && nowMs < dueMs) {
        this.askAtMs = dueMs;
        return null;
      }
      this.#batches.push({ pieces: [], rows: 0, openedMs: nowMs });
    }
    this.#batches.shift();
    return first.pieces;
  }

  finished(): void {}

  takeDropped(): readonly SimRequest[] {
    return NOTHING;
  }
}

export function tfServingChoices(batchRowsMax: number): PolicyChoice[] {
  const choice = (parameters: TfServingParameters, isDefault: boolean): PolicyChoice => ({
    system: 'TF Serving',
    parameters:
      `max_batch_size ${parameters.maxBatchSize}, batch_timeout ${parameters.batchTimeoutMs} ms, ` +
      `max_enqueued_batches ${parameters.maxEnqueuedBatches}`,
    isDefault,
    answersAtDeadline: false,
    make: (trace) => inTurn(trace, () => new TfServingPolicy(parameters)),
  });
  const choices = [choice({ maxBatchSize: batchRowsMax, batchTimeoutMs: 0, maxEnqueuedBatches: 10 }, true)];
  for (const maxEnqueuedBatches of [1, 2, 3, 4]) {
    for (const batchTimeoutMs of [0, 1, 4]) {
      choices.push(choice({ maxBatchSize: batchRowsMax, batchTimeoutMs, maxEnqueuedBatches }, false));
    }
  }
  return choices;
}
