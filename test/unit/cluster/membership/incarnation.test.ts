/** Names of starts: unique, and in order of time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incarnationOf, newIncarnation, nodeOf } from '../../../../cluster/membership/incarnation.ts';
import { seededRandom } from '../../../../cluster/random.ts';

describe('newIncarnation', () => {
  it('sorts as text in order of start', () => {
    const random = seededRandom(1);
    const times = fc.tuple(fc.integer({ min: 0, max: 4e13 }), fc.integer({ min: 1, max: 4e13 }));
    fc.assert(
      fc.property(times, ([wallMs, laterMs]) => {
        expect(newIncarnation(wallMs, random) < newIncarnation(wallMs + laterMs, random)).toBe(true);
      }),
    );
  });

  it('differs between starts in the same millisecond', () => {
    const random = seededRandom(2);
    const starts = Array.from({ length: 50 }, () => newIncarnation(1_700_000_000_000, random));
    expect(new Set(starts).size).toBe(50);
  });
});

describe('incarnationOf', () => {
  it('takes apart what nodeOf put together', () => {
    const incarnation = newIncarnation(1_700_000_000_000, seededRandom(3));
    expect(incarnationOf(nodeOf('shard-1', incarnation), 'shard-1')).toBe(incarnation);
  });

  it.each([
    'shard-1',
    'shard-1.',
    'shard-10.abc',
    'shard-2.abc',
    'shard-1.ABC',
    'shard-1.a.b',
    `shard-1.${'a'.repeat(33)}`,
  ])('says null for %j as a start of shard-1', (node) => {
    expect(incarnationOf(node, 'shard-1')).toBeNull();
  });
});
