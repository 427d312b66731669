/**
 * What a scheduler that knows the future could finish in time at the most: an upper bound on every policy's goodput.
 *
 * All of it counts in work (see `machine-speed.ts`): with arrival and deadline turned into work done by the machine
 * until then, a batch of n rows takes exactly c(n), whatever the noise. Relaxations are solved, and the smallest answer
 * is taken, as each is above the optimum. Two stand here, a third in `start-bound.ts`:
 *
 * 1. Flow. A real batch of n rows takes c(n) ≥ n / peak, lies between the arrival and the deadline of each request that
 *    it finishes in time, and no two overlap. So spreading its rows evenly over its run gives a schedule in which each
 *    row takes 1 / peak of work somewhere between its arrival and its deadline. The most that can be placed so, cut
 *    into parts as small as one likes, is found by always working on the earliest deadline that has arrived (Glover's
 *    rule for matchings in convex bipartite graphs). Where models weigh differently, sets of requests that can be
 *    placed form a polymatroid, so the best weight is found greedily: the most of the model that is worth most for
 *    its work, then the most that can be added to it by the next.
 *
 * 2. Windows (one model). Requests that arrive in a window and have their deadline in it run entirely in it, in whole
 *    batches: no more rows than M(length) = the most rows that whole batches of total cost `length` hold. Requests are
 *    ordered by arrival. With S(k) the rows finished of the first k, every run of neighbours i..k, the latest deadline
 *    among which is d, gives S(k) - S(i-1) ≤ M(d - arrival i), and each request S(k) - S(k-1) ≤ rows k. The largest S(n) of such difference constraints is a shortest path. Leaving
 *    constraints out raises the answer, so only runs of bounded length are looked at.
 */
import { DeadlineHeap, type Ranked } from '../../actors/model-worker/deadline-heap.ts';
import { type CostCurve, peakRowsPerMs } from './cost-curves.ts';
import { startBound } from './start-bound.ts';
import type { SimRequest, Trace } from './traces.ts';

/** A request on the scale of work. */
export type Job = {
  readonly rows: number;
  readonly model: number;
  readonly arrived: number;
  readonly deadline: number;
};

/** Neighbours looked at together in the second relaxation. */
const WINDOW_REQUESTS_MAX = 1500;
/** Rows up to which M is exact: windows that hold more are left out. */
const WINDOW_ROWS_MAX = 4096;

/** What a request that is finished in time counts: 1 a row, with several models the share of its model's rows. */
export function rowWeights(trace: Trace): number[] {
  const rows = trace.curves.map(() => 0);
  for (const request of trace.requests)
    if (request.arrivedMs >= trace.measuredFromMs) rows[request.model]! += request.rows;
  return rows.map((total) => (total === 0 ? 0 : 1 / (total * trace.curves.length)));
}

/**
 * The most goodput, from 0 to 1, that any schedule has on the trace: the share of measured rows that are finished in
 * time, per model, averaged over the models.
 */
export function offlineBound(trace: Trace): number {
  const jobs = jobsOf(trace);
  const weights = rowWeights(trace);
  const flow = flowBound(jobs, trace.curves, weights);
  if (trace.curves.length > 1) return Math.min(1, flow);
  const curve = trace.curves[0]!;
  const rows = Math.min(windowBound(jobs, curve), startBound(jobs, curve));
  return Math.min(1, flow, rows * weights[0]!);
}

/** The measured requests that can be finished at all, in order of arrival. */
export function jobsOf(trace: Trace): Job[] {
  const jobs: Job[] = [];
  for (const request of trace.requests) {
    if (request.arrivedMs < trace.measuredFromMs) continue;
    const job = jobOf(trace, request);
    if (job.arrived + trace.curves[job.model]!.costMs(job.rows) <= job.deadline + 1e-9) jobs.push(job);
  }
  return jobs;
}

function jobOf(trace: Trace, { rows, model, arrivedMs, deadlineMs }: SimRequest): Job {
  return { rows, model, arrived: trace.speed.workAt(arrivedMs), deadline: trace.speed.workAt(deadlineMs) };
}

/** The first relaxation: the most weight. */
export function flowBound(jobs: readonly Job[], curves: readonly CostCurve[], weights: readonly number[]): number {
  const peaks = curves.map(peakRowsPerMs);
  const order = curves.map((_, model) => model).sort((a, b) => weights[b]! * peaks[b]! - weights[a]! * peaks[a]!);
  let bound = 0;
  let placedBefore = 0;
  const taken = new Set<number>();
  for (const model of order) {
    taken.add(model);
    const placed = mostWork(
      jobs.filter((job) => taken.has(job.model)),
      peaks,
    );
    bound += (placed - placedBefore) * weights[model]! * peaks[model]!;
    placedBefore = placed;
  }
  return bound;
}

type Part = Ranked & { left: number };

/** The most work that can be placed between arrivals and deadlines, requests cut as one likes. */
function mostWork(jobs: readonly Job[], peaks: readonly number[]): number {
  const waiting = new DeadlineHeap<Part>();
  let now = 0;
  let placed = 0;
  const workUntil = (end: number): void => {
    for (let part = waiting.first(); part !== undefined && now < end; part = waiting.first()) {
      const until = Math.min(end, part.deadlineMs, now + part.left);
      const done = Math.max(0, until - now);
      placed += done;
      part.left -= done;
      now += done;
      if (part.left <= 1e-12 || part.deadlineMs <= now) waiting.removeFirst();
    }
    now = Math.max(now, end);
  };
  jobs.forEach((job, order) => {
    workUntil(job.arrived);
    waiting.add({ deadlineMs: job.deadline, order, place: -1, left: job.rows / peaks[job.model]! });
  });
  workUntil(Infinity);
  return placed;
}

/** The second relaxation, for the jobs of one model: the most rows. */
export function windowBound(jobs: readonly Job[], curve: CostCurve): number {
  const least = leastWork(curve, WINDOW_ROWS_MAX);
  // most[k]: of the first k jobs. Pushed forward from each window's first job.
  const most = new Float64Array(jobs.length + 1).fill(Infinity);
  most[0] = 0;
  for (let first = 0; first < jobs.length; first++) {
    const before = most[first]!;
    const { arrived } = jobs[first]!;
    let rowsInWindow = 0;
    let rowsThatFit = 0;
    let latest = -Infinity;
    const end = Math.min(jobs.length, first + WINDOW_REQUESTS_MAX);
    for (let last = first; last < end; last++) {
      rowsInWindow += jobs[last]!.rows;
      latest = Math.max(latest, jobs[last]!.deadline);
      while (rowsThatFit < WINDOW_ROWS_MAX && least[rowsThatFit + 1]! <= latest - arrived + 1e-9) rowsThatFit++;
      if (rowsThatFit === WINDOW_ROWS_MAX) break;
      const rows = last === first ? Math.min(rowsInWindow, rowsThatFit) : rowsThatFit;
      if (before + rows < most[last + 1]!) most[last + 1] = before + rows;
    }
  }
  return most[jobs.length]!;
}

/** least[rows]: the least work of whole batches that hold so many rows. */
function leastWork(curve: CostCurve, rowsMax: number): Float64Array {
  const least = new Float64Array(rowsMax + 1);
  for (let rows = 1; rows <= rowsMax; rows++) {
    let best = Infinity;
    for (let batch = 1; batch <= Math.min(rows, curve.batchRowsMax); batch++) {
      best = Math.min(best, least[rows - batch]! + curve.costMs(batch));
    }
    least[rows] = best;
  }
  return least;
}
