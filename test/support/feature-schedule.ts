/**
 * A random schedule of what can happen to feature-shards, from a seed: writes of every kind in any order, sweeps,
 * snapshots (some spoilt), a log that is trimmed, replicas that crash, also over a copy, are lost, lose their last
 * transactions, move, or hear the log twice and late, and a log that is made anew or rolled back. Replicas are real (LMDB,
 * the production follower, bootstrap, retention and sweep); log and stores are in memory, so that they can be made to
 * misbehave. After each round everything that may be served is held against the oracle.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FeatureIngest } from '../../actors/feature-ingest/feature-ingest.ts';
import { Bootstrap } from '../../actors/feature-shard/bootstrap.ts';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { trimPartition } from '../../actors/feature-shard/log-retention.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { SnapshotShelf } from '../../actors/feature-shard/snapshot-shelf.ts';
import { readPieces, spoolSnapshot } from '../../actors/feature-shard/spool-snapshot.ts';
import { Sweep } from '../../actors/feature-shard/sweep.ts';
import { materialize } from '../../cluster/catalog/materialize.ts';
import { readValue, recordEventMs } from '../../cluster/catalog/record.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { type Clock, ManualClock, systemClock } from '../../cluster/clock.ts';
import { partitionOfText } from '../../cluster/hash.ts';
import { silentLog } from '../../cluster/log.ts';
import { below, type Random, seededRandom } from '../../cluster/random.ts';
import { decodeRowBatch } from '../../proto/row-batch.ts';
import { app, MINUTE_MS, profile, profileOf, spending, spendingOf, type Written } from './feature-oracle.ts';
import { MemoryKeyValue, MemoryStore } from './memory-key-value.ts';
import { MemoryObjects, UnreliableLog } from './unreliable-log.ts';

const PARTITIONS = 4;
const REPLICAS = 2;
const KEYS = Array.from({ length: 12 }, (_, i) => `u${i}`);
const START_MS = 1_700_000_000_000;

type Shard = {
  readonly name: string;
  readonly directory: string;
  replica: Replica;
  follower: LogFollower;
  assigned: ReadonlySet<number>;
  /** A copy of its files from some time ago, to fall back to as after a power failure. */
  saved: string | null;
};

export type ScheduleResult = {
  readonly writes: number;
  readonly checks: number;
  readonly moves: number;
  readonly crashes: number;
  readonly trims: number;
  readonly snapshots: number;
  readonly expired: number;
  readonly lies: number;
  /** By where they came from. */
  readonly bootstraps: Readonly<Record<'owner' | 'snapshot' | 'log', number>>;
};

/** What production waits for in seconds takes milliseconds here. */
function hastened(divisor: number, wall: Clock): Clock {
  return {
    ...systemClock,
    wallMs: () => wall.wallMs(),
    after: (delayMs, callback) => systemClock.after(delayMs / divisor, callback),
  };
}

