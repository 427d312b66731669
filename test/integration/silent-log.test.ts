/**
 * A replica beside a feature log that does not answer: what was caught up before is served, the rest is not claimed,
 * and what is missing is applied once there is an answer. Real nats-server and LMDB; only the silence is made.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import type { LogSource } from '../../actors/feature-shard/log-source.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { packValues, readValue } from '../../cluster/catalog/record.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import type { FeatureLog } from '../../cluster/nats/feature-log.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import { encodeRowBatch } from '../../proto/row-batch.ts';
import { app, narrow } from '../support/feature-log-writer.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

const ALL = new Set([0, 1, 2]);
const key = new TextEncoder().encode('u1');

/** The real log, which can be made to leave calls unanswered; what was asked meanwhile stays unanswered for ever. */
class Silenceable implements LogSource {
  readonly #log: LogSource;
  /** `partitions`: the stream is known, but what is asked of single partitions is not answered. */
  silent: 'nothing' | 'all' | 'partitions' = 'nothing';

  constructor(log: LogSource) {
    this.#log = log;
  }

  state: LogSource['state'] = () => this.#unless(this.silent === 'all', () => this.#log.state());
  usedPartitions: LogSource['usedPartitions'] = () =>
    this.#unless(this.silent === 'all', () => this.#log.usedPartitions());
  lastSeqOf: LogSource['lastSeqOf'] = (partition) =>
    this.#unless(this.silent !== 'nothing', () => this.#log.lastSeqOf(partition));
  follow: LogSource['follow'] = (...call) => this.#unless(this.silent !== 'nothing', () => this.#log.follow(...call));

  async #unless<T>(silent: boolean, ask: () => Promise<T>): Promise<T> {
    if (!silent) return ask();
    // A call to a JetStream that does not answer is given up after its timeout, and asked again.
    await sleep(systemClock, 1_500);
    throw new Error('TIMEOUT');
  }
}

let nats: NatsFixture;
let link: NatsLink;
let log: FeatureLog;
let directory: string;
let replica: Replica;
let source: Silenceable;
let follower: LogFollower;
let changes: number;

beforeEach(async () => {
  nats = await NatsFixture.start();
  link = await nats.connect();
  log = await link.featureLog({ replicas: 1 });
  directory = await mkdtemp(join(tmpdir(), 'silent-log-'));
  open();
}, 180_000);

afterEach(async () => {
  await close();
  await nats.stop();
  await rm(directory, { recursive: true, force: true });
});

/** As a process that starts. */
function open(): void {
  replica = new Replica({ directory, app, log: silentLog });
  source = new Silenceable(log);
  changes = 0;
  follower = new LogFollower({
    replica,
    source,
    clock: systemClock,
    log: silentLog,
    transactionMessagesMax: 64,
    waitingMessagesMax: 256,
    onApplied: () => {},
    onCaughtUp: () => {
      changes++;
    },
  });
}

async function close(): Promise<void> {
  await follower.stop();
  await replica.close();
}

function push(partition: number, value: number): Promise<number> {
  const row = { key, eventMs: 1_000 + value, values: packValues(narrow, { score: value }, []) };
  return log.append(partition, encodeRowBatch({ view: 'narrow', schemaHash: narrow.schemaHash, rows: [row] }));
}

function scoreIn(partition: number): unknown {
  const record = replica.lookup(narrow, partition, key);
  return record === null ? null : readValue(narrow, narrow.features[0]!, record);
}

const caughtUp = () => [...ALL].filter((partition) => follower.isCaughtUp(partition));
const unconfirmed = () => [...ALL].filter((partition) => follower.isUnconfirmed(partition));
const mayServe = () => [...ALL].filter((partition) => follower.mayServe(partition));

/** Rows in partitions 0 and 1, all three caught up, and then the process ends and starts again. */
async function startOverData(silent: Silenceable['silent']): Promise<void> {
  await push(0, 5);
  await push(1, 6);
  await follower.assign(ALL);
  await eventually('caught up', () => caughtUp().length === 3 && replica.wasCaughtUp(0) && replica.wasCaughtUp(1));
  await close();
  open();
  source.silent = silent;
}

