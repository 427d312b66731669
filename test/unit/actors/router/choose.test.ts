import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseTarget, splitByOwner } from '../../../../actors/router/choose.ts';
import type { Target } from '../../../../actors/router/routing-table.ts';
import { seededRandom } from '../../../../cluster/random.ts';

function target(node: string, changes: Partial<Target> = {}): Target {
  const address = { node, actor: 'a' };
  return {
    node,
    address,
    addressText: `${node}/a`,
    near: false,
    suspect: false,
    outstanding: 0,
    backlogUs: 0,
    ...changes,
  };
}

function counts(targets: readonly Target[], avoid: readonly string[]): Map<string, number> {
  const random = seededRandom(1);
  const seen = new Map<string, number>();
  for (let i = 0; i < 3_000; i++) {
    const { node } = chooseTarget(targets, avoid, random)!;
    seen.set(node, (seen.get(node) ?? 0) + 1);
  }
  return seen;
}

describe('chooseTarget', () => {
  it('gives nobody where there is nobody, and the only one whatever is said of it', () => {
    expect(chooseTarget([], [], seededRandom(1))).toBeNull();
    const only = target('a', { suspect: true });
    expect(chooseTarget([only], ['a'], seededRandom(1))).toBe(only);
  });

  it('takes the nearer of two equals, and the less busy of two others', () => {
    expect([...counts([target('a'), target('b')], []).keys()]).toEqual(['a']);
    expect([...counts([target('a', { outstanding: 1 }), target('b')], []).keys()]).toEqual(['b']);
  });

  it('spreads work over many as it fills them', () => {
    const random = seededRandom(1);
    const targets = Array.from({ length: 5 }, (_, i) => target(`n${i}`));
    for (let i = 0; i < 1_000; i++) chooseTarget(targets, [], random)!.outstanding++;
    for (const { outstanding } of targets) expect(Math.abs(outstanding - 200)).toBeLessThan(10);
  });

  it('takes the one in its own process until that is too far ahead of the least busy of the others', () => {
    const near = (outstanding: number) => target('near', { near: true, outstanding });
    const others = [target('a', { outstanding: 5 }), target('b', { outstanding: 9 })];
    const chosen = (outstanding: number, aheadMax?: number) =>
      chooseTarget([...others, near(outstanding)], [], seededRandom(1), aheadMax)!.node;
    expect([chosen(0, 64), chosen(69, 64)]).toEqual(['near', 'near']);
    expect(chosen(70, 64)).not.toBe('near');
    expect(chosen(1_000_000)).toBe('near');
    const suspect = target('near', { near: true, suspect: true });
    expect(chooseTarget([...others, suspect], [], seededRandom(1))!.node).not.toBe('near');
    expect(chooseTarget([...others, near(0)], ['near'], seededRandom(1))!.node).not.toBe('near');
  });

  it('never takes the one with the most outstanding of several', () => {
    const seen = counts(
      [target('a', { outstanding: 9 }), target('b', { outstanding: 1 }), target('c', { outstanding: 2 })],
      [],
    );
    expect(seen.has('a')).toBe(false);
    expect(seen.get('b')!).toBeGreaterThan(seen.get('c')!);
  });

  it.each<[string, Target[], string[], string[]]>([
    ['those neither avoided nor suspect', [target('a'), target('b', { suspect: true }), target('c')], ['a'], ['c']],
    ['those avoided before suspects', [target('a'), target('b', { suspect: true })], ['a'], ['a']],
    [
      'suspects not yet tried before those tried',
      [target('a', { suspect: true }), target('b', { suspect: true })],
      ['a'],
      ['b'],
    ],
    [
      'anyone where all are suspect and avoided',
      [target('a', { suspect: true }), target('b', { suspect: true })],
      ['a', 'b'],
      ['a'],
    ],
    ['a healthy one however busy', [target('a', { outstanding: 1_000 }), target('b', { suspect: true })], [], ['a']],
  ])('takes %s', (_, targets, avoid, wanted) => {
    expect([...counts(targets, avoid).keys()].sort()).toEqual(wanted);
  });
});

describe('splitByOwner', () => {
  const [a, b, c] = [target('a'), target('b'), target('c')];
  const owners = [[a, b], [b, c], [a, c], [], [c]];
  const ownersOf = (partition: number) => owners[partition]!;

  it('covers every row exactly once with somebody who owns it, in parts of at most the limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer(),
        (partitions, rowsMax, seed) => {
          const parts = splitByOwner(partitions, ownersOf, rowsMax, [], seededRandom(seed));
          expect(parts.flatMap((part) => part.rows).sort((x, y) => x - y)).toEqual(partitions.map((_, row) => row));
          for (const { target: who, rows } of parts) {
            expect(rows.length).toBeGreaterThan(0);
            expect(rows.length).toBeLessThanOrEqual(rowsMax);
            expect([...rows].sort((x, y) => x - y)).toEqual(rows);
            for (const row of rows) {
              const possible = ownersOf(partitions[row]!);
              if (who === null) expect(possible).toEqual([]);
              else expect(possible).toContain(who);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('makes one part where one process owns everything', () => {
    for (let seed = 0; seed < 20; seed++) {
      const parts = splitByOwner([4, 4, 4], ownersOf, 10, [], seededRandom(seed));
      expect(parts).toEqual([{ target: c, rows: [0, 1, 2] }]);
    }
  });

  it('keeps away from those to avoid where others own the rows', () => {
    for (let seed = 0; seed < 20; seed++) {
      const parts = splitByOwner([0, 1, 2], ownersOf, 10, ['a'], seededRandom(seed));
      expect(parts.some((part) => part.target === a)).toBe(false);
    }
  });
});
