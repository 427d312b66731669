/** How far the candidate's scores are from the baseline's: population stability index, and evidence of a shift. Pure. */
import { notItsShare } from './always-valid.ts';
import type { ArmCounts } from './arm-counts.ts';

export type ScoreShift = {
  /** Population stability index over bins of equal shares of the baseline. */
  readonly psi: number;
  /** What the index stays below in 95 of 100 cases where nothing differs. */
  readonly noise: number;
  /** Logarithm of an e-value against "both arms have one distribution". */
  readonly evidence: number;
};

const BINS = 10;
/** χ² with 9 degrees of freedom, 95 %. */
const CHI_SQUARE_95 = 16.92;
const WEIGHT = 20;

/** Null where an arm has no scores. */
export function scoreShift(baseline: ArmCounts, candidate: ArmCounts): ScoreShift | null {
  const [base, own] = binned(baseline.scores, candidate.scores);
  const [all, mine] = [sum(base), sum(own)];
  if (all === 0 || mine === 0) return null;
  // Each router counts a user once, and a user's scores are alike: those of three routers say little more than one.
  const alike = Math.min(weightOf(candidate, mine), weightOf(baseline, all));
  const share = mine / (mine + all);
  let psi = 0;
  let evidence = 0;
  for (let i = 0; i < base.length; i++) {
    // Half a count more in each bin, so that an empty one divides nothing by zero.
    const p = (own[i]! + 0.5) / (mine + base.length / 2);
    const q = (base[i]! + 0.5) / (all + base.length / 2);
    psi += (p - q) * Math.log(p / q);
    evidence += notItsShare(own[i]! * alike, (own[i]! + base[i]!) * alike, share, WEIGHT);
  }
  return { psi, noise: (CHI_SQUARE_95 * (1 / mine + 1 / all)) / alike, evidence };
}

function weightOf(arm: ArmCounts, scores: number): number {
  const users = arm.userCount;
  return users === null || !Number.isFinite(users) ? 1 : Math.min(1, users / scores);
}

/** Equal shares of the baseline, as nearly as its values allow; what lies between two bounds is one bin in both. */
function binned(baseline: Float64Array, candidate: Float64Array): [number[], number[]] {
  const total = sum(baseline);
  const base: number[] = [0];
  const own: number[] = [0];
  let seen = 0;
  for (let i = 0; i < baseline.length; i++) {
    const last = base.length - 1;
    base[last]! += baseline[i]!;
    own[last]! += candidate[i]!;
    seen += baseline[i]!;
    if (baseline[i]! > 0 && seen >= (total * base.length) / BINS && base.length < BINS) {
      base.push(0);
      own.push(0);
    }
  }
  return [base, own];
}

function sum(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return total;
}
