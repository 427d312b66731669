import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../cluster/clock.ts';
import { bitset, setBit } from '../../../../cluster/membership/bitset.ts';
import type { Heartbeat } from '../../../../cluster/membership/heartbeat.ts';
import { MemberTable } from '../../../../cluster/membership/member-table.ts';
import { PlacementPublisher } from '../../../../cluster/placement/placement-publisher.ts';
import type { PlacementTable } from '../../../../cluster/placement/placement-table.ts';
import { decodeTable, encodeTable } from '../../../../cluster/placement/table-codec.ts';
import type { ServingError } from '../../../../proto/errors.ts';
import { MemoryKeyValue, MemoryStore } from '../../../support/memory-key-value.ts';

const KEY = 'placement';
const SETTINGS = { partitions: 8, replicas: 2 };

/** A shard's heartbeat; caught up with everything unless told otherwise. */
function shard(name: string, changes: Partial<Heartbeat> = {}): Heartbeat {
  const caughtUp = bitset(SETTINGS.partitions + 1);
  for (let partition = 0; partition <= SETTINGS.partitions; partition++) setBit(caughtUp, partition);
  return {
    node: `${name}.1`,
    name,
    role: 'shard',
    ready: true,
    leaving: false,
    epoch: 0,
    models: [],
    caughtUp,
    queueDepth: 0,
    device: '',
    httpUrl: '',
    metricsUrl: '',
    weight: 1,
    pid: 1,
    localEndpoint: '',
    ...changes,
  };
}

