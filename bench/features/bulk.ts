/**
 * Bulk loading: rows acknowledged by the log a second, by the fastest way in (JSON lines over HTTP, several requests in
 * flight, as `dovetail push --file` does), against bare JetStream publishes of the messages that such a load makes, in
 * the same rounds. Also how long after the last acknowledgement the slowest replica has applied all of it.
 */
import { packValues } from '../../cluster/catalog/record.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { type Clock, sleep } from '../../cluster/clock.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { encodeRowBatch, type RowBatchToWrite } from '../../proto/row-batch.ts';
import { encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { type JetStreamPublish, type LogMessage, startJetStreamPublish } from '../limits/jetstream-publish.ts';
import { cpuFigures, treeCpuMs } from '../process-cpu.ts';
import { byTurns, type Contender } from '../rounds.ts';
import type { FeatureBench } from './feature-bench.ts';
import { assertOk, type FeatureCluster } from './feature-cluster.ts';
import { OwnerReads } from './owner-reads.ts';
import { COUNTERS, countersView, PARTITIONS, PROFILE, profileRow, profileView } from './workload.ts';

/** As many as fit the bridge's 4 MiB, or its 10,000 rows. */
const WIDTHS = [
  { name: 'bulk', view: profileView, path: `/v1/features/${PROFILE}:push`, rowsPerPush: 3_000 },
  { name: 'bulk_narrow', view: countersView, path: `/v1/features/${COUNTERS}:push`, rowsPerPush: 10_000 },
];
type Width = (typeof WIDTHS)[number];
const PUSHES_IN_FLIGHT = 4;
const PUBLISHES_IN_FLIGHT = 256;
/** Bodies made beforehand, sent over and over. */
const BODIES = 4;
const APPLIED_MS_MAX = 60_000;

/** Draws `bulk_rows_per_s` (fifty features a row), `bulk_narrow_rows_per_s` (four) and their ratios to the limit. */
export async function bulkJob(bench: FeatureBench): Promise<void> {
  const { context, options, figures } = bench;
  const cluster = await bench.cluster();
  const limit = await startJetStreamPublish(context);
  const reads = await OwnerReads.connect(context.clock, cluster.natsUrl);
  try {
    const contenders = WIDTHS.flatMap((width): Contender[] => {
      const requests = requestsOf(cluster, width);
      return [
        { name: `${width.name}_limit`, run: limitRun(limit, width) },
        { name: width.name, run: (durationMs) => pushRun(bench, cluster, reads, width, requests, durationMs) },
      ];
    });
    const found = await byTurns(contenders, options.rounds, options.bulkMs);
    for (const { name } of WIDTHS) {
      const [rows, bare] = [found.get(`${name}.perS`)!, found.get(`${name}_limit.perS`)!];
      figures.add(`${name}_rows_per_s`, rows);
      figures.add(`${name}_limit_rows_per_s`, bare);
      figures.ratio(`${name}_vs_jetstream`, rows, bare);
      figures.add(`${name}_applied_behind_ms`, found.get(`${name}.behindMs`)!);
      for (const [figure, values] of found) {
        if (figure.startsWith(`${name}.`) && figure.endsWith('_us_per_row'))
          figures.add(figure.replace('.', '_'), values);
      }
    }
  } finally {
    await limit.stop();
    await reads.close();
  }
}

const keyOf = (row: number): string => `b${row}`;

function rowOf(width: Width, row: number): Record<string, unknown> {
  if (width.view === profileView) return { ...profileRow(row % 10_000), user_id: keyOf(row) };
  const values = width.view.features.map(({ name }, i) => [name, row + i]);
  return { user_id: keyOf(row), ...Object.fromEntries(values) };
}

function requestsOf({ host, httpPort }: FeatureCluster, width: Width): Buffer[] {
  return Array.from({ length: BODIES }, (_, body) => {
    const first = body * width.rowsPerPush;
    const lines = Array.from({ length: width.rowsPerPush }, (_, i) => `${JSON.stringify(rowOf(width, first + i))}\n`);
    return encodePost(host, httpPort, width.path, lines.join(''), 'application/x-ndjson');
  });
}

async function pushRun(
  { context }: FeatureBench,
  cluster: FeatureCluster,
  reads: OwnerReads,
  width: Width,
  requests: readonly Buffer[],
  durationMs: number,
): Promise<Record<string, number>> {
  const { clock } = context;
  const client = await HttpClient.open(cluster.host, cluster.httpPort, PUSHES_IN_FLIGHT);
  const last: HttpAnswer[] = [];
  const before = treeCpuMs(cluster.pid);
  const startMs = clock.nowMs();
  let pushes = 0;
  try {
    let next = 0;
    const lane = async (_: unknown, own: number): Promise<void> => {
      while (clock.nowMs() - startMs < durationMs) {
        last[own] = assertOk(width.name, await client.post(requests[next++ % requests.length]!));
        pushes++;
      }
    };
    await Promise.all(Array.from({ length: PUSHES_IN_FLIGHT }, lane));
  } finally {
    client.close();
  }
  const endMs = clock.nowMs();
  await applied(clock, reads, width.view, last);
  const behindMs = clock.nowMs() - endMs;
  const after = treeCpuMs(cluster.pid);
  const rows = pushes * width.rowsPerPush;
  return { perS: (rows / (endMs - startMs)) * 1000, behindMs, ...cpuFigures(before, after, rows) };
}

/** Resolves once every owner of every partition has applied the last pushes, and with them all before. */
async function applied(clock: Clock, reads: OwnerReads, view: View, last: readonly HttpAnswer[]): Promise<void> {
  const wanted = new Map<number, number>();
  for (const answer of last) {
    const { sequences } = JSON.parse(answer.body.toString()) as { sequences: Readonly<Record<string, number>> };
    for (const [text, seq] of Object.entries(sequences)) {
      wanted.set(Number(text), Math.max(seq, wanted.get(Number(text)) ?? 0));
    }
  }
  const untilMs = clock.nowMs() + APPLIED_MS_MAX;
  // A key of each partition stands for it: every answer says the sequence of the partition.
  const keys = new Map<number, string>();
  for (let row = 0; keys.size < wanted.size; row++) {
    const partition = reads.partitionOf(keyOf(row));
    if (wanted.has(partition) && !keys.has(partition)) keys.set(partition, keyOf(row));
  }
  for (const shard of reads.shards) {
    let left = [...keys].filter(([, key]) => reads.ownersOf(key).includes(shard));
    while (left.length > 0) {
      const rows = await reads.read(
        shard,
        view.name,
        left.map(([, key]) => key),
      );
      left = left.filter(([partition], i) => rows[i]!.appliedSeq < wanted.get(partition)!);
      if (clock.nowMs() > untilMs) throw new Error(`${shard} has not applied ${left.length} partitions`);
      await sleep(clock, 5);
    }
  }
}

/** Publishes what a gateway makes of one push: a message a partition. */
function limitRun(limit: JetStreamPublish, width: Width): Contender['run'] {
  const rows = new Map<number, RowBatchToWrite['rows'][number][]>();
  for (let row = 0; row < width.rowsPerPush; row++) {
    const { user_id: key, ...features } = rowOf(width, row) as { user_id: string };
    const values = packValues(width.view, features, []);
    const partition = partitionOf(Buffer.from(key), PARTITIONS);
    rows.set(partition, [...(rows.get(partition) ?? []), { key: Buffer.from(key), eventMs: 1, values }]);
  }
  const { name: view, schemaHash, version } = width.view;
  const messages: LogMessage[] = [...rows].map(([partition, own]) => ({
    partition,
    bytes: encodeRowBatch({ view, schemaHash, version, rows: own }),
    rows: own.length,
  }));
  return async (durationMs) => ({ perS: await limit.measure(messages, PUBLISHES_IN_FLIGHT, durationMs) });
}
