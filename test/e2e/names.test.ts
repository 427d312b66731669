/** Two processes, or two clusters, that want the same names on one NATS: one serves on undisturbed, the other says why not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { dovetail, eventually, PROGRAM, TestCluster } from '../support/cluster.ts';
import { golden } from '../support/golden.ts';
import { NatsFixture } from '../support/nats-fixture.ts';

// Several starts and stops each, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function nats(): Promise<NatsFixture> {
  const server = await NatsFixture.start();
  cleanups.push(() => server.stop());
  return server;
}

async function up(natsUrl: string): Promise<TestCluster> {
  const cluster = await TestCluster.spawn({ natsUrl });
  cleanups.push(() => cluster.kill());
  return cluster;
}

async function nodeFlags(role: string, name: string, natsUrl: string): Promise<string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dovetail-e2e-'));
  cleanups.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];
  return ['node', '--role', role, '--name', name, '--nats-url', natsUrl, '--data-dir', dataDir, ...ports];
}

async function expectServing(cluster: TestCluster): Promise<void> {
  expect((await cluster.post('/v1/predict/fraud', golden.rows[0]!.request)).status).toBe(200);
}

describe('a second `up` on the NATS of a running cluster', () => {
  it('ends at once with code 4 and says who has the name; the first serves on, untouched', async () => {
    const { url } = await nats();
    const first = await up(url);
    await first.whenReady();
    const before = await first.pids();
    const second = await up(url);
    expect(await second.whenGone()).toEqual({ code: 4, signal: null });
    expect(second.stdout).toBe('');
    // One error, not one a process and a restart.
    expect(second.stderr.trim().split('\n')).toHaveLength(1);
    expect(second.stderr).toMatch(/'[a-z]+-\d' is taken/);
    expect(second.stderr).toContain('--nats-url');
    expect([...before.values()].some((pid) => second.stderr.includes(`pid ${pid}`))).toBe(true);
    await expectServing(first);
    expect(await first.pids()).toEqual(before);
    expect(first.stderr).not.toContain('ended');
    await first.stop();
  });

  it('that is started together with the first: one gets ready, the other ends with code 4', async () => {
    const { url } = await nats();
    const clusters = await Promise.all([up(url), up(url)]);
    const loser = await Promise.race(clusters.map((cluster) => cluster.exited.then(() => cluster)));
    const winner = clusters.find((cluster) => cluster !== loser)!;
    expect(await loser.whenGone()).toEqual({ code: 4, signal: null });
    await winner.whenReady();
    await expectServing(winner);
    expect(winner.stderr).not.toContain('ended');
    await winner.stop();
  });
});

describe('a `node` whose name is taken', () => {
  it.each(['gateway', 'shard', 'worker'])('as a %s ends with code 4 and evicts nobody', async (role) => {
    const { url } = await nats();
    const cluster = await up(url);
    await cluster.whenReady();
    const before = await cluster.pids();
    const { code, stdout, stderr } = await dovetail(await nodeFlags(role, `${role}-1`, url));
    expect(code).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toContain(`'${role}-1' is taken`);
    expect(stderr).toContain(`pid ${before.get(`${role}-1`)}`);
    expect(stderr).toContain('--name');
    await expectServing(cluster);
    expect(await cluster.pids()).toEqual(before);
    await cluster.stop();
  });
});

describe('two `node` of one name that are started together', () => {
  it('leave one that serves; the other ends by itself', async () => {
    const { url } = await nats();
    const flags = await Promise.all([nodeFlags('worker', 'worker-1', url), nodeFlags('worker', 'worker-1', url)]);
    const both = flags.map((one) => spawn(process.execPath, [PROGRAM, ...one], { stdio: 'ignore' }));
    for (const child of both) cleanups.push(() => child.kill('SIGKILL'));
    await eventually(
      () => both.some((child) => child.exitCode !== null),
      () => 'both run on',
    );
    const [loser] = both.filter((child) => child.exitCode !== null);
    // 4 where it found the other in time; 3 where both had found the name free in the same instant.
    expect([3, 4]).toContain(loser!.exitCode);
    await sleep(systemClock, 1_500);
    expect(both.filter((child) => child.exitCode === null)).toHaveLength(1);
  });
});

describe('a process that was out of reach while another took its name', () => {
  it('gives way: its `up` starts it once more, finds the other alive, and ends with code 4', async () => {
    const { url } = await nats();
    const cluster = await up(url);
    await cluster.whenReady();
    const frozen = (await cluster.pids()).get('worker-1')!;
    process.kill(frozen, 'SIGSTOP');
    const successor = await start(await nodeFlags('worker', 'worker-1', url));
    await eventually(
      async () => (await cluster.pids()).get('worker-1') === successor.pid,
      () => 'the successor did not join',
    );
    process.kill(frozen, 'SIGCONT');
    expect(await cluster.whenGone()).toEqual({ code: 4, signal: null });
    expect(cluster.stderr).toContain(`pid ${successor.pid}`);
    expect(successor.exitCode).toBeNull();
  });
});

/** Runs a node until the test ends; resolves once it is ready. */
async function start(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  cleanups.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout!.on('data', (text: Buffer) => {
    said += text.toString();
  });
  await eventually(
    () => said.includes('ready'),
    () => 'the node is not ready',
  );
  return child;
}
