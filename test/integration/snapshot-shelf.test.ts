/** Stored snapshots on a real nats-server: what is listed is whole, whatever dies while one is written. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { verifySnapshot } from '../../actors/feature-shard/snapshot-format.ts';
import { SnapshotShelf } from '../../actors/feature-shard/snapshot-shelf.ts';
import { type SpooledSnapshot, spoolSnapshot } from '../../actors/feature-shard/spool-snapshot.ts';
import { type Clock, systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import type { ObjectStore } from '../../cluster/object-store.ts';
import { BUCKETS, SNAPSHOT_OBJECTS } from '../../proto/subjects.ts';
import { app, bigMessage } from '../support/feature-log-writer.ts';
import { NatsFixture } from '../support/nats-fixture.ts';
import { spawnScript } from '../support/run-script.ts';
import { shelfOn } from '../support/snapshot-shards.ts';

const MESSAGES = 30;
let nats: NatsFixture;
let link: NatsLink;
let objects: ObjectStore;
let directory: string;
let replica: Replica;
let shelf: SnapshotShelf;

beforeEach(async () => {
  nats = await NatsFixture.start();
  link = await nats.connect();
  objects = await link.objectStore(SNAPSHOT_OBJECTS, { replicas: 1 });
  directory = await mkdtemp(join(tmpdir(), 'snapshot-shelf-'));
  replica = new Replica({ directory, app, log: silentLog });
  await replica.setStreamIdentity('first');
  shelf = shelfOn(link);
}, 180_000);

afterEach(async () => {
  await replica.close();
  await nats.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A snapshot of what is there after applying up to `seq`. */
async function spoolAt(seq: number): Promise<SpooledSnapshot> {
  const from = replica.appliedSeq(0) + 1;
  const messages = Array.from({ length: seq - from + 1 }, (_, i) => bigMessage(from + i));
  if (messages.length > 0) await replica.apply(messages);
  return spoolSnapshot({ replica, partition: 0, path: join(directory, `s${seq}`), views: [], clock: systemClock });
}

const seqs = async () => (await shelf.list(0)).map((one) => one.seq);
const names = async () => (await objects.list()).map((one) => one.name).sort();
const listedNames = async () => (await shelf.list(0)).map((one) => one.object).sort();

/** Objects of which there are pieces, finished or not. */
async function storedObjects(): Promise<number> {
  const connection = await connect({ servers: nats.url });
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(`OBJ_${SNAPSHOT_OBJECTS}`, { subjects_filter: '$O.*.C.>' });
  await connection.close();
  return Object.keys(state.subjects ?? {}).length;
}

