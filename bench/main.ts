/** `npm run bench`: starts limits, peer and system, measures them by turns, prints a table, ends everything. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../cluster/clock.ts';
import type { BenchContext } from './context.ts';
import { featureSections } from './features/section.ts';
import { Figures } from './figures.ts';
import { startBenchNats } from './nats.ts';
import { type BenchOptions, parseOptions, USAGE, UsageError } from './options.ts';
import { startParts } from './parts.ts';
import { expectedScores } from './scores.ts';
import {
  type Bench,
  latencySection,
  lmdbSection,
  openLoopSection,
  roundTripSection,
  sessionRunSection,
  throughputSection,
} from './sections.ts';

const note = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const startMs = systemClock.nowMs();
  const figures = await measure(options);
  const seconds = (systemClock.nowMs() - startMs) / 1000;
  figures.add('cores', [cpus().length]);
  figures.add('bench_s', [seconds]);
  process.stdout.write(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}\n\n`);
  process.stdout.write(figures.toTable());
  if (options.jsonFile !== null) {
    const growth = figures.growthJson();
    const json = { ...figures.toJson(), ...(Object.keys(growth).length > 0 ? { growth } : {}) };
    await writeFile(options.jsonFile, `${JSON.stringify(json, null, 2)}\n`);
  }
  return 0;
}

/** Whatever happens, what was started is stopped, last first, before this settles. */
async function measure(options: BenchOptions): Promise<Figures> {
  const stops: (() => Promise<void>)[] = [];
  const figures = new Figures();
  let abort: (cause: Error) => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = reject;
  });
  // Also awaited in the race below; this one keeps an early rejection from counting as unhandled.
  aborted.catch(() => undefined);
  const interrupted = (): void => abort(new Error('interrupted'));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const timer = systemClock.after(options.timeoutMs, () => abort(new Error(`not done in ${options.timeoutMs} ms`)));
  try {
    await Promise.race([runSections(options, figures, (stop) => stops.push(stop), abort), aborted]);
  } finally {
    timer.cancel();
    for (const stop of stops.reverse())
      await stop().catch((thrown: unknown) => note(`while stopping: ${String(thrown)}`));
  }
  return figures;
}

async function runSections(
  options: BenchOptions,
  figures: Figures,
  stopLater: (stop: () => Promise<void>) => void,
  died: (cause: Error) => void,
): Promise<void> {
  const workDir = await mkdtemp(join(tmpdir(), 'dovetail-bench-'));
  stopLater(() => rm(workDir, { recursive: true, force: true }));
  const nats = await startBenchNats(systemClock, workDir);
  stopLater(() => nats.stop());
  const expected = await expectedScores();
  const context: BenchContext = { clock: systemClock, workDir, natsUrl: nats.url, expected, died };
  // First, and stopped before the rest starts: two clusters at once would share the cores.
  const featureStops: (() => Promise<void>)[] = [];
  const stopFeatures = async (): Promise<void> => {
    for (const stop of featureStops.splice(0).reverse()) await stop();
  };
  stopLater(stopFeatures);
  await featureSections({ context, options, figures, stopLater: (stop) => featureStops.push(stop), note });
  await stopFeatures();
  const parts = await startParts(context, options.sections, stopLater, note);
  const bench: Bench = { context, options, parts, figures };
  const { sections } = options;
  if (sections.has('latency')) await latencySection(bench);
  // The open loop offers a share of what the closed loop gave.
  if (sections.has('throughput') || sections.has('open-loop')) {
    const closed = await throughputSection(bench);
    if (sections.has('open-loop')) await openLoopSection(bench, closed);
  }
  if (sections.has('nats-round-trip')) await roundTripSection(bench);
  if (sections.has('session-run')) await sessionRunSection(bench);
  if (sections.has('lmdb-get')) await lmdbSection(bench);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (thrown: unknown) => {
    if (thrown instanceof UsageError) {
      note(`${thrown.message}\n\n${USAGE}`);
      process.exit(2);
    }
    note(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    process.exit(1);
  },
);
