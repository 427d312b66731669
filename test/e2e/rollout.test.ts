/** Versions of real models changed under load: an equal one promoted, a failing one rolled back, whoever dies meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RolloutView } from '../../actors/router/rollout/rollout-port.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { createLog } from '../../cluster/log.ts';
import { connectNats, type NatsLink } from '../../cluster/nats/nats-link.ts';
import { decodeLease } from '../../cluster/placement/lease.ts';
import { BUCKETS, ROLLOUT_LEASE_KEY, rolloutEventSubject } from '../../proto/subjects.ts';
import { dovetail, eventually, PROGRAM, TestCluster } from '../support/cluster.ts';
import { golden } from '../support/golden.ts';
import { tableModel } from '../support/onnx-models.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const FRAUD = fileURLToPath(new URL('../../examples/fraud/', import.meta.url));
const ENTRIES = 40;
/** Quick steps; latencies on a busy machine are not what these tests are about. */
const QUICK = {
  hold_ms: 1_500,
  limit_ms: 90_000,
  policy: { min_requests: 60, latency_slack_ms: 5_000, error_tolerance: 0.1 },
};

let app: string;
let cluster: TestCluster;
let link: NatsLink;
let second: ChildProcess;
let secondUrl = '';
const events: Record<string, unknown>[] = [];

/** `broken` answers half of what it is asked. */
function putModels(): void {
  const versions: [string, string, number][] = [
    ['steady', '1', ENTRIES],
    ['steady', '2', ENTRIES],
    ['broken', '1', ENTRIES],
    ['broken', '2', ENTRIES / 2],
    ['handed', '1', ENTRIES],
    ['handed', '2', ENTRIES],
    ['copied', '1', ENTRIES],
    ['copied', '2', ENTRIES / 2],
  ];
  for (const [name, version, entries] of versions) {
    mkdirSync(join(app, 'models', name, version), { recursive: true });
    writeFileSync(join(app, 'models', name, version, 'model.onnx'), tableModel(entries));
  }
  cpSync(join(FRAUD, 'models', 'fraud'), join(app, 'models', 'fraud'), { recursive: true });
  cpSync(join(app, 'models', 'fraud', '1'), join(app, 'models', 'fraud', '2'), { recursive: true });
}

beforeAll(async () => {
  app = mkdtempSync(join(tmpdir(), 'dovetail-rollout-'));
  for (const file of ['features.ts', 'profile.ts']) cpSync(join(FRAUD, file), join(app, file));
  putModels();
  cluster = await TestCluster.start({ flags: ['--app', app, '--shards', '1'] });
  const log = createLog({ level: 'silent', node: 'test' });
  link = await connectNats({ url: cluster.natsUrl, name: 'test', clock: systemClock, log, connectTimeoutMs: 5_000 });
  link.subscribe(rolloutEventSubject('*'), (bytes) => events.push(JSON.parse(Buffer.from(bytes).toString())));
  const flags = ['--role', 'gateway', '--name', 'gateway-2', '--nats-url', cluster.natsUrl, '--app', app];
  const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0', '--data-dir', join(app, 'data')];
  second = spawn(process.execPath, [PROGRAM, 'node', ...flags, ...ports], { stdio: 'ignore' });
  await eventually(
    async () => {
      const { members } = await cluster.status();
      secondUrl = members.find(({ name, ready }) => name === 'gateway-2' && ready)?.http_url ?? '';
      return secondUrl !== '';
    },
    () => 'the second gateway is not ready',
    50_000,
  );
});

afterAll(async () => {
  second?.kill('SIGKILL');
  await link?.drain();
  await cluster?.kill();
  rmSync(app, { recursive: true, force: true, maxRetries: 3 });
});

type Tally = { ok: number; failed: number; byVersion: Map<string, number> };

