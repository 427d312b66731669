/** The replica on real LMDB: what it keeps, that cursor and rows move together, and that kill -9 loses neither. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyTally } from '../../actors/feature-shard/apply-message.ts';
import { type LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import { materialize } from '../../cluster/catalog/materialize.ts';
import { packValues, readValue, recordEventMs, recordLength, recordSeq } from '../../cluster/catalog/record.ts';
import { entity, int64, view } from '../../cluster/catalog/views.ts';
import { silentLog } from '../../cluster/log.ts';
import { below, seededRandom } from '../../cluster/random.ts';
import { encodeRowBatch, type LogRow } from '../../proto/row-batch.ts';
import {
  app,
  contentsOf,
  digestsOf,
  narrow,
  oracleOf,
  seededLog,
  textOf,
  wide,
} from '../support/feature-log-writer.ts';
import { spawnScript } from '../support/run-script.ts';

const MESSAGES = 400;
let directory: string;
let opened: Replica[];
let child: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'replica-'));
  opened = [];
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await Promise.all(opened.map((replica) => replica.close()));
  await rm(directory, { recursive: true, force: true });
});

function openReplica(name = 'a'): Replica {
  const replica = new Replica({ directory: join(directory, name), app, log: silentLog });
  opened.push(replica);
  return replica;
}

async function close(replica: Replica): Promise<void> {
  opened = opened.filter((one) => one !== replica);
  await replica.close();
}

async function applyInBatches(replica: Replica, log: readonly LogMessage[], size: () => number): Promise<void> {
  for (let at = 0; at < log.length; ) {
    const count = size();
    await replica.apply(log.slice(at, at + count));
    at += count;
  }
}

const key = new TextEncoder().encode('u1');

function message(seq: number, ...rows: Partial<LogRow>[]): LogMessage {
  const whole = rows.map((one) => ({ key, eventMs: 1_000, values: score(0), ...one }));
  return { partition: 1, seq, bytes: encodeRowBatch({ view: 'narrow', schemaHash: narrow.schemaHash, rows: whole }) };
}

function score(value: number): Uint8Array {
  return packValues(narrow, { score: value }, []);
}

/** Score, event time and sequence stored for `key`. */
function stored(replica: Replica): [unknown, number, number] | null {
  const record = replica.lookup(narrow, 1, key);
  if (record === null) return null;
  return [readValue(narrow, narrow.features[0]!, record), recordEventMs(record), recordSeq(record)];
}

describe('a row of the log', () => {
  it('is kept with its event time and sequence', async () => {
    const replica = openReplica();
    const result = await replica.apply([message(5, { values: score(3), eventMs: 1_234 })]);
    expect(result).toEqual({ ...emptyTally(), rowsApplied: 1 });
    expect(stored(replica)).toEqual([3, 1_234, 5]);
    expect(replica.appliedSeq(1)).toBe(5);
    expect(replica.appliedSeq(0)).toBe(0);
  });

  it('loses to a stored one of a later event time, whether in another transaction or in the same message', async () => {
    const replica = openReplica();
    await replica.apply([message(1, { eventMs: 2_000, values: score(1) })]);
    const late = await replica.apply([message(2, { eventMs: 1_999, values: score(2) })]);
    expect(late).toEqual({ ...emptyTally(), rowsStale: 1 });
    const both = message(3, { eventMs: 3_000, values: score(3) }, { eventMs: 2_500, values: score(4) });
    await replica.apply([both, message(4, { eventMs: 2_999, values: score(5) })]);
    expect(stored(replica)).toEqual([3, 3_000, 3]);
    expect(replica.appliedSeq(1)).toBe(4);
  });

  it('wins over one of an equal event time and a lower sequence, and within a message over those before it', async () => {
    const replica = openReplica();
    await replica.apply([message(1, { values: score(1) }), message(2, { values: score(2) }, { values: score(3) })]);
    expect(stored(replica)).toEqual([3, 1_000, 2]);
  });

  it('leaves the same values in whichever order rows of different times arrive', async () => {
    const random = seededRandom(3);
    const rows = Array.from({ length: 30 }, (_, i) => ({ eventMs: 1_000 + i, values: score(i) }));
    for (let round = 0; round < 5; round++) {
      const shuffled = [...rows].sort(() => random.next() - 0.5);
      const replica = openReplica(`order-${round}`);
      await replica.apply(shuffled.map((one, i) => message(i + 1, one)));
      expect(stored(replica)!.slice(0, 2)).toEqual([29, 1_029]);
    }
  });
});

