/**
 * A cluster under steady load while its processes are killed or frozen. Judged by counting: every request settles once,
 * none fails that had time to be served elsewhere, and what was acknowledged is read back from every replica.
 */
import { afterEach, expect, it } from 'vitest';
import { packageEntry } from '../../cli/package-files.ts';
import { loadApp } from '../../cluster/catalog/load-app.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { connectClient, type DovetailClient, floatTensor, textTensor } from '../../index.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { SteadyLoad, summary, type Tally } from '../support/load.ts';
import { WireProbe } from '../support/wire-probe.ts';

const REQUESTS_PER_S = 250;
const PUSHES_PER_S = 20;
/** Requests with this much time left must survive any one process: `up` starts it again in about a second. */
const DEADLINE_MS = 8_000;
const BEFORE_MS = 1_500;
const AFTER_MS = 6_000;
const USERS = 500;

type Scene = {
  readonly cluster: TestCluster;
  readonly client: DovetailClient;
  readonly probe: WireProbe;
  /** Key → what its last acknowledged row said. */
  readonly acknowledged: Map<string, { readonly value: number; readonly seq: number }>;
};

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function scene(): Promise<Scene> {
  const cluster = await TestCluster.start();
  cleanups.push(() => cluster.kill());
  const client = await connectClient({ url: cluster.natsUrl, timeoutMs: DEADLINE_MS });
  cleanups.push(() => client.close());
  const probe = await WireProbe.connect(cluster.natsUrl);
  cleanups.push(() => probe.close());
  return { cluster, client, probe, acknowledged: new Map() };
}

function ask(client: DovetailClient, index: number, timeoutMs = DEADLINE_MS): Promise<unknown> {
  const rows = index % 10 === 0 ? 5 : 1;
  const users = Array.from({ length: rows }, (_, i) => `user-${(index * 31 + i * 7) % USERS}`);
  const number = (name: string, value: number) => floatTensor(name, rows, new Array<number>(rows).fill(value));
  return client
    .predict(
      'fraud',
      [
        textTensor('user_id', users),
        textTensor(
          'merchant_id',
          users.map(() => `m${index % 50}`),
        ),
        number('amount', 10 + (index % 90)),
        number('hour', index % 24),
        number('country_mismatch', 0),
        number('new_device', index % 2),
      ],
      { timeoutMs },
    )
    .then((answer) => {
      if (answer.outputs[0]!.data.byteLength !== 4 * rows) throw new Error('not exactly the rows asked for');
    });
}

/** Keys of its own, of which each must be found, and one that all pushes write, where the last in the log must stand. */
async function push(scene: Scene, index: number): Promise<void> {
  const rows = Array.from({ length: 5 }, (_, i) => ({
    user_id: `pushed-${index}-${i}`,
    payments_total: index * 5 + i,
  }));
  const acks = await scene.client.features.push('user_profile', rows);
  acks.forEach((ack, i) => {
    const { user_id, payments_total } = rows[i]!;
    const known = scene.acknowledged.get(user_id)?.seq ?? 0;
    if ('seq' in ack && ack.seq > known) scene.acknowledged.set(user_id, { value: payments_total, seq: ack.seq });
  });
}

type Outcome = {
  readonly requests: Tally;
  readonly pushes: Tally;
  readonly faultAtMs: number;
  readonly wholeAtMs: number;
};

async function underLoad(scene: Scene, fault: () => Promise<void>): Promise<Outcome> {
  const requests = new SteadyLoad(REQUESTS_PER_S, (index) => ask(scene.client, index));
  const pushes = new SteadyLoad(PUSHES_PER_S, (index) => push(scene, index));
  await sleep(systemClock, BEFORE_MS);
  const faultAtMs = requests.elapsedMs;
  await fault();
  await scene.cluster.whenWhole();
  const wholeAtMs = requests.elapsedMs;
  await sleep(systemClock, Math.max(1_000, AFTER_MS - (wholeAtMs - faultAtMs)));
  const [tally, pushed] = await Promise.all([requests.stop(), pushes.stop()]);
  expect(requests.skipped + pushes.skipped).toBe(0);
  return { requests: tally, pushes: pushed, faultAtMs, wholeAtMs };
}

function report(name: string, outcome: Outcome): void {
  const { requests, pushes, faultAtMs, wholeAtMs } = outcome;
  console.log(`${name}: whole again after ${Math.round(wholeAtMs - faultAtMs)} ms`);
  console.log(`  ${summary('predictions', requests)}`);
  console.log(`  ${summary('pushes', pushes)}`);
  for (const message of [...requests.messages, ...pushes.messages].slice(0, 6)) console.log(`  ${message}`);
}

/** Each settled, once: by the counts of those who asked, and by what went over the wire. */
async function expectOneAnswerEach({ requests, pushes }: Outcome, { probe }: Scene): Promise<void> {
  expect(requests.ok + requests.failures.length).toBe(requests.sent);
  expect(pushes.ok + pushes.failures.length).toBe(pushes.sent);
  expect(requests.sent).toBeGreaterThan(200);
  // The stranger on the wire hears by a connection of its own, which may be behind the client's.
  await eventually(
    () => probe.answers.size >= requests.ok,
    () => `of ${requests.ok} answers only ${probe.answers.size} went over the wire`,
  );
  expect(probe.answeredTwice()).toEqual([]);
}

