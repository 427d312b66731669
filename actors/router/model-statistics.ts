/**
 * What this gateway's predictions came to, by model and version, since it started: how many succeeded and failed, their
 * rows and runs, and the time that they spent in each stage. The figures of the protocol's statistics extension.
 */
import type { Clock } from '../../cluster/clock.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { Answer } from '../../proto/letters.ts';

/** How many there were, and the sum of their times. */
export type StatisticDuration = { readonly count: number; readonly ns: number };

/** Names are the protocol's own. */
export type ModelStatistics = {
  readonly name: string;
  readonly version: string;
  /** When the last one was answered, ms since 1970; 0 before the first. */
  readonly last_inference: number;
  /** Rows answered. */
  readonly inference_count: number;
  /**
   * Runs of the model. A run that this gateway shared with another counts by its share of the rows, so that the sum
   * over the gateways is right.
   */
  readonly execution_count: number;
  readonly inference_stats: {
    readonly success: StatisticDuration;
    /** Requests that were admitted or could have been; those whose caller went away are no failures. */
    readonly fail: StatisticDuration;
    /** Waiting at a worker. */
    readonly queue: StatisticDuration;
    /** Reading features and building the model's inputs. */
    readonly compute_input: StatisticDuration;
    readonly compute_infer: StatisticDuration;
    /** As many as were run, and no time: outputs are sent as the run leaves them. */
    readonly compute_output: StatisticDuration;
  };
};

class Sum {
  count = 0;
  us = 0;

  add(us: number): void {
    this.count++;
    this.us += us;
  }

  get duration(): StatisticDuration {
    return { count: this.count, ns: Math.round(this.us * 1_000) };
  }
}

class Tally {
  lastMs = 0;
  rows = 0;
  runs = 0;
  readonly success = new Sum();
  readonly fail = new Sum();
  readonly queue = new Sum();
  readonly input = new Sum();
  readonly run = new Sum();
}

/** Versions counted at a time, as many as can be registered; further ones are not. */
const VERSIONS_MAX = 4_096;

export class ModelTallies {
  readonly #clock: Clock;
  readonly #models = new Map<string, Map<string, Tally>>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A request for a registered model was answered: `code` is OK or an error code. */
  answered(model: string, version: string, code: 'OK' | ErrorCode | string, rows: number, seconds: number): void {
    const tally = this.#tally(model, version);
    if (tally === null) return;
    if (code === 'OK') {
      tally.success.add(seconds * 1e6);
      tally.rows += rows;
      tally.lastMs = this.#clock.wallMs();
    } else if (code !== 'CANCELLED') tally.fail.add(seconds * 1e6);
  }

  /** `rows` of a request came back from a worker. */
  stages(model: string, version: string, rows: number, answer: Answer): void {
    const tally = this.#tally(model, version);
    if (tally === null) return;
    tally.queue.add(answer.queueUs);
    tally.input.add(answer.shardUs);
    tally.run.add(answer.runUs);
    if (answer.batchRows > 0) tally.runs += Math.min(1, rows / answer.batchRows);
  }

  /** Zeros for what has not been asked yet. */
  of(model: string, version: string): ModelStatistics {
    const tally = this.#models.get(model)?.get(version) ?? new Tally();
    return {
      name: model,
      version,
      last_inference: Math.round(tally.lastMs),
      inference_count: tally.rows,
      execution_count: Math.round(tally.runs),
      inference_stats: {
        success: tally.success.duration,
        fail: tally.fail.duration,
        queue: tally.queue.duration,
        compute_input: tally.input.duration,
        compute_infer: tally.run.duration,
        compute_output: { count: tally.run.count, ns: 0 },
      },
    };
  }

  #tally(model: string, version: string): Tally | null {
    let versions = this.#models.get(model);
    if (versions === undefined) {
      if (this.#count >= VERSIONS_MAX) return null;
      versions = new Map();
      this.#models.set(model, versions);
    }
    let tally = versions.get(version);
    if (tally === undefined) {
      if (this.#count >= VERSIONS_MAX) return null;
      this.#count++;
      tally = new Tally();
      versions.set(version, tally);
    }
    return tally;
  }
}
