/** What people do to a model's versions: start a rollout, promote or abort it, pin a version. Pure: entry in, entry out. */
import { invalid, notFound, ServingError } from '../../proto/errors.ts';
import { isVersion, quoteShort, showShort, VERSION_ALIASES, type VersionAlias } from '../../proto/names.ts';
import { byNumber } from '../catalog/model-directory.ts';
import type { ServingPlan } from '../catalog/serving-plan.ts';
import { ended, promoted } from './decide.ts';
import {
  checkDurations,
  checkedPolicy,
  checkSteps,
  isActive,
  ROLLOUT_KINDS,
  type Rollout,
  type RolloutEntry,
  type RolloutKind,
  withEvent,
} from './rollout.ts';

/** What a gateway knows of a model's versions. */
export type Versions = {
  /** Versions with a plan, ascending; empty for a model that nobody registered. */
  known(model: string): readonly string[];
  /** Those of them that a worker serves. */
  served(model: string): readonly string[];
  plan(model: string, version: string): ServingPlan | undefined;
  /** Why a version has no plan. */
  missing(model: string, version: string | undefined): ServingError;
};

export type StartRequest = {
  readonly kind: RolloutKind;
  readonly candidate: string;
  readonly baseline: string | undefined;
  readonly steps: readonly number[];
  readonly hold_ms: number;
  readonly limit_ms: number;
  readonly policy: Rollout['policy'];
};

const HOLD_MS_DEFAULT = 60_000;
const LIMIT_MS_DEFAULT = 600_000;
const STEPS_DEFAULT: { readonly [kind in RolloutKind]: readonly number[] } = {
  canary: [1, 5, 25, 50],
  ab: [50],
  shadow: [100],
  'blue-green': [100],
};
const START_FIELDS = ['kind', 'candidate', 'baseline', 'steps', 'hold_ms', 'limit_ms', 'policy'];

/** Reads a request to start a rollout. Throws INVALID_ARGUMENT naming the field. */
export function parseStart(body: Readonly<Record<string, unknown>>): StartRequest {
  for (const field of Object.keys(body)) {
    if (!START_FIELDS.includes(field)) {
      throw invalid(`a rollout has no field ${quoteShort(field)}; it has ${START_FIELDS.join(', ')}`);
    }
  }
  const kind = (body['kind'] ?? 'canary') as RolloutKind;
  if (!ROLLOUT_KINDS.includes(kind)) {
    throw invalid(`kind must be one of ${ROLLOUT_KINDS.join(', ')}, got ${showShort(kind)}`);
  }
  const candidate = versionIn(body, 'candidate');
  if (candidate === undefined) throw invalid('candidate is missing: the version to roll out, e.g. "2"');
  const steps = body['steps'] ?? STEPS_DEFAULT[kind];
  checkSteps(steps);
  const hold_ms = body['hold_ms'] ?? HOLD_MS_DEFAULT;
  const limit_ms = body['limit_ms'] ?? Math.max(LIMIT_MS_DEFAULT, Number(hold_ms));
  checkDurations(hold_ms, limit_ms);
  const baseline = versionIn(body, 'baseline');
  return {
    kind,
    candidate,
    baseline,
    steps: concurrentSteps(kind, steps),
    hold_ms: hold_ms as number,
    limit_ms: limit_ms as number,
    policy: checkedPolicy(body['policy']),
  };
}

/** At 100 % nobody is left to compare with: that step of a canary is its promotion. */
function concurrentSteps(kind: RolloutKind, steps: readonly number[]): readonly number[] {
  if (kind === 'shadow' || kind === 'blue-green' || steps.at(-1) !== 100) return steps;
  if (kind === 'ab' || steps.length === 1) {
    throw invalid(`steps of kind ${kind} must end below 100: at 100 % no baseline is left to compare with`);
  }
  return steps.slice(0, -1);
}

function versionIn(body: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = body[field];
  if (value === undefined) return undefined;
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !isVersion(text)) {
    throw invalid(`${field} must be a model version, e.g. "2", got ${showShort(value)}`);
  }
  return text;
}

/**
 * The entry with a new rollout. `id` and `salt` are drawn by the caller. Throws NOT_FOUND for an unknown version,
 * UNAVAILABLE for one that no worker serves, FAILED_PRECONDITION where one goes on already or the versions do not fit.
 */
