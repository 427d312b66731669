/** Elections on a store that fails and processes that stall, in simulated time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, ManualClock, type TimerHandle } from '../../../../cluster/clock.ts';
import { Leader } from '../../../../cluster/placement/leader.ts';
import { decodeLease } from '../../../../cluster/placement/lease.ts';
import { MemoryKeyValue, MemoryStore } from '../../../support/memory-key-value.ts';

const LEASE_MS = 1500;
const STEP_MS = 10;
const KEY = 'leader';

/**
 * A process's own clock: it may run fast or slow, and while the process is paused its timers wait. Time it shows goes
 * on in a pause, as a suspended thread's does.
 */
class ProcessClock implements Clock {
  readonly #world: ManualClock;
  readonly #rate: number;
  #paused = false;
  #waiting: (() => void)[] = [];

  constructor(world: ManualClock, rate: number) {
    this.#world = world;
    this.#rate = rate;
  }

  nowMs(): number {
    return this.#world.nowMs() * this.#rate;
  }

  wallMs(): number {
    return this.#world.wallMs();
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    let cancelled = false;
    const fire = (): void => {
      if (cancelled) return;
      if (this.#paused) this.#waiting.push(fire);
      else callback();
    };
    const timer = this.#world.after(Math.max(0, delayMs) / this.#rate, fire);
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  every(): TimerHandle {
    throw new Error('elections use no periodic timers');
  }

  endOfTurn(callback: () => void): void {
    callback();
  }

  afterInput(callback: () => void): void {
    callback();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fire of waiting) fire();
  }
}

class Candidate {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly connection: MemoryKeyValue;
  readonly leader: Leader;
  readonly changes: boolean[] = [];
  readonly errors: unknown[] = [];
  dead = false;

  constructor(
    world: ManualClock,
    store: MemoryStore,
    name: string,
    options: { rate?: number; delayMs?: () => number } = {},
  ) {
    this.name = name;
    this.clock = new ProcessClock(world, options.rate ?? 1);
    this.connection = new MemoryKeyValue(store, {
      clock: world,
      ...(options.delayMs === undefined ? {} : { faults: { delayMs: options.delayMs } }),
    });
    this.leader = new Leader({
      keyValue: this.connection,
      clock: this.clock,
      key: KEY,
      self: name,
      leaseMs: LEASE_MS,
      onChange: (leading) => this.changes.push(leading),
      onError: (error) => this.errors.push(error),
    });
    this.leader.start();
  }

  /** As `kill -9`: nothing more is done or sent. */
  kill(): void {
    this.dead = true;
    this.clock.pause();
    this.connection.faults.loseRequests = true;
  }
}

class World {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly candidates: Candidate[] = [];

  add(name: string, options: { rate?: number; delayMs?: () => number } = {}): Candidate {
    const candidate = new Candidate(this.clock, this.store, name, options);
    this.candidates.push(candidate);
    return candidate;
  }

  acting(): Candidate[] {
    return this.candidates.filter((candidate) => !candidate.dead && candidate.leader.isLeader());
  }

  /** Moves time in small steps, checking at each that at most one candidate is leader. */
  async run(forMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += STEP_MS) {
      this.clock.advance(STEP_MS);
      await settle();
      // A dead or paused process does not ask, but what it would have been told must be right too.
      expect(this.candidates.filter((candidate) => candidate.leader.isLeader()).length).toBeLessThanOrEqual(1);
    }
  }

  async runUntilLeader(limitMs: number): Promise<Candidate> {
    for (let passedMs = 0; passedMs < limitMs; passedMs += STEP_MS) {
      await this.run(STEP_MS);
      const [leader] = this.acting();
      if (leader !== undefined) return leader;
    }
    throw new Error(`no leader within ${limitMs} ms`);
  }
}

/** Lets promise chains run to where they wait for time. */
async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve();
}

