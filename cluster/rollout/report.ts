/**
 * What routers tell of a step: each its own counts since the step began, again and again. A report replaces the one
 * before it, so that a lost one costs nothing and whoever takes over the watch of a rollout has heard it all a moment
 * later.
 */
import { asServingError, invalid, type ServingError } from '../../proto/errors.ts';
import { ArmCounts, armFromJson, armToJson } from './arm-counts.ts';
import type { Rollout } from './rollout.ts';
import type { Arms } from './verdict.ts';

export type Report = Arms & {
  /** The router's process. */
  readonly node: string;
  readonly model: string;
  /** Rollout and step that the counts are of. */
  readonly id: string;
  readonly step: number;
};

const REPORT_BYTES_MAX = 256 * 1024;
const TEXT_CHARS_MAX = 256;
/** Routers heard of one step, and models, at a time. */
const ROUTERS_MAX = 1_024;
const MODELS_MAX = 4_096;

export function encodeReport({ node, model, id, step, baseline, candidate }: Report): Uint8Array {
  const json = { node, model, id, step, baseline: armToJson(baseline), candidate: armToJson(candidate) };
  return new TextEncoder().encode(JSON.stringify(json));
}

/** Throws INVALID_ARGUMENT for anything that `encodeReport` could not have written. */
export function decodeReport(bytes: Uint8Array): Report {
  if (bytes.byteLength > REPORT_BYTES_MAX) throw invalid(`a rollout report has ${bytes.byteLength} bytes`);
  let json: Report;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Report;
  } catch {
    throw invalid('a rollout report is not JSON');
  }
  const { node, model, id, step } = json;
  const short = (text: unknown) => typeof text === 'string' && text.length <= TEXT_CHARS_MAX;
  if (!short(node) || !short(model) || !short(id) || !Number.isInteger(step)) {
    throw invalid('a rollout report must name its router, model, rollout and step');
  }
  return { node, model, id, step, baseline: armFromJson(json.baseline), candidate: armFromJson(json.candidate) };
}

/** The latest report of each router on the step that goes on in each model. */
export class Reports {
  readonly #models = new Map<string, Map<string, Report>>();
  readonly #onProblem: (error: ServingError) => void;

  constructor(onProblem: (error: ServingError) => void) {
    this.#onProblem = onProblem;
  }

  /** Never throws: what cannot be read is told and dropped. */
  receive(bytes: Uint8Array): void {
    try {
      this.add(decodeReport(bytes));
    } catch (thrown) {
      this.#onProblem(asServingError(thrown, 'route'));
    }
  }

  add(report: Report): void {
    let routers = this.#models.get(report.model);
    if (routers === undefined) {
      if (this.#models.size >= MODELS_MAX) return;
      routers = new Map();
      this.#models.set(report.model, routers);
    }
    if (routers.has(report.node) || routers.size < ROUTERS_MAX) routers.set(report.node, report);
  }

  /** Everything that was counted in the rollout's current step. */
  sumOf(model: string, rollout: Rollout): Arms {
    const sum = { baseline: new ArmCounts(), candidate: new ArmCounts() };
    for (const report of this.#models.get(model)?.values() ?? []) {
      if (report.id !== rollout.id || report.step !== rollout.step) continue;
      sum.baseline.add(report.baseline);
      sum.candidate.add(report.candidate);
    }
    return sum;
  }

  forget(model: string): void {
    this.#models.delete(model);
  }
}
