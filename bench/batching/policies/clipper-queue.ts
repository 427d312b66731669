/**
 * The queue that both of Clipper's batching rules draw from, after `ModelQueue` in
 * `src/libclipper/include/clipper/task_executor.hpp` of ucbrise/clipper (commit 032d8f57b9f9): a heap by deadline;
 * tasks whose deadline has passed are removed when a batch is asked for, at once when the container is free. Sizes count
 * requests. Clipper drops expired tasks without an answer; here they are answered at that moment.
 */
import { DeadlineHeap, type Ranked } from '../../../actors/model-worker/deadline-heap.ts';
import { NOTHING, type Piece, type Policy } from '../policy.ts';
import type { SimRequest } from '../traces.ts';

type Task = Ranked & { readonly request: SimRequest };

export abstract class ClipperQueue implements Policy {
  readonly #rowsMax: number;
  readonly #queue = new DeadlineHeap<Task>();
  #dropped: SimRequest[] = [];
  askAtMs = Infinity;

  /** `rowsMax`: what the engine takes; Clipper itself knows no such limit. */
  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  /** Requests that the next batch may have. */
  abstract batchSize(earliestDeadlineMs: number, nowMs: number): number;

  abstract finished(batch: readonly Piece[], nowMs: number, serviceMs: number): void;

  arrive(request: SimRequest): boolean {
    this.#queue.add({ deadlineMs: request.deadlineMs, order: request.id, place: -1, request });
    return true;
  }

  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null {
    if (!deviceFree) return null;
    for (let task = this.#queue.first(); task !== undefined && task.deadlineMs <= nowMs; task = this.#queue.first()) {
      this.#dropped.push(task.request);
      this.#queue.removeFirst();
    }
    const first = this.#queue.first();
    if (first === undefined) return null;
    const size = this.batchSize(first.deadlineMs, nowMs);
    const pieces: Piece[] = [];
    let rows = 0;
    for (let task = this.#queue.first(); task !== undefined && pieces.length < size; task = this.#queue.first()) {
      if (rows + task.request.rows > this.#rowsMax) break;
      this.#queue.removeFirst();
      rows += task.request.rows;
      pieces.push({ request: task.request, rows: task.request.rows });
    }
    return pieces;
  }

  takeDropped(): readonly SimRequest[] {
    if (this.#dropped.length === 0) return NOTHING;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }
}
