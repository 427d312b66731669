/**
 * Sees to it that every event of a rollout is told. Whoever writes an entry publishes its event right after; should that
 * process die in between, the others miss the event and publish it in its stead. Some are told twice so, none never:
 * listeners know them apart by rollout and `seq`.
 */
import type { Clock } from '../../../cluster/clock.ts';
import { eventOf } from '../../../cluster/rollout/decide.ts';
import type { RolloutEntry } from '../../../cluster/rollout/rollout.ts';
import type { RolloutEntries } from './rollout-entries.ts';

export type TellerOptions = {
  readonly entries: RolloutEntries;
  readonly clock: Clock;
  /** Publishes the latest event of an entry. */
  readonly publish: (model: string, entry: RolloutEntry) => void;
};

/** Looks for which an event may stay untold before others than its author tell it. */
const PATIENCE_LOOKS = 3;
/** What is older was told before this process began to listen, or interests nobody any more. */
const AGE_MS_MAX = 60_000;

export class EventTeller {
  readonly #options: TellerOptions;
  /** Of each model: the event last heard, and for how many looks the latest has not been. */
  readonly #models = new Map<string, { heard: string; missing: string; looks: number }>();

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  /** An event was published, by whomever. Models that have no entry are none of ours. */
  heard(model: string, rollout: string, seq: number): void {
    if (this.#options.entries.get(model) === undefined) return;
    this.#stateOf(model).heard = nameOf(rollout, seq);
  }

  /** To be called every so often: tells what should have been told by now. */
  look(): void {
    const { entries, clock, publish } = this.#options;
    for (const [model, { entry }] of entries.all()) {
      const event = eventOf(entry);
      if (event === null || clock.wallMs() - event.at_ms > AGE_MS_MAX) continue;
      const state = this.#stateOf(model);
      const name = nameOf(entry.rollout!.id, event.seq);
      if (state.heard === name) continue;
      if (state.missing !== name) Object.assign(state, { missing: name, looks: 0 });
      state.looks++;
      if (state.looks <= PATIENCE_LOOKS) continue;
      state.looks = 0;
      publish(model, entry);
    }
  }

  #stateOf(model: string): { heard: string; missing: string; looks: number } {
    let state = this.#models.get(model);
    if (state === undefined) {
      state = { heard: '', missing: '', looks: 0 };
      this.#models.set(model, state);
    }
    return state;
  }
}

function nameOf(rollout: string, seq: number): string {
  return `${rollout} ${seq}`;
}
