import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rivalChoices } from '../../../../bench/batching/compare.ts';
import { cpuLike, gpuLike } from '../../../../bench/batching/cost-curves.ts';
import { MachineSpeed } from '../../../../bench/batching/machine-speed.ts';
import { oursChoice } from '../../../../bench/batching/policies/ours-adapter.ts';
import { NOTHING, type Piece, type Policy } from '../../../../bench/batching/policy.ts';
import { EXPIRED, IN_TIME, LATE, PENDING, REFUSED, simulate } from '../../../../bench/batching/simulate.ts';
import { makeTrace, type SimRequest, TRACE_NAMES, type Trace } from '../../../../bench/batching/traces.ts';
import { smallTraces } from './small-traces.ts';

/** One request a run, first come first served; `change` lets a test break the contract. */
function oneByOne(change: Partial<Policy> = {}): Policy {
  const queue: SimRequest[] = [];
  return {
    askAtMs: Infinity,
    arrive: (request) => queue.push(request) > 0,
    next: (_nowMs, free) => {
      const request = free ? queue.shift() : undefined;
      return request === undefined ? null : [{ request, rows: request.rows }];
    },
    finished: () => {},
    takeDropped: () => NOTHING,
    ...change,
  };
}

function trace(...requests: (readonly [arrivedMs: number, deadlineMs: number])[]): Trace {
  return {
    name: 'bursts',
    curves: [{ name: 'ten', batchRowsMax: 4, costMs: () => 10 }],
    requests: requests.map(([arrivedMs, deadlineMs], id) => ({ id, model: 0, rows: 1, arrivedMs, deadlineMs })),
    speed: new MachineSpeed([
      { startMs: 0, speed: 1 },
      { startMs: 100, speed: 0.5 },
    ]),
    objectiveMs: 20,
    measuredFromMs: 0,
  };
}

describe('simulation', () => {
  it('runs one batch at a time, and tells in time from late by the end of the batch', () => {
    const outcome = simulate(trace([0, 10], [1, 20], [2, 29.9]), oneByOne());
    expect([...outcome.ended]).toEqual([IN_TIME, IN_TIME, LATE]);
    expect([...outcome.endedMs]).toEqual([10, 20, 30]);
    expect([outcome.batches, outcome.rowsRun]).toEqual([3, 3]);
  });

  it('lets a run that meets a slow machine take longer', () => {
    expect([...simulate(trace([95, 200]), oneByOne()).endedMs]).toEqual([110]);
    expect([...simulate(trace([200, 300]), oneByOne()).endedMs]).toEqual([220]);
  });

  it('tells a refusal before the deadline from an error after it', () => {
    const waiting: SimRequest[] = [];
    const policy = oneByOne({
      arrive: (request) => request.id > 0 && waiting.push(request) > 0,
      next: () => null,
      askAtMs: Infinity,
      takeDropped: () => waiting.splice(0),
    });
    expect([...simulate(trace([0, 10], [5, 5]), policy).ended]).toEqual([REFUSED, EXPIRED]);
  });

  it('rejects policies that forget, repeat or mix requests, or ask again without end', () => {
    const two = trace([0, 50], [1, 50]);
    const batch = (request: SimRequest): readonly Piece[] => [{ request, rows: 1 }];
    expect(() => simulate(two, oneByOne({ next: () => null }))).toThrow(/never answered/);
    const again = oneByOne({ next: (_nowMs, free) => (free ? batch(two.requests[0]!) : null) });
    expect(() => simulate(two, again)).toThrow(/had ended/);
    const twoModels = { ...two, curves: [two.curves[0]!, two.curves[0]!] };
    const mixed = { ...two.requests[1]!, model: 1 };
    const mixes = oneByOne({ next: () => [...batch(two.requests[0]!), ...batch(mixed)] });
    expect(() => simulate(twoModels, mixes)).toThrow(/mixes models/);
    const large = oneByOne({ next: () => [{ request: two.requests[0]!, rows: 5 }] });
    expect(() => simulate(two, large)).toThrow(/5 rows, where the engine takes 4/);
    expect(() => simulate(two, oneByOne({ next: () => null, askAtMs: 3 }))).toThrow(/asks again/);
    expect(() => simulate(two, oneByOne({ takeDropped: () => [two.requests[0]!] }))).toThrow(/ended twice/);
  });

  it('ends each request exactly once under every policy, none sooner than its rows can run', () => {
    const choices = [oursChoice, ...rivalChoices(4)];
    for (const models of [1, 2]) {
      fc.assert(
        fc.property(smallTraces({ requestsMax: 40, batchRowsMax: 4, models }), (small) => {
          for (const choice of choices) {
            const { ended, endedMs } = simulate(small, choice.make(small));
            for (const request of small.requests) {
              const how = ended[request.id]!;
              const atMs = endedMs[request.id]!;
              expect(how).not.toBe(PENDING);
              expect(atMs).toBeGreaterThanOrEqual(request.arrivedMs);
              if (how !== IN_TIME && how !== LATE) continue;
              // A request may be split, so that its parts run beside others', but not run faster than alone.
              const leastMs = small.curves[request.model]!.costMs(1);
              expect(small.speed.workAt(atMs) - small.speed.workAt(request.arrivedMs)).toBeGreaterThan(leastMs - 1e-9);
              expect(how === IN_TIME).toBe(atMs <= request.deadlineMs);
            }
          }
        }),
        { numRuns: 40 },
      );
    }
  });

  it('plays the same seed the same way twice, and another seed otherwise', () => {
    const play = (seed: number) => {
      const drawn = makeTrace('bursts', gpuLike, 0.3, seed);
      return [...simulate(drawn, oursChoice.make(drawn)).endedMs];
    };
    expect(play(4)).toEqual(play(4));
    expect(play(4)).not.toEqual(play(5));
  });
});

describe('traces', () => {
  it('ask for what their names say, in order of arrival', () => {
    for (const name of TRACE_NAMES) {
      const { requests, curves, objectiveMs } = makeTrace(name, cpuLike, 2, 1);
      expect(requests.length).toBeGreaterThan(1000);
      const wrong = requests.filter(
        ({ id, model, rows, arrivedMs, deadlineMs }, i) =>
          id !== i ||
          arrivedMs < (requests[i - 1]?.arrivedMs ?? 0) ||
          deadlineMs - arrivedMs > objectiveMs + 1e-9 ||
          rows > curves[model]!.batchRowsMax,
      );
      expect(wrong).toEqual([]);
    }
    const load = (name: 'poisson-high' | 'heavy-rows') =>
      makeTrace(name, cpuLike, 20, 1).requests.reduce((sum, { rows }) => sum + rows, 0) /
      20_000 /
      (64 / (0.3 + 0.12 * 64));
    expect(load('poisson-high')).toBeCloseTo(0.9, 1);
    expect(load('heavy-rows')).toBeCloseTo(0.9, 1);
    expect(() => makeTrace('ramp', cpuLike, 0, 1)).toThrow(RangeError);
  });
});
