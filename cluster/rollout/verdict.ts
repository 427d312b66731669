/**
 * Whether the candidate does harm, by what both arms did at the same time: pass, fail, or undecided. Pure.
 *
 * "Fail" takes two things: evidence that may be looked at as often as one likes (`always-valid.ts`; the false alarms of
 * all looks, checks and steps of a rollout together stay below `alpha`), and an effect of a size that matters (the
 * policy's margins). "Pass" takes enough requests and no sign of an effect of that size.
 */
import { moreThanShare, notItsShare } from './always-valid.ts';
import { type ArmCounts, LATENCY_SLICES, USER_BITS } from './arm-counts.ts';
import { countAbove, latencyBoundUs, latencyBucket, quantileBucket } from './buckets.ts';
import type { RolloutPolicy } from './rollout.ts';
import { scoreShift } from './score-shift.ts';

export type Outcome = 'pass' | 'fail' | 'undecided';

export type Check = {
  readonly name: 'traffic' | 'sample_ratio' | 'errors' | 'latency_p50' | 'latency_p99' | 'scores';
  readonly outcome: Outcome;
  /** For people: the figures. */
  readonly detail: string;
};

export type Verdict = {
  readonly outcome: Outcome;
  /** What keeps an undecided one from being a pass is traffic or the experiment itself. */
  readonly pause: boolean;
  readonly checks: readonly Check[];
  /** Names what decided it, with its figures; empty on a pass. */
  readonly reason: string;
};

export type Arms = { readonly baseline: ArmCounts; readonly candidate: ArmCounts };

/** Errors, two latency quantiles, scores. */
const HARM_CHECKS = 4;
/**
 * Latencies come in bursts, which evidence request by request knows nothing of. So a handful proves nothing, and what is
 * to be called slow must be slow without its two slowest slices of time, and what is to be called good must be so
 * without its slowest: a single stall lies in one of them, or across two.
 */
const LATENCIES_MIN = 100;
const DROPPED_TO_FAIL = 2;
const DROPPED_TO_PASS = 1;
/** Slices that must have answers before one may be dropped to pass. */
const SLICES_MIN = 3;
const RATIO_ALPHA = 0.001;
const RATIO_WEIGHT = 100;

/**
 * `share`: of the users who should be in the candidate's arm, in (0, 1); null where both arms get the same requests.
 * `steps`: of the rollout, each of which is judged on its own.
 */
export function judge(arms: Arms, policy: RolloutPolicy, share: number | null, steps: number): Verdict {
  const evidenceMin = Math.log((HARM_CHECKS * steps) / policy.alpha);
  const checks: Check[] = [
    traffic(arms, policy),
    ...(share === null ? [] : [sampleRatio(arms, share, steps)]),
    errors(arms, policy, evidenceMin),
    latency('latency_p50', 0.5, arms, policy, evidenceMin),
    latency('latency_p99', 0.99, arms, policy, evidenceMin),
    scores(arms, policy, evidenceMin),
  ];
  const [enough] = checks;
  const ratio = checks.find((check) => check.name === 'sample_ratio');
  const harm = checks.filter((check) => check.name !== 'traffic' && check.name !== 'sample_ratio');
  const failed = harm.filter((check) => check.outcome === 'fail');
  const told = (some: readonly Check[]) => some.map((check) => `${check.name}: ${check.detail}`).join('; ');
  if (failed.length > 0) return { outcome: 'fail', pause: false, checks, reason: told(failed) };
  // Arms of the wrong size are not comparable, whatever the other checks say.
  if (ratio?.outcome === 'fail') return { outcome: 'undecided', pause: true, checks, reason: told([ratio]) };
  if (enough!.outcome !== 'pass') return { outcome: 'undecided', pause: true, checks, reason: told([enough!]) };
  const open = harm.filter((check) => check.outcome === 'undecided');
  if (open.length > 0) return { outcome: 'undecided', pause: false, checks, reason: told(open) };
  return { outcome: 'pass', pause: false, checks, reason: '' };
}

