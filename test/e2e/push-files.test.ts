/** Bulk pushes against a whole cluster: killed at any moment and begun again, nothing is lost and nothing counts twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { identifyFile } from '../../cli/bulk-push/saved-progress.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { dovetail, eventually, PROGRAM, TestCluster } from '../support/cluster.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const FEATURES = `
import { aggregate, bool, count, defineApp, entity, float32, int64, stream, string, sum, view } from 'dovetail';
const user = entity({ name: 'user', key: 'user_id' });
const profile = view({
  name: 'profile', entity: user,
  features: { total: int64(), score: float32(), is_new: bool() },
});
const payments = stream({ name: 'payments', allowedLateness: '1h', fields: { user_id: string(), amount: float32() } });
const spend = aggregate({
  name: 'spend', entity: user, stream: payments, bucket: '1h',
  features: { payments_7d: count('7d'), spend_7d: sum('amount', '7d') },
});
export default defineApp({ views: [profile, spend] });
`;

let cluster: TestCluster;
let directory: string;
let url: string[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dovetail-push-'));
  const app = join(directory, 'app');
  mkdirSync(join(app, 'models'), { recursive: true });
  writeFileSync(join(app, 'features.ts'), FEATURES);
  cluster = await TestCluster.start({
    flags: ['--app', app, '--shards', '1', '--replicas', '1', '--partitions', '16'],
  });
  url = ['--url', cluster.url];
});

afterAll(async () => {
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
    rmSync(directory, { recursive: true, force: true });
  }
});

const file = (name: string) => join(directory, name);
type Values = Readonly<Record<string, unknown>>;

async function values(view: string, keys: readonly string[]): Promise<(Values | null)[]> {
  const { json } = await cluster.post(`/v1/features/${view}:get`, { keys });
  return (json['rows'] as { found: boolean; values: Values }[]).map((row) => (row.found ? row.values : null));
}

/**
 * Starts the command and kills it a moment after it has saved how far it is; false where it ended before that. What is
 * saved by then is what the next run goes on from.
 */
async function killedOnTheWay(args: readonly string[], saved: string): Promise<boolean> {
  const before = readIfThere(saved);
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, 'push', ...args, ...url], { stdio: 'ignore' });
  let over = false;
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      over = true;
      resolve();
    }),
  );
  while (!over && [before, ''].includes(readIfThere(saved))) await sleep(systemClock, 2);
  await Promise.race([ended, sleep(systemClock, Math.random() * 60)]);
  if (over) return false;
  child.kill('SIGKILL');
  await ended;
  return existsSync(saved);
}

async function killedEarly(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, 'push', ...args, ...url], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await Promise.race([ended, sleep(systemClock, 50 + Math.random() * 200)]);
  child.kill('SIGKILL');
  await ended;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

