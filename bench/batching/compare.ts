/** Runs every system on every trace: each rival with its defaults and with the best parameters of a search. */
import { type CostCurve, cpuLike, gpuLike } from './cost-curves.ts';
import { type Figures, figuresOf } from './measure.ts';
import { offlineBound } from './offline-bound.ts';
import { bentomlChoices } from './policies/bentoml.ts';
import { clipperAimdChoices } from './policies/clipper-aimd.ts';
import { clipperMeanChoices } from './policies/clipper-mean.ts';
import { oursChoice } from './policies/ours-adapter.ts';
import { rayChoices } from './policies/ray.ts';
import { tfServingChoices } from './policies/tf-serving.ts';
import { tritonChoices } from './policies/triton.ts';
import type { PolicyChoice } from './policy.ts';
import { simulate } from './simulate.ts';
import { makeTrace, TRACE_NAMES, type Trace, type TraceName } from './traces.ts';

export const CURVES: readonly CostCurve[] = [cpuLike, gpuLike];

export type Ran = { readonly parameters: string; readonly figures: Figures };

export type RivalResult = {
  readonly system: string;
  readonly withDefaults: Ran;
  /** Of all its parameters tried, on this very trace, the most goodput: nobody could have chosen better beforehand. */
  readonly best: Ran;
};

export type Comparison = {
  readonly trace: TraceName;
  readonly curve: string;
  readonly requests: number;
  readonly bound: number;
  readonly ours: Ran;
  readonly rivals: readonly RivalResult[];
};

/** Share of the best rival's goodput that ours may be below it, and of the bound's. */
export const BELOW_RIVAL_MAX = 0.01;
export const BELOW_BOUND_MAX = 0.05;

export function rivalChoices(batchRowsMax: number): PolicyChoice[] {
  return [
    ...tritonChoices(batchRowsMax),
    ...tfServingChoices(batchRowsMax),
    ...clipperAimdChoices(batchRowsMax),
    ...clipperMeanChoices(),
    ...bentomlChoices(batchRowsMax),
    ...rayChoices(batchRowsMax),
  ];
}

export function runChoice(trace: Trace, choice: PolicyChoice): Ran {
  const outcome = simulate(trace, choice.make(trace));
  return { parameters: choice.parameters, figures: figuresOf(trace, outcome, choice.answersAtDeadline) };
}

export function compareOn(name: TraceName, curve: CostCurve, seconds: number, seed: number): Comparison {
  const trace = makeTrace(name, curve, seconds, seed);
  const bySystem = new Map<string, { withDefaults: Ran; best: Ran }>();
  for (const choice of rivalChoices(curve.batchRowsMax)) {
    const ran = runChoice(trace, choice);
    const had = bySystem.get(choice.system);
    if (had === undefined) bySystem.set(choice.system, { withDefaults: ran, best: ran });
    else {
      if (choice.isDefault) had.withDefaults = ran;
      if (ran.figures.goodput > had.best.figures.goodput) had.best = ran;
    }
  }
  return {
    trace: name,
    curve: curve.name,
    requests: trace.requests.length,
    bound: offlineBound(trace),
    ours: runChoice(trace, oursChoice),
    rivals: [...bySystem].map(([system, ran]) => ({ system, ...ran })),
  };
}

/** All traces on all curves, one after another, so that a caller can print as they come. */
export function* compareAll(seconds: number, seed: number): Generator<Comparison> {
  for (const curve of CURVES) for (const name of TRACE_NAMES) yield compareOn(name, curve, seconds, seed);
}

export function bestRival(comparison: Comparison): RivalResult {
  return comparison.rivals.reduce((best, rival) =>
    rival.best.figures.goodput > best.best.figures.goodput ? rival : best,
  );
}

export function keepsUpWithRivals(comparison: Comparison): boolean {
  const best = bestRival(comparison).best.figures.goodput;
  return comparison.ours.figures.goodput >= best * (1 - BELOW_RIVAL_MAX);
}

export function keepsUpWithBound(comparison: Comparison): boolean {
  return comparison.ours.figures.goodput >= comparison.bound * (1 - BELOW_BOUND_MAX);
}
