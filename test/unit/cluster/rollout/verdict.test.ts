import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../cluster/random.ts';
import { logGamma, moreThanShare, notItsShare } from '../../../../cluster/rollout/always-valid.ts';
import { ArmCounts } from '../../../../cluster/rollout/arm-counts.ts';
import { POLICY_DEFAULT } from '../../../../cluster/rollout/rollout.ts';
import { scoreShift } from '../../../../cluster/rollout/score-shift.ts';
import { type Check, judge, type Verdict } from '../../../../cluster/rollout/verdict.ts';
import { type ArmBehaviour, armWith } from '../../../support/rollouts.ts';

const POLICY = { ...POLICY_DEFAULT, min_requests: 200 };

function verdict(candidate: ArmBehaviour, baseline: ArmBehaviour, share: number | null = 0.2): Verdict {
  const arms = {
    candidate: armWith({ users: 'mine', ...candidate }, seededRandom(1)),
    baseline: armWith({ users: 'other', ...baseline }, seededRandom(2)),
  };
  return judge(arms, POLICY, share, 2);
}

const outcomeOf = (name: Check['name'], { checks }: Verdict) => checks.find((check) => check.name === name)?.outcome;
const ENOUGH = { requests: 4_000 };

describe('the verdict on a candidate', () => {
  it('that behaves as the baseline does is a pass', () => {
    const equal = verdict({ requests: 1_000 }, ENOUGH);
    expect(equal).toMatchObject({ outcome: 'pass', pause: false, reason: '' });
    expect(equal.checks.map(({ outcome }) => outcome)).toEqual(new Array(6).fill('pass'));
  });

  it.each([
    ['fails more often', { requests: 1_000, failing: 0.05 }, 'errors'],
    ['is slower', { requests: 1_000, slower: 3 }, 'latency_p50'],
    ['gives other scores', { requests: 1_000, shift: 0.3 }, 'scores'],
  ] as const)('that %s is a fail, for that reason alone', (_what, behaviour, name) => {
    const failed = verdict(behaviour, { ...ENOUGH, failing: 0.002 });
    expect(failed.outcome).toBe('fail');
    expect(failed.reason).toMatch(new RegExp(`^${name}`));
    const others = failed.checks.filter(({ outcome }) => outcome === 'fail').map((check) => check.name);
    expect(others.every((one) => one.startsWith(name.slice(0, 6)))).toBe(true);
  });

  it('whose slowest hundredth is slower is a fail too, though its median is not', () => {
    const candidate = armWith({ requests: 1_000, users: 'mine' });
    for (let i = 0; i < 60; i++) candidate.answered('OK', 80_000, null, 200 * i);
    const one = judge({ candidate, baseline: armWith({ ...ENOUGH, users: 'other' }) }, POLICY, 0.2, 2);
    expect([outcomeOf('latency_p50', one), outcomeOf('latency_p99', one)]).toEqual(['pass', 'fail']);
  });

  it('that was slow in one stall is none: what is slow throughout shows throughout', () => {
    const candidate = armWith({ requests: 1_000, users: 'mine' });
    const baseline = armWith({ ...ENOUGH, users: 'other' });
    const outcome = () => outcomeOf('latency_p99', judge({ candidate, baseline }, POLICY, 0.2, 2));
    for (let i = 0; i < 60; i++) candidate.answered('OK', 80_000, null, 4_100 + 20 * i);
    expect(outcome()).toBe('pass');
    for (let i = 0; i < 60; i++) candidate.answered('OK', 80_000, null, 6_100 + 20 * i);
    expect(outcome()).toBe('undecided');
    for (let i = 0; i < 60; i++) candidate.answered('OK', 80_000, null, 8_100 + 20 * i);
    expect(outcome()).toBe('fail');
    // Of a step that has only begun nobody knows yet whether it is a stall.
    const begun = new ArmCounts();
    for (let i = 0; i < 300; i++) begun.answered('OK', 80_000, null, i);
    expect(outcomeOf('latency_p50', judge({ candidate: begun, baseline }, POLICY, 0.2, 2))).toBe('undecided');
  });

  it('slower by less than the margins is no fail', () => {
    expect(verdict({ requests: 2_000, slower: 1.9 }, { requests: 8_000 }).outcome).toBe('pass');
  });

  it('with too little traffic is undecided, and pauses', () => {
    const few = verdict({ requests: 50 }, { requests: 200 });
    expect(few).toMatchObject({ outcome: 'undecided', pause: true, reason: expect.stringMatching(/^traffic: 50 /) });
    expect(verdict({ requests: 0 }, { requests: 0 })).toMatchObject({ outcome: 'undecided', pause: true });
  });

  it('with an arm of the wrong size is undecided and pauses, in users or in requests', () => {
    for (const users of [undefined, null]) {
      const given = users === undefined ? {} : { users };
      const wrong = verdict({ requests: 300, ...given }, { ...ENOUGH, ...given });
      expect(wrong).toMatchObject({ outcome: 'undecided', pause: true });
      expect(wrong.reason).toMatch(
        /^sample_ratio: (6\.9\d|7\.0\d) % of \d+ in the candidate's arm, 20.00 % were assigned/,
      );
    }
  });

  it('is not misled by one busy user: neither by how much it asks nor by all that fails it', () => {
    const candidate = armWith({ requests: 1_000, users: 'mine' });
    const busy = new TextEncoder().encode('busy');
    for (let i = 0; i < 2_000; i++) {
      candidate.answered('INTERNAL', 2_000, busy, i);
      candidate.scored(0.99, busy);
    }
    const one = judge({ candidate, baseline: armWith({ ...ENOUGH, users: 'other' }) }, POLICY, 0.2, 2);
    expect(outcomeOf('sample_ratio', one)).toBe('pass');
    expect(outcomeOf('errors', one)).toBe('pass');
    expect(outcomeOf('scores', one)).toBe('pass');
  });

  it('of copies does not ask for a share, and finds the same faults', () => {
    expect(verdict({ requests: 1_000 }, { requests: 1_000 }, null)).toMatchObject({ outcome: 'pass' });
    const failed = verdict({ requests: 1_000, failing: 0.1 }, { requests: 1_000 }, null);
    expect(failed).toMatchObject({ outcome: 'fail', reason: expect.stringMatching(/^errors/) });
    expect(outcomeOf('sample_ratio', failed)).toBeUndefined();
  });

  it('whose model gives no numbers rests on the rest', () => {
    const arm = (users: string, requests: number) => {
      const counts = new ArmCounts();
      for (let i = 0; i < requests; i++) counts.answered('OK', 2_000, new TextEncoder().encode(`${users}${i}`), i);
      return counts;
    };
    expect(judge({ candidate: arm('c', 1_000), baseline: arm('b', 4_000) }, POLICY, 0.2, 2).outcome).toBe('pass');
  });

  it('is finite and in order whatever was counted', () => {
    const arm = fc.record({
      requests: fc.integer({ min: 0, max: 60 }),
      failing: fc.double({ min: 0, max: 1, noNaN: true }),
      shift: fc.double({ min: -2, max: 2, noNaN: true }),
      users: fc.constantFrom('a', 'b', null),
    });
    fc.assert(
      fc.property(arm, arm, fc.option(fc.double({ min: 0.0001, max: 0.9999, noNaN: true })), (one, two, share) => {
        const { outcome, checks } = judge({ candidate: armWith(one), baseline: armWith(two) }, POLICY, share, 3);
        expect(JSON.stringify(checks)).not.toMatch(/NaN|null/);
        expect(outcome).not.toBe('pass');
      }),
      { numRuns: 100 },
    );
  });
});

