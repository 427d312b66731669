/** `up --colocate`: gateway, first shard and first worker share a process, and serve as they do in processes of their own. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectClient, type DovetailClient } from '../../index.ts';
import { dovetail, eventually, TestCluster } from '../support/cluster.ts';
import { golden, merchantRows, tensorsOf, userRows } from '../support/golden.ts';
import { SteadyLoad } from '../support/load.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

const requests = golden.rows.map((row) => row.request);
let cluster: TestCluster;
let client: DovetailClient;

beforeAll(async () => {
  cluster = await TestCluster.start({ flags: ['--colocate'] });
  client = await connectClient({ url: cluster.natsUrl, timeoutMs: 5_000 });
  await cluster.post('/v1/features/user_profile:push', { rows: userRows });
  await cluster.post('/v1/features/merchant_profile:push', { rows: merchantRows });
  await eventually(
    async () => scoresAreRight(await scores()),
    () => 'the scores never became those of the golden rows',
  );
});

afterAll(async () => {
  await client?.close();
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
  }
});

async function scores(): Promise<number[]> {
  const { outputs } = await client.predict('fraud', tensorsOf(requests));
  const data = Buffer.from(outputs[0]!.data);
  return golden.rows.map((_, i) => data.readFloatLE(4 * i));
}

function scoresAreRight(got: readonly number[]): boolean {
  return got.every((score, i) => Math.abs(score - golden.rows[i]!.score) < 1e-5);
}

async function metric(port: number, line: RegExp): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(line.exec(text)?.[1] ?? 'NaN');
}

describe('up --colocate', () => {
  it('runs three members in one process and the second shard in another', async () => {
    const { members } = await cluster.whenWhole();
    const pids = new Map(members.map(({ name, pid }) => [name, pid]));
    expect([...pids.keys()].sort()).toEqual(['gateway-1', 'shard-1', 'shard-2', 'worker-1']);
    expect(pids.get('gateway-1')).toBe(pids.get('shard-1'));
    expect(pids.get('gateway-1')).toBe(pids.get('worker-1'));
    expect(pids.get('shard-2')).not.toBe(pids.get('shard-1'));
  });

  it('answers over HTTP and NATS what a cluster in many processes answers, without a hop between its members', async () => {
    expect(scoresAreRight(await scores())).toBe(true);
    for (const { request, score } of golden.rows.slice(0, 5)) {
      const { status, json } = await cluster.post('/v1/predict/fraud', request);
      expect(status).toBe(200);
      expect((json['outputs'] as { score: number }).score).toBeCloseTo(score, 5);
    }
    // All three write to one registry; what goes between them is no envelope.
    const { metrics } = cluster.ports;
    const sent = /^dovetail_envelopes_total\{direction="sent"\} (\d+)/m;
    const before = await metric(metrics, sent);
    const answered = /^dovetail_requests_total\{[^}]*code="OK"[^}]*\} (\d+)/m;
    const answeredBefore = await metric(metrics, answered);
    for (let i = 0; i < 20; i++) await cluster.post('/v1/predict/fraud', requests[0]);
    expect((await metric(metrics, answered)) - answeredBefore).toBe(20);
    expect((await metric(metrics, sent)) - before).toBeLessThan(20);
  });

  it('is started again as a whole when its process dies, and answers what is asked afterwards', async () => {
    const before = await cluster.pids();
    const load = new SteadyLoad(200, () => client.predict('fraud', tensorsOf([requests[0]!]), { timeoutMs: 2_000 }));
    process.kill(before.get('gateway-1')!, 'SIGKILL');
    const after = await cluster.whenWhole().then(() => cluster.pids());
    expect(after.get('gateway-1')).not.toBe(before.get('gateway-1'));
    expect(after.get('worker-1')).toBe(after.get('gateway-1'));
    expect(after.get('shard-2')).toBe(before.get('shard-2'));
    const tally = await load.stop();
    // Its one gateway was gone: those requests ended at their deadline or at once, and every one of them ended.
    expect(tally.ok + [...tally.failed.values()].reduce((sum, count) => sum + count, 0)).toBe(tally.sent);
    expect(scoresAreRight(await scores())).toBe(true);
  });
});

describe('node with several roles', () => {
  it.each([
    ['gateway,gateway', 'a,b', /--role must be one of/],
    ['gateway,router', 'a,b', /--role must be one of/],
    ['gateway,shard', 'a', /--name must give 2 names/],
    ['gateway,shard', 'a,a', /must not give the same name twice/],
  ])('refuses --role %s --name %s', async (role, name, message) => {
    const result = await dovetail(['node', '--role', role, '--name', name, '--nats-url', 'nats://127.0.0.1:1']);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(message);
  });
});