describe('a message that this process cannot understand', () => {
  const good = message(9, { values: score(7) });
  const batch = (view: string, schemaHash: number, rows: Partial<LogRow>[]) =>
    encodeRowBatch({ view, schemaHash, rows: rows.map((one) => ({ key, eventMs: 1, values: score(1), ...one })) });
  const { schemaHash } = narrow;
  const cases: [string, Uint8Array][] = [
    ['is of a view that no view can be named', batch('no view!', schemaHash, [{}])],
    ['holds events of an unknown stream', encodeRowBatch({ stream: 'clicks', rows: [] })],
    ['names a property of every object as its view', batch('__proto__', schemaHash, [{}])],
    ['is not protobuf', Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['is cut off', batch('narrow', schemaHash, [{}]).subarray(0, 12)],
    ['is empty', new Uint8Array(0)],
    ['has values of the wrong length', batch('narrow', schemaHash, [{ values: new Uint8Array(4) }])],
    ['has an empty key', batch('narrow', schemaHash, [{ key: new Uint8Array(0) }])],
    ['has a key over the limit', batch('narrow', schemaHash, [{ key: new Uint8Array(513) }])],
    ['has NaN as its event time', batch('narrow', schemaHash, [{ eventMs: Number.NaN }])],
    ['has an infinite event time', batch('narrow', schemaHash, [{ eventMs: Number.POSITIVE_INFINITY }])],
  ];

  it.each(cases)('is parked and the partition goes on, where it %s', async (_, bytes) => {
    const replica = openReplica();
    await replica.apply([message(1, { eventMs: 500, values: score(1) })]);
    const result = await replica.apply([{ partition: 1, seq: 8, bytes }, good]);
    expect(result).toMatchObject({ rowsApplied: 1, messagesParked: 1 });
    expect(stored(replica)).toEqual([7, 1_000, 9]);
    expect(replica.appliedSeq(1)).toBe(9);
  });

  it('is kept as it came where only its definition is not known here, for whoever knows it', async () => {
    const replica = openReplica();
    const later = view({ name: 'later', entity: entity({ name: 'user', key: 'user_id' }), features: { n: int64() } });
    const bytes = encodeRowBatch({
      view: 'later',
      schemaHash: later.schemaHash,
      rows: [{ key, eventMs: 5, values: packValues(later, { n: 3 }, []) }],
    });
    const other = { partition: 1, seq: 2, bytes: batch('narrow', schemaHash + 1, [{ eventMs: 6 }]) };
    expect(await replica.apply([{ partition: 1, seq: 1, bytes }, other])).toEqual({ ...emptyTally(), rowsApplied: 2 });
    const record = replica.lookup(later, 1, key)!;
    expect([readValue(later, later.features[0]!, record), recordSeq(record)]).toEqual([3n, 1]);
    expect(materialize(narrow, replica.lookup(narrow, 1, key), 0)).toBeNull();
  });

  it('does not take the good rows beside a bad one with it', async () => {
    const replica = openReplica();
    const bytes = batch('narrow', schemaHash, [
      { eventMs: Number.NaN },
      { eventMs: 3, values: score(5) },
      { key: new Uint8Array(0) },
    ]);
    const result = await replica.apply([{ partition: 1, seq: 1, bytes }]);
    expect(result).toEqual({ ...emptyTally(), rowsApplied: 1, messagesParked: 1 });
    expect(stored(replica)).toEqual([5, 3, 1]);
  });

  it('never stops a partition, whatever its bytes are', async () => {
    const random = seededRandom(99);
    const valid = seededLog(1, 40);
    const replica = openReplica();
    for (let seq = 1; seq <= 300; seq++) {
      const bytes = valid[seq % 40]!.bytes.slice();
      for (let flips = 0; flips < 3; flips++) bytes[below(random, bytes.length)] = below(random, 256);
      await replica.apply([{ partition: 2, seq, bytes }]);
    }
    expect(replica.appliedSeq(2)).toBe(300);
  });
});

describe('a replica', () => {
  it('holds exactly what the rule says after a long log', async () => {
    const replica = openReplica();
    await applyInBatches(replica, seededLog(11, MESSAGES), () => 37);
    const oracle = textOf(oracleOf(11, MESSAGES, () => MESSAGES));
    expect(oracle.size).toBeGreaterThan(200);
    expect(contentsOf(replica)).toEqual(oracle);
  });

  it('is the same, digest and bytes, whatever the transactions are cut into', async () => {
    const log = seededLog(12, MESSAGES);
    const random = seededRandom(5);
    const [one, many, ragged] = [openReplica('one'), openReplica('many'), openReplica('ragged')];
    await one.apply(log);
    await applyInBatches(many, log, () => 1);
    await applyInBatches(ragged, log, () => 1 + below(random, 90));
    expect(digestsOf(many)).toEqual(digestsOf(one));
    expect(digestsOf(ragged)).toEqual(digestsOf(one));
    expect(contentsOf(ragged)).toEqual(contentsOf(one));
    expect(new Set(digestsOf(one)).size).toBe(4);
  });

  it('has another digest where a single value differs', async () => {
    const [a, b] = [openReplica('a'), openReplica('b')];
    await a.apply([message(1, { values: score(1) }), message(2, { key: Uint8Array.of(9) })]);
    await b.apply([message(1, { values: score(2) }), message(2, { key: Uint8Array.of(9) })]);
    expect(a.cursor(1).seq).toBe(b.cursor(1).seq);
    expect(a.cursor(1).digest).not.toBe(b.cursor(1).digest);
  });

  it('does not change when any suffix of the log is replayed any number of times', async () => {
    const log = seededLog(13, MESSAGES);
    const replica = openReplica();
    await replica.apply(log);
    const [digests, contents] = [digestsOf(replica), contentsOf(replica)];
    const random = seededRandom(6);
    for (let round = 0; round < 12; round++) {
      const result = await replica.apply(log.slice(below(random, log.length)));
      expect(result).toEqual(emptyTally());
    }
    expect(digestsOf(replica)).toEqual(digests);
    expect(contentsOf(replica)).toEqual(contents);
  });

  it('goes on where it stood after closing and opening, and keeps which log it follows', async () => {
    const log = seededLog(14, MESSAGES);
    const whole = openReplica('whole');
    await whole.apply(log);
    let replica = openReplica('parts');
    expect(replica.streamIdentity).toBeNull();
    await replica.setStreamIdentity('made on a Tuesday');
    for (let at = 0; at < log.length; at += 97) {
      await replica.apply(log.slice(at, at + 97));
      const before = digestsOf(replica);
      await close(replica);
      replica = openReplica('parts');
      expect(digestsOf(replica)).toEqual(before);
      expect(replica.highestAppliedSeq()).toBe(Math.min(at + 97, log.length));
    }
    expect(replica.streamIdentity).toBe('made on a Tuesday');
    expect(digestsOf(replica)).toEqual(digestsOf(whole));
    expect(contentsOf(replica)).toEqual(contentsOf(whole));
  });

  it('keeps neither rows nor cursor of a transaction that fails half-way', async () => {
    const failing = {
      ...silentLog,
      warn: () => {
        throw new Error('the disk is full');
      },
    };
    const replica = new Replica({ directory: join(directory, 'failing'), app, log: failing });
    opened.push(replica);
    await replica.apply([message(1, { values: score(1) })]);
    const before = digestsOf(replica);
    const parked = { partition: 1, seq: 3, bytes: Uint8Array.of(0xff) };
    await expect(replica.apply([message(2, { values: score(2) }), parked])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      stage: 'log',
    });
    expect(digestsOf(replica)).toEqual(before);
    expect(stored(replica)).toEqual([1, 1_000, 1]);
    await replica.apply([message(2, { values: score(2) })]);
    const healthy = openReplica('healthy');
    await healthy.apply([message(1, { values: score(1) }), message(2, { values: score(2) })]);
    expect(digestsOf(replica)).toEqual(digestsOf(healthy));
  });

  it('reads the right bytes when records of different lengths are looked up in turn', async () => {
    const replica = openReplica();
    const wideRow = { key, eventMs: 1, values: packValues(wide, { score: 1, count: 2, on: true }, []) };
    const other = {
      partition: 1,
      seq: 2,
      bytes: encodeRowBatch({ view: 'wide', schemaHash: wide.schemaHash, rows: [wideRow] }),
    };
    await replica.apply([message(1, { values: score(4) }), other]);
    for (let i = 0; i < 3; i++) {
      const long = replica.lookup(wide, 1, key)!;
      expect([long.length, readValue(wide, wide.features[1]!, long)]).toEqual([recordLength(wide), 2n]);
      const short = replica.lookup(narrow, 1, key)!;
      expect([short.length, readValue(narrow, narrow.features[0]!, short)]).toEqual([recordLength(narrow), 4]);
      expect(replica.lookup(narrow, 2, key)).toBeNull();
    }
  });
});

