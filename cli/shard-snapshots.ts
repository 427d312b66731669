/**
 * What a shard does for snapshots: takes them on a schedule and when asked, gives copies to other shards, has what it
 * lacks copied, and trims the log as far as snapshots cover it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Bootstrap } from '../actors/feature-shard/bootstrap.ts';
import { copyFromOwner } from '../actors/feature-shard/copy-from-owner.ts';
import { trimPartition } from '../actors/feature-shard/log-retention.ts';
import type { Replica } from '../actors/feature-shard/replica.ts';
import type { ReplicaRoom } from '../actors/feature-shard/replica-room.ts';
import { SnapshotKeeper, type Taken } from '../actors/feature-shard/snapshot-keeper.ts';
import { SnapshotShelf } from '../actors/feature-shard/snapshot-shelf.ts';
import { errorReply, okReply, PIECE_BYTES_MAX, SnapshotSource } from '../actors/feature-shard/snapshot-source.ts';
import { spoolSnapshot, viewsOf } from '../actors/feature-shard/spool-snapshot.ts';
import type { OpenFeatureLog } from '../cluster/nats/feature-log.ts';
import { LATENCY_BOUNDARIES_SECONDS } from '../cluster/telemetry/metrics.ts';
import { asServingError, ServingError } from '../proto/errors.ts';
import { BUCKETS, SNAPSHOT_OBJECTS, snapshotSubject } from '../proto/subjects.ts';
import type { ClusterProcess } from './cluster-process.ts';

/** Copies that one shard has made for it at once: more would only wait for each other's disk. */
const BOOTSTRAPS_MAX = 2;
const TRIMS_MAX = 16;
const TRIM_PERIOD_MS_MAX = 900_000;
const TRIM_PERIOD_MS_MIN = 30_000;
/** A piece must fit a message with its header. */
const PIECE_SLACK_BYTES = 4_096;

export type ShardSnapshots = {
  readonly bootstrap: Bootstrap;
  /** Begins the schedule and takes requests. `mayServe`: whether this replica can prove what it has of a partition. */
  start(mayServe: (partition: number) => boolean): Promise<void>;
  stop(): Promise<void>;
};

export function shelfOf(cluster: Pick<ClusterProcess, 'nats' | 'config' | 'clock' | 'log'>): SnapshotShelf {
  const { nats, config, clock, log } = cluster;
  const open = async () => ({
    keyValue: await nats.keyValue(BUCKETS.snapshots),
    objects: await nats.objectStore(SNAPSHOT_OBJECTS, { replicas: config.logReplicas }),
  });
  return new SnapshotShelf({ open, clock, log, keep: config.snapshotsKept });
}

