/** The sweep on real LMDB: what it expires, what it must not, and that replicas agree whatever comes in between. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { type LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import {
  CautiousTime,
  EXPIRY_MARGIN_MS,
  isExpired,
  Sweep,
  type SweepOptions,
} from '../../actors/feature-shard/sweep.ts';
import { ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import {
  encodeRecord,
  encodeTombstone,
  isTombstone,
  packValues,
  recordBytes,
  recordEventMs,
} from '../../cluster/catalog/record.ts';
import { aggregate, count, stream } from '../../cluster/catalog/streams.ts';
import { type App, defineApp, entity, float32, type View, view } from '../../cluster/catalog/views.ts';
import { type Clock, systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { below, type Random, seededRandom } from '../../cluster/random.ts';
import { decodeRowBatch, encodeRowBatch, type LogRow } from '../../proto/row-batch.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

const MINUTE_MS = 60_000;
const TTL_MS = 60 * MINUTE_MS;
const RETENTION_MS = 10 * TTL_MS;
const START_MS = 1_000 * TTL_MS;

const user = entity({ name: 'user', key: 'user_id' });
const features = { score: float32() };
const brief = view({ name: 'brief', entity: user, ttl: TTL_MS, features });
const lasting = view({ name: 'lasting', entity: user, features });
const clicks = stream({ name: 'clicks', allowedLateness: '10m', fields: { price: float32() } });
const clicked = aggregate({
  name: 'clicked',
  entity: user,
  stream: clicks,
  bucket: '1m',
  ttl: '30m',
  features: { clicks: count('1h') },
});
const app = defineApp({ views: [brief, lasting, clicked] });

/** Time by hand; pauses end at once. */
class HandClock implements Clock {
  monotonicMs = 0;
  offsetMs = START_MS;
  nowMs = () => this.monotonicMs;
  wallMs = () => this.monotonicMs + this.offsetMs;
  after = (_ms: number, callback: () => void) => systemClock.after(0, callback);
  every = systemClock.every;
  endOfTurn = systemClock.endOfTurn;
  afterInput = systemClock.afterInput;
}

let root: string;
let clock: HandClock;
let log: LogMessage[];
let replicas: Replica[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sweep-'));
  clock = new HandClock();
  log = [];
  replicas = [openReplica('one'), openReplica('two')];
});

afterEach(async () => {
  for (const replica of replicas) await replica.close();
  await rm(root, { recursive: true, force: true });
});

function openReplica(name: string, of: App = app): Replica {
  return new Replica({ directory: join(root, name), app: of, log: silentLog });
}

function append(bytes: Uint8Array): number {
  log.push({ partition: 0, seq: log.length + 1, bytes });
  return log.length;
}

async function apply(replica: Replica, messages = log.length): Promise<void> {
  await replica.apply(log.slice(replica.appliedSeq(0), messages));
}

const keyOf = (who: string): Uint8Array => new TextEncoder().encode(who);

function put(of: View, who: string, eventMs: number, score = 1): number {
  const row = { key: keyOf(who), eventMs, values: packValues(of, { score }, []) };
  return append(encodeRowBatch({ view: of.name, version: 1, schemaHash: of.schemaHash, rows: [row] }));
}

function remove(of: View, who: string, eventMs: number): number {
  const row = { key: keyOf(who), eventMs, values: new Uint8Array(0), op: ROW_OPS.delete };
  return append(encodeRowBatch({ view: of.name, version: 1, schemaHash: of.schemaHash, rows: [row] }));
}

function click(who: string, eventMs: number): number {
  const row = { key: keyOf(who), eventMs, values: packValues(clicks, { price: 1 }, []) };
  return append(encodeRowBatch({ stream: 'clicks', schemaHash: clicks.schemaHash, entity: 'user', rows: [row] }));
}

function newSweep(overrides: Partial<SweepOptions> = {}): Sweep {
  return new Sweep({
    app,
    replica: replicas[0]!,
    sink: { append: async (_partition, bytes) => append(bytes) },
    clock,
    random: seededRandom(1),
    log: silentLog,
    partitions: () => [0],
    intervalMs: 1_000,
    tombstoneRetentionMs: RETENTION_MS,
    onSwept: () => {},
    ...overrides,
  });
}

const isStored = (replica: Replica, of: View, who: string): boolean => replica.lookup(of, 0, keyOf(who)) !== null;

function expiredRows(from: number): LogRow[] {
  return log.slice(from).flatMap(({ bytes }) => decodeRowBatch(bytes)!.rows);
}