describe('a file that is killed and pushed again until it is done', () => {
  it('has every row, each refused row once, and counts that are right', async () => {
    const count = 200_000;
    const bad = count / 5_000;
    const at = Date.now() - 60_000;
    const lines = Array.from({ length: count }, (_, i) =>
      i % 5_000 === 7 ? `u${i},many,0.5,true,${at}` : `u${i},${i},${i / 4},${i % 2 === 0},${at}`,
    );
    writeFileSync(file('rows.csv'), `user_id,total,score,is_new,event_time\n${lines.join('\n')}\n`);
    const args = ['profile', '--file', file('rows.csv'), '--refused', file('refused.jsonl')];
    const saved = `${file('rows.csv')}.profile.push-progress`;
    let kills = 0;
    // One before anything is acknowledged, then those on the way.
    await killedEarly(args);
    while (kills < 4 && (await killedOnTheWay(args, saved))) kills++;
    expect(kills).toBeGreaterThan(0);
    const last = await dovetail(['push', ...args, ...url]);
    expect(last.stderr).toContain('going on at line');
    expect(last.code).toBe(1);
    expect(JSON.parse(last.stdout)).toEqual({ accepted: count - bad, refused: bad });
    expect(existsSync(saved)).toBe(false);
    const refused = readFileSync(file('refused.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(refused.map(({ line }) => line)).toEqual(Array.from({ length: bad }, (_, i) => i * 5_000 + 7 + 2));
    expect(refused[0]).toMatchObject({ code: 'INVALID_ARGUMENT', reason: expect.stringContaining('total') });
    for (let from = 0; from < count; from += 10_000) {
      const keys = Array.from({ length: 10_000 }, (_, i) => `u${from + i}`);
      const expected = keys.map((_, i) => {
        const n = from + i;
        return n % 5_000 === 7 ? null : { total: n, score: n / 4, is_new: n % 2 === 0 };
      });
      await eventually(
        async () => JSON.stringify(await values('profile', keys)) === JSON.stringify(expected),
        () => `rows from ${from} on are not all there`,
      );
    }
  });

  it('counts each event once, with ids of its own or without', async () => {
    const users = 50;
    const count = 40_000;
    const from = Date.now() - 40 * 60_000;
    const lines = Array.from({ length: count }, (_, i) =>
      JSON.stringify({ user_id: `e${i % users}`, amount: 1, event_time: from + i * 50 }),
    );
    writeFileSync(file('events.jsonl'), `${lines.join('\n')}\n`);
    const args = ['payments', '--file', file('events.jsonl')];
    let kills = 0;
    while (kills < 2 && (await killedOnTheWay(args, `${file('events.jsonl')}.payments.push-progress`))) kills++;
    expect(kills).toBeGreaterThan(0);
    const rest = await dovetail(['push', ...args, ...url]);
    expect(JSON.parse(rest.stdout)).toEqual({ accepted: count, refused: 0 });
    // Once more, and all of it: the ids are those of the file's content.
    const again = await dovetail(['push', ...args, '--restart', ...url]);
    expect({ code: again.code, tally: JSON.parse(again.stdout) }).toEqual({
      code: 0,
      tally: { accepted: count, refused: 0 },
    });
    const each = count / users;
    const keys = Array.from({ length: users }, (_, i) => `e${i}`);
    await eventually(
      async () =>
        (await values('spend', keys)).every((row) => row?.['payments_7d'] === each && row['spend_7d'] === each),
      () => 'the events are not counted once each',
    );
  });
});

describe('an interrupted push', () => {
  it('saves what is acknowledged, ends with 130 and goes on there', async () => {
    const count = 150_000;
    writeFileSync(
      file('long.jsonl'),
      Array.from({ length: count }, (_, i) => `{"user_id":"i${i}","total":${i}}\n`).join(''),
    );
    const args = ['push', '--view', 'profile', '--file', file('long.jsonl'), ...url];
    const saved = `${file('long.jsonl')}.profile.push-progress`;
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await eventually(
      () => existsSync(saved),
      () => `nothing was saved: ${said}`,
    );
    child.kill('SIGINT');
    const code = await ended;
    // A fast machine may have been done before.
    expect([130, 0]).toContain(code);
    if (code === 0) return;
    expect(said).toContain('goes on there');
    const before = JSON.parse(readFileSync(saved, 'utf8')).progress.accepted as number;
    expect(before).toBeGreaterThan(0);
    const last = await dovetail(args);
    expect(last.stderr).toContain(`going on at line ${before + 1}: ${before} rows were acknowledged`);
    expect({ code: last.code, tally: JSON.parse(last.stdout) }).toEqual({
      code: 0,
      tally: { accepted: count, refused: 0 },
    });
  });

  it('is not gone on with in a file that has changed, or with other columns', async () => {
    const path = file('changed.csv');
    writeFileSync(path, 'user_id,total\nc1,1\n');
    const saved = `${path}.profile.push-progress`;
    const args = ['push', 'profile', '--file', path, ...url];
    const progress = { position: { offset: 14, number: 2 }, accepted: 1, refused: 0, refusedFileBytes: 0, seqMax: 0 };
    const of = { url: cluster.url, target: 'profile', file: await identifyFile(path), options: '--format csv' };
    writeFileSync(saved, JSON.stringify({ version: 1, of, progress }));
    const otherwise = await dovetail([...args, '--ignore-unknown']);
    expect(otherwise).toMatchObject({ code: 1, stderr: expect.stringMatching(/other options.*--restart/) });
    writeFileSync(path, 'user_id,total\nc1,1\nc2,2\n');
    const changed = await dovetail(args);
    expect(changed).toMatchObject({ code: 1, stderr: expect.stringMatching(/has changed.*--restart/) });
    const restarted = await dovetail([...args, '--restart']);
    expect(JSON.parse(restarted.stdout)).toEqual({ accepted: 2, refused: 0 });
    expect(existsSync(saved)).toBe(false);
  });
});

describe('the command', () => {
  it('takes Parquet with columns of other names, and says nothing when told to be quiet', async () => {
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'customer', data: [1n, 2n, 3n], type: 'INT64' },
        { name: 'n', data: [10n, 2n ** 60n, 30n], type: 'INT64' },
        { name: 'at', data: [new Date(1_760_000_000_000), new Date(), new Date()], type: 'TIMESTAMP' },
        { name: 'note', data: ['a', 'b', 'c'], type: 'STRING' },
      ],
    });
    writeFileSync(file('some.parquet'), new Uint8Array(buffer));
    const args = ['--file', file('some.parquet'), '--key-column', 'customer', '--time-column', 'at', '--quiet', ...url];
    const unknown = await dovetail(['push', 'profile', ...args]);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("'n' is no feature") });
    const pushed = await dovetail(['push', 'profile', ...args, '--columns', 'total=n', '--ignore-unknown']);
    expect(pushed).toEqual({ code: 0, stderr: '', stdout: '{"accepted":3,"refused":0}\n' });
    await eventually(
      async () => (await values('profile', ['1', '2']))[1]?.['total'] === (2n ** 60n).toString(),
      () => 'the rows are not read',
    );
  });

  it('describes views and streams over HTTP', async () => {
    expect((await cluster.get('/v1/features/profile')).json).toMatchObject({
      kind: 'view',
      entity: { name: 'user', key: 'user_id' },
      features: [
        { name: 'total', type: 'int64', default: 0, description: '' },
        { name: 'score', type: 'float32' },
        { name: 'is_new', type: 'bool', default: false },
      ],
    });
    expect((await cluster.get('/v1/features/payments')).json).toMatchObject({
      kind: 'stream',
      entities: [{ name: 'user', key: 'user_id' }],
      views: ['spend'],
      fields: [{ name: 'user_id' }, { name: 'amount', type: 'float32' }],
    });
    expect((await cluster.get('/v1/features/nothing')).status).toBe(404);
  });

  it('gives up on a gateway that is away, with what to do', async () => {
    writeFileSync(file('away.jsonl'), '{"user_id":"a1"}\n');
    const away = await dovetail(['push', 'profile', '--file', file('away.jsonl'), '--url', 'http://127.0.0.1:9']);
    expect(away).toMatchObject({ code: 3, stderr: expect.stringContaining('dovetail up') });
  });
});