/** Asks both gateways until stopped; one that is gone is left alone for a while. */
function load(model: string): { tally: Tally; stop(): Promise<Tally> } {
  const tally: Tally = { ok: 0, failed: 0, byVersion: new Map() };
  let going = true;
  const ask = async (loop: number): Promise<void> => {
    for (let i = loop; going; i++) {
      const index = i % ENTRIES;
      const base = i % 2 === 0 ? cluster.url : secondUrl;
      const init = { method: 'POST', body: JSON.stringify({ inputs: { index } }) };
      const response = await fetch(`${base}/v1/predict/${model}`, init).catch(() => null);
      if (response === null) {
        await sleep(systemClock, 20);
        continue;
      }
      const { model: served } = (await response.json()) as { model?: { version: string } };
      if (response.status === 200) tally.ok++;
      else tally.failed++;
      const version = served?.version ?? `HTTP ${response.status}`;
      tally.byVersion.set(version, (tally.byVersion.get(version) ?? 0) + 1);
      await sleep(systemClock, 2);
    }
  };
  const loops = [1, 2, 3, 4].map((loop) => ask(loop * 7));
  return {
    tally,
    stop: async () => {
      going = false;
      await Promise.all(loops);
      return tally;
    },
  };
}

async function view(model: string, base = cluster.url): Promise<RolloutView> {
  return (await (await fetch(`${base}/v1/models/${model}/rollout`)).json()) as RolloutView;
}

async function pinAndStart(model: string, body: object): Promise<void> {
  expect(await cluster.post(`/v1/models/${model}/champion`, { version: '1' })).toMatchObject({ status: 200 });
  const started = await cluster.post(`/v1/models/${model}/rollout`, { candidate: '2', ...QUICK, ...body });
  expect(started).toMatchObject({ status: 200, json: { rollout: { status: 'running', baseline: '1' } } });
}

async function whenOver(model: string): Promise<RolloutView> {
  let last = '';
  let seen: RolloutView | null = null;
  await eventually(
    async () => {
      seen = await view(model, secondUrl);
      last = JSON.stringify(seen);
      return !['running', 'paused'].includes(seen.rollout!.status);
    },
    () => `the rollout of ${model} does not end: ${last}`,
    80_000,
  );
  return seen!;
}

