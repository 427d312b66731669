/**
 * Evidence that may be looked at after every request without more false alarms than it promises. Each function gives the
 * logarithm of an e-value: a statistic whose chance of ever exceeding 1/α, at any of all looks, is at most α while the
 * null hypothesis holds (Ville's inequality; Ramdas, Grünwald, Vovk & Shafer, "Game-theoretic statistics and safe
 * anytime-valid inference", 2023). All are mixtures of likelihood ratios, as Robbins' (1970).
 *
 * They rest on one fact: who gets the candidate is decided by a hash that knows nothing of what will happen. So, while
 * the versions behave alike, each event (a failed user, a score in some range) is the candidate's with the chance of its
 * share of the traffic, one after the other and whatever the rate of the events is.
 */

/**
 * How many times more likely than by share the candidate may be at fault: a mixture of effects, since which of them it
 * is (if any) is not known in advance. A worse version triples its errors or has a hundred times as many.
 */
const RATIOS: readonly number[] = [1.5, 2, 3, 6, 12, 30, 100, 1_000];

/**
 * Evidence against "the candidate has no more than its share": `mine` of `all` events are the candidate's, whose share
 * of the traffic is `share`, in (0, 1).
 */
export function moreThanShare(mine: number, all: number, share: number): number {
  const others = all - mine;
  return logMean(
    RATIOS.map((ratio) => {
      const more = (share * ratio) / (share * ratio + 1 - share);
      return mine * Math.log(more / share) + others * Math.log((1 - more) / (1 - share));
    }),
  );
}

/**
 * Evidence against "the candidate has exactly its share", in either direction: a Beta mixture around `share`, as of the
 * sequential test of sample ratios by Lindon & Malek, "Anytime-valid inference for multinomial count data" (NeurIPS
 * 2022). `weight`: pseudo-counts of the mixture; small for large effects.
 */
export function notItsShare(mine: number, all: number, share: number, weight: number): number {
  const [a, b] = [weight * share, weight * (1 - share)];
  return (
    logBeta(a + mine, b + all - mine) - logBeta(a, b) - mine * Math.log(share) - (all - mine) * Math.log(1 - share)
  );
}

function logMean(logs: readonly number[]): number {
  const most = Math.max(...logs);
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - most);
  return most + Math.log(sum / logs.length);
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series, after shifting the argument up to where five terms give more than ten digits. For x > 0. */
export function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 10) {
    shift -= Math.log(at);
    at++;
  }
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series =
    inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188)))));
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series;
}
