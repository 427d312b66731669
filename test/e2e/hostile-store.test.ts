/** A stranger on the cluster's own NATS overwrites what the cluster keeps there, and speaks in its processes' names. */
import { connect, type KV, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { dovetail } from '../../proto/generated/messages.js';
import { BUCKETS, HEARTBEAT_SUBJECT, PLACEMENT_KEY } from '../../proto/subjects.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { golden } from '../support/golden.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let cluster: TestCluster;
let stranger: NatsConnection;
beforeAll(async () => {
  cluster = await TestCluster.start();
  stranger = await connect({ servers: cluster.natsUrl });
});
afterAll(async () => {
  await stranger?.close();
  await cluster?.kill();
});

function bucket(name: string): Promise<KV> {
  return stranger.jetstream().views.kv(name);
}

async function expectServing(): Promise<void> {
  const { status, json } = await cluster.post('/v1/predict/fraud', golden.rows[0]!.request);
  expect(status).toBe(200);
  expect(json['outputs']).toHaveProperty('score');
}

it('a placement table of garbage is replaced under a higher epoch, and shards that start then come up', async () => {
  const kv = await bucket(BUCKETS.cluster);
  const before = await cluster.whenWhole();
  await kv.put(PLACEMENT_KEY, '{"format":1');
  await eventually(
    async () => (await cluster.status()).epoch > before.epoch,
    () => 'the table was not replaced',
  );
  await expectServing();
  expect(await kv.get(PLACEMENT_KEY)).toMatchObject({ operation: 'PUT' });
  const pid = (await cluster.pids()).get('shard-1')!;
  await kv.put(PLACEMENT_KEY, 'again');
  process.kill(pid, 'SIGKILL');
  await eventually(
    async () => ![undefined, pid].includes((await cluster.pids()).get('shard-1')),
    () => 'the shard did not come back',
  );
  const after = await cluster.whenWhole();
  expect(after.epoch).toBeGreaterThan(before.epoch + 1);
  await expectServing();
});

it('a placement table that is gone, or taken back to an old one, is replaced too', async () => {
  const kv = await bucket(BUCKETS.cluster);
  const { epoch } = await cluster.whenWhole();
  const old = (await kv.get(PLACEMENT_KEY))!.json<{ epoch: number }>();
  await kv.put(PLACEMENT_KEY, JSON.stringify({ ...old, epoch: 1, owners: old, targets: {} }));
  await kv.put(PLACEMENT_KEY, JSON.stringify({ ...old, epoch: 1 }));
  await eventually(
    async () => (await cluster.status()).epoch > epoch,
    () => 'the old table was not replaced',
  );
  await kv.delete(PLACEMENT_KEY);
  await eventually(
    async () => (await cluster.status()).epoch > epoch + 1,
    () => 'the deleted table was not replaced',
  );
  await cluster.whenWhole();
  await expectServing();
});

it('registry entries that no worker wrote are ignored, with one warning a process that names the key', async () => {
  const kv = await bucket(BUCKETS.models);
  const keys: string[] = [];
  for await (const key of await kv.keys()) keys.push(key);
  const fraud = keys.find((key) => key.startsWith('fraud.'))!;
  const spec = (await kv.get(fraud))!.json<{ manifest: object; inputs: object[] }>();
  const wrong: [string, unknown][] = [
    ['stranger.1', spec],
    ['huge.1', { ...spec, manifest: { ...spec.manifest, name: 'huge', batchRowsMax: 1e15 } }],
    ['shapeless.1', { ...spec, manifest: { ...spec.manifest, name: 'shapeless' }, inputs: [{ shape: 'x' }] }],
    ['nothing.1', null],
    // Over the entry of a model that is being served.
    [fraud, { ...spec, version: '99' }],
    [fraud, { ...spec, inputs: 7 }],
  ];
  for (const [key, json] of wrong) await kv.put(key, JSON.stringify(json));
  await sleep(systemClock, 300);
  await expectServing();
  expect((await fetch(`${cluster.url}/v2/health/ready`)).status).toBe(200);
  expect((await cluster.status()).models_with_problems).toEqual([]);
  for (const key of new Set(wrong.map(([one]) => one))) {
    const warnings = cluster.stderr
      .split('\n')
      .filter((line) => line.startsWith('[gateway-1]') && line.includes(`'${key}' is ignored`));
    // Once more after its worker has put it back.
    if (key === fraud) expect([1, 2]).toContain(warnings.length);
    else expect(warnings).toHaveLength(1);
  }
  await eventually(
    async () => JSON.stringify((await kv.get(fraud))?.json()) === JSON.stringify(spec),
    () => 'the entry of the model that is being served was not put back',
  );
});

it('a farewell that another said in its name costs a process its place for about a second, not for a minute', async () => {
  const status = await cluster.whenWhole();
  const worker = status.members.find((member) => member.role === 'worker')!;
  const farewell = { node: worker.node, name: worker.name, role: 'worker', leaving: true, weight: 1 };
  const bytes = dovetail.Heartbeat.encode(farewell as dovetail.Heartbeat.$Properties).finish();
  stranger.publish(HEARTBEAT_SUBJECT, bytes);
  await stranger.flush();
  await eventually(
    async () => !(await cluster.pids()).has(worker.name),
    () => 'the farewell was not heard',
    2_000,
  );
  await eventually(
    async () => (await cluster.pids()).get(worker.name) === worker.pid,
    () => 'the worker is still thought gone',
    3_000,
  );
  await cluster.whenWhole();
  await expectServing();
  expect(cluster.stderr).not.toContain('[worker-1] ended');
});