describe('a rollout under load', () => {
  it('of an equal version is promoted step by step, and nobody fails', async () => {
    await pinAndStart('steady', { steps: [20, 50] });
    const going = load('steady');
    const over = await whenOver('steady');
    expect(over).toMatchObject({ rollout: { status: 'promoted' }, aliases: { champion: '2', previous: '1' } });
    const { failed, byVersion } = await going.stop();
    expect(failed).toBe(0);
    expect([...byVersion.keys()].sort()).toEqual(['1', '2']);
    // Whoever takes the lead tells the latest once more.
    const told = new Map(events.filter(({ model }) => model === 'steady').map(({ seq, kind }) => [seq, kind]));
    const kinds = [...told.values()].filter((kind) => kind !== 'paused' && kind !== 'resumed');
    expect(kinds).toEqual(['started', 'step', 'promoted']);
    // From now on everybody gets it, at either gateway; the one before can still be asked for by its alias.
    const answer = await cluster.post('/v1/predict/steady', { inputs: { index: 2 } });
    expect(answer.json).toMatchObject({ model: { version: '2' }, outputs: { value: 30 } });
    const before = await cluster.post('/v1/predict/steady/versions/previous', { inputs: { index: 2 } });
    expect(before.json).toMatchObject({ model: { version: '1' } });
    const named = await cluster.post('/v1/predict/steady@previous', { inputs: { index: 2 } });
    expect(named.json).toMatchObject({ model: { version: '1' } });
    const metrics = await (await fetch(`http://127.0.0.1:${cluster.ports.metrics}/metrics`)).text();
    expect(metrics).toMatch(
      /dovetail_rollout_requests_total\{[^}]*model="steady",version="2",arm="candidate",code="OK"[^}]*\} [1-9]/,
    );
  });

  it('of a failing version is rolled back by itself, and the old one serves on', async () => {
    await pinAndStart('broken', { steps: [20, 50] });
    const going = load('broken');
    const over = await whenOver('broken');
    expect(over.rollout).toMatchObject({ status: 'rolled_back', step: 0 });
    expect(over.rollout!.reason).toMatch(/^errors: /);
    expect(over.aliases).toEqual({ champion: '1' });
    const { ok, failed } = await going.stop();
    expect(failed / (ok + failed)).toBeLessThan(0.2);
    for (const base of [cluster.url, secondUrl]) {
      const init = { method: 'POST', body: JSON.stringify({ inputs: { index: ENTRIES - 1 } }) };
      expect(await (await fetch(`${base}/v1/predict/broken`, init)).json()).toMatchObject({ model: { version: '1' } });
    }
    // A gateway that starts afterwards does not give anybody the newest, not for a moment.
    process.kill((await cluster.pids()).get('gateway-1')!, 'SIGKILL');
    const versions = new Set<string>();
    let answers = 0;
    await eventually(
      async () => {
        const init = { method: 'POST', body: JSON.stringify({ inputs: { index: 1 } }) };
        const response = await fetch(`${cluster.url}/v1/predict/broken`, init);
        const { model } = (await response.json()) as { model?: { version: string } };
        if (model !== undefined) versions.add(model.version);
        return response.status === 200 && ++answers > 20;
      },
      () => `gateway-1 does not come back: ${cluster.stderr}`,
      50_000,
    );
    expect([...versions]).toEqual(['1']);
    const shown = await dovetail(['rollout', 'status', 'broken', '--url', cluster.url]);
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringContaining('rolled_back: errors: ') });
  });

  it('of copies to a failing version fails nobody, and ends in a rollback too', async () => {
    await pinAndStart('copied', { kind: 'shadow' });
    const going = load('copied');
    const over = await whenOver('copied');
    expect(over.rollout).toMatchObject({ status: 'rolled_back' });
    const { failed, byVersion } = await going.stop();
    expect({ failed, versions: [...byVersion.keys()] }).toEqual({ failed: 0, versions: ['1'] });
  });

  it('of an A/B test gives each user one version, whichever gateway is asked and however often', async () => {
    await pinAndStart('fraud', { kind: 'ab', steps: [40] });
    const { request } = golden.rows[0]!;
    const versionOf = async (base: string, user: string): Promise<string> => {
      const init = { method: 'POST', body: JSON.stringify({ ...request, user_id: user }) };
      const answer = (await (await fetch(`${base}/v1/predict/fraud`, init)).json()) as { model: { version: string } };
      return answer.model.version;
    };
    const users = Array.from({ length: 40 }, (_, i) => `ab-${i}`);
    const ask = async (base: string) => Promise.all(users.map((user) => versionOf(base, user)));
    // The second gateway has heard of it once it splits as the first does.
    const first = await ask(cluster.url);
    await expect.poll(() => ask(secondUrl), { timeout: 10_000 }).toEqual(first);
    expect(await ask(cluster.url)).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['1', '2']));
    expect((await cluster.post('/v1/models/fraud/rollout/abort', '')).status).toBe(200);
    expect(new Set(await ask(cluster.url))).toEqual(new Set(['1']));
    await expect.poll(() => ask(secondUrl), { timeout: 10_000 }).toEqual(users.map(() => '1'));
  });

  it('goes on where it was when the gateway that moves it on is killed half-way', async () => {
    await pinAndStart('handed', { steps: [20, 40, 60] });
    const going = load('handed');
    const leases = await link.keyValue(BUCKETS.lease);
    await eventually(
      async () => (await view('handed', secondUrl)).rollout!.step === 1,
      () => 'no step was made',
      60_000,
    );
    const { holder } = decodeLease((await leases.get(ROLLOUT_LEASE_KEY))!.value);
    const { members } = await cluster.status();
    const { pid, name } = members.find(({ node }) => node === holder)!;
    process.kill(pid, 'SIGKILL');
    // The one that `up` watches over comes back.
    const other = name === 'gateway-1' ? secondUrl : cluster.url;
    let last = '';
    await eventually(
      async () => {
        const { rollout } = await view('handed', other);
        last = JSON.stringify(rollout);
        return rollout!.status === 'promoted';
      },
      () => `it stands still: ${last}`,
      80_000,
    );
    const { failed } = await going.stop();
    expect(failed).toBe(0);
    const { rollout } = await view('handed', other);
    const kinds = rollout!.events.map(({ kind }) => kind).filter((kind) => kind !== 'paused' && kind !== 'resumed');
    expect(kinds).toEqual(['started', 'step', 'step', 'promoted']);
    // Each event was told, some perhaps twice.
    const told = events.filter((event) => event['rollout'] === rollout!.id).map((event) => event['seq']);
    expect([...new Set(told)].sort()).toEqual(rollout!.events.map(({ seq }) => seq).sort());
  });
});