/** One process that may lead, on a store that it may share. */
function leader(store = new MemoryStore(), acting: PlacementTable | null = null) {
  const clock = new ManualClock();
  const keyValue = new MemoryKeyValue(store);
  const published: PlacementTable[] = [];
  const errors: ServingError[] = [];
  const state = { leads: true, members: new MemberTable() };
  const publisher = new PlacementPublisher({
    keyValue,
    key: KEY,
    clock,
    isLeader: () => state.leads,
    shards: () => state.members.live('shard'),
    settings: SETTINGS,
    acting: () => acting,
    periodMs: 100,
    onPublished: (table) => published.push(table),
    onError: (error) => errors.push(error),
  });
  const hear = (...heartbeats: Heartbeat[]) => {
    for (const heartbeat of heartbeats) state.members.hear(heartbeat, clock.nowMs());
  };
  const stored = async () => {
    const entry = await keyValue.get(KEY);
    return entry === null ? null : decodeTable(entry.value);
  };
  return { publisher, clock, keyValue, published, errors, state, hear, stored };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the placement publisher', () => {
  it('publishes the first table with epoch 1, and none while nothing changes', async () => {
    const { publisher, published, hear, stored } = leader();
    hear(shard('shard-1'), shard('shard-2'));
    await publisher.publish();
    await publisher.publish();
    expect(published.map(({ epoch }) => epoch)).toEqual([1]);
    expect(await stored()).toEqual(published[0]);
    for (const owners of published[0]!.owners) expect([...owners].sort()).toEqual(['shard-1', 'shard-2']);
  });

  it('raises the epoch when members change, and says who still has to catch up', async () => {
    const { publisher, published, hear } = leader();
    hear(shard('shard-1'));
    await publisher.publish();
    hear(shard('shard-2', { caughtUp: new Uint8Array(0) }));
    await publisher.publish();
    expect(published.map(({ epoch }) => epoch)).toEqual([1, 2]);
    for (const partition of [0, 8]) {
      expect(published[1]!.owners[partition]).toEqual(['shard-1']);
      expect([...published[1]!.targets[partition]!].sort()).toEqual(['shard-1', 'shard-2']);
    }
    hear(shard('shard-2'));
    await publisher.publish();
    expect([...published[2]!.owners[0]!].sort()).toEqual(['shard-1', 'shard-2']);
  });

  it('gives a shard that leaves nothing new, and keeps it as owner until others have caught up', async () => {
    const { publisher, published, hear, state } = leader();
    hear(shard('shard-1'), shard('shard-2'));
    await publisher.publish();
    // The farewell itself ends the membership; what is asked here is how the publisher reads the heartbeat.
    const [one, two] = state.members.live('shard');
    const leaving = { ...two!, heartbeat: { ...two!.heartbeat, leaving: true } };
    state.members.live = () => [one!, leaving];
    await publisher.publish();
    const table = published.at(-1)!;
    expect(table.epoch).toBe(2);
    for (let partition = 0; partition < SETTINGS.partitions; partition++) {
      expect(table.targets[partition]).toEqual(['shard-1']);
    }
  });

  it('does nothing while another process leads', async () => {
    const { publisher, published, hear, state, stored } = leader();
    hear(shard('shard-1'));
    state.leads = false;
    await publisher.publish();
    expect(published).toEqual([]);
    expect(await stored()).toBeNull();
  });

  it('does not take an empty list of shards for the loss of all', async () => {
    const store = new MemoryStore();
    const first = leader(store);
    first.hear(shard('shard-1'));
    await first.publisher.publish();
    const fresh = leader(store);
    await fresh.publisher.publish();
    expect(fresh.published).toEqual([]);
    expect((await fresh.stored())!.epoch).toBe(1);
  });

  it('does not publish when it lost leadership while it read', async () => {
    const { publisher, published, hear, state } = leader();
    hear(shard('shard-1'));
    const publishing = publisher.publish();
    state.leads = false;
    await publishing;
    expect(published).toEqual([]);
  });

  it('cannot overwrite the table of its successor: one of two that think they lead wins', async () => {
    const store = new MemoryStore();
    const old = leader(store);
    const next = leader(store);
    old.hear(shard('shard-1'));
    next.hear(shard('shard-1'), shard('shard-2'));
    await Promise.all([old.publisher.publish(), next.publisher.publish()]);
    expect(old.published.length + next.published.length).toBe(1);
    const winner = [...old.published, ...next.published][0]!;
    expect(await old.stored()).toEqual(winner);
  });

  it('leaves the table alone that its successor wrote after it had read', async () => {
    const store = new MemoryStore();
    const old = leader(store);
    const next = leader(store);
    old.hear(shard('shard-1'));
    await old.publisher.publish();
    // It reads, then sleeps while another takes over.
    const get = old.keyValue.get.bind(old.keyValue);
    let wake: () => void = () => {};
    old.keyValue.get = async (key) => {
      const entry = await get(key);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      return entry;
    };
    old.hear(shard('shard-2'));
    const late = old.publisher.publish();
    await settle();
    next.hear(shard('shard-3'));
    await next.publisher.publish();
    wake();
    await late;
    expect(old.published.map(({ epoch }) => epoch)).toEqual([1]);
    expect(await next.stored()).toEqual(next.published[0]);
    expect(next.published[0]!.epoch).toBe(2);
    expect(old.errors).toEqual([]);
  });

  it('reports a store that fails, and does better the next time', async () => {
    const { publisher, published, errors, hear, keyValue } = leader();
    hear(shard('shard-1'));
    keyValue.faults.refuse = true;
    await publisher.publish();
    expect(errors.map(({ code }) => code)).toEqual(['UNAVAILABLE']);
    keyValue.restore();
    await publisher.publish();
    expect(published).toHaveLength(1);
    expect(errors).toHaveLength(1);
  });

  it('refuses to change the number of partitions', async () => {
    const { publisher, published, errors, hear, keyValue } = leader();
    const other: PlacementTable = {
      epoch: 4,
      partitions: 1,
      replicas: 1,
      owners: [['a'], ['a']],
      targets: [['a'], ['a']],
    };
    await keyValue.create(KEY, encodeTable(other));
    hear(shard('shard-1'));
    await publisher.publish();
    expect(published).toEqual([]);
    expect(errors.map(({ code }) => code)).toEqual(['FAILED_PRECONDITION']);
  });

  it('looks once a period from its start to its stop, one look at a time', async () => {
    const { publisher, clock, published, hear, keyValue } = leader();
    let reads = 0;
    const get = keyValue.get.bind(keyValue);
    let answer: () => void = () => {};
    keyValue.get = async (key) => {
      reads++;
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return get(key);
    };
    hear(shard('shard-1'));
    publisher.start();
    publisher.start();
    clock.advance(99);
    expect(reads).toBe(0);
    clock.advance(1);
    expect(reads).toBe(1);
    clock.advance(500);
    expect(reads).toBe(1);
    answer();
    await settle();
    expect(published).toHaveLength(1);
    clock.advance(100);
    expect(reads).toBe(2);
    answer();
    await settle();
    publisher.stop();
    clock.advance(10_000);
    expect(reads).toBe(2);
  });
});

