/** Snapshots of a live replica on real LMDB, and their restoring, through kill -9 at each of its transactions. */
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clearPartition, restorePartition } from '../../actors/feature-shard/partition-restore.ts';
import { type LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import { openSnapshot, verifySnapshot } from '../../actors/feature-shard/snapshot-format.ts';
import { readPieces, spoolSnapshot } from '../../actors/feature-shard/spool-snapshot.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { app, bigMessage, contentsOf, digestsOf, PARTITIONS, seededLog } from '../support/feature-log-writer.ts';
import { spawnScript } from '../support/run-script.ts';

const SEED = 11;
const MESSAGES = 400;
const STREAM = '2026-01-01T00:00:00Z';
let directory: string;
let opened: Replica[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'partition-snapshot-'));
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((replica) => replica.close()));
  await rm(directory, { recursive: true, force: true });
});

function openReplica(name: string): Replica {
  const replica = new Replica({ directory: join(directory, name), app, log: silentLog });
  opened.push(replica);
  return replica;
}

async function close(replica: Replica): Promise<void> {
  opened = opened.filter((one) => one !== replica);
  await replica.close();
}

async function filled(name: string, log: readonly LogMessage[] = seededLog(SEED, MESSAGES)): Promise<Replica> {
  const replica = openReplica(name);
  await replica.setStreamIdentity(STREAM);
  for (let at = 0; at < log.length; at += 50) await replica.apply(log.slice(at, at + 50));
  return replica;
}

function spool(replica: Replica, partition: number, name = `p${partition}`) {
  const path = join(directory, name);
  return spoolSnapshot({ replica, partition, path, views: [], clock: systemClock });
}

async function restore(replica: Replica, path: string): Promise<void> {
  await restorePartition(replica, await openSnapshot(readPieces(path)), systemClock);
}

const bigLog = (messages: number) => Array.from({ length: messages }, (_, i) => bigMessage(i + 1));

