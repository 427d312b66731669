/** Partitions that are had from elsewhere, on a real nats-server: owners, stored snapshots, a trimmed log, and logs that lie. */
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FEW_MESSAGES } from '../../actors/feature-shard/choose-start.ts';
import { coveredSeq, trimPartition } from '../../actors/feature-shard/log-retention.ts';
import { type Clock, systemClock } from '../../cluster/clock.ts';
import type { FeatureLog } from '../../cluster/nats/feature-log.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import { FEATURE_LOG_STREAM, SNAPSHOT_OBJECTS } from '../../proto/subjects.ts';
import { bigMessage } from '../support/feature-log-writer.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';
import { spawnScript } from '../support/run-script.ts';
import { type ShardOptions, SnapshotShard, shelfOn } from '../support/snapshot-shards.ts';

let nats: NatsFixture;
let link: NatsLink;
let log: FeatureLog;
let directory: string;
let shards: SnapshotShard[];
/** Rows are numbered by how many there have been. */
let pushed: number;

beforeEach(async () => {
  nats = await NatsFixture.start();
  link = await nats.connect();
  log = await link.featureLog({ replicas: 1 });
  directory = await mkdtemp(join(tmpdir(), 'bootstrap-'));
  shards = [];
  pushed = 0;
}, 180_000);

afterEach(async () => {
  await Promise.all(shards.map((shard) => shard.stop()));
  await nats.stop();
  await rm(directory, { recursive: true, force: true });
});

async function startShard(name: string, options: Partial<ShardOptions> = {}): Promise<SnapshotShard> {
  const shard = await SnapshotShard.start({ name, directory, nats: link, source: log, ...options });
  shards.push(shard);
  return shard;
}

async function push(partition: number, messages: number): Promise<number> {
  const seqs = [];
  for (let i = 0; i < messages; i++) seqs.push(log.append(partition, bigMessage(++pushed).bytes));
  return Math.max(...(await Promise.all(seqs)));
}

async function follow(shard: SnapshotShard, ...partitions: number[]): Promise<void> {
  await shard.follower.assign(new Set(partitions));
  await eventually('caught up', () => partitions.every((one) => shard.follower.isCaughtUp(one)), 20_000);
}

async function store(shard: SnapshotShard, partition: number) {
  return shard.shelf.store(await shard.spool(partition), 'test');
}

/** Trims as retention does, with everything old enough and nobody to wait for. */
async function trim(shard: SnapshotShard, partition: number): Promise<number> {
  const clock: Clock = {
    ...systemClock,
    wallMs: () => Date.now() + 600_000,
    after: (_, callback) => systemClock.after(0, callback),
  };
  return trimPartition({ clock, retentionMs: 60_000, shelf: shard.shelf, log, isSettled: () => true }, partition);
}

async function withManager(
  act: (manager: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['jetstreamManager']>>) => Promise<unknown>,
) {
  const connection = await connect({ servers: nats.url });
  try {
    return await act(await connection.jetstreamManager());
  } finally {
    await connection.close();
  }
}

