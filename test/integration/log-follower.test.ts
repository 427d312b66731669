/** Following the feature log on a real nats-server, through restarts and logs that contradict the replica. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import type { FollowerOptions, LogSource } from '../../actors/feature-shard/log-source.ts';
import { type ApplyResult, type LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import { packValues, readValue } from '../../cluster/catalog/record.ts';
import { type Clock, sleep, systemClock } from '../../cluster/clock.ts';
import { type Log, silentLog } from '../../cluster/log.ts';
import type { FeatureLog } from '../../cluster/nats/feature-log.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import { ServingError } from '../../proto/errors.ts';
import { encodeRowBatch } from '../../proto/row-batch.ts';
import { FEATURE_LOG_STREAM } from '../../proto/subjects.ts';
import { app, narrow } from '../support/feature-log-writer.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

const PARTITIONS = new Set([0, 1, 2]);
const key = new TextEncoder().encode('u1');

/** Takes its time, and knows how much each transaction was given. */
class SlowReplica extends Replica {
  readonly sizes: number[] = [];
  applied = 0;
  delayMs = 0;
  failing = false;
  failures = 0;

  override async apply(messages: readonly LogMessage[]): Promise<ApplyResult> {
    if (this.failing) {
      this.failures++;
      throw new ServingError('UNAVAILABLE', 'log', 'the disk is full');
    }
    if (this.delayMs > 0) await sleep(systemClock, this.delayMs);
    const result = await super.apply(messages);
    this.sizes.push(messages.length);
    this.applied += messages.length;
    return result;
  }
}

let nats: NatsFixture;
let link: NatsLink;
let log: FeatureLog;
let directory: string;
let replica: SlowReplica;
let follower: LogFollower;
let reported: string[];
let caughtUpCalls: number;

const recordingLog: Log = {
  ...silentLog,
  error: (fields, message) => reported.push(`${message} ${JSON.stringify(fields)}`),
};

beforeEach(async () => {
  nats = await NatsFixture.start();
  link = await nats.connect();
  log = await link.featureLog({ replicas: 1 });
  directory = await mkdtemp(join(tmpdir(), 'follower-'));
  replica = new SlowReplica({ directory, app, log: silentLog });
  reported = [];
  caughtUpCalls = 0;
  follower = startFollower();
}, 180_000);

afterEach(async () => {
  await follower.stop();
  await replica.close();
  await nats.stop();
  await rm(directory, { recursive: true, force: true });
});

function startFollower(overrides: Partial<FollowerOptions> = {}): LogFollower {
  return new LogFollower({
    replica,
    source: log,
    clock: systemClock,
    log: recordingLog,
    transactionMessagesMax: 64,
    waitingMessagesMax: 256,
    onApplied: () => {},
    onCaughtUp: () => {
      caughtUpCalls++;
    },
    ...overrides,
  });
}

function push(partition: number, value: number): Promise<number> {
  const row = { key, eventMs: 1_000 + value, values: packValues(narrow, { score: value }, []) };
  return log.append(partition, encodeRowBatch({ view: 'narrow', schemaHash: narrow.schemaHash, rows: [row] }));
}

async function pushMany(count: number, from = 0): Promise<void> {
  for (let at = 0; at < count; at += 100) {
    const batch = Array.from({ length: Math.min(100, count - at) }, (_, i) => push((at + i) % 3, from + at + i));
    await Promise.all(batch);
  }
}

function scoreIn(partition: number): unknown {
  const record = replica.lookup(narrow, partition, key);
  return record === null ? null : readValue(narrow, narrow.features[0]!, record);
}

const allCaughtUp = () => [...PARTITIONS].every((partition) => follower.isCaughtUp(partition));

