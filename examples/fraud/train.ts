/**
 * Trains the fraud model and writes what serves it:
 *
 *     npx jiti examples/fraud/train.ts [--seed 1] [--users 2000] [--days 70] [--out examples/fraud]
 *
 * The stream is cut by time: days to warm the profiles up, a window to train on, one to stop by, then the 7 days that
 * the last labels take to arrive, then the window that is judged. The same options give the same files.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../cluster/random.ts';
import { auc } from '../support/auc.ts';
import { evaluateColumns } from '../support/columns.ts';
import { jsonText } from '../support/json-text.ts';
import { scoreRows, type Trained, trainMlp } from '../support/mlp-trainer.ts';
import { forward, mlp } from '../support/onnx-writer.ts';
import { goldenRecentRows, goldenRows } from './golden.ts';
import { graphColumns, MANIFEST, MODEL_WIDTH, type Sources } from './model-columns.ts';
import { DAY_MS, type FraudKind } from './payment.ts';
import { CHARGEBACK_DELAY_MS } from './profile.ts';
import { paymentStream, STREAM_DEFAULTS } from './stream.ts';
import { labelledRows, type TrainingRow, trainingRows } from './training-rows.ts';

const START_MS = Date.UTC(2025, 0, 6);
const HIDDEN = [32, 16];
const EPOCHS_MAX = 24;
const PATIENCE = 6;
const FRAUD_KINDS: readonly FraudKind[] = ['takeover', 'card_testing', 'stolen_card'];

const VARIANTS: Readonly<Record<string, Sources>> = {
  request_only: { profiles: false, windows: false },
  request_and_profiles: { profiles: true, windows: false },
  request_and_windows: { profiles: false, windows: true },
  request_profiles_and_windows: { profiles: true, windows: true },
};
const SERVED = 'request_profiles_and_windows';

type Windows = { readonly train: TrainingRow[]; readonly validation: TrainingRow[]; readonly test: TrainingRow[] };

function main(): void {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      users: { type: 'string', default: String(STREAM_DEFAULTS.users) },
      days: { type: 'string', default: '70' },
      out: { type: 'string', default: fileURLToPath(new URL('.', import.meta.url)) },
    },
  });
  const seed = whole('seed', values.seed, 0);
  const users = whole('users', values.users, 50);
  const days = whole('days', values.days, 30);

  const bounds = windowBounds(days);
  const { windows, stream } = cutWindows(seed, users, days, bounds);
  console.log(`${stream.payments} payments, ${stream.frauds} of them fraud; training on ${windows.train.length}`);

  const variants: Record<string, object> = {};
  let served: Trained | undefined;
  for (const [name, sources] of Object.entries(VARIANTS)) {
    const columns = graphColumns(sources);
    const test = labelledRows(windows.test, columns);
    const trained = trainMlp({
      train: labelledRows(windows.train, columns),
      validation: labelledRows(windows.validation, columns),
      hidden: HIDDEN,
      random: seededRandom(seed),
      epochsMax: EPOCHS_MAX,
      patience: PATIENCE,
    });
    const scores = scoreRows(trained, test);
    variants[name] = { columns: columns.width, epochs: trained.epochs, ...judge(scores, windows.test) };
    console.log(`${name}: AUC ${auc(scores, test.labels).toFixed(4)} on the later window`);
    if (name === SERVED) served = trained;
  }

  const columns = graphColumns(VARIANTS[SERVED]!);
  const { layers, normalise } = served!;
  const onnx = mlp({
    inputName: 'features',
    outputName: 'score',
    layers,
    normalise,
    transform: { inputWidth: MODEL_WIDTH, columns },
    description: 'Probability that a payment is fraud; examples/fraud/train.ts',
  });
  const score = (input: Float32Array): number => {
    const standard = evaluateColumns(columns, input).map(
      (value, i) => (value - normalise.mean[i]!) / normalise.std[i]!,
    );
    return forward(layers, standard)[0]!;
  };

  const modelDirectory = join(values.out, 'models', 'fraud');
  mkdirSync(join(modelDirectory, '1'), { recursive: true });
  writeFileSync(join(modelDirectory, '1', 'model.onnx'), onnx);
  writeFileSync(join(modelDirectory, 'model.json'), jsonText(MANIFEST));
  writeFileSync(
    join(values.out, 'training-report.json'),
    jsonText({
      stream: { seed, users, merchants: STREAM_DEFAULTS.merchants, days, ...stream },
      windows_days: bounds,
      rows: Object.fromEntries(Object.entries(windows).map(([name, rows]) => [name, count(rows)])),
      model: { hidden: HIDDEN, bytes: onnx.byteLength, sha256: createHash('sha256').update(onnx).digest('hex') },
      served: SERVED,
      variants,
    }),
  );

  const golden = {
    tolerance: 1e-5,
    rows: goldenRows(windows.test, score),
    recent: goldenRecentRows(windows.test, score),
  };
  writeFileSync(join(values.out, 'golden.json'), jsonText(golden));
  console.log(`wrote ${modelDirectory}, training-report.json and golden.json`);
}

type Bounds = Readonly<Record<keyof Windows, readonly [from: number, to: number]>>;

/** Days from the stream's start, the end not included. The test starts when the validation labels are all known. */
function windowBounds(days: number): Bounds {
  const warm = Math.round(days / 7);
  const testFrom = days - Math.round((days * 3) / 14);
  const validationTo = testFrom - CHARGEBACK_DELAY_MS / DAY_MS;
  const trainTo = validationTo - Math.round(days * 0.11);
  return { train: [warm, trainTo], validation: [trainTo, validationTo], test: [testFrom, days] };
}

