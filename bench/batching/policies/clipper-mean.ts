/**
 * The rule that Clipper ships, after `ModelContainer::get_batch_size` and `update_throughput` in
 * `src/libclipper/src/containers.cpp` of ucbrise/clipper (commit 049ddf067757, read 2026-11): as many requests as the
 * mean throughput of the last batches (requests a millisecond, over a ring of 100) handles until the earliest deadline,
 * at least one.
 *
 * It has no parameters but the latency objective, which the application sets: here each request's own deadline, which
 * is kinder than Clipper's one figure. What we call best also lets the objective be set lower than the deadline, so
 * that a batch has a margin. It is warmed up with a batch of each size as ours is: begun cold under load, it stays at
 * batches of one.
 */
import { warmUpSizes } from '../../../actors/model-worker/served-model.ts';
import type { CostCurve } from '../cost-curves.ts';
import { inTurn, type Piece, type PolicyChoice } from '../policy.ts';
import { ClipperQueue } from './clipper-queue.ts';

const THROUGHPUT_BUFFER_CAPACITY = 100;

export class ClipperMeanPolicy extends ClipperQueue {
  readonly #objectiveShare: number;
  readonly #throughputs: number[] = [];
  #oldest = 0;
  #sum = 0;

  /** `objectiveShare`: of the time left until the deadline, what the rule is told. */
  constructor(curve: CostCurve, objectiveShare: number) {
    super(curve.batchRowsMax);
    this.#objectiveShare = objectiveShare;
    for (const rows of warmUpSizes(curve.batchRowsMax)) this.#learn(rows / curve.costMs(rows));
  }

  override batchSize(earliestDeadlineMs: number, nowMs: number): number {
    const mean = this.#throughputs.length === 0 ? 0 : this.#sum / this.#throughputs.length;
    return Math.max(1, Math.floor(mean * this.#objectiveShare * (earliestDeadlineMs - nowMs)));
  }

  override finished(batch: readonly Piece[], _nowMs: number, serviceMs: number): void {
    this.#learn(batch.length / serviceMs);
  }

  #learn(throughput: number): void {
    if (this.#throughputs.length < THROUGHPUT_BUFFER_CAPACITY) {
      this.#throughputs.push(throughput);
    } else {
      this.#sum -= this.#throughputs[this.#oldest]!;
      this.#throughputs[this.#oldest] = throughput;
      this.#oldest = (this.#oldest + 1) % THROUGHPUT_BUFFER_CAPACITY;
    }
    this.#sum += throughput;
  }
}

export function clipperMeanChoices(): PolicyChoice[] {
  return [1, 0.85, 0.7, 0.5].map((share) => ({
    system: 'Clipper mean',
    parameters: `objective ${share} of the time left`,
    isDefault: share === 1,
    answersAtDeadline: false,
    make: (trace) => inTurn(trace, (model) => new ClipperMeanPolicy(trace.curves[model]!, share)),
  }));
}
