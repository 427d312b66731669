/** A worker that loads a slow model beside small ones: what is loaded serves, and readiness waits for all of them. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../cluster/clock.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { tableModel, writeModel } from '../support/onnx-models.ts';
import { chainModel, productsFor } from '../support/slow-models.ts';

const FEATURES = fileURLToPath(new URL('../../examples/fraud/features.ts', import.meta.url));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A model that loads at once, and one that takes long to warm up. */
async function appWithSlowModel(): Promise<string> {
  const app = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
  cleanups.push(() => rmSync(app, { recursive: true, force: true }));
  cpSync(FEATURES, join(app, 'features.ts'));
  const products = await productsFor(700, mkdtempSync(join(app, 'measure-')));
  // By name the slow one would be the first.
  await writeModel(join(app, 'models'), 'a-slow', '1', chainModel(products));
  await writeModel(join(app, 'models'), 'small', '1', tableModel());
  return app;
}

const askSmall = (cluster: TestCluster) =>
  cluster.post('/v1/predict/small', { inputs: { index: [[1]] }, timeout_ms: 20_000 });

it('small models answer while a slow one is still being loaded, at the start and after a crash', async () => {
  const app = await appWithSlowModel();
  const cluster = await TestCluster.spawn({ flags: ['--app', app, '--shards', '1', '--replicas', '1'] });
  cleanups.push(() => cluster.kill());
  const worker = async () => (await cluster.status()).members.find(({ name }) => name === 'worker-1');
  await eventually(
    async () => (await worker())?.models.join() === 'small/1',
    () => 'the small model was not announced by itself',
    40_000,
  );
  expect((await askSmall(cluster)).status).toBe(200);
  // The slow one is on its way, and so the cluster does not count as started.
  expect([(await worker())!.ready, cluster.isReady]).toEqual([false, false]);
  await cluster.whenReady();
  const { ready, models, pid } = (await worker())!;
  expect([ready, models]).toEqual([true, ['small/1', 'a-slow/1']]);

  process.kill(pid, 'SIGKILL');
  const startMs = systemClock.nowMs();
  await eventually(
    async () => ![undefined, pid].includes((await cluster.pids()).get('worker-1')) || (await worker())?.pid !== pid,
    () => 'the worker was not started again',
  );
  expect((await askSmall(cluster)).status).toBe(200);
  const outMs = systemClock.nowMs() - startMs;
  expect((await worker())!.ready).toBe(false);
  await cluster.whenWhole(3);
  // Far less than the slow one's warm-up, whatever the machine.
  expect(outMs).toBeLessThan((systemClock.nowMs() - startMs) / 1.5);
  expect((await cluster.post('/v1/predict/a-slow', { inputs: { x: [[1]] } })).status).toBe(200);
  await cluster.stop();
}, 150_000);

it('a stop does not wait for the model that is being loaded', async () => {
  const app = await appWithSlowModel();
  const cluster = await TestCluster.spawn({ flags: ['--app', app, '--shards', '1', '--replicas', '1'] });
  cleanups.push(() => cluster.kill());
  await eventually(
    async () => (await cluster.status()).members.some(({ models }) => models.includes('small/1')),
    () => 'the small model was not announced',
    40_000,
  );
  cluster.signal('SIGINT');
  const startMs = systemClock.nowMs();
  await cluster.whenGone();
  expect(systemClock.nowMs() - startMs).toBeLessThan(10_000);
}, 100_000);