describe('a row', () => {
  const at = (eventMs: number) => recordBytes(encodeRecord(brief, eventMs, 1, packValues(brief, { score: 1 }, [])));
  const edgeMs = START_MS - TTL_MS - EXPIRY_MARGIN_MS;

  it('expires a millisecond after its ttl and the margin, not before', () => {
    expect(isExpired(brief, at(edgeMs), START_MS, RETENTION_MS)).toBe(false);
    expect(isExpired(brief, at(edgeMs + 1), START_MS, RETENTION_MS)).toBe(false);
    expect(isExpired(brief, at(edgeMs - 1), START_MS, RETENTION_MS)).toBe(true);
    expect(isExpired(lasting, at(0), START_MS, RETENTION_MS)).toBe(false);
  });

  it('is judged by the ttl that the view has now', () => {
    const longer = view({ name: 'brief', entity: user, ttl: 2 * TTL_MS, features });
    expect(longer.id).toBe(brief.id);
    expect(isExpired(longer, at(edgeMs - 1), START_MS, RETENTION_MS)).toBe(false);
    expect(isExpired(longer, at(edgeMs - TTL_MS - 1), START_MS, RETENTION_MS)).toBe(true);
  });

  it('that was deleted goes after the retention, whatever its ttl', () => {
    const deleted = (eventMs: number) => recordBytes(encodeTombstone(eventMs, 1));
    const oldest = START_MS - RETENTION_MS - EXPIRY_MARGIN_MS;
    for (const of of [brief, lasting, clicked]) {
      expect(isExpired(of, deleted(oldest), START_MS, RETENTION_MS)).toBe(false);
      expect(isExpired(of, deleted(oldest - 1), START_MS, RETENTION_MS)).toBe(true);
    }
  });

  it('of an aggregated view stays while a window or a late event may reach into its state', () => {
    // One hour of windows, ten minutes of lateness, and the bucket under way.
    const reachMs = 71 * MINUTE_MS;
    const state = (eventMs: number) => recordBytes(encodeRecord(clicked, eventMs, 1, new Uint8Array(64)));
    expect(isExpired(clicked, state(START_MS - reachMs - EXPIRY_MARGIN_MS), START_MS, RETENTION_MS)).toBe(false);
    expect(isExpired(clicked, state(START_MS - reachMs - EXPIRY_MARGIN_MS - 1), START_MS, RETENTION_MS)).toBe(true);
  });
});

describe('the time that a sweep judges by', () => {
  it('goes back with the wall clock, and forward with it only where the monotonic clock agrees', () => {
    const time = new CautiousTime(clock);
    clock.monotonicMs += 1_000;
    expect(time.read()).toBe(START_MS + 1_000);
    clock.offsetMs += 5 * TTL_MS;
    clock.monotonicMs += 1_000;
    expect(time.read()).toBe(START_MS + 2_000);
    clock.offsetMs -= 5 * TTL_MS;
    clock.monotonicMs += 1_000;
    expect(time.read()).toBe(START_MS + 3_000);
    clock.offsetMs -= TTL_MS;
    expect(time.read()).toBe(START_MS + 3_000 - TTL_MS);
    // A step that lasts is the time, from the second look on.
    clock.offsetMs += TTL_MS;
    time.read();
    expect(time.read()).toBe(START_MS + 3_000);
  });
});

