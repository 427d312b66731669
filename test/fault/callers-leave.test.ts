/** Callers that go away, over HTTP and from the client: what is queued for them is not run, and those that stay are served. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { connectClient, floatsOf, floatTensor } from '../../index.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { writeModel } from '../support/onnx-models.ts';
import { chainModel, productsFor } from '../support/slow-models.ts';

vi.setConfig({ testTimeout: 120_000 });

const FEATURES = fileURLToPath(new URL('../../examples/fraud/features.ts', import.meta.url));
/** Long enough for callers to leave while the first is run, which takes one row at a time. */
const RUN_MS = 150;
const LEAVING = 40;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function counter(port: number, name: RegExp): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(name.exec(text)?.[1] ?? '0');
}

it('requests whose callers have left are neither run nor answered', async () => {
  const app = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
  cleanups.push(() => rmSync(app, { recursive: true, force: true }));
  cpSync(FEATURES, join(app, 'features.ts'));
  const products = await productsFor(RUN_MS, mkdtempSync(join(app, 'measure-')));
  await writeModel(join(app, 'models'), 'slow', '1', chainModel(products));
  const cluster = await TestCluster.start({ flags: ['--app', app, '--shards', '1', '--replicas', '1'] });
  cleanups.push(() => cluster.kill());
  const client = await connectClient({ url: cluster.natsUrl, timeoutMs: 60_000 });
  cleanups.push(() => client.close());
  const { metrics } = cluster.ports;
  const workerMetrics = metrics + 2;
  const ran = () => counter(workerMetrics, /^dovetail_batch_rows_count\{model="slow\/1"\} (\d+)/m);
  const cancelled = () =>
    counter(metrics, /^dovetail_requests_total\{model="slow",version="1",code="CANCELLED"\} (\d+)/m);
  const ranBefore = await ran();

  const staying = client.predict('slow', [floatTensor('x', 1, [4])]);
  const leave = new AbortController();
  const left: Promise<string>[] = [];
  for (let i = 0; i < LEAVING; i++) {
    const call = client.predict('slow', [floatTensor('x', 1, [i])], { signal: leave.signal });
    left.push(
      call.then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
    );
    const http = fetch(`${cluster.url}/v1/predict/slow`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-timeout-ms': '60000' },
      body: JSON.stringify({ inputs: { x: [[i]] } }),
      signal: leave.signal,
    });
    left.push(
      http.then(
        () => 'answered',
        (error: Error) => error.name,
      ),
    );
  }
  // All of them have been let in by now or soon are; one that is cancelled before that is refused nowhere.
  await eventually(
    async () => (await cluster.status()).members.some(({ queue_depth }) => queue_depth > LEAVING),
    () => 'the requests never queued up at the worker',
  );
  leave.abort();
  const outcomes = await Promise.all(left);
  expect(outcomes.filter((one) => one === 'CANCELLED').length).toBeGreaterThan(LEAVING - 10);
  expect(outcomes.filter((one) => one === 'AbortError').length).toBeGreaterThan(LEAVING - 10);

  expect(floatsOf((await staying).outputs[0]!)[0]).toBeCloseTo(5, 4);
  const after = await client.predict('slow', [floatTensor('x', 1, [7])]);
  expect(floatsOf(after.outputs[0]!)[0]).toBeCloseTo(8, 4);
  expect(await cancelled()).toBeGreaterThan(2 * LEAVING - 20);
  // Two that stayed, and what had been run or was running by the time of the farewell.
  expect((await ran()) - ranBefore).toBeLessThan(20);
});
