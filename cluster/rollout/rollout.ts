/**
 * What the cluster keeps of a model's versions in use: aliases, and the rollout that goes on or went last. One key-value
 * entry a model, changed by compare-and-set, read by every router.
 */
import { invalid, ServingError } from '../../proto/errors.ts';
import { isVersion, VERSION_ALIASES, type VersionAlias } from '../../proto/names.ts';

export type Aliases = { readonly [alias in VersionAlias]?: string };

/**
 * How the candidate meets traffic. `canary`: its answers are given to a growing share of users. `ab`: to a fixed share,
 * until somebody decides. `shadow`: to nobody; it gets copies of requests. `blue-green`: copies first, then all traffic
 * at once.
 */
export const ROLLOUT_KINDS = ['canary', 'blue-green', 'ab', 'shadow'] as const;
export type RolloutKind = (typeof ROLLOUT_KINDS)[number];

/**
 * `paused`: it stays where it is, because there is too little traffic or the experiment itself is flawed; it goes on by
 * itself once that changes. `complete`: an A/B test or a shadow has shown no harm and waits for a decision.
 */
export const ROLLOUT_STATUSES = ['running', 'paused', 'complete', 'promoted', 'rolled_back', 'aborted'] as const;
export type RolloutStatus = (typeof ROLLOUT_STATUSES)[number];

export type RolloutPolicy = {
  /** Answered requests that each arm needs in a step before anything is called good. */
  readonly min_requests: number;
  /** Chance that a rollout of an equal candidate is ever rolled back for its behaviour. */
  readonly alpha: number;
  /** The candidate's rate of failures less the baseline's: below this it is no harm. */
  readonly error_margin: number;
  /** No step is passed while the difference may be larger than this (95 % bound). */
  readonly error_tolerance: number;
  /** The candidate's median and 99th percentile may be so many times the baseline's, and so many ms more, at the least. */
  readonly latency_ratio: number;
  readonly latency_slack_ms: number;
  /** Population stability index between the arms' scores from which on they count as shifted. */
  readonly psi_max: number;
};

export const POLICY_DEFAULT: RolloutPolicy = {
  min_requests: 500,
  alpha: 0.01,
  error_margin: 0.002,
  error_tolerance: 0.01,
  latency_ratio: 1.2,
  latency_slack_ms: 2,
  psi_max: 0.2,
};

export type RolloutEvent = {
  /** Counts up within a rollout: an event that is published twice has the same. */
  readonly seq: number;
  readonly kind: 'started' | 'step' | 'paused' | 'resumed' | 'complete' | 'promoted' | 'rolled_back' | 'aborted';
  readonly percent: number;
  readonly reason: string;
  /** ms since 1970. */
  readonly at_ms: number;
};

export type Rollout = {
  readonly id: string;
  readonly kind: RolloutKind;
  readonly baseline: string;
  readonly candidate: string;
  readonly salt: string;
  /** Percent of the users, rising. */
  readonly steps: readonly number[];
  readonly step: number;
  /** How long a step lasts at the least, and at the most before it is taken for failed. */
  readonly hold_ms: number;
  readonly limit_ms: number;
  readonly policy: RolloutPolicy;
  readonly status: RolloutStatus;
  readonly reason: string;
  /** ms since 1970, by the clock of whoever wrote them. */
  readonly started_ms: number;
  readonly step_started_ms: number;
  /** The latest, oldest first. */
  readonly events: readonly RolloutEvent[];
};

export type RolloutEntry = { readonly aliases: Aliases; readonly rollout: Rollout | null };

export const NO_ENTRY: RolloutEntry = { aliases: {}, rollout: null };

const EVENTS_MAX = 32;
const STEPS_MAX = 32;
const ENTRY_BYTES_MAX = 64 * 1024;
const REASON_CHARS_MAX = 500;
const DAY_MS = 24 * 3_600_000;

/** Whether requests are assigned, or copied, on behalf of this rollout now. */
export function isActive(rollout: Rollout | null): rollout is Rollout {
  if (rollout === null) return false;
  if (rollout.status === 'running' || rollout.status === 'paused') return true;
  // An A/B test goes on, and is watched over, until somebody decides.
  return rollout.status === 'complete' && rollout.kind === 'ab';
}

/** Whether the candidate gets copies, and its answers reach nobody. */
export function isMirrored(kind: RolloutKind): boolean {
  return kind === 'shadow' || kind === 'blue-green';
}

export function percentOf(rollout: Rollout): number {
  return rollout.steps[rollout.step] ?? 0;
}

/** The rollout with a change and the event that tells of it. */
export function withEvent(
  rollout: Rollout,
  change: Partial<Rollout>,
  kind: RolloutEvent['kind'],
  reason: string,
  nowMs: number,
): Rollout {
  const changed = { ...rollout, ...change, reason: reason.slice(0, REASON_CHARS_MAX) };
  const last = rollout.events.at(-1);
  const event: RolloutEvent = {
    seq: (last?.seq ?? 0) + 1,
    kind,
    percent: percentOf(changed),
    reason: changed.reason,
    at_ms: nowMs,
  };
  return { ...changed, events: [...rollout.events, event].slice(-EVENTS_MAX) };
}

