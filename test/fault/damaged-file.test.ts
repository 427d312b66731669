/**
 * A running shard whose file is changed under it, by pages that are none any more and by bytes within values: callers
 * are answered rightly all along, and the shard has what it lost from the other owner.
 */
import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { eventually, TestCluster } from '../support/cluster.ts';

const ROWS = 6_000;
const PAGE_BYTES = 4_096;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const keys = Array.from({ length: ROWS }, (_, i) => `whole-${i}`);

async function filled(flags: readonly string[]): Promise<TestCluster> {
  const cluster = await TestCluster.start({ flags: ['--partitions', '8', ...flags] });
  cleanups.push(() => cluster.kill());
  for (let at = 0; at < ROWS; at += 1_000) {
    const rows = keys.slice(at, at + 1_000).map((user_id, i) => ({ user_id, payments_total: at + i }));
    const { status, json } = await cluster.post('/v1/features/user_profile:push', { rows });
    expect(status, JSON.stringify(json)).toBe(200);
  }
  await eventually(
    async () => (await wrong(cluster)).length === 0,
    () => 'the rows are not there',
  );
  return cluster;
}

/** Keys that are read otherwise than they were written, or not at all. */
async function wrong(cluster: TestCluster): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < ROWS; at += 200) {
    const some = keys.slice(at, at + 200);
    const { status, json } = await cluster.post('/v1/features/user_profile:get', { keys: some });
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`);
    const rows = json['rows'] as { values: Record<string, unknown> | null }[];
    found.push(...some.filter((_, i) => rows[i]!.values?.['payments_total'] !== at + i));
  }
  return found;
}

async function scrubbed(cluster: TestCluster, outcome: string): Promise<number> {
  let count = 0;
  // One a process, on the next ports: the gateway, the shards, the worker.
  for (let process = 0; process < 4; process++) {
    const text = await (await fetch(`http://127.0.0.1:${cluster.ports.metrics + process}/metrics`)).text();
    const line = new RegExp(`dovetail_scrub_partitions(?:_total)?\\{[^}]*outcome="${outcome}"[^}]*\\} (\\d+)`).exec(
      text,
    );
    count += Number(line?.[1] ?? 0);
  }
  return count;
}

it('pages that are lost are read elsewhere; the shard sets its file aside and has everything anew', async () => {
  const cluster = await filled([]);
  const file = join(cluster.dataDir, 'shard-1', 'replica.lmdb');
  const handle = await open(file, 'r+');
  const pages = (await handle.stat()).size / PAGE_BYTES;
  for (let page = Math.floor(pages / 4); page < (pages * 3) / 4; page += 2)
    await handle.write(Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, page * PAGE_BYTES);
  await handle.close();
  await eventually(
    async () => {
      // Whoever is asked meanwhile, and however often.
      const found = await wrong(cluster);
      if (found.length > 0) throw new Error(`read wrongly: ${found.slice(0, 5)}`);
      return existsSync(`${file}.set-aside`);
    },
    () => 'the file was not set aside',
  );
  await cluster.whenWhole();
  expect(await wrong(cluster)).toEqual([]);
  await cluster.stop();
}, 120_000);

it('values that are changed are found by the scrub, and had from the other owner without a restart', async () => {
  const cluster = await filled(['--scrub-interval', '2s']);
  const pids = await cluster.pids();
  const file = join(cluster.dataDir, 'shard-1', 'replica.lmdb');
  const bytes = readFileSync(file);
  const handle = await open(file, 'r+');
  for (const key of ['whole-17', 'whole-4711']) {
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
      // Within the value that follows the key, wherever a copy of the row lies.
      const place = at + key.length + 40;
      await handle.write(Buffer.of(bytes[place]! ^ 0x10), 0, 1, place);
    }
  }
  await handle.close();
  await eventually(
    async () => (await scrubbed(cluster, 'mismatch')) > 0,
    () => 'nothing was found',
  );
  await cluster.whenWhole();
  await eventually(
    async () => (await wrong(cluster)).length === 0,
    () => 'rows are read wrongly still',
  );
  expect(await cluster.pids()).toEqual(pids);
  expect(existsSync(`${file}.set-aside`)).toBe(false);
  await cluster.stop();
}, 120_000);
