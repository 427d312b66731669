/** The rollout entries of all models as this process knows them: the store's, as they change. */
import type { Clock } from '../../../cluster/clock.ts';
import type { KeyValue } from '../../../cluster/key-value.ts';
import { decodeEntry, type RolloutEntry } from '../../../cluster/rollout/rollout.ts';
import { asServingError, ServingError } from '../../../proto/errors.ts';
import { isName } from '../../../proto/names.ts';

export type KnownEntry = { readonly entry: RolloutEntry; readonly revision: number };

/** `entry` is null for one that is gone. */
export type EntryListener = (model: string, entry: RolloutEntry | null) => void;

const MODELS_MAX = 4_096;
const CATCH_UP_MS_MAX = 10_000;
/** In a marker's key; no model's name has one. */
const MARKER = 'start.';

export class RolloutEntries {
  readonly #known = new Map<string, KnownEntry>();
  readonly #listeners: EntryListener[] = [];
  #marker: { readonly key: string; readonly heard: (revision: number) => void } | null = null;
  readonly #onProblem: (model: string, error: ServingError) => void;

  constructor(onProblem: (model: string, error: ServingError) => void) {
    this.#onProblem = onProblem;
  }

  /**
   * Follows the store until it is lost, of which `onEnded` tells. Resolves once everything in it has been heard: a
   * gateway that served before would give the newest version, which may be one that was rolled back, to everybody.
   *
   * A store does not say where its past ends. But it tells of changes in their order: whoever has heard its own write
   * has heard all that was there before. `name`: of this process; a marker a name is left in the store.
   */
  async follow(keyValue: KeyValue, name: string, clock: Clock, onEnded: (error: ServingError) => void): Promise<void> {
    const key = `${MARKER}${name}`;
    let latest = 0;
    let wanted = Number.POSITIVE_INFINITY;
    let caughtUp: () => void = () => {};
    const caught = new Promise<void>((resolve) => {
      caughtUp = resolve;
    });
    const heard = (revision: number) => {
      latest = revision;
      if (latest >= wanted) caughtUp();
    };
    this.#marker = { key, heard };
    await keyValue.watch('>', (model, value, revision) => this.heard(model, value, revision), onEnded);
    wanted = await mark(keyValue, key);
    if (latest >= wanted) caughtUp();
    await within(clock, caught);
    this.#marker = null;
  }

  onChange(listener: EntryListener): void {
    this.#listeners.push(listener);
  }

  /** Takes an entry as the store has it. What cannot be read is told of, and what was there before it stays. */
  heard(model: string, value: Uint8Array | null, revision: number): void {
    if (model.startsWith(MARKER)) {
      if (model === this.#marker?.key) this.#marker.heard(revision);
      return;
    }
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

/** Writes the marker; the revision it has then. */
async function mark(keyValue: KeyValue, key: string): Promise<number> {
  for (;;) {
    const entry = await keyValue.get(key);
    const value = new Uint8Array(0);
    const revision =
      entry === null ? await keyValue.create(key, value) : await keyValue.update(key, value, entry.revision);
    if (revision !== null) return revision;
  }
}

async function within(clock: Clock, caught: Promise<void>): Promise<void> {
  let giveUp: (error: ServingError) => void = () => {};
  const late = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const timer = clock.after(CATCH_UP_MS_MAX, () => {
    const why = `the rollouts were not heard from the store within ${CATCH_UP_MS_MAX / 1_000} s`;
    giveUp(new ServingError('UNAVAILABLE', 'route', why));
  });
  try {
    await Promise.race([caught, late]);
  } finally {
    timer.cancel();
  }
}