function traffic({ baseline, candidate }: Arms, policy: RolloutPolicy): Check {
  const fewest = Math.min(baseline.requests, candidate.requests);
  const detail = `${candidate.requests} requests to the candidate and ${baseline.requests} to the baseline, ${policy.min_requests} each are needed`;
  return { name: 'traffic', outcome: fewest >= policy.min_requests ? 'pass' : 'undecided', detail };
}

/** Sizes of the arms, in users where requests have them: a single busy user must not look like a flawed split. */
function sampleRatio({ baseline, candidate }: Arms, share: number, steps: number): Check {
  const [mine, others] = [candidate.userCount, baseline.userCount];
  let [own, all, weight] = [candidate.assigned, candidate.assigned + baseline.assigned, 1];
  if (mine !== null || others !== null) {
    own = mine ?? 0;
    all = own + (others ?? 0);
    if (!Number.isFinite(all)) {
      return { name: 'sample_ratio', outcome: 'pass', detail: 'too many users to count, not checked' };
    }
    // Counted with an error of its own, which takes from what the counts can show.
    const split = all * share * (1 - share);
    const counting = countVariance(own) * (1 - share) ** 2 + countVariance(all - own) * share ** 2;
    weight = split / (split + counting);
  }
  const evidence = all === 0 ? 0 : notItsShare(own * weight, all * weight, share, RATIO_WEIGHT);
  const outcome = evidence >= Math.log(steps / RATIO_ALPHA) ? 'fail' : 'pass';
  const seen = all === 0 ? 'nobody' : `${percent(own / all)} of ${Math.round(all)}`;
  return { name: 'sample_ratio', outcome, detail: `${seen} in the candidate's arm, ${percent(share)} were assigned` };
}

/** Of linear counting. */
function countVariance(count: number): number {
  const load = count / USER_BITS;
  return USER_BITS * (Math.exp(load) - load - 1);
}

function errors({ baseline, candidate }: Arms, policy: RolloutPolicy, evidenceMin: number): Check {
  const [mineRate, otherRate] = [rateOf(candidate), rateOf(baseline)];
  const worse = mineRate - otherRate;
  const evidence = errorEvidence(candidate, baseline);
  const detail = `${percent(mineRate)} of the candidate's requests fail, ${percent(otherRate)} of the baseline's`;
  if (evidence >= evidenceMin && worse > policy.error_margin) return { name: 'errors', outcome: 'fail', detail };
  const bound = errorBound(candidate, baseline);
  const outcome = bound <= Math.max(policy.error_tolerance, policy.error_margin) ? 'pass' : 'undecided';
  return { name: 'errors', outcome, detail: `${detail}; the difference may be ${percent(bound)}` };
}

/**
 * Users are what is assigned, so failures are counted by user: one user whose every request fails is one event, not
 * thousands. Where most users meet failures anyway, no single one matters, and requests say more.
 */
function errorEvidence(candidate: ArmCounts, baseline: ArmCounts): number {
  const [mine, other] = [byUser(candidate), byUser(baseline)];
  if (mine !== null && other !== null && other.failures < other.tries / 2) return evidenceOf(mine, other);
  return evidenceOf(byRequest(candidate), byRequest(baseline));
}

type Tries = { readonly failures: number; readonly tries: number };

function byRequest({ failures, requests }: ArmCounts): Tries {
  return { failures, tries: requests };
}

/** Users, and those that met a failure; null where there are none, or too many to count. */
function byUser({ userCount, failedUserCount }: ArmCounts): Tries | null {
  if (userCount === null || !Number.isFinite(userCount)) return null;
  return { failures: failedUserCount ?? 0, tries: userCount };
}

function evidenceOf(mine: Tries, other: Tries): number {
  if (mine.tries === 0 || other.tries === 0) return 0;
  return moreThanShare(mine.failures, mine.failures + other.failures, mine.tries / (mine.tries + other.tries));
}

function rateOf({ failures, requests }: ArmCounts): number {
  return requests === 0 ? 0 : failures / requests;
}

/** How much more often the candidate may fail: by request, or by user where a few users make most of the failures. */
function errorBound(candidate: ArmCounts, baseline: ArmCounts): number {
  const byRequests = boundOfDifference(byRequest(candidate), byRequest(baseline));
  const [mine, other] = [byUser(candidate), byUser(baseline)];
  return mine === null || other === null ? byRequests : Math.min(byRequests, boundOfDifference(mine, other));
}

