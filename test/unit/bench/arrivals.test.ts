import { describe, expect, it } from 'vitest';
import { arrivalTimesMs } from '../../../bench/arrivals.ts';
import { seededRandom } from '../../../cluster/random.ts';

function take(count: number, process: 'poisson' | 'constant', ratePerS: number, seed = 1): number[] {
  const times = arrivalTimesMs({ process, ratePerS, random: seededRandom(seed) });
  return Array.from({ length: count }, () => times.next().value);
}

describe('arrival times', () => {
  it('constant arrivals stand a fixed gap apart, from 0, without drift', () => {
    expect(take(4, 'constant', 250)).toEqual([0, 4, 8, 12]);
    expect(take(3001, 'constant', 3000)[3000]).toBeCloseTo(1000, 9);
  });

  it('poisson arrivals ascend at the offered rate, with exponential gaps', () => {
    const times = take(20_000, 'poisson', 2000);
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    const mean = times.at(-1)! / times.length;
    expect(mean).toBeGreaterThan(0.48);
    expect(mean).toBeLessThan(0.52);
    // An exponential gap exceeds its mean with probability 1/e.
    expect(gaps.filter((gap) => gap > mean).length / gaps.length).toBeCloseTo(1 / Math.E, 1);
  });

  it('the same seed draws the same instants, another seed others', () => {
    expect(take(50, 'poisson', 100, 3)).toEqual(take(50, 'poisson', 100, 3));
    expect(take(50, 'poisson', 100, 3)).not.toEqual(take(50, 'poisson', 100, 4));
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a rate of %d', (ratePerS) => {
    expect(() => take(1, 'constant', ratePerS)).toThrow(RangeError);
  });
});
