/**
 * What a worker says of its models in the registry, by compare-and-set: that a version is on its way, why it cannot be
 * served, or what it is. What it serves it also keeps there: an entry that is lost or altered is put back.
 */
import { decodeModelSpec, encodeModelSpec, type ModelSpec, modelKey } from '../cluster/catalog/model-spec.ts';
import type { Clock } from '../cluster/clock.ts';
import type { KeyValue } from '../cluster/key-value.ts';
import type { Log } from '../cluster/log.ts';
import type { Member } from '../cluster/membership/member-table.ts';
import { ServingError } from '../proto/errors.ts';

export type ModelRegistryOptions = {
  readonly entries: KeyValue;
  readonly clock: Clock;
  readonly log: Log;
  /** This worker's name. */
  readonly name: string;
  /** Workers that are not dead, this one included or not. */
  readonly workers: () => readonly Member[];
};

/** An entry is put back at most so often. */
const REPAIR_MS = 1_000;
const WHY_CHARS_MAX = 2_000;

type Kept = {
  readonly spec: ModelSpec;
  readonly bytes: Uint8Array;
  /** Whether the entry that was heard of last is not ours. */
  wrong: boolean;
  repairing: boolean;
  repairedMs: number;
};

export class ModelRegistry {
  readonly #options: ModelRegistryOptions;
  readonly #kept = new Map<string, Kept>();
  #stopped = false;

  constructor(options: ModelRegistryOptions) {
    this.#options = options;
  }

  /**
   * Enters a version. Versions are immutable: other bytes under the same number are taken only while no other worker
   * serves the old ones. Rejects with FAILED_PRECONDITION otherwise.
   */
  async enter(spec: ModelSpec): Promise<void> {
    const { entries } = this.#options;
    const key = registryKey(spec.manifest.name, spec.version);
    const bytes = encodeModelSpec(spec);
    for (;;) {
      const entry = await entries.get(key);
      if (entry === null) {
        if ((await entries.create(key, bytes)) !== null) return;
        continue;
      }
      if (sameBytes(entry.value, bytes)) return;
      if (otherFile(entry.value, spec) && this.#servedElsewhere(spec.manifest.name, spec.version)) {
        throw new ServingError(
          'FAILED_PRECONDITION',
          'run',
          `version ${spec.version} of '${spec.manifest.name}' is being served with other bytes; versions do not change: give the new file the next number`,
        );
      }
      if ((await entries.update(key, bytes, entry.revision)) !== null) return;
    }
  }

  /** Takes back what an earlier attempt to load the version said of it, or says of a new one that it is on its way. */
  async enterLoading(name: string, version: string): Promise<void> {
    const { entries } = this.#options;
    const key = registryKey(name, version);
    const bytes = failedEntry(`is being loaded by ${this.#options.name}; ask again in a moment`);
    const entry = await entries.get(key);
    // In place of what was read and of nothing newer: another worker may have loaded it by now.
    if (entry === null) await entries.create(key, bytes);
    else if (specIn(entry.value) === null) await entries.update(key, bytes, entry.revision);
  }

  /** Makes the reason visible to callers, unless another worker serves the version. */
  async enterProblem(name: string, version: string, problem: string): Promise<void> {
    const { entries } = this.#options;
    if (this.#servedElsewhere(name, version)) return;
    const key = registryKey(name, version);
    const bytes = failedEntry(problem);
    const entry = await entries.get(key);
    if (entry === null) await entries.create(key, bytes);
    else await entries.update(key, bytes, entry.revision);
  }

  /** From now on the version is served: its entry is put back whenever `heard` tells of another. */
  keep(spec: ModelSpec): void {
    const key = registryKey(spec.manifest.name, spec.version);
    const bytes = encodeModelSpec(spec);
    // Looked at once in any case: it may have changed since it was entered.
    const kept: Kept = { spec, bytes, wrong: true, repairing: false, repairedMs: Number.NEGATIVE_INFINITY };
    this.#kept.set(key, kept);
    this.#repairLater(key, kept);
  }

  /** Takes a change of an entry, whoever made it; null for its removal. */
  heard(key: string, value: Uint8Array | null): void {
    const kept = this.#kept.get(key);
    if (kept === undefined || this.#stopped) return;
    kept.wrong = value === null || !sameBytes(value, kept.bytes);
    if (kept.wrong && !kept.repairing) this.#repairLater(key, kept);
  }

  /** Puts nothing back any more. */
  stop(): void {
    this.#stopped = true;
  }

  #repairLater(key: string, kept: Kept): void {
    const { clock } = this.#options;
    kept.repairing = true;
    clock.after(Math.max(0, kept.repairedMs + REPAIR_MS - clock.nowMs()), () => void this.#repair(key, kept));
  }

  async #repair(key: string, kept: Kept): Promise<void> {
    const { clock, log } = this.#options;
    if (kept.wrong && !this.#stopped) {
      kept.repairedMs = clock.nowMs();
      try {
        await this.#putBack(key, kept);
      } catch (thrown) {
        kept.wrong = true;
        log.warn({ err: thrown, key }, 'registry entry cannot be put back; trying again');
      }
    }
    kept.repairing = false;
    // Changed once more, refused, or another's to put back: another look, in case that one does not.
    if (kept.wrong && !this.#stopped) this.#repairLater(key, kept);
  }

  /**
   * What is no entry of this version is replaced by whoever comes first. One that is may be what another worker serves,
   * whose manifest differs: there the first by name among those who serve it decides, so that no two take turns.
   */
  async #putBack(key: string, kept: Kept): Promise<void> {
    const { entries, log } = this.#options;
    // What is heard from here on counts: it may be of a change after ours.
    kept.wrong = false;
    const entry = await entries.get(key);
    if (entry !== null && sameBytes(entry.value, kept.bytes)) return;
    let written: number | null = null;
    if (entry === null) written = await entries.create(key, kept.bytes);
    else if (!isEntryOf(entry.value, kept.spec) || this.#isFirst(kept.spec)) {
      written = await entries.update(key, kept.bytes, entry.revision);
    }
    if (written === null) kept.wrong = true;
    else log.warn({ key }, 'registry entry was gone or altered, and has been put back');
  }

  #othersWith(name: string, version: string): readonly Member[] {
    const key = modelKey(name, version);
    return this.#options
      .workers()
      .filter(({ heartbeat }) => heartbeat.name !== this.#options.name && heartbeat.models.includes(key));
  }

  #servedElsewhere(name: string, version: string): boolean {
    return this.#othersWith(name, version).length > 0;
  }

  #isFirst(spec: ModelSpec): boolean {
    const others = this.#othersWith(spec.manifest.name, spec.version);
    return others.every(({ heartbeat }) => this.#options.name < heartbeat.name);
  }
}

function registryKey(name: string, version: string): string {
  return `${name}.${version}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(b);
}

function specIn(registered: Uint8Array): ModelSpec | null {
  try {
    return decodeModelSpec(registered);
  } catch {
    return null;
  }
}

function otherFile(registered: Uint8Array, spec: ModelSpec): boolean {
  const found = specIn(registered);
  return found !== null && found.sha256 !== spec.sha256;
}

function isEntryOf(registered: Uint8Array, spec: ModelSpec): boolean {
  const found = specIn(registered);
  return found !== null && found.manifest.name === spec.manifest.name && found.version === spec.version;
}

/** A registry entry that says why a version cannot be served. */
function failedEntry(why: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ failed: why.slice(0, WHY_CHARS_MAX) }));
}