/** One-sided 95 % bound of a rate less another (Agresti & Caffo, 2000). */
function boundOfDifference(mine: Tries, other: Tries): number {
  const [p, n] = [(mine.failures + 1) / (mine.tries + 2), mine.tries + 2];
  const [q, m] = [(other.failures + 1) / (other.tries + 2), other.tries + 2];
  return p - q + 1.645 * Math.sqrt((p * (1 - p)) / n + (q * (1 - q)) / m);
}

/** How many are slower than the baseline's quantile and the margin allow, against how many of the baseline's are. */
function latency(
  name: 'latency_p50' | 'latency_p99',
  quantile: number,
  { baseline, candidate }: Arms,
  policy: RolloutPolicy,
  evidenceMin: number,
): Check {
  const [mine, other] = [candidate.latencySum(), baseline.latencySum()];
  const base = quantileBucket(other, quantile);
  const own = quantileBucket(mine, quantile);
  if (base < 0 || own < 0) return { name, outcome: 'undecided', detail: 'nothing was answered in one of the arms' };
  const baseUs = latencyBoundUs(base);
  const most = latencyBucket(Math.max(baseUs * policy.latency_ratio, baseUs + policy.latency_slack_ms * 1_000));
  const detail = `${milliseconds(latencyBoundUs(own))} against ${milliseconds(baseUs)}, at most ${milliseconds(latencyBoundUs(most))} are allowed`;
  const order = slowestFirst(candidate, most);
  const seen = order.filter((slice) => countAbove(candidate.latencySlice(slice), -1) > 0).length;
  const withoutWorst = quantileBucket(candidate.latencySum(order.slice(DROPPED_TO_PASS)), quantile);
  if (own <= most || (seen >= SLICES_MIN && withoutWorst <= most)) return { name, outcome: 'pass', detail };
  const kept = order.slice(DROPPED_TO_FAIL);
  const [lasting, others] = [candidate.latencySum(kept), baseline.latencySum(kept)];
  const [slow, otherSlow] = [countAbove(lasting, most), countAbove(others, most)];
  const [answered, otherAnswered] = [countAbove(lasting, -1), countAbove(others, -1)];
  const enough = countAbove(mine, -1) >= Math.min(LATENCIES_MIN, policy.min_requests);
  const slower = answered > 0 && otherAnswered > 0 && quantileBucket(lasting, quantile) > most;
  if (!enough || !slower) return { name, outcome: 'undecided', detail };
  const evidence = moreThanShare(slow, slow + otherSlow, answered / (answered + otherAnswered));
  return { name, outcome: evidence >= evidenceMin ? 'fail' : 'undecided', detail };
}

/** Slices of time by how many of an arm's latencies in them are above a bucket. */
function slowestFirst(arm: ArmCounts, most: number): number[] {
  const slow = Array.from({ length: LATENCY_SLICES }, (_, slice) => countAbove(arm.latencySlice(slice), most));
  return slow.map((_, slice) => slice).sort((a, b) => slow[b]! - slow[a]!);
}

function scores({ baseline, candidate }: Arms, policy: RolloutPolicy, evidenceMin: number): Check {
  const shift = scoreShift(baseline, candidate);
  if (shift === null)
    return { name: 'scores', outcome: 'pass', detail: 'no scores to compare yet, or none that are numbers' };
  const { psi, noise, evidence } = shift;
  const bound = `${policy.psi_max} counts as shifted`;
  const detail = `PSI ${psi.toFixed(3)}, ${bound}${psi < noise ? `; so few users give ${noise.toFixed(3)} by chance` : ''}`;
  if (evidence >= evidenceMin && psi >= policy.psi_max) return { name: 'scores', outcome: 'fail', detail };
  // Of few users a large index may be chance: what chance makes is no reason to wait.
  const outcome = psi <= Math.max(policy.psi_max / 2, noise) ? 'pass' : 'undecided';
  return { name: 'scores', outcome, detail };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function milliseconds(us: number): string {
  return `${(us / 1_000).toFixed(2)} ms`;
}
