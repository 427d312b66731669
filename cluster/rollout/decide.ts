/** What a rollout does next, from its state, what was measured and the time. Pure; `controller.ts` acts on it. */
import {
  isActive,
  isMirrored,
  percentOf,
  type Rollout,
  type RolloutEntry,
  type RolloutEvent,
  withEvent,
} from './rollout.ts';
import { type Arms, judge, type Verdict } from './verdict.ts';

/** The verdict on the current step; null for a rollout that is over. */
export function verdictOf(rollout: Rollout | null, arms: Arms): Verdict | null {
  if (!isActive(rollout)) return null;
  const share = isMirrored(rollout.kind) ? null : percentOf(rollout) / 100;
  return judge(arms, rollout.policy, share, rollout.steps.length);
}

/** The entry after this look, or null where nothing changes. The event of a change is the last in its rollout. */
export function decide(entry: RolloutEntry, arms: Arms, nowMs: number): RolloutEntry | null {
  const { rollout } = entry;
  const verdict = verdictOf(rollout, arms);
  if (!isActive(rollout) || verdict === null) return null;
  if (verdict.outcome === 'fail') return rolledBack(entry, rollout, verdict.reason, nowMs);
  if (rollout.status === 'complete') return null;
  const elapsedMs = nowMs - rollout.step_started_ms;
  // A flawed split says so at once; that traffic is short only shows when the step should be over.
  const flawed = verdict.checks.some((check) => check.name === 'sample_ratio' && check.outcome === 'fail');
  const held = elapsedMs >= rollout.hold_ms;
  if (held && verdict.outcome === 'pass') return advanced(entry, rollout, nowMs);
  if (elapsedMs >= rollout.limit_ms) {
    const seconds = Math.round(rollout.limit_ms / 1_000);
    return rolledBack(entry, rollout, `not shown to be good within ${seconds} s: ${verdict.reason}`, nowMs);
  }
  if (rollout.status === 'running' && (flawed || (held && verdict.pause))) {
    return withRollout(entry, withEvent(rollout, { status: 'paused' }, 'paused', verdict.reason, nowMs));
  }
  if (rollout.status === 'paused' && !verdict.pause) {
    return withRollout(entry, withEvent(rollout, { status: 'running' }, 'resumed', verdict.reason, nowMs));
  }
  return null;
}

/** The candidate becomes the champion, and what was the champion stays at hand as `previous`. */
export function promoted(rollout: Rollout, reason: string, nowMs: number): RolloutEntry {
  const aliases = { champion: rollout.candidate, previous: rollout.baseline };
  return { aliases, rollout: withEvent(rollout, { status: 'promoted' }, 'promoted', reason, nowMs) };
}

/** Everybody gets the baseline again, whether the rollout failed or somebody ended it. */
export function ended(
  entry: RolloutEntry,
  rollout: Rollout,
  status: 'rolled_back' | 'aborted',
  reason: string,
  nowMs: number,
): RolloutEntry {
  const { challenger: _, ...aliases } = entry.aliases;
  // Named, since the newest version would be served otherwise: the one that was just turned down.
  return {
    aliases: { ...aliases, champion: rollout.baseline },
    rollout: withEvent(rollout, { status }, status, reason, nowMs),
  };
}

function rolledBack(entry: RolloutEntry, rollout: Rollout, reason: string, nowMs: number): RolloutEntry {
  return ended(entry, rollout, 'rolled_back', reason, nowMs);
}

function advanced(entry: RolloutEntry, rollout: Rollout, nowMs: number): RolloutEntry {
  const step = rollout.step + 1;
  if (step < rollout.steps.length) {
    const change = { step, step_started_ms: nowMs, status: 'running' } as const;
    const reason = `${rollout.steps[rollout.step]} % did no harm`;
    return withRollout(entry, withEvent(rollout, change, 'step', reason, nowMs));
  }
  if (rollout.kind === 'canary' || rollout.kind === 'blue-green') {
    return promoted(rollout, 'every step did no harm', nowMs);
  }
  const reason = 'no harm was seen; promote or abort it';
  return withRollout(entry, withEvent(rollout, { status: 'complete' }, 'complete', reason, nowMs));
}

function withRollout(entry: RolloutEntry, rollout: Rollout): RolloutEntry {
  return { ...entry, rollout };
}

/** The event that a change of an entry made. */
export function eventOf(entry: RolloutEntry): RolloutEvent | null {
  return entry.rollout?.events.at(-1) ?? null;
}