export function started(
  entry: RolloutEntry,
  model: string,
  request: StartRequest,
  versions: Versions,
  drawn: { readonly id: string; readonly salt: string },
  nowMs: number,
): RolloutEntry {
  const { candidate } = request;
  if (isActive(entry.rollout)) {
    const { id, status } = entry.rollout;
    throw conflict(
      `rollout ${id} of '${model}' to version ${entry.rollout.candidate} is ${status}; promote or abort it first`,
    );
  }
  const baseline = request.baseline ?? entry.aliases.champion ?? defaultBaseline(model, candidate, versions);
  if (baseline === candidate) {
    throw conflict(`version ${candidate} of '${model}' is the baseline already; name another candidate`);
  }
  const [old, fresh] = [servedPlan(model, baseline, versions), servedPlan(model, candidate, versions)];
  const difference = interfaceDifference(old, fresh);
  if (difference !== null) {
    throw conflict(
      `versions ${baseline} and ${candidate} of '${model}' differ in ${difference}: whoever calls the one could not call the other`,
    );
  }
  const rollout: Rollout = {
    ...drawn,
    kind: request.kind,
    baseline,
    candidate,
    steps: request.steps,
    step: 0,
    hold_ms: request.hold_ms,
    limit_ms: request.limit_ms,
    policy: request.policy,
    status: 'running',
    reason: '',
    started_ms: nowMs,
    step_started_ms: nowMs,
    events: [],
  };
  const reason = `${request.kind} from version ${baseline} to ${candidate}`;
  return {
    aliases: { ...entry.aliases, champion: baseline, challenger: candidate },
    rollout: withEvent(rollout, {}, 'started', reason, nowMs),
  };
}

/** Throws NOT_FOUND where none goes on, UNAVAILABLE where no worker serves the candidate. */
export function promotedByHand(
  entry: RolloutEntry,
  model: string,
  versions: Versions,
  reason: string,
  nowMs: number,
): RolloutEntry {
  const rollout = openRollout(entry, model);
  servedPlan(model, rollout.candidate, versions);
  return promoted(rollout, reason, nowMs);
}

/** Throws NOT_FOUND where none goes on. */
export function abortedByHand(entry: RolloutEntry, model: string, reason: string, nowMs: number): RolloutEntry {
  return ended(entry, openRollout(entry, model), 'aborted', reason, nowMs);
}

/**
 * Makes a version the champion at once: one by number or alias, or `newest` for whatever is newest from now on. Throws
 * as `started` does.
 */
export function pinned(entry: RolloutEntry, model: string, wanted: string, versions: Versions): RolloutEntry {
  if (isActive(entry.rollout)) {
    throw conflict(`rollout ${entry.rollout.id} of '${model}' is ${entry.rollout.status}; promote or abort it first`);
  }
  if (wanted === 'newest') return { ...entry, aliases: {} };
  const version = VERSION_ALIASES.includes(wanted as VersionAlias) ? entry.aliases[wanted as VersionAlias] : wanted;
  if (version === undefined) throw notFound(`'${model}' has no ${wanted} version`);
  if (!isVersion(version)) throw invalid(`version must be a number, an alias or "newest", got ${quoteShort(version)}`);
  servedPlan(model, version, versions);
  const { champion } = entry.aliases;
  if (champion === version) return entry;
  return { ...entry, aliases: { champion: version, ...(champion === undefined ? {} : { previous: champion }) } };
}

function openRollout(entry: RolloutEntry, model: string): Rollout {
  const { rollout } = entry;
  if (rollout === null) throw notFound(`no rollout of '${model}' was ever started`);
  const { id, status } = rollout;
  if (isActive(rollout) || status === 'complete') return rollout;
  throw conflict(`rollout ${id} of '${model}' is ${status} already`);
}

/** The newest that is served and older than the candidate, since that is what was served before it came. */
function defaultBaseline(model: string, candidate: string, versions: Versions): string {
  const others = versions.served(model).filter((version) => version !== candidate);
  const older = others.filter((version) => byNumber(version, candidate) < 0);
  const baseline = older.at(-1) ?? others.at(-1);
  if (baseline !== undefined) return baseline;
  if (versions.known(model).length === 0) throw versions.missing(model, undefined);
  throw conflict(`no worker serves a version of '${model}' besides ${candidate}: there is nothing to compare it with`);
}

function servedPlan(model: string, version: string, versions: Versions): ServingPlan {
  const plan = versions.plan(model, version);
  if (plan === undefined) throw versions.missing(model, version);
  if (!versions.served(model).includes(version)) {
    throw new ServingError(
      'UNAVAILABLE',
      'route',
      `no worker serves version ${version} of '${model}' yet; try again when one does`,
    );
  }
  return plan;
}

/** What a caller of one version would have to change for the other; null where nothing. */
function interfaceDifference(old: ServingPlan, fresh: ServingPlan): string | null {
  if (old.entityInput !== fresh.entityInput) return 'the entity whose key they take';
  const inputs = ({ requestInputs }: ServingPlan) =>
    requestInputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join()}]`).sort();
  const outputs = (plan: ServingPlan) => plan.outputs.map(({ name, datatype }) => `${name} ${datatype}`).sort();
  return differing('inputs', inputs(old), inputs(fresh)) ?? differing('outputs', outputs(old), outputs(fresh));
}

function differing(what: string, old: readonly string[], fresh: readonly string[]): string | null {
  if (old.join('\n') === fresh.join('\n')) return null;
  return `${what} (${old.join(', ') || 'none'}; ${fresh.join(', ') || 'none'})`;
}

function conflict(message: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', 'route', message);
}
