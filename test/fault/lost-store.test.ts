/** What the cluster keeps in NATS is altered, deleted, or lost with the server's disk: it comes back by itself. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { afterEach, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { BUCKETS } from '../../proto/subjects.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { NatsFixture } from '../support/nats-fixture.ts';
import { TABLE, tableModel, writeModel } from '../support/onnx-models.ts';

const FEATURES = fileURLToPath(new URL('../../examples/fraud/features.ts', import.meta.url));
const BACK_MS_MAX = 30_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function scene(): Promise<{ cluster: TestCluster; server: NatsFixture }> {
  const app = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
  cleanups.push(() => rmSync(app, { recursive: true, force: true }));
  cpSync(FEATURES, join(app, 'features.ts'));
  await writeModel(join(app, 'models'), 'table', '1', tableModel());
  const server = await NatsFixture.start();
  cleanups.push(() => server.stop());
  const cluster = await TestCluster.start({ natsUrl: server.url, flags: ['--app', app] });
  cleanups.push(() => cluster.kill());
  return { cluster, server };
}

async function predicts(cluster: TestCluster): Promise<boolean> {
  const { status, json } = await cluster.post('/v1/predict/table', { inputs: { index: [[2]] }, timeout_ms: 500 });
  return status === 200 && JSON.stringify(json['outputs']).includes(String(TABLE[2]));
}

async function pushes(cluster: TestCluster): Promise<boolean> {
  const rows = Array.from({ length: 20 }, (_, i) => ({ user_id: `u${i}`, payments_total: i }));
  const { status } = await cluster.post('/v1/features/user_profile:push', { rows });
  return status === 200;
}

it('registry entries that are deleted, altered or turned into nonsense are put back by whoever serves them', async () => {
  const { cluster, server } = await scene();
  const stranger = await connect({ servers: server.url });
  cleanups.push(() => stranger.close());
  const kv = await stranger.jetstream().views.kv(BUCKETS.models);
  const before = (await kv.get('table.1'))!.string();
  const harms = [
    () => kv.delete('table.1'),
    () => kv.purge('table.1'),
    () => kv.put('table.1', 'nonsense'),
    () => kv.put('table.1', JSON.stringify({ failed: 'so they say' })),
    () => kv.put('table.1', JSON.stringify({ ...JSON.parse(before), outputs: [] })),
  ];
  for (const [i, harm] of harms.entries()) {
    await harm();
    await eventually(
      async () => (await kv.get('table.1'))?.string() === before && (await predicts(cluster)),
      () => `harm ${i} was not undone\n${cluster.stderr}`,
      5_000,
    );
    await sleep(systemClock, 200);
  }
  expect(cluster.stderr).not.toContain('ended (');
}, 120_000);

it('NATS that comes back over an empty store gets everything anew, predictions and pushes go on', async () => {
  const { cluster, server } = await scene();
  expect([await predicts(cluster), await pushes(cluster)]).toEqual([true, true]);
  const pids = await cluster.pids();
  await server.stopServer();
  for (const name of await readdir(server.dataDir)) await rm(join(server.dataDir, name), { recursive: true });
  await server.startServer();
  const startMs = systemClock.nowMs();
  // Not until every process that knew the old store has gone: those who go on with it would answer too.
  await eventually(
    async () => {
      const now = await cluster.pids();
      return now.size === pids.size && [...now].every(([name, pid]) => pids.get(name) !== pid);
    },
    () => `not every process was started anew\n${cluster.stderr}`,
    BACK_MS_MAX,
  );
  await eventually(
    async () => (await predicts(cluster)) && (await pushes(cluster)),
    () => `predictions or pushes do not work again\n${cluster.stderr}`,
    BACK_MS_MAX,
  );
  expect(systemClock.nowMs() - startMs).toBeLessThan(BACK_MS_MAX);
  // Their replicas follow a log that no longer is: shards say so and wait for a decision, and hold nobody else up.
  expect(cluster.stderr).toContain('the feature log was created anew');
  expect(cluster.stderr).toMatch(/the key-value store was lost: it (is gone|was made anew)/);
}, 150_000);

it('NATS that comes back over the store it had disturbs nobody', async () => {
  const { cluster, server } = await scene();
  const pids = await cluster.pids();
  await server.stopServer();
  await server.startServer();
  await eventually(
    async () => (await predicts(cluster)) && (await pushes(cluster)),
    () => `predictions or pushes do not work again\n${cluster.stderr}`,
    BACK_MS_MAX,
  );
  await sleep(systemClock, 2_000);
  expect(await cluster.pids()).toEqual(pids);
}, 120_000);
