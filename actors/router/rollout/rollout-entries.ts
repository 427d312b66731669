/** The rollout entries of all models as this process knows them: the store's, as they change. */
import type { KeyValue } from '../../../cluster/key-value.ts';
import { decodeEntry, type RolloutEntry } from '../../../cluster/rollout/rollout.ts';
import { asServingError, type ServingError } from '../../../proto/errors.ts';
import { isName } from '../../../proto/names.ts';

export type KnownEntry = { readonly entry: RolloutEntry; readonly revision: number };

/** `entry` is null for one that is gone. */
export type EntryListener = (model: string, entry: RolloutEntry | null) => void;

const MODELS_MAX = 4_096;

export class RolloutEntries {
  readonly #known = new Map<string, KnownEntry>();
  readonly #listeners: EntryListener[] = [];
  readonly #onProblem: (model: string, error: ServingError) => void;

  constructor(onProblem: (model: string, error: ServingError) => void) {
    this.#onProblem = onProblem;
  }

  /** Follows the store until it is lost, of which `onEnded` tells. */
  async follow(keyValue: KeyValue, onEnded: (error: ServingError) => void): Promise<void> {
    await keyValue.watch('>', (model, value, revision) => this.heard(model, value, revision), onEnded);
  }

  onChange(listener: EntryListener): void {
    this.#listeners.push(listener);
  }

  /** Takes an entry as the store has it. What cannot be read is told of, and what was there before it stays. */
  heard(model: string, value: Uint8Array | null, revision: number): void {
    const before = this.#known.get(model);
    // Our own write is known before the watch tells of it.
    if (before !== undefined && before.revision >= revision) return;
    if (value === null) {
      if (this.#known.delete(model)) this.#tell(model, null);
      return;
    }
    try {
      if (!isName(model) || (before === undefined && this.#known.size >= MODELS_MAX)) return;
      const entry = decodeEntry(value);
      this.#known.set(model, { entry, revision });
      this.#tell(model, entry);
    } catch (thrown) {
      this.#onProblem(model, asServingError(thrown, 'route'));
    }
  }

  get(model: string): KnownEntry | undefined {
    return this.#known.get(model);
  }

  all(): ReadonlyMap<string, KnownEntry> {
    return this.#known;
  }

  #tell(model: string, entry: RolloutEntry | null): void {
    for (const listener of this.#listeners) listener(model, entry);
  }
}
