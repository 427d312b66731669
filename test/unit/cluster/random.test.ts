import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { below, randomHex, seededRandom, systemRandom } from '../../../cluster/random.ts';

const DRAWS = 20_000;

function draws(seed: number, count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.next());
}

/** The generator on whole numbers without tricks, after the 12 warming steps. */
function sfc32(seed: bigint, count: number): bigint[] {
  const wrap = (value: bigint) => BigInt.asUintN(32, value);
  let [a, b, c, counter] = [0x9e3779b9n, 0x243f6a88n, wrap(seed), 1n];
  const out: bigint[] = [];
  for (let i = 0; i < 12 + count; i++) {
    const sum = wrap(a + b + counter);
    counter = wrap(counter + 1n);
    a = b ^ (b >> 9n);
    b = wrap(c + (c << 3n));
    c = wrap(wrap((c << 21n) | (c >> 11n)) + sum);
    if (i >= 12) out.push(sum);
  }
  return out;
}

describe('seededRandom', () => {
  it('is sfc32 step by step, so that a seed in a bug report stays good', () => {
    for (const seed of [0, 1, 42, -7, 0x7fff_ffff]) {
      const wanted = sfc32(BigInt(seed), 20);
      expect(draws(seed, 20).map((value) => BigInt(value * 2 ** 32))).toEqual(wanted);
    }
  });

  it('stays in [0, 1) and spreads evenly', () => {
    const buckets = new Array<number>(16).fill(0);
    for (const value of draws(7, DRAWS)) {
      expect(value >= 0 && value < 1).toBe(true);
      buckets[Math.floor(value * 16)]!++;
    }
    const wanted = DRAWS / 16;
    const chiSquare = buckets.reduce((sum, count) => sum + (count - wanted) ** 2 / wanted, 0);
    // 15 degrees of freedom: 37.7 is exceeded once in a thousand seeds.
    expect(chiSquare).toBeLessThan(37.7);
  });

  it('starts seeds that are neighbours far apart', () => {
    const firsts = Array.from({ length: 1_000 }, (_, seed) => seededRandom(seed).next());
    expect(new Set(firsts).size).toBe(1_000);
    const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
    // Three standard deviations of a mean of 1,000 even draws.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.0274);
  });
});

describe('below', () => {
  it('is a whole number under its bound, and reaches each', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 9 }), (seed, bound) => {
        const random = seededRandom(seed);
        const seen = new Set(Array.from({ length: 300 }, () => below(random, bound)));
        expect([...seen].sort()).toEqual(Array.from({ length: bound }, (_, i) => i));
      }),
    );
    expect(below(systemRandom, 1)).toBe(0);
  });
});

describe('randomHex', () => {
  it('is as long as asked, across the ends of its blocks, and never the same', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 3_000; i++) {
      const text = randomHex(16);
      expect(text).toMatch(/^[0-9a-f]{32}$/);
      seen.add(text);
    }
    expect(seen.size).toBe(3_000);
    for (let i = 0; i < 2_000; i++) expect(randomHex(7)).toHaveLength(14);
  });
});