describe('a replica that was caught up when its process ended', () => {
  it.each(['all', 'partitions'] as const)(
    'is served within moments when the log is silent (%s), partitions that nobody wrote to included, and catches up once the log answers',
    async (silent) => {
      await startOverData(silent);
      await push(0, 77);
      void follower.assign(ALL);
      expect(caughtUp()).toEqual([]);
      expect(mayServe()).toEqual([0, 1, 2]);
      await eventually('the replica to be served', () => caughtUp().length === 3, 3_000);
      expect(changes).toBeGreaterThan(0);
      expect(unconfirmed()).toEqual([0, 1, 2]);
      expect([scoreIn(0), scoreIn(1), scoreIn(2)]).toEqual([5, 6, null]);
      expect(replica.appliedSeq(0)).toBe(1);
      source.silent = 'nothing';
      await eventually('the row pushed meanwhile', () => scoreIn(0) === 77, 6_000);
      await eventually('confirmed', () => caughtUp().length === 3 && unconfirmed().length === 0);
    },
  );

  it('is not claimed to be caught up any more once the log says that more was written, until it is applied', async () => {
    await startOverData('all');
    const last = await push(0, 77);
    let claimedBehind = 0;
    const applied = replica.apply.bind(replica);
    replica.apply = async (messages) => {
      // The log has said how far it is, and what it sent is not applied yet.
      if (follower.isCaughtUp(0) && !follower.isUnconfirmed(0)) claimedBehind++;
      return applied(messages);
    };
    void follower.assign(ALL);
    await eventually('the replica to be served', () => caughtUp().length === 3, 3_000);
    source.silent = 'nothing';
    await eventually('the row', () => replica.appliedSeq(0) === last, 6_000);
    expect(claimedBehind).toBe(0);
  });

  it('is refused once the log answers and turns out to be another', async () => {
    await startOverData('all');
    void follower.assign(ALL);
    await eventually('the replica to be served', () => caughtUp().length === 3, 3_000);
    const before = changes;
    source.state = async () => ({ createdText: 'another', firstSeq: 1, lastSeq: 9 });
    await eventually('the refusal', () => follower.fault !== null, 6_000);
    await eventually('its being said', () => changes > before);
    expect(caughtUp()).toEqual([]);
    expect(mayServe()).toEqual([]);
  });

  it('can be stopped at once while the log is silent', async () => {
    await startOverData('all');
    void follower.assign(ALL);
    await sleep(systemClock, 50);
    const startMs = systemClock.nowMs();
    await follower.stop();
    expect(systemClock.nowMs() - startMs).toBeLessThan(500);
  });

  it('claims no partition that it is not assigned, nor one that it gave up while running', async () => {
    await push(0, 5);
    await follower.assign(ALL);
    await eventually('caught up', () => caughtUp().length === 3 && replica.wasCaughtUp(0));
    await follower.assign(new Set([1, 2]));
    await close();
    open();
    source.silent = 'all';
    void follower.assign(new Set([0, 1]));
    await eventually('partition 1', () => follower.isCaughtUp(1), 3_000);
    expect(follower.isCaughtUp(0)).toBe(false);
    expect(follower.isCaughtUp(2)).toBe(false);
    void follower.assign(new Set([0, 1, 2]));
    expect(follower.isCaughtUp(2)).toBe(true);
    void follower.assign(new Set([0]));
    expect(caughtUp()).toEqual([]);
  });
});

describe('a replica that never was caught up', () => {
  it('claims nothing when it is empty and the log is silent, however long, and fills once the log answers', async () => {
    await push(0, 5);
    source.silent = 'all';
    void follower.assign(ALL);
    await sleep(systemClock, 2_500);
    expect(caughtUp()).toEqual([]);
    expect(mayServe()).toEqual([]);
    source.silent = 'nothing';
    await eventually('caught up', () => caughtUp().length === 3 && scoreIn(0) === 5, 6_000);
    expect(mayServe()).toEqual([0, 1, 2]);
  });

  it('claims nothing when it holds only the beginning of the log', async () => {
    const first = await push(0, 5);
    await push(0, 6);
    const rows = [{ key, eventMs: 1_005, values: packValues(narrow, { score: 5 }, []) }];
    const bytes = encodeRowBatch({ view: 'narrow', schemaHash: narrow.schemaHash, rows });
    await replica.apply([{ partition: 0, seq: first, bytes }]);
    source.silent = 'all';
    void follower.assign(ALL);
    await sleep(systemClock, 2_500);
    expect(scoreIn(0)).toBe(5);
    expect(caughtUp()).toEqual([]);
    expect(mayServe()).toEqual([]);
  });
});

describe('a follower whose connection came back to a log that does not answer yet', () => {
  it('goes on serving without a break', async () => {
    await push(0, 5);
    await follower.assign(ALL);
    await eventually('caught up', () => caughtUp().length === 3);
    source.silent = 'all';
    void follower.restart();
    expect(caughtUp()).toEqual([0, 1, 2]);
    await sleep(systemClock, 300);
    expect(caughtUp()).toEqual([0, 1, 2]);
    const seq = await push(1, 9);
    source.silent = 'nothing';
    await eventually('the row pushed meanwhile', () => replica.appliedSeq(1) === seq, 6_000);
  });
});

describe('a connection that is lost while following begins', () => {
  it('has the log asked again: what it said before need not be what it says now', async () => {
    let created = 'then';
    let asked = 0;
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const answers: LogSource = {
      state: async () => {
        asked++;
        return { createdText: created, firstSeq: 1, lastSeq: 0 };
      },
      usedPartitions: async () => {
        if (asked === 1) await held;
        return new Set();
      },
      lastSeqOf: async () => 0,
      follow: async () => ({ stop: async () => {} }),
    };
    const mine = new Replica({ directory: join(directory, 'begun'), app, log: silentLog });
    const begun = new LogFollower({
      replica: mine,
      source: answers,
      clock: systemClock,
      log: silentLog,
      transactionMessagesMax: 8,
      waitingMessagesMax: 8,
      onApplied: () => {},
      onCaughtUp: () => {},
    });
    const assigned = begun.assign(ALL);
    await eventually('the first answer', () => asked === 1);
    created = 'now';
    const restarted = begun.restart();
    letGo();
    await Promise.all([assigned, restarted]);
    expect(begun.fault).toContain('created anew');
    await begun.stop();
    await mine.close();
  });
});
