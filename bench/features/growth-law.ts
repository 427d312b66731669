/** How cost grows with size: the exponent of the power law that fits best, as a number and in words. Pure. */

export type Point = { readonly size: number; readonly cost: number };

/**
 * Slope of log cost over log size by least squares: 0 for a constant, 1 for proportional, 2 for quadratic. Points whose
 * cost is not above zero are left out. Null where fewer than two sizes remain.
 */
export function growthExponent(points: readonly Point[]): number | null {
  const logs = points
    .filter(({ size, cost }) => size > 0 && cost > 0)
    .map(({ size, cost }) => ({ x: Math.log(size), y: Math.log(cost) }));
  if (new Set(logs.map(({ x }) => x)).size < 2) return null;
  const mean = (of: (log: { x: number; y: number }) => number): number =>
    logs.reduce((sum, log) => sum + of(log), 0) / logs.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const spread = mean(({ x }) => (x - meanX) ** 2);
  return mean(({ x, y }) => (x - meanX) * (y - meanY)) / spread;
}

/** `n^0.98`, or `–` where there is no fit. */
export function growthText(exponent: number | null): string {
  // Minus nought point nought nought is no direction.
  return exponent === null ? '–' : `n^${(Math.round(exponent * 100) / 100 + 0).toFixed(2)}`;
}
