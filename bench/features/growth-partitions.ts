/**
 * How the costs of having partitions grow with their number: placing them, the table that says where they are, the
 * heartbeat that says which are caught up, following them all from a log with one message in each, and what a message
 * costs the NATS server once they are followed.
 */
import { join } from 'node:path';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { packValues } from '../../cluster/catalog/record.ts';
import { sleep } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { bitset, setBit } from '../../cluster/membership/bitset.ts';
import type { FeatureLog } from '../../cluster/nats/feature-log.ts';
import { connectNats } from '../../cluster/nats/nats-link.ts';
import { nextTable, type PlacementMember, type PlacementTable } from '../../cluster/placement/placement-table.ts';
import { encodeTable } from '../../cluster/placement/table-codec.ts';
import { dovetail } from '../../proto/generated/messages.js';
import { encodeRowBatch } from '../../proto/row-batch.ts';
import type { BenchContext } from '../context.ts';
import type { GrowthReach } from '../options.ts';
import { treeCpuMs } from '../process-cpu.ts';
import { median } from '../statistics.ts';
import { GrowthTable } from './growth-table.ts';
import { countersView, featureApp } from './workload.ts';

const SIZES: Readonly<Record<GrowthReach, readonly number[]>> = {
  short: [64, 128, 256],
  usual: [64, 256, 1_024, 4_096],
  full: [64, 256, 1_024, 4_096],
};
const SHARDS = 4;
const PLACEMENTS = 20;
/** Enough for hundredths of a second to tell. */
const APPENDS = 10_000;
const APPENDS_IN_FLIGHT = 64;
const FOLLOW_MS_MAX = 120_000;
const IDLE_MS: Readonly<Record<GrowthReach, number>> = { short: 300, usual: 2_000, full: 10_000 };

export async function growthOfPartitions(context: BenchContext, reach: GrowthReach): Promise<GrowthTable> {
  const table = new GrowthTable('log_and_placement', 'partitions');
  const { clock, natsUrl } = context;
  const nats = await connectNats({ url: natsUrl, name: 'growth', clock, log: silentLog, connectTimeoutMs: 5_000 });
  try {
    const log = await nats.featureLog({ replicas: 1 });
    let appended = 0;
    for (const partitions of SIZES[reach]) {
      for (; appended < partitions; appended++) await log.append(appended, oneRow());
      const placed = placement(context, partitions);
      table.add(partitions, {
        place_ms: placed.placeMs,
        table_bytes: encodeTable(placed.table).byteLength,
        heartbeat_bytes: heartbeatBytes(partitions),
        ...(await following(context, log, partitions, IDLE_MS[reach])),
      });
    }
  } finally {
    await nats.close();
  }
  return table;
}

function oneRow(): Uint8Array {
  const { name: view, schemaHash, version } = countersView;
  const rows = [{ key: Buffer.from('g'), eventMs: 1, values: packValues(countersView, { c0: 1 }, []) }];
  return encodeRowBatch({ view, schemaHash, version, rows });
}

function placement({ clock }: BenchContext, partitions: number): { placeMs: number; table: PlacementTable } {
  const members: PlacementMember[] = Array.from({ length: SHARDS }, (_, i) => ({
    name: `shard-${i + 1}`,
    weight: 1,
    alive: true,
    caughtUp: () => true,
  }));
  const place = () => nextTable(null, members, { partitions, replicas: 2 })!;
  for (let i = 0; i < PLACEMENTS; i++) place();
  const took = Array.from({ length: PLACEMENTS }, () => {
    const startMs = clock.nowMs();
    place();
    return clock.nowMs() - startMs;
  });
  return { placeMs: median(took), table: place() };
}

/** A shard's that is caught up with all of them. */
function heartbeatBytes(partitions: number): number {
  const caughtUp = bitset(partitions + 1);
  for (let partition = 0; partition <= partitions; partition++) setBit(caughtUp, partition);
  const heartbeat = {
    node: 'shard-1.0123456789abcdef',
    name: 'shard-1',
    role: 'shard',
    ready: true,
    epoch: 7,
    models: [],
    caughtUp,
    metricsUrl: 'http://127.0.0.1:9464/metrics',
    weight: 1,
    pid: 12_345,
  };
  return dovetail.Heartbeat.encode(heartbeat).finish().byteLength;
}

/** From nothing to every partition caught up, then what following costs while nothing happens, and a message then. */
async function following(
  { clock, workDir }: BenchContext,
  log: FeatureLog,
  partitions: number,
  idleMs: number,
): Promise<Record<string, number>> {
  const replica = new Replica({ directory: join(workDir, `growth-${partitions}`), app: featureApp, log: silentLog });
  const follower = new LogFollower({
    replica,
    source: log,
    clock,
    log: silentLog,
    transactionMessagesMax: 1_024,
    waitingMessagesMax: 16_384,
    onApplied: () => undefined,
    onCaughtUp: () => undefined,
  });
  const all = Array.from({ length: partitions + 1 }, (_, partition) => partition);
  try {
    const startMs = clock.nowMs();
    await follower.assign(new Set(all));
    while (!all.every((partition) => follower.isCaughtUp(partition))) {
      if (clock.nowMs() - startMs > FOLLOW_MS_MAX) throw new Error(`${partitions} partitions are not caught up`);
      await sleep(clock, 2);
    }
    const followMs = clock.nowMs() - startMs;
    const before = process.cpuUsage();
    await sleep(clock, idleMs);
    const { user, system } = process.cpuUsage(before);
    const idleCpu = (user + system) / idleMs;
    return { follow_ms: followMs, idle_cpu_ms_per_s: idleCpu, ...(await appending(log, partitions)) };
  } finally {
    await follower.stop();
    await replica.close();
  }
}

/** CPU of NATS servers that this process has started, µs a message of one row; nothing where that cannot be read. */
async function appending(log: FeatureLog, partitions: number): Promise<Record<string, number>> {
  const row = oneRow();
  const before = treeCpuMs(process.pid)?.get('nats-server');
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < APPENDS) await log.append(next++ % partitions, row);
  };
  await Promise.all(Array.from({ length: APPENDS_IN_FLIGHT }, lane));
  const after = treeCpuMs(process.pid)?.get('nats-server');
  if (before === undefined || after === undefined) return {};
  return { server_cpu_us_per_message: ((after - before) / APPENDS) * 1000 };
}
