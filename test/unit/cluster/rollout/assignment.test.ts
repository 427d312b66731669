import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../../../cluster/hash.ts';
import { armOf, bucketOf, bucketOfText, distinctBit, saltSeed } from '../../../../cluster/rollout/assignment.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const users = Array.from({ length: 40_000 }, (_, i) => bytes(`user-${i}`));

/** χ² of a table of counts against independence, over its degrees of freedom: about 1 where nothing depends. */
function dependence(table: readonly (readonly number[])[]): number {
  const rows = table.map((row) => row.reduce((a, b) => a + b, 0));
  const columns = table[0]!.map((_, c) => table.reduce((sum, row) => sum + row[c]!, 0));
  const total = rows.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (const [r, row] of table.entries()) {
    for (const [c, count] of row.entries()) {
      const expected = (rows[r]! * columns[c]!) / total;
      sum += (count - expected) ** 2 / expected;
    }
  }
  return sum / ((rows.length - 1) * (columns.length - 1));
}

describe('which arm a user is in', () => {
  it('is the same at every look, whether the key comes as text or as bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string(), (key, salt) => {
        const bucket = bucketOf(saltSeed(salt), bytes(key));
        expect(bucketOf(saltSeed(salt), bytes(key))).toBe(bucket);
        expect(bucketOfText(saltSeed(salt), key)).toBe(bucket);
        expect(bucket).toBeGreaterThanOrEqual(0);
        expect(bucket).toBeLessThan(10_000);
      }),
    );
  });

  it('stays the candidate’s at every larger share, and nobody is in at 0 or out at 100 %', () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.string(), fc.string(), percent, percent, (key, salt, a, b) => {
        const bucket = bucketOfText(saltSeed(salt), key);
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        if (armOf(bucket, less) === 'candidate') expect(armOf(bucket, more)).toBe('candidate');
        expect([armOf(bucket, 0), armOf(bucket, 100)]).toEqual(['baseline', 'candidate']);
      }),
    );
  });

  it.each([0.5, 5, 25, 50])('gives the candidate %d % of many users', (percent) => {
    const seed = saltSeed('a salt');
    const inside = users.filter((key) => armOf(bucketOf(seed, key), percent) === 'candidate').length;
    const expected = (users.length * percent) / 100;
    expect(Math.abs(inside - expected)).toBeLessThan(4.5 * Math.sqrt(expected));
  });

  it.each(['', 's1', 's2', 's3'])(
    'says nothing about the partition, nor about the arm under another salt ("%s")',
    (salt) => {
      const seed = saltSeed(salt);
      // As many partitions as buckets: there a hash under the same seed would be the same number.
      const byRange = Array.from({ length: 20 }, () => [0, 0]);
      const byPartition = Array.from({ length: 64 }, () => [0, 0]);
      const bySalt = Array.from({ length: 20 }, () => new Array<number>(20).fill(0));
      const byBit = Array.from({ length: 32 }, () => [0, 0]);
      for (const key of users) {
        const bucket = bucketOf(seed, key);
        const arm = armOf(bucket, 20) === 'candidate' ? 1 : 0;
        byPartition[partitionOf(key, 64)]![arm]!++;
        byRange[Math.floor(partitionOf(key, 10_000) / 500)]![arm]!++;
        bySalt[Math.floor(bucket / 500)]![Math.floor(bucketOf(saltSeed(`${salt}'`), key) / 500)]!++;
        byBit[distinctBit(0, key, 32)]![arm]!++;
      }
      // Of 63 degrees of freedom, 1.7 is reached by chance once in a thousand cases; of 361, 1.25.
      expect(dependence(byPartition)).toBeLessThan(1.7);
      expect(dependence(byRange)).toBeLessThan(2.4);
      expect(dependence(bySalt)).toBeLessThan(1.3);
      expect(dependence(byBit)).toBeLessThan(2.1);
    },
  );
});
