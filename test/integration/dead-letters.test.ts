/** Poison in the log: parked once however many replicas and tries, and put back once it can be read. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeadLetterSink, Parking } from '../../actors/feature-shard/dead-letters.ts';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { readArguments } from '../../cli/command.ts';
import { deadLettersCommand } from '../../cli/dead-letters.ts';
import { materialize } from '../../cluster/catalog/materialize.ts';
import { readValue } from '../../cluster/catalog/record.ts';
import type { App, View } from '../../cluster/catalog/views.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import type { DeadLetterStream } from '../../cluster/nats/dead-letter-stream.ts';
import type { FeatureLog } from '../../cluster/nats/feature-log.ts';
import { deadLetterId } from '../../proto/dead-letter.ts';
import { decodeRowBatch } from '../../proto/row-batch.ts';
import { DEAD_LETTER_STREAM } from '../../proto/subjects.ts';
import {
  BOUNDS,
  clickBatch,
  clicked,
  key,
  mendedApp,
  oldApp,
  POISON,
  plain,
  plainBatch,
  plainRow,
} from '../support/dead-letter-world.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';
import { spawnScript } from '../support/run-script.ts';

type Shard = { readonly replica: Replica; readonly follower: LogFollower; readonly outcomes: string[] };

let nats: NatsFixture;
let log: FeatureLog;
let letters: DeadLetterStream;
let root: string;
let shards: Shard[];

beforeEach(async () => {
  nats = await NatsFixture.start();
  const link = await nats.connect();
  log = await link.featureLog({ replicas: 1 });
  letters = await link.deadLetters(BOUNDS);
  root = await mkdtemp(join(tmpdir(), 'dead-letters-'));
  shards = [];
}, 180_000);

afterEach(async () => {
  for (const { follower, replica } of shards) {
    await follower.stop();
    await replica.close();
  }
  await nats.stop();
  await rm(root, { recursive: true, force: true });
});

async function startShard(name: string, app: App, sink: DeadLetterSink = letters): Promise<Shard> {
  const outcomes: string[] = [];
  const replica = new Replica({ directory: join(root, name), app, log: silentLog });
  const onLetter = (outcome: string) => outcomes.push(outcome);
  const follower = new LogFollower({
    replica,
    source: log,
    clock: systemClock,
    log: silentLog,
    transactionMessagesMax: 64,
    waitingMessagesMax: 256,
    onApplied: () => {},
    onCaughtUp: () => {},
    parking: new Parking({ sink, clock: systemClock, log: silentLog, onLetter }),
  });
  const shard = { replica, follower, outcomes };
  shards.push(shard);
  await follower.assign(new Set([0]));
  return shard;
}

async function stopShard(shard: Shard): Promise<void> {
  shards = shards.filter((one) => one !== shard);
  await shard.follower.stop();
  await shard.replica.close();
}

const reaches = (shard: Shard, seq: number) =>
  eventually(`sequence ${seq}`, () => shard.replica.appliedSeq(0) >= seq, 15_000);

function featureOf({ replica }: Shard, view: View, who: string, feature: string, atMs = 0): unknown {
  const record = materialize(view, replica.lookup(view, 0, key(who)), atMs);
  return record === null ? null : readValue(view, view.featureByName.get(feature)!, record);
}

/** Runs the command as the program does, output taken as a pipe's. */
async function command(...args: string[]): Promise<{ code: number; lines: Record<string, unknown>[]; text: string }> {
  const written: string[] = [];
  const write = process.stdout.write;
  process.stdout.write = ((text: string) => written.push(text) > 0) as typeof process.stdout.write;
  try {
    const code = await deadLettersCommand.run(readArguments(deadLettersCommand, [...args, '--nats-url', nats.url], {}));
    const text = written.join('');
    const lines = args[0] === 'show' ? [text] : text.split('\n').filter((line) => line !== '');
    return { code, text, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  } finally {
    process.stdout.write = write;
  }
}

/** Directory of an app that defines what `mendedApp` does, written as a user would. */
async function mendedAppDirectory(): Promise<string> {
  const directory = join(root, 'app');
  await mkdir(directory, { recursive: true });
  const source = `
import { aggregate, count, defineApp, entity, float32, stream, sum, view } from 'dovetail';
const user = entity({ name: 'user', key: 'user_id' });
const plain = view({ name: 'plain', entity: user, features: { score: float32() } });
const clicks = stream({ name: 'clicks', allowedLateness: '1h', fields: { price: float32() } });
const clicked = aggregate({ name: 'clicked', entity: user, stream: clicks, bucket: '1m',
  features: { clicks: count('1h'), spent: sum('price', '1h') } });
export default defineApp({ views: [plain, clicked] });
`;
  await writeFile(join(directory, 'features.ts'), source);
  return directory;
}

describe('poison', () => {
  it('of every kind leaves one entry a message, whatever two replicas and their restarts make of it', async () => {
    for (const { bytes } of POISON) await log.append(0, bytes);
    await log.append(0, plainBatch(plainRow('after', 50)));
    const [one, two] = [await startShard('one', oldApp), await startShard('two', oldApp)];
    for (const shard of [one, two]) await reaches(shard, POISON.length + 1);
    expect([...one.outcomes, ...two.outcomes].sort()).toEqual([
      ...POISON.map(() => 'known'),
      ...POISON.map(() => 'parked'),
    ]);
    expect(one.replica.cursor(0)).toEqual(two.replica.cursor(0));
    const parked = await letters.list(100);
    expect(parked.map(deadLetterId)).toEqual(POISON.map((_, i) => `0.${i + 1}`));
    parked.forEach(({ reasons }, i) => {
      expect(reasons).toHaveLength(POISON[i]!.whys.length);
      for (const [r, { why }] of reasons.entries()) expect(why).toMatch(POISON[i]!.whys[r]!);
    });
    // A third that starts from nothing finds what is there.
    const three = await startShard('three', oldApp);
    await reaches(three, POISON.length + 1);
    expect(three.outcomes).toEqual(POISON.map(() => 'known'));
    expect(await letters.list(100)).toEqual(parked);
    expect(featureOf(one, plain, 'after', 'score')).toBe(50);
  });

  it('is kept as the bad rows alone where the batch can be read, and the good rows are applied', async () => {
    const seq = await log.append(0, POISON[3]!.bytes);
    const shard = await startShard('one', oldApp);
    await reaches(shard, seq);
    const letter = (await letters.get(0, seq))!;
    expect(letter).toMatchObject({ view: 'plain', stream: '', holds: 'rows', rowsLeftOut: 0 });
    expect(letter.reasons.map(({ rows }) => rows)).toEqual([[1, 6], [2], [3], [4]]);
    const batch = decodeRowBatch(letter.bytes)!;
    expect(batch.schemaHash).toBe(plain.schemaHash);
    expect(batch.rows.map((row) => Buffer.from(row.key).toString())).toEqual(['', 'late', 'odd', 'short', '']);
    expect([featureOf(shard, plain, 'good', 'score'), featureOf(shard, plain, 'good2', 'score')]).toEqual([1, 6]);
  });

  it('is kept whole where it cannot be read', async () => {
    const seq = await log.append(0, POISON[0]!.bytes);
    await reaches(await startShard('one', oldApp), seq);
    const letter = (await letters.get(0, seq))!;
    expect(letter.holds).toBe('message');
    expect([...letter.bytes]).toEqual([255, 255, 255]);
  });

  it('survives kill -9 between the entry and the cursor: one entry, and nothing lost', async () => {
    await log.append(0, plainBatch(plainRow('before', 1)));
    await log.append(0, clickBatch('a', { atMs: 1_000, price: 2, id: 7 }));
    await log.append(0, plainBatch(plainRow('after', 3)));
    const child = spawnScript('parking-child.ts', [nats.url, join(root, 'one')]);
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    expect((await letters.list(10)).map(deadLetterId)).toEqual(['0.2']);
    const shard = await startShard('one', oldApp);
    // Nothing of the transaction had been kept.
    await reaches(shard, 3);
    expect(shard.outcomes).toEqual(['known']);
    expect(await letters.list(10)).toHaveLength(1);
    expect([featureOf(shard, plain, 'before', 'score'), featureOf(shard, plain, 'after', 'score')]).toEqual([1, 3]);
  });

  it('does not hold up other rows for long where the stream takes no entry, and is parked once it does', async () => {
    let refusing = true;
    const sink: DeadLetterSink = {
      park: (letter) => (refusing ? Promise.reject(new Error('no space')) : letters.park(letter)),
    };
    await log.append(0, POISON[0]!.bytes);
    const seq = await log.append(0, plainBatch(plainRow('after', 3)));
    const shard = await startShard('one', oldApp, sink);
    await reaches(shard, seq);
    expect(shard.outcomes).toEqual(['owed']);
    expect(featureOf(shard, plain, 'after', 'score')).toBe(3);
    // What comes now does not wait at all.
    await log.append(0, POISON[1]!.bytes);
    await eventually('the next one', () => shard.outcomes.length === 2, 2_000);
    refusing = false;
    await eventually('both parked', () => shard.outcomes.filter((one) => one === 'parked').length === 2, 15_000);
    expect((await letters.list(10)).map(deadLetterId).sort()).toEqual(['0.1', '0.3']);
  }, 40_000);

  it('is refused by a full stream without losing what was parked first', async () => {
    const connection = await connect({ servers: nats.url });
    const manager = await connection.jetstreamManager();
    const seq = await log.append(0, POISON[0]!.bytes);
    await reaches(await startShard('one', oldApp), seq);
    const { config } = await manager.streams.info(DEAD_LETTER_STREAM);
    expect(config).toMatchObject({ max_msgs_per_subject: 1, discard: 'new', max_bytes: BOUNDS.bytesMax });
    await manager.streams.update(DEAD_LETTER_STREAM, { ...config, max_bytes: 300 });
    await connection.close();
    const letter = (await letters.get(0, seq))!;
    await expect(letters.park({ ...letter, seq: 99 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await letters.park(letter)).toBe('known');
    expect(await letters.list(10)).toEqual([letter]);
  });
});

describe('dovetail dead-letters', () => {
  it('lists, shows and deletes entries, and says which are not there', async () => {
    expect(await command('list')).toEqual({ code: 0, lines: [], text: '' });
    for (const { bytes } of POISON) await log.append(0, bytes);
    await reaches(await startShard('one', oldApp), POISON.length);
    const { lines } = await command('list');
    expect(lines.map(({ id, rows, view, stream }) => [id, rows, view, stream])).toEqual([
      ['0.1', 'all', null, null],
      ['0.2', 'all', 'no view!', null],
      ['0.3', 'all', null, 'clicks'],
      ['0.4', '5', 'plain', null],
    ]);
    const shown = (await command('show', '0.4')).lines[0]!;
    expect((shown['row_batch'] as { key: string }[]).map((row) => row.key)).toEqual(['', 'late', 'odd', 'short', '']);
    await expect(command('show', '0.9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(command('show', 'nonsense')).rejects.toThrow(/<partition>.<seq>/);
    expect((await command('delete', '0.1', '0.9')).lines).toEqual([
      { id: '0.1', deleted: true },
      { id: '0.9', deleted: false },
    ]);
    expect(await command('delete', '--all')).toMatchObject({ code: 0 });
    expect(await letters.list(10)).toEqual([]);
  });

  it('replays what the mended definition can read, each event once on replicas old and new', async () => {
    const minute = 60_000;
    const events = [
      { atMs: 10 * minute, price: 2, id: 0 },
      { atMs: 11 * minute, price: 3, id: 8 },
    ];
    await log.append(0, plainBatch(plainRow('b', 5)));
    const poison = await log.append(0, clickBatch('a', ...events));
    const old = await startShard('one', oldApp);
    await reaches(old, 2);
    await stopShard(old);
    const mended = await startShard('one', mendedApp);
    const { code, lines } = await command('replay', `0.${poison}`, '--app', await mendedAppDirectory());
    expect([code, lines]).toEqual([0, [{ id: '0.2', rows: 2, seq: 3 }]]);
    await reaches(mended, 3);
    // One that never saw the message as poison, since it is rebuilt from the log.
    const rebuilt = await startShard('two', mendedApp);
    await reaches(rebuilt, 3);
    for (const shard of [mended, rebuilt]) {
      expect(featureOf(shard, clicked, 'a', 'clicks', 12 * minute)).toBe(2n);
      expect(featureOf(shard, clicked, 'a', 'spent', 12 * minute)).toBe(5);
    }
    expect(rebuilt.replica.cursor(0)).toEqual(mended.replica.cursor(0));
    expect(await letters.list(10)).toEqual([]);
    // The event with an id is not counted by another push of it; ids have been kept.
    await log.append(0, clickBatch('a', events[1]!));
    await reaches(mended, 4);
    expect(featureOf(mended, clicked, 'a', 'clicks', 12 * minute)).toBe(2n);
  });

  it('says so where the events have to stay at the very beginning of the log', async () => {
    await log.append(0, POISON[2]!.bytes);
    const shard = await startShard('one', oldApp);
    await reaches(shard, 1);
    await stopShard(shard);
    const { lines } = await command('replay', '0.1', '--app', await mendedAppDirectory());
    expect(lines).toEqual([{ id: '0.1', rows: 1, seq: 2, original_kept: true }]);
    expect((await log.state()).firstSeq).toBe(1);
  });

  it('refuses, with the reason, what is poison still, and keeps its entry', async () => {
    for (const { bytes } of POISON) await log.append(0, bytes);
    const shard = await startShard('one', oldApp);
    await reaches(shard, POISON.length);
    await stopShard(shard);
    const { code, lines } = await command('replay', '--all', '--app', await mendedAppDirectory());
    expect(code).toBe(1);
    expect(lines.map(({ rows }) => rows)).toEqual([0, 0, 1, 0]);
    expect(lines.map((line) => (line['still_poison'] as string[] | undefined)?.length ?? 0)).toEqual([1, 1, 0, 4]);
    expect((await letters.list(10)).map(deadLetterId)).toEqual(['0.1', '0.2', '0.4']);
  });
});
