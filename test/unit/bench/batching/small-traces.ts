/** Small random traces for the tests of the simulation, and the best that any schedule can make of them. */
import fc from 'fast-check';
import type { CostCurve } from '../../../../bench/batching/cost-curves.ts';
import { MachineSpeed } from '../../../../bench/batching/machine-speed.ts';
import { rowWeights } from '../../../../bench/batching/offline-bound.ts';
import type { SimRequest, Trace } from '../../../../bench/batching/traces.ts';

export type SmallTraceOptions = {
  readonly requestsMax: number;
  readonly batchRowsMax: number;
  readonly models: number;
};

/** Deadlines from hopeless to easy, on a machine that may be slow for a while. */
export function smallTraces(options: SmallTraceOptions): fc.Arbitrary<Trace> {
  const { requestsMax, batchRowsMax, models } = options;
  const request = fc.record({
    gapMs: fc.integer({ min: 0, max: 12 }).map((quarters) => quarters / 4),
    slackMs: fc.integer({ min: 1, max: 60 }).map((quarters) => quarters / 4),
    rows: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: batchRowsMax })),
    model: fc.integer({ min: 0, max: models - 1 }),
  });
  return fc
    .record({
      requests: fc.array(request, { minLength: 1, maxLength: requestsMax }),
      fixedMs: fc.integer({ min: 1, max: 16 }).map((quarters) => quarters / 4),
      rowMs: fc.constantFrom(0, 0.125, 1),
      slow: fc.constantFrom(1, 0.5),
    })
    .map(({ requests, fixedMs, rowMs, slow }) => {
      const curves: CostCurve[] = Array.from({ length: models }, (_, model) => ({
        name: 'small',
        batchRowsMax,
        costMs: (rows) => (model + 1) * (fixedMs + rowMs * rows),
      }));
      let arrivedMs = 0;
      const drawn: SimRequest[] = requests.map(({ gapMs, slackMs, rows, model }, id) => {
        arrivedMs += gapMs;
        return { id, model, rows, arrivedMs, deadlineMs: arrivedMs + slackMs };
      });
      const segments = [
        { startMs: 0, speed: 1 },
        { startMs: 4, speed: slow },
        { startMs: 9, speed: 1 },
      ];
      return {
        name: 'bursts',
        curves,
        requests: drawn,
        speed: new MachineSpeed(segments),
        objectiveMs: 15,
        measuredFromMs: 0,
      };
    });
}

/** The most goodput of all schedules, by trying every batch after every other: exponential in the requests. */
export function bestGoodput(trace: Trace): number {
  const weights = rowWeights(trace);
  const { requests, curves, speed } = trace;
  const tried = new Map<string, number>();
  const best = (left: number, freeMs: number): number => {
    const key = `${left} ${freeMs}`;
    const known = tried.get(key);
    if (known !== undefined) return known;
    let most = 0;
    for (let batch = left; batch > 0; batch = (batch - 1) & left) {
      const chosen = requests.filter(({ id }) => (batch >> id) & 1);
      const { model } = chosen[0]!;
      const rows = chosen.reduce((sum, request) => sum + request.rows, 0);
      if (rows > curves[model]!.batchRowsMax || chosen.some((request) => request.model !== model)) continue;
      const startMs = Math.max(freeMs, ...chosen.map(({ arrivedMs }) => arrivedMs));
      const endMs = speed.endMs(startMs, curves[model]!.costMs(rows));
      if (chosen.some(({ deadlineMs }) => endMs > deadlineMs)) continue;
      most = Math.max(most, rows * weights[model]! + best(left & ~batch, endMs));
    }
    tried.set(key, most);
    return most;
  };
  return best((1 << requests.length) - 1, 0);
}