async function expectAcknowledgedEverywhere({ cluster, probe, acknowledged }: Scene): Promise<void> {
  expect(acknowledged.size).toBeGreaterThan(100);
  const view = (await loadApp('examples/fraud', packageEntry())).views.get('user_profile') as View;
  const status = await cluster.whenWhole();
  const keys = [...acknowledged.keys()];
  for (const shard of status.members.filter((member) => member.role === 'shard')) {
    let missing: string[] = [];
    await eventually(
      async () => {
        const rows = await probe.readFrom(shard.node, view, keys, status.partitions, status.epoch);
        missing = keys.filter((key, i) => {
          const { value, seq } = acknowledged.get(key)!;
          return rows[i]!.values?.['payments_total'] !== BigInt(value) || rows[i]!.appliedSeq < seq;
        });
        return missing.length === 0;
      },
      () => `${shard.name} lacks ${missing.length} of ${keys.length} acknowledged rows, e.g. ${missing.slice(0, 5)}`,
    );
  }
}

async function killed(cluster: TestCluster, name: string): Promise<void> {
  const before = (await cluster.pids()).get(name)!;
  process.kill(before, 'SIGKILL');
  await eventually(
    async () => {
      const after = (await cluster.pids().catch(() => null))?.get(name);
      return after !== undefined && after !== before;
    },
    () => `${name} was not started again`,
    40_000,
  );
}

it('a shard killed with -9 costs no request and no acknowledged row', async () => {
  const all = await scene();
  const outcome = await underLoad(all, () => killed(all.cluster, 'shard-1'));
  report('shard killed', outcome);
  await expectOneAnswerEach(outcome, all);
  expect(outcome.requests.messages).toEqual([]);
  expect(outcome.requests.failures.length).toBe(0);
  expect(outcome.pushes.failures.length).toBe(0);
  await expectAcknowledgedEverywhere(all);
  await all.cluster.stop();
}, 120_000);

it('the only worker killed with -9 makes requests wait, not fail', async () => {
  const all = await scene();
  const outcome = await underLoad(all, () => killed(all.cluster, 'worker-1'));
  report('worker killed', outcome);
  await expectOneAnswerEach(outcome, all);
  expect(outcome.requests.messages).toEqual([]);
  expect(outcome.requests.failures.length).toBe(0);
  expect(outcome.pushes.failures.length).toBe(0);
  await expectAcknowledgedEverywhere(all);
  await all.cluster.stop();
}, 120_000);

it('a shard frozen for two seconds costs no request and no acknowledged row', async () => {
  const all = await scene();
  const outcome = await underLoad(all, async () => {
    const pid = (await all.cluster.pids()).get('shard-2')!;
    process.kill(pid, 'SIGSTOP');
    try {
      await sleep(systemClock, 2_000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect((await all.cluster.pids()).size).toBeGreaterThanOrEqual(3);
  });
  report('shard frozen', outcome);
  await expectOneAnswerEach(outcome, all);
  expect(outcome.requests.messages).toEqual([]);
  expect(outcome.requests.failures.length).toBe(0);
  expect(outcome.pushes.failures.length).toBe(0);
  await expectAcknowledgedEverywhere(all);
  await all.cluster.stop();
}, 120_000);

it('the only gateway killed with -9 fails what it held at the deadline, and nothing that is asked afterwards', async () => {
  const all = await scene();
  const deadlineMs = 3_000;
  const requests = new SteadyLoad(REQUESTS_PER_S, (index) => ask(all.client, index, deadlineMs));
  const pushes = new SteadyLoad(PUSHES_PER_S, (index) => push(all, index));
  await sleep(systemClock, BEFORE_MS);
  const faultAtMs = requests.elapsedMs;
  await killed(all.cluster, 'gateway-1');
  await all.cluster.whenWhole();
  const wholeAtMs = requests.elapsedMs;
  await sleep(systemClock, 3_000);
  const outcome = { requests: await requests.stop(), pushes: await pushes.stop(), faultAtMs, wholeAtMs };
  report('gateway killed', outcome);
  await expectOneAnswerEach(outcome, all);
  for (const code of outcome.requests.failed.keys()) expect(['DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain(code);
  for (const code of outcome.pushes.failed.keys()) expect(['DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain(code);
  // Only those under way when it died, or sent while there was none.
  for (const { sentAtMs } of [...outcome.requests.failures, ...outcome.pushes.failures]) {
    expect(sentAtMs).toBeGreaterThan(faultAtMs - deadlineMs);
    expect(sentAtMs).toBeLessThanOrEqual(wholeAtMs + 20);
  }
  expect(outcome.requests.ok).toBeGreaterThan(outcome.requests.sent / 4);
  await expectAcknowledgedEverywhere(all);
  await all.cluster.stop();
}, 120_000);

it('a NATS server of its own killed with -9 ends the cluster with a reason, and leaves nothing running', async () => {
  const { cluster, client } = await scene();
  const load = new SteadyLoad(50, (index) => ask(client, index, 1_000));
  await sleep(systemClock, 1_000);
  process.kill(cluster.natsPid(), 'SIGKILL');
  const exit = await cluster.whenGone();
  const tally = await load.stop();
  console.log(summary('predictions', tally));
  expect(exit).toEqual({ code: 3, signal: null });
  expect(cluster.stderr).toMatch(/nats-server ended \(SIGKILL\); see \S+nats-server\.log/);
  expect(tally.ok + tally.failures.length).toBe(tally.sent);
  for (const code of tally.failed.keys()) expect(['DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain(code);
}, 120_000);
