/**
 * The same reads of the same rows from Feast's feature server on Redis and from this system, by turns: one key and a
 * hundred, fifty features each. This system is asked both ways: by its own route, and by Feast's protocol with Feast's
 * own question. One request at a time gives the latencies, sixteen outstanding the throughput.
 */
import { encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { assertClean, closedLoop, type LoadResult } from '../load.ts';
import { type FeastPeer, startFeastRedis } from '../peers/feast-redis/peer.ts';
import { byTurns, type Contender } from '../rounds.ts';
import { STORED_FEATURES, USERS, userKey } from '../workload.ts';
import type { FeatureBench } from './feature-bench.ts';
import { assertOk } from './feature-cluster.ts';
import { READ_KINDS, type ReadKind, usersRead } from './http-reads.ts';
import { PROFILE, storedValue } from './workload.ts';

const OUTSTANDING = 16;
const ROUNDS_MAX = 3;
/** The slowest of these answers takes a good part of a second with others outstanding. */
const ROUND_MS_LEAST = 1_500;

type Side = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  body(users: readonly number[]): unknown;
  /** Value `feature` of row `row` in an answer. */
  value(answer: unknown, row: number, feature: number): unknown;
};

/** Draws `get_…_vs_feast` and `feast_api_…_vs_feast`: latencies over Feast's and throughputs over Feast's. */
export async function feastJob(bench: FeatureBench): Promise<void> {
  const { context, options, figures, note, stopLater } = bench;
  const peer = await startFeastRedis(context, stopLater, note);
  if ('skipped' in peer) {
    note(`peer feast left out: ${peer.skipped}`);
    return;
  }
  note(`feast was given: ${peer.settings}`);
  note(`dovetail was given: up, its defaults, no models; both: ${USERS} rows of ${STORED_FEATURES} float32`);
  const sides = await sidesOf(bench, peer);
  const contenders = READ_KINDS.flatMap((kind) => sides.flatMap((side) => contendersOf(bench, side, kind)));
  const found = await byTurns(
    contenders,
    Math.min(options.rounds, ROUNDS_MAX),
    Math.max(ROUND_MS_LEAST, options.readsMs / 2),
  );
  for (const { name } of contenders) {
    for (const figure of ['p50_ms', 'p99_ms', 'per_s']) {
      const values = found.get(`${name}.${figure}`);
      if (values !== undefined) figures.add(`${name}_${figure}`, values);
    }
  }
  for (const kind of READ_KINDS) {
    for (const side of sides.slice(1)) {
      const name = (of: Side, figure: string) => found.get(`${of.name}_${kind.name}_${figure}`)!;
      for (const figure of ['serial.p50_ms', 'serial.p99_ms', 'throughput.per_s']) {
        const ratio = `${side.name}_${kind.name}_${figure.replace(/^\w+\./, '').replace(/_ms$/, '')}_vs_feast`;
        figures.ratio(ratio, name(side, figure), name(sides[0]!, figure));
      }
    }
  }
}

async function sidesOf(bench: FeatureBench, peer: FeastPeer): Promise<readonly Side[]> {
  const { host, httpPort } = await bench.cluster();
  const features = Array.from({ length: STORED_FEATURES }, (_, i) => `${PROFILE}:f${i}`);
  const entities = (users: readonly number[]) => ({ user_id: users.map(userKey) });
  type FeastAnswer = { metadata: { feature_names: string[] }; results: { values: unknown[] }[] };
  const feastValue = (answer: unknown, row: number, feature: number): unknown => {
    const { metadata, results } = answer as FeastAnswer;
    return results[metadata.feature_names.indexOf(`f${feature}`)]?.values[row];
  };
  const path = '/get-online-features';
  return [
    {
      name: 'feast',
      host: peer.host,
      port: peer.port,
      path,
      body: (users) => ({ feature_service: PROFILE, entities: entities(users) }),
      value: feastValue,
    },
    {
      name: 'feast_api',
      host,
      port: httpPort,
      path,
      body: (users) => ({ features, entities: entities(users) }),
      value: feastValue,
    },
    {
      name: 'get',
      host,
      port: httpPort,
      path: `/v1/features/${PROFILE}:get`,
      body: (users) => ({ keys: users.map(userKey) }),
      value: (answer, row, feature) =>
        (answer as { rows: { values: Record<string, unknown> }[] }).rows[row]?.values[`f${feature}`],
    },
  ];
}

function contendersOf(bench: FeatureBench, side: Side, kind: ReadKind): Contender[] {
  const requests = Array.from({ length: Math.min(1_000, USERS / kind.keys) }, (_, index) =>
    encodePost(side.host, side.port, side.path, JSON.stringify(side.body(usersRead(kind, index)))),
  );
  const load = async (outstanding: number, durationMs: number): Promise<LoadResult> => {
    const what = `${side.name} ${kind.name}`;
    const client = await HttpClient.open(side.host, side.port, outstanding);
    let first: HttpAnswer | null = null;
    try {
      const result = await closedLoop({
        clock: bench.context.clock,
        send: (index) => client.post(requests[index % requests.length]!),
        check: (index, answer) => {
          assertOk(what, answer as HttpAnswer);
          if (index === 0) first = answer as HttpAnswer;
        },
        outstanding,
        warmUpMs: durationMs / 5,
        durationMs,
      });
      assertClean(what, result);
      checkValues(side, first!, usersRead(kind, 0));
      return result;
    } finally {
      client.close();
    }
  };
  return [
    {
      name: `${side.name}_${kind.name}_serial`,
      run: async (durationMs) => {
        const { latency } = await load(1, durationMs);
        return { p50_ms: latency.quantileMs(0.5), p99_ms: latency.quantileMs(0.99) };
      },
    },
    {
      name: `${side.name}_${kind.name}_throughput`,
      run: async (durationMs) => ({ per_s: (await load(OUTSTANDING, durationMs)).ratePerS }),
    },
  ];
}

/** Throws unless the answer holds these users' values; their JSON may be shorter than a double, hence float32. */
function checkValues(side: Side, answer: HttpAnswer, users: readonly number[]): void {
  const json: unknown = JSON.parse(answer.body.toString());
  for (const [row, user] of users.entries()) {
    for (let feature = 0; feature < STORED_FEATURES; feature++) {
      const value = Math.fround(Number(side.value(json, row, feature)));
      if (value !== storedValue(user, feature))
        throw new Error(`${side.name}: f${feature} of user ${user} is ${value}`);
    }
  }
}
