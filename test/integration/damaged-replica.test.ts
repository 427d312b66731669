/**
 * Replicas whose file was changed behind their back: bytes flipped in a value, pages that are none any more, files that
 * cannot be opened. What is whole is served on; what is not is never served, and had anew from another owner.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { type OpenedReplica, openReplica } from '../../actors/feature-shard/replica-file.ts';
import { Scrub, verifyPartition } from '../../actors/feature-shard/scrub.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { systemRandom } from '../../cluster/random.ts';
import { app, bigMessage, bigMessageKey, narrow } from '../support/feature-log-writer.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';
import { SnapshotShard } from '../support/snapshot-shards.ts';

let directory: string;
let open: { close(): Promise<void> }[];
let damages: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'damaged-'));
  open = [];
  damages = [];
});

afterEach(async () => {
  for (const one of open) await one.close();
  await rm(directory, { recursive: true, force: true });
});

const fileOf = (name = '') => join(directory, name, 'replica.lmdb');

/** Message `seq` of another partition. */
const inPartition = (partition: number, seq: number) => ({ ...bigMessage(seq), partition });

async function fill(partitions: number, messages: number): Promise<void> {
  const replica = new Replica({ directory, app, log: silentLog });
  for (let partition = 0; partition < partitions; partition++)
    await replica.apply(Array.from({ length: messages }, (_, i) => inPartition(partition, partition * 100 + i + 1)));
  await replica.close();
}

/** The last byte of a row's value, wherever in the file it stands. */
function flipValue(file: string, seq: number): void {
  const bytes = readFileSync(file);
  const id = Buffer.alloc(4);
  id.writeUInt32BE(narrow.id, 0);
  const key = Buffer.concat([id, bigMessageKey(seq)]);
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
    bytes[at + key.length + 30]! ^= 0x40;
  }
  writeFileSync(file, bytes);
}

/** Zeroes every third page of the middle of the file. */
function zeroPages(file: string): void {
  const handle = openSync(file, 'r+');
  const pages = fstatSync(handle).size / 4_096;
  for (let page = Math.floor(pages / 3); page < (pages * 2) / 3; page += 3)
    writeSync(handle, Buffer.alloc(4_096), 0, 4_096, page * 4_096);
  closeSync(handle);
}

async function openChecked(): Promise<OpenedReplica> {
  const opened = await openReplica({
    directory,
    app,
    clock: systemClock,
    log: silentLog,
    onDamage: (why) => damages.push(why),
  });
  open.push(opened);
  return opened;
}

/** As when the process dies. */
async function die(opened: OpenedReplica): Promise<void> {
  open.splice(open.indexOf(opened), 1);
  await opened.replica.close();
}

describe('a value that was changed', () => {
  it('is found by its partition’s digest, and only there', async () => {
    await fill(2, 5);
    flipValue(fileOf(), 3);
    const replica = new Replica({ directory, app, log: silentLog });
    open.push(replica);
    const verify = (partition: number) => verifyPartition({ replica, partition, clock: systemClock, pauseMs: 0 });
    expect(await verify(0)).toMatchObject({ mismatch: expect.stringContaining('partition 0 at 5') });
    expect(await verify(1)).toBe('whole');
    // Of one that nothing was applied to, too.
    expect(await verify(7)).toBe('whole');
  });

  it('makes the scrub have the partition anew from another owner, unserved meanwhile, the others served', async () => {
    const nats = await NatsFixture.start();
    try {
      const link = await nats.connect();
      const source = await link.featureLog({ replicas: 1 });
      const start = async (name: string, owners: string[]) => {
        const shard = await SnapshotShard.start({ name, directory, nats: link, source, owners });
        open.push({ close: () => shard.stop() });
        return shard;
      };
      for (let i = 1; i <= 20; i++) await source.append(i % 2, bigMessage(i).bytes);
      const follow = async (shard: SnapshotShard) => {
        await shard.follower.assign(new Set([0, 1]));
        await eventually('caught up', () => shard.follower.isCaughtUp(0) && shard.follower.isCaughtUp(1));
      };
      const first = await start('first', []);
      await follow(first);
      let second = await start('second', ['first']);
      await follow(second);
      await second.stop();
      flipValue(fileOf('second'), 2);
      second = await start('second', ['first']);
      await follow(second);
      const before = second.replica.lookup(narrow, 0, bigMessageKey(2))!;
      const damaged = Buffer.from(before.bytes.slice(0, before.length));
      const served: boolean[] = [];
      const scrub = new Scrub({
        replica: second.replica,
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        intervalMs: 200,
        partitions: () => second.replica.heldPartitions().filter((one) => second.follower.mayServe(one)),
        onMismatch: (partition, why) => {
          void second.follower.rebuild(partition, why);
          served.push(second.follower.mayServe(partition), second.follower.mayServe(1 - partition));
        },
        onVerified: () => {},
      });
      scrub.start();
      await eventually('had anew', () => second.bootstraps.length > 0 && second.follower.isCaughtUp(0), 20_000);
      await scrub.stop();
      expect(served).toEqual([false, true]);
      expect(second.bootstraps).toEqual(['owner']);
      const record = second.replica.lookup(narrow, 0, bigMessageKey(2))!;
      expect(Buffer.from(record.bytes.slice(0, record.length))).not.toEqual(damaged);
      for (const partition of [0, 1]) {
        expect(second.replica.cursor(partition)).toEqual(first.replica.cursor(partition));
        expect(await verifyPartition({ replica: second.replica, partition, clock: systemClock })).toBe('whole');
      }
      // And goes on with the log.
      const seq = await source.append(0, bigMessage(21).bytes);
      await eventually('the next message', () => second.replica.appliedSeq(0) === seq);
      for (const one of open.splice(0)) await one.close();
    } finally {
      await nats.stop();
    }
  }, 60_000);
});