describe('a sweep', () => {
  it('expires rows, states and traces of deletions by the log, so that both replicas agree', async () => {
    const oldMs = START_MS - 20 * TTL_MS;
    put(brief, 'old', oldMs);
    put(brief, 'new', START_MS);
    put(lasting, 'old', oldMs);
    remove(brief, 'gone', oldMs);
    remove(lasting, 'gone', oldMs);
    remove(lasting, 'just gone', START_MS);
    click('old', oldMs);
    click('new', START_MS);
    for (const replica of replicas) await apply(replica);
    const before = log.length;
    await newSweep().sweep();
    expect(expiredRows(before).map((row) => row.op)).toEqual(new Array(4).fill(ROW_OPS.expire));
    for (const replica of replicas) {
      await apply(replica);
      expect([isStored(replica, brief, 'old'), isStored(replica, brief, 'new')]).toEqual([false, true]);
      expect([isStored(replica, brief, 'gone'), isStored(replica, lasting, 'gone')]).toEqual([false, false]);
      expect([isStored(replica, lasting, 'old'), isStored(replica, lasting, 'just gone')]).toEqual([true, true]);
      expect([isStored(replica, clicked, 'old'), isStored(replica, clicked, 'new')]).toEqual([false, true]);
    }
    expect(replicas[0]!.cursor(0)).toEqual(replicas[1]!.cursor(0));
    // Nothing is left to do.
    const after = log.length;
    await newSweep().sweep();
    expect(log.length).toBe(after);
  });

  it('leaves rows of a view alone that its own app does not define', async () => {
    put(brief, 'old', 0);
    await apply(replicas[0]!);
    await newSweep({ app: defineApp({ views: [lasting] }) }).sweep();
    expect(log.length).toBe(1);
  });

  it('writes batches of a bounded size, and reads slices of a bounded size', async () => {
    for (let i = 0; i < 1_300; i++) put(brief, `u${i}`, 0);
    await apply(replicas[0]!);
    const before = log.length;
    let most = 0;
    const replica: SweepOptions['replica'] = {
      rowsAfter: (...call) => {
        most = Math.max(most, call[2]);
        return replicas[0]!.rowsAfter(...call);
      },
    };
    let seen: readonly number[] = [];
    await newSweep({ replica, onSwept: (...counts) => (seen = counts.slice(0, 2)) }).sweep();
    expect(log.slice(before).map(({ bytes }) => decodeRowBatch(bytes)!.rows.length)).toEqual([500, 500, 300]);
    expect(new Set(expiredRows(before).map((row) => Buffer.from(row.key).toString())).size).toBe(1_300);
    expect(most).toBeLessThanOrEqual(64);
    expect(seen).toEqual([1_300, 1_300]);
  });

  it('keeps a row that is updated between the look and the log', async () => {
    put(brief, 'a', 0);
    await apply(replicas[0]!);
    const sink = {
      append: async (_partition: number, bytes: Uint8Array) => {
        put(brief, 'a', START_MS, 7);
        return append(bytes);
      },
    };
    await newSweep({ sink }).sweep();
    for (const replica of replicas) {
      await apply(replica);
      expect(recordEventMs(replica.lookup(brief, 0, keyOf('a'))!)).toBe(START_MS);
    }
  });

  it('keeps a row that is written meanwhile for the very time of the deletion whose trace it removes', async () => {
    remove(lasting, 'a', 0);
    await apply(replicas[0]!);
    const sink = {
      append: async (_partition: number, bytes: Uint8Array) => {
        put(lasting, 'a', 0);
        return append(bytes);
      },
    };
    await newSweep({ sink }).sweep();
    await apply(replicas[0]!);
    expect(isTombstone(replicas[0]!.lookup(lasting, 0, keyOf('a'))!)).toBe(false);
  });

  it('leaves a slow replica equal that reads a deletion only after its trace was removed', async () => {
    put(lasting, 'a', 1);
    const deleted = remove(lasting, 'a', 2);
    await apply(replicas[0]!);
    await apply(replicas[1]!, deleted - 1);
    await newSweep().sweep();
    // Older than the deletion, and late for its retention.
    put(lasting, 'a', 1);
    await apply(replicas[0]!);
    for (let seq = deleted; seq <= log.length; seq++) await apply(replicas[1]!, seq);
    expect(replicas[1]!.cursor(0)).toEqual(replicas[0]!.cursor(0));
    expect(isTombstone(replicas[1]!.lookup(lasting, 0, keyOf('a'))!)).toBe(false);
  });

  it('leaves two replicas equal that follow a real log', async () => {
    const nats = await NatsFixture.start();
    try {
      const featureLog = await (await nats.connect()).featureLog({ replicas: 1 });
      for (let i = 0; i < 50; i++) put(brief, `u${i}`, i % 2 === 0 ? 0 : START_MS);
      for (const { bytes } of log) await featureLog.append(0, bytes);
      const followers = replicas.map(
        (replica) =>
          new LogFollower({
            replica,
            source: featureLog,
            clock: systemClock,
            log: silentLog,
            transactionMessagesMax: 16,
            waitingMessagesMax: 64,
            onApplied: () => {},
            onCaughtUp: () => {},
          }),
      );
      for (const follower of followers) await follower.assign(new Set([0]));
      await eventually('the rows', () => replicas.every((replica) => replica.appliedSeq(0) === 50), 15_000);
      await newSweep({ sink: featureLog }).sweep();
      await eventually('the expiry', () => replicas.every((replica) => replica.appliedSeq(0) === 51), 15_000);
      expect(replicas[0]!.rowsAfter(0, null, 100)).toHaveLength(25);
      expect(replicas[0]!.cursor(0)).toEqual(replicas[1]!.cursor(0));
      for (const follower of followers) await follower.stop();
    } finally {
      await nats.stop();
    }
  }, 60_000);

  it('ends at once when it is stopped, and goes on with the next pass where the log takes no rows', async () => {
    for (let i = 0; i < 300; i++) put(brief, `u${i}`, 0);
    await apply(replicas[0]!);
    let refusals = 0;
    const sink = {
      append: async (_partition: number, bytes: Uint8Array) => {
        if (refusals++ < 2) throw new Error('no log');
        return append(bytes);
      },
    };
    const sweep = newSweep({ sink });
    const before = log.length;
    sweep.start();
    while (log.length === before) await new Promise((resolve) => setTimeout(resolve, 2));
    await sweep.stop();
    const written = log.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log.length).toBe(written);
  });
});

