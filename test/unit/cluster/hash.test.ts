/** The hash that lays out the data: against published vectors, text against bytes, and spread over partitions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkPartitions,
  hashBytes,
  hashInteger,
  hashText,
  partitionOf,
  partitionOfText,
} from '../../../cluster/hash.ts';

const utf8 = new TextEncoder();

describe('hashBytes', () => {
  it.each([
    [[], 0, 0x00000000],
    [[], 1, 0x514e28b7],
    [[], 0xffffffff, 0x81f16f39],
    [[0xff, 0xff, 0xff, 0xff], 0, 0x76293b50],
    [[0x21, 0x43, 0x65, 0x87], 0, 0xf55b516b],
    [[0x21, 0x43, 0x65, 0x87], 0x5082edee, 0x2362f9de],
    [[0x21, 0x43, 0x65], 0, 0x7e4a8634],
    [[0x21, 0x43], 0, 0xa0f7b07a],
    [[0x21], 0, 0x72661cf4],
    [[0, 0, 0, 0], 0, 0x2362f9de],
    [[0, 0, 0], 0, 0x85f0b427],
    [[0, 0], 0, 0x30f4c306],
    [[0], 0, 0x514e28b7],
  ])('gives the published MurmurHash3 value of %j under seed %i', (bytes, seed, expected) => {
    expect(hashBytes(Uint8Array.from(bytes), seed)).toBe(expected);
  });

  it.each([
    ['aaaa', 0x5a97808a],
    ['aaa', 0x283e0130],
    ['aa', 0x5d211726],
    ['a', 0x7fa09ea6],
    ['abcd', 0xf0478627],
    ['abc', 0xc84a62dd],
    ['ab', 0x74875592],
    ['Hello, world!', 0x24884cba],
    ['ππππππππ', 0xd58063c1],
    ['The quick brown fox jumps over the lazy dog', 0x2fa826cd],
  ])('gives the published MurmurHash3 value of %j', (text, expected) => {
    expect(hashBytes(utf8.encode(text), 0x9747b28c)).toBe(expected);
    expect(hashText(text, 0x9747b28c)).toBe(expected);
  });

  it('reads a view into a larger buffer from its own start', () => {
    const all = utf8.encode('xxxabcdexxx');
    expect(hashBytes(all.subarray(3, 8))).toBe(hashText('abcde'));
  });
});

describe('hashText', () => {
  it('equals the hash of the UTF-8 bytes for any text, lone surrogates included', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', 'é', '\ud800') }),
    );
    fc.assert(
      fc.property(text, fc.integer(), (any, seed) => {
        expect(hashText(any, seed)).toBe(hashBytes(utf8.encode(any), seed));
      }),
    );
  });
});

describe('hashInteger', () => {
  it('equals the hash of the four little-endian bytes', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (value, seed) => {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setInt32(0, value, true);
        expect(hashInteger(value, seed)).toBe(hashBytes(bytes, seed));
      }),
    );
  });
});

describe('partitionOf', () => {
  it('is in range and the same for text and bytes, for any number of partitions', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 65_536 }), (key, partitions) => {
        const partition = partitionOf(utf8.encode(key), partitions);
        expect(partition).toBe(partitionOfText(key, partitions));
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
      }),
    );
  });

  it('never changes: these keys of an existing log stay where they are', () => {
    const keys = ['u42', 'user-1', 'merchant/7', 'żółw'];
    expect(keys.map((key) => partitionOfText(key, 256))).toEqual([205, 99, 158, 0]);
  });

  it('spreads numbered users evenly over 256 partitions', () => {
    const counts = new Array<number>(256).fill(0);
    const users = 256 * 400;
    for (let i = 0; i < users; i++) counts[partitionOfText(`user-${i}`, 256)]!++;
    // Chi-squared with 255 degrees of freedom: above 350 has a chance of about 1 in 20,000.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0);
    expect(chiSquared).toBeLessThan(350);
  });
});

describe('checkPartitions', () => {
  it.each([0, -1, 1.5, 65_537, Number.NaN])('refuses %d partitions', (partitions) => {
    expect(() => checkPartitions(partitions)).toThrow(/whole number from 1 to 65536/);
  });

  it.each([1, 7, 256, 65_536])('accepts %d partitions', (partitions) => {
    expect(() => checkPartitions(partitions)).not.toThrow();
  });
});