const RETENTION_MS = 60_000;

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
  /** The follower waits on real time, but not for long; only what rows say of time is simulated. */
  readonly #clock: Clock;
  readonly #objects = new MemoryObjects();
  readonly #store = new MemoryStore();
  readonly #shelf: SnapshotShelf;
  /** Newest snapshot by partition that was spoilt: no other is until there are newer ones. */
  readonly #spoilt = new Map<number, string>();
  #nextId = 0;
  #nextCopy = 0;
  result = {
    writes: 0,
    checks: 0,
    moves: 0,
    crashes: 0,
    trims: 0,
    snapshots: 0,
    expired: 0,
    lies: 0,
    bootstraps: { owner: 0, snapshot: 0, log: 0 },
  };

  constructor(seed: number, directory: string) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#directory = directory;
    this.#log = new UnreliableLog(seededRandom(seed + 1));
    this.#wall = new ManualClock(0, START_MS);
    this.#clock = hastened(50, this.#wall);
    this.#shelf = new SnapshotShelf({
      open: async () => ({ keyValue: new MemoryKeyValue(this.#store), objects: this.#objects }),
      clock: this.#clock,
      log: silentLog,
      keep: 2,
    });
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
    if (this.#random.next() < 0.15) await this.#lie(round);
  }

  async close(): Promise<void> {
    for (const shard of this.#shards) {
      await shard.follower.stop();
      await shard.replica.close();
    }
  }

  #open(name: string, directory: string): Shard {
    const replica = new Replica({ directory, app, log: silentLog });
    const bootstrap = new Bootstrap({
      replica,
      source: this.#log,
      clock: this.#clock,
      log: silentLog,
      owners: (partition) =>
        this.#shards.filter((one) => one.name !== name && one.assigned.has(partition)).map((one) => one.name),
      copyFrom: (owner, partition, _stream, minSeq) => this.#copyOf(owner, partition, minSeq),
      shelf: this.#shelf,
      copiesMax: 2,
      onDone: (from) => this.result.bootstraps[from]++,
    });
    const follower = new LogFollower({
      replica,
      source: this.#log,
      bootstrap,
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
    if (dice < 0.3) await this.#pushRows();
    else if (dice < 0.64) await this.#pushEvents();
    else if (dice < 0.71) await this.#delete();
    else if (dice < 0.74) await this.#pick().follower.restart();
    else if (dice < 0.77) await this.#save(this.#pick());
    else if (dice < 0.83) await this.#snapshot(below(this.#random, PARTITIONS));
    else if (dice < 0.88) await this.#trim(below(this.#random, PARTITIONS));
    else if (dice < 0.91) await this.#sweep(below(this.#random, PARTITIONS));
    else if (dice < 0.93) await this.#spoil(below(this.#random, PARTITIONS));
    else if (dice < 0.96) await this.#rebuild(this.#pick());
    else await this.#crash(this.#pick());
  }

  /** As a scrub does that found a partition to be another than was written; half of them die over it. */
  async #rebuild(shard: Shard): Promise<void> {
    const partition = [...shard.assigned].find((one) => shard.replica.appliedSeq(one) > 0);
    if (partition === undefined) return;
    const rebuilding = shard.follower.rebuild(partition, 'as it was found');
    if (this.#random.next() < 0.5) {
      await new Promise((resolve) => setTimeout(resolve, below(this.#random, 15)));
      await this.#end(shard);
      this.#start(shard);
    }
    void rebuilding;
  }

  /** A copy by an owner that can prove what it has; some die over it. */
  async *#copyOf(owner: string, partition: number, minSeq: number): AsyncGenerator<Uint8Array> {
    const shard = this.#shards.find(({ name }) => name === owner)!;
    const { replica, follower } = shard;
    if (!this.#isProven(shard, partition) || replica.appliedSeq(partition) < minSeq)
      throw new Error(`${owner} does not have partition ${partition}`);
    const path = join(this.#directory, `spool-${this.#nextCopy++}`);
    const dies = this.#random.next() < 0.2;
    await spoolSnapshot({ replica, partition, path, views: [], clock: this.#clock });
    for await (const piece of readPieces(path)) {
      if (dies) yield piece.subarray(0, piece.length >> 1);
      if (dies || follower !== shard.follower) throw new Error(`${owner} has died`);
      yield piece;
    }
    await rm(path, { force: true });
  }

  #isProven({ follower }: Shard, partition: number): boolean {
    return follower.isCaughtUp(partition) && !follower.isUnconfirmed(partition);
  }

  #holder(partition: number): Shard | undefined {
    return this.#shards.find((shard) => shard.assigned.has(partition) && this.#isProven(shard, partition));
  }

  async #snapshot(partition: number): Promise<void> {
    const shard = this.#holder(partition);
    if (shard === undefined || shard.replica.appliedSeq(partition) === 0) return;
    const path = join(this.#directory, `spool-${this.#nextCopy++}`);
    const spooled = await spoolSnapshot({ replica: shard.replica, partition, path, views: [], clock: this.#clock });
    if ((await this.#shelf.store(spooled, shard.name)) !== null) this.result.snapshots++;
    await rm(path, { force: true });
  }

  /** As retention does, everything being old enough. */
  async #trim(partition: number): Promise<void> {
    const before = this.#log.trims;
    const holders = () => this.#shards.filter((shard) => shard.assigned.has(partition));
    const isSettled = () => holders().length > 0 && holders().every((shard) => this.#isProven(shard, partition));
    const clock = hastened(1_000, this.#wall);
    await trimPartition({ clock, retentionMs: RETENTION_MS, shelf: this.#shelf, log: this.#log, isSettled }, partition);
    this.result.trims += this.#log.trims - before;
  }

  /** The newest of several, so that there is always one from which the log goes on. */
  async #spoil(partition: number): Promise<void> {
    const [newest, ...older] = await this.#shelf.list(partition);
    if (newest === undefined || older.length === 0) return;
    if (older.some(({ object }) => object === this.#spoilt.get(partition))) return;
    if (this.#spoilt.get(partition) === newest.object) return;
    this.#spoilt.set(partition, newest.object);
    this.#objects.spoil(newest.object, this.#random);
  }

  /** By an owner that has everything: races between sweeps and writes are a test of their own. */
  async #sweep(partition: number): Promise<void> {
    const shard = this.#holder(partition);
    if (shard === undefined || shard.replica.appliedSeq(partition) < this.#lastSeq(partition)) return;
    const sweep = new Sweep({
      app,
      replica: shard.replica,
      sink: {
        append: async (to, bytes) => {
          const { view, rows } = decodeRowBatch(bytes)!;
          for (const { key } of rows) {
            const text = Buffer.from(key).toString('utf8');
            this.#written.push({ kind: 'expire', view: view as 'profile' | 'spending', key: text });
            this.result.expired++;
          }
          return this.#log.append(to, bytes);
        },
      },
      clock: this.#clock,
      random: this.#random,
      log: silentLog,
      partitions: () => [partition],
      intervalMs: 1_000,
      tombstoneRetentionMs: 30 * MINUTE_MS,
      onSwept: () => {},
    });
    this.#wall.advance(below(this.#random, 60) * MINUTE_MS);
    const { replica } = shard;
    await sweep.sweep();
    if (replica !== shard.replica) throw this.#failure('a shard was opened anew during a sweep');
  }

  /** The log is made anew, rolled back, or rolled back and written on: no replica that knows better may serve. */
  async #lie(round: number): Promise<void> {
    this.result.lies++;
    const { messages, created } = this.#log;
    const kind = below(this.#random, 3);
    const from = below(this.#random, messages.length);
    if (kind === 0) this.#log.created = 'second';
    if (kind === 1) this.#log.messages = messages.slice(0, from);
    if (kind === 2)
      this.#log.messages = messages.map((one, i) =>
        one === null || i < from ? one : { ...one, bytes: Buffer.concat([one.bytes, Buffer.of(0x78, 0x01)]) },
      );
    const contradicted = this.#shards.filter(({ replica, assigned }) => {
      // One that serves nothing asks nothing.
      if (assigned.size === 0) return false;
      if (kind === 0) return replica.highestAppliedSeq() > 0;
      if (kind === 1) return replica.highestAppliedSeq() > this.#log.messages.length;
      return [...assigned].some((partition) => {
        const seq = replica.appliedSeq(partition);
        return seq > from && messages[seq - 1] !== null;
      });
    });
    const restarted = this.#shards.map((shard) => shard.follower.restart());
    const untilMs = performance.now() + 10_000;
    for (const { name, follower, assigned } of contradicted) {
      while (follower.fault === null) {
        if (performance.now() > untilMs) throw this.#failure(`${name} follows a log that lies (${kind})`, round);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const serves = [...assigned].filter((one) => follower.mayServe(one) || follower.isCaughtUp(one));
      if (serves.length > 0) throw this.#failure(`${name} serves from a log that lies (${kind})`, round);
    }
    await Promise.all(restarted);
    Object.assign(this.#log, { messages, created });
    for (const shard of this.#shards) {
      await this.#end(shard);
      this.#start(shard);
    }
    await this.#settle(round);
    await this.#check(round);
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

  /**
   * The process ends, and starts again on what was committed, on nothing where others have what it had, or, as after a
   * power failure, on an older state. Some end again at once, over what they are having from elsewhere.
   */
  async #crash(shard: Shard): Promise<void> {
    this.result.crashes++;
    await this.#end(shard);
    const others = [...shard.assigned].every((partition) =>
      this.#shards.some((one) => one !== shard && one.assigned.has(partition) && this.#isProven(one, partition)),
    );
    if (others && this.#random.next() < 0.3) {
      await rm(shard.directory, { recursive: true, force: true });
      this.#start(shard);
      if (this.#random.next() < 0.5) {
        await new Promise((resolve) => setTimeout(resolve, below(this.#random, 12)));
        await this.#end(shard);
        this.#start(shard);
      }
      return;
    }
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
    const deadline = performance.now() + 60_000;
    const behind = () =>
      this.#shards.flatMap((shard) =>
        [...shard.assigned]
          .filter(
            (partition) =>
              !shard.follower.isCaughtUp(partition) || this.#lastSeq(partition) > shard.replica.appliedSeq(partition),
          )
          .map(
            (partition) =>
              `${shard.name}/${partition}: ${shard.follower.fault ?? shard.follower.starting().get(partition) ?? shard.replica.appliedSeq(partition)}`,
          ),
      );
    while (behind().length > 0) {
      if (performance.now() > deadline) throw this.#failure(`never caught up: ${behind().join(', ')}`, round);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #lastSeq(partition: number): number {
    return this.#log.messages.findLastIndex((one) => one?.partition === partition) + 1;
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