export function shardSnapshots(
  cluster: ClusterProcess,
  replica: Replica,
  source: OpenFeatureLog,
  room: ReplicaRoom,
): ShardSnapshots {
  const { config, clock, random, log, name, nats, app } = cluster;
  const shelf = shelfOf(cluster);
  const scratch = join(config.dataDir, name, 'snapshots');
  const metrics = snapshotMetrics(cluster);
  const owners = (partition: number) => cluster.placement()?.owners[partition] ?? [];
  let mayServe: (partition: number) => boolean = () => false;

  const take = async (partition: number): Promise<Taken> => {
    if (!mayServe(partition) || !owners(partition).includes(name))
      throw new ServingError('FAILED_PRECONDITION', 'log', `shard ${name} does not serve partition ${partition}`);
    const seq = replica.appliedSeq(partition);
    if (seq === 0) return { outcome: 'empty', seq, rows: 0, bytes: 0 };
    const newest = (await shelf.list(partition))[0];
    if (newest !== undefined && newest.stream === replica.streamIdentity && newest.seq >= seq)
      return { outcome: 'unchanged', seq: newest.seq, rows: newest.rows, bytes: newest.bytes };
    const path = join(scratch, 'outgoing', `p${partition}`);
    try {
      const spooled = await spoolSnapshot({ replica, partition, path, views: viewsOf(app), clock });
      const stored = await shelf.store(spooled, name);
      const { rows, bytes, header } = spooled;
      return { outcome: stored === null ? 'unchanged' : 'stored', seq: header.seq, rows, bytes };
    } finally {
      await rm(path, { force: true });
    }
  };
  const firstOwned = function* () {
    const table = cluster.placement();
    for (let partition = 0; table !== null && partition < table.owners.length; partition++)
      if (table.owners[partition]![0] === name && mayServe(partition)) yield partition;
  };
  const keeper = new SnapshotKeeper({
    clock,
    random,
    log,
    intervalMs: config.snapshotIntervalMs,
    mine: firstOwned,
    appliedSeq: (partition) => replica.appliedSeq(partition),
    take,
    onTaken: metrics.taken,
  });
  const copies = new SnapshotSource({
    replica,
    clock,
    views: viewsOf(app),
    directory: join(scratch, 'copies'),
    mayServe: (partition) => mayServe(partition),
  });
  const pieceBytes = Math.min(PIECE_BYTES_MAX, nats.payloadBytesMax - PIECE_SLACK_BYTES);
  const bootstrap = new Bootstrap({
    replica,
    source,
    clock,
    log,
    owners: (partition) => owners(partition).filter((owner) => owner !== name),
    copyFrom: (owner, partition, stream, minSeq) => {
      const subject = snapshotSubject(owner);
      const request = async (bytes: Uint8Array, timeoutMs: number) =>
        (await nats.request(subject, bytes, { timeoutMs })).bytes;
      return copyFromOwner({ request, partition, stream, minSeq, pieceBytes });
    },
    shelf,
    copiesMax: BOOTSTRAPS_MAX,
    isServing: () => cluster.placement()?.owners.some((names) => names.includes(name)) === true,
    room,
    onDone: metrics.bootstrapped,
  });

  const isSettled = (partition: number) => {
    const table = cluster.placement();
    const targets = table?.targets[partition] ?? [];
    return targets.length > 0 && targets.every((target) => table!.owners[partition]!.includes(target));
  };
  const retention = { clock, retentionMs: config.logRetentionMs, shelf, log: source, isSettled };
  let stopped = false;
  const trimRound = async () => {
    const mine = [...firstOwned()];
    const worker = async () => {
      for (let partition = mine.pop(); partition !== undefined && !stopped; partition = mine.pop()) {
        try {
          if ((await trimPartition(retention, partition)) > 0) metrics.trimmed();
        } catch (thrown) {
          log.warn({ err: thrown, partition }, 'the feature log could not be trimmed');
        }
      }
    };
    await Promise.all(Array.from({ length: TRIMS_MAX }, worker));
    const swept = await shelf.sweep((partition) => owners(partition)[0] === name).catch(() => 0);
    if (swept > 0) log.info({ swept }, 'deleted snapshots that nobody names');
  };
  const trimPeriodMs =
    config.logRetentionMs === 0
      ? TRIM_PERIOD_MS_MAX
      : Math.min(TRIM_PERIOD_MS_MAX, Math.max(TRIM_PERIOD_MS_MIN, config.logRetentionMs / 10));
  let trimming = false;
  const trims = clock.every(trimPeriodMs, () => {
    if (trimming) return;
    trimming = true;
    void trimRound().finally(() => {
      trimming = false;
    });
  });

  let service: { stop(): Promise<void> } | null = null;
  return {
    bootstrap,
    start: async (serves) => {
      mayServe = serves;
      const answer = async (bytes: Uint8Array) => {
        const asked = snapshotAsked(bytes);
        if (asked === null) return copies.answer(bytes);
        return okReply(Buffer.from(JSON.stringify(await keeper.now(asked))));
      };
      service = await nats.service({
        name: 'dovetail-snapshots',
        version: '1.0.0',
        description: 'snapshots of the partitions that a shard has',
        queueGroup: name,
        endpoints: [
          {
            name: 'snapshots',
            subject: snapshotSubject(name),
            handle: (request) => {
              answer(request.bytes)
                .catch((thrown: unknown) => errorReply(asServingError(thrown, 'log')))
                .then((bytes) => request.respond(bytes));
            },
          },
        ],
      });
      keeper.start();
    },
    stop: async () => {
      stopped = true;
      trims.cancel();
      await service?.stop().catch(() => {});
      await Promise.all([keeper.stop(), copies.stop()]);
    },
  };
}

/** The partition that a request wants a snapshot of now, or null for another kind of request. */
function snapshotAsked(bytes: Uint8Array): number | null {
  try {
    const { op, partition } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { op?: unknown; partition?: unknown };
    return op === 'snapshot' && Number.isInteger(partition) ? (partition as number) : null;
  } catch {
    return null;
  }
}

function snapshotMetrics({ registry }: ClusterProcess) {
  const taken = registry.counter('dovetail_snapshots_total', 'Snapshots of partitions, by what became of them.', [
    'outcome',
  ]);
  const seconds = registry.histogram(
    'dovetail_snapshot_duration_seconds',
    'One partition read, stored and verified.',
    LATENCY_BOUNDARIES_SECONDS,
  );
  const bootstraps = registry.counter(
    'dovetail_bootstraps_total',
    'Partitions that this replica did not just follow, by where they came from.',
    ['from'],
  );
  const bytes = registry.counter('dovetail_bootstrap_bytes_total', 'Bytes of snapshots put into this replica.');
  const trims = registry.counter('dovetail_log_trims_total', 'Times that the log of a partition was trimmed.');
  return {
    taken: (outcome: string, took: number) => {
      taken.with(outcome).add();
      seconds.record(took);
    },
    bootstrapped: (from: string, _rows: number, copied: number) => {
      bootstraps.with(from).add();
      bytes.add(copied);
    },
    trimmed: () => trims.add(),
  };
}
