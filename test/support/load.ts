/** A steady, bounded load for fault tests, which counts what becomes of every request. */
import { type Clock, systemClock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';

export type Tally = {
  sent: number;
  ok: number;
  /** By error code; what is no ServingError counts under its name. */
  readonly failed: Map<string, number>;
  /** A few of the messages, to read when an assertion fails. */
  readonly messages: string[];
  /** Slowest answer, ms. */
  slowestMs: number;
  /** Each failure with the time at which its request had been sent, ms since the load began. */
  readonly failures: { readonly code: string; readonly sentAtMs: number }[];
};

export class SteadyLoad {
  readonly tally: Tally = { sent: 0, ok: 0, failed: new Map(), messages: [], slowestMs: 0, failures: [] };
  readonly #clock: Clock;
  readonly #ratePerS: number;
  readonly #call: (index: number) => Promise<unknown>;
  readonly #pending = new Set<Promise<void>>();
  readonly #startMs: number;
  readonly #outstandingMax: number;
  #skipped = 0;
  #stopped = false;

  /** Begins at once. Requests are sent by the clock, whatever becomes of earlier ones, up to `outstandingMax` of them. */
  constructor(ratePerS: number, call: (index: number) => Promise<unknown>, outstandingMax = 8_192) {
    this.#clock = systemClock;
    this.#ratePerS = ratePerS;
    this.#call = call;
    this.#outstandingMax = outstandingMax;
    this.#startMs = this.#clock.nowMs();
    this.#tick();
  }

  get elapsedMs(): number {
    return this.#clock.nowMs() - this.#startMs;
  }

  get outstanding(): number {
    return this.#pending.size;
  }

  /** Requests that were due while too many were unanswered. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Sends no more; resolves once everything sent has settled. */
  async stop(): Promise<Tally> {
    this.#stopped = true;
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    return this.tally;
  }

  #tick(): void {
    if (this.#stopped) return;
    const due = Math.floor((this.elapsedMs / 1_000) * this.#ratePerS);
    while (this.tally.sent + this.#skipped < due) {
      if (this.#pending.size >= this.#outstandingMax) this.#skipped++;
      else this.#send();
    }
    this.#clock.after(2, () => this.#tick());
  }

  #send(): void {
    const { tally } = this;
    const sentMs = this.#clock.nowMs();
    const work = this.#call(tally.sent++).then(
      () => {
        tally.ok++;
        tally.slowestMs = Math.max(tally.slowestMs, this.#clock.nowMs() - sentMs);
      },
      (thrown: unknown) => {
        const code = thrown instanceof ServingError ? thrown.code : thrown instanceof Error ? thrown.name : 'unknown';
        tally.failed.set(code, (tally.failed.get(code) ?? 0) + 1);
        tally.failures.push({ code, sentAtMs: sentMs - this.#startMs });
        if (tally.messages.length < 10) tally.messages.push(`${code}: ${String((thrown as Error).message)}`);
      },
    );
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }
}

/** One line for the test's output. */
export function summary(name: string, tally: Tally): string {
  const failed = [...tally.failed].map(([code, count]) => `${count} ${code}`).join(', ') || 'none';
  return `${name}: ${tally.sent} sent, ${tally.ok} ok, failed: ${failed}; slowest ${Math.round(tally.slowestMs)} ms`;
}
