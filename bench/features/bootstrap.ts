/**
 * How fast a shard takes partitions from another, and what that does to the lookups that it answers meanwhile. Source and
 * target are processes of their own on one NATS; the target looks rows of another partition up at a fixed rate, and a
 * lookup counts from when it was due, so that a busy event loop is seen.
 */
import { join } from 'node:path';
import { Bootstrap, type StartLog } from '../../actors/feature-shard/bootstrap.ts';
import { copyFromOwner } from '../../actors/feature-shard/copy-from-owner.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { PIECE_BYTES_MAX } from '../../actors/feature-shard/snapshot-source.ts';
import { packValues, recordLength } from '../../cluster/catalog/record.ts';
import { sleep } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { connectNats } from '../../cluster/nats/nats-link.ts';
import { encodeRowBatch } from '../../proto/row-batch.ts';
import { snapshotSubject } from '../../proto/subjects.ts';
import { startChild } from '../child.ts';
import type { BenchContext } from '../context.ts';
import { Histogram } from '../histogram.ts';
import { bootstrapApp, bootstrapView, FEATURES, STREAM } from './bootstrap-app.ts';

export type BootstrapOptions = {
  readonly rows: number;
  readonly partitions: number;
  /** How long lookups are timed before anything is copied. */
  readonly quietMs: number;
};

export type BootstrapFigures = {
  readonly rows: number;
  readonly seconds: number;
  /** Rows as they are stored, keys left out: MB a second from nothing to all partitions in place. */
  readonly rowMegabytesPerSecond: number;
  /** What went over the network for it. */
  readonly copiedMegabytes: number;
  readonly lookupP50BeforeMs: number;
  readonly lookupP99BeforeMs: number;
  readonly lookupP50MeanwhileMs: number;
  readonly lookupP99MeanwhileMs: number;
};

const ROWS_PER_MESSAGE = 500;
const MESSAGES_PER_TRANSACTION = 32;
const COPIES_MAX = 2;
/** A lookup of this many rows is due every so often. */
const LOOKUP_ROWS = 50;
const LOOKUP_PERIOD_MS = 2;
const LOOKED_UP_ROWS = 10_000;
const SOURCE = 'bootstrap-source';

/** Copies partitions 0 to `partitions` − 1; partition `partitions` is the one that is read all the time. */
export async function measureBootstrap(context: BenchContext, options: BootstrapOptions): Promise<BootstrapFigures> {
  const { clock, workDir, natsUrl } = context;
  const { rows, partitions, quietMs } = options;
  const sourceDirectory = join(workDir, SOURCE);
  const lastSeq = await fill(sourceDirectory, rows, (row) => row % partitions);
  const targetDirectory = join(workDir, 'bootstrap-target');
  await fill(targetDirectory, LOOKED_UP_ROWS, () => partitions);
  const source = await startChild(context, import.meta.url, './bootstrap-source', {
    natsUrl,
    directory: sourceDirectory,
    name: SOURCE,
  });
  const nats = await connectNats({
    url: natsUrl,
    name: 'bootstrap-target',
    clock,
    log: silentLog,
    connectTimeoutMs: 5_000,
  });
  const replica = new Replica({ directory: targetDirectory, app: bootstrapApp, log: silentLog });
  const lookups = startLookups(context, replica, partitions);
  try {
    await sleep(clock, quietMs);
    const before = lookups.take();
    let bytes = 0;
    const bootstrap = new Bootstrap({
      replica,
      // The log is gone up to its end, so that everything has to be copied.
      source: emptyLog(lastSeq),
      clock,
      log: silentLog,
      owners: () => [SOURCE],
      copyFrom: (owner, partition, stream, minSeq) => {
        const request = async (asked: Uint8Array, timeoutMs: number) =>
          (await nats.request(snapshotSubject(owner), asked, { timeoutMs })).bytes;
        return copyFromOwner({ request, partition, stream, minSeq, pieceBytes: PIECE_BYTES_MAX });
      },
      shelf: {
        list: async () => [],
        read: () => {
          throw new Error('nothing is stored');
        },
        trimmedTo: async () => 1,
        highestTrim: async () => lastSeq,
      },
      copiesMax: COPIES_MAX,
      // Lookups run in this very process.
      isServing: () => true,
      onDone: (_from, _rows, copied) => {
        bytes += copied;
      },
    });
    const startMs = clock.nowMs();
    await Promise.all(Array.from({ length: partitions }, (_, partition) => bootstrap.prepare(partition, () => false)));
    const seconds = (clock.nowMs() - startMs) / 1_000;
    const meanwhile = lookups.take();
    return {
      rows,
      seconds,
      rowMegabytesPerSecond: (rows * recordLength(bootstrapView)) / 1e6 / seconds,
      copiedMegabytes: bytes / 1e6,
      lookupP50BeforeMs: before.quantileMs(0.5),
      lookupP99BeforeMs: before.quantileMs(0.99),
      lookupP50MeanwhileMs: meanwhile.quantileMs(0.5),
      lookupP99MeanwhileMs: meanwhile.quantileMs(0.99),
    };
  } finally {
    lookups.stop();
    await nats.close();
    await source.stop();
    await replica.close();
  }
}

