/**
 * The models of the cluster as this process knows them: registry entries as they arrive, each compiled into a serving
 * plan against this process's views. A version that failed to load, or contradicts the views, is known with its reason.
 * An entry that no worker can have written is ignored: what was there before it stays.
 */
import { asServingError, invalid, ServingError } from '../../proto/errors.ts';
import { isName, isVersion, quoteShort } from '../../proto/names.ts';
import { decodeModelSpec, type ModelSpec, modelKey } from './model-spec.ts';
import { compilePlan, type ServingPlan } from './serving-plan.ts';
import type { App } from './views.ts';

/** What a registry entry holds: a model spec, or why the version could not be loaded. */
export type FailedModel = { readonly failed: string };

/** Versions known at a time, and keys that are known to hold nonsense. */
const VERSIONS_MAX = 4_096;
const FAILED_CHARS_MAX = 4_000;

type Entry = { readonly version: string; readonly plan: ServingPlan | null; readonly problem: string | null };

export class ModelDirectory {
  readonly #app: App;
  readonly #onIgnored: (registryKey: string, problem: string) => void;
  readonly #models = new Map<string, Map<string, Entry>>();
  readonly #plans = new Map<string, ServingPlan>();
  readonly #ignored = new Set<string>();
  #count = 0;

  /** `onIgnored` is told of an entry that is ignored, once a key until that key has an entry that makes sense. */
  constructor(app: App, onIgnored: (registryKey: string, problem: string) => void = () => {}) {
    this.#app = app;
    this.#onIgnored = onIgnored;
  }

  /** Takes a registry entry (`name.version`), or its removal (null). Never throws. */
  update(registryKey: string, bytes: Uint8Array | null): void {
    const [name, version, ...rest] = registryKey.split('.');
    if (name === undefined || version === undefined || rest.length > 0 || !isName(name) || !isVersion(version)) {
      if (bytes !== null) this.#ignore(registryKey, 'its key is not <model>.<version>');
      return;
    }
    if (bytes === null) {
      this.#ignored.delete(registryKey);
      this.#remove(name, version);
      return;
    }
    let found: ModelSpec | FailedModel;
    try {
      found = decodeFailed(bytes) ?? decodeModelSpec(bytes);
      if (!('failed' in found)) checkKey(found, name, version);
    } catch (thrown) {
      this.#ignore(registryKey, asServingError(thrown, 'route').message);
      return;
    }
    this.#ignored.delete(registryKey);
    this.#put(registryKey, name, this.#compile(version, found));
  }

  /** By `name/version`. */
  plan(key: string): ServingPlan | undefined {
    return this.#plans.get(key);
  }

  names(): string[] {
    return [...this.#models.keys()].sort();
  }

  /** Versions with a plan, ascending. */
  versions(name: string): string[] {
    const versions = [...(this.#models.get(name)?.values() ?? [])].filter((entry) => entry.plan !== null);
    return versions.map((entry) => entry.version).sort(byNumber);
  }

  /** Why no plan exists: NOT_FOUND for what nobody registered, UNAVAILABLE with the reason for what failed. */
  missing(name: string, version: string | undefined): ServingError {
    const versions = this.#models.get(name);
    if (versions === undefined) {
      const known = this.names().slice(0, 20).join(', ');
      return new ServingError('NOT_FOUND', 'route', `no model '${name}'; known are: ${known || 'none'}`);
    }
    const problems = [...versions.values()].filter(
      (entry) => entry.problem !== null && (version === undefined || entry.version === version),
    );
    if (problems.length > 0) {
      const reasons = problems.map((entry) => `version ${entry.version}: ${entry.problem}`).join('; ');
      return new ServingError('UNAVAILABLE', 'route', `model '${name}' cannot be served: ${reasons}`);
    }
    return new ServingError(
      'NOT_FOUND',
      'route',
      `model '${name}' has no version ${version}; it has: ${this.versions(name).join(', ') || 'none'}`,
    );
  }

  problems(): { model: string; version: string; problem: string }[] {
    const found = [];
    for (const [model, versions] of this.#models) {
      for (const entry of versions.values()) {
        if (entry.problem !== null) found.push({ model, version: entry.version, problem: entry.problem });
      }
    }
    return found;
  }

  #put(registryKey: string, name: string, entry: Entry): void {
    const known = this.#models.get(name)?.has(entry.version) === true;
    if (!known && this.#count >= VERSIONS_MAX) {
      this.#ignore(registryKey, `${VERSIONS_MAX} versions are registered already; delete some`);
      return;
    }
    this.#remove(name, entry.version);
    let versions = this.#models.get(name);
    if (versions === undefined) {
      versions = new Map();
      this.#models.set(name, versions);
    }
    versions.set(entry.version, entry);
    this.#count++;
    if (entry.plan !== null) this.#plans.set(modelKey(name, entry.version), entry.plan);
  }

  #remove(name: string, version: string): void {
    const versions = this.#models.get(name);
    if (versions?.delete(version)) this.#count--;
    if (versions?.size === 0) this.#models.delete(name);
    this.#plans.delete(modelKey(name, version));
  }

  #ignore(registryKey: string, problem: string): void {
    if (this.#ignored.has(registryKey) || this.#ignored.size >= VERSIONS_MAX) return;
    this.#ignored.add(registryKey);
    this.#onIgnored(registryKey, problem);
  }

  #compile(version: string, found: ModelSpec | FailedModel): Entry {
    if ('failed' in found) return { version, plan: null, problem: found.failed };
    try {
      return { version, plan: compilePlan(found, this.#app), problem: null };
    } catch (thrown) {
      return { version, plan: null, problem: asServingError(thrown, 'route').message };
    }
  }
}

/** Null for an entry that does not say of itself that it failed. */
function decodeFailed(bytes: Uint8Array): FailedModel | null {
  if (bytes.byteLength > 4 * FAILED_CHARS_MAX) return null;
  try {
    const { failed } = JSON.parse(new TextDecoder().decode(bytes)) as { failed?: unknown };
    return typeof failed === 'string' && failed.length <= FAILED_CHARS_MAX ? { failed } : null;
  } catch {
    return null;
  }
}

/** An entry under another's key would be planned as one model and called as another. */
function checkKey({ manifest, version }: ModelSpec, name: string, keyVersion: string): void {
  if (manifest.name !== name || version !== keyVersion) {
    throw invalid(`it is an entry for ${quoteShort(`${manifest.name}.${version}`)}`);
  }
}

/** Versions are whole numbers of any length. */
export function byNumber(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
