/** Starting, stopping and starting again: what is answered meanwhile, what is kept, what is left. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { type NatsServerProcess, startNatsServer } from '../../cluster/nats-server/launch.ts';
import { locateNatsServer } from '../../cluster/nats-server/locate.ts';
import { connectClient } from '../../index.ts';
import { eventually, freePorts, isFree, processesWith, TestCluster } from '../support/cluster.ts';
import { golden, merchantRows, tensorsOf, userRows } from '../support/golden.ts';
import { SteadyLoad, summary } from '../support/load.ts';
import { WireProbe } from '../support/wire-probe.ts';

// Several starts and stops each, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-e2e-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

async function start(options: Parameters<typeof TestCluster.start>[0] = {}): Promise<TestCluster> {
  const cluster = await TestCluster.spawn(options);
  cleanups.push(() => cluster.kill());
  await cluster.whenReady();
  return cluster;
}

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
    cleanups.push(() => new Promise((closed) => server.close(closed)));
  });
}

const requests = golden.rows.map((row) => row.request);

describe('starting', () => {
  it('says ready when health says so, not before', async () => {
    const cluster = await TestCluster.spawn();
    cleanups.push(() => cluster.kill());
    let early = 0;
    await eventually(
      async () => {
        const said = cluster.isReady;
        const health = await fetch(`${cluster.url}/v2/health/ready`).catch(() => null);
        if (said && health?.status !== 200) early++;
        return said;
      },
      () => `not ready:\n${cluster.stderr}`,
      50_000,
    );
    expect(early).toBe(0);
    expect(cluster.stdout).toBe('ready\n');
    expect((await cluster.post('/v1/predict/fraud', requests[0])).status).toBe(200);
    await cluster.stop();
  });

  it('that is interrupted stops what it had started', async () => {
    const cluster = await TestCluster.spawn();
    cleanups.push(() => cluster.kill());
    await eventually(
      async () => (await cluster.processes()).length >= 4,
      () => 'no children came up',
      50_000,
    );
    cluster.signal('SIGINT');
    const exit = await cluster.whenGone();
    // 0 where it had become ready in the same moment.
    expect([130, 0]).toContain(exit.code);
  });
});

describe('a port that is taken', () => {
  it.each([
    ['http', '--http-port', 0],
    ['grpc', '--grpc-port', 0],
    ['nats', '--nats-port', 0],
    ['metrics', '--metrics-port', 2],
  ] as const)('for %s ends the start with code 3 and names %s', async (which, flag, offset) => {
    const ports = await freePorts();
    const taken = ports[which] + offset;
    await occupy(taken);
    const cluster = await TestCluster.spawn({ ports, dataDir: temporaryDirectory() });
    cleanups.push(() => cluster.kill());
    const exit = await cluster.exited;
    expect(exit).toEqual({ code: 3, signal: null });
    expect(cluster.stderr).toContain(`port ${taken}`);
    expect(cluster.stderr).toContain(flag);
    expect(cluster.stderr).not.toMatch(/^\s+at /m);
    expect(cluster.stdout).toBe('');
    await eventually(
      async () => (await cluster.processes()).length === 0,
      () => 'processes are left of a start that failed',
    );
  });
});

describe('stopping by SIGINT', () => {
  it('answers everything in flight exactly once, then leaves no process and no port', async () => {
    const cluster = await start();
    const client = await connectClient({ url: cluster.natsUrl, timeoutMs: 4_000 });
    cleanups.push(() => client.close());
    const probe = await WireProbe.connect(cluster.natsUrl);
    cleanups.push(() => probe.close());
    let afterStop = 0;
    let stopping = false;
    const overNats = new SteadyLoad(200, (index) => client.predict('fraud', tensorsOf([requests[index % 20]!])));
    const statuses: number[] = [];
    const overHttp = new SteadyLoad(100, async (index) => {
      const begun = stopping;
      const { status } = await cluster.post('/v1/predict/fraud', requests[index % 20]);
      statuses.push(status);
      if (begun && status === 200) afterStop++;
    });
    await sleep(systemClock, 1_500);
    stopping = true;
    const signalAtMs = overNats.elapsedMs;
    const stopped = cluster.stop();
    const http = await Promise.race([sleep(systemClock, 1_000), stopped]).then(() => overHttp.stop());
    const nats = await overNats.stop();
    await stopped;
    console.log(summary('HTTP while stopping', http), `(${afterStop} served after the signal)`);
    console.log(summary('NATS while stopping', nats));
    // Refused is an answer too; a connection that is cut under a request is not. Once the port is closed, fetch fails.
    expect(new Set(statuses)).toSatisfy((seen: Set<number>) =>
      [...seen].every((status) => [200, 503].includes(status)),
    );
    expect(http.ok).toBeGreaterThan(100);
    for (const code of http.failed.keys()) expect(code).toBe('TypeError');
    for (const message of http.messages) expect(message).toContain('fetch failed');
    for (const code of nats.failed.keys()) expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED']).toContain(code);
    expect(nats.ok + nats.failures.length).toBe(nats.sent);
    // What had been sent before the signal was answered; only later ones may have met nobody.
    const unanswered = nats.failures.filter((one) => one.code === 'DEADLINE_EXCEEDED');
    expect(unanswered.filter((one) => one.sentAtMs < signalAtMs)).toEqual([]);
    expect(nats.ok).toBeGreaterThan(200);
    expect(probe.answeredTwice()).toEqual([]);
  });

  it('answers a slow stream of HTTP requests that it had taken', async () => {
    const cluster = await start();
    // Large enough to be under way for a while: 256 rows each, all sent at once.
    const rows = Array.from({ length: 250 }, (_, i) => requests[i % 20]!);
    const body = {
      user_id: rows.map((row) => row.user_id),
      inputs: Object.fromEntries(
        Object.keys(rows[0]!.inputs).map((name) => [
          name,
          rows.map((row) => (row.inputs as unknown as Record<string, unknown>)[name]),
        ]),
      ),
    };
    const answers = Array.from({ length: 40 }, () =>
      cluster.post('/v1/predict/fraud', body).then(
        ({ status }) => status,
        (thrown: unknown) => String((thrown as Error).cause ?? thrown),
      ),
    );
    await Promise.race(answers);
    const stopped = cluster.stop();
    const seen = await Promise.all(answers);
    await stopped;
    expect(seen.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(seen.filter((status) => status === 200).length).toBeGreaterThan(0);
  });
});

describe('a start that is killed with -9', () => {
  it('takes its children and its NATS server with it', async () => {
    const cluster = await start();
    expect((await cluster.processes()).length).toBeGreaterThanOrEqual(6);
    cluster.signal('SIGKILL');
    expect(await cluster.whenGone()).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('a second start on the same data', () => {
  it('serves what was stored, without reading the log again from the beginning', async () => {
    const dataDir = temporaryDirectory();
    const first = await start({ dataDir });
    await first.post('/v1/features/user_profile:push', { rows: userRows });
    await first.post('/v1/features/merchant_profile:push', { rows: merchantRows });
    const keys = userRows.map((row) => row.user_id);
    type Row = { found: boolean; applied_seq: number; values: Record<string, unknown> };
    const read = async (cluster: TestCluster) =>
      (await cluster.post('/v1/features/user_profile:get', { keys })).json['rows'] as Row[];
    // Until every replica has applied it all, not only those that happened to answer first.
    let same = 0;
    let last = '';
    await eventually(
      async () => {
        const rows = await read(first);
        const now = JSON.stringify(rows.map((row) => [row.found, row.applied_seq]));
        same = now === last && rows.every((row) => row.found) ? same + 1 : 0;
        last = now;
        return same >= 15;
      },
      () => 'pushed rows are not read alike by every replica',
    );
    const before = await read(first);
    await first.stop();

    const second = await start({ dataDir });
    const after = await read(second);
    expect(after.map((row) => [row.found, row.applied_seq, row.values])).toEqual(
      before.map((row) => [row.found, row.applied_seq, row.values]),
    );
    const answers = await Promise.all(requests.map((request) => second.post('/v1/predict/fraud', request)));
    answers.forEach(({ json }, i) => {
      expect(Math.abs((json['outputs'] as { score: number }).score - golden.rows[i]!.score)).toBeLessThan(
        golden.tolerance,
      );
    });
    // Nothing was applied anew: the cursors in the replicas were where they had been.
    for (const { metrics_url } of (await second.status()).members.filter((member) => member.role === 'shard')) {
      const text = await (await fetch(metrics_url!)).text();
      expect(text).not.toMatch(/^dovetail_replica_rows_total\{outcome="applied"\} [1-9]/m);
    }
    await second.stop();
  });

  it('after everything was killed with -9 has every acknowledged row', async () => {
    const dataDir = temporaryDirectory();
    const first = await start({ dataDir });
    const rows = Array.from({ length: 300 }, (_, i) => ({ user_id: `kept-${i}`, payments_total: i }));
    const { json } = await first.post('/v1/features/user_profile:push', { rows });
    expect(json).toMatchObject({ accepted: 300, rejected: 0 });
    for (const { pid } of await first.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // A child may have ended with its parent.
      }
    }
    await first.exited;
    await eventually(
      async () => (await processesWith(dataDir)).length === 0,
      () => 'killed processes are still there',
    );
    const second = await start({ dataDir });
    const read = (await second.post('/v1/features/user_profile:get', { keys: rows.map((row) => row.user_id) })).json[
      'rows'
    ] as { found: boolean; values: { payments_total: number } }[];
    expect(read.filter((row, i) => !row.found || row.values.payments_total !== i)).toEqual([]);
    await second.stop();
  });

  it('while the first still runs is refused, and harms it not', async () => {
    const dataDir = temporaryDirectory();
    const first = await start({ dataDir });
    const second = await TestCluster.spawn({ dataDir, ports: await freePorts() });
    cleanups.push(() => second.kill());
    const exit = await second.exited;
    expect(exit.code).toBe(3);
    expect(second.stderr).toContain('--data-dir');
    expect((await first.post('/v1/predict/fraud', requests[0])).status).toBe(200);
    await first.stop();
  });
});

describe('an existing NATS server', () => {
  it('is used by --nats-url and left running', async () => {
    const directory = temporaryDirectory();
    const ports = await freePorts();
    const { path } = await locateNatsServer({ clock: systemClock });
    const server: NatsServerProcess = await startNatsServer({
      path,
      port: ports.nats,
      dataDir: join(directory, 'other-nats'),
      clock: systemClock,
    });
    cleanups.push(() => server.stop());
    const own = await freePorts();
    const cluster = await start({ natsUrl: server.url, ports: own });
    expect(await isFree(own.nats)).toBe(true);
    expect((await cluster.post('/v1/predict/fraud', requests[0])).status).toBe(200);
    await cluster.stop();
    const connection = await connect({ servers: server.url });
    await connection.flush();
    await connection.close();
    expect(() => process.kill(server.pid, 0)).not.toThrow();
  });

  it('that is not there ends the start with code 3 and says which address', async () => {
    const ports = await freePorts();
    const cluster = await TestCluster.spawn({ natsUrl: `nats://127.0.0.1:${ports.nats}`, ports });
    cleanups.push(() => cluster.kill());
    const exit = await cluster.whenGone();
    expect(exit.code).toBe(3);
    expect(cluster.stderr).toContain(`cannot connect to NATS at nats://127.0.0.1:${ports.nats}`);
    expect(cluster.stderr).toContain('--nats-url');
  });
});
