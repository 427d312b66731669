/**
 * What is asked of the simulated device: requests with arrival, rows and deadline, drawn from a seed. Loads are given
 * as shares of what the device can do at its best batch size, so a trace means the same on every cost curve.
 */
import { type Random, seededRandom } from '../../cluster/random.ts';
import { type CostCurve, peakRowsPerMs, scaled } from './cost-curves.ts';
import { type MachineSpeed, noisySpeed } from './machine-speed.ts';

export type SimRequest = {
  /** Its place in the trace, from 0 in order of arrival. */
  readonly id: number;
  /** Index of its model in the trace's `curves`. */
  readonly model: number;
  readonly rows: number;
  readonly arrivedMs: number;
  readonly deadlineMs: number;
};

export type Trace = {
  readonly name: TraceName;
  /** One a model; all run on one device. */
  readonly curves: readonly CostCurve[];
  readonly requests: readonly SimRequest[];
  readonly speed: MachineSpeed;
  /** The longest that a caller waits, ms; deadlines are this or somewhat less after arrival. */
  readonly objectiveMs: number;
  /** Requests that arrive before are served but not counted: learned state is given time to form. */
  readonly measuredFromMs: number;
};

export const TRACE_NAMES = [
  'poisson-low',
  'poisson-high',
  'overload',
  'bursts',
  'ramp',
  'heavy-rows',
  'two-models',
  'shift',
  'tight',
] as const;
export type TraceName = (typeof TRACE_NAMES)[number];

export const TRACE_MEANING: Record<TraceName, string> = {
  'poisson-low': 'Poisson arrivals at 30 % of capacity',
  'poisson-high': 'Poisson arrivals at 90 % of capacity',
  overload: 'Poisson arrivals at 160 % of capacity',
  bursts: 'two-state Markov-modulated Poisson: 40 % for 120 ms, 250 % for 40 ms on average',
  ramp: 'Poisson arrivals that grow from nothing to 200 % of capacity',
  'heavy-rows': 'rows a request from a bounded Pareto (1.2) up to a full batch; 90 % of capacity in rows',
  'two-models': 'one model floods the device with 120 % of capacity, another of double cost asks for 25 %',
  shift: '65 % of capacity; in the middle third the machine has half its speed',
  tight: '35 % of capacity; deadlines 1.5 to 2.2 times the cost of half a batch',
};

const OBJECTIVE_MS = 25;
/** Where two models share the device a request waits for the other's batch too. */
const SHARED_OBJECTIVE_MS = 50;
/** What hops before the device have used of the time: deadlines are this share of the objective, up to all of it. */
const SLACK_SHARE_MIN = 0.7;
/** Of the trace's length. */
const UNMEASURED_SHARE = 0.1;

type Shape = {
  /** Share of capacity asked for at an instant, and the most it ever is. */
  readonly loadAt: (ms: number) => number;
  readonly loadMax: number;
  readonly rows: (random: Random) => number;
  readonly rowsMean: number;
  readonly slackMs: (random: Random) => number;
};

/** The same name, curve, length and seed give the same trace. Throws RangeError for a length that is not above 0. */
export function makeTrace(name: TraceName, curve: CostCurve, seconds: number, seed: number): Trace {
  if (!(seconds > 0 && seconds <= 3600)) throw new RangeError(`seconds must be above 0, 3600 at most, got ${seconds}`);
  const durationMs = seconds * 1000;
  const random = seededRandom(seed);
  const third = durationMs / 3;
  const slow = (ms: number): boolean => name === 'shift' && ms >= third && ms < 2 * third;
  const speed = noisySpeed({
    durationMs: durationMs + 1000,
    random: seededRandom(seed ^ 0x5bd1e995),
    baseAt: (ms) => (slow(ms) ? 0.5 : 1),
  });
  const curves = name === 'two-models' ? [curve, scaled(curve, 2)] : [curve];
  const shapes = shapesOf(name, curve, durationMs, random);
  const arrivals: Omit<SimRequest, 'id'>[] = [];
  shapes.forEach((shape, model) => {
    for (const arrival of arrivalsOf(shape, curves[model]!, model, durationMs, random)) arrivals.push(arrival);
  });
  arrivals.sort((a, b) => a.arrivedMs - b.arrivedMs);
  const tightMs = tightObjectiveMs(curve);
  return {
    name,
    curves,
    requests: arrivals.map((arrival, id) => ({ id, ...arrival })),
    speed,
    objectiveMs: name === 'tight' ? tightMs : name === 'two-models' ? SHARED_OBJECTIVE_MS : OBJECTIVE_MS,
    measuredFromMs: durationMs * UNMEASURED_SHARE,
  };
}