/** Flips a byte in the middle of a stored object. */
async function corrupt(object: string): Promise<void> {
  const objects = await link.objectStore(SNAPSHOT_OBJECTS, { replicas: 1 });
  const pieces: Uint8Array[] = [];
  for await (const piece of objects.read(object)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  bytes[bytes.length >> 1]! ^= 1;
  await objects.put(
    object,
    (async function* () {
      yield bytes;
    })(),
  );
}

describe('a shard without the partition', () => {
  it('reads the log where that is short, and asks nobody', async () => {
    await push(0, 20);
    const first = await startShard('first');
    await follow(first, 0);
    expect(first.bootstraps).toEqual([]);
    const second = await startShard('second', { owners: ['first'] });
    await follow(second, 0, 5);
    expect(second.bootstraps).toEqual([]);
    expect(second.replica.cursor(0)).toEqual(first.replica.cursor(0));
  });

  it('copies from an owner where the log is long, and then follows', { timeout: 60_000 }, async () => {
    await push(0, FEW_MESSAGES + 1);
    const first = await startShard('first');
    await follow(first, 0);
    // Nobody had it, so it was the log.
    expect(first.bootstraps).toEqual(['log']);
    const second = await startShard('second', { owners: ['nobody', 'first'] });
    await follow(second, 0);
    expect(second.bootstraps).toEqual(['owner']);
    expect(second.replica.cursor(0)).toEqual(first.replica.cursor(0));
    const seq = await push(0, 1);
    await eventually(
      'the next message',
      () => second.replica.appliedSeq(0) === seq && first.replica.appliedSeq(0) === seq,
    );
    expect(second.replica.cursor(0)).toEqual(first.replica.cursor(0));
    // And has no reason to do so again.
    await second.stop();
    const again = await startShard('second', { owners: ['first'] });
    await follow(again, 0);
    expect(again.bootstraps).toEqual([]);
  });
});

describe('a partition whose log was trimmed', () => {
  /** One shard with everything, a stored snapshot, and a log that begins after it. */
  async function trimmed(messages = 30): Promise<SnapshotShard> {
    await push(0, messages);
    await push(1, 3);
    const first = await startShard('first');
    await follow(first, 0, 1);
    await store(first, 0);
    expect(await trim(first, 0)).toBe(first.replica.appliedSeq(0));
    expect((await log.messagesByPartition()).get(0)).toBeUndefined();
    const seq = await push(0, 5);
    await eventually('applied', () => first.replica.appliedSeq(0) === seq);
    return first;
  }

  it('comes from an owner, the snapshot standing by', async () => {
    const first = await trimmed();
    const second = await startShard('second', { owners: ['first'] });
    await follow(second, 0, 1);
    expect(second.bootstraps).toEqual(['owner']);
    expect([0, 1].map((one) => second.replica.cursor(one))).toEqual([0, 1].map((one) => first.replica.cursor(one)));
  });

  it('comes from the snapshot where no owner answers, and from another where one dies half-way', async () => {
    const first = await trimmed();
    const second = await startShard('second', { owners: ['nobody'] });
    await follow(second, 0);
    expect(second.bootstraps).toEqual(['snapshot']);
    expect(second.replica.cursor(0)).toEqual(first.replica.cursor(0));
    let pieces = 0;
    const dying = await startShard('dying', { owners: ['first'], onPiece: () => ++pieces === 2 && dying.fallSilent() });
    await follow(dying, 0);
    const third = await startShard('third', { owners: ['dying', 'second'], pieceBytes: 2_000 });
    await third.follower.assign(new Set([0]));
    expect(third.follower.mayServe(0)).toBe(false);
    await eventually('half of it', () => third.replica.partitions.isRestoring(0));
    expect(third.follower.mayServe(0)).toBe(false);
    await eventually('caught up', () => third.follower.isCaughtUp(0), 40_000);
    expect(third.bootstraps).toEqual(['owner']);
    expect(pieces).toBeGreaterThan(1);
    expect(third.replica.cursor(0)).toEqual(first.replica.cursor(0));
  }, 60_000);

  it('comes from the older snapshot where the newest is corrupt', async () => {
    const first = await trimmed();
    const newest = await store(first, 0);
    await corrupt(newest!.object);
    const second = await startShard('second');
    await follow(second, 0);
    expect(second.bootstraps).toEqual(['snapshot']);
    expect(second.replica.cursor(0)).toEqual(first.replica.cursor(0));
  });

  it('is not served, and why is said, where it can be had nowhere; until it can', async () => {
    const first = await trimmed();
    for (const { object } of await first.shelf.list(0)) await corrupt(object);
    first.fallSilent();
    const second = await startShard('second', { owners: ['gone'] });
    await second.follower.assign(new Set([0, 1]));
    await eventually('partition 1', () => second.follower.isCaughtUp(1));
    await eventually('a reason', () => second.follower.starting().get(0) !== null, 20_000);
    expect(second.follower.starting().get(0)).toMatch(/partition 0 stands at 0 here.*snapshot p0\.s30.*not whole/s);
    expect([second.follower.isCaughtUp(0), second.follower.mayServe(0)]).toEqual([false, false]);
    expect(second.errors.join()).toContain('refusing to serve');
    // A good one appears.
    await store(first, 0);
    await eventually('caught up', () => second.follower.isCaughtUp(0), 20_000);
    expect(second.follower.starting().size).toBe(0);
    expect(second.replica.cursor(0)).toEqual(first.replica.cursor(0));
  }, 60_000);

  it('is copied anew by a replica that was away too long, which serves nothing of it before', async () => {
    await push(0, 10);
    const away = await startShard('away', { owners: ['first'] });
    await follow(away, 0, 1);
    await eventually('noted', () => away.replica.wasCaughtUp(0));
    await away.stop();
    const first = await trimmed();
    const back = await startShard('away', { owners: ['nobody'] });
    expect(back.replica.wasCaughtUp(0)).toBe(true);
    await back.follower.assign(new Set([0, 1]));
    expect(back.follower.mayServe(0)).toBe(false);
    await eventually('caught up', () => back.follower.isCaughtUp(0) && back.follower.isCaughtUp(1));
    expect(back.bootstraps).toEqual(['snapshot']);
    expect(back.replica.cursor(0)).toEqual(first.replica.cursor(0));
  });

  it('is followed by a replica that stands at the trim exactly', async () => {
    await push(0, 10);
    const first = await startShard('first');
    await follow(first, 0);
    await store(first, 0);
    await first.stop();
    await trim(first, 0);
    await push(1, 5);
    const again = await startShard('first');
    await follow(again, 0);
    expect(again.bootstraps).toEqual([]);
    expect(again.replica.appliedSeq(0)).toBe(10);
  });

  it('that somebody else purged is not guessed at', async () => {
    await push(0, 10);
    const first = await startShard('first');
    await follow(first, 0);
    await first.stop();
    await push(0, 5);
    await withManager((manager) => manager.streams.purge(FEATURE_LOG_STREAM, { seq: 14 }));
    const again = await startShard('first');
    await again.follower.assign(new Set([0]));
    await eventually('a reason', () => (again.follower.starting().get(0) ?? null) !== null, 20_000);
    expect(again.follower.starting().get(0)).toContain('goes on at 14');
    expect(again.follower.mayServe(0)).toBe(false);
  });
});

describe('a shard that is killed with -9 while it takes a partition', () => {
  it.each([
    ['an owner', 'first'],
    ['a stored snapshot', ''],
  ])('from %s, at any step, serves nothing of it and takes it anew', { timeout: 180_000 }, async (_, owners) => {
    await push(0, 6);
    const first = await startShard('first');
    await follow(first, 0);
    await store(first, 0);
    await trim(first, 0);
    const seq = await push(0, 4);
    await eventually('applied', () => first.replica.appliedSeq(0) === seq);
    let died = 0;
    for (let step = 1; ; step++) {
      const child = spawnScript('bootstrap-child.ts', [join(directory, `${step}`), nats.url, `${step}`, owners]);
      let said = '';
      child.stdout!.on('data', (text) => {
        said += String(text);
      });
      await once(child, 'close');
      const again = await startShard('child', { directory: join(directory, `${step}`), owners: ['first'] });
      if (!said.startsWith('done')) {
        died++;
        const whole = again.replica.appliedSeq(0) > 0;
        expect(again.replica.partitions.isRestoring(0) && whole).toBe(false);
        if (!whole) expect(again.follower.mayServe(0)).toBe(false);
      }
      await follow(again, 0);
      expect(again.replica.cursor(0)).toEqual(first.replica.cursor(0));
      await again.spool(0);
      await again.stop();
      if (said.startsWith('done')) break;
    }
    expect(died).toBeGreaterThan(3);
  });
});

describe('retention', () => {
  it('takes nothing that a kept snapshot does not cover, nothing younger, and nothing while a shard is behind', async () => {
    await push(0, 20);
    const first = await startShard('first');
    await follow(first, 0);
    const options = { clock: systemClock, shelf: first.shelf, log, isSettled: () => true };
    expect(await trimPartition({ ...options, retentionMs: 1 }, 0)).toBe(0);
    await store(first, 0);
    await push(0, 5);
    expect(await trimPartition({ ...options, retentionMs: 0 }, 0)).toBe(0);
    expect(await trimPartition({ ...options, retentionMs: 3_600_000 }, 0)).toBe(0);
    expect(await trimPartition({ ...options, retentionMs: 1, isSettled: () => false }, 0)).toBe(0);
    expect(await first.shelf.highestTrim((await log.state()).createdText)).toBe(0);
    expect(await trim(first, 0)).toBe(20);
    expect((await log.messagesByPartition()).get(0)).toBe(5);
    const { createdText } = await log.state();
    expect(await first.shelf.trimmedTo(0, createdText)).toBe(20);
    expect(await first.shelf.trimmedTo(0, 'another stream')).toBe(0);
    // Two are kept: the older one must stay usable.
    await eventually('applied', () => first.replica.appliedSeq(0) === 25);
    await store(first, 0);
    expect(coveredSeq(await first.shelf.list(0), createdText)).toBe(20);
    expect((await log.messagesByPartition()).get(0)).toBe(5);
  });

  it('finds the last message that is old enough, by the log’s own time', async () => {
    await push(0, 7);
    await push(1, 3);
    await push(0, 4);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const nowMs = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await push(0, 6);
    expect(await log.lastSeqUntil(0, 1_000, nowMs)).toBe(14);
    expect(await log.lastSeqUntil(0, 12, nowMs)).toBe(12);
    expect(await log.lastSeqUntil(0, 9, nowMs)).toBe(7);
    expect(await log.lastSeqUntil(0, 1_000, 0)).toBe(0);
    expect(await log.lastSeqUntil(9, 1_000, nowMs)).toBe(0);
    expect(await log.lastSeqUntil(0, 1_000, nowMs + 60_000)).toBe(20);
  });
});

describe('a log that contradicts the replica', () => {
  async function refused(shard: SnapshotShard, what: RegExp): Promise<void> {
    await shard.follower.assign(new Set([0]));
    await eventually('a fault', () => shard.follower.fault !== null);
    expect(shard.follower.fault).toMatch(what);
    expect([shard.follower.isCaughtUp(0), shard.follower.mayServe(0)]).toEqual([false, false]);
  }

  async function stopServerAndKeep(name: string): Promise<void> {
    await nats.stopServer();
    await cp(nats.dataDir, join(directory, name), { recursive: true });
    await nats.startServer();
    await eventually('connected', () => link.connected);
  }

  async function rollBackTo(name: string): Promise<void> {
    await nats.stopServer();
    await rm(nats.dataDir, { recursive: true });
    await cp(join(directory, name), nats.dataDir, { recursive: true });
    await nats.startServer();
    await eventually('connected', () => link.connected);
  }

  it.each([
    ['another message', 0],
    ['another partition’s message', 1],
  ])('with %s where the last one was applied is never served from', async (_, partition) => {
    await push(0, 5);
    await stopServerAndKeep('old-log');
    await push(0, 2);
    const first = await startShard('first');
    await follow(first, 0);
    await first.stop();
    // Rolled back by two messages, and written on past them.
    await rollBackTo('old-log');
    await push(partition, 4);
    await refused(await startShard('first'), /rolled back/);
  });

  it('made anew is never served from, whatever snapshots there are of the one before', async () => {
    await push(0, 5);
    const first = await startShard('first');
    await follow(first, 0);
    await store(first, 0);
    await first.stop();
    await withManager((manager) => manager.streams.delete(FEATURE_LOG_STREAM));
    log = await link.featureLog({ replicas: 1 });
    await push(0, 2);
    await refused(await startShard('first'), /created anew/);
    // One without a past takes the new log, and not the old snapshot.
    const second = await startShard('second');
    await follow(second, 0);
    expect(second.replica.appliedSeq(0)).toBe(2);
  });

  it('does not take a snapshot that it contradicts', async () => {
    await push(0, 5);
    await stopServerAndKeep('old-log');
    await push(0, 2);
    const first = await startShard('first');
    await follow(first, 0);
    const spooled = await first.spool(0);
    expect(spooled.header.seq).toBe(7);
    await rollBackTo('old-log');
    await push(0, 4);
    await shelfOn(link).store(spooled, 'test');
    // So that a new shard needs one.
    await withManager((manager) => manager.streams.purge(FEATURE_LOG_STREAM, { seq: 7 }));
    const second = await startShard('second');
    await second.follower.assign(new Set([0]));
    await eventually('a reason', () => (second.follower.starting().get(0) ?? null) !== null, 20_000);
    expect(second.follower.starting().get(0)).toContain('another message at 7');
    expect(second.follower.mayServe(0)).toBe(false);
  });
});
