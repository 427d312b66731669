/**
 * From written to visible: rows are pushed over HTTP at a steady rate, and one in a hundred is looked for at every owner
 * until it is there. Looking is a letter to each owner every few milliseconds, with all the keys still missing in it, so
 * its cost does not grow with the number of rows looked for; what it finds is late by those milliseconds and a round
 * trip, which is counted against the system.
 *
 * What a row costs depends on how many share a message, which is rows of a push over partitions: a push of a thousand
 * makes messages of four, a push of a hundred makes a message a row.
 */

import { readValue } from '../../cluster/catalog/record.ts';
import { type Clock, sleep } from '../../cluster/clock.ts';
import { seededRandom } from '../../cluster/random.ts';
import { Histogram } from '../histogram.ts';
import { encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { assertClean, openLoop } from '../load.ts';
import { type CpuMs, cpuUsEach, treeCpuMs } from '../process-cpu.ts';
import { byTurns } from '../rounds.ts';
import { USERS } from '../workload.ts';
import type { FeatureBench } from './feature-bench.ts';
import { assertOk, type FeatureCluster } from './feature-cluster.ts';
import { OwnerReads } from './owner-reads.ts';
import { PROFILE, profileRow, profileView, usersOfPush } from './workload.ts';

const ROWS_PER_S = 10_000;
const PUSH_SIZES = [
  { name: 'written', rows: 1_000 },
  { name: 'written_small', rows: 100 },
];
/** A short run has time for the first alone. */
const SIZES_QUICK = 1;
/** The first of so many is marked, and looked for. */
const ROWS_PER_MARK = 100;
const CONNECTIONS = 8;
const OUTSTANDING_MAX = 512;
const LOOK_EVERY_MS = 4;
const SEEN_MS_MAX = 20_000;

/** Draws `written_to_visible_p99_ms`, from the acknowledgement, and the same from when the push was to leave. */
export async function visibleJob(bench: FeatureBench): Promise<void> {
  const { context, options, figures } = bench;
  const { clock } = context;
  const cluster = await bench.cluster();
  const reads = await OwnerReads.connect(clock, cluster.natsUrl);
  const client = await HttpClient.open(cluster.host, cluster.httpPort, CONNECTIONS);
  const pushes = new Pushes(cluster);
  const sizes = options.growth === 'short' ? PUSH_SIZES.slice(0, SIZES_QUICK) : PUSH_SIZES;
  const contenders = sizes.map(({ name, rows }) => ({
    name,
    async run(durationMs: number) {
      const before = treeCpuMs(cluster.pid);
      const result = await pushRound(bench, client, pushes, rows, new VisibilityWatch(clock, reads), durationMs);
      const after = treeCpuMs(cluster.pid);
      return { ...result, ...cpuFigures(before, after, (durationMs / 1000) * ROWS_PER_S) };
    },
  }));
  try {
    const found = await byTurns(contenders, options.rounds, options.visibleMs);
    for (const [name, values] of found) figures.add(name.replace('.', '_'), values);
  } finally {
    client.close();
    await reads.close();
  }
}

function cpuFigures(before: CpuMs | null, after: CpuMs | null, rows: number): Record<string, number> {
  if (before === null || after === null) return {};
  const { byRole, all } = cpuUsEach(before, after, rows);
  const each = ['gateway', 'shard', 'nats-server'].map((role) => [
    `${role.replace('-', '_')}_cpu_us_per_row`,
    byRole.get(role) ?? 0,
  ]);
  return { cpu_us_per_row: all, ...Object.fromEntries(each) };
}

async function pushRound(
  { context }: FeatureBench,
  client: HttpClient,
  pushes: Pushes,
  rowsPerPush: number,
  watch: VisibilityWatch,
  durationMs: number,
): Promise<Record<string, number>> {
  const { clock } = context;
  const startMs = clock.nowMs();
  const load = await openLoop({
    clock,
    random: seededRandom(1),
    send: async () => {
      const { marks, request } = pushes.next(rowsPerPush);
      const samples = marks.map(({ key, marker }) => watch.expect(key, marker));
      const answer = await client.post(request);
      for (const sample of samples) sample.acknowledgedMs = clock.nowMs();
      return answer;
    },
    check: (_index, answer) => assertOk('push', answer as HttpAnswer),
    arrivals: 'constant',
    ratePerS: ROWS_PER_S / rowsPerPush,
    durationMs,
    outstandingMax: OUTSTANDING_MAX,
  });
  assertClean('push', load);
  // To the last acknowledgement, so that what queued up counts.
  const rowsPerS = ((load.completed * rowsPerPush) / Math.max(durationMs, clock.nowMs() - startMs)) * 1000;
  const { fromAck, fromSend } = await watch.finish();
  return {
    to_visible_p99_ms: fromAck.quantileMs(0.99),
    to_visible_p50_ms: fromAck.quantileMs(0.5),
    send_to_visible_p99_ms: fromSend.quantileMs(0.99),
    send_to_visible_p50_ms: fromSend.quantileMs(0.5),
    send_to_acknowledged_p99_ms: load.latency.quantileMs(0.99),
    rows_per_s: rowsPerS,
  };
}

type Mark = { readonly key: string; readonly marker: number };
type Push = { readonly marks: readonly Mark[]; readonly request: Buffer };

/** Pushes of rows of their own, so that the rows that others read stay as they are. */
class Pushes {
  readonly #cluster: FeatureCluster;
  /** Rows that follow each marked one, as JSON. */
  readonly #tails: string[];
  #next = 0;

  constructor(cluster: FeatureCluster) {
    this.#cluster = cluster;
    this.#tails = Array.from({ length: USERS / ROWS_PER_MARK }, (_, of) => {
      const rows = usersOfPush(of, ROWS_PER_MARK).slice(1);
      return rows.map((user) => JSON.stringify({ ...profileRow(user), user_id: `w${user}` })).join();
    });
  }

  /** A later push about the same key has a greater marker. */
  next(rows: number): Push {
    const marks: Mark[] = [];
    const parts: string[] = [];
    for (let i = 0; i < rows / ROWS_PER_MARK; i++) {
      const at = this.#next++;
      const user = usersOfPush(at, ROWS_PER_MARK)[0]!;
      const mark = { key: `w${user}`, marker: at + 1 };
      marks.push(mark);
      parts.push(JSON.stringify({ ...profileRow(user, mark.marker), user_id: mark.key }));
      parts.push(this.#tails[at % this.#tails.length]!);
    }
    const { host, httpPort } = this.#cluster;
    const path = `/v1/features/${PROFILE}:push`;
    return { marks, request: encodePost(host, httpPort, path, `{"rows":[${parts.join()}]}`) };
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
