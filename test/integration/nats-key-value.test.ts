/** The key-value port over a real NATS server: what a watch goes on to deliver after an entry that its reader refuses. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../cluster/clock.ts';
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
