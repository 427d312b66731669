/** What a request of a model with a rollout carries through the router: whose counts it goes into. */
import type { ServingPlan } from '../../../cluster/catalog/serving-plan.ts';
import { ArmCounts } from '../../../cluster/rollout/arm-counts.ts';
import type { Arm } from '../../../cluster/rollout/assignment.ts';
import type { Tensor } from '../../../proto/tensor.ts';
import { scoreOf } from './score-of.ts';

/** Where one arm's figures are shown; made once an arm. */
export type ArmObserver = { answered(code: string, seconds: number): void };

export type RolloutObserver = {
  arm(model: string, version: string, arm: Arm): ArmObserver;
  /** A copy for the candidate was not made. */
  shed(model: string, reason: 'busy' | 'full' | 'not_served'): void;
};

/** Failure code of an answer whose score is infinite or no number. */
export const NOT_FINITE = 'NOT_FINITE';

/** One arm in one step. */
export class ArmRecorder {
  readonly counts = new ArmCounts();
  readonly #observer: ArmObserver;

  constructor(observer: ArmObserver) {
    this.#observer = observer;
  }

  succeeded(seconds: number, key: Uint8Array | null, outputs: readonly Tensor[], nowMs: number): void {
    const score = scoreOf(outputs);
    const finite = score === null || Number.isFinite(score);
    this.#answered(finite ? 'OK' : NOT_FINITE, seconds, key, nowMs);
    if (score !== null && finite) this.counts.scored(score, key);
  }

  failed(code: string, seconds: number, key: Uint8Array | null): void {
    this.#answered(code, seconds, key, 0);
  }

  #answered(code: string, seconds: number, key: Uint8Array | null, nowMs: number): void {
    this.counts.answered(code, seconds * 1e6, key, nowMs);
    this.#observer.answered(code, seconds);
  }
}

export type RequestArm = {
  readonly recorder: ArmRecorder;
  /** The first row's user; null where the model has none. */
  readonly key: Uint8Array | null;
  /** A copy: measured, and answered to nobody. */
  readonly shadow: boolean;
};

/** What the rollout says of one request. */
export type Assigned = {
  readonly plan: ServingPlan;
  /** Null where this request says nothing about either version. */
  readonly arm: RequestArm | null;
  /** The candidate that gets a copy. */
  readonly copy: { readonly plan: ServingPlan; readonly arm: RequestArm } | null;
};