describe('a snapshot of a live replica', () => {
  it('restored elsewhere gives the same rows, cursors and digests', async () => {
    const source = await filled('source');
    const target = openReplica('target');
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const { path, header } = await spool(source, partition);
      expect(header).toMatchObject({ partition, stream: STREAM, seq: source.appliedSeq(partition) });
      await restore(target, path);
    }
    expect(digestsOf(target)).toEqual(digestsOf(source));
    expect(contentsOf(target)).toEqual(contentsOf(source));
    expect(target.lastMessageHash(1)).toBe(source.lastMessageHash(1));
    expect(target.lastMessageHash(1)).not.toBeNull();
    await close(target);
    const again = openReplica('target');
    expect(digestsOf(again)).toEqual(digestsOf(source));
    expect(again.wasCaughtUp(1)).toBe(false);
  });

  it('is of one instant, whatever is applied while it is written', async () => {
    const source = await filled('source', bigLog(60));
    const digests = new Map([[60, source.cursor(0).digest]]);
    const writing = spool(source, 0);
    for (let seq = 61; seq <= 90; seq++) {
      await source.apply([bigMessage(seq)]);
      digests.set(seq, source.cursor(0).digest);
    }
    const { path, header, rows } = await writing;
    expect(header.seq).toBeLessThan(90);
    expect(header.digest).toBe(digests.get(header.seq));
    expect(rows).toBe(header.seq * 40);
    expect(source.appliedSeq(0)).toBe(90);
    // The log takes the copy on from there.
    const target = openReplica('target');
    await restore(target, path);
    await target.apply(bigLog(90).slice(header.seq));
    expect(target.cursor(0)).toEqual(source.cursor(0));
  });

  it('leaves lookups their turns while it is written and while it is restored', async () => {
    const source = await filled('source', bigLog(60));
    let turns = 0;
    const turn = () => {
      turns++;
      if (turning) setImmediate(turn);
    };
    let turning = true;
    turn();
    const { path } = await spool(source, 0);
    const whileWritten = turns;
    await restore(openReplica('target'), path);
    turning = false;
    // 1.3 MB are about 80 chunks.
    expect(whileWritten).toBeGreaterThan(20);
    expect(turns - whileWritten).toBeGreaterThan(20);
  });

  it('that takes too long is given up, and leaves no file and no held transaction', async () => {
    const source = await filled('source', bigLog(20));
    const path = join(directory, 'slow');
    const slow = spoolSnapshot({ replica: source, partition: 0, path, views: [], clock: systemClock, holdMsMax: -1 });
    await expect(slow).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await source.apply([bigMessage(21)]);
    expect((await spool(source, 0)).header.seq).toBe(21);
  });

  it('is refused of a partition that has nothing, or is being restored', async () => {
    const source = await filled('source');
    await expect(spool(source, 99)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await source.partitions.beginRestore(1);
    await expect(spool(source, 1)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('is refused where the rows are not those of the digest: a damaged replica is not copied', async () => {
    const source = await filled('source');
    await source.partitions.beginRestore(1);
    await source.partitions.putSome(1, [{ key: Buffer.of(0, 0, 0, 1, 7), value: Buffer.of(1) }]);
    await source.partitions.endRestore(1, { seq: 9, digestA: 1, digestB: 2, lastHash: null });
    await expect(spool(source, 1)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(stat(join(directory, 'p1'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a restore', () => {
  it('leaves nothing of what was there before, and other partitions as they are', async () => {
    const source = await filled('source', seededLog(SEED, 100));
    const target = await filled('target', seededLog(SEED + 1, 300));
    await target.markCaughtUp([0, 1, 2, 3]);
    const others = digestsOf(target);
    const { path } = await spool(source, 2);
    await restore(target, path);
    expect(digestsOf(target)).toEqual([others[0], others[1], digestsOf(source)[2], others[3]]);
    expect([0, 1, 2, 3].map((partition) => target.wasCaughtUp(partition))).toEqual([true, true, false, true]);
    // What the digest says and what is there agree.
    expect((await verifySnapshot(readPieces((await spool(target, 2)).path))).header.seq).toBe(source.appliedSeq(2));
  });

  it('of a snapshot that turns out corrupt half-way leaves a partition that is never used, and can be done again', async () => {
    const source = await filled('source', bigLog(60));
    const { path } = await spool(source, 0);
    const bytes = await readFile(path);
    bytes[bytes.length - 400]! ^= 1;
    await writeFile(`${path}-corrupt`, bytes);
    const target = await filled('target', bigLog(5));
    await target.markCaughtUp([0]);
    await expect(restore(target, `${path}-corrupt`)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    const halfRestored = (replica: Replica) => {
      expect(replica.partitions.isRestoring(0)).toBe(true);
      expect(replica.wasCaughtUp(0)).toBe(false);
      expect(replica.appliedSeq(0)).toBe(0);
    };
    halfRestored(target);
    // The log does not get in between.
    expect(await target.apply([bigMessage(61)])).toMatchObject({ rowsApplied: 0 });
    halfRestored(target);
    await close(target);
    const again = openReplica('target');
    halfRestored(again);
    await restore(again, path);
    expect(again.cursor(0)).toEqual(source.cursor(0));
    expect(again.partitions.isRestoring(0)).toBe(false);
  });

  it('can be undone: the partition is empty then, and takes the log from its beginning', async () => {
    const target = await filled('target', bigLog(5));
    const before = target.cursor(0);
    await clearPartition(target, 0, systemClock);
    expect(target.cursor(0)).toEqual({ seq: 0, digest: '0000000000000000' });
    await target.apply(bigLog(5));
    expect(target.cursor(0)).toEqual(before);
  });

  it.each(['before', 'during', 'after'])(
    'survives kill -9 %s any of its transactions',
    { timeout: 120_000 },
    async (when) => {
      const source = await filled('source', bigLog(6));
      const { path } = await spool(source, 0);
      const old = await filled(
        'old',
        bigLog(14).map((one) => ({ ...one, bytes: bigMessage(one.seq + 50).bytes })),
      );
      await old.apply(seededLog(SEED, 60).map((one) => ({ ...one, partition: 1 + (one.partition % 2), seq: one.seq })));
      await old.markCaughtUp([0, 1]);
      const before = digestsOf(old);
      await close(old);
      let died = 0;
      for (let step = 1; ; step++) {
        const name = `copy-${step}`;
        await cp(join(directory, 'old'), join(directory, name), { recursive: true });
        const child = spawnScript('restore-child.ts', [join(directory, name), path, `${step}`, when]);
        let said = '';
        child.stdout!.on('data', (text) => {
          said += String(text);
        });
        await once(child, 'close');
        const replica = openReplica(name);
        if (said.startsWith('done')) {
          expect(replica.cursor(0)).toEqual(source.cursor(0));
          await close(replica);
          break;
        }
        died++;
        const whole = !replica.partitions.isRestoring(0);
        const digests = digestsOf(replica);
        // As it was, as it will be, or nothing; the other partitions as they were.
        if (whole) expect([before[0], digestsOf(source)[0]]).toContain(digests[0]);
        else expect([digests[0], replica.wasCaughtUp(0)]).toEqual(['0 0000000000000000', false]);
        expect(digests.slice(1)).toEqual(before.slice(1));
        expect(replica.wasCaughtUp(1)).toBe(true);
        // What stands is what its digest says; what does not is done anew.
        if (whole) await spool(replica, 0, `${name}.check`);
        await restore(replica, path);
        expect(replica.cursor(0)).toEqual(source.cursor(0));
        await spool(replica, 0, `${name}.check`);
        await close(replica);
      }
      expect(died).toBeGreaterThan(5);
    },
  );
});