function shapesOf(name: TraceName, curve: CostCurve, durationMs: number, random: Random): Shape[] {
  const objectiveMs = name === 'two-models' ? SHARED_OBJECTIVE_MS : OBJECTIVE_MS;
  const plain = {
    rows: () => 1,
    rowsMean: 1,
    slackMs: (chance: Random) => objectiveMs * (SLACK_SHARE_MIN + (1 - SLACK_SHARE_MIN) * chance.next()),
  };
  const steady = (load: number): Shape => ({ ...plain, loadAt: () => load, loadMax: load });
  switch (name) {
    case 'poisson-low':
      return [steady(0.3)];
    case 'poisson-high':
      return [steady(0.9)];
    case 'overload':
      return [steady(1.6)];
    case 'bursts':
      return [{ ...plain, loadAt: burstLoad(durationMs, random), loadMax: 2.5 }];
    case 'ramp':
      return [{ ...plain, loadAt: (ms) => (2 * ms) / durationMs, loadMax: 2 }];
    case 'heavy-rows': {
      const pareto = boundedPareto(1.2, curve.batchRowsMax);
      return [{ ...steady(0.9), rows: pareto.draw, rowsMean: pareto.mean }];
    }
    case 'two-models':
      return [steady(1.2), steady(0.25)];
    case 'shift':
      return [steady(0.65)];
    case 'tight': {
      const longest = tightObjectiveMs(curve);
      const slackMs = (chance: Random): number => longest * (0.68 + 0.32 * chance.next());
      return [{ ...steady(0.35), slackMs }];
    }
  }
}

function tightObjectiveMs(curve: CostCurve): number {
  return 2.2 * curve.costMs(Math.ceil(curve.batchRowsMax / 2));
}

/** A Poisson process of changing rate, by thinning one of the highest rate. */
function arrivalsOf(
  shape: Shape,
  curve: CostCurve,
  model: number,
  durationMs: number,
  random: Random,
): Omit<SimRequest, 'id'>[] {
  const perMsMax = (shape.loadMax * peakRowsPerMs(curve)) / shape.rowsMean;
  const arrivals: Omit<SimRequest, 'id'>[] = [];
  let arrivedMs = 0;
  for (;;) {
    arrivedMs += -Math.log(1 - random.next()) / perMsMax;
    if (arrivedMs >= durationMs) return arrivals;
    if (random.next() * shape.loadMax > shape.loadAt(arrivedMs)) continue;
    arrivals.push({ model, rows: shape.rows(random), arrivedMs, deadlineMs: arrivedMs + shape.slackMs(random) });
  }
}

/** Two states that last exponential times. */
function burstLoad(durationMs: number, random: Random): (ms: number) => number {
  const changesMs: number[] = [];
  let ms = 0;
  while (ms < durationMs) {
    ms += -Math.log(1 - random.next()) * (changesMs.length % 2 === 0 ? 120 : 40);
    changesMs.push(ms);
  }
  let at = 0;
  return (nowMs) => {
    while (at < changesMs.length && changesMs[at]! <= nowMs) at++;
    return at % 2 === 0 ? 0.4 : 2.5;
  };
}

/** Whole numbers from 1 to `most` that fall off as a power of themselves; drawn by inverting the table of sums. */
function boundedPareto(alpha: number, most: number): { draw: (random: Random) => number; mean: number } {
  const sums: number[] = [];
  let sum = 0;
  let weighted = 0;
  for (let rows = 1; rows <= most; rows++) {
    const weight = rows ** -alpha - (rows + 1) ** -alpha;
    sum += weight;
    weighted += weight * rows;
    sums.push(sum);
  }
  const draw = (random: Random): number => {
    const point = random.next() * sum;
    return sums.findIndex((upTo) => point < upTo) + 1;
  };
  return { draw, mean: weighted / sum };
}
