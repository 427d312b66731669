/**
 * Triton's dynamic batcher, after `GetDynamicBatch` and the scheduler thread in `src/dynamic_batch_scheduler.cc` of
 * triton-inference-server/core (commit 01ea7d9063e8, read 2026-11): walk the queue until the maximum batch size would
 * be exceeded, remember the largest preferred size on the way; send a preferred size while the delay of the oldest is
 * not exceeded; send what there is when it is, or when nothing more fits; otherwise wait for the rest of the delay or
 * the nearest timeout, whichever comes first. Without preferred sizes the maximum batch size is the preferred one.
 *
 * Defaults (docs/user_guide/model_configuration.md): max_queue_delay_microseconds 0, no preferred_batch_size, no queue
 * policy, so nothing expires. What we call best adds `default_queue_policy { timeout_action: REJECT
 * allow_timeout_override: true }`, with each request's own remaining time, or a share of it, as its timeout: the queue
 * then drops what has expired, when the scheduler thread looks, which it does when an instance is free; or a
 * `max_queue_size` of one or two batches.
 */
import { Fifo, inTurn, NOTHING, type Piece, type Policy, type PolicyChoice } from '../policy.ts';
import type { SimRequest } from '../traces.ts';

export type TritonParameters = {
  readonly maxBatchSize: number;
  readonly maxQueueDelayMs: number;
  readonly preferredBatchSizes: readonly number[];
  /** Requests waiting; Infinity: no limit. */
  readonly maxQueueSize: number;
  /** The timeout, as a share of the time that a request has; Infinity: none. */
  readonly timeoutShare: number;
};

export class TritonPolicy implements Policy {
  readonly #parameters: TritonParameters;
  readonly #preferred: ReadonlySet<number>;
  readonly #preferredMax: number;
  readonly #queue = new Fifo<SimRequest>();
  #dropped: SimRequest[] = [];
  askAtMs = Infinity;

  constructor(parameters: TritonParameters) {
    this.#parameters = parameters;
    const { preferredBatchSizes, maxBatchSize } = parameters;
    this.#preferred = new Set(preferredBatchSizes);
    this.#preferredMax = preferredBatchSizes.length > 0 ? Math.max(...preferredBatchSizes) : maxBatchSize;
  }

  arrive(request: SimRequest): boolean {
    if (this.#queue.length >= this.#parameters.maxQueueSize) return false;
    this.#queue.push(request);
    return true;
  }

  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null {
    this.askAtMs = Infinity;
    if (!deviceFree) return null;
    const { maxBatchSize, maxQueueDelayMs, timeoutShare } = this.#parameters;
    const pending: SimRequest[] = [];
    let rows = 0;
    let bestCount = 0;
    let bestRows = 0;
    let full = false;
    let nearestTimeoutMs = Infinity;
    while (!full) {
      const request = this.#queue.at(pending.length);
      if (request === undefined) break;
      const timeoutMs = request.arrivedMs + timeoutShare * (request.deadlineMs - request.arrivedMs);
      if (timeoutMs <= nowMs) {
        this.#dropped.push(this.#queue.removeAt(pending.length));
        continue;
      }
      const grown = rows + request.rows;
      if (pending.length > 0) {
        if (grown > this.#preferredMax && bestCount === 0) {
          bestCount = pending.length;
          bestRows = rows;
        }
        if (grown > maxBatchSize) {
          full = true;
          break;
        }
      }
      pending.push(request);
      rows = grown;
      nearestTimeoutMs = Math.min(nearestTimeoutMs, timeoutMs);
      if (this.#preferred.has(rows)) {
        bestCount = pending.length;
        bestRows = rows;
      }
    }
    if (pending.length === 0) return null;
    const dueMs = pending[0]!.arrivedMs + maxQueueDelayMs;
    const delayExceeded = maxQueueDelayMs !== 0 && nowMs >= dueMs;
    if (bestRows > 0 && !delayExceeded) return this.#take(bestCount);
    if (full || rows >= this.#preferredMax || delayExceeded || maxQueueDelayMs === 0) return this.#take(pending.length);
    this.askAtMs = Math.min(dueMs, nearestTimeoutMs);
    return null;
  }

  finished(): void {}

  takeDropped(): readonly SimRequest[] {
    if (this.#dropped.length === 0) return NOTHING;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  #take(count: number): readonly Piece[] {
    return Array.from({ length: count }, () => {
      const request = this.#queue.shift()!;
      return { request, rows: request.rows };
    });
  }
}

export function tritonChoices(batchRowsMax: number): PolicyChoice[] {
  const choice = (parameters: TritonParameters, isDefault: boolean): PolicyChoice => ({
    system: 'Triton',
    parameters: [
      `max_queue_delay ${parameters.maxQueueDelayMs} ms`,
      `preferred [${parameters.preferredBatchSizes.join(' ')}]`,
      parameters.timeoutShare === Infinity ? 'no timeout' : `timeout ${parameters.timeoutShare} of the time left`,
      parameters.maxQueueSize === Infinity ? 'no max_queue_size' : `max_queue_size ${parameters.maxQueueSize}`,
    ].join(', '),
    isDefault,
    answersAtDeadline: false,
    make: (trace) => inTurn(trace, () => new TritonPolicy(parameters)),
  });
  const fixed = { maxBatchSize: batchRowsMax, preferredBatchSizes: [], maxQueueSize: Infinity };
  const choices = [choice({ ...fixed, maxQueueDelayMs: 0, timeoutShare: Infinity }, true)];
  for (const maxQueueSize of [Infinity, batchRowsMax, 2 * batchRowsMax]) {
    for (const timeoutShare of maxQueueSize === Infinity ? [1, 0.75, 0.5] : [1]) {
      for (const preferredBatchSizes of [[], [batchRowsMax / 2]]) {
        for (const maxQueueDelayMs of [0, 2, 5]) {
          choices.push(choice({ ...fixed, maxQueueDelayMs, preferredBatchSizes, maxQueueSize, timeoutShare }, false));
        }
      }
    }
  }
  return choices;
}
