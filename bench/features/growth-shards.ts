/**
 * What more shards cost and give. By simulation, since placement is a pure function: what share of the places moves when
 * a shard joins or leaves, against the share it is owed, and how full the fullest is. By processes, where they fit the
 * machine: what a read takes.
 */
import type { Clock } from '../../cluster/clock.ts';
import { placePartitions } from '../../cluster/placement/rendezvous.ts';
import { encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { assertClean, closedLoop } from '../load.ts';
import { median } from '../statistics.ts';
import { userKey } from '../workload.ts';
import type { FeatureBench } from './feature-bench.ts';
import { assertOk, type FeatureCluster, startFeatureCluster } from './feature-cluster.ts';
import { GrowthTable } from './growth-table.ts';
import { READ_KINDS, usersRead } from './http-reads.ts';
import { PARTITIONS, PROFILE } from './workload.ts';

const SIMULATED = [2, 4, 8, 16];
const PROCESSES = [2, 4];
const REPLICAS = 2;
/** Sets of names, over which the simulated figures are means. */
const NAME_SETS = 20;
const THROUGHPUT_OUTSTANDING = 32;
const PROCESS_ROUND_MS = 2_000;

export function simulatedShards(clock: Clock): GrowthTable {
  const table = new GrowthTable('placement_simulated', 'shards');
  // Compilers warm up.
  for (let set = 0; set < NAME_SETS; set++) place(set, SIMULATED.at(-1)!);
  for (const shards of SIMULATED) {
    const sums: Record<string, number> = {};
    const add = (name: string, value: number): void => {
      sums[name] = (sums[name] ?? 0) + value / NAME_SETS;
    };
    const took: number[] = [];
    for (let set = 0; set < NAME_SETS; set++) {
      const startMs = clock.nowMs();
      const placed = place(set, shards);
      took.push(clock.nowMs() - startMs);
      add('fullest_over_mean', fullestOverMean(placed, shards));
      const places = PARTITIONS * REPLICAS;
      const joined = movedPlaces(placed, place(set, shards + 1));
      add('join_moves_share', joined / places);
      add('join_moves_over_owed', joined / (places / (shards + 1)));
      // Of two shards with two replicas, the one that stays holds everything already.
      if (shards - 1 < REPLICAS) continue;
      const left = movedPlaces(placed, place(set, shards - 1));
      add('leave_moves_share', left / places);
      add('leave_moves_over_owed', left / (places / shards));
    }
    table.add(shards, { place_ms: median(took), ...sums });
  }
  return table;
}

function place(set: number, shards: number): string[][] {
  const members = Array.from({ length: shards }, (_, i) => ({ name: `s${set}-shard-${i + 1}`, weight: 1 }));
  return placePartitions({ members, partitions: PARTITIONS, replicas: REPLICAS });
}

function fullestOverMean(owners: readonly (readonly string[])[], shards: number): number {
  const held = new Map<string, number>();
  for (const name of owners.flat()) held.set(name, (held.get(name) ?? 0) + 1);
  return Math.max(...held.values()) / ((PARTITIONS * REPLICAS) / shards);
}

/** Copies that somebody has to make: places after that were not places before. */
function movedPlaces(before: readonly (readonly string[])[], after: readonly (readonly string[])[]): number {
  let moved = 0;
  for (const [partition, owners] of after.entries()) {
    for (const name of owners) if (!before[partition]!.includes(name)) moved++;
  }
  return moved;
}

/** Clusters of their own, one after the other; other processes of the bench should be idle. */
export async function shardProcesses(bench: FeatureBench): Promise<GrowthTable> {
  const table = new GrowthTable('cluster_processes', 'shards');
  const { context } = bench;
  for (const shards of PROCESSES) {
    const stops: (() => Promise<void>)[] = [];
    bench.stopLater(async () => {
      for (const stop of stops.splice(0)) await stop();
    });
    const startMs = context.clock.nowMs();
    const options = { name: `growth-shards-${shards}`, flags: { shards } };
    const cluster = await startFeatureCluster(context, options, (stop) => stops.push(stop));
    const startS = (context.clock.nowMs() - startMs) / 1000;
    const costs: Record<string, number> = { start_and_load_s: startS };
    for (const { name } of READ_KINDS) costs[`get_${name}_p50_ms`] = (await reads(bench, cluster, name, 1)).p50Ms;
    costs['get_1x50_per_s'] = (await reads(bench, cluster, '1x50', THROUGHPUT_OUTSTANDING)).perS;
    table.add(shards, costs);
    for (const stop of stops.splice(0)) await stop();
  }
  return table;
}

async function reads(
  { context }: FeatureBench,
  { host, httpPort }: FeatureCluster,
  name: string,
  outstanding: number,
): Promise<{ p50Ms: number; perS: number }> {
  const kind = READ_KINDS.find((one) => one.name === name)!;
  const requests = Array.from({ length: 100 }, (_, index) =>
    encodePost(
      host,
      httpPort,
      `/v1/features/${PROFILE}:get`,
      JSON.stringify({ keys: usersRead(kind, index).map(userKey) }),
    ),
  );
  const client = await HttpClient.open(host, httpPort, outstanding);
  try {
    const load = await closedLoop({
      clock: context.clock,
      send: (index) => client.post(requests[index % requests.length]!),
      check: (_index, answer) => assertOk(name, answer as HttpAnswer),
      outstanding,
      warmUpMs: PROCESS_ROUND_MS / 2,
      durationMs: PROCESS_ROUND_MS,
    });
    const { latency, ratePerS } = assertClean(name, load);
    return { p50Ms: latency.quantileMs(0.5), perS: ratePerS };
  } finally {
    client.close();
  }
}
