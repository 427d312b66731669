/** The bench's command line. */
import { parseArgs } from 'node:util';

export const SECTIONS = ['session-run', 'lmdb-get', 'nats-round-trip', 'latency', 'throughput', 'open-loop'] as const;
export type SectionName = (typeof SECTIONS)[number];

export type BenchOptions = {
  readonly help: boolean;
  readonly jsonFile: string | null;
  readonly sections: ReadonlySet<SectionName>;
  /** Measured rounds; one more, unmeasured, warms up. */
  readonly rounds: number;
  readonly latencyMs: number;
  readonly throughputMs: number;
  readonly openLoopMs: number;
  readonly sessionRuns: number;
  readonly lmdbKeys: number;
  /** The bench gives up, and stops what it started, after this long. */
  readonly timeoutMs: number;
};

export class UsageError extends Error {}

const ROUNDS_MAX = 100;

export const USAGE = `Measures the bare limits of this machine, a peer, and the system, by turns in one run.

  npm run -s bench -- [--quick] [--json FILE] [--only SECTION] [--runs N]

  --quick         under a minute: 3 short rounds instead of 7 long ones
  --json FILE     also writes one flat object of numbers
  --only SECTION  one of ${SECTIONS.join(', ')}; may be repeated
  --runs N        measured rounds, 1 to ${ROUNDS_MAX}
`;

/** Throws UsageError with what to change. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  const quick = values.quick ?? false;
  return {
    help: values.help ?? false,
    jsonFile: values.json ?? null,
    sections: sectionsOf(values.only ?? []),
    rounds: values.runs === undefined ? (quick ? 3 : 7) : roundsOf(values.runs),
    latencyMs: quick ? 300 : 2000,
    throughputMs: quick ? 500 : 3000,
    openLoopMs: quick ? 1000 : 10_000,
    sessionRuns: quick ? 200 : 2000,
    lmdbKeys: quick ? 100_000 : 1_000_000,
    timeoutMs: (quick ? 3 : 20) * 60_000,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        only: { type: 'string', multiple: true },
        runs: { type: 'string' },
      },
    }).values;
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
}

function sectionsOf(names: readonly string[]): ReadonlySet<SectionName> {
  if (names.length === 0) return new Set(SECTIONS);
  for (const name of names) {
    if (!SECTIONS.includes(name as SectionName)) {
      throw new UsageError(`--only ${name}: there is no such section; choose from ${SECTIONS.join(', ')}`);
    }
  }
  return new Set(names as SectionName[]);
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new UsageError(`--runs ${text}: give a whole number from 1 to ${ROUNDS_MAX}`);
  }
  return rounds;
}
