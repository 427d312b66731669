/**
 * The models of the cluster as this process knows them: registry entries as they arrive, each compiled into a serving
 * plan against this process's views. A version that failed to load, or contradicts the views, is known with its reason.
 */
import { asServingError, ServingError } from '../../proto/errors.ts';
import { isName, isVersion } from '../../proto/names.ts';
import { decodeModelSpec, modelKey } from './model-spec.ts';
import { compilePlan, type ServingPlan } from './serving-plan.ts';
import type { App } from './views.ts';

/** What a registry entry holds: a model spec, or why the version could not be loaded. */
export type FailedModel = { readonly failed: string };

type Entry = { readonly version: string; readonly plan: ServingPlan | null; readonly problem: string | null };

export class ModelDirectory {
  readonly #app: App;
  readonly #models = new Map<string, Map<string, Entry>>();
  readonly #plans = new Map<string, ServingPlan>();

  constructor(app: App) {
    this.#app = app;
  }

  /** Takes a registry entry (`name.version`), or its removal (null). Entries that make no sense are kept as problems. */
  update(registryKey: string, bytes: Uint8Array | null): void {
    const [name, version] = registryKey.split('.');
    if (name === undefined || version === undefined || !isName(name) || !isVersion(version)) return;
    const key = modelKey(name, version);
    this.#plans.delete(key);
    let versions = this.#models.get(name);
    if (bytes === null) {
      versions?.delete(version);
      if (versions?.size === 0) this.#models.delete(name);
      return;
    }
    if (versions === undefined) {
      versions = new Map();
      this.#models.set(name, versions);
    }
    const entry = this.#compile(version, bytes);
    versions.set(version, entry);
    if (entry.plan !== null) this.#plans.set(key, entry.plan);
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

  #compile(version: string, bytes: Uint8Array): Entry {
    try {
      const parsed = JSON.parse(new TextDecoder().decode(bytes)) as Partial<FailedModel>;
      if (typeof parsed.failed === 'string') return { version, plan: null, problem: parsed.failed };
      return { version, plan: compilePlan(decodeModelSpec(bytes), this.#app), problem: null };
    } catch (thrown) {
      return { version, plan: null, problem: asServingError(thrown, 'route').message };
    }
  }
}

/** Versions are whole numbers of any length. */
export function byNumber(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
