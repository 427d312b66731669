/** Makes a training set: labels in, the same rows in the same order out, with the columns that were served at their moments. */
import { type ChosenView, featureColumns, keyFieldsOf, type Missing } from '../../actors/offline/feature-columns.ts';
import { HistoryStore } from '../../actors/offline/history-store.ts';
import { inOrderOfTime, type Labels } from '../../actors/offline/labels.ts';
import { columnInputsOf, modelColumns, modelKeyFields, requestInputsOf } from '../../actors/offline/model-columns.ts';
import { type AsOf, walkLog } from '../../actors/offline/point-in-time.ts';
import type { TrainingColumns } from '../../actors/offline/training-columns.ts';
import { type App, versionKey } from '../../cluster/catalog/app.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { invalid } from '../../proto/errors.ts';
import { datasetName } from './archive-layout.ts';
import type { ArchiveChoice } from './archive-reader.ts';
import type { LabelFile } from './label-file.ts';
import type { LogSource } from './log-source.ts';
import { fileColumn, ParquetOutput } from './parquet-output.ts';
import { type ReadLabels, readLabels } from './read-labels.ts';

/** What the columns are made of. */
export type Wanted =
  | { readonly kind: 'features'; readonly chosen: readonly ChosenView[]; readonly missing: Missing }
  | { readonly kind: 'model'; readonly plan: ServingPlan };

export type TrainingSetOptions = {
  readonly app: App;
  readonly source: LogSource;
  readonly file: LabelFile;
  readonly wanted: Wanted;
  readonly timeColumn: string;
  readonly asOf: AsOf;
  readonly outPath: string;
  readonly memoryBytesMax: number;
  readonly onProgress: (say: () => string) => void;
};

export type TrainingSetResult = {
  readonly labels: number;
  readonly columns: readonly string[];
  readonly messages: number;
  /** Reads of a view for a label, those that found nothing, and of these the ones whose rows were loaded later. */
  readonly reads: number;
  readonly missing: number;
  readonly loadedLater: number;
};

export async function makeTrainingSet(options: TrainingSetOptions): Promise<TrainingSetResult> {
  const { app, source, file, wanted, memoryBytesMax } = options;
  const inputs = wanted.kind === 'model' ? requestInputsOf(wanted.plan) : [];
  const keyFields = wanted.kind === 'model' ? modelKeyFields(wanted.plan) : keyFieldsOf(wanted.chosen);
  const read = await readLabels(file, { keyFields, timeColumn: options.timeColumn, inputs, bytesMax: memoryBytesMax });
  const replaced = new Set(wanted.kind === 'model' ? columnInputsOf(wanted.plan) : []);
  const store = new HistoryStore();
  const made = columnsFor(options, read, store);
  checkNames(file, made, replaced);
  const { labels } = read;
  const order = inOrderOfTime(labels);
  const stretch = { fromSeq: source.firstSeq, toSeq: source.lastSeq };
  const walked = await walkLog(
    app,
    counted(source.read(stretch, choiceOf(wanted, labels)), (seq) => {
      options.onProgress(() => `read up to ${seq} of ${source.lastSeq} in ${source.name}`);
    }),
    store,
    {
      count: labels.count,
      atMs: (i) => labels.atMs[order[i]!]!,
      reached: (i) => made.take(order[i]!),
    },
    options.asOf,
    { heldBytesMax: memoryBytesMax },
  );
  await writeOut(options, made, replaced, labels.count);
  return {
    labels: labels.count,
    columns: made.columns.map((column) => column.name),
    messages: walked.messages,
    reads: labels.count * made.readsPerLabel,
    missing: store.missedReads,
    loadedLater: store.loadedLater,
  };
}

function columnsFor(options: TrainingSetOptions, { labels, inputs }: ReadLabels, store: HistoryStore): TrainingColumns {
  const { app, wanted, source, memoryBytesMax: bytesMax } = options;
  const { partitions } = source;
  return wanted.kind === 'model'
    ? modelColumns({ plan: wanted.plan, app, labels, inputs, store, partitions, maxAgeMs: 0, bytesMax })
    : featureColumns({ chosen: wanted.chosen, missing: wanted.missing, labels, store, partitions, bytesMax });
}

/** Throws INVALID_ARGUMENT where a column of the labels has the name of one that is added. */
function checkNames(file: LabelFile, made: TrainingColumns, replaced: ReadonlySet<string>): void {
  const added = new Set(made.columns.map((column) => column.name));
  for (const { name } of file.columns()) {
    if (!replaced.has(name) && added.has(name))
      throw invalid(`--labels ${file.path}: its column '${name}' has the name of a column that is added; rename it`);
  }
}

/** What an archive need not read. */
export function choiceOf(wanted: Wanted, labels: Pick<Labels, 'keys'>): ArchiveChoice {
  const views =
    wanted.kind === 'model' ? wanted.plan.reads.map((read) => read.view) : wanted.chosen.map((one) => one.view);
  const keys = new Set<string>();
  for (const { distinct } of labels.keys.values())
    for (const key of distinct) keys.add(Buffer.from(key).toString('utf8'));
  return { datasets: datasetsOf(views), wants: (key) => keys.has(key) };
}

/** Data sets from which the rows of these views come. */
export function datasetsOf(views: readonly View[]): Set<string> {
  const names = new Set<string>();
  for (const view of views) {
    names.add(versionKey(view));
    if (view.aggregation !== null) names.add(datasetName(view.aggregation.stream));
  }
  return names;
}

async function* counted<T extends { readonly seq: number }>(
  log: AsyncIterable<T>,
  onMessage: (seq: number) => void,
): AsyncGenerator<T> {
  for await (const message of log) {
    onMessage(message.seq);
    yield message;
  }
}

async function writeOut(
  { file, outPath, onProgress }: TrainingSetOptions,
  made: TrainingColumns,
  replaced: ReadonlySet<string>,
  count: number,
): Promise<void> {
  const kept = file.columns().filter((column) => !replaced.has(column.name));
  const added = made.columns.map(({ name, type }) => fileColumn(name, type));
  const output = new ParquetOutput(outPath, [...kept, ...added]);
  try {
    let written = 0;
    for await (const slice of file.slices(kept.map((column) => column.name))) {
      const from = written;
      written += slice.rows;
      if (written > count) break;
      const values = kept.map((column) => slice.column(column.name));
      for (const column of made.columns) {
        values.push(Array.from({ length: slice.rows }, (_, i) => column.value(from + i)));
      }
      await output.write(values);
      onProgress(() => `wrote ${written} of ${count} rows`);
    }
    if (written !== count) throw invalid(`--labels ${file.path} changed while it was read; run the command again`);
    await output.finish();
  } catch (thrown) {
    await output.abandon();
    throw thrown;
  }
}
