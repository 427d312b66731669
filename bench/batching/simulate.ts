/**
 * Runs a policy against a trace in simulated time: one device, one batch at a time, discrete events, no clock and no
 * chance of its own. Every request ends exactly once: in time, late, or refused.
 */
import type { Piece, Policy } from './policy.ts';
import type { SimRequest, Trace } from './traces.ts';

/** How a request ended; `PENDING` is left over by a policy that forgets it, which the simulator does not allow. */
export const PENDING = 0;
export const IN_TIME = 1;
/** Its batch ended after its deadline. */
export const LATE = 2;
/** It got an error before its deadline. */
export const REFUSED = 3;
/** It got an error, without having run, at its deadline or later. */
export const EXPIRED = 4;

export type Outcome = {
  /** By request id. */
  readonly ended: Uint8Array;
  /** When each was answered, by request id. */
  readonly endedMs: Float64Array;
  readonly batches: number;
  /** Rows of all batches. */
  readonly rowsRun: number;
};

/** Events more than this many for each request mean a policy that asks again without end. */
const EVENTS_PER_REQUEST_MAX = 1000;

/** Throws Error where a policy breaks its contract: forgets a request, ends one twice, mixes models, or has larger
 * batches than the engine takes. */
export function simulate(trace: Trace, policy: Policy): Outcome {
  return new Simulation(trace, policy).run();
}

class Simulation {
  readonly #trace: Trace;
  readonly #policy: Policy;
  readonly #ended: Uint8Array;
  readonly #endedMs: Float64Array;
  /** Rows of each request that have not run yet. */
  readonly #rowsLeft: Int32Array;
  #running: readonly Piece[] | null = null;
  #startedMs = 0;
  #endMs = Infinity;
  #batches = 0;
  #rowsRun = 0;

  constructor(trace: Trace, policy: Policy) {
    this.#trace = trace;
    this.#policy = policy;
    this.#ended = new Uint8Array(trace.requests.length);
    this.#endedMs = new Float64Array(trace.requests.length);
    this.#rowsLeft = Int32Array.from(trace.requests, (request) => request.rows);
  }

  run(): Outcome {
    const { requests } = this.#trace;
    const policy = this.#policy;
    let arrived = 0;
    let nowMs = 0;
    let eventsLeft = (requests.length + 10) * EVENTS_PER_REQUEST_MAX;
    for (;;) {
      const arrivalMs = requests[arrived]?.arrivedMs ?? Infinity;
      const askAtMs = policy.askAtMs;
      const atMs = Math.min(arrivalMs, this.#endMs, askAtMs);
      if (atMs === Infinity) break;
      if (--eventsLeft === 0) throw new Error('the policy asks again without end');
      nowMs = Math.max(nowMs, atMs);
      if (this.#endMs <= nowMs) this.#finish(nowMs);
      for (; arrived < requests.length && requests[arrived]!.arrivedMs <= nowMs; arrived++) {
        const request = requests[arrived]!;
        if (!policy.arrive(request, nowMs)) this.#endWithError(request, nowMs);
      }
      const free = this.#running === null;
      if (free || askAtMs <= nowMs) {
        const batch = policy.next(nowMs, free);
        if (batch !== null && batch.length > 0) this.#start(batch, nowMs);
        else if (policy.askAtMs <= nowMs) throw new Error('the policy asks again for the instant it was asked at');
      }
      for (const request of policy.takeDropped()) this.#endWithError(request, nowMs);
    }
    const forgotten = this.#ended.indexOf(PENDING);
    if (forgotten >= 0) throw new Error(`request ${forgotten} was never answered`);
    return { ended: this.#ended, endedMs: this.#endedMs, batches: this.#batches, rowsRun: this.#rowsRun };
  }

  #start(batch: readonly Piece[], nowMs: number): void {
    if (this.#running !== null) throw new Error('a batch was started on a busy device');
    const model = batch[0]!.request.model;
    let rows = 0;
    for (const piece of batch) {
      if (piece.request.model !== model) throw new Error('a batch mixes models');
      if (this.#ended[piece.request.id] !== PENDING) throw new Error(`request ${piece.request.id} had ended`);
      rows += piece.rows;
    }
    const { batchRowsMax } = this.#trace.curves[model]!;
    if (rows > batchRowsMax) throw new Error(`a batch of ${rows} rows, where the engine takes ${batchRowsMax}`);
    this.#running = batch;
    this.#startedMs = nowMs;
    this.#endMs = this.#trace.speed.endMs(nowMs, this.#trace.curves[model]!.costMs(rows));
    this.#batches++;
    this.#rowsRun += rows;
  }

  #finish(nowMs: number): void {
    const batch = this.#running!;
    this.#running = null;
    this.#endMs = Infinity;
    for (const { request, rows } of batch) {
      const left = this.#rowsLeft[request.id]! - rows;
      if (left < 0) throw new Error(`request ${request.id} ran more rows than it has`);
      this.#rowsLeft[request.id] = left;
      // A part of a request that was given up meanwhile changes nothing any more.
      if (left === 0 && this.#ended[request.id] === PENDING) {
        this.#end(request, nowMs <= request.deadlineMs ? IN_TIME : LATE, nowMs);
      }
    }
    this.#policy.finished(batch, nowMs, nowMs - this.#startedMs);
  }

  #endWithError(request: SimRequest, nowMs: number): void {
    this.#end(request, nowMs < request.deadlineMs ? REFUSED : EXPIRED, nowMs);
  }

  #end(request: SimRequest, how: number, nowMs: number): void {
    if (this.#ended[request.id] !== PENDING) throw new Error(`request ${request.id} ended twice`);
    this.#ended[request.id] = how;
    this.#endedMs[request.id] = nowMs;
  }
}
