import { describe, expect, it } from 'vitest';
import { EventTeller } from '../../../../../actors/router/rollout/event-teller.ts';
import { RolloutController } from '../../../../../actors/router/rollout/rollout-controller.ts';
import { RolloutDesk } from '../../../../../actors/router/rollout/rollout-desk.ts';
import { RolloutEntries } from '../../../../../actors/router/rollout/rollout-entries.ts';
import { ManualClock } from '../../../../../cluster/clock.ts';
import type { KeyValueListener } from '../../../../../cluster/key-value.ts';
import { Leader } from '../../../../../cluster/placement/leader.ts';
import { seededRandom } from '../../../../../cluster/random.ts';
import type { Versions } from '../../../../../cluster/rollout/commands.ts';
import { eventOf } from '../../../../../cluster/rollout/decide.ts';
import { Reports } from '../../../../../cluster/rollout/report.ts';
import { decodeEntry, encodeEntry, type RolloutEntry } from '../../../../../cluster/rollout/rollout.ts';
import type { Arms } from '../../../../../cluster/rollout/verdict.ts';
import { ServingError } from '../../../../../proto/errors.ts';
import { MemoryKeyValue, MemoryStore } from '../../../../support/memory-key-value.ts';
import { planOf, tensor } from '../../../../support/plans.ts';
import { armWith } from '../../../../support/rollouts.ts';

const PERIOD_MS = 500;
const PLANS = new Map(
  ['1', '2', '3'].map((version) => [version, planOf({}, [tensor('x', 'FP32', -1, 2)], undefined, { version })]),
);

const VERSIONS: Versions = {
  known: (model) => (model === 'm' ? [...PLANS.keys()] : []),
  served: (model) => (model === 'm' ? ['1', '2'] : []),
  plan: (model, version) => (model === 'm' ? PLANS.get(version) : undefined),
  missing: (model, version) => new ServingError('NOT_FOUND', 'route', `no ${model} ${version ?? ''}`),
};

const ARMS = new Map<string, Arms>();

function armsAt(percent: number, failing: number): Arms {
  const name = `${percent} ${failing}`;
  const arms = ARMS.get(name) ?? {
    baseline: armWith({ requests: 30 * (100 - percent), users: 'other' }, seededRandom(1)),
    candidate: armWith({ requests: 30 * percent, users: 'mine', failing }, seededRandom(2)),
  };
  ARMS.set(name, arms);
  return arms;
}

type Gateway = {
  readonly name: string;
  readonly desk: RolloutDesk;
  readonly entries: RolloutEntries;
  readonly reports: Reports;
  readonly keyValue: MemoryKeyValue;
  readonly events: { seq: number; kind: string }[];
  readonly teller: EventTeller;
  readonly problems: string[];
  isLeader(): boolean;
  /** What it writes from now on is written, and it never hears of it. */
  loseReplies(): void;
  /** As a SIGKILL: nothing that it has under way ever comes to anything. */
  kill(): void;
};

/** Two stores, entries and leases, and gateways that share them as over a network. */
class World {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly leases = new MemoryStore();
  readonly gateways: Gateway[] = [];

