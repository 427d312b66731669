import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressBook, formatAddress } from '../../../../cluster/actors/address.ts';
import { newIncarnation, nodeOf } from '../../../../cluster/membership/incarnation.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import { nodeSubject } from '../../../../proto/subjects.ts';

describe('addresses', () => {
  it('come back from their text', () => {
    const book = new AddressBook();
    const node = nodeOf('shard-1', newIncarnation(1_700_000_000_000, seededRandom(3)));
    const address = { node, actor: 'feature_shard' };
    expect(formatAddress(address)).toBe(`${node}/feature_shard`);
    expect(book.parse(formatAddress(address))).toEqual(address);
  });

  it('are remembered: the same text gives the same object', () => {
    const book = new AddressBook();
    expect(book.parse('n.1/a')).toBe(book.parse('n.1/a'));
  });

  it('are none without a node and an actor of plain letters', () => {
    const book = new AddressBook();
    for (const text of [
      '',
      '/',
      'a',
      '/a',
      'a/',
      'a/b/c',
      '.a/b',
      'a b/c',
      'a/b c',
      'é/a',
      'a*/b',
      '>/b',
      ' a/b',
      'a/b\n',
    ]) {
      expect(book.parse(text)).toBeUndefined();
    }
  });

  it('cannot smuggle protocol, wildcards or endless text into a subject, whoever sends them', () => {
    const book = new AddressBook();
    expect(book.parse('x 0\r\n\r\nPUB dovetail.log.0 2\r\nhi\r\n/a')).toBeUndefined();
    expect(book.parse(`${'x'.repeat(10_000)}/a`)).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ maxLength: 6 }), (node, actor) => {
        const address = book.parse(`${node}/${actor}`);
        if (address !== undefined) expect(nodeSubject(address.node)).toMatch(/^dovetail\.node\.[A-Za-z0-9_-]+$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('are still parsed when more have been seen than are remembered', () => {
    const book = new AddressBook();
    const first = book.parse('n0/a');
    for (let i = 0; i < 10_000; i++) expect(book.parse(`n${i}/a`)).toEqual({ node: `n${i}`, actor: 'a' });
    expect(book.parse('n0/a')).toEqual({ node: 'n0', actor: 'a' });
    // It was forgotten: memory is bounded.
    expect(book.parse('n0/a')).not.toBe(first);
  });
});
