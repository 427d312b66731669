/** A model that could not be loaded, mended while the cluster runs: what status says of it until it is served. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import type { ClusterStatus } from '../../actors/router/gateway-port.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { tableModel, writeModel } from '../support/onnx-models.ts';
import { chainModel, productsFor } from '../support/slow-models.ts';

const FEATURES = fileURLToPath(new URL('../../examples/fraud/features.ts', import.meta.url));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('a mended model is said to be loading, not to be broken, until it answers', async () => {
  const app = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
  cleanups.push(() => rmSync(app, { recursive: true, force: true }));
  cpSync(FEATURES, join(app, 'features.ts'));
  const models = join(app, 'models');
  // The first to be loaded takes a while, and the mended one, whose file is larger, has to wait for it.
  const products = await productsFor(300, mkdtempSync(join(app, 'measure-')));
  await writeModel(models, 'a-slow', '1', chainModel(products));
  await writeModel(models, 'broken', '1', 'this is no model');
  const cluster = await TestCluster.start({ flags: ['--app', app, '--shards', '1', '--replicas', '1'] });
  cleanups.push(() => cluster.kill());
  const problems = (status: ClusterStatus) =>
    status.models_with_problems.map(({ model, problem }) => `${model}: ${problem}`);
  expect(problems(await cluster.status())).toEqual([expect.stringMatching(/^broken: .*not a loadable ONNX model/)]);

  await writeModel(models, 'broken', '1', tableModel(4 * 1024 * 1024));
  const before = (await cluster.pids()).get('worker-1')!;
  process.kill(before, 'SIGKILL');
  const said: string[] = [];
  await eventually(
    async () => {
      const status = await cluster.status();
      const text = problems(status).join();
      if (said.at(-1) !== text) said.push(text);
      return status.members.some(({ name, pid, ready }) => name === 'worker-1' && pid !== before && ready);
    },
    () => `worker-1 did not come back: ${said}`,
  );
  expect(said).toEqual([
    expect.stringMatching(/^broken: .*not a loadable ONNX model/),
    'broken: is being loaded by worker-1; ask again in a moment',
    '',
  ]);
  const { status } = await cluster.post('/v1/predict/broken', { inputs: { index: [[1]] } });
  expect(status).toBe(200);
  await cluster.stop();
}, 120_000);