describe('reading while the log is applied', () => {
  it('always gives a row together with exactly the sequence it is of, and the digest with its sequence', async () => {
    const replica = openReplica();
    let done = false;
    let reads = 0;
    const seen = new Set<number>();
    const wrong: unknown[] = [];
    const look = () => {
      if (done) return;
      // Every message writes the row, so at any sequence the row is that message's.
      const before = replica.appliedSeq(1);
      const row = stored(replica);
      const after = replica.appliedSeq(1);
      reads++;
      seen.add(before);
      if ((row?.[2] ?? 0) !== before || after !== before || replica.cursor(1).seq !== before) {
        wrong.push([before, row, after]);
      }
      setImmediate(look);
    };
    look();
    for (let seq = 1; seq <= 1_500; seq += 3) {
      await replica.apply([0, 1, 2].map((i) => message(seq + i, { values: score(seq + i) })));
    }
    done = true;
    expect(wrong).toEqual([]);
    expect(reads).toBeGreaterThan(1_000);
    // Transactions are seen whole.
    expect([...seen].every((seq) => seq % 3 === 0)).toBe(true);
    expect(seen.size).toBeGreaterThan(100);
  });
});

describe('a key', () => {
  it('of 512 bytes is found, and a longer one is refused with the limit', async () => {
    const replica = openReplica();
    const longest = new Uint8Array(512).fill(65);
    await replica.apply([message(1, { key: longest, values: score(4) })]);
    expect(readValue(narrow, narrow.features[0]!, replica.lookup(narrow, 1, longest)!)).toBe(4);
    for (const length of [513, 1_978, 70_000]) {
      const tooLong = new Uint8Array(length).fill(65);
      expect(() => replica.lookup(narrow, 1, tooLong)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          stage: 'lookup',
          message: `a key has ${length} bytes; at most 512 are allowed`,
        }),
      );
    }
    expect(replica.lookup(narrow, 1, new Uint8Array(0))).toBeNull();
  });
});

