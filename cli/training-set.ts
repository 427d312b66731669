/** `dovetail training-set`: labels joined with the features that were served at their moments. */
import { chooseFeatures, type Missing } from '../actors/offline/feature-columns.ts';
import type { AsOf } from '../actors/offline/point-in-time.ts';
import type { App } from '../cluster/catalog/app.ts';
import { loadApp } from '../cluster/catalog/load-app.ts';
import { systemClock } from '../cluster/clock.ts';
import { readConfig } from '../cluster/config.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { openLabels } from './offline/label-file.ts';
import { ARCHIVE_FLAG, LOG_SETTINGS, openLogSource } from './offline/log-source.ts';
import { modelPlan } from './offline/model-plan.ts';
import { progress } from './offline/progress.ts';
import { makeTrainingSet, type TrainingSetResult, type Wanted } from './offline/training-set.ts';
import { packageEntry } from './package-files.ts';

export const trainingSetCommand: Command = {
  name: 'training-set',
  summary: 'join labels with the features that were served at their moments',
  usage:
    'training-set --labels <file> (--features <view.feature,…> | --model <name>) --out <file.parquet> [--archive <dir>]',
  text: [
    'Labels are a Parquet, CSV or JSON lines file with a column for the entity’s key (named as the app names it, such as',
    'user_id; views of another entity, such as merchants, are joined by a column of theirs) and one for the moment',
    '(event_time). Each gives one row of the output, in the same order, with all of its columns; added are the features',
    'as columns view__feature, for each view view__status (present, expired or missing), and defaulted: the features that',
    'fell back, by comma. With --model: the columns of the model’s inputs in the model’s order, request inputs among them',
    'taken from the label columns of their names.',
    '',
    'Values come from replaying the log through the functions that serve. --as-of served (the default) counts what the',
    'log had taken by the moment, by its own clock: what the online store answered. --as-of event counts what had happened',
    'by then, by event_time: for history that was loaded into the log later than it happened.',
  ].join('\n'),
  examples: [
    'dovetail training-set --labels labels.parquet --features user_profile.avg_amount,merchant_profile --out train.parquet',
    'dovetail training-set --labels payments.csv --model fraud --as-of event --archive history --out train.parquet',
  ],
  settings: ['app', ...LOG_SETTINGS],
  flags: {
    labels: { type: 'string', help: 'file of labels: .parquet, .csv, .tsv or .jsonl' },
    features: { type: 'string', help: 'features by comma, view.feature each, or a view for all of its features' },
    model: { type: 'string', help: 'a model of the app, name or name/version, whose input columns are wanted' },
    out: { type: 'string', help: 'Parquet file to write' },
    'time-column': { type: 'string', help: 'column of the labels’ moments [default event_time]' },
    'as-of': { type: 'string', help: 'served or event [default served]' },
    missing: { type: 'string', help: 'what stands where there is no value: default or null [default default]' },
    'memory-mb': { type: 'string', help: 'memory for what is worked out, MiB [default 2048]' },
    ...ARCHIVE_FLAG,
  },
  positionals: [],
  run: runTrainingSet,
};

async function runTrainingSet(input: CommandInput): Promise<number> {
  const { labels: labelsPath, out: outPath } = input.flags;
  if (labelsPath === undefined) throw new UsageError('give --labels, the file of labels');
  if (outPath === undefined) throw new UsageError('give --out, the Parquet file to write');
  const asOf = oneOf<AsOf>(input, 'as-of', ['served', 'event']);
  const memoryBytesMax = 2 ** 20 * memoryMb(input.flags['memory-mb']);
  const config = readConfig(input.flags, input.env);
  const app = await loadApp(config.app, packageEntry());
  const wanted = await wantedOf(input, app, config.app);
  const file = await openLabels(labelsPath);
  const report = progress();
  const startMs = systemClock.nowMs();
  try {
    const source = await openLogSource(input);
    try {
      if (source.lost > 0)
        process.stderr.write(
          `${source.lost} messages of ${source.name} are gone; what they said counts as missing. An archive made before they were trimmed has them (--archive)\n`,
        );
      const result = await makeTrainingSet({
        app,
        source,
        file,
        wanted,
        timeColumn: input.flags['time-column'] ?? 'event_time',
        asOf,
        outPath,
        memoryBytesMax,
        onProgress: report,
      });
      report(null);
      warnOfLateLoads(result, asOf);
      const seconds = Math.round(systemClock.nowMs() - startMs) / 1_000;
      const { labels, columns, messages, reads, missing, loadedLater: loaded_later } = result;
      process.stdout.write(
        `${JSON.stringify({ out: outPath, labels, columns, messages, reads, missing, loaded_later, seconds }, null, 2)}\n`,
      );
      return EXIT.ok;
    } finally {
      await source.close();
    }
  } finally {
    await file.close();
  }
}

async function wantedOf(input: CommandInput, app: App, appDirectory: string): Promise<Wanted> {
  const { features, model } = input.flags;
  if ((features === undefined) === (model === undefined)) throw new UsageError('give either --features or --model');
  if (model !== undefined) {
    if (input.flags['missing'] !== undefined)
      throw new UsageError('--missing goes with --features: a model is fed the defaults where there is no value');
    return { kind: 'model', plan: await modelPlan(appDirectory, app, model) };
  }
  const references = features!.split(',').map((name) => name.trim());
  return {
    kind: 'features',
    chosen: chooseFeatures(
      app,
      references.filter((name) => name !== ''),
    ),
    missing: oneOf<Missing>(input, 'missing', ['default', 'null']),
  };
}

/** Half of all reads: then what was asked for is hardly what was meant. */
function warnOfLateLoads({ reads, loadedLater }: TrainingSetResult, asOf: AsOf): void {
  if (asOf !== 'served' || loadedLater * 2 <= reads) return;
  process.stderr.write(
    `${loadedLater} of ${reads} reads found nothing because the rows were loaded into the log after the label's moment. If that history was loaded later than it happened, use --as-of event\n`,
  );
}

/** The first of the values is the default. */
function oneOf<T extends string>(input: CommandInput, flag: string, values: readonly T[]): T {
  const given = input.flags[flag] ?? values[0]!;
  const found = values.find((value) => value === given);
  if (found === undefined)
    throw new UsageError(`--${flag} must be ${values.join(' or ')}, got "${given.slice(0, 40)}"`);
  return found;
}

function memoryMb(text: string | undefined): number {
  const value = Number(text ?? 2_048);
  if (!(Number.isInteger(value) && value >= 16 && value <= 1_048_576))
    throw new UsageError(`--memory-mb must be a whole number from 16, got "${text}"`);
  return value;
}
