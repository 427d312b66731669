/**
 * Two ways to load a system. Closed loop: N requests outstanding, the next sent when one is answered; measures what
 * the system can give. Open loop: requests leave at instants that do not depend on the answers, and latency counts
 * from the intended instant, so a stall is paid by every request that should have left during it
 * ("coordinated omission", G. Tene).
 */
import type { Clock } from '../cluster/clock.ts';
import type { Random } from '../cluster/random.ts';
import { type ArrivalProcess, arrivalTimesMs } from './arrivals.ts';
import { Histogram } from './histogram.ts';

/** Sends request `index` (0, 1, 2, …) and settles with what came back; rejects where that is an error. */
export type Send = (index: number) => Promise<unknown>;

/** Throws where what came back for request `index` is not what it must be. */
export type Check = (index: number, answer: unknown) => void;

export type LoadResult = {
  /** Requests answered within the measured time. */
  readonly completed: number;
  /** Requests that failed at any time, and the first messages among them. */
  readonly failed: number;
  readonly failures: readonly string[];
  /** Open loop only: requests not sent because `outstandingMax` were unanswered. */
  readonly skipped: number;
  readonly durationMs: number;
  readonly ratePerS: number;
  readonly latency: Histogram;
  /** Open loop only: how late the generator itself sent, which is part of `latency`. */
  readonly sendLag: Histogram;
};

export type ClosedLoopOptions = {
  readonly clock: Clock;
  readonly send: Send;
  readonly check?: Check | undefined;
  readonly outstanding: number;
  /** Not measured. */
  readonly warmUpMs: number;
  readonly durationMs: number;
};

/** Resolves when the time is up and every request sent has settled. */
export function closedLoop(options: ClosedLoopOptions): Promise<LoadResult> {
  const { clock, send, check, outstanding } = options;
  const tally = new Tally();
  const measureFromMs = clock.nowMs() + options.warmUpMs;
  const stopAtMs = measureFromMs + options.durationMs;
  let index = 0;
  let lanes = outstanding;
  return new Promise((resolve) => {
    /** One request after another. Made of one object, so that the load costs the system as little as it can. */
    class Lane {
      #index = 0;
      #sentMs = 0;

      next(): void {
        this.#sentMs = clock.nowMs();
        if (this.#sentMs >= stopAtMs) {
          lanes--;
          if (lanes === 0) resolve(tally.result(options.durationMs));
          return;
        }
        this.#index = index++;
        send(this.#index).then(this.#answered, this.#failed);
      }

      readonly #answered = (answer: unknown): void => {
        const nowMs = clock.nowMs();
        try {
          check?.(this.#index, answer);
        } catch (thrown) {
          this.#failed(thrown);
          return;
        }
        if (nowMs >= measureFromMs && nowMs < stopAtMs) tally.completed(nowMs - this.#sentMs);
        this.next();
      };

      readonly #failed = (thrown: unknown): void => {
        tally.failed(thrown);
        // A refusal may be immediate; going on in the same turn would never let the clock move.
        clock.afterInput(() => this.next());
      };
    }
    for (let i = 0; i < outstanding; i++) new Lane().next();
  });
}

export type OpenLoopOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: Send;
  readonly check?: Check | undefined;
  readonly arrivals: ArrivalProcess;
  readonly ratePerS: number;
  readonly durationMs: number;
  /** Bound on unanswered requests; arrivals beyond are counted as skipped, which makes the run invalid. */
  readonly outstandingMax: number;
};

/** Resolves when the last arrival's time has come and every request sent has settled. */
export function openLoop(options: OpenLoopOptions): Promise<LoadResult> {
  const { clock, send, check } = options;
  const tally = new Tally();
  const times = arrivalTimesMs({ process: options.arrivals, ratePerS: options.ratePerS, random: options.random });
  const startMs = clock.nowMs();
  let dueMs = times.next().value;
  let index = 0;
  let outstanding = 0;
  return new Promise((resolve) => {
    const settleOne = (): void => {
      outstanding--;
      finishIfDone();
    };
    const finishIfDone = (): void => {
      if (dueMs >= options.durationMs && outstanding === 0) resolve(tally.result(options.durationMs));
    };
    const sendOne = (intendedMs: number, nowMs: number): void => {
      if (outstanding >= options.outstandingMax) {
        tally.skipped();
        return;
      }
      outstanding++;
      tally.sentLate(nowMs - intendedMs);
      const own = index++;
      send(own)
        .then((answer) => {
          check?.(own, answer);
          tally.completed(clock.nowMs() - startMs - intendedMs);
        })
        .catch((thrown: unknown) => tally.failed(thrown))
        .then(settleOne);
    };
    const sendDue = (): void => {
      const nowMs = clock.nowMs() - startMs;
      while (dueMs <= nowMs && dueMs < options.durationMs) {
        sendOne(dueMs, nowMs);
        dueMs = times.next().value;
      }
      // Timers have a grain of 1 ms; spinning between two of them would take a core from the system measured.
      if (dueMs < options.durationMs) clock.after(dueMs - nowMs, sendDue);
      else finishIfDone();
    };
    sendDue();
  });
}

/** Throws where any request failed or was skipped: such a run measures something else. */
export function assertClean(what: string, result: LoadResult): LoadResult {
  if (result.failed > 0) {
    throw new Error(`${what}: ${result.failed} requests failed, first: ${result.failures.join(' | ')}`);
  }
  if (result.skipped > 0) throw new Error(`${what}: ${result.skipped} requests could not be sent; lower the rate`);
  if (result.completed === 0) throw new Error(`${what}: no request was answered in the measured time`);
  return result;
}

const FAILURE_MESSAGES_MAX = 3;

class Tally {
  readonly #latency = new Histogram();
  readonly #sendLag = new Histogram();
  readonly #failures: string[] = [];
  #failed = 0;
  #skipped = 0;

  completed(latencyMs: number): void {
    this.#latency.record(latencyMs);
  }

  sentLate(lagMs: number): void {
    this.#sendLag.record(lagMs);
  }

  skipped(): void {
    this.#skipped++;
  }

  failed(thrown: unknown): void {
    this.#failed++;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (this.#failures.length < FAILURE_MESSAGES_MAX && !this.#failures.includes(message)) this.#failures.push(message);
  }

  result(durationMs: number): LoadResult {
    return {
      completed: this.#latency.count,
      failed: this.#failed,
      failures: this.#failures,
      skipped: this.#skipped,
      durationMs,
      ratePerS: (this.#latency.count / durationMs) * 1000,
      latency: this.#latency,
      sendLag: this.#sendLag,
    };
  }
}