function cutWindows(seed: number, users: number, days: number, bounds: Bounds) {
  const windows: Windows = { train: [], validation: [], test: [] };
  const stream = { payments: 0, frauds: 0 };
  for (const row of trainingRows(paymentStream({ seed, users, startMs: START_MS, days }))) {
    stream.payments += 1;
    if (row.payment.is_fraud) stream.frauds += 1;
    const day = (row.payment.ts_ms - START_MS) / DAY_MS;
    for (const name of ['train', 'validation', 'test'] as const) {
      if (day >= bounds[name][0] && day < bounds[name][1]) windows[name].push(row);
    }
  }
  return { windows, stream };
}

function count(rows: readonly TrainingRow[]): { payments: number; frauds: number } {
  return { payments: rows.length, frauds: rows.filter((row) => row.payment.is_fraud).length };
}

/** How well the scores order and predict the rows; AUC of one kind of fraud is against all honest payments. */
function judge(scores: Float64Array, rows: readonly TrainingRow[]) {
  const all = Array.from(scores, (score, index) => ({ score, payment: rows[index]!.payment }));
  const aucOf = (some: typeof all): number =>
    rounded(
      auc(
        some.map((one) => one.score),
        some.map((one) => one.payment.is_fraud),
      ),
      4,
    );
  const byKind = FRAUD_KINDS.map((kind) => {
    const some = all.filter(({ payment }) => !payment.is_fraud || payment.fraud_kind === kind);
    return [kind, aucOf(some)] as const;
  });
  const worst = [...all].sort((a, b) => b.score - a.score).slice(0, Math.round(all.length / 100));
  const frauds = all.filter((one) => one.payment.is_fraud).length;
  return {
    auc: aucOf(all),
    auc_by_kind: Object.fromEntries(byKind),
    recall_at_1_percent: rounded(worst.filter((one) => one.payment.is_fraud).length / frauds, 4),
    mean_score: rounded(scores.reduce((sum, score) => sum + score, 0) / scores.length, 5),
    fraud_share: rounded(frauds / all.length, 5),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    console.error(`--${option} ${text}: give a whole number of at least ${least}`);
    process.exit(2);
  }
  return value;
}

main();
