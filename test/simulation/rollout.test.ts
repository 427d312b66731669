/**
 * Rollouts of candidates that are equal to the baseline, slower, failing more often, or give other scores, from start to
 * end, over many seeds: what the verdicts let through and what they stop. `SEEDS=200` plays more, `SEED=7` plays one,
 * `VERBOSE=1` prints the figures.
 */
import { describe, expect, it } from 'vitest';
import { below, type Random, seededRandom } from '../../cluster/random.ts';
import { ArmCounts } from '../../cluster/rollout/arm-counts.ts';
import { armOf, bucketOf, saltSeed } from '../../cluster/rollout/assignment.ts';
import { decide } from '../../cluster/rollout/decide.ts';
import { decodeReport, encodeReport, Reports } from '../../cluster/rollout/report.ts';
import {
  isActive,
  NO_ENTRY,
  POLICY_DEFAULT,
  percentOf,
  type Rollout,
  type RolloutEntry,
} from '../../cluster/rollout/rollout.ts';

type Behaviour = {
  /** Of each request. */
  readonly failing: number;
  readonly slower: number;
  /** Added to the score's logit. */
  readonly shift: number;
};

const EQUAL: Behaviour = { failing: 0.002, slower: 1, shift: 0 };
const CANDIDATES: Readonly<Record<string, Behaviour>> = {
  equal: EQUAL,
  slower: { ...EQUAL, slower: 3 },
  erroring: { ...EQUAL, failing: 0.03 },
  shifted: { ...EQUAL, shift: 1.2 },
};

const ROUTERS = 3;
const USERS = 20_000;
const REQUESTS_PER_LOOK = 300;
const LOOK_MS = 1_000;
const STEPS = [2, 10, 50];

type Play = { readonly rollout: Rollout; readonly requests: number; readonly harmed: number; readonly seconds: number };

class User {
  readonly key: Uint8Array;
  readonly logit: number;
  /** A few users' requests nearly always fail, whoever serves them. */
  readonly cursed: boolean;

