/**
 * A model whose runs take longer than the silence after which a process is given up, on a cluster that knows its
 * processes by heartbeats alone: the worker stays alive, its other models answer meanwhile, and it stops in good time.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { SETTINGS } from '../../cluster/config.ts';
import { TestCluster } from '../support/cluster.ts';
import { dynamicModel, mixedModel, writeModel } from '../support/onnx-models.ts';
import { chainModel, lengthFor, lengthModel, productsFor } from '../support/slow-models.ts';

const FEATURES = fileURLToPath(new URL('../../examples/fraud/features.ts', import.meta.url));
const SLOW_RUN_MS = 1_000;
const SLOW_REQUESTS = 4;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Asked = { readonly status: number; readonly ms: number; readonly json: Record<string, unknown> };

async function ask(cluster: TestCluster, model: string, inputs: object): Promise<Asked> {
  const startMs = systemClock.nowMs();
  const { status, json } = await cluster.post(`/v1/predict/${model}`, { inputs }, { 'x-timeout-ms': '20000' });
  return { status, ms: systemClock.nowMs() - startMs, json };
}

/** An app without models, in a directory that goes away with the test. */
function newApp(): string {
  const app = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
  cleanups.push(() => rmSync(app, { recursive: true, force: true }));
  cpSync(FEATURES, join(app, 'features.ts'));
  return app;
}

it('a run of a second neither costs the worker its life nor keeps its other models waiting', async () => {
  const app = newApp();
  const models = join(app, 'models');
  const products = await productsFor(SLOW_RUN_MS * 1.1, mkdtempSync(join(app, 'measure-')));
  await writeModel(models, 'slow', '1', chainModel(products));
  await writeModel(models, 'quick', '1', mixedModel());
  await writeModel(models, 'free', '1', dynamicModel());

  const cluster = await TestCluster.start({
    flags: ['--app', app, '--local-links', 'off', '--shards', '1', '--replicas', '1', '--log-level', 'info'],
  });
  cleanups.push(() => cluster.kill());
  await cluster.whenWhole(3);
  const pid = (await cluster.pids()).get('worker-1');
  expect(cluster.stderr).toMatch(/"model":"slow\/1","place":"thread"/);
  expect(cluster.stderr).toMatch(/"model":"quick\/1","place":"inline"/);

  const slow = Promise.all(Array.from({ length: SLOW_REQUESTS }, () => ask(cluster, 'slow', { x: [[1]] })));
  let over = false;
  void slow.finally(() => {
    over = true;
  });
  const others: Asked[] = [];
  const states = new Set<string>();
  let silentMs = 0;
  while (!over) {
    others.push(await ask(cluster, 'quick', { a: [[1, 2]], b: [[3]], text: [['x']] }));
    others.push(await ask(cluster, 'free', { x: [[1, 2, 3]] }));
    const worker = (await cluster.status()).members.find(({ name }) => name === 'worker-1')!;
    states.add(`${worker.state} ${worker.ready}`);
    silentMs = Math.max(silentMs, worker.heartbeat_age_ms);
    await sleep(systemClock, 20);
  }
  const answers = await slow;
  expect(answers.map(({ status, json }) => [status, json['error']])).toEqual(answers.map(() => [200, undefined]));
  const runMs = answers.map(({ json }) => (json['timings_us'] as { run: number }).run / 1_000);
  // Else the test shows nothing.
  expect(Math.max(...runMs)).toBeGreaterThan(SETTINGS.deadAfterMs.default);
  expect(states).toEqual(new Set(['alive true']));
  expect(silentMs).toBeLessThan(SETTINGS.suspectAfterMs.default);
  expect((await cluster.pids()).get('worker-1')).toBe(pid);
  expect(others.length).toBeGreaterThan(2 * SLOW_REQUESTS);
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
  expect(Math.max(...others.map(({ ms }) => ms))).toBeLessThan(SLOW_RUN_MS / 2);

  // Stopped in the middle of a run: what was admitted is answered, and nothing is left.
  const last = ask(cluster, 'slow', { x: [[1]] });
  await sleep(systemClock, 200);
  const stopMs = systemClock.nowMs();
  const exit = cluster.stop();
  expect((await last).status).toBe(200);
  await exit;
  expect(systemClock.nowMs() - stopMs).toBeLessThan(10_000);
}, 120_000);

it('a run that outlasts the time to drain does not hold up the stop', async () => {
  const app = newApp();
  await writeModel(join(app, 'models'), 'endless', '1', lengthModel(), { name: 'endless', batch: { rows_max: 2 } });
  const length = await lengthFor(20_000, mkdtempSync(join(app, 'measure-')));
  const cluster = await TestCluster.start({
    flags: ['--app', app, '--local-links', 'off', '--shards', '1', '--replicas', '1', '--drain-ms', '300'],
  });
  cleanups.push(() => cluster.kill());
  await cluster.whenWhole(3);
  const x = [Array.from({ length }, () => [[1]])];
  const asked = ask(cluster, 'endless', { x }).catch(() => null);
  await sleep(systemClock, 1_000);
  const worker = (await cluster.status()).members.find(({ name }) => name === 'worker-1')!;
  expect([worker.state, worker.ready]).toEqual(['alive', true]);
  const stopMs = systemClock.nowMs();
  const exit = await cluster.stop();
  const tookMs = systemClock.nowMs() - stopMs;
  expect(exit).toEqual({ code: 0, signal: null });
  expect(tookMs).toBeLessThan(9_000);
  expect(cluster.stderr).toMatch(/a run did not end in time for the shutdown/);
  const answer = await asked;
  expect(answer === null || answer.status >= 500).toBe(true);
}, 120_000);