describe('pages that are none any more', () => {
  it('are said to be lost, once; what stands elsewhere is read on in the same turn; the next start has none of it', async () => {
    await fill(6, 12);
    zeroPages(fileOf());
    const opened = await openChecked();
    let lost = 0;
    let read = 0;
    for (let partition = 0; partition < 6; partition++) {
      for (let i = 1; i <= 12; i++) {
        try {
          if (opened.replica.lookup(narrow, partition, bigMessageKey(partition * 100 + i)) !== null) read++;
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'DATA_LOSS' });
          lost++;
        }
      }
    }
    expect(lost).toBeGreaterThan(0);
    expect(read).toBeGreaterThan(20);
    expect(read + lost).toBe(72);
    expect(damages).toHaveLength(1);
    await die(opened);
    const again = await openChecked();
    expect(again.setAside).toContain('cannot be read');
    expect(again.replica.heldPartitions()).toEqual([]);
    expect(existsSync(`${fileOf()}.set-aside`)).toBe(true);
  });

  it('are not set aside twice within an hour: that is for people to look at', async () => {
    await fill(6, 12);
    zeroPages(fileOf());
    writeFileSync(`${fileOf()}.damage`, 'found before');
    writeFileSync(`${fileOf()}.set-aside`, '');
    await expect(openChecked()).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('Look at the disk'),
    });
    const longAgo = Date.now() / 1_000 - 3_700;
    utimesSync(`${fileOf()}.set-aside`, longAgo, longAgo);
    expect((await openChecked()).setAside).toBe('found before');
  });

  it('are found before anything is served where starts came to nothing twice', async () => {
    await fill(6, 12);
    zeroPages(fileOf());
    for (let start = 0; start < 2; start++) await die(await openChecked());
    const third = await openChecked();
    expect(third.setAside).toContain('cannot be read');
  });
});

describe('a file', () => {
  it.each([
    ['is no database', () => Buffer.alloc(40_000, 7), 'no database'],
    ['has lost its end', (whole: Buffer) => whole.subarray(0, whole.length >> 2), 'cut off at'],
    ['has lost nearly all', (whole: Buffer) => whole.subarray(0, 100), 'cut off in its head'],
  ])('that %s is set aside, unopened', async (_, change, why) => {
    await fill(2, 12);
    writeFileSync(fileOf(), change(readFileSync(fileOf())));
    const opened = await openChecked();
    expect(opened.setAside).toContain(why);
    expect(opened.replica.heldPartitions()).toEqual([]);
  });

  it('that ended the process that read it is set aside', async () => {
    await fill(1, 2);
    writeFileSync(`${fileOf()}.opening`, JSON.stringify({ phase: 'verifying', failedBefore: 2 }));
    expect((await openChecked()).setAside).toContain('did not live');
  });

  it('that is whole stays, however often its process is killed', async () => {
    await fill(1, 2);
    for (let start = 0; start < 7; start++) {
      const opened = await openChecked();
      expect(opened).toMatchObject({ setAside: null, mismatched: [] });
      expect(opened.replica.appliedSeq(0)).toBe(2);
      await die(opened);
    }
  });
});