type Wanted = { readonly eventMs: number; readonly deleted: boolean };

/** What last-write-wins leaves of a log whose `expire` rows are not looked at. */
function lastWrites(): Map<string, Wanted> {
  const rows = new Map<string, Wanted>();
  for (const { bytes } of log) {
    const batch = decodeRowBatch(bytes)!;
    for (const row of batch.rows) {
      const id = `${batch.view}/${Buffer.from(row.key).toString()}`;
      if (row.op === ROW_OPS.expire || (rows.get(id)?.eventMs ?? Number.NEGATIVE_INFINITY) > row.eventMs) continue;
      rows.set(id, { eventMs: row.eventMs, deleted: row.op === ROW_OPS.delete });
    }
  }
  return rows;
}

/** Returns the highest that the wall clock stood. */
async function randomSchedule(random: Random): Promise<number> {
  let highestMs = clock.wallMs();
  const write = () => {
    const of = random.next() < 0.7 ? brief : lasting;
    const who = `u${below(random, 12)}`;
    const eventMs = clock.wallMs() - below(random, 3) * below(random, 8) * TTL_MS;
    if (random.next() < 0.2) remove(of, who, eventMs);
    else put(of, who, eventMs, below(random, 100));
  };
  const sink = {
    append: async (_partition: number, bytes: Uint8Array) => {
      while (random.next() < 0.5) write();
      if (random.next() < 0.3) await apply(replicas[0]!);
      return append(bytes);
    },
  };
  const sweep = newSweep({ sink });
  for (let step = 0; step < 40; step++) {
    const action = random.next();
    if (action < 0.5) write();
    else if (action < 0.65) clock.monotonicMs += below(random, random.next() < 0.5 ? TTL_MS : RETENTION_MS);
    else if (action < 0.7) clock.offsetMs -= below(random, TTL_MS);
    else if (action < 0.85) await apply(replicas[below(random, 2)]!, below(random, log.length + 1));
    else await sweep.sweep();
    highestMs = Math.max(highestMs, clock.wallMs());
  }
  return highestMs;
}

describe('a random schedule of updates, deletions, clock steps and sweeps', () => {
  it('leaves both replicas equal, and loses no row that is still valid', async () => {
    let run = 0;
    let checked = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        for (const replica of replicas) await replica.close();
        run++;
        replicas = [openReplica(`one-${run}`), openReplica(`two-${run}`)];
        log = [];
        clock = new HandClock();
        const highestMs = await randomSchedule(seededRandom(seed));
        for (const replica of replicas) await apply(replica);
        expect(replicas[0]!.cursor(0)).toEqual(replicas[1]!.cursor(0));
        for (const [id, { eventMs, deleted }] of lastWrites()) {
          const [name, who] = id.split('/') as [string, string];
          const of = name === 'brief' ? brief : lasting;
          // As old as it ever seemed, since the wall clock steps back.
          const ageMs = highestMs - eventMs;
          const keptMs = deleted ? RETENTION_MS : of.ttlMs || Number.POSITIVE_INFINITY;
          if (ageMs > keptMs) continue;
          const stored = replicas[1]!.lookup(of, 0, keyOf(who));
          expect([recordEventMs(stored!), isTombstone(stored!)]).toEqual([eventMs, deleted]);
          checked++;
        }
        // And in the end nothing stays that should go.
        clock.monotonicMs += 100 * RETENTION_MS;
        await newSweep({ replica: replicas[0]! }).sweep();
        for (const replica of replicas) {
          await apply(replica);
          for (const { viewId, record } of replica.rowsAfter(0, null, 1_000))
            expect([viewId, isTombstone(record)]).toEqual([lasting.id, false]);
        }
      }),
      { numRuns: 60 },
    );
    expect(checked).toBeGreaterThan(100);
  }, 60_000);
});