  async gateway(name: string): Promise<Gateway> {
    const { clock } = this;
    const keyValue = new MemoryKeyValue(this.store);
    const leaseValue = new MemoryKeyValue(this.leases);
    const events: Gateway['events'] = [];
    const problems: string[] = [];
    const entries = new RolloutEntries((model, error) => problems.push(`${model} ${error.code}`));
    const reports = new Reports((error) => problems.push(error.message));
    await entries.follow(keyValue, name, clock, (error) => problems.push(error.message));
    const leader = new Leader({ keyValue: leaseValue, clock, key: 'rollouts', self: name });
    let dead = false;
    const publish = (model: string, entry: RolloutEntry) => {
      if (dead) return;
      const { seq, kind } = eventOf(entry)!;
      events.push({ seq, kind });
      for (const { teller } of this.gateways) teller.heard(model, entry.rollout!.id, seq);
    };
    const teller = new EventTeller({ entries, clock, publish });
    clock.every(PERIOD_MS, () => teller.look());
    const controller = new RolloutController({
      entries,
      keyValue,
      reports,
      lease: { isLeader: () => !dead && leader.isLeader(), start: () => leader.start(), stop: () => leader.stop() },
      clock,
      periodMs: PERIOD_MS,
      publish,
      onError: (error) => problems.push(error.message),
    });
    controller.start();
    const gateway: Gateway = {
      name,
      desk: new RolloutDesk({ entries, keyValue, reports, versions: VERSIONS, clock, publish }),
      entries,
      reports,
      keyValue,
      events,
      teller,
      problems,
      isLeader: () => !dead && leader.isLeader(),
      loseReplies: () => {
        keyValue.faults.loseReplies = true;
      },
      kill: () => {
        dead = true;
        leaseValue.faults.loseRequests = true;
        keyValue.faults.loseRequests = true;
      },
    };
    this.gateways.push(gateway);
    return gateway;
  }

  /** Every router counts as many requests in each arm of the step that goes on, a candidate failing so often. */
  measure(failing = 0): void {
    for (const { entries, reports } of this.gateways) {
      const rollout = entries.get('m')?.entry.rollout;
      if (rollout === null || rollout === undefined) continue;
      const percent = rollout.steps[rollout.step]!;
      reports.add({
        node: 'router',
        model: 'm',
        id: rollout.id,
        step: rollout.step,
        ...armsAt(percent, failing),
      });
    }
  }

  async run(forMs: number, failing = 0): Promise<void> {
    for (let ms = 0; ms < forMs; ms += 100) {
      this.measure(failing);
      this.clock.advance(100);
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }

  entry(): RolloutEntry {
    return decodeEntry(this.store.read('m')!.value!);
  }
}

const START = { candidate: '2', steps: [10, 50], hold_ms: 3_000, limit_ms: 60_000, policy: { min_requests: 200 } };
const kindsOf = ({ rollout }: RolloutEntry) => rollout!.events.map(({ kind }) => kind);

describe('gateways that move a rollout on', () => {
  it('promote what does no harm, one of them doing so and all of them knowing', async () => {
    const world = new World();
    const [a, b] = [await world.gateway('a'), await world.gateway('b')];
    await a.desk.start('m', START);
    await world.run(15_000);
    expect(kindsOf(world.entry())).toEqual(['started', 'step', 'promoted']);
    expect(world.entry().aliases).toEqual({ champion: '2', previous: '1' });
    for (const { desk } of [a, b]) expect(desk.show('m').rollout!.status).toBe('promoted');
    // Nobody holds a lease for nothing.
    expect([a.isLeader(), b.isLeader()]).toEqual([false, false]);
    expect([...a.problems, ...b.problems]).toEqual([]);
  });

  it('roll back what fails', async () => {
    const world = new World();
    const a = await world.gateway('a');
    await a.desk.start('m', START);
    await world.run(6_000, 0.3);
    expect(kindsOf(world.entry())).toEqual(['started', 'rolled_back']);
    expect(a.events.at(-1)).toEqual({ seq: 2, kind: 'rolled_back' });
  });

  it('take over from one that dies, at whatever moment, and tell of every event', async () => {
    const ends = new Set<string>();
    for (let killedMs = 200; killedMs <= 9_000; killedMs += 400) {
      const world = new World();
      const [a, b] = [await world.gateway('a'), await world.gateway('b')];
      await b.desk.start('m', START);
      await world.run(killedMs);
      const leading = [a, b].find((one) => one.isLeader());
      // One of its writes may be in the store without anybody having heard of its event.
      leading?.loseReplies();
      await world.run(600);
      leading?.kill();
      await world.run(20_000);
      const entry = world.entry();
      ends.add(kindsOf(entry).join(' '));
      const left = [a, b].find((one) => one !== leading)!;
      expect(left.problems).toEqual([]);
      const told = new Set([...a.events, ...b.events].map(({ seq }) => seq));
      expect(told, `killed at ${killedMs}`).toEqual(new Set(entry.rollout!.events.map(({ seq }) => seq)));
    }
    expect([...ends]).toEqual(['started step promoted']);
  });

  it('make each step once, though both believe that they lead', async () => {
    const world = new World();
    const both = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const gateway = await world.gateway(name);
        const controller = new RolloutController({
          entries: gateway.entries,
          keyValue: gateway.keyValue,
          reports: gateway.reports,
          lease: { isLeader: () => true, start: () => {}, stop: async () => {} },
          clock: world.clock,
          periodMs: PERIOD_MS,
          publish: () => {},
          onError: (error) => gateway.problems.push(error.message),
        });
        controller.start();
        return gateway;
      }),
    );
    await both[0]!.desk.start('m', START);
    await world.run(15_000);
    expect(kindsOf(world.entry())).toEqual(['started', 'step', 'promoted']);
    expect(both.flatMap(({ problems }) => problems)).toEqual([]);
    // Written three times, by whomever, after the marker of each.
    expect(world.store.read('m')!.revision).toBe(2 + 3);
  });

  it('do not overwrite what somebody decided meanwhile, of which they have not heard', async () => {
    const world = new World();
    const a = await world.gateway('a');
    await a.desk.start('m', START);
    const { value, revision } = world.store.read('m')!;
    const entries = new RolloutEntries(() => {});
    entries.heard('m', value!, revision);
    await a.desk.abort('m');
    const controller = new RolloutController({
      entries,
      keyValue: a.keyValue,
      reports: a.reports,
      lease: { isLeader: () => true, start: () => {}, stop: async () => {} },
      clock: world.clock,
      periodMs: PERIOD_MS,
      publish: () => {},
      onError: () => {},
    });
    world.measure();
    a.reports.add({ node: 'router', model: 'm', id: entries.get('m')!.entry.rollout!.id, step: 0, ...armsAt(10, 0.3) });
    for (let look = 0; look < 6; look++) await controller.look();
    expect(kindsOf(world.entry())).toEqual(['started', 'aborted']);
  });

  it('stand still while the store refuses, and go on when it is back', async () => {
    const world = new World();
    const a = await world.gateway('a');
    await a.desk.start('m', START);
    await world.run(2_500);
    a.keyValue.faults.refuse = true;
    await world.run(5_000);
    expect(world.entry().rollout!.step).toBe(0);
    expect(a.problems.length).toBeGreaterThan(0);
    a.keyValue.restore();
    await world.run(10_000);
    expect(world.entry().rollout!.status).toBe('promoted');
  });
});

