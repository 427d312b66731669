/** Snapshots as an operator works with them: taken, listed, exported, restored into a shard that lost its replica. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dovetail, eventually, freePorts, TestCluster } from '../support/cluster.ts';

// Each starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const KEYS = Array.from({ length: 40 }, (_, i) => `snap-${i}`);
const FLAGS = ['--partitions', '8', '--snapshot-interval', '0'];

let cluster: TestCluster | undefined;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dovetail-snapshots-'));
});

afterAll(async () => {
  await cluster?.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function push(of: TestCluster, total: number): Promise<void> {
  const rows = KEYS.map((user_id, i) => ({
    user_id,
    payments_total: total + i,
    avg_amount: 10.5,
    event_time: Date.now(),
  }));
  const { status, json } = await of.post('/v1/features/user_profile:push', { rows });
  expect(status, JSON.stringify(json)).toBe(200);
}

async function read(of: TestCluster): Promise<unknown[]> {
  const { status, json } = await of.post('/v1/features/user_profile:get', { keys: KEYS });
  expect(status, JSON.stringify(json)).toBe(200);
  return (json as { rows: { values: Record<string, unknown> | null }[] }).rows.map(
    (row) => row.values?.['payments_total'],
  );
}

describe('an operator', () => {
  it('stores, lists, exports and restores snapshots', async () => {
    const dataDir = join(directory, 'data');
    const out = join(directory, 'exported');
    const ports = await freePorts();
    cluster = await TestCluster.start({ dataDir, ports, flags: FLAGS });
    await push(cluster, 100);
    const wanted = (total: number) => KEYS.map((_, i) => total + i);
    let found: unknown[] = [];
    const shows = async (total: number) => {
      found = await read(cluster!);
      return JSON.stringify(found) === JSON.stringify(wanted(total));
    };
    await eventually(
      () => shows(100),
      () => `the rows are not there: ${JSON.stringify(found)}`,
    );
    const url = ['--nats-url', cluster.natsUrl];

    const taken = await dovetail(['snapshot', ...url]);
    expect(taken, taken.stderr).toMatchObject({ code: 0 });
    const tally = JSON.parse(taken.stdout) as { stored: number; empty: number; failed: number };
    expect(tally.stored).toBeGreaterThan(4);
    expect(tally.stored + tally.empty).toBe(9);
    expect(JSON.parse((await dovetail(['snapshot', ...url])).stdout)).toMatchObject({
      stored: 0,
      unchanged: tally.stored,
    });

    const listed = JSON.parse((await dovetail(['snapshot', '--list', '--json', ...url])).stdout) as {
      partition: number;
    }[];
    expect(listed).toHaveLength(tally.stored);
    expect((await dovetail(['snapshot', '--list', ...url])).stdout).toMatch(
      /^PARTITION +SEQUENCE.*\n\d+ +\d+ +\d+ +\d+ +\d+ s +yes/,
    );

    const exported = await dovetail(['snapshot', '--out', out, ...url]);
    expect(exported, exported.stderr).toMatchObject({ code: 0 });
    expect(readdirSync(out)).toHaveLength(tally.stored);

    const running = await dovetail(['restore', '--node', 'shard-1', '--data-dir', dataDir, ...url]);
    expect(running).toMatchObject({ code: 4, stderr: expect.stringContaining('shard-1') });

    await cluster.stop();
    // Both replicas are lost; one comes back from the files.
    for (const shard of ['shard-1', 'shard-2']) rmSync(join(dataDir, shard), { recursive: true });
    const file = join(out, readdirSync(out)[0]!);
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, whole.length - 7));
    const restore = ['restore', '--node', 'shard-1', '--data-dir', dataDir, '--from', out];
    const cut = await dovetail(restore);
    expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining('not whole') });
    expect(JSON.parse(cut.stdout)).toMatchObject({ restored: tally.stored - 1, failed: 1 });
    writeFileSync(file, whole);
    const restored = await dovetail(restore);
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(restored.stdout)).toMatchObject({ restored: 1, kept: tally.stored - 1, failed: 0 });
    expect(existsSync(join(dataDir, 'shard-1', 'replica.lmdb'))).toBe(true);

    cluster = await TestCluster.start({ dataDir, ports, flags: FLAGS });
    expect(await read(cluster)).toEqual(wanted(100));
    await push(cluster, 200);
    await eventually(
      () => shows(200),
      () => `the rows are not there: ${JSON.stringify(found)}`,
    );
    await cluster.stop();
  });

  it('who starts a new log sees that old replicas and old snapshots are refused, with the reason', async () => {
    const dataDir = join(directory, 'data');
    const out = join(directory, 'exported');
    const ports = await freePorts();
    rmSync(join(dataDir, 'nats'), { recursive: true });
    cluster = await TestCluster.spawn({ dataDir, ports, flags: [...FLAGS, '--shards', '1'] });
    const started = cluster;
    const notReady = async () => {
      try {
        const { status, json } = await started.get('/v2/health/ready');
        return status === 200 ? '' : JSON.stringify(json);
      } catch {
        return '';
      }
    };
    let said = '';
    await eventually(
      async () => {
        said = await notReady();
        return said.includes('refuses');
      },
      () => `no reason is given: ${said}`,
    );
    expect(said).toMatch(/shard shard-1 refuses to serve: the feature log was created anew/);
    const restore = [
      'restore',
      '--node',
      'shard-9',
      '--data-dir',
      dataDir,
      '--from',
      out,
      '--nats-url',
      started.natsUrl,
    ];
    const refused = await dovetail([...restore, '--partitions', '0-8']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('it is of the log created') });
    await started.kill();
  });
});
