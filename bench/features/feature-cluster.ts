/** The cluster that the feature benches share: `dovetail up` with the feature app, holding the profile of every user. */
import { join } from 'node:path';
import { sleep } from '../../cluster/clock.ts';
import type { BenchContext } from '../context.ts';
import { DovetailUp } from '../dovetail-up.ts';
import { encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { USERS, userKey } from '../workload.ts';
import { PROFILE, profileRow, storedValue, usersOfPush, writeFeatureApp } from './workload.ts';

const ROWS_PER_PUSH = 1_000;
const VISIBLE_MS_MAX = 30_000;

export type FeatureCluster = {
  readonly host: string;
  readonly httpPort: number;
  readonly natsUrl: string;
  /** Of the process that started the others. */
  readonly pid: number;
};

export type FeatureClusterOptions = {
  /** Name of its folder in the run's scratch folder. */
  readonly name: string;
  readonly flags?: Readonly<Record<string, string | number>>;
};

/** Resolves once every user's row is read back over HTTP. */
export async function startFeatureCluster(
  context: BenchContext,
  options: FeatureClusterOptions,
  stopLater: (stop: () => Promise<void>) => void,
): Promise<FeatureCluster> {
  const up = await DovetailUp.start(
    context,
    { app: writeFeatureApp(context.workDir), dataDir: join(context.workDir, options.name), flags: options.flags ?? {} },
    stopLater,
  );
  const cluster = { host: '127.0.0.1', httpPort: up.httpPort, natsUrl: up.natsUrl, pid: up.pid };
  const client = await HttpClient.open(cluster.host, cluster.httpPort, 1);
  try {
    for (let push = 0; push < USERS / ROWS_PER_PUSH; push++) {
      const rows = usersOfPush(push, ROWS_PER_PUSH).map((user) => profileRow(user));
      await postJson(client, cluster, `/v1/features/${PROFILE}:push`, { rows });
    }
    for (let push = 0; push < USERS / ROWS_PER_PUSH; push++) {
      await visible(context, client, cluster, usersOfPush(push, ROWS_PER_PUSH));
    }
  } finally {
    client.close();
  }
  return cluster;
}

/** One request by itself; rejects for a status other than 200, and for rows that were refused. */
export async function postJson(
  client: HttpClient,
  cluster: FeatureCluster,
  path: string,
  body: unknown,
): Promise<HttpAnswer> {
  return assertOk(path, await client.post(encodePost(cluster.host, cluster.httpPort, path, JSON.stringify(body))));
}

/** Throws for a status other than 200, and for a push of which any row was refused. */
export function assertOk(what: string, answer: HttpAnswer): HttpAnswer {
  if (answer.status !== 200) throw new Error(`${what}: HTTP ${answer.status}: ${startOf(answer)}`);
  // At the end of the acknowledgements, or before what is said of a bulk push.
  const [start, end] = [startOf(answer), answer.body.toString('latin1', Math.max(0, answer.body.length - 40))];
  if (/"rejected":[1-9]/.test(start + end)) throw new Error(`${what}: rows were refused: ${startOf(answer)}`);
  return answer;
}

function startOf(answer: HttpAnswer): string {
  return answer.body.toString('utf8', 0, 300);
}

type ReadRows = { readonly rows: readonly { found: boolean; values: Record<string, number> }[] };

async function visible(
  context: BenchContext,
  client: HttpClient,
  cluster: FeatureCluster,
  users: readonly number[],
): Promise<void> {
  const untilMs = context.clock.nowMs() + VISIBLE_MS_MAX;
  for (;;) {
    // Small answers: this client takes a megabyte at the most.
    const parts = Array.from({ length: users.length / 100 }, (_, i) => users.slice(i * 100, (i + 1) * 100));
    let missing = 0;
    for (const part of parts) {
      const answer = await postJson(client, cluster, `/v1/features/${PROFILE}:get`, { keys: part.map(userKey) });
      const { rows } = JSON.parse(answer.body.toString()) as ReadRows;
      missing += part.filter((user, i) => rows[i]!.values['f0'] !== storedValue(user, 0)).length;
    }
    if (missing === 0) return;
    if (context.clock.nowMs() > untilMs) throw new Error(`${missing} pushed rows are still not read back`);
    await sleep(context.clock, 20);
  }
}
