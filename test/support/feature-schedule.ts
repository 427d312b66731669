/**
 * A random schedule of what can happen to feature-shards, from a seed: writes of every kind in any order, replicas that
 * crash, lose their last transactions, move, or hear the log twice and late. Replicas are real (LMDB, the production
 * follower); the log is in memory, so that it can be made to misbehave. After each round everything that may be served is
 * held against the oracle.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FeatureIngest } from '../../actors/feature-ingest/feature-ingest.ts';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import type { LogSource } from '../../actors/feature-shard/log-source.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { materialize } from '../../cluster/catalog/materialize.ts';
import { readValue, recordEventMs } from '../../cluster/catalog/record.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { type Clock, ManualClock, systemClock } from '../../cluster/clock.ts';
import { partitionOfText } from '../../cluster/hash.ts';
import { silentLog } from '../../cluster/log.ts';
import { below, type Random, seededRandom } from '../../cluster/random.ts';
import { app, MINUTE_MS, profile, profileOf, spending, spendingOf, type Written } from './feature-oracle.ts';

const PARTITIONS = 4;
const REPLICAS = 2;
const KEYS = Array.from({ length: 12 }, (_, i) => `u${i}`);
const START_MS = 1_700_000_000_000;

type Message = { readonly partition: number; readonly bytes: Uint8Array };
type Shard = {
  readonly name: string;
  readonly directory: string;
  replica: Replica;
  follower: LogFollower;
  assigned: ReadonlySet<number>;
  /** A copy of its files from some time ago, to fall back to as after a power failure. */
  saved: string | null;
};

/** The log that every shard reads: all of it, in order, but in pieces, late and again. */
class UnreliableLog implements LogSource {
  readonly messages: Message[] = [];
  readonly #random: Random;
  readonly #wakers = new Set<() => void>();
  created = 'first';

  constructor(random: Random) {
    this.#random = random;
  }

  async append(partition: number, bytes: Uint8Array): Promise<number> {
    this.messages.push({ partition, bytes });
    for (const wake of this.#wakers) wake();
    return this.messages.length;
  }

  async state() {
    return { createdText: this.created, firstSeq: 1, lastSeq: this.messages.length };
  }

  async lastSeqOf(partition: number): Promise<number> {
    return this.messages.findLastIndex((one) => one.partition === partition) + 1;
  }

  async usedPartitions(): Promise<Set<number>> {
    return new Set(this.messages.map(({ partition }) => partition));
  }

  async follow(
    partition: number,
    fromSeq: number,
    onMessage: (seq: number, bytes: Uint8Array, pending: number) => Promise<void> | undefined,
  ): Promise<{ stop(): Promise<void> }> {
    // Now and then from further back than asked, as a consumer that was made again does.
    let next = this.#random.next() < 0.3 ? Math.max(1, fromSeq - below(this.#random, 20)) : fromSeq;
    let stopped = false;
    let wake = () => {};
    const deliver = async () => {
      while (!stopped) {
        for (; next <= this.messages.length && !stopped; next++) {
          const message = this.messages[next - 1]!;
          if (message.partition !== partition) continue;
          await onMessage(next, message.bytes, this.messages.length - next);
          if (this.#random.next() < 0.1) await new Promise((resolve) => setImmediate(resolve));
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#wakers.add(wake);
          if (stopped || next <= this.messages.length) resolve();
        });
        this.#wakers.delete(wake);
      }
    };
    const done = deliver();
    return {
      stop: async () => {
        stopped = true;
        wake();
        await done;
      },
    };
  }
}

export type ScheduleResult = {
  readonly writes: number;
  readonly checks: number;
  readonly moves: number;
  readonly crashes: number;
};

/** Runs `rounds` rounds. Rejects with the seed and the round in the message at the first thing that is not as it must be. */
export async function runSchedule(seed: number, rounds: number, directory: string): Promise<ScheduleResult> {
  const schedule = new Schedule(seed, directory);
  try {
    for (let round = 0; round < rounds; round++) await schedule.round(round);
    return schedule.result;
  } finally {
    await schedule.close();
  }
}

class Schedule {
  readonly #seed: number;
  readonly #random: Random;
  readonly #directory: string;
  readonly #log: UnreliableLog;
  readonly #ingest: FeatureIngest;
  readonly #written: Written[] = [];
  readonly #shards: Shard[];
  readonly #wall: ManualClock;
  /** The follower waits on real time; only what rows say of time is simulated. */
  readonly #clock: Clock = systemClock;
  #nextId = 0;
  #nextCopy = 0;
  result = { writes: 0, checks: 0, moves: 0, crashes: 0 };

