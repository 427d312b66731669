/** The bench's command line. */
import { parseArgs } from 'node:util';

export const SERVING_SECTIONS = [
  'session-run',
  'lmdb-get',
  'nats-round-trip',
  'latency',
  'throughput',
  'open-loop',
] as const;
export const FEATURE_SECTIONS = [
  'feature-lookup',
  'feature-reads',
  'feature-visible',
  'feature-bulk',
  'feature-bootstrap',
  'feature-growth',
  'feature-feast',
] as const;
export const SECTIONS = [...SERVING_SECTIONS, ...FEATURE_SECTIONS] as const;
export type FeatureSection = (typeof FEATURE_SECTIONS)[number];
export type SectionName = (typeof SECTIONS)[number];

/** Names for several sections at once. */
const GROUPS: Readonly<Record<string, readonly SectionName[]>> = {
  serving: SERVING_SECTIONS,
  features: FEATURE_SECTIONS,
};
/** Too long for a short run, unless it is asked for by name: it starts another system and fills it. */
const NOT_QUICK: readonly SectionName[] = ['feature-feast'];

/** How far the sizes of `feature-growth` and `feature-bootstrap` go. */
export type GrowthReach = 'short' | 'usual' | 'full';

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
  /** One round of lookups, of each kind of read over HTTP, of pushing at a steady rate, of pushing as fast as it goes. */
  readonly lookupMs: number;
  readonly readsMs: number;
  readonly visibleMs: number;
  readonly bulkMs: number;
  readonly growth: GrowthReach;
  /** The bench gives up, and stops what it started, after this long. */
  readonly timeoutMs: number;
};

export class UsageError extends Error {}

const ROUNDS_MAX = 100;

export const USAGE = `Measures the bare limits of this machine, a peer, and the system, by turns in one run.

  npm run -s bench -- [--quick | --full] [--json FILE] [--only SECTION] [--runs N]

  --quick         under two minutes: 3 short rounds instead of 7 long ones
  --full          growth up to 10 million rows and 4096 partitions followed; needs 4 GB of disk
  --json FILE     also writes one flat object of numbers, and the tables of growth under 'growth'
  --only SECTION  one of ${SECTIONS.join(', ')},
                  or serving or features for all of a kind; may be repeated
  --runs N        measured rounds, 1 to ${ROUNDS_MAX}
`;

/** Throws UsageError with what to change. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  const quick = values.quick ?? false;
  const full = values.full ?? false;
  if (quick && full) throw new UsageError('--quick and --full exclude each other; choose one');
  return {
    help: values.help ?? false,
    jsonFile: values.json ?? null,
    sections: sectionsOf(values.only ?? [], quick),
    rounds: values.runs === undefined ? (quick ? 3 : 7) : roundsOf(values.runs),
    latencyMs: quick ? 300 : 2000,
    throughputMs: quick ? 500 : 3000,
    openLoopMs: quick ? 1000 : 10_000,
    sessionRuns: quick ? 200 : 2000,
    lmdbKeys: quick ? 100_000 : 1_000_000,
    lookupMs: quick ? 400 : 3000,
    readsMs: quick ? 700 : 6000,
    visibleMs: quick ? 1500 : 6000,
    bulkMs: quick ? 700 : 4000,
    growth: full ? 'full' : quick ? 'short' : 'usual',
    timeoutMs: (quick ? 4 : full ? 60 : 30) * 60_000,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean' },
        full: { type: 'boolean' },
        json: { type: 'string' },
        only: { type: 'string', multiple: true },
        runs: { type: 'string' },
      },
    }).values;
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
}

function sectionsOf(names: readonly string[], quick: boolean): ReadonlySet<SectionName> {
  if (names.length === 0) return new Set(SECTIONS.filter((name) => !quick || !NOT_QUICK.includes(name)));
  return new Set(
    names.flatMap((name): readonly SectionName[] => {
      const group = Object.hasOwn(GROUPS, name) ? GROUPS[name]! : null;
      if (group !== null) return group.filter((one) => !quick || !NOT_QUICK.includes(one));
      if (SECTIONS.includes(name as SectionName)) return [name as SectionName];
      throw new UsageError(
        `--only ${name}: there is no such section; choose from ${SECTIONS.join(', ')}, serving, features`,
      );
    }),
  );
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new UsageError(`--runs ${text}: give a whole number from 1 to ${ROUNDS_MAX}`);
  }
  return rounds;
}