describe('a follower', () => {
  it('catches up with what the log held, and then applies what is appended, as it comes', async () => {
    await pushMany(600);
    expect(follower.isCaughtUp(0)).toBe(false);
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    expect(caughtUpCalls).toBeGreaterThan(0);
    expect(replica.highestAppliedSeq()).toBe(600);
    expect([scoreIn(0), scoreIn(1), scoreIn(2)]).toEqual([597, 598, 599]);
    const seq = await push(1, 10_000);
    await eventually('the new row', () => scoreIn(1) === 10_000, 2_000);
    expect(replica.appliedSeq(1)).toBe(seq);
    await eventually('no lag', () => follower.lag() === 0, 2_000);
  });

  it('is caught up at once with partitions that nobody wrote to', async () => {
    await push(0, 1);
    await follower.assign(new Set([0, 7]));
    expect(follower.isCaughtUp(7)).toBe(true);
    await eventually('partition 0', () => follower.isCaughtUp(0));
    await push(7, 3);
    await eventually('the first row of partition 7', () => scoreIn(7) === 3, 2_000);
  });

  it('is not caught up before the last message that the log held is applied', async () => {
    await pushMany(300);
    replica.delayMs = 30;
    await follower.assign(PARTITIONS);
    while (!allCaughtUp()) {
      const behind = [...PARTITIONS].filter((partition) => follower.isCaughtUp(partition));
      for (const partition of behind) expect(replica.appliedSeq(partition)).toBe(298 + partition);
      await sleep(systemClock, 3);
    }
    expect(replica.highestAppliedSeq()).toBe(300);
  });

  it('stops following what it is no longer assigned, and goes on from its cursor when assigned again', async () => {
    await pushMany(30);
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    await follower.assign(new Set([0, 2]));
    expect(follower.isCaughtUp(1)).toBe(false);
    await push(1, 500);
    await push(0, 501);
    await eventually('partition 0', () => scoreIn(0) === 501, 2_000);
    expect(scoreIn(1)).toBe(28);
    await follower.assign(PARTITIONS);
    await eventually('partition 1', () => scoreIn(1) === 500, 2_000);
  });

  it('holds no more messages than allowed while the replica is slow, and applies in transactions of at most the limit', async () => {
    await pushMany(1_500);
    let delivered = 0;
    let mostWaiting = 0;
    const source: LogSource = {
      state: () => log.state(),
      lastSeqOf: (partition) => log.lastSeqOf(partition),
      usedPartitions: () => log.usedPartitions(),
      follow: (partition, fromSeq, onMessage) =>
        log.follow(partition, fromSeq, (...message) => {
          delivered++;
          mostWaiting = Math.max(mostWaiting, delivered - replica.applied);
          return onMessage(...message);
        }),
    };
    replica.delayMs = 2;
    follower = startFollower({ source, transactionMessagesMax: 10, waitingMessagesMax: 40 });
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp, 20_000);
    expect(replica.highestAppliedSeq()).toBe(1_500);
    // One more from each partition may be handed over before it sees that there is no room, and a batch is under way.
    expect(mostWaiting).toBeLessThanOrEqual(40 + PARTITIONS.size + 10);
    expect(mostWaiting).toBeGreaterThan(20);
    expect(Math.max(...replica.sizes)).toBe(10);
  });

  it('finishes what it has received before it stops', async () => {
    await pushMany(300);
    replica.delayMs = 20;
    await follower.assign(PARTITIONS);
    await eventually('a first transaction', () => replica.sizes.length > 0);
    await follower.stop();
    const reached = replica.highestAppliedSeq();
    await sleep(systemClock, 60);
    expect(replica.highestAppliedSeq()).toBe(reached);
  });
});

describe('a follower whose replica cannot commit', () => {
  it('tries again until it can, and then misses nothing', async () => {
    replica.failing = true;
    await pushMany(60);
    follower = startFollower({ waitingMessagesMax: 10 });
    await follower.assign(PARTITIONS);
    await eventually('a second try', () => replica.failures > 1);
    expect(allCaughtUp()).toBe(false);
    replica.failing = false;
    await eventually('caught up', allCaughtUp);
    expect([scoreIn(0), scoreIn(1), scoreIn(2)]).toEqual([57, 58, 59]);
  });

  it('can be stopped meanwhile', async () => {
    replica.failing = true;
    await pushMany(60);
    follower = startFollower({ waitingMessagesMax: 10 });
    await follower.assign(PARTITIONS);
    await eventually('a failure', () => replica.failures > 0);
    const stopped = follower.stop().then(() => 'stopped');
    expect(await Promise.race([stopped, sleep(systemClock, 5_000)])).toBe('stopped');
  });
});