describe('Leader', () => {
  it('elects one of several candidates at once in a new cluster, and keeps it while it renews', async () => {
    const world = new World();
    for (const name of ['a', 'b', 'c']) world.add(name);
    const first = await world.runUntilLeader(50);
    await world.run(20_000);
    expect(world.acting()).toEqual([first]);
    expect(first.changes).toEqual([true]);
    expect(world.candidates.every((candidate) => candidate.leader.holder() === first.name)).toBe(true);
  });

  it('has a new leader within twice the lease after the old one is killed', async () => {
    const world = new World();
    for (const name of ['a', 'b', 'c']) world.add(name);
    const first = await world.runUntilLeader(50);
    await world.run(5_000);
    first.kill();
    const second = await world.runUntilLeader(2 * LEASE_MS);
    expect(second).not.toBe(first);
  });

  it('hands over without waiting for the lease when the leader stops', async () => {
    const world = new World();
    for (const name of ['a', 'b']) world.add(name);
    const first = await world.runUntilLeader(50);
    await world.run(3_000);
    const stopped = first.leader.stop();
    expect(first.leader.isLeader()).toBe(false);
    expect(first.changes).toEqual([true, false]);
    await world.runUntilLeader(LEASE_MS / 3 + 100);
    await stopped;
    expect(decodeLease(world.store.read(KEY)!.value!).holder).not.toBe(first.name);
  });

  it('steps down in time when its renewals hang, and says so', async () => {
    const world = new World();
    const only = world.add('a');
    await world.runUntilLeader(50);
    only.connection.faults.loseRequests = true;
    await world.run(LEASE_MS);
    expect(only.leader.isLeader()).toBe(false);
    expect(only.changes).toEqual([true, false]);
    only.connection.restore();
    await world.runUntilLeader(LEASE_MS);
    expect(only.changes).toEqual([true, false, true]);
  });

  it('goes on as leader when a renewal took effect and only its answer was lost', async () => {
    const world = new World();
    const first = world.add('a');
    world.add('b');
    await world.runUntilLeader(50);
    await world.run(LEASE_MS / 3 - 50);
    first.connection.faults.loseReplies = true;
    await world.run(100);
    first.connection.restore();
    await world.run(5_000);
    expect(first.changes).toEqual([true]);
  });

  it('knows that it leads no longer when it wakes from a pause, before it has heard anything', async () => {
    const world = new World();
    const first = world.add('a');
    await world.runUntilLeader(50);
    world.add('b');
    first.clock.pause();
    await world.run(3 * LEASE_MS);
    expect(world.acting().map((candidate) => candidate.name)).toEqual(['b']);
    expect(first.leader.isLeader()).toBe(false);
    first.clock.resume();
    expect(first.changes).toEqual([true, false]);
    await world.run(2 * LEASE_MS);
    expect(world.acting().map((candidate) => candidate.name)).toEqual(['b']);
  });

  it('waits out an entry that cannot be read, then takes it over', async () => {
    const world = new World();
    world.store.write(KEY, Buffer.from('garbage'), () => true);
    const only = world.add('a');
    await world.run(LEASE_MS - 50);
    expect(only.leader.isLeader()).toBe(false);
    await world.runUntilLeader(200);
    expect(only.errors[0]).toMatchObject({ code: 'DATA_LOSS' });
  });

  it('does not hurry into an entry that was deleted while its holder still leads', async () => {
    const world = new World();
    const first = world.add('a');
    await world.runUntilLeader(50);
    world.add('b');
    await world.run(1_000);
    world.store.write(KEY, null, () => true);
    first.connection.faults.loseRequests = true;
    await world.run(2 * LEASE_MS);
    expect(world.acting().map((candidate) => candidate.name)).toEqual(['b']);
  });

  it('asks a store that refuses at most some ten times a lease', async () => {
    const world = new World();
    const only = world.add('a');
    only.connection.faults.refuse = true;
    await world.run(10 * LEASE_MS);
    expect(only.errors.length).toBeGreaterThan(10);
    expect(only.errors.length).toBeLessThan(120);
  });

  it('is nobody’s leader after stop, even when the store does not answer', async () => {
    const world = new World();
    const first = world.add('a');
    await world.runUntilLeader(50);
    first.connection.faults.loseRequests = true;
    let stopped = false;
    void first.leader.stop().then(() => {
      stopped = true;
    });
    expect(first.leader.isLeader()).toBe(false);
    await world.run(LEASE_MS / 2);
    expect(stopped).toBe(true);
    await world.run(2 * LEASE_MS);
    expect(world.acting()).toEqual([]);
  });
});

describe('Leader under random pauses, cuts, lagging reads, slow stores and clocks 2 % apart', () => {
  const fault = fc.record({
    candidate: fc.nat({ max: 2 }),
    kind: fc.constantFrom('pause', 'loseRequests', 'loseReplies', 'refuse', 'laggingReads', 'stop'),
    afterMs: fc.integer({ min: 0, max: 2_000 }),
    forMs: fc.integer({ min: 10, max: 4_000 }),
  });

  it('never has two leaders at once, and has one within twice the lease after the last fault', async () => {
    const plan = fc.record({
      faults: fc.array(fault, { maxLength: 12 }),
      rates: fc.array(fc.constantFrom(0.99, 1, 1.01), { minLength: 3, maxLength: 3 }),
      delaysMs: fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 5, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ faults, rates, delaysMs }) => {
        const world = new World();
        let request = 0;
        const delayMs = (): number => delaysMs[request++ % delaysMs.length]!;
        for (const [i, rate] of rates.entries()) world.add(`c${i}`, { rate, delayMs });
        for (const { candidate, kind, afterMs, forMs } of faults) {
          await world.run(afterMs);
          const { connection, clock, leader } = world.candidates[candidate]!;
          if (kind === 'pause') {
            clock.pause();
            world.clock.after(forMs, () => clock.resume());
          } else if (kind === 'stop') {
            void leader.stop();
            world.clock.after(forMs, () => leader.start());
          } else {
            connection.faults[kind as 'refuse'] = true;
            world.clock.after(forMs, () => connection.restore());
          }
        }
        await world.run(4_000 + STEP_MS);
        if (world.acting().length === 0) await world.runUntilLeader(2 * LEASE_MS);
        for (const { changes } of world.candidates) {
          expect(changes.every((leading, i) => leading === (i % 2 === 0))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
