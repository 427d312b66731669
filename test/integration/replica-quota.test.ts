/** A replica with a quota: it stops before that, is read on, takes what removes rows, and goes on once there is room. */
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import type { LogSource } from '../../actors/feature-shard/log-source.ts';
import { type LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import { ReplicaRoom } from '../../actors/feature-shard/replica-room.ts';
import { expiryOf, ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { encodeRowBatch, type LogRow } from '../../proto/row-batch.ts';
import { app, bigMessage, bigMessageKey, narrow } from '../support/feature-log-writer.ts';
import { eventually } from '../support/nats-fixture.ts';

const QUOTA = 6 * 1_048_576;
/** In all some 20 MiB. */
const MESSAGES = 600;
let directory: string;
let replica: Replica;
let follower: LogFollower;
let diskFreeBytes: number;
let errors: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'replica-quota-'));
  replica = new Replica({ directory, app, log: silentLog });
  diskFreeBytes = 1e12;
  errors = [];
});

afterEach(async () => {
  await follower.stop();
  await replica.close();
  await rm(directory, { recursive: true, force: true });
});

/** Partition 0 has what fills the file; partition 1 what `appended` holds, in its order. */
function follow(fileBytesMax: number, appended: LogMessage[] = []): void {
  const filling = Array.from({ length: MESSAGES }, (_, i) => bigMessage(i + 1));
  const source: LogSource = {
    state: async () => ({ createdText: 'then', firstSeq: 1, lastSeq: MESSAGES }),
    lastSeqOf: async (partition) => (partition === 0 ? MESSAGES : 0),
    usedPartitions: async () => new Set([0]),
    follow: async (partition, fromSeq, onMessage) => {
      let stopped = false;
      const run = async () => {
        for (let next = fromSeq; partition === 0 && next <= MESSAGES && !stopped; next++) {
          const room = onMessage(next, filling[next - 1]!.bytes, MESSAGES - next);
          if (room !== undefined) await room;
        }
        for (let next = 0; partition === 1 && !stopped; ) {
          const message = appended[next];
          if (message === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
          else {
            next++;
            await onMessage(message.seq, message.bytes, 0);
          }
        }
      };
      void run();
      return {
        stop: async () => {
          stopped = true;
        },
      };
    },
  };
  follower = new LogFollower({
    replica,
    source,
    clock: systemClock,
    log: { ...silentLog, error: (fields, message) => errors.push(`${message} ${JSON.stringify(fields)}`) },
    transactionMessagesMax: 50,
    waitingMessagesMax: 100,
    onApplied: () => {},
    onCaughtUp: () => {},
    room: new ReplicaRoom({
      replica,
      directory,
      clock: systemClock,
      bounds: { fileBytesMax, diskFreeBytesMin: 1_000_000 },
      diskFree: () => diskFreeBytes,
    }),
  });
  void follower.assign(new Set([0, 1]));
}

const fileBytes = () => statSync(join(directory, 'replica.lmdb')).size;

it('stops before the quota, says so once, and is read on', async () => {
  follow(QUOTA);
  await eventually('a shortage', () => follower.shortage !== null, 20_000);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const applied = replica.appliedSeq(0);
  expect(applied).toBeGreaterThan(20);
  expect(applied).toBeLessThan(MESSAGES);
  expect(fileBytes()).toBeLessThanOrEqual(QUOTA);
  expect(fileBytes()).toBeGreaterThan(QUOTA / 2);
  expect(replica.lookup(narrow, 0, bigMessageKey(applied))).not.toBeNull();
  expect(replica.lookup(narrow, 0, bigMessageKey(applied + 1))).toBeNull();
  expect(follower.lags().get(0)).toBeGreaterThan(0);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('--replica-bytes-max');
}, 60_000);

it('takes what removes rows although it is short of room, and goes on by itself with what that frees', async () => {
  const appended: LogMessage[] = [];
  // What is there before: rows of partition 1 that fill most of the quota.
  const before = Array.from({ length: 140 }, (_, i) => ({ ...bigMessage(i + 1), partition: 1 }));
  for (let at = 0; at < before.length; at += 10) await replica.apply(before.slice(at, at + 10));
  const full = replica.appliedSeq(1);
  const quota = fileBytes() + 2_000_000;
  follow(quota, appended);
  await eventually('a shortage', () => follower.shortage !== null, 20_000);
  const stuck = replica.appliedSeq(0);
  expect(stuck).toBeLessThan(MESSAGES);
  // As the sweep writes them.
  let seq = full;
  for (let after = null as { viewId: number; key: Uint8Array } | null; ; ) {
    const slice = replica.rowsAfter(1, after, 200);
    if (slice.length === 0) break;
    const rows: LogRow[] = slice.map(({ key, record }) => ({
      key,
      values: new Uint8Array(0),
      op: ROW_OPS.expire,
      ...expiryOf(record),
    }));
    appended.push({
      partition: 1,
      seq: ++seq,
      bytes: encodeRowBatch({ view: 'narrow', schemaHash: narrow.schemaHash, rows }),
    });
    after = slice.at(-1)!;
  }
  await eventually('the rows are removed', () => replica.appliedSeq(1) === seq, 20_000);
  await eventually('what that frees is used', () => replica.appliedSeq(0) > stuck + 50, 20_000);
  expect(fileBytes()).toBeLessThanOrEqual(quota);
  expect(replica.rowsAfter(1, null, 1)).toHaveLength(0);
}, 60_000);

it('stops while the disk has too little left, and goes on once it has more', async () => {
  diskFreeBytes = 1_500_000;
  follow(0);
  await eventually('a shortage', () => follower.shortage !== null, 20_000);
  expect(follower.shortage).toContain('--disk-free-bytes-min');
  expect(replica.appliedSeq(0)).toBeLessThan(MESSAGES);
  diskFreeBytes = 1e12;
  await eventually('everything is applied', () => replica.appliedSeq(0) === MESSAGES, 30_000);
  expect(follower.shortage).toBeNull();
}, 60_000);