describe('which partitions have caught up', () => {
  it('is remembered when the replica is opened again, until it is forgotten', async () => {
    let replica = openReplica();
    await replica.markCaughtUp([0, 3, 256]);
    await replica.apply([message(1, {})]);
    await close(replica);
    replica = openReplica();
    expect([0, 1, 3, 256].map((partition) => replica.wasCaughtUp(partition))).toEqual([true, false, true, true]);
    expect(replica.appliedSeq(1)).toBe(1);
    expect(replica.highestAppliedSeq()).toBe(1);
    await replica.forgetCaughtUp([3, 7]);
    await close(replica);
    replica = openReplica();
    expect([0, 3, 256].map((partition) => replica.wasCaughtUp(partition))).toEqual([true, false, true]);
  });
});

describe('a replica whose process is killed while it applies', () => {
  const SEED = 21;
  const LONG = 8_000;
  const ROUNDS = 8;

  it('holds exactly a prefix of the log, no shorter than it had reported, and ends equal to one that was never killed', async () => {
    const log = seededLog(SEED, LONG);
    const random = seededRandom(8);
    let kills = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const run = startChild(join(directory, 'killed'), SEED, LONG);
      await run.committed(() => true);
      await new Promise((resolve) => setTimeout(resolve, random.next() * 30));
      run.process.kill('SIGKILL');
      await run.closed;
      if (run.lines.at(-1) !== 'done') kills++;
      const said = Math.max(...run.lines.map(Number).filter(Number.isFinite));

      const replica = openReplica('killed');
      expect(replica.highestAppliedSeq()).toBeGreaterThanOrEqual(said);
      // All partitions move in one transaction: what is there is the log up to one point.
      const reached = replica.highestAppliedSeq();
      const lastSeqs = [0, 1, 2, 3].map((partition) => {
        const own = log.filter((one) => one.partition === partition && one.seq <= reached);
        return own.at(-1)?.seq ?? 0;
      });
      expect([0, 1, 2, 3].map((partition) => replica.appliedSeq(partition))).toEqual(lastSeqs);
      expect(contentsOf(replica)).toEqual(textOf(oracleOf(SEED, LONG, () => reached)));
      await close(replica);
    }
    // All or most rounds must really have interrupted something.
    expect(kills).toBeGreaterThanOrEqual(ROUNDS / 2);
    const replica = openReplica('killed');
    await applyInBatches(replica, log.slice(replica.highestAppliedSeq()), () => 300);
    const never = openReplica('never');
    await applyInBatches(never, log, () => 300);
    expect(digestsOf(replica)).toEqual(digestsOf(never));
    expect(contentsOf(replica)).toEqual(contentsOf(never));
  }, 90_000);

  function startChild(where: string, seed: number, messages: number) {
    const started = spawnScript('replica-child.ts', [where, String(seed), String(messages)]);
    child = started;
    // A child that has nothing left to apply ends by itself, perhaps before anybody looks.
    const closed = once(started, 'close');
    const lines: string[] = [];
    let waiting: (() => void) | undefined;
    let text = '';
    started.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const whole = text.split('\n');
      text = whole.pop()!;
      lines.push(...whole);
      waiting?.();
    });
    started.on('close', () => waiting?.());
    return {
      process: started,
      closed,
      lines,
      /** Resolves once a transaction is reported that satisfies the condition. */
      committed: async (enough: (seq: number) => boolean) => {
        while (!lines.some((line) => line === 'done' || enough(Number(line)))) {
          if (started.exitCode !== null) throw new Error(`the child ended with ${started.exitCode}`);
          await new Promise<void>((resolve) => {
            waiting = resolve;
          });
        }
      },
    };
  }
});
