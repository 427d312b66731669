import { describe, expect, it } from 'vitest';
import { median, pairDifferences, pairRatios, summarise } from '../../../bench/statistics.ts';

describe('statistics of a few runs', () => {
  it('takes the middle value, or the mean of the middle two, in any order', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([10, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('draws ratios pair by pair, so a machine that halves its speed changes none', () => {
    expect(pairRatios([100, 50], [200, 100])).toEqual([0.5, 0.5]);
    expect(() => pairRatios([1], [1, 2])).toThrow(RangeError);
  });

  it('draws what one side takes over the other pair by pair, so a slow round counts for both', () => {
    const noopP99Ms = [1, 5, 2];
    const readP99Ms = [1.5, 5.5, 4];
    expect(pairDifferences(readP99Ms, noopP99Ms)).toEqual([0.5, 0.5, 2]);
    expect(pairDifferences([1], [3])).toEqual([-2]);
    expect(() => pairDifferences([1], [1, 2])).toThrow(RangeError);
  });

  it('summarises with spread and count', () => {
    expect(summarise([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 });
  });
});
