/**
 * Ours: the batchers of production (`actors/model-worker/batcher.ts`), one a model, with service times learned at
 * warm-up as a worker learns them, and whose turn it is on the device by `device-turns.ts`. Nothing is decided here.
 *
 * A caller whose batch is still running at its deadline is answered then, by the router, which keeps every request's
 * deadline. So what ends too late is wasted work and counts as a miss, but no caller gets an answer late.
 */
import { Batcher, type Queued } from '../../../actors/model-worker/batcher.ts';
import { DeviceTurns } from '../../../actors/model-worker/device-turns.ts';
import { SERVICE_TIME_OPTIONS, WARM_UP_RUNS, warmUpSizes } from '../../../actors/model-worker/served-model.ts';
import { ServiceTimeModel } from '../../../actors/model-worker/service-time.ts';
import type { CostCurve } from '../cost-curves.ts';
import type { MachineSpeed } from '../machine-speed.ts';
import { NOTHING, type Piece, type Policy, type PolicyChoice } from '../policy.ts';
import type { SimRequest, Trace } from '../traces.ts';

/** Both as in a worker's configuration. */
const QUEUE_MAX = 4096;

type Model = { readonly batcher: Batcher<SimRequest> };

class OursPolicy implements Policy {
  readonly #models: readonly Model[];
  readonly #turns = new DeviceTurns<Model>();
  #running: Model | null = null;
  #rows = 0;
  #dropped: SimRequest[] = [];
  askAtMs = Infinity;

  constructor(trace: Trace) {
    this.#models = trace.curves.map((curve) => {
      const { batchRowsMax } = curve;
      const options = { batchRowsMax, queueRowsMax: QUEUE_MAX, queueItemsMax: QUEUE_MAX, concurrency: 1 } as const;
      return { batcher: new Batcher(options, warmedUp(curve, trace.speed)) };
    });
  }

  arrive(request: SimRequest, nowMs: number): boolean {
    const { rows, deadlineMs } = request;
    const queued = { item: request, rows, arrivedMs: nowMs, deadlineMs, shapeKey: '' };
    return this.#models[request.model]!.batcher.enqueue(queued) === 'queued';
  }

  next(nowMs: number): readonly Piece[] | null {
    for (const { batcher } of this.#models) this.#drop(batcher.expired(nowMs));
    while (this.#running === null) {
      const model = this.#turns.next(this.#models, nowMs);
      if (model === undefined) break;
      const decision = model.batcher.decide(nowMs);
      this.#drop(decision.late);
      if (decision.kind !== 'dispatch') continue;
      this.#running = model;
      this.#rows = decision.rows;
      this.#askAtNextDeadline();
      return decision.items.map(({ item, rows }) => ({ request: item, rows }));
    }
    this.#askAtNextDeadline();
    return null;
  }

  finished(_batch: readonly Piece[], nowMs: number, serviceMs: number): void {
    this.#running!.batcher.completed(nowMs, this.#rows, serviceMs);
    this.#turns.ran(this.#running!, serviceMs);
    this.#running = null;
  }

  takeDropped(): readonly SimRequest[] {
    if (this.#dropped.length === 0) return NOTHING;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  #askAtNextDeadline(): void {
    this.askAtMs = Math.min(...this.#models.map(({ batcher }) => batcher.earliestDeadlineMs));
  }

  #drop(late: readonly Queued<SimRequest>[]): void {
    for (const { item } of late) this.#dropped.push(item);
  }
}

/** As `served-model.ts` does, on the machine as it is at the start of the trace. */
function warmedUp(curve: CostCurve, speed: MachineSpeed): ServiceTimeModel {
  const model = new ServiceTimeModel(SERVICE_TIME_OPTIONS);
  let nowMs = 0;
  for (let run = 0; run < WARM_UP_RUNS; run++) {
    for (const rows of warmUpSizes(curve.batchRowsMax)) {
      const endMs = speed.endMs(nowMs, curve.costMs(rows));
      model.observe(rows, endMs - nowMs);
      nowMs = endMs;
    }
  }
  return model;
}

export const oursChoice: PolicyChoice = {
  system: 'Dovetail',
  parameters: 'none',
  isDefault: true,
  answersAtDeadline: true,
  make: (trace) => new OursPolicy(trace),
};
