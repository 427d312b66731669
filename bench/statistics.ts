/** Figures of a few runs: medians, spread, and ratios of runs that stood next to each other. */

export type Summary = { readonly median: number; readonly min: number; readonly max: number; readonly runs: number };

/** Throws RangeError on an empty list. An even count takes the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarise(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length };
}

/**
 * numerator[i] / denominator[i]: each pair ran back to back, so a machine that grows slower during the bench moves
 * both. Throws RangeError where the lists differ in length.
 */
export function pairRatios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) throw new RangeError('ratios need as many values on both sides');
  return numerators.map((value, index) => value / denominators[index]!);
}

/** above[i] − below[i], for figures that add up rather than scale. Throws RangeError where the lists differ in length. */
export function pairDifferences(above: readonly number[], below: readonly number[]): number[] {
  if (above.length !== below.length) throw new RangeError('differences need as many values on both sides');
  return above.map((value, index) => value - below[index]!);
}