describe('a follower whose replica holds what cannot be applied to', () => {
  it('refuses to serve and says why, instead of trying for ever', async () => {
    await pushMany(30);
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    expect(follower.mayServe(0)).toBe(true);
    let tries = 0;
    replica.apply = () => {
      tries++;
      throw new ServingError('DATA_LOSS', 'lookup', 'the stored state of an aggregation is corrupt: it is too short');
    };
    await push(1, 500);
    await eventually('the fault', () => follower.fault !== null);
    expect(follower.fault).toMatch(/corrupt.*too short/);
    for (const partition of PARTITIONS) {
      expect(follower.mayServe(partition)).toBe(false);
      expect(follower.isCaughtUp(partition)).toBe(false);
    }
    expect(reported.join()).toMatch(/refusing to serve/);
    await push(1, 501);
    await sleep(systemClock, 1_500);
    expect(tries).toBe(1);
  });
});

describe('a follower that hears the log', () => {
  it('knows since when nothing is missing, and says so of what the log holds back', async () => {
    await pushMany(60);
    let heldBack = false;
    const clock: Clock = {
      ...systemClock,
      // A question every tenth of a second, and a moment's patience.
      every: (_ms, callback) => systemClock.every(50, callback),
    };
    const source: LogSource = {
      state: () => log.state(),
      lastSeqOf: (partition) => log.lastSeqOf(partition),
      usedPartitions: () => log.usedPartitions(),
      counts: () => log.counts(),
      follow: (partition, fromSeq, onMessage) =>
        log.follow(partition, fromSeq, (...message) => (heldBack ? undefined : onMessage(...message))),
    };
    follower = startFollower({ source, clock });
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    await sleep(systemClock, 400);
    await eventually('a confirmation', () => follower.confirmedAgeMs() < 300, 5_000);
    expect(follower.lags().size).toBe(0);
    heldBack = true;
    await pushMany(30, 1_000);
    await eventually('what is missing', () => [...follower.lags().values()].join() === '10,10,10', 5_000);
    expect(follower.lag()).toBe(30);
    const ageMs = follower.confirmedAgeMs();
    await sleep(systemClock, 300);
    expect(follower.confirmedAgeMs()).toBeGreaterThan(ageMs + 250);
    heldBack = false;
    await follower.restart();
    await eventually('all of it', () => follower.lags().size === 0 && follower.confirmedAgeMs() < 300, 15_000);
    expect([scoreIn(0), scoreIn(1), scoreIn(2)]).toEqual([1_027, 1_028, 1_029]);
  });
});

describe('a follower whose nats-server restarts', () => {
  /** As the shard does. */
  function followThroughReconnections(): void {
    link.onConnectionChange((connected) => {
      if (connected) void follower.restart().catch(() => {});
    });
  }

  it('goes on without a gap', async () => {
    await pushMany(90);
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    followThroughReconnections();
    await nats.stopServer();
    await sleep(systemClock, 300);
    await nats.startServer();
    await eventually('a connection', () => link.connected);
    await pushMany(60, 1_000);
    await eventually('caught up again', () => allCaughtUp() && replica.highestAppliedSeq() === 150, 15_000);
    expect([scoreIn(0), scoreIn(1), scoreIn(2)]).toEqual([1_057, 1_058, 1_059]);
    expect(follower.fault).toBeNull();
  });

  it('goes on even if JetStream does not answer at first', async () => {
    await pushMany(30);
    let refusals = 0;
    const source: LogSource = {
      state: () => {
        if (refusals === 0) return log.state();
        refusals--;
        return Promise.reject(new Error('503'));
      },
      lastSeqOf: (partition) => log.lastSeqOf(partition),
      usedPartitions: () => log.usedPartitions(),
      follow: (...call) => log.follow(...call),
    };
    follower = startFollower({ source });
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    refusals = 2;
    await follower.restart();
    await push(2, 77);
    await eventually('the row pushed meanwhile', () => scoreIn(2) === 77 && allCaughtUp(), 5_000);
  });
});

