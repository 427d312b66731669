import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../cluster/random.ts';
import { decide, eventOf } from '../../../../cluster/rollout/decide.ts';
import {
  decodeEntry,
  encodeEntry,
  ROLLOUT_KINDS,
  ROLLOUT_STATUSES,
  type Rollout,
  type RolloutEntry,
} from '../../../../cluster/rollout/rollout.ts';
import type { Arms } from '../../../../cluster/rollout/verdict.ts';
import { type ArmBehaviour, armWith, rolloutOf } from '../../../support/rollouts.ts';

function arms(candidate: ArmBehaviour, baseline: ArmBehaviour): Arms {
  return {
    candidate: armWith({ users: 'mine', ...candidate }, seededRandom(1)),
    baseline: armWith({ users: 'other', ...baseline }, seededRandom(2)),
  };
}

const good = (percent: number) => arms({ requests: percent * 40 }, { requests: (100 - percent) * 40 });
const bad = arms({ requests: 400, failing: 0.3 }, { requests: 3_600 });
const none = arms({ requests: 0 }, { requests: 0 });
/** Some failures in both arms: too few requests to know whether the candidate has more. */
const unclear = arms({ requests: 250, failing: 0.03 }, { requests: 2_250, failing: 0.03 });

const entryOf = (change: Partial<Rollout> = {}): RolloutEntry => ({
  aliases: { champion: '1', challenger: '2' },
  rollout: rolloutOf(change),
});

describe('a rollout', () => {
  it('is held for its time, however good it looks', () => {
    expect(decide(entryOf(), good(10), 9_999)).toBeNull();
  });

  it('takes step after step while they pass, and then the candidate is the champion', () => {
    const second = decide(entryOf(), good(10), 10_000)!;
    expect(second.rollout).toMatchObject({ step: 1, step_started_ms: 10_000, status: 'running' });
    expect(eventOf(second)).toMatchObject({ seq: 1, kind: 'step', percent: 50 });
    expect(decide(second, good(50), 19_999)).toBeNull();
    const last = decide(second, good(50), 20_000)!;
    expect(last).toMatchObject({ aliases: { champion: '2', previous: '1' }, rollout: { status: 'promoted' } });
    expect(last.aliases).not.toHaveProperty('challenger');
    expect(eventOf(last)).toMatchObject({ seq: 2, kind: 'promoted' });
  });

  it('goes back at the first look at harm, and the baseline is named the champion', () => {
    const after = decide(entryOf(), bad, 1)!;
    expect(after.rollout).toMatchObject({ status: 'rolled_back', reason: expect.stringMatching(/^errors: /) });
    expect(after.aliases).toEqual({ champion: '1' });
  });

  it('pauses for want of traffic, goes on when it comes, and is rolled back at its limit', () => {
    const paused = decide(entryOf(), none, 10_000)!;
    expect(paused.rollout).toMatchObject({ status: 'paused', step: 0, reason: expect.stringMatching(/^traffic/) });
    expect(decide(paused, none, 20_000)).toBeNull();
    expect(decide(paused, good(10), 20_000)!.rollout).toMatchObject({ status: 'running', step: 1 });
    expect(decide(paused, none, 60_000)!.rollout).toMatchObject({
      status: 'rolled_back',
      reason: expect.stringContaining('not shown to be good within 60 s: traffic'),
    });
  });

  it('pauses at once where the arms are not of the sizes they should have', () => {
    const flawed = arms({ requests: 400 }, { requests: 800 });
    expect(decide(entryOf(), flawed, 10)!.rollout).toMatchObject({
      status: 'paused',
      reason: expect.stringMatching(/^sample_ratio/),
    });
  });

  it('holds an undecided step to its limit and no longer', () => {
    expect(decide(entryOf(), unclear, 30_000)).toBeNull();
    expect(decide(entryOf(), unclear, 60_000)!.rollout).toMatchObject({ status: 'rolled_back' });
  });

  it('of kind blue-green flips after its copies did no harm; a shadow and an A/B test wait for a decision', () => {
    const equal = arms({ requests: 1_000 }, { requests: 1_000 });
    const flipped = decide(entryOf({ kind: 'blue-green', steps: [100] }), equal, 10_000)!;
    expect(flipped).toMatchObject({ aliases: { champion: '2', previous: '1' }, rollout: { status: 'promoted' } });
    for (const [kind, steps] of [
      ['shadow', [100]],
      ['ab', [50]],
    ] as const) {
      const over = decide(entryOf({ kind, steps: [...steps] }), equal, 10_000)!;
      expect(over).toMatchObject({ aliases: { champion: '1', challenger: '2' }, rollout: { status: 'complete' } });
      // Nothing comes of time alone; but an A/B test still splits users, and harm still ends it.
      expect(decide(over, none, 1e9)).toBeNull();
      const harmed = decide(over, arms({ requests: 400, failing: 0.3 }, { requests: 400 }), 1e9);
      expect(harmed?.rollout?.status).toBe(kind === 'ab' ? 'rolled_back' : undefined);
    }
  });

  it('changes nothing once it is over, whatever is counted and however late it is', () => {
    for (const status of ['promoted', 'rolled_back', 'aborted'] as const) {
      for (const measured of [good(10), bad, none]) expect(decide(entryOf({ status }), measured, 1e12)).toBeNull();
    }
    expect(decide({ aliases: {}, rollout: null }, good(10), 1)).toBeNull();
  });

  it('moves one step at a time and numbers its events without a gap, whatever it meets', () => {
    const look = fc.record({
      measured: fc.constantFrom(good(10), good(50), none, unclear, bad),
      afterMs: fc.nat(40_000),
    });
    fc.assert(
      fc.property(fc.constantFrom(...ROLLOUT_KINDS), fc.array(look, { maxLength: 12 }), (kind, looks) => {
        let entry = entryOf({ kind });
        let nowMs = 0;
        for (const { measured, afterMs } of looks) {
          nowMs += afterMs;
          const next = decide(entry, measured, nowMs);
          if (next === null) continue;
          expect(next.rollout!.step - entry.rollout!.step).toBeLessThanOrEqual(1);
          expect(next.rollout!.step).toBeGreaterThanOrEqual(entry.rollout!.step);
          expect(eventOf(next)!.seq).toBe((eventOf(entry)?.seq ?? 0) + 1);
          expect(['1', '2']).toContain(next.aliases.champion);
          expect(next.aliases.champion === '2').toBe(next.rollout!.status === 'promoted');
          entry = decodeEntry(encodeEntry(next));
          expect(entry).toEqual(next);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('an entry in the store', () => {
  it('that makes no sense is refused as DATA_LOSS, never taken', () => {
    const rollout = rolloutOf();
    const wrong: unknown[] = [
      7,
      {},
      { aliases: {} },
      { aliases: { champion: 'x' }, rollout: null },
      ...[
        { steps: [] },
        { steps: [50, 10] },
        { step: 2 },
        { kind: 'big-bang' },
        { status: 'lost' },
        { candidate: '0' },
        { hold_ms: -1 },
        { limit_ms: 1 },
        { policy: { psi: 1 } },
        { events: [{}] },
        { salt: 3 },
      ].map((change) => ({ aliases: {}, rollout: { ...rollout, ...change } })),
    ];
    for (const value of wrong) {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      expect(() => decodeEntry(bytes), JSON.stringify(value)).toThrow(/the rollout entry cannot be read/);
    }
    expect(ROLLOUT_STATUSES.length).toBe(6);
    expect(decodeEntry(encodeEntry({ aliases: {}, rollout }))).toEqual({ aliases: {}, rollout });
  });
});