describe('a stored table that is damaged', () => {
  const garbage = new TextEncoder().encode('{');

  /** Overwrites what is stored, whatever it is; returns the revision. */
  function damage(store: MemoryStore, bytes: Uint8Array | null = garbage): number {
    return store.write(KEY, bytes, () => true)!;
  }

  it('is replaced by the last good one under a higher epoch, with one report', async () => {
    const store = new MemoryStore();
    const { publisher, published, errors, hear, stored } = leader(store);
    hear(shard('shard-1'), shard('shard-2'));
    await publisher.publish();
    damage(store);
    await publisher.publish();
    await publisher.publish();
    expect(errors.map(({ code }) => code)).toEqual(['DATA_LOSS']);
    expect(published).toHaveLength(2);
    expect(published[1]!.epoch).toBeGreaterThan(published[0]!.epoch);
    expect({ ...published[1], epoch: 1 }).toEqual(published[0]);
    expect(await stored()).toEqual(published[1]);
  });

  it('keeps those as owners who were, though they are no targets any more', async () => {
    const store = new MemoryStore();
    const { publisher, published, hear, state } = leader(store);
    hear(shard('shard-1'));
    await publisher.publish();
    hear(shard('shard-1', { weight: 0 }), shard('shard-2', { caughtUp: new Uint8Array(2) }));
    damage(store);
    await publisher.publish();
    expect(state.members.live('shard')).toHaveLength(2);
    expect(published[1]!.owners[0]).toEqual(['shard-1']);
    expect(published[1]!.targets[0]).toEqual(['shard-2']);
  });

  it('is replaced from the table that the process acts on, where it has just become leader', async () => {
    const store = new MemoryStore();
    const before = leader(store);
    before.hear(shard('shard-1'));
    await before.publisher.publish();
    const acting = { ...before.published[0]!, epoch: 700 };
    damage(store);
    const { publisher, published, hear } = leader(store, acting);
    hear(shard('shard-1'));
    await publisher.publish();
    expect(published).toEqual([{ ...acting, epoch: 701 }]);
  });

  it('is replaced by a leader that never saw a good one, above every epoch there has been', async () => {
    const store = new MemoryStore();
    const before = leader(store);
    const epochs: number[] = [];
    for (const names of [['a'], ['a', 'b'], ['a', 'b', 'c'], ['b', 'c']]) {
      before.state.members = new MemberTable();
      before.hear(...names.map((name) => shard(name)));
      await before.publisher.publish();
    }
    epochs.push(...before.published.map(({ epoch }) => epoch));
    expect(epochs).toEqual([1, 2, 3, 4]);
    damage(store);
    const { publisher, published, hear } = leader(store);
    hear(shard('b'));
    await publisher.publish();
    expect(published).toHaveLength(1);
    expect(published[0]!.epoch).toBeGreaterThan(4);
  });

  it('stays where it is until there is a shard to place on, and is reported once meanwhile', async () => {
    const store = new MemoryStore();
    const { publisher, published, errors, hear } = leader(store);
    damage(store);
    for (let i = 0; i < 5; i++) await publisher.publish();
    expect(published).toEqual([]);
    expect(errors).toHaveLength(1);
    damage(store);
    await publisher.publish();
    expect(errors).toHaveLength(2);
    hear(shard('shard-1'));
    await publisher.publish();
    expect(published).toHaveLength(1);
  });

  it('is left to the leader that replaces it first', async () => {
    const store = new MemoryStore();
    damage(store);
    const [one, other] = [leader(store), leader(store)];
    one.hear(shard('shard-1'));
    other.hear(shard('shard-1'), shard('shard-2'));
    await Promise.all([one.publisher.publish(), other.publisher.publish()]);
    expect(one.published.length + other.published.length).toBe(1);
  });

  it.each<[string, (table: PlacementTable) => Uint8Array | null]>([
    ['is gone', () => null],
    ['is older than the one acted on', (table) => encodeTable({ ...table, epoch: table.epoch - 1 })],
    [
      'is another cluster’s',
      (table) => encodeTable({ ...table, epoch: 9, partitions: 1, owners: [['a'], ['a']], targets: [['a'], ['a']] }),
    ],
  ])('that %s is replaced under a higher epoch', async (_, wrong) => {
    const store = new MemoryStore();
    const { publisher, published, errors, hear, stored } = leader(store);
    hear(shard('shard-1'));
    await publisher.publish();
    hear(shard('shard-2'));
    await publisher.publish();
    const good = published.at(-1)!;
    damage(store, wrong(good));
    await publisher.publish();
    const replaced = published.at(-1)!;
    expect(replaced.epoch).toBeGreaterThan(good.epoch);
    expect({ ...replaced, epoch: good.epoch }).toEqual(good);
    expect(await stored()).toEqual(replaced);
    expect(errors).toEqual([]);
  });

  it('costs nothing where it was only a read that lags', async () => {
    const store = new MemoryStore();
    const { publisher, published, errors, hear, keyValue, stored } = leader(store);
    hear(shard('shard-1'));
    await publisher.publish();
    hear(shard('shard-2'));
    await publisher.publish();
    keyValue.faults.laggingReads = true;
    await publisher.publish();
    keyValue.faults.laggingReads = false;
    expect(await stored()).toEqual(published[1]);
    expect(published).toHaveLength(2);
    expect(errors).toEqual([]);
  });

  it('never takes the epoch back for anybody, whatever is damaged and whoever leads', async () => {
    const step = fc.record({
      damaged: fc.boolean(),
      // A leader that has been there, or one that has just started and acts on what it can read.
      fresh: fc.boolean(),
      shards: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
      otherWrites: fc.nat({ max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const store = new MemoryStore();
        let current = leader(store);
        let actedOn = 0;
        for (const { damaged, fresh, shards, otherWrites } of steps) {
          for (let i = 0; i < otherWrites; i++) store.write('other', garbage, () => true);
          if (damaged) damage(store);
          if (fresh) current = leader(store);
          const before = current.published.length;
          current.state.members = new MemberTable();
          current.hear(...shards.map((name) => shard(name)));
          await current.publisher.publish();
          for (const { epoch } of current.published.slice(before)) {
            expect(epoch).toBeGreaterThan(actedOn);
            actedOn = epoch;
          }
          // Whatever happened, a readable table of the newest epoch is there now.
          expect((await current.stored())!.epoch).toBe(actedOn);
        }
      }),
      { numRuns: 100 },
    );
  });
});
