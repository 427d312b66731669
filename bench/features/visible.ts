/**
 * From written to visible: rows are pushed over HTTP at a steady rate, and of each push one row is looked for at every
 * owner until it is there. Looking is a letter to each owner every millisecond, with all the keys still missing in it,
 * so its cost does not grow with the number of rows looked for; what it finds is late by that millisecond and a round
 * trip, which is counted against the system.
 */

import { readValue } from '../../cluster/catalog/record.ts';
import { type Clock, sleep } from '../../cluster/clock.ts';
import { seededRandom } from '../../cluster/random.ts';
import { Histogram } from '../histogram.ts';
import { encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { assertClean, openLoop } from '../load.ts';
import { cpuUsEach, treeCpuMs } from '../process-cpu.ts';
import { USERS } from '../workload.ts';
import type { FeatureBench } from './feature-bench.ts';
import { assertOk, type FeatureCluster } from './feature-cluster.ts';
import { OwnerReads } from './owner-reads.ts';
import { PROFILE, profileRow, profileView, usersOfPush } from './workload.ts';

const ROWS_PER_S = 10_000;
const ROWS_PER_PUSH = 100;
const CONNECTIONS = 8;
const OUTSTANDING_MAX = 512;
const LOOK_EVERY_MS = 1;
const SEEN_MS_MAX = 20_000;

/** Draws `written_to_visible_p99_ms`, from the acknowledgement, and the same from when the push was to leave. */
export async function visibleJob(bench: FeatureBench): Promise<void> {
  const { context, options, figures } = bench;
  const { clock } = context;
  const cluster = await bench.cluster();
  const reads = await OwnerReads.connect(clock, cluster.natsUrl);
  const client = await HttpClient.open(cluster.host, cluster.httpPort, CONNECTIONS);
  const pushes = new Pushes(cluster);
  const found = new Map<string, number[]>();
  try {
    for (let round = -1; round < options.rounds; round++) {
      const watch = new VisibilityWatch(clock, reads);
      const before = treeCpuMs(cluster.pid);
      const result = await pushRound(bench, client, pushes, watch, options.visibleMs);
      const after = treeCpuMs(cluster.pid);
      if (round < 0) continue;
      if (before !== null && after !== null) {
        const { byRole, all } = cpuUsEach(before, after, (options.visibleMs / 1000) * ROWS_PER_S);
        result['written_cpu_us_per_row'] = all;
        for (const role of ['gateway', 'shard', 'nats-server']) {
          result[`written_${role.replace('-', '_')}_cpu_us_per_row`] = byRole.get(role) ?? 0;
        }
      }
      for (const [name, value] of Object.entries(result)) found.set(name, [...(found.get(name) ?? []), value]);
    }
  } finally {
    client.close();
    await reads.close();
  }
  for (const [name, values] of found) figures.add(name, values);
}

async function pushRound(
  { context }: FeatureBench,
  client: HttpClient,
  pushes: Pushes,
  watch: VisibilityWatch,
  durationMs: number,
): Promise<Record<string, number>> {
  const { clock } = context;
  const startMs = clock.nowMs();
  const load = await openLoop({
    clock,
    random: seededRandom(1),
    send: async () => {
      const { key, marker, request } = pushes.next();
      const sample = watch.expect(key, marker);
      const answer = await client.post(request);
      sample.acknowledgedMs = clock.nowMs();
      return answer;
    },
    check: (_index, answer) => assertOk('push', answer as HttpAnswer),
    arrivals: 'constant',
    ratePerS: ROWS_PER_S / ROWS_PER_PUSH,
    durationMs,
    outstandingMax: OUTSTANDING_MAX,
  });
  assertClean('push', load);
  // To the last acknowledgement, so that what queued up counts.
  const rowsPerS = ((load.completed * ROWS_PER_PUSH) / (clock.nowMs() - startMs)) * 1000;
  const { fromAck, fromSend } = await watch.finish();
  return {
    written_to_visible_p99_ms: fromAck.quantileMs(0.99),
    written_to_visible_p50_ms: fromAck.quantileMs(0.5),
    sent_to_visible_p99_ms: fromSend.quantileMs(0.99),
    sent_to_visible_p50_ms: fromSend.quantileMs(0.5),
    sent_to_acknowledged_p99_ms: load.latency.quantileMs(0.99),
    written_rows_per_s: rowsPerS,
  };
}

type Push = { readonly key: string; readonly marker: number; readonly request: Buffer };

/** Pushes of rows of their own, so that the rows that others read stay as they are; the first row is marked. */
class Pushes {
  readonly #cluster: FeatureCluster;
  readonly #tails: string[];
  #count = 0;

  constructor(cluster: FeatureCluster) {
    this.#cluster = cluster;
    this.#tails = Array.from({ length: USERS / ROWS_PER_PUSH }, (_, push) => {
      const rows = usersOfPush(push, ROWS_PER_PUSH).slice(1);
      return rows.map((user) => JSON.stringify({ ...profileRow(user), user_id: `w${user}` })).join();
    });
  }

  /** A later push about the same key has a greater marker. */
  next(): Push {
    const push = this.#count++;
    const user = usersOfPush(push, ROWS_PER_PUSH)[0]!;
    const key = `w${user}`;
    const marker = push + 1;
    const first = JSON.stringify({ ...profileRow(user, marker), user_id: key });
    const json = `{"rows":[${first},${this.#tails[push % this.#tails.length]}]}`;
    const { host, httpPort } = this.#cluster;
    return { key, marker, request: encodePost(host, httpPort, `/v1/features/${PROFILE}:push`, json) };
  }
}