export function encodeEntry(entry: RolloutEntry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

/** Throws DATA_LOSS for anything that `encodeEntry` could not have written. */
export function decodeEntry(bytes: Uint8Array): RolloutEntry {
  try {
    if (bytes.byteLength > ENTRY_BYTES_MAX) throw invalid(`it has ${bytes.byteLength} bytes`);
    const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as RolloutEntry;
    const aliases: { [alias in VersionAlias]?: string } = {};
    for (const alias of VERSION_ALIASES) {
      const version = json.aliases[alias];
      if (version === undefined) continue;
      if (!isVersion(version)) throw invalid(`alias ${alias} is no version`);
      aliases[alias] = version;
    }
    return { aliases, rollout: json.rollout === null ? null : checkedRollout(json.rollout) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServingError('DATA_LOSS', 'route', `the rollout entry cannot be read: ${why}`, { cause });
  }
}

function checkedRollout(rollout: Rollout): Rollout {
  const { id, salt, baseline, candidate, kind, status, reason, steps, step, events } = rollout;
  if (typeof id !== 'string' || typeof salt !== 'string' || id.length > 64 || salt.length > 64) throw invalid('id');
  if (!isVersion(baseline) || !isVersion(candidate)) throw invalid('its versions are no versions');
  if (!ROLLOUT_KINDS.includes(kind) || !ROLLOUT_STATUSES.includes(status)) throw invalid('kind or status is unknown');
  checkSteps(steps);
  if (!Number.isInteger(step) || step < 0 || step >= steps.length) throw invalid('step is out of range');
  checkDurations(rollout.hold_ms, rollout.limit_ms);
  if (![rollout.started_ms, rollout.step_started_ms].every(Number.isFinite)) throw invalid('times must be numbers');
  if (
    !Array.isArray(events) ||
    events.length > EVENTS_MAX ||
    !events.every((event) => Number.isSafeInteger(event.seq))
  ) {
    throw invalid('events must be a short list of numbered events');
  }
  if (typeof reason !== 'string') throw invalid('reason is no text');
  return { ...rollout, policy: checkedPolicy(rollout.policy) };
}

/** Throws INVALID_ARGUMENT unless the steps are percentages over 0 up to 100, each above the one before. */
export function checkSteps(steps: unknown): asserts steps is number[] {
  const rising =
    Array.isArray(steps) &&
    steps.length > 0 &&
    steps.length <= STEPS_MAX &&
    steps.every((one, i) => typeof one === 'number' && one > (i === 0 ? 0 : steps[i - 1]) && one <= 100);
  if (!rising) throw invalid(`steps must be 1 to ${STEPS_MAX} rising percentages over 0, at most 100`);
}

export function checkDurations(holdMs: unknown, limitMs: unknown): void {
  const good = (ms: unknown) => typeof ms === 'number' && ms >= 100 && ms <= 30 * DAY_MS;
  if (!good(holdMs)) throw invalid('hold_ms must be milliseconds, from 100 to 30 days');
  if (!good(limitMs) || (limitMs as number) < (holdMs as number)) {
    throw invalid('limit_ms must be milliseconds, from hold_ms to 30 days');
  }
}

const POLICY_BOUNDS: { readonly [name in keyof RolloutPolicy]: readonly [number, number] } = {
  min_requests: [1, 1e9],
  alpha: [1e-9, 0.5],
  error_margin: [0, 1],
  error_tolerance: [1e-6, 1],
  latency_ratio: [1, 1_000],
  latency_slack_ms: [0, 1e6],
  psi_max: [0.01, 100],
};

/** The policy with defaults for what is not given. Throws INVALID_ARGUMENT, naming what it does not know too. */
export function checkedPolicy(given: unknown): RolloutPolicy {
  if (given === undefined) return POLICY_DEFAULT;
  if (typeof given !== 'object' || given === null) throw invalid('policy must be an object');
  const policy = { ...POLICY_DEFAULT };
  for (const [name, value] of Object.entries(given)) {
    const bounds = Object.hasOwn(POLICY_BOUNDS, name) ? POLICY_BOUNDS[name as keyof RolloutPolicy] : undefined;
    // A misspelt check would pass silently for good.
    if (bounds === undefined) throw invalid(`policy has no '${name}'; it has ${Object.keys(POLICY_BOUNDS).join(', ')}`);
    if (typeof value !== 'number' || !(value >= bounds[0] && value <= bounds[1])) {
      throw invalid(`policy.${name} must be a number from ${bounds[0]} to ${bounds[1]}`);
    }
    policy[name as keyof RolloutPolicy] = value;
  }
  return policy;
}