/** Rows by `apply`, as the log would bring them; the sequence of the last. */
async function fill(directory: string, rows: number, partitionOf: (row: number) => number): Promise<number> {
  const replica = new Replica({ directory, app: bootstrapApp, log: silentLog });
  await replica.setStreamIdentity(STREAM);
  const { name: view, schemaHash, version } = bootstrapView;
  const waiting = new Map<number, { key: Uint8Array; eventMs: number; values: Uint8Array }[]>();
  let messages: { partition: number; seq: number; bytes: Uint8Array }[] = [];
  let seq = 0;
  const flush = async (least: number) => {
    for (const [partition, batch] of waiting) {
      if (batch.length < least) continue;
      messages.push({ partition, seq: ++seq, bytes: encodeRowBatch({ view, version, schemaHash, rows: batch }) });
      waiting.delete(partition);
    }
    if (messages.length < MESSAGES_PER_TRANSACTION && least > 1) return;
    await replica.apply(messages);
    messages = [];
  };
  for (let row = 0; row < rows; row++) {
    const partition = partitionOf(row);
    const batch = waiting.get(partition) ?? [];
    waiting.set(partition, batch);
    batch.push({ key: keyOf(row), eventMs: 1_000 + row, values: valuesOf(row) });
    if (batch.length >= ROWS_PER_MESSAGE) await flush(ROWS_PER_MESSAGE);
  }
  await flush(1);
  await replica.close();
  return seq;
}

function keyOf(row: number): Uint8Array {
  return Buffer.from(`user-${row}`);
}

/** Numbers that do not repeat within a chunk, as real features do not: what compresses here compresses there. */
function valuesOf(row: number): Uint8Array {
  const entries = Array.from({ length: FEATURES }, (_, i) => [
    `f${i}`,
    Math.fround(Math.sin(row * FEATURES + i) * 1_000),
  ]);
  return packValues(bootstrapView, Object.fromEntries(entries) as Record<string, number>, []);
}

function emptyLog(lastSeq: number): StartLog {
  return {
    state: async () => ({ createdText: STREAM, firstSeq: lastSeq + 1, lastSeq }),
    messagesByPartition: async () => new Map(),
    messageAt: async () => null,
  };
}

function startLookups({ clock }: BenchContext, replica: Replica, partition: number) {
  const keys = Array.from({ length: LOOKED_UP_ROWS }, (_, row) => keyOf(row));
  let histogram = new Histogram();
  let next = 0;
  let dueMs = clock.nowMs() + LOOKUP_PERIOD_MS;
  let stopped = false;
  const act = () => {
    if (stopped) return;
    // Each that was due while the event loop was busy counts, with all of its waiting.
    for (; dueMs <= clock.nowMs(); dueMs += LOOKUP_PERIOD_MS) {
      for (let i = 0; i < LOOKUP_ROWS; i++) {
        if (replica.lookup(bootstrapView, partition, keys[next++ % keys.length]!) === null)
          throw new Error('a row is missing');
      }
      histogram.record(clock.nowMs() - dueMs);
    }
    // Sooner than the next is due, since timers are no finer than a millisecond.
    clock.afterInput(act);
  };
  act();
  return {
    take: () => {
      const taken = histogram;
      histogram = new Histogram();
      return taken;
    },
    stop: () => {
      stopped = true;
    },
  };
}