type Sample = { readonly sentMs: number; acknowledgedMs: number; visibleMs: number; ownersLeft: number };
type Missing = { readonly key: string; readonly marker: number; readonly sample: Sample };

class VisibilityWatch {
  readonly #clock: Clock;
  readonly #reads: OwnerReads;
  readonly #samples: Sample[] = [];
  readonly #missing: ReadonlyMap<string, Missing[]>;
  readonly #looking: Promise<void>;
  #stopped = false;

  constructor(clock: Clock, reads: OwnerReads) {
    this.#clock = clock;
    this.#reads = reads;
    this.#missing = new Map(reads.shards.map((shard) => [shard, []]));
    this.#looking = Promise.all(reads.shards.map((shard) => this.#look(shard))).then(() => undefined);
    // Awaited in `finish`; a failure before that must not count as unhandled.
    this.#looking.catch(() => undefined);
  }

  /** Looks for it from now on, at every owner. The caller fills in when it was acknowledged. */
  expect(key: string, marker: number): Sample {
    const owners = this.#reads.ownersOf(key);
    const sample = { sentMs: this.#clock.nowMs(), acknowledgedMs: 0, visibleMs: 0, ownersLeft: owners.length };
    this.#samples.push(sample);
    for (const owner of owners) this.#missing.get(owner)!.push({ key, marker, sample });
    return sample;
  }

  /** Resolves once every row is visible everywhere. */
  async finish(): Promise<{ readonly fromAck: Histogram; readonly fromSend: Histogram }> {
    const untilMs = this.#clock.nowMs() + SEEN_MS_MAX;
    const left = () => this.#samples.filter(({ ownersLeft }) => ownersLeft > 0).length;
    while (left() > 0 && this.#clock.nowMs() < untilMs) await Promise.race([sleep(this.#clock, 5), this.#looking]);
    this.#stopped = true;
    await this.#looking;
    if (left() > 0) throw new Error(`${left()} acknowledged rows are not visible after ${SEEN_MS_MAX} ms`);
    const [fromAck, fromSend] = [new Histogram(), new Histogram()];
    for (const { sentMs, acknowledgedMs, visibleMs } of this.#samples) {
      // A shard may have it before the acknowledgement is back here.
      fromAck.record(Math.max(0, visibleMs - acknowledgedMs));
      fromSend.record(visibleMs - sentMs);
    }
    return { fromAck, fromSend };
  }

  async #look(shard: string): Promise<void> {
    const missing = this.#missing.get(shard)!;
    while (!this.#stopped) {
      if (missing.length > 0) await this.#lookOnce(shard, missing);
      await sleep(this.#clock, LOOK_EVERY_MS);
    }
  }

  async #lookOnce(shard: string, missing: Missing[]): Promise<void> {
    const asked = missing.slice();
    const rows = await this.#reads.read(
      shard,
      PROFILE,
      asked.map(({ key }) => key),
    );
    const nowMs = this.#clock.nowMs();
    const seen = new Set(asked.filter(({ marker }, i) => markerOf(rows[i]!.record) >= marker));
    for (const { sample } of seen) {
      sample.ownersLeft--;
      sample.visibleMs = nowMs;
    }
    const left = missing.filter((one) => !seen.has(one));
    missing.splice(0, missing.length, ...left);
  }
}

function markerOf(record: Parameters<typeof readValue>[2] | null): number {
  return record === null ? 0 : (readValue(profileView, profileView.features[0]!, record) as number);
}