describe('evidence that may be looked at any time', () => {
  /** How many of the runs ever reach 1/α, looking after every single event. */
  function falseAlarms(alpha: number, share: number, evidence: (mine: number, all: number) => number): number {
    const runs = 400;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const random = seededRandom(run + 1);
      let mine = 0;
      for (let all = 1; all <= 600; all++) {
        if (random.next() < share) mine++;
        if (evidence(mine, all) >= Math.log(1 / alpha)) {
          alarms++;
          break;
        }
      }
    }
    return alarms / runs;
  }

  it.each([0.02, 0.2, 0.5])('raises a false alarm in fewer than α of the runs, at a share of %d', (share) => {
    const alpha = 0.05;
    // Three standard deviations of the count above α.
    const most = alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / 400);
    expect(falseAlarms(alpha, share, (mine, all) => moreThanShare(mine, all, share))).toBeLessThan(most);
    expect(falseAlarms(alpha, share, (mine, all) => notItsShare(mine, all, share, 20))).toBeLessThan(most);
    // A test that is made for one look raises many more when it is looked at after every event.
    const naive = (mine: number, all: number) =>
      (mine - all * share) / Math.sqrt(all * share * (1 - share)) > 1.645 ? Number.POSITIVE_INFINITY : 0;
    expect(falseAlarms(alpha, share, naive)).toBeGreaterThan(2 * most);
  });

  it('grows with an effect, and only in its direction where it has one', () => {
    expect(moreThanShare(30, 40, 0.2)).toBeGreaterThan(Math.log(1e6));
    expect(moreThanShare(1, 40, 0.2)).toBeLessThan(0);
    expect(notItsShare(0, 200, 0.2, 20)).toBeGreaterThan(Math.log(1e6));
    expect([moreThanShare(0, 0, 0.2), notItsShare(0, 0, 0.2, 20)].every((one) => Math.abs(one) < 1e-9)).toBe(true);
  });

  it('rests on a logarithm of the gamma function that is right', () => {
    let factorial = 0;
    for (let n = 1; n < 60; n++) {
      expect(logGamma(n)).toBeCloseTo(factorial, 9);
      factorial += Math.log(n);
    }
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 9);
  });
});

describe('the stability index', () => {
  it('is near 0 for equal arms, large for shifted ones, and finite where bins are empty', () => {
    const shift = (by: number, requests = 3_000) =>
      scoreShift(armWith({ requests: 3_000 }, seededRandom(1)), armWith({ requests, shift: by }, seededRandom(2)));
    expect(shift(0)!.psi).toBeLessThan(0.02);
    expect(shift(0.2)!.psi).toBeGreaterThan(0.2);
    expect(shift(5)!.psi).toBeGreaterThan(2);
    expect(Number.isFinite(shift(5, 1)!.psi)).toBe(true);
    expect(scoreShift(new ArmCounts(), armWith({ requests: 5 }))).toBeNull();
  });

  it('sees scores that move towards the middle from both sides', () => {
    const candidate = new ArmCounts();
    for (let i = 0; i < 3_000; i++) candidate.scored(0.8 * (0.25 + (0.5 * i) / 3_000), null);
    expect(scoreShift(armWith({ requests: 3_000 }, seededRandom(1)), candidate)!.psi).toBeGreaterThan(1);
  });

  it('sees a shift that equal-width bins over an outlier would hide', () => {
    const baseline = armWith({ requests: 3_000 }, seededRandom(1));
    baseline.scored(1e6, null);
    const candidate = armWith({ requests: 3_000, shift: 0.2 }, seededRandom(2));
    expect(scoreShift(baseline, candidate)!.psi).toBeGreaterThan(0.2);
  });
});
