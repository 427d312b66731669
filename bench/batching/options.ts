/** The simulation's command line. */
import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';

export type SimulationOptions = {
  readonly help: boolean;
  readonly seed: number;
  /** Simulated length of each trace. */
  readonly seconds: number;
  readonly jsonFile: string | null;
};

const SECONDS_DEFAULT = 8;
const SECONDS_MAX = 600;

export const USAGE = `Compares the batcher with other systems' policies and with an offline bound, in simulated time.

  npm run -s sim:batching -- [--seed N] [--seconds N] [--json FILE]

  --seed N      draws other traces; the same seed gives the same report. Default 1
  --seconds N   simulated length of each trace, above 0 up to ${SECONDS_MAX}. Default ${SECONDS_DEFAULT}
  --json FILE   also writes one flat object of numbers
`;

/** Throws UsageError with what to change. */
export function parseOptions(args: readonly string[]): SimulationOptions {
  const values = parse(args);
  const seed = Number(values.seed ?? 1);
  if (!Number.isInteger(seed)) throw new UsageError(`--seed ${values.seed}: give a whole number`);
  const seconds = Number(values.seconds ?? SECONDS_DEFAULT);
  if (!(seconds > 0 && seconds <= SECONDS_MAX)) {
    throw new UsageError(`--seconds ${values.seconds}: give a number above 0, ${SECONDS_MAX} at most`);
  }
  return { help: values.help ?? false, seed, seconds, jsonFile: values.json ?? null };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        seed: { type: 'string' },
        seconds: { type: 'string' },
        json: { type: 'string' },
      },
    }).values;
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
}
