/** What the edges can do to the versions of a model. Every method rejects with ServingError only. */
import type { Aliases, Rollout } from '../../../cluster/rollout/rollout.ts';
import type { Check } from '../../../cluster/rollout/verdict.ts';

export type RolloutView = {
  readonly model: string;
  readonly aliases: Aliases;
  /** The one that goes on, or went last; null where there was none. */
  readonly rollout: (Rollout & { readonly percent: number }) | null;
  /** How its step looks now, by what this gateway has heard; null where none goes on. */
  readonly verdict: {
    readonly outcome: 'pass' | 'fail' | 'undecided';
    readonly reason: string;
    readonly checks: readonly Check[];
  } | null;
};

export interface RolloutPort {
  /** Starts one from the body of a request: see `parseStart`. */
  start(model: string, body: Readonly<Record<string, unknown>>): Promise<RolloutView>;
  /** Throws NOT_FOUND for an unknown model. */
  show(model: string): RolloutView;
  /** Ends the one that goes on: everybody gets the candidate, or the baseline. */
  promote(model: string): Promise<RolloutView>;
  abort(model: string): Promise<RolloutView>;
  /** Makes a version the champion at once: by number, by alias, or `newest` to follow the newest again. */
  pin(model: string, version: string): Promise<RolloutView>;
}
