/** The key-value port over a real NATS server: what a watch outlives, and what it says when it does not. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import { connectNats, type NatsLink } from '../../cluster/nats/nats-link.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

let server: NatsFixture;
let link: NatsLink;
const logged: { fields: object; message: string }[] = [];
const log: Log = {
  debug() {},
  info() {},
  warn() {},
  error: (fields, message) => logged.push({ fields, message }),
};

beforeAll(async () => {
  server = await NatsFixture.start();
  link = await connectNats({ url: server.url, name: 'test', clock: systemClock, log, connectTimeoutMs: 5_000 });
});
afterAll(async () => {
  await link.close();
  await server.stop();
});

const text = (bytes: Uint8Array | null) => (bytes === null ? null : new TextDecoder().decode(bytes));
const bytes = (value: string) => new TextEncoder().encode(value);

it('a watch outlives a reader that throws: of entries that were there, that change and that go', async () => {
  const kv = await link.keyValue('test_watch');
  await kv.create('a', bytes('bad'));
  await kv.create('b', bytes('good'));
  const seen: [string, string | null][] = [];
  const watch = await kv.watch('>', (key, value) => {
    const entry = text(value);
    if (entry === 'bad') throw new Error(`cannot use '${key}'`);
    seen.push([key, entry]);
  });
  await eventually('the entries that were there', () => seen.length === 1);
  const first = (await kv.get('a'))!;
  const second = await kv.update('a', bytes('bad'), first.revision);
  await kv.update('a', bytes('better'), second!);
  await kv.delete('b');
  await eventually('the changes', () => seen.length === 3);
  expect(seen).toEqual([
    ['b', 'good'],
    ['a', 'better'],
    ['b', null],
  ]);
  expect(logged.map(({ message }) => message)).toEqual(new Array(2).fill('entry cannot be used; waiting for the next'));
  for (const { fields } of logged) expect(fields).toMatchObject({ key: 'a', err: new Error("cannot use 'a'") });
  watch.stop();
});

it('a watch goes on when the server comes back with its store, and says so when it comes back without', async () => {
  const kv = await link.keyValue('test_lost');
  const seen: (string | null)[] = [];
  const ended: string[] = [];
  const stopped: string[] = [];
  await kv.watch(
    '>',
    (_key, value) => seen.push(text(value)),
    (error) => ended.push(error.message),
  );
  const other = await kv.watch(
    '>',
    () => {},
    (error) => stopped.push(error.message),
  );
  await kv.create('a', bytes('1'));
  await eventually('the first entry', () => seen.length === 1);
  await server.stopServer();
  await server.startServer();
  await eventually('the connection', () => link.connected);
  await kv.create('b', bytes('2'));
  await eventually('the entry after the restart', () => seen.includes('2'), 40_000);
  expect(ended).toEqual([]);

  other.stop();
  await server.stopServer();
  for (const name of await readdir(server.dataDir)) await rm(join(server.dataDir, name), { recursive: true });
  await server.startServer();
  await eventually('the end', () => ended.length > 0, 15_000);
  expect(ended).toEqual(['the key-value store was lost: it is gone']);
  await sleep(systemClock, 1_000);
  expect([ended.length, stopped]).toEqual([1, []]);
}, 90_000);

it('a watch ends when another bucket has taken the place of its own, though it could go on in that', async () => {
  const kv = await link.keyValue('test_anew');
  for (let i = 0; i < 5; i++) await kv.create(`k${i}`, bytes('x'));
  const ended: string[] = [];
  await kv.watch(
    '>',
    () => {},
    (error) => ended.push(error.message),
  );
  await server.stopServer();
  for (const name of await readdir(server.dataDir)) await rm(join(server.dataDir, name), { recursive: true });
  await server.startServer();
  const first = await server.connect();
  await first.keyValue('test_anew');
  await eventually('the end', () => ended.length > 0, 15_000);
  expect(ended[0]).toMatch(/the key-value store was lost: it (was made anew|is gone)/);
}, 90_000);

it('a watch whose connection is closed by its owner ends without a word', async () => {
  const own = await server.connect();
  const ended: string[] = [];
  const kv = await own.keyValue('test_closed');
  await kv.watch(
    '>',
    () => {},
    (error) => ended.push(error.message),
  );
  await own.drain();
  await sleep(systemClock, 500);
  expect(ended).toEqual([]);
});
