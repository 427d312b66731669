import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rivalChoices, runChoice } from '../../../../bench/batching/compare.ts';
import { cpuLike, gpuLike, peakRowsPerMs } from '../../../../bench/batching/cost-curves.ts';
import { MachineSpeed } from '../../../../bench/batching/machine-speed.ts';
import { flowBound, jobsOf, offlineBound, windowBound } from '../../../../bench/batching/offline-bound.ts';
import { oursChoice } from '../../../../bench/batching/policies/ours-adapter.ts';
import { startBound } from '../../../../bench/batching/start-bound.ts';
import type { Trace } from '../../../../bench/batching/traces.ts';
import { bestGoodput, smallTraces } from './small-traces.ts';

const STEADY = new MachineSpeed([{ startMs: 0, speed: 1 }]);

/** So many requests of one row at once, all with one deadline. */
function atOnce(count: number, slackMs: number, curve = gpuLike): Trace {
  const requests = Array.from({ length: count }, (_, id) => ({
    id,
    model: 0,
    rows: 1,
    arrivedMs: 5,
    deadlineMs: 5 + slackMs,
  }));
  return { name: 'bursts', curves: [curve], requests, speed: STEADY, objectiveMs: slackMs, measuredFromMs: 0 };
}

describe('offline bound', () => {
  it('is never below the best of all schedules, found by trying them all', () => {
    for (const models of [1, 2]) {
      fc.assert(
        fc.property(smallTraces({ requestsMax: 6, batchRowsMax: 3, models }), (trace) => {
          expect(offlineBound(trace)).toBeGreaterThanOrEqual(bestGoodput(trace) - 1e-9);
        }),
        { numRuns: 300 },
      );
    }
  });

  it('has three relaxations, each of which is never below the best of all schedules', () => {
    fc.assert(
      fc.property(smallTraces({ requestsMax: 6, batchRowsMax: 3, models: 1 }), (trace) => {
        const rows = trace.requests.reduce((sum, request) => sum + request.rows, 0);
        const best = bestGoodput(trace) * rows - 1e-9;
        const jobs = jobsOf(trace);
        expect(flowBound(jobs, trace.curves, [1])).toBeGreaterThanOrEqual(best);
        expect(windowBound(jobs, trace.curves[0]!)).toBeGreaterThanOrEqual(best);
        expect(startBound(jobs, trace.curves[0]!)).toBeGreaterThanOrEqual(best);
      }),
      { numRuns: 300 },
    );
  });

  it('equals the best of all schedules where requests of one row come at once with one deadline', () => {
    const traces = fc.tuple(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 3 }),
    );
    fc.assert(
      fc.property(traces, ([count, slackMs, batchRowsMax]) => {
        const curve = { name: 'small', batchRowsMax, costMs: (rows: number) => 3 + rows };
        const trace = atOnce(count, slackMs, curve);
        expect(offlineBound(trace)).toBeCloseTo(bestGoodput(trace), 9);
      }),
    );
  });

  it('counts whole batches: two and a half do not fit where two do', () => {
    // A full batch takes 7.4 ms, so 22.1 ms hold two and, in the 7.3 left, one of 62 rows.
    expect(offlineBound(atOnce(400, 22.1)) * 400).toBeCloseTo(64 + 64 + 62, 6);
    expect(offlineBound(atOnce(400, 4.9))).toBe(0);
  });

  it('lets each of a row of requests have its own batch where they are just far enough apart', () => {
    // Each has to start when it comes, and ends when the next comes; one at half the distance finds no room.
    const apart = Array.from({ length: 50 }, (_, i) => ({ rows: 1, model: 0, arrived: 5 * i, deadline: 5 * i + 5.1 }));
    const between = { rows: 1, model: 0, arrived: 22.5, deadline: 27.6 };
    const jobs = [...apart, between].sort((a, b) => a.arrived - b.arrived);
    expect(startBound(apart, gpuLike)).toBe(50);
    expect(startBound(jobs, gpuLike)).toBe(50);
    // Where starts may be anywhere in a long time this relaxation says nothing.
    expect(startBound([{ ...between, deadline: 100 }], gpuLike)).toBe(Infinity);
  });

  it('knows what a device that is never idle can do', () => {
    const jobs = Array.from({ length: 5000 }, (_, i) => ({
      rows: 1,
      model: 0,
      arrived: i / 100,
      deadline: i / 100 + 30,
    }));
    const rows = flowBound(jobs, [cpuLike], [1]);
    expect(rows).toBeCloseTo((50 + 30) * peakRowsPerMs(cpuLike), -1);
  });

  it('is never below what any policy gets', () => {
    const choices = [oursChoice, ...rivalChoices(4)];
    for (const models of [1, 2]) {
      fc.assert(
        fc.property(smallTraces({ requestsMax: 30, batchRowsMax: 4, models }), (trace) => {
          const bound = offlineBound(trace) + 1e-9;
          for (const choice of choices) expect(runChoice(trace, choice).figures.goodput).toBeLessThanOrEqual(bound);
        }),
        { numRuns: 40 },
      );
    }
  });
});
