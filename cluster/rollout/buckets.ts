/**
 * Counting values in buckets whose bounds are fixed in advance, so that the counts of many routers add up: latencies in
 * logarithmic steps, scores in logarithmic steps of either sign. Every bucket is a few percent wide (the idea of
 * DDSketch, Masson et al., VLDB 2019: a relative error that does not depend on the data).
 */

/** From 10 µs to 100 s, steps of 2^(1/8), which is 9 %. */
const LATENCY_LOW_US = 10;
const LATENCY_PER_OCTAVE = 8;
export const LATENCY_BUCKETS = 188;

/** The bucket of a latency; what is out of range counts at the end it is nearer to. */
export function latencyBucket(us: number): number {
  if (!(us > LATENCY_LOW_US)) return 0;
  const bucket = Math.ceil(Math.log2(us / LATENCY_LOW_US) * LATENCY_PER_OCTAVE);
  return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/** Upper bound of a latency bucket, µs. */
export function latencyBoundUs(bucket: number): number {
  return LATENCY_LOW_US * 2 ** (bucket / LATENCY_PER_OCTAVE);
}

/** Steps of 2 % from 10⁻⁶ to 10⁶ in either direction, and zero between them. */
const SCORE_LOW = 1e-6;
const SCORE_STEP = Math.log(1.02);
const SCORE_SIDE = 1_396;
export const SCORE_BUCKETS = 2 * SCORE_SIDE + 1;

/** The bucket of a finite score, ascending with it. */
export function scoreBucket(score: number): number {
  const size = Math.abs(score);
  if (size < SCORE_LOW) return SCORE_SIDE;
  let step = 1 + Math.floor(Math.log(size / SCORE_LOW) / SCORE_STEP);
  if (step > SCORE_SIDE) step = SCORE_SIDE;
  return score > 0 ? SCORE_SIDE + step : SCORE_SIDE - step;
}

/** The bucket in which the share `q` of the counts is reached; -1 where nothing is counted. */
export function quantileBucket(counts: ArrayLike<number>, q: number): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  if (total === 0) return -1;
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i]!;
    if (seen >= q * total) return i;
  }
  return counts.length - 1;
}

/** How many are counted in buckets above one. */
export function countAbove(counts: ArrayLike<number>, bucket: number): number {
  let above = 0;
  for (let i = bucket + 1; i < counts.length; i++) above += counts[i]!;
  return above;
}
