/**
 * The rollouts that go on, as a router needs them: which version a request gets, and counts of what became of it. A
 * model without a rollout costs a request one comparison.
 */
import type { ServingPlan } from '../../../cluster/catalog/serving-plan.ts';
import type { Random } from '../../../cluster/random.ts';
import { below } from '../../../cluster/random.ts';
import {
  type Arm,
  armOf,
  BASIS_POINTS,
  bucketOf,
  bucketOfText,
  saltSeed,
} from '../../../cluster/rollout/assignment.ts';
import type { Report } from '../../../cluster/rollout/report.ts';
import { isActive, isMirrored, percentOf, type Rollout, type RolloutEntry } from '../../../cluster/rollout/rollout.ts';
import type { Predict } from '../../../proto/letters.ts';
import type { RoutingTable } from '../routing-table.ts';
import { ArmRecorder, type Assigned, type RolloutObserver } from './request-arm.ts';

export type RouterRolloutsOptions = {
  readonly routing: RoutingTable;
  readonly random: Random;
  /** This process, for reports. */
  readonly node: string;
  readonly observer: RolloutObserver;
  /** Copies under way at a time. */
  readonly copiesMax: number;
};

type Active = {
  readonly rollout: Rollout;
  readonly percent: number;
  readonly mirrored: boolean;
  readonly seed: number;
  readonly baselineKey: string;
  readonly candidateKey: string;
  readonly baseline: ArmRecorder;
  readonly candidate: ArmRecorder;
};

/** A worker with more than this queued has better things to do than copies, µs. */
const COPY_BACKLOG_US_MAX = 5_000;

export class RouterRollouts {
  readonly #options: RouterRolloutsOptions;
  readonly #active = new Map<string, Active>();
  /** Copies under way; the router counts them. */
  copies = 0;

  constructor(options: RouterRolloutsOptions) {
    this.#options = options;
  }

  /** Rollouts that go on. */
  get size(): number {
    return this.#active.size;
  }

  /** Takes a model's entry as it is now; null for one that is gone. */
  update(model: string, entry: RolloutEntry | null): void {
    this.#options.routing.setAliases(model, entry?.aliases ?? {});
    const rollout = entry?.rollout ?? null;
    if (!isActive(rollout)) {
      this.#active.delete(model);
      return;
    }
    const before = this.#active.get(model);
    // Its status changed, its traffic did not: the counts go on.
    const same = before !== undefined && before.rollout.id === rollout.id && before.rollout.step === rollout.step;
    const recorder = (arm: Arm) => {
      if (same) return before[arm];
      return new ArmRecorder(this.#options.observer.arm(model, rollout[arm], arm));
    };
    this.#active.set(model, {
      rollout,
      percent: percentOf(rollout),
      mirrored: isMirrored(rollout.kind),
      seed: saltSeed(rollout.salt),
      baselineKey: `${model}/${rollout.baseline}`,
      candidateKey: `${model}/${rollout.candidate}`,
      baseline: recorder('baseline'),
      candidate: recorder('candidate'),
    });
  }

  /** `busy`: this router has so much to do that copies would be in the way. Null where no rollout decides. */
  assign(message: Predict, busy: boolean): Assigned | null {
    const active = this.#active.get(message.model);
    if (active === undefined) return null;
    const { routing, random } = this.#options;
    const plan = routing.plan(active.baselineKey);
    const candidate = routing.plan(active.candidateKey);
    // As if there were no rollout: the champion is what the baseline is, where anybody serves it.
    if (plan === undefined) return null;
    const key = userOf(plan, message);
    let bucket: number;
    if (key !== null) bucket = bucketOf(active.seed, key);
    else if (message.requestId !== '') bucket = bucketOfText(active.seed, message.requestId);
    else bucket = below(random, BASIS_POINTS);
    const arm = armOf(bucket, active.percent);
    const served = candidate !== undefined && routing.workers(active.candidateKey).length > 0;
    if (active.mirrored) return this.#mirrored(active, plan, served ? candidate : undefined, key, arm, busy);
    if (arm === 'baseline') return { plan, arm: { recorder: active.baseline, key, shadow: false }, copy: null };
    // Nobody is failed for the sake of a rollout; that these are missing shows in the sizes of the arms.
    if (!served) return { plan, arm: null, copy: null };
    return { plan: candidate, arm: { recorder: active.candidate, key, shadow: false }, copy: null };
  }

  /** Both arms count the same requests, those of which copies are made. */
  #mirrored(
    active: Active,
    plan: ServingPlan,
    candidate: ServingPlan | undefined,
    key: Uint8Array | null,
    arm: Arm,
    busy: boolean,
  ): Assigned {
    if (arm === 'baseline') return { plan, arm: null, copy: null };
    const { observer, copiesMax } = this.#options;
    const model = plan.spec.manifest.name;
    if (candidate === undefined) observer.shed(model, 'not_served');
    else if (this.copies >= copiesMax) observer.shed(model, 'full');
    else if (busy || this.#isQueued(active.candidateKey)) observer.shed(model, 'busy');
    else {
      return {
        plan,
        arm: { recorder: active.baseline, key, shadow: false },
        copy: { plan: candidate, arm: { recorder: active.candidate, key, shadow: true } },
      };
    }
    return { plan, arm: null, copy: null };
  }

  #isQueued(modelKey: string): boolean {
    return this.#options.routing.workers(modelKey).every((worker) => worker.backlogUs > COPY_BACKLOG_US_MAX);
  }

  /** What was counted in each step that goes on; live counts, to be encoded at once. */
  reports(): Report[] {
    return Array.from(this.#active, ([model, { rollout, baseline, candidate }]) => ({
      node: this.#options.node,
      model,
      id: rollout.id,
      step: rollout.step,
      baseline: baseline.counts,
      candidate: candidate.counts,
    }));
  }

  /** Share of the users who get the candidate, or whose requests are copied to it, in percent. */
  percents(): [model: string, version: string, percent: number][] {
    return Array.from(this.#active, ([model, { rollout, percent }]) => [model, rollout.candidate, percent]);
  }
}

/** Key of the first row's entity; null for models without features, and for what will be refused anyway. */
function userOf(plan: ServingPlan, { inputs }: Predict): Uint8Array | null {
  if (plan.entityInput === null) return null;
  const data = inputs.find((tensor) => tensor.name === plan.entityInput)?.data;
  if (data === undefined || data.byteLength < 4) return null;
  const length = (data[0]! | (data[1]! << 8) | (data[2]! << 16) | (data[3]! << 24)) >>> 0;
  return 4 + length > data.byteLength ? null : data.subarray(4, 4 + length);
}