  constructor(seed: number, directory: string) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#directory = directory;
    this.#log = new UnreliableLog(seededRandom(seed + 1));
    this.#wall = new ManualClock(0, START_MS);
    this.#ingest = new FeatureIngest({
      app,
      clock: this.#wall,
      sink: this.#log,
      partitions: () => PARTITIONS,
      rowsPerMessageMax: 3,
      bytesPerMessageMax: 10_000,
      rowsInFlightMax: 1_000,
    });
    this.#shards = ['s1', 's2', 's3'].map((name) => this.#open(name, join(directory, name)));
  }

  async round(round: number): Promise<void> {
    const steps = 5 + below(this.#random, 25);
    if (round === 0 || this.#random.next() < 0.3) await this.#rebalance();
    for (let i = 0; i < steps; i++) await this.#step();
    await this.#settle(round);
    await this.#check(round);
  }

  async close(): Promise<void> {
    for (const shard of this.#shards) {
      await shard.follower.stop();
      await shard.replica.close();
    }
  }

  #open(name: string, directory: string): Shard {
    const replica = new Replica({ directory, app, log: silentLog });
    const follower = new LogFollower({
      replica,
      source: this.#log,
      clock: this.#clock,
      log: silentLog,
      transactionMessagesMax: 1 + below(this.#random, 8),
      waitingMessagesMax: 8 + below(this.#random, 64),
      onApplied: () => {},
      onCaughtUp: () => {},
    });
    return { name, directory, replica, follower, assigned: new Set(), saved: null };
  }

  async #step(): Promise<void> {
    const dice = this.#random.next();
    this.#wall.advance(below(this.#random, 90_000));
    if (dice < 0.35) await this.#pushRows();
    else if (dice < 0.8) await this.#pushEvents();
    else if (dice < 0.88) await this.#delete();
    else if (dice < 0.92) await this.#pick().follower.restart();
    else if (dice < 0.95) await this.#save(this.#pick());
    else await this.#crash(this.#pick());
  }

  async #pushRows(): Promise<void> {
    const rows = Array.from({ length: 1 + below(this.#random, 4) }, () => this.#row());
    const acks = await this.#ingest.push(
      'profile',
      rows.map(({ key, eventMs, row }) => ({ user_id: key, event_time: eventMs, ...row })),
    );
    this.#acknowledged(acks, rows);
  }

  async #pushEvents(): Promise<void> {
    const events = Array.from({ length: 1 + below(this.#random, 6) }, () => this.#event());
    const acks = await this.#ingest.push(
      'payments',
      events.map(({ key, eventMs, id, amount, merchant }) => ({
        user_id: key,
        event_time: eventMs,
        id,
        amount,
        merchant,
      })),
    );
    this.#acknowledged(acks, events);
  }

  async #delete(): Promise<void> {
    const view = this.#random.next() < 0.5 ? 'profile' : 'spending';
    const one = { kind: 'delete' as const, view, key: this.#key(), eventMs: this.#eventMs() } as const;
    this.#acknowledged(await this.#ingest.delete(view, [one.key], one.eventMs), [one]);
  }

  /** In the log's order, which is that of acknowledgement: one push at a time, rows of one key in their order. */
  #acknowledged(acks: readonly object[], writes: readonly Written[]): void {
    for (const ack of acks) if ('error' in ack) throw this.#failure(`refused: ${JSON.stringify(ack)}`);
    this.#written.push(...writes);
    this.result.writes += writes.length;
  }

  #row(): Extract<Written, { kind: 'row' }> {
    const some = <T>(value: T) => (this.#random.next() < 0.2 ? null : value);
    const row = {
      age: some(below(this.#random, 99)),
      score: some(Math.fround(this.#random.next())),
      vip: some(this.#random.next() < 0.5),
      plan: some(['free', 'paid', 'gold'][below(this.#random, 3)]!),
      taste: some([below(this.#random, 9), below(this.#random, 9)]),
    };
    return { kind: 'row', key: this.#key(), eventMs: this.#eventMs(), row };
  }

  #event(): Extract<Written, { kind: 'event' }> {
    const before = this.#written.filter((one) => one.kind === 'event');
    // The same event again, whole or with another body under its id.
    if (before.length > 0 && this.#random.next() < 0.2) {
      const again = before[below(this.#random, before.length)]!;
      if (again.id !== null) return this.#random.next() < 0.5 ? again : { ...again, amount: below(this.#random, 500) };
    }
    return {
      kind: 'event',
      key: this.#key(),
      eventMs: this.#eventMs(),
      id: this.#random.next() < 0.7 ? `e${this.#nextId++}` : null,
      amount: this.#random.next() < 0.1 ? null : below(this.#random, 500) - 100,
      merchant: this.#random.next() < 0.1 ? null : `m${below(this.#random, 6)}`,
    };
  }

  /** Mostly around now, on few distinct times; some far back, some ahead as far as clocks may be. */
  #eventMs(): number {
    const dice = this.#random.next();
    const offset =
      dice < 0.1
        ? -below(this.#random, 200) * MINUTE_MS
        : dice < 0.2
          ? below(this.#random, 300) * 1_000
          : -below(this.#random, 60) * 15_000;
    return Math.floor((this.#wall.wallMs() + offset) / 1_000) * 1_000;
  }

  #key(): string {
    // Some keys are hot.
    return KEYS[Math.floor(KEYS.length * this.#random.next() ** 2)]!;
  }

  #pick(): Shard {
    return this.#shards[below(this.#random, this.#shards.length)]!;
  }

  async #rebalance(): Promise<void> {
    const wanted = this.#shards.map(() => new Set<number>());
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const first = below(this.#random, this.#shards.length);
      for (let i = 0; i < REPLICAS; i++) wanted[(first + i) % this.#shards.length]!.add(partition);
    }
    for (const [i, shard] of this.#shards.entries()) {
      shard.assigned = wanted[i]!;
      void shard.follower.assign(shard.assigned);
    }
    this.result.moves++;
  }

  /** Ends the process and keeps a copy of its files as they are then. */
  async #save(shard: Shard): Promise<void> {
    await this.#end(shard);
    const to = join(this.#directory, `copy-${this.#nextCopy++}`);
    await cp(shard.directory, to, { recursive: true });
    if (shard.saved !== null) await rm(shard.saved, { recursive: true, force: true });
    shard.saved = to;
    this.#start(shard);
  }

  /** The process ends, and starts again on what was committed or, as after a power failure, on an older state of it. */
  async #crash(shard: Shard): Promise<void> {
    this.result.crashes++;
    await this.#end(shard);
    if (shard.saved !== null && this.#random.next() < 0.7) {
      await rm(shard.directory, { recursive: true, force: true });
      await cp(shard.saved, shard.directory, { recursive: true });
    }
    this.#start(shard);
  }

  async #end(shard: Shard): Promise<void> {
    await shard.follower.stop();
    await shard.replica.close();
  }

  #start(shard: Shard): void {
    const { assigned, saved } = shard;
    Object.assign(shard, this.#open(shard.name, shard.directory), { assigned, saved });
    void shard.follower.assign(assigned);
  }

  async #settle(round: number): Promise<void> {
    const deadline = performance.now() + 20_000;
    const behind = () =>
      this.#shards.flatMap((shard) =>
        [...shard.assigned]
          .filter(
            (partition) =>
              !shard.follower.isCaughtUp(partition) || this.#lastSeq(partition) > shard.replica.appliedSeq(partition),
          )
          .map(
            (partition) => `${shard.name}/${partition}: ${shard.follower.fault ?? shard.replica.appliedSeq(partition)}`,
          ),
      );
    while (behind().length > 0) {
      if (performance.now() > deadline) throw this.#failure(`never caught up: ${behind().join(', ')}`, round);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #lastSeq(partition: number): number {
    return this.#log.messages.findLastIndex((one) => one.partition === partition) + 1;
  }

  async #check(round: number): Promise<void> {
    const atMs = this.#wall.wallMs() + below(this.#random, 10 * MINUTE_MS);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const holders = this.#shards.filter((shard) => shard.assigned.has(partition));
      const digests = new Set(
        holders.map(({ replica }) => `${replica.cursor(partition).seq} ${replica.cursor(partition).digest}`),
      );
      if (digests.size !== 1) throw this.#failure(`replicas of ${partition} differ: ${[...digests].join(', ')}`, round);
      for (const key of KEYS.filter((one) => partitionOfText(one, PARTITIONS) === partition)) {
        for (const shard of holders) this.#compare(shard, partition, key, atMs, round);
      }
    }
  }

  #compare(shard: Shard, partition: number, key: string, atMs: number, round: number): void {
    const expected = [profileOf(this.#written, key), spendingOf(this.#written, key, atMs)];
    const got = [profile, spending].map((view) => this.#read(shard, view, partition, key, atMs));
    const text = (value: unknown) =>
      JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one));
    if (text(got) !== text(expected))
      throw this.#failure(`${shard.name} has ${key} as ${text(got)}, but it is ${text(expected)}`, round);
    this.result.checks++;
  }

  #read(shard: Shard, view: View, partition: number, key: string, atMs: number) {
    const row = materialize(view, shard.replica.lookup(view, partition, Buffer.from(key)), atMs);
    if (row === null) return null;
    const features = Object.fromEntries(view.features.map((one) => [one.name, readValue(view, one, row)]));
    return { eventMs: recordEventMs(row), features };
  }

  #failure(what: string, round?: number): Error {
    return new Error(`seed ${this.#seed}${round === undefined ? '' : `, round ${round}`}: ${what}`);
  }
}