  constructor(id: number, random: Random) {
    this.key = new TextEncoder().encode(`user-${id}`);
    this.logit = normal(random) - 1;
    this.cursed = random.next() < 0.000_5;
  }
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

function rolloutOf(seed: number): RolloutEntry {
  const rollout: Rollout = {
    id: `r${seed}`,
    kind: 'canary',
    baseline: '1',
    candidate: '2',
    salt: `salt-${seed}`,
    steps: STEPS,
    step: 0,
    hold_ms: 20_000,
    limit_ms: 300_000,
    policy: { ...POLICY_DEFAULT, min_requests: 300 },
    status: 'running',
    reason: '',
    started_ms: 0,
    step_started_ms: 0,
    events: [],
  };
  return { ...NO_ENTRY, rollout };
}

/** Busy users and idle ones, as everywhere: a tenth of them make most of the requests. */
function someUser(users: readonly User[], random: Random): User {
  return users[Math.floor(random.next() ** 3 * users.length)]!;
}

function play(seed: number, candidate: Behaviour): Play {
  const random = seededRandom(seed);
  const users = Array.from({ length: USERS }, (_, id) => new User(id, random));
  let entry = rolloutOf(seed);
  const salt = saltSeed(entry.rollout!.salt);
  let counts = freshCounts();
  let requests = 0;
  let harmed = 0;
  let nowMs = 0;
  for (; isActive(entry.rollout) && nowMs < 3_600_000; nowMs += LOOK_MS) {
    const { step } = entry.rollout;
    // A burst that both arms feel, now and then: the machine is busy with something else.
    const busy = random.next() < 0.05 ? 4 : 1;
    for (let i = 0; i < REQUESTS_PER_LOOK; i++) {
      const user = someUser(users, random);
      const arm = armOf(bucketOf(salt, user.key), percentOf(entry.rollout));
      const behaviour = arm === 'candidate' ? candidate : EQUAL;
      if (arm === 'candidate') harmed++;
      const failed = user.cursed ? random.next() < 0.9 : random.next() < behaviour.failing;
      // And one stall of the candidate alone, of a second, that says nothing about how it goes on.
      const stalled = arm === 'candidate' && nowMs === 8_000 ? 15 : 1;
      const us = 2_000 * behaviour.slower * busy * stalled * Math.exp(0.4 * normal(random));
      const mine = counts[below(random, ROUTERS)]![arm];
      mine.answered(failed ? 'INTERNAL' : 'OK', us, user.key, nowMs);
      const logit = user.logit + 0.3 * normal(random) + behaviour.shift;
      if (!failed) mine.scored(1 / (1 + Math.exp(-logit)), user.key);
      requests++;
    }
    const reports = new Reports((problem) => expect(problem).toBeNull());
    counts.forEach((arms, router) => {
      const report = { node: `g${router}.1`, model: 'm', id: entry.rollout!.id, step, ...arms };
      reports.add(decodeReport(encodeReport(report)));
    });
    entry = decide(entry, reports.sumOf('m', entry.rollout), nowMs + LOOK_MS) ?? entry;
    if (entry.rollout!.step !== step) counts = freshCounts();
  }
  return { rollout: entry.rollout!, requests, harmed, seconds: nowMs / 1_000 };
}

const freshCounts = () =>
  Array.from({ length: ROUTERS }, () => ({ baseline: new ArmCounts(), candidate: new ArmCounts() }));

const one = process.env['SEED'] === undefined ? null : Number(process.env['SEED']);
const count = Number(process.env['SEEDS'] ?? 20);
const seeds = one === null ? Array.from({ length: count }, (_, i) => i + 1) : [one];

function playAll(name: string): Play[] {
  const plays = seeds.map((seed) => play(seed, CANDIDATES[name]!));
  if (process.env['VERBOSE'] !== undefined) {
    const by = (status: string) => plays.filter(({ rollout }) => rollout.status === status).length;
    const median = (pick: (one: Play) => number) => plays.map(pick).sort((a, b) => a - b)[plays.length >> 1];
    console.log(
      `${name}: ${by('promoted')} promoted, ${by('rolled_back')} rolled back of ${plays.length}; median ${median((play) => play.seconds)} s, ${median((play) => play.harmed)} of ${median((play) => play.requests)} requests by the candidate`,
    );
    for (const { rollout } of plays.slice(0, 2))
      console.log(`  ${rollout.events.map((e) => `${e.kind} ${e.percent}% ${e.reason}`).join(' | ')}`);
  }
  return plays;
}

describe('a canary in a simulation of skewed users, bursts and three routers', () => {
  it('is promoted where the candidate equals the baseline', () => {
    const plays = playAll('equal');
    const stopped = plays.filter(({ rollout }) => rollout.status !== 'promoted');
    const told = stopped.map(({ rollout }) => `${rollout.id} ${rollout.status}: ${rollout.reason}`);
    // Never for what it does; now and then a step's time is not enough to show that it does no harm.
    expect(told.filter((one) => !one.includes('not shown to be good within'))).toEqual([]);
    expect(stopped.length, told.join('\n')).toBeLessThanOrEqual(seeds.length / 20);
  }, 600_000);

  it.each([
    ['slower', /^latency_p/],
    ['erroring', /^errors: /],
    ['shifted', /^scores: PSI/],
  ] as const)(
    'is rolled back by itself where the candidate is %s, for that reason',
    (name, reason) => {
      const plays = playAll(name);
      const wrong = plays.filter(({ rollout }) => rollout.status !== 'rolled_back' || !reason.test(rollout.reason));
      expect(wrong.map(({ rollout }) => `${rollout.id} ${rollout.status}: ${rollout.reason}`)).toEqual([]);
      // Most of the harm is kept from happening.
      for (const { harmed, requests } of plays) expect(harmed / requests).toBeLessThan(0.3);
    },
    120_000,
  );
});
