/** What callers write for `min_seq` and `max_age_ms`, and what is refused before anybody is asked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIN_SEQS_MAX, parseReadBound } from '../../../proto/read-bound.ts';

const seq = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const partition = fc.integer({ min: 0, max: 0xffff_ffff });

describe('what a read asks of freshness', () => {
  it('is nothing where nothing is said', () => {
    expect(parseReadBound(undefined, undefined)).toBeUndefined();
    expect(parseReadBound([], undefined)).toEqual({ minSeq: [], minPartitions: [], maxAgeMs: 0 });
  });

  it('is a sequence of the one row, or one a row', () => {
    fc.assert(
      fc.property(fc.array(seq, { minLength: 1, maxLength: 20 }), (seqs) => {
        expect(parseReadBound(seqs[0], 5)).toEqual({ minSeq: [seqs[0]], minPartitions: [], maxAgeMs: 5 });
        expect(parseReadBound(seqs, undefined)).toEqual({ minSeq: seqs, minPartitions: [], maxAgeMs: 0 });
      }),
    );
  });

  it('is what push acknowledged as it came, less what it refused', () => {
    const ack = fc.record({ partition, seq });
    const refusal = fc.constantFrom({ error: { code: 'INVALID_ARGUMENT', message: 'no' }, row: 3 });
    fc.assert(
      fc.property(fc.array(fc.oneof(ack, refusal), { minLength: 1, maxLength: 20 }), (acks) => {
        const kept = acks.filter((one) => 'seq' in one);
        expect(parseReadBound(acks, undefined)).toEqual({
          minSeq: kept.map((one) => one.seq),
          minPartitions: kept.map((one) => one.partition),
          maxAgeMs: 0,
        });
      }),
    );
  });

  it('takes every place in the log that an event was acknowledged at', () => {
    const ack = { partition: 1, seq: 7, also: [{ partition: 2, seq: 8 }] };
    expect(parseReadBound([ack], undefined)).toMatchObject({ minSeq: [7, 8], minPartitions: [1, 2] });
    const many = { ...ack, also: new Array(MIN_SEQS_MAX).fill({ partition: 2, seq: 8 }) };
    expect(() => parseReadBound([many], undefined)).toThrow(/names 10001 partitions; at most 10000/);
  });

  const WHOLE = /must be a whole number from 0 to 2\^53 - 1/;
  it.each<[unknown, RegExp]>([
    [-1, WHOLE],
    [1.5, WHOLE],
    [Number.NaN, WHOLE],
    [Number.POSITIVE_INFINITY, WHOLE],
    [2 ** 53, WHOLE],
    [2n ** 60n, WHOLE],
    ['95', WHOLE],
    [null, WHOLE],
    [true, WHOLE],
    [{ partition: 1, seq: 2 }, /got an object/],
    [[1, -1], /'min_seq\[1\]' must be a whole number/],
    [[1, { partition: 1, seq: 2 }], /'min_seq\[1\]' must be/],
    [[{ partition: 1, seq: 2 }, 3], /'min_seq\[1\]' must be .*got 3/],
    [[{ partition: 1, seq: -2 }], /'min_seq\[0\].seq' must be a whole number/],
    [[{ partition: 1 }], /'min_seq\[0\].seq' must be a whole number .*got undefined/],
    [[{ partition: -1, seq: 2 }], /'min_seq\[0\].partition' must be a partition's number, got -1/],
    [[{ partition: 0.5, seq: 2 }], /'min_seq\[0\].partition'/],
    [[{ partition: 2 ** 32, seq: 2 }], /'min_seq\[0\].partition'/],
    [[{ seq: 2 }], /'min_seq\[0\].partition' must be a partition's number, got undefined/],
    [[[1]], /'min_seq\[0\]' must be .*got a list/],
    [[null], /'min_seq\[0\]' must be .*got null/],
    [[{ partition: 1, seq: 2, also: [{ partition: 1, seq: -1 }] }], /'min_seq\[0\].also\[0\].seq' must be/],
    [new Array(MIN_SEQS_MAX + 1).fill(1), /'min_seq' has 10001 entries; at most 10000/],
  ])('refuses min_seq %#, saying where and what', (given, message) => {
    expect(() => parseReadBound(given, undefined)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, 2n ** 60n, '5', null, [5]])(
    'refuses max_age_ms %s',
    (given) => {
      expect(() => parseReadBound(undefined, given)).toThrow(/'max_age_ms' must be a number of milliseconds over 0/);
    },
  );

  it('takes ages down to parts of a millisecond, and names fields as the caller does', () => {
    expect(parseReadBound(undefined, 0.25)).toMatchObject({ maxAgeMs: 0.25 });
    const names = { minSeq: 'minSeq', maxAgeMs: 'maxAgeMs' };
    expect(() => parseReadBound(-1, undefined, names)).toThrow(/^'minSeq' must/);
    expect(() => parseReadBound(undefined, -1, names)).toThrow(/^'maxAgeMs' must/);
  });
});
