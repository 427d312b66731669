/** Sets of partitions as bits, against a Set. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitset, countBits, hasBit, sameBits, setBit } from '../../../../cluster/membership/bitset.ts';

describe('bitset', () => {
  it('holds what a Set holds, through any adds and removes', () => {
    const change = fc.record({ bit: fc.nat({ max: 256 }), present: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const bits = bitset(257);
        const model = new Set<number>();
        for (const { bit, present } of changes) {
          expect(setBit(bits, bit, present)).toBe(model.has(bit) !== present);
          if (present) model.add(bit);
          else model.delete(bit);
        }
        expect(countBits(bits)).toBe(model.size);
        for (let bit = 0; bit < 270; bit++) expect(hasBit(bits, bit)).toBe(model.has(bit));
      }),
    );
  });

  it('puts bit 0 first and least significant', () => {
    const bits = bitset(10);
    setBit(bits, 0);
    setBit(bits, 9);
    expect([...bits]).toEqual([1, 2]);
  });

  it('reads past its end as absent, and stores nothing there', () => {
    const bits = bitset(8);
    expect(hasBit(bits, 8)).toBe(false);
    expect(setBit(bits, 8)).toBe(false);
    expect(countBits(bits)).toBe(0);
  });

  it('compares by members, whatever the lengths', () => {
    expect(sameBits(Uint8Array.of(5), Uint8Array.of(5, 0, 0))).toBe(true);
    expect(sameBits(Uint8Array.of(5, 0, 1), Uint8Array.of(5))).toBe(false);
    expect(sameBits(new Uint8Array(), new Uint8Array(3))).toBe(true);
  });
});