describe('the entries of the store', () => {
  it('are all heard before a gateway goes on, and a store that keeps silent ends the wait', async () => {
    const world = new World();
    const a = await world.gateway('a');
    await a.desk.pin('m', '1');
    // A watch that tells of the past late, and in order, as over a network.
    const keyValue = new MemoryKeyValue(world.store);
    const told: (() => void)[] = [];
    const late = Object.assign(Object.create(keyValue) as MemoryKeyValue, {
      get: (key: string) => keyValue.get(key),
      create: (key: string, value: Uint8Array) => keyValue.create(key, value),
      update: (key: string, value: Uint8Array, revision: number) => keyValue.update(key, value, revision),
      watch: (key: string, onEntry: KeyValueListener) =>
        keyValue.watch(key, (name, value, revision) => told.push(() => onEntry(name, value, revision))),
    });
    const entries = new RolloutEntries(() => {});
    let known: string | undefined;
    const following = entries
      .follow(late, 'b', world.clock, () => {})
      .then(() => {
        known = entries.get('m')?.entry.aliases.champion;
      });
    for (let i = 0; i < 50; i++) await Promise.resolve();
    expect(told.length).toBe(3);
    for (const one of told.splice(0)) {
      expect(known).toBeUndefined();
      one();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
    await following;
    expect(known).toBe('1');

    const silent = new RolloutEntries(() => {}).follow(late, 'c', world.clock, () => {});
    const refused = expect(silent).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    for (let i = 0; i < 50; i++) await Promise.resolve();
    world.clock.advance(11_000);
    await refused;
  });
});

describe('what people ask of a rollout', () => {
  it.each([
    ['another while one goes on', { ...START }, 'FAILED_PRECONDITION', /is running; promote or abort it first/, true],
    ['the baseline as candidate', { ...START, baseline: '2' }, 'FAILED_PRECONDITION', /is the baseline already/, false],
    ['a version that is not there', { ...START, candidate: '9' }, 'NOT_FOUND', /no m 9/, false],
    ['a version that nobody serves', { ...START, candidate: '3' }, 'UNAVAILABLE', /no worker serves version 3/, false],
    ['no candidate', { kind: 'canary' }, 'INVALID_ARGUMENT', /candidate is missing/, false],
    ['a kind that is none', { ...START, kind: 'big' }, 'INVALID_ARGUMENT', /kind must be one of canary/, false],
    ['steps that fall', { ...START, steps: [50, 5] }, 'INVALID_ARGUMENT', /rising percentages/, false],
    ['a canary of everybody', { ...START, steps: [100] }, 'INVALID_ARGUMENT', /no baseline is left/, false],
    ['a misspelt check', { ...START, policy: { psi: 1 } }, 'INVALID_ARGUMENT', /policy has no 'psi'/, false],
    ['a field that is none', { ...START, step: 1 }, 'INVALID_ARGUMENT', /no field "step"/, false],
    ['a limit below the hold', { ...START, limit_ms: 200 }, 'INVALID_ARGUMENT', /limit_ms/, false],
  ] as const)('is refused: %s', async (_what, body, code, message, begun) => {
    const { desk } = await new World().gateway('a');
    if (begun) await desk.start('m', START);
    const refused = await Promise.resolve()
      .then(() => desk.start('m', body))
      .catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('promotes, aborts and pins by compare-and-set, each told once', async () => {
    const world = new World();
    const a = await world.gateway('a');
    await a.desk.pin('m', '1');
    await a.desk.start('m', START);
    await expect(a.desk.pin('m', '2')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    expect(await a.desk.abort('m')).toMatchObject({ aliases: { champion: '1' }, rollout: { status: 'aborted' } });
    await expect(a.desk.abort('m')).rejects.toThrow(/is aborted already/);
    await a.desk.start('m', START);
    expect(await a.desk.promote('m')).toMatchObject({ aliases: { champion: '2', previous: '1' } });
    expect(await a.desk.pin('m', 'previous')).toMatchObject({ aliases: { champion: '1', previous: '2' } });
    await expect(a.desk.pin('m', 'challenger')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await a.desk.pin('m', 'newest')).aliases).toEqual({});
    expect(a.events.map(({ kind }) => kind)).toEqual(['started', 'aborted', 'started', 'promoted']);
    await expect(a.desk.start('nobody', START)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(() => a.desk.show('nobody')).toThrow(/no nobody/);
  });

  it('started twice at the same moment is one rollout', async () => {
    const world = new World();
    const [a, b] = [await world.gateway('a'), await world.gateway('b')];
    const outcomes = await Promise.allSettled([a.desk.start('m', START), b.desk.start('m', START)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('without a baseline takes the version that was served before the candidate came', async () => {
    const { desk } = await new World().gateway('a');
    expect((await desk.start('m', START)).rollout).toMatchObject({ baseline: '1', candidate: '2' });
  });

  it('puts right an entry that somebody damaged, which changes nothing until then', async () => {
    const world = new World();
    const a = await world.gateway('a');
    await a.desk.pin('m', '1');
    world.store.write('m', new TextEncoder().encode('{"aliases":'), () => true);
    expect(a.problems).toEqual(['m DATA_LOSS']);
    expect(a.desk.show('m').aliases).toEqual({ champion: '1' });
    await a.desk.pin('m', '2');
    expect(world.entry().aliases).toEqual({ champion: '2', previous: '1' });
    world.store.write('m', encodeEntry({ aliases: {}, rollout: null }), () => true);
    expect(a.desk.show('m').aliases).toEqual({});
  });
});
