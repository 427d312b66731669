/** The published table: its rules one by one, then its invariants under random lives of shards. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  everywhereIndex,
  nextTable,
  type PlacementMember,
  type PlacementTable,
} from '../../../../cluster/placement/placement-table.ts';
import { placePartitions } from '../../../../cluster/placement/rendezvous.ts';

const SETTINGS = { partitions: 16, replicas: 2 };

type Shard = { name: string; weight?: number; alive?: boolean; caughtUp?: boolean | ((partition: number) => boolean) };

function member({ name, weight = 1, alive = true, caughtUp = true }: Shard): PlacementMember {
  return { name, weight, alive, caughtUp: typeof caughtUp === 'function' ? caughtUp : () => caughtUp };
}

const next = (previous: PlacementTable | null, shards: readonly Shard[], settings = SETTINGS): PlacementTable | null =>
  nextTable(previous, shards.map(member), settings);

describe('nextTable', () => {
  it('starts at epoch 1, with targets but no owners while nobody has caught up', () => {
    const table = next(null, [
      { name: 'a', caughtUp: false },
      { name: 'b', caughtUp: false },
    ])!;
    expect(table.epoch).toBe(1);
    expect(table.owners).toEqual(Array.from({ length: 17 }, () => []));
    expect(table.targets.every((names) => names.length === 2)).toBe(true);
  });

  it('says null when nothing changes, whatever the order of members', () => {
    const shards: Shard[] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    const table = next(null, shards)!;
    expect(next(table, shards)).toBeNull();
    expect(next(table, [...shards].reverse())).toBeNull();
  });

  it('has the targets of rendezvous placement, nearest first, and the same owners once all have caught up', () => {
    const shards = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    const table = next(null, shards)!;
    const placed = placePartitions({ members: shards.map(({ name }) => ({ name, weight: 1 })), ...SETTINGS });
    expect(table.targets.slice(0, 16)).toEqual(placed);
    expect(table.owners).toEqual(table.targets);
  });

  it('makes every live shard a target of the everywhere log, more than the replicas', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const table = next(
      null,
      names.map((name) => ({ name, caughtUp: name !== 'c' })),
    )!;
    expect(table.targets[everywhereIndex(table)]).toEqual(names);
    expect(table.owners[everywhereIndex(table)]).toEqual(['a', 'b', 'd', 'e']);
  });

  it('keeps an old owner beside the caught-up targets until the last target has caught up', () => {
    const two: Shard[] = [{ name: 'a' }, { name: 'b' }];
    const settled = next(null, two)!;
    const joining = next(settled, [...two, { name: 'c', caughtUp: false }])!;
    const partition = joining.targets.findIndex((names, p) => p < 16 && names.includes('c'));
    expect(joining.owners[partition]!.toSorted()).toEqual(['a', 'b']);
    const moved = next(joining, [...two, { name: 'c', caughtUp: (p) => p === partition }])!;
    expect(moved.owners[partition]).toEqual(moved.targets[partition]);
    const other = moved.targets.findIndex((names, p) => p < 16 && p !== partition && names.includes('c'));
    expect(moved.owners[other]!.toSorted()).toEqual(['a', 'b']);
  });

  it('lists owners with the nearest target first and old owners last', () => {
    const settled = next(null, [{ name: 'a' }, { name: 'b' }], { ...SETTINGS, replicas: 3 })!;
    const grown = next(settled, [{ name: 'a' }, { name: 'b' }, { name: 'c', caughtUp: false }, { name: 'd' }], {
      ...SETTINGS,
      replicas: 3,
    })!;
    for (const [partition, owners] of grown.owners.entries()) {
      const targets = grown.targets[partition]!;
      const asTargets = owners.filter((name) => targets.includes(name));
      expect(asTargets).toEqual(targets.filter((name) => name !== 'c'));
      expect(owners.slice(0, asTargets.length)).toEqual(asTargets);
    }
  });

  it('drops a dead owner at once, and takes it back after a restart only when it has caught up', () => {
    const settled = next(null, [{ name: 'a' }, { name: 'b' }])!;
    const dead = next(settled, [{ name: 'a' }, { name: 'b', alive: false }])!;
    expect(dead.owners.every((names) => names.join() === 'a')).toBe(true);
    const restarted = next(dead, [{ name: 'a' }, { name: 'b', caughtUp: false }])!;
    expect(restarted.owners.every((names) => names.join() === 'a')).toBe(true);
    const back = next(restarted, [{ name: 'a' }, { name: 'b' }])!;
    expect(back.owners.every((names) => names.length === 2)).toBe(true);
    expect(back.epoch).toBe(4);
  });

  it('forgets a shard that is no longer listed as it does a dead one', () => {
    const settled = next(null, [{ name: 'a' }, { name: 'b' }])!;
    const gone = next(settled, [{ name: 'a' }])!;
    expect(gone.owners.flat()).not.toContain('b');
    expect(gone.targets.flat()).not.toContain('b');
  });

  it('hands over what a shard of weight 0 owns, without a gap', () => {
    const settled = next(null, [{ name: 'a' }, { name: 'b' }], { ...SETTINGS, replicas: 1 })!;
    const settings = { ...SETTINGS, replicas: 1 };
    const draining = next(
      settled,
      [
        { name: 'a', caughtUp: (p) => settled.owners[p]!.includes('a') },
        { name: 'b', weight: 0 },
      ],
      settings,
    )!;
    expect(draining.targets.slice(0, 16).every((names) => names.join() === 'a')).toBe(true);
    expect(draining.owners.slice(0, 16)).toEqual(settled.owners.slice(0, 16));
    const drained = next(draining, [{ name: 'a' }, { name: 'b', weight: 0 }], settings)!;
    expect(drained.owners.slice(0, 16).every((names) => names.join() === 'a')).toBe(true);
  });

  it('keeps the last owners serving when every live shard has weight 0', () => {
    const settled = next(null, [{ name: 'a' }])!;
    const drained = next(settled, [{ name: 'a', weight: 0 }])!;
    expect(drained.owners.every((names) => names.join() === 'a')).toBe(true);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300])(
    'places the others when one shard has weight %d',
    (weight) => {
      const table = next(null, [{ name: 'a' }, { name: 'b' }, { name: 'odd', weight }])!;
      expect(table.targets.slice(0, 16).every((names) => names.length === 2)).toBe(true);
      expect(table.targets.flat()).toContain('a');
    },
  );

  it('publishes an empty table when no shard is left, and fills it again', () => {
    const settled = next(null, [{ name: 'a' }])!;
    const empty = next(settled, [])!;
    expect(empty.owners.flat()).toEqual([]);
    expect(next(empty, [])).toBeNull();
    expect(next(empty, [{ name: 'a' }])!.owners.every((names) => names.join() === 'a')).toBe(true);
  });

  it('follows a change of replicas', () => {
    const shards: Shard[] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    const two = next(null, shards)!;
    const three = next(two, shards, { ...SETTINGS, replicas: 3 })!;
    expect(three.owners.every((names) => names.length === 3)).toBe(true);
    expect(three.replicas).toBe(3);
  });

  it('refuses another number of partitions with FAILED_PRECONDITION', () => {
    const table = next(null, [{ name: 'a' }])!;
    expect(() => next(table, [{ name: 'a' }], { partitions: 32, replicas: 2 })).toThrow(
      expect.objectContaining({ code: 'FAILED_PRECONDITION', message: expect.stringContaining('16 partitions') }),
    );
  });

  it('refuses two live shards of one name', () => {
    expect(() => next(null, [{ name: 'a' }, { name: 'a', weight: 0 }])).toThrow(/same name/);
  });
});

describe('nextTable under random joins, deaths, restarts, catch-ups and lags', () => {
  const NAMES = ['a', 'b', 'c', 'd', 'e'];
  const PARTITIONS = 6;
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('start' as const, 'kill' as const), name: fc.constantFrom(...NAMES) }),
    fc.record({
      kind: fc.constantFrom('catchUp' as const, 'catchUp' as const, 'lag' as const),
      name: fc.constantFrom(...NAMES),
      partition: fc.integer({ min: 0, max: PARTITIONS }),
    }),
    fc.record({
      kind: fc.constant('weigh' as const),
      name: fc.constantFrom(...NAMES),
      weight: fc.constantFrom(0, 1, 3),
    }),
  );

  class Cluster {
    readonly shards = new Map<string, { alive: boolean; weight: number; caughtUp: Set<number> }>();

    apply(act: { kind: string; name: string; partition?: number; weight?: number }): void {
      const shard = this.shards.get(act.name);
      if (act.kind === 'start') this.shards.set(act.name, { alive: true, weight: 1, caughtUp: new Set() });
      if (shard === undefined) return;
      if (act.kind === 'kill') shard.alive = false;
      if (act.kind === 'catchUp') shard.caughtUp.add(act.partition!);
      if (act.kind === 'lag') shard.caughtUp.delete(act.partition!);
      if (act.kind === 'weigh') shard.weight = act.weight!;
    }

    fit(name: string, partition: number): boolean {
      const shard = this.shards.get(name);
      return shard?.alive === true && shard.caughtUp.has(partition);
    }

    members(): PlacementMember[] {
      return [...this.shards].map(([name, shard]) => ({
        name,
        weight: shard.weight,
        alive: shard.alive,
        caughtUp: (partition) => shard.caughtUp.has(partition),
      }));
    }
  }

  it('never lists an owner unfit to serve, never opens a gap in reading, grows the epoch, and settles on the targets', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (steps, replicas) => {
        const settings = { partitions: PARTITIONS, replicas };
        const cluster = new Cluster();
        let table = nextTable(null, cluster.members(), settings)!;
        for (const act of steps) {
          cluster.apply(act);
          const following = nextTable(table, cluster.members(), settings);
          expect(nextTable(table, cluster.members().reverse(), settings)).toEqual(following);
          const before = table;
          table = following ?? table;
          if (following !== null) expect(following.epoch).toBe(before.epoch + 1);
          expect(nextTable(table, cluster.members(), settings)).toBeNull();
          for (let partition = 0; partition <= PARTITIONS; partition++) {
            const owners = table.owners[partition]!;
            expect(new Set(owners).size).toBe(owners.length);
            expect(owners.every((name) => cluster.fit(name, partition))).toBe(true);
            if (before.owners[partition]!.some((name) => cluster.fit(name, partition))) expect(owners).not.toEqual([]);
            if (partition < PARTITIONS) expect(table.targets[partition]!.length).toBeLessThanOrEqual(replicas);
          }
        }
        for (const shard of cluster.shards.values()) {
          shard.weight = 1;
          for (let partition = 0; partition <= PARTITIONS; partition++) shard.caughtUp.add(partition);
        }
        table = nextTable(table, cluster.members(), settings) ?? table;
        expect(table.owners).toEqual(table.targets);
      }),
      { numRuns: 300 },
    );
  });
});
