/**
 * What to do when a behaviour throws: resume (bad message, state intact), restart with back-off (state suspect),
 * stop, or escalate to the process (restarting does not help). Pure: time is passed in.
 */
import { ServingError } from '../../proto/errors.ts';

export type Directive =
  | { readonly kind: 'resume' }
  | { readonly kind: 'restart'; readonly delayMs: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'escalate' };

export type SupervisionOptions = {
  /** Restarts allowed inside the window before the failure is escalated. */
  readonly restartsMax: number;
  readonly windowMs: number;
  /** Delay of the first restart; doubles with each further one inside the window. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
};

export const SUPERVISION_DEFAULTS: SupervisionOptions = {
  restartsMax: 5,
  windowMs: 30_000,
  backoffMs: 10,
  backoffMsMax: 2_000,
};

export class Supervisor {
  readonly #options: SupervisionOptions;
  #restartsAtMs: number[] = [];

  constructor(options: SupervisionOptions = SUPERVISION_DEFAULTS) {
    this.#options = options;
  }

  /** A ServingError is a verdict on one message: resume. Anything else is a broken invariant: restart. */
  decide(thrown: unknown, nowMs: number): Directive {
    if (thrown instanceof ServingError) return { kind: 'resume' };
    const { restartsMax, windowMs, backoffMs, backoffMsMax } = this.#options;
    this.#restartsAtMs = this.#restartsAtMs.filter((atMs) => nowMs - atMs < windowMs);
    if (this.#restartsAtMs.length >= restartsMax) return { kind: 'escalate' };
    const delayMs = Math.min(backoffMs * 2 ** this.#restartsAtMs.length, backoffMsMax);
    this.#restartsAtMs.push(nowMs);
    return { kind: 'restart', delayMs };
  }
}
