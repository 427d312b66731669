/** How long `up` waits for its cluster: as long as it comes on. Decides purely, from what the cluster says of itself. */

/** What is read of /v1/cluster; null while no gateway answers. */
export type Progress = {
  readonly members: readonly {
    readonly name: string;
    readonly state: string;
    readonly ready: boolean;
    readonly models: readonly string[];
  }[];
  readonly models_with_problems: readonly {
    readonly model: string;
    readonly version: string;
    readonly problem: string;
  }[];
} | null;

/** Without anything new for so long, a start has failed. */
export const SILENT_MS_MAX = 120_000;
/** The same whatever is new. */
export const START_MS_MAX = 900_000;
export const SAY_MS = 10_000;
const TEXT_CHARS_MAX = 300;

export type Verdict = { readonly giveUp: string | null; readonly say: string | null };

export class StartProgress {
  readonly #expected: readonly string[];
  readonly #startMs: number;
  /** What has been seen: a process that dies and comes again and again brings nothing new. */
  readonly #seen = new Set<string>();
  #newMs: number;
  #saidMs: number;

  /** `expected`: the names of the members that are to be ready. */
  constructor(expected: readonly string[], nowMs: number) {
    this.#expected = expected;
    this.#startMs = nowMs;
    this.#newMs = nowMs;
    this.#saidMs = nowMs;
  }

  /** After a look at the cluster, which is not ready yet. */
  look(progress: Progress, nowMs: number): Verdict {
    for (const fact of factsOf(progress)) {
      if (this.#seen.has(fact)) continue;
      this.#seen.add(fact);
      this.#newMs = nowMs;
    }
    const tookMs = nowMs - this.#startMs;
    const silentMs = nowMs - this.#newMs;
    if (silentMs >= SILENT_MS_MAX || tookMs >= START_MS_MAX) {
      const why = tookMs >= START_MS_MAX ? '' : `, nor any progress for ${seconds(silentMs)}`;
      return {
        giveUp: `not ready within ${seconds(tookMs)}${why}; waiting for: ${this.#missing(progress)}`,
        say: null,
      };
    }
    if (nowMs - this.#saidMs < SAY_MS) return { giveUp: null, say: null };
    this.#saidMs = nowMs;
    return { giveUp: null, say: `not ready after ${seconds(tookMs)}; waiting for: ${this.#missing(progress)}` };
  }

  #missing(progress: Progress): string {
    if (progress === null) return 'the gateway';
    const waiting: string[] = [];
    for (const name of this.#expected) {
      const member = progress.members.find((one) => one.name === name && one.state !== 'dead');
      if (member === undefined) waiting.push(`${name} (not heard of yet)`);
      else if (!member.ready)
        waiting.push(name + (member.models.length > 0 ? ` (serves ${member.models.join(', ')})` : ''));
    }
    for (const { model, version, problem } of progress.models_with_problems) {
      waiting.push(`${model}/${version}: ${problem}`);
    }
    const text = waiting.join('; ') || 'the gateway';
    return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text;
  }
}

function* factsOf(progress: Progress): Iterable<string> {
  if (progress === null) return;
  for (const { name, ready, models } of progress.members) {
    yield `${name} is here`;
    if (ready) yield `${name} is ready`;
    for (const model of models) yield `${name} serves ${model}`;
  }
  for (const { model, version, problem } of progress.models_with_problems) yield `${model}/${version}: ${problem}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
