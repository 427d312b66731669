import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growthExponent, growthText } from '../../../../bench/features/growth-law.ts';

const sizes = [64, 256, 1024, 4096];

describe('the law of growth', () => {
  it('finds the exponent of any power law, whatever its factor', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.uniqueArray(fc.integer({ min: 1, max: 1e7 }), { minLength: 2, maxLength: 6 }),
        (exponent, factor, points) => {
          const found = growthExponent(points.map((size) => ({ size, cost: factor * size ** exponent })));
          expect(found).toBeCloseTo(exponent, 6);
        },
      ),
    );
  });

  it('is nought for a constant, one for proportional, and between them for a constant part that fades', () => {
    expect(growthExponent(sizes.map((size) => ({ size, cost: 7 })))).toBeCloseTo(0);
    expect(growthExponent(sizes.map((size) => ({ size, cost: 3 * size })))).toBeCloseTo(1);
    const mixed = growthExponent(sizes.map((size) => ({ size, cost: 500 + size })))!;
    expect(mixed).toBeGreaterThan(0.2);
    expect(mixed).toBeLessThan(0.8);
  });

  it('weighs each octave alike: the least squares of the logarithms', () => {
    // Logarithms to base two: (0, 0), (1, 0), (2, 3): slope 1.5.
    const points = [
      { size: 1, cost: 1 },
      { size: 2, cost: 1 },
      { size: 4, cost: 8 },
    ];
    expect(growthExponent(points)).toBeCloseTo(1.5);
  });

  it('says nothing where there is nothing to fit', () => {
    expect(growthExponent([])).toBeNull();
    expect(growthExponent([{ size: 2, cost: 5 }])).toBeNull();
    const twice = [
      { size: 2, cost: 5 },
      { size: 2, cost: 6 },
    ];
    expect(growthExponent(twice)).toBeNull();
    const zero = [
      { size: 2, cost: 0 },
      { size: 4, cost: 6 },
    ];
    expect(growthExponent(zero)).toBeNull();
    expect(growthText(null)).toBe('–');
  });

  it('is written with two decimals and without a minus nought', () => {
    expect(growthText(0.983)).toBe('n^0.98');
    expect(growthText(-0.3564)).toBe('n^-0.36');
    expect(growthText(-0.001)).toBe('n^0.00');
  });
});
