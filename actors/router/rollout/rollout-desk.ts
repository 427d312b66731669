/** Carries out what people ask of rollouts, by compare-and-set on the entry: the last word is the store's. */
import type { Clock } from '../../../cluster/clock.ts';
import type { KeyValue } from '../../../cluster/key-value.ts';
import { randomHex } from '../../../cluster/random.ts';
import {
  abortedByHand,
  parseStart,
  pinned,
  promotedByHand,
  started,
  type Versions,
} from '../../../cluster/rollout/commands.ts';
import { verdictOf } from '../../../cluster/rollout/decide.ts';
import type { Reports } from '../../../cluster/rollout/report.ts';
import { decodeEntry, encodeEntry, NO_ENTRY, percentOf, type RolloutEntry } from '../../../cluster/rollout/rollout.ts';
import { ServingError } from '../../../proto/errors.ts';
import type { RolloutEntries } from './rollout-entries.ts';
import type { RolloutPort, RolloutView } from './rollout-port.ts';

export type DeskOptions = {
  readonly entries: RolloutEntries;
  readonly keyValue: KeyValue;
  readonly reports: Reports;
  readonly versions: Versions;
  readonly clock: Clock;
  readonly publish: (model: string, entry: RolloutEntry) => void;
};

/** Each of these lost against another's write. */
const TRIES = 5;
const BY_HAND = 'by command';

export class RolloutDesk implements RolloutPort {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  start(model: string, body: Readonly<Record<string, unknown>>): Promise<RolloutView> {
    const { versions, clock } = this.#options;
    const request = parseStart(body);
    const drawn = { id: randomHex(6), salt: randomHex(8) };
    return this.#change(model, (entry) => started(entry, model, request, versions, drawn, clock.wallMs()));
  }

  promote(model: string): Promise<RolloutView> {
    const { versions, clock } = this.#options;
    return this.#change(model, (entry) => promotedByHand(entry, model, versions, BY_HAND, clock.wallMs()));
  }

  abort(model: string): Promise<RolloutView> {
    return this.#change(model, (entry) => abortedByHand(entry, model, BY_HAND, this.#options.clock.wallMs()));
  }

  pin(model: string, version: string): Promise<RolloutView> {
    return this.#change(model, (entry) => pinned(entry, model, version, this.#options.versions));
  }

  show(model: string): RolloutView {
    const { entries, versions } = this.#options;
    const known = entries.get(model)?.entry;
    if (known === undefined && versions.known(model).length === 0) throw versions.missing(model, undefined);
    return this.#view(model, known ?? NO_ENTRY);
  }

  async #change(model: string, act: (entry: RolloutEntry) => RolloutEntry): Promise<RolloutView> {
    const { keyValue, entries, versions, publish } = this.#options;
    if (versions.known(model).length === 0) throw versions.missing(model, undefined);
    for (let i = 0; i < TRIES; i++) {
      const stored = await keyValue.get(model);
      const before = stored === null ? NO_ENTRY : this.#read(model, stored.value);
      const after = act(before);
      if (after === before) return this.#view(model, after);
      const bytes = encodeEntry(after);
      const revision =
        stored === null ? await keyValue.create(model, bytes) : await keyValue.update(model, bytes, stored.revision);
      if (revision === null) continue;
      entries.heard(model, bytes, revision);
      if (after.rollout !== before.rollout) publish(model, after);
      return this.#view(model, after);
    }
    throw new ServingError('UNAVAILABLE', 'route', `the rollout of '${model}' is being changed by others; try again`);
  }

  /** Of an entry that somebody damaged, what it was before: a command puts it right. */
  #read(model: string, stored: Uint8Array): RolloutEntry {
    try {
      return decodeEntry(stored);
    } catch {
      return this.#options.entries.get(model)?.entry ?? NO_ENTRY;
    }
  }

  #view(model: string, { aliases, rollout }: RolloutEntry): RolloutView {
    if (rollout === null) return { model, aliases, rollout: null, verdict: null };
    const verdict = verdictOf(rollout, this.#options.reports.sumOf(model, rollout));
    return {
      model,
      aliases,
      rollout: { ...rollout, percent: percentOf(rollout) },
      verdict: verdict && { outcome: verdict.outcome, reason: verdict.reason, checks: verdict.checks },
    };
  }
}
