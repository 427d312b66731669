import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../bench/histogram.ts';

/** The exact quantile by the same rank rule. */
function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
}

describe('latency histogram', () => {
  it('gives every quantile within 0.8 % or half a tick of the exact one', () => {
    const durations = fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const exact = exactQuantile(values, q);
        expect(Math.abs(histogram.quantileMs(q) - exact)).toBeLessThanOrEqual(exact * 0.008 + 0.0001);
      }),
    );
  });

  it('keeps the maximum exact and counts what is beyond its range', () => {
    const histogram = new Histogram();
    histogram.record(1.23456789);
    histogram.record(1e9);
    expect(histogram.maxMs).toBe(1e9);
    expect(histogram.count).toBe(2);
    expect(histogram.quantileMs(0.5)).toBeCloseTo(1.2346, 2);
  });

  it('answers 0 for everything while empty', () => {
    const histogram = new Histogram();
    expect([histogram.quantileMs(0.5), histogram.maxMs, histogram.meanMs, histogram.count]).toEqual([0, 0, 0, 0]);
  });

  it('merges into what recording both lists gives', () => {
    const [left, right, both] = [new Histogram(), new Histogram(), new Histogram()];
    for (let i = 0; i < 1000; i++) {
      (i % 3 === 0 ? left : right).record(i / 7);
      both.record(i / 7);
    }
    left.merge(right);
    expect(left.count).toBe(both.count);
    expect(left.meanMs).toBeCloseTo(both.meanMs, 9);
    for (const q of [0, 0.5, 0.9, 0.99, 1]) expect(left.quantileMs(q)).toBe(both.quantileMs(q));
  });
});
