/** Figures of one simulated run. */
import { rowWeights } from './offline-bound.ts';
import { EXPIRED, IN_TIME, LATE, type Outcome, REFUSED } from './simulate.ts';
import type { Trace } from './traces.ts';

export type Figures = {
  /** Share of measured rows that were finished in time, per model, averaged over the models. */
  readonly goodput: number;
  /** The least of the models' shares. */
  readonly worstModel: number;
  /** Share of measured requests finished in time. */
  readonly requestsInTime: number;
  /** Of requests that got a result, late ones included, ms from arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly batchRowsMean: number;
  /** Share of measured requests that got an error before their deadline. */
  readonly refusedEarly: number;
  /** Half of those were answered within this, ms from arrival. */
  readonly refusedP50Ms: number;
  /** Share of measured requests whose caller got something after its deadline. */
  readonly answeredLate: number;
  /** Share of measured requests that ran and ended after their deadline. */
  readonly ranTooLate: number;
};

export function figuresOf(trace: Trace, outcome: Outcome, answersAtDeadline: boolean): Figures {
  const weights = rowWeights(trace);
  const rowsInTime = trace.curves.map(() => 0);
  const latencies: number[] = [];
  const refusals: number[] = [];
  let requests = 0;
  let inTime = 0;
  let late = 0;
  let expiredLate = 0;
  for (const { id, rows, model, arrivedMs, deadlineMs } of trace.requests) {
    if (arrivedMs < trace.measuredFromMs) continue;
    requests++;
    const how = outcome.ended[id]!;
    const tookMs = outcome.endedMs[id]! - arrivedMs;
    if (how === IN_TIME) {
      inTime++;
      rowsInTime[model]! += rows;
    }
    if (how === LATE) late++;
    if (how === IN_TIME || how === LATE) latencies.push(tookMs);
    if (how === REFUSED) refusals.push(tookMs);
    if (how === EXPIRED && outcome.endedMs[id]! > deadlineMs) expiredLate++;
  }
  const shares = rowsInTime.map((rows, model) => rows * weights[model]! * trace.curves.length);
  const of = (count: number): number => (requests === 0 ? 0 : count / requests);
  return {
    goodput: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    worstModel: Math.min(...shares),
    requestsInTime: of(inTime),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    batchRowsMean: outcome.batches === 0 ? 0 : outcome.rowsRun / outcome.batches,
    refusedEarly: of(refusals.length),
    refusedP50Ms: quantile(refusals, 0.5),
    answeredLate: answersAtDeadline ? 0 : of(late + expiredLate),
    ranTooLate: of(late),
  };
}

/** 0 where there are no values. */
function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.ceil(q * sorted.length) - 1]!;
}