describe('stored snapshots', () => {
  it('are read back as they were written; the newest are kept, the others deleted', async () => {
    for (const seq of [10, 20, 30]) {
      const spooled = await spoolAt(seq);
      const stored = await shelf.store(spooled, 'shard-1');
      expect(stored).toMatchObject({ seq, rows: seq * 40, bytes: spooled.bytes, by: 'shard-1', stream: 'first' });
      expect((await verifySnapshot(shelf.read(stored!))).header).toEqual(spooled.header);
    }
    expect(await seqs()).toEqual([30, 20]);
    expect(await names()).toEqual(await listedNames());
  });

  it('are not stored again, nor an older one over a newer', async () => {
    const older = await spoolAt(10);
    const newer = await spoolAt(20);
    await shelf.store(newer, 'a');
    expect(await shelf.store(newer, 'b')).toBeNull();
    expect(await shelf.store(older, 'b')).toBeNull();
    expect(await seqs()).toEqual([20]);
    expect(await names()).toHaveLength(1);
  });

  it('of two that store at the same time leave one list without a loose end', async () => {
    const spooled = await spoolAt(10);
    const both = await Promise.all([shelf.store(spooled, 'a'), shelfOn(link).store(spooled, 'b')]);
    expect(both.filter((one) => one !== null)).toHaveLength(1);
    expect(await seqs()).toEqual([10]);
    expect(await names()).toEqual(await listedNames());
  });

  it('of another stream give way to those of the present one', async () => {
    const spooled = await spoolAt(10);
    await shelf.store({ ...spooled, header: { ...spooled.header, stream: 'older' } }, 'a').catch(() => {});
    await shelf.store(spooled, 'a');
    await replica.setStreamIdentity('second');
    const anew = await spoolAt(10);
    expect(await shelf.store(anew, 'a')).toMatchObject({ stream: 'second' });
    expect((await shelf.list(0)).map((one) => one.stream)).toEqual(['second']);
    expect(await names()).toHaveLength(1);
  });

  it('are not listed when they come back corrupt, and the ones before stay', async () => {
    await shelf.store(await spoolAt(10), 'a');
    const spooled = await spoolAt(20);
    const keyValue = await link.keyValue(BUCKETS.snapshots);
    const lying: ObjectStore = {
      put: (name, pieces) =>
        objects.put(
          name,
          (async function* () {
            for await (const piece of pieces) {
              const wrong = Buffer.from(piece);
              wrong[wrong.length >> 1]! ^= 4;
              yield wrong;
            }
          })(),
        ),
      read: (name) => objects.read(name),
      list: () => objects.list(),
      removeUnfinished: (beforeMs) => objects.removeUnfinished(beforeMs),
      delete: (name) => objects.delete(name),
    };
    const open = async () => ({ keyValue, objects: lying });
    const wrong = new SnapshotShelf({ open, clock: systemClock, log: silentLog, keep: 2 });
    await expect(wrong.store(spooled, 'a')).rejects.toMatchObject({ code: 'DATA_LOSS' });
    expect(await seqs()).toEqual([10]);
    expect(await names()).toEqual(await listedNames());
  });

  it.each(['before', 'after'])(
    'stay whole through kill -9 %s each step of storing one',
    { timeout: 180_000 },
    async (when) => {
      for (const seq of [5, 10]) await shelf.store(await spoolAt(seq), 'a');
      const spooled = await spoolAt(MESSAGES);
      let died = 0;
      for (let step = 1; ; step++) {
        const child = spawnScript('shelf-child.ts', [nats.url, spooled.path, `${step}`, when]);
        let said = '';
        child.stdout!.on('data', (text) => {
          said += String(text);
        });
        await once(child, 'close');
        // All that is listed can be restored, and the newest before the child is among it until its own is.
        const listed = await shelf.list(0);
        expect(listed.length).toBe(2);
        for (const one of listed) expect((await verifySnapshot(shelf.read(one))).header.seq).toBe(one.seq);
        if (said.startsWith('done')) break;
        died++;
        // Once it is listed, another child has nothing to do.
        if (listed[0]!.seq === MESSAGES) break;
      }
      expect(died).toBeGreaterThan(3);
      expect(await seqs()).toEqual([MESSAGES, 10]);
      // What the dead left behind goes, once nobody can be writing it.
      const later: Clock = { ...systemClock, wallMs: () => Date.now() + 7_200_000 };
      const open = async () => ({ keyValue: await link.keyValue(BUCKETS.snapshots), objects });
      const sweeper = new SnapshotShelf({ open, clock: later, log: silentLog, keep: 2 });
      expect(await shelf.sweep(() => true)).toBe(0);
      expect(await storedObjects()).toBeGreaterThan(2);
      expect(await sweeper.sweep(() => true)).toBeGreaterThan(0);
      expect(await names()).toEqual(await listedNames());
      expect(await storedObjects()).toBe(2);
    },
  );
});

describe('an object', () => {
  it('is as long as it was, many pieces or none, and NOT_FOUND once it is deleted', async () => {
    for (const bytes of [0, 1, 131_072, 3_000_001]) {
      const name = `of-${bytes}`;
      const content = Buffer.alloc(bytes, 7);
      await objects.put(
        name,
        (async function* () {
          for (let at = 0; at < bytes; at += 100_000) yield content.subarray(at, at + 100_000);
        })(),
      );
      const pieces: Uint8Array[] = [];
      for await (const piece of objects.read(name)) pieces.push(piece);
      expect(Buffer.concat(pieces).equals(content)).toBe(true);
      await objects.delete(name);
      await objects.delete(name);
      const reading = objects.read(name)[Symbol.asyncIterator]().next();
      await expect(reading).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await objects.delete('never there');
    expect(await objects.list()).toEqual([]);
  });
});