describe('a log that contradicts the replica', () => {
  async function follow(count: number): Promise<void> {
    await pushMany(count);
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    await follower.stop();
  }

  async function followAgain(): Promise<void> {
    log = await link.featureLog({ replicas: 1 });
    follower = startFollower();
    await follower.assign(PARTITIONS);
    await sleep(systemClock, 100);
  }

  function expectRefusal(said: RegExp, score: number): void {
    expect(follower.fault).toMatch(said);
    expect([...PARTITIONS].some((partition) => follower.isCaughtUp(partition))).toBe(false);
    expect(reported.join()).toMatch(/refusing to serve/);
    expect(scoreIn(0)).toBe(score);
  }

  async function jetstream<T>(act: (manager: Awaited<ReturnType<typeof managerOf>>['manager']) => Promise<T>) {
    const { connection, manager } = await managerOf();
    try {
      return await act(manager);
    } finally {
      await connection.close();
    }
  }

  async function managerOf() {
    const connection = await connect({ servers: nats.url });
    return { connection, manager: await connection.jetstreamManager() };
  }

  it('is refused where it was made anew, even with as many messages', async () => {
    await follow(30);
    await jetstream((manager) => manager.streams.delete(FEATURE_LOG_STREAM));
    log = await link.featureLog({ replicas: 1 });
    await pushMany(60, 5_000);
    await followAgain();
    expectRefusal(/created anew/, 27);
  });

  it('is refused while following, once the connection is back, where it was made anew meanwhile', async () => {
    await pushMany(30);
    await follower.assign(PARTITIONS);
    await eventually('caught up', allCaughtUp);
    await jetstream((manager) => manager.streams.delete(FEATURE_LOG_STREAM));
    await link.featureLog({ replicas: 1 });
    await follower.restart();
    expectRefusal(/created anew/, 27);
    await push(0, 9_000);
    await sleep(systemClock, 200);
    expect(scoreIn(0)).toBe(27);
  });

  it('is refused where it was rolled back to an older state', async () => {
    await pushMany(30);
    await nats.stopServer();
    await cp(nats.dataDir, `${nats.dataDir}-old`, { recursive: true });
    await nats.startServer();
    await eventually('a connection', () => link.connected);
    await follow(30);
    expect(replica.highestAppliedSeq()).toBe(60);
    await nats.stopServer();
    await rm(nats.dataDir, { recursive: true });
    await cp(`${nats.dataDir}-old`, nats.dataDir, { recursive: true });
    await rm(`${nats.dataDir}-old`, { recursive: true });
    await nats.startServer();
    await eventually('a connection', () => link.connected);
    await followAgain();
    expectRefusal(/ends at 30, but 60 is applied/, 27);
  });

  it('is refused where messages that the replica has not applied are gone from it', async () => {
    await follow(30);
    await pushMany(30, 100);
    await jetstream((manager) => manager.streams.purge(FEATURE_LOG_STREAM, { seq: 50 }));
    await followAgain();
    expectRefusal(/starts at 50, but this replica stands at 30/, 27);
  });

  it('is followed where only messages that are applied already are gone', async () => {
    await follow(30);
    await pushMany(30, 100);
    await jetstream((manager) => manager.streams.purge(FEATURE_LOG_STREAM, { seq: 20 }));
    await followAgain();
    await eventually('caught up', allCaughtUp);
    expect(follower.fault).toBeNull();
    expect(scoreIn(0)).toBe(127);
  });
});
