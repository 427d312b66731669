/**
 * From written to visible: rows are pushed over HTTP at a steady rate, and of each hundred one is read back from every
 * owner. Nobody polls: right after the acknowledgement each owner is asked for the row as of its sequence, which it
 * answers when it has applied that, and the time until the last answer is what is drawn. It holds a round trip over
 * NATS, which is counted against the system.
 *
 * What a row costs depends on how many share a message, which is rows of a push over partitions: a push of a thousand
 * makes messages of four, a push of a hundred makes a message a row.
 */

import { readValue } from '../../cluster/catalog/record.ts';
import type { Clock } from '../../cluster/clock.ts';
import { seededRandom } from '../../cluster/random.ts';
import { Histogram } from '../histogram.ts';
import { encodePost, type HttpAnswer, HttpClient } from '../http-client.ts';
import { assertClean, openLoop } from '../load.ts';
import { cpuFigures, treeCpuMs } from '../process-cpu.ts';
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
/** The first of so many is marked, and read back. */
const ROWS_PER_MARK = 100;
const CONNECTIONS = 8;
/** Far above a healthy queue: a busy machine is to be slow, not to fail. */
const OUTSTANDING_MAX = 4_096;

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
      const result = await pushRound(clock, client, pushes, rows, reads, durationMs);
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

async function pushRound(
  clock: Clock,
  client: HttpClient,
  pushes: Pushes,
  rowsPerPush: number,
  reads: OwnerReads,
  durationMs: number,
): Promise<Record<string, number>> {
  const startMs = clock.nowMs();
  const [fromAck, fromSend] = [new Histogram(), new Histogram()];
  const seen: Promise<void>[] = [];
  const load = await openLoop({
    clock,
    random: seededRandom(1),
    send: async () => {
      const { marks, request } = pushes.next(rowsPerPush);
      const sentMs = clock.nowMs();
      const answer = assertOk('push', await client.post(request));
      const acknowledgedMs = clock.nowMs();
      seen.push(
        everywhereVisible(reads, marks, answer, () => {
          fromAck.record(clock.nowMs() - acknowledgedMs);
          fromSend.record(clock.nowMs() - sentMs);
        }),
      );
      // Looked at below; a failure before that must not count as unhandled.
      seen.at(-1)!.catch(() => undefined);
    },
    arrivals: 'constant',
    ratePerS: ROWS_PER_S / rowsPerPush,
    durationMs,
    outstandingMax: OUTSTANDING_MAX,
  });
  assertClean('push', load);
  // To the last acknowledgement, so that what queued up counts.
  const rowsPerS = ((load.completed * rowsPerPush) / Math.max(durationMs, clock.nowMs() - startMs)) * 1000;
  await Promise.all(seen);
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

type Acks = { readonly acks: readonly { readonly partition: number; readonly seq: number }[] };

/** Calls `visible` for each marked row once all of its owners have answered with it. */
async function everywhereVisible(
  reads: OwnerReads,
  marks: readonly Mark[],
  answer: HttpAnswer,
  visible: () => void,
): Promise<void> {
  const { acks } = JSON.parse(answer.body.toString()) as Acks;
  const one = async ({ key, marker }: Mark, i: number): Promise<void> => {
    const { seq } = acks[i * ROWS_PER_MARK]!;
    const held = await Promise.all(reads.ownersOf(key).map((owner) => reads.read(owner, PROFILE, [key], seq)));
    visible();
    for (const [row] of held) {
      const found = markerOf(row!.record);
      if (found < marker)
        throw new Error(`an owner of ${key} answers ${found} as of ${seq}, where ${marker} is written`);
    }
  };
  await Promise.all(marks.map(one));
}

function markerOf(record: Parameters<typeof readValue>[2] | null): number {
  return record === null ? 0 : (readValue(profileView, profileView.features[0]!, record) as number);
}
