import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDefaulted, decodeFreshness, encodeFreshness, freshnessBytes, withNames } from '../../../proto/freshness.ts';
import { dovetail } from '../../../proto/generated/messages.js';
import { plain, rowFreshness } from '../../support/arbitrary-messages.ts';

const NOTHING_MORE = { expired: new Uint8Array(0), everywhereSeq: [], asOfMs: [] };

describe('freshness', () => {
  it('comes back as it was written, and is what the generated codec reads and writes', () => {
    fc.assert(
      fc.property(rowFreshness, (freshness) => {
        const bytes = encodeFreshness(freshness);
        expect(plain(freshness, decodeFreshness(bytes))).toEqual(freshness);
        expect(plain(freshness, dovetail.RowFreshness.decode(bytes))).toEqual(freshness);
        const theirs = dovetail.RowFreshness.encode(freshness as dovetail.RowFreshness.$Properties).finish();
        expect(plain(freshness, decodeFreshness(theirs))).toEqual(freshness);
      }),
    );
  });

  it('takes the bytes it said it would, for many rows too', () => {
    const rows = Array.from({ length: 5_000 }, (_, row) => row);
    const freshness = {
      appliedSeq: rows,
      ageMs: rows,
      defaulted: new Uint8Array(20_000).fill(3),
      defaultedNames: [],
      expired: new Uint8Array(20_000).fill(1),
      everywhereSeq: rows,
      asOfMs: rows,
    };
    expect(encodeFreshness(freshness)).toHaveLength(freshnessBytes(freshness));
    expect(plain(freshness, decodeFreshness(encodeFreshness(freshness)))).toEqual(freshness);
  });

  it('gets its names later, and says whether any are needed', () => {
    const bare = {
      appliedSeq: [1, 2],
      ageMs: [3, -1],
      defaulted: Uint8Array.of(0, 2),
      defaultedNames: [],
      ...NOTHING_MORE,
    };
    const healthy = { ...bare, defaulted: new Uint8Array(0) };
    expect(anyDefaulted(encodeFreshness(bare))).toBe(true);
    expect(anyDefaulted(encodeFreshness(healthy))).toBe(false);
    expect(anyDefaulted(encodeFreshness({ ...bare, defaulted: new Uint8Array(2) }))).toBe(false);
    const names = ['profile.spend', 'läden.risk'];
    expect(plain(bare, decodeFreshness(withNames(encodeFreshness(bare), names)))).toEqual({
      ...bare,
      defaultedNames: names,
    });
  });

  it('refuses bytes that end too early', () => {
    const defaulted = new Uint8Array(0);
    const bytes = encodeFreshness({ appliedSeq: [1], ageMs: [2], defaulted, defaultedNames: [], ...NOTHING_MORE });
    for (let cut = 1; cut < bytes.length; cut++) {
      if (cut === 10) continue;
      expect(() => decodeFreshness(bytes.subarray(0, cut))).toThrow(RangeError);
    }
  });
});
