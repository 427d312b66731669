/**
 * The rule of the Clipper paper (Crankshaw et al., NSDI 2017, §4.3.1): the most requests a batch may have grows by a
 * fixed amount until a batch takes longer than the latency objective, then falls by a tenth. It grows only after a
 * batch that was full, since others say nothing of larger ones. The paper gives no amount; one request is the default
 * here. Batches wait for nothing (the paper's "delayed batching" is off by default).
 *
 * What we call best searches the amount and how much of the objective a batch may take: with the whole of it a batch
 * is in time only if nothing in it has waited.
 */
import { inTurn, type Piece, type PolicyChoice } from '../policy.ts';
import { ClipperQueue } from './clipper-queue.ts';

const BACK_OFF = 0.9;

export type AimdParameters = {
  readonly rowsMax: number;
  /** A batch that takes longer is too large, ms. */
  readonly batchMsMax: number;
  /** Requests. */
  readonly increase: number;
};

export class ClipperAimdPolicy extends ClipperQueue {
  readonly #parameters: AimdParameters;
  #size = 1;
  #asked = 1;

  constructor(parameters: AimdParameters) {
    super(parameters.rowsMax);
    this.#parameters = parameters;
  }

  override batchSize(): number {
    this.#asked = Math.floor(this.#size);
    return this.#asked;
  }

  override finished(batch: readonly Piece[], _nowMs: number, serviceMs: number): void {
    const { batchMsMax, increase, rowsMax } = this.#parameters;
    if (serviceMs > batchMsMax) this.#size = Math.max(1, this.#size * BACK_OFF);
    else if (batch.length >= this.#asked) this.#size = Math.min(rowsMax, this.#size + increase);
  }
}

export function clipperAimdChoices(batchRowsMax: number): PolicyChoice[] {
  const choice = (objectiveShare: number, increase: number): PolicyChoice => ({
    system: 'Clipper AIMD',
    parameters: `batch at most ${objectiveShare} of the objective, +${increase}`,
    isDefault: objectiveShare === 1 && increase === 1,
    answersAtDeadline: false,
    make: (trace) =>
      inTurn(
        trace,
        () =>
          new ClipperAimdPolicy({ rowsMax: batchRowsMax, batchMsMax: objectiveShare * trace.objectiveMs, increase }),
      ),
  });
  return [1, 0.5, 0.35].flatMap((share) => [choice(share, 1), choice(share, 4)]);
}
