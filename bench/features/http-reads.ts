/**
 * Features over HTTP: one key and a hundred, fifty features each, in an open loop at a modest rate, against the bridge's
 * own no-op at the same rate in the same round. What is drawn is p99 minus the no-op's p99: what reading costs on top
 * of being asked.
 */
import { seededRandom } from '../../cluster/random.ts';
import { encodeGet, encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { assertClean, openLoop } from '../load.ts';
import { cpuUsEach, treeCpuMs } from '../process-cpu.ts';
import { byTurns, type Contender, type RoundFigures } from '../rounds.ts';
import { pairDifferences } from '../statistics.ts';
import { STORED_FEATURES, USERS, userKey, userOf } from '../workload.ts';
import type { FeatureBench } from './feature-bench.ts';
import { assertOk, type FeatureCluster } from './feature-cluster.ts';
import { PROFILE, storedValue, usersOfPush } from './workload.ts';

/** Far from what the cluster can take, so that what is measured is an answer's time and not a queue's. */
const ONE_RATE_PER_S = 200;
const HUNDRED_RATE_PER_S = 100;
const CONNECTIONS = 16;
/** Far above a healthy queue: a busy machine is to be slow, not to fail. */
const OUTSTANDING_MAX = 4_096;
const ARRIVAL_SEED = 31;
/** Answers of one run whose every value is compared, once the run is over. */
const ANSWERS_CHECKED = 16;

export type ReadKind = { readonly name: string; readonly keys: number; readonly ratePerS: number };

export const READ_KINDS: readonly ReadKind[] = [
  { name: '1x50', keys: 1, ratePerS: ONE_RATE_PER_S },
  { name: '100x50', keys: 100, ratePerS: HUNDRED_RATE_PER_S },
];

/** The users that read `index` asks for. */
export function usersRead(kind: ReadKind, index: number): number[] {
  return kind.keys === 1 ? [userOf(index)] : usersOfPush(index * 7, kind.keys);
}

/** Draws `get_1x50_p99_over_noop_ms` and `get_100x50_p99_over_noop_ms`. */
export async function httpReadsJob(bench: FeatureBench): Promise<void> {
  const { options, figures } = bench;
  const cluster = await bench.cluster();
  const contenders: Contender[] = READ_KINDS.flatMap((kind) => [
    { name: `noop_${kind.name}`, run: (durationMs) => noopRun(bench, cluster, kind, durationMs) },
    { name: `get_${kind.name}`, run: (durationMs) => readRun(bench, cluster, kind, durationMs) },
  ]);
  const found = await byTurns(contenders, options.rounds, options.readsMs);
  for (const { name } of READ_KINDS) {
    const over = (quantile: string) => overNoop(found, name, quantile);
    figures.add(`get_${name}_p99_over_noop_ms`, over('p99Ms'));
    figures.add(`get_${name}_p50_over_noop_ms`, over('p50Ms'));
    if (found.has(`get_${name}.cpuUs`)) figures.add(`get_${name}_cpu_over_noop_us`, over('cpuUs'));
    for (const side of ['noop', 'get']) {
      figures.add(`${side}_${name}_p50_ms`, found.get(`${side}_${name}.p50Ms`)!);
      figures.add(`${side}_${name}_p99_ms`, found.get(`${side}_${name}.p99Ms`)!);
    }
  }
}

function overNoop(found: RoundFigures, name: string, quantile: string): number[] {
  return pairDifferences(found.get(`get_${name}.${quantile}`)!, found.get(`noop_${name}.${quantile}`)!);
}

/** `p50Ms`, `p99Ms`, and where it can be read `cpuUs`: of all the cluster's processes, idling included, a request. */
type RunFigures = Record<string, number>;

async function noopRun(
  bench: FeatureBench,
  cluster: FeatureCluster,
  kind: ReadKind,
  durationMs: number,
): Promise<RunFigures> {
  const request = encodeGet(cluster.host, cluster.httpPort, '/v2/health/live');
  return openRun(bench, cluster, kind, durationMs, () => request);
}

async function readRun(
  bench: FeatureBench,
  cluster: FeatureCluster,
  kind: ReadKind,
  durationMs: number,
): Promise<RunFigures> {
  const requests = readRequests(cluster, kind);
  const kept: { index: number; answer: HttpAnswer }[] = [];
  const quantiles = await openRun(
    bench,
    cluster,
    kind,
    durationMs,
    (index) => requests[index % requests.length]!,
    (index, answer) => {
      if (kept.length < ANSWERS_CHECKED) kept.push({ index: index % requests.length, answer });
    },
  );
  for (const { index, answer } of kept) checkValues(answer, usersRead(kind, index));
  return quantiles;
}

/** Reads of different users, encoded once. */
function readRequests({ host, httpPort }: FeatureCluster, kind: ReadKind): Buffer[] {
  const path = `/v1/features/${PROFILE}:get`;
  return Array.from({ length: USERS / kind.keys }, (_, index) =>
    encodePost(host, httpPort, path, JSON.stringify({ keys: usersRead(kind, index).map(userKey) })),
  );
}

async function openRun(
  { context }: FeatureBench,
  cluster: FeatureCluster,
  kind: ReadKind,
  durationMs: number,
  requestOf: (index: number) => Buffer,
  answered: (index: number, answer: HttpAnswer) => void = () => undefined,
): Promise<RunFigures> {
  const client = await HttpClient.open(cluster.host, cluster.httpPort, CONNECTIONS);
  try {
    const before = treeCpuMs(cluster.pid);
    const load = await openLoop({
      clock: context.clock,
      random: seededRandom(ARRIVAL_SEED),
      send: (index) => client.post(requestOf(index)),
      check: (index, answer) => {
        assertOk(`${kind.name} over HTTP`, answer as HttpAnswer);
        answered(index, answer as HttpAnswer);
      },
      arrivals: 'poisson',
      ratePerS: kind.ratePerS,
      durationMs,
      outstandingMax: OUTSTANDING_MAX,
    });
    const { latency } = assertClean(`${kind.name} over HTTP`, load);
    const after = treeCpuMs(cluster.pid);
    const cpuUs: RunFigures =
      before === null || after === null ? {} : { cpuUs: cpuUsEach(before, after, load.completed).all };
    return { p50Ms: latency.quantileMs(0.5), p99Ms: latency.quantileMs(0.99), ...cpuUs };
  } finally {
    client.close();
  }
}

type Row = { readonly found: boolean; readonly values: Readonly<Record<string, number>> };

/** Throws unless the answer holds every value of these users, in order. */
function checkValues(answer: HttpAnswer, users: readonly number[]): void {
  const { rows } = JSON.parse(answer.body.toString()) as { rows: readonly Row[] };
  if (rows.length !== users.length) throw new Error(`${rows.length} rows for ${users.length} keys`);
  for (const [i, user] of users.entries()) {
    for (let feature = 0; feature < STORED_FEATURES; feature++) {
      const value = rows[i]!.values[`f${feature}`];
      if (value !== storedValue(user, feature)) throw new Error(`user ${user}: f${feature} is ${value}`);
    }
  }
}
