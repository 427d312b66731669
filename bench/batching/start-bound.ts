/**
 * A third relaxation for the offline bound, for the jobs of one model: batches start at least the cost of one row apart,
 * and a request can only be finished in time by a batch that starts between its arrival and the last instant from which
 * its own rows are finished by its deadline. What is left out is that batches have a largest size and that more rows
 * take longer. So this one is sharp where deadlines are short beside the cost of any batch.
 *
 * Starts are put on a grid that divides the cost of one row evenly. Rounding a start down keeps starts as far apart in
 * grid steps as they were in work, and a request counts as reached from every step that its interval touches, so the
 * grid only helps. The most rows reached is a dynamic programme over the last start: of two neighbouring starts, the
 * later one adds the requests that arrived after the earlier.
 */
import type { CostCurve } from './cost-curves.ts';
import type { Job } from './offline-bound.ts';

const STEPS_PER_BATCH = 64;
/** Above, the intervals are long beside a batch: the bound would be dull, and dear to find. */
const INTERVAL_STEPS_MAX = 4 * STEPS_PER_BATCH;

/** The most rows that can be finished in time; Infinity where this relaxation has nothing to say. */
export function startBound(jobs: readonly Job[], curve: CostCurve): number {
  const step = curve.costMs(1) / STEPS_PER_BATCH;
  if (jobs.length === 0) return 0;
  const origin = jobs[0]!.arrived;
  const first = jobs.map((job) => Math.floor((job.arrived - origin) / step));
  const last = jobs.map((job) => Math.floor((job.deadline - curve.costMs(job.rows) - origin + 1e-9) / step));
  const longest = jobs.reduce((most, _, i) => Math.max(most, last[i]! - first[i]!), 0);
  if (longest > INTERVAL_STEPS_MAX) return Infinity;
  const steps = last.reduce((most, at) => Math.max(most, at), 0) + 1;
  // best[t + 1]: rows reached where the last start is at t or before.
  const best = new Float64Array(steps + 1);
  let begin = 0;
  let end = 0;
  for (let t = 0; t < steps; t++) {
    while (end < jobs.length && first[end]! <= t) end++;
    while (begin < end && first[begin]! < t - longest) begin++;
    // Backwards over the arrivals that t can reach: the start before t lies before those counted so far, or with the
    // first of them, which then may be counted twice.
    let reached = 0;
    let most = 0;
    let before = t - STEPS_PER_BATCH;
    for (let i = end - 1; i >= begin; i--) {
      most = Math.max(most, reached + (before >= 0 ? best[before + 1]! : 0));
      if (last[i]! >= t) reached += jobs[i]!.rows;
      before = Math.min(before, first[i]!);
    }
    most = Math.max(most, reached + (before >= 0 ? best[before + 1]! : 0));
    best[t + 1] = Math.max(best[t]!, most);
  }
  return best[steps]!;
}
