/** `dovetail replay`: recomputes from the log what a replica served, bit for bit. */
import { parseTimeMs } from '../actors/feature-ingest/rfc3339.ts';
import { type App, findView, viewNames } from '../cluster/catalog/app.ts';
import { loadApp } from '../cluster/catalog/load-app.ts';
import { systemClock } from '../cluster/clock.ts';
import { readConfig } from '../cluster/config.ts';
import { notFound } from '../proto/errors.ts';
import { checkEntityKey } from '../proto/names.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { ARCHIVE_FLAG, LOG_SETTINGS, type LogSource, openLogSource } from './offline/log-source.ts';
import { modelPlan } from './offline/model-plan.ts';
import { type ReplicaPoint, recomputeInputs, recomputeRow } from './offline/recompute.ts';
import { packageEntry } from './package-files.ts';

export const replayCommand: Command = {
  name: 'replay',
  summary: 'recompute from the log the features that were served',
  usage:
    'replay (--view <view> | --model <name>) --key <key> --seq <n> [--everywhere-seq <n>] [--at <time>] [--archive <dir>]',
  text: [
    'An answer names the sequence of the log that its replica had applied, and the time as of which it read. Given these,',
    'replay applies the same messages by the same functions and prints the row (--view) or the model’s input columns',
    '(--model) that were served. bytes holds the row as it is stored, in hex. Request inputs and keys of other entities',
    'go in --input, by comma: merchant_id=m7,amount=129.9.',
  ].join('\n'),
  examples: [
    'dovetail replay --view user_profile --key u42 --seq 1207',
    'dovetail replay --model fraud --key u42 --seq 1207 --everywhere-seq 1190 --at 2026-02-28T13:45:00.250Z --input merchant_id=m7,amount=129.9,hour=23',
  ],
  settings: ['app', ...LOG_SETTINGS],
  flags: {
    view: { type: 'string', help: 'view whose row is wanted' },
    model: { type: 'string', help: 'model whose inputs are wanted, name or name/version' },
    key: { type: 'string', help: 'key of the entity' },
    seq: { type: 'string', help: 'applied_seq of the answer' },
    'everywhere-seq': {
      type: 'string',
      help: 'everywhere_seq of the answer, for models that read views placed everywhere',
    },
    at: { type: 'string', help: 'as_of_ms of the answer: RFC 3339 or ms since 1970 [default: now]' },
    'max-age-ms': { type: 'string', help: 'max_age_ms of the request, where it named one' },
    input: { type: 'string', help: 'request inputs of the model, name=value by comma' },
    ...ARCHIVE_FLAG,
  },
  positionals: [],
  run: runReplay,
};

async function runReplay(input: CommandInput): Promise<number> {
  const { view, model } = input.flags;
  if ((view === undefined) === (model === undefined)) throw new UsageError('give either --view or --model');
  const text = input.flags['key'];
  if (text === undefined) throw new UsageError('give --key, the key of the entity');
  const key = new Uint8Array(Buffer.from(text, 'utf8'));
  checkEntityKey('--key', key);
  const seq = wholeFlag(input, 'seq');
  if (seq === null) throw new UsageError('give --seq, the applied_seq of the answer');
  const point = {
    seq,
    everywhereSeq: wholeFlag(input, 'everywhere-seq'),
    atMs: timeFlag(input),
    maxAgeMs: wholeFlag(input, 'max-age-ms') ?? 0,
  };
  const config = readConfig(input.flags, input.env);
  const app = await loadApp(config.app, packageEntry());
  const source = await openLogSource(input);
  try {
    const answer =
      view === undefined
        ? await replayModel(input, app, config.app, source, model!, key, point)
        : await replayView(app, source, view, key, point);
    const { everywhereSeq: everywhere_seq, atMs: as_of_ms } = point;
    const all = { key: text, seq, ...(everywhere_seq === null ? {} : { everywhere_seq }), as_of_ms, ...answer };
    process.stdout.write(`${JSON.stringify(all, plain, 2)}\n`);
    return EXIT.ok;
  } finally {
    await source.close();
  }
}

async function replayView(app: App, source: LogSource, name: string, key: Uint8Array, point: ReplicaPoint) {
  const view = findView(app, name);
  if (view === undefined) throw notFound(`no view '${name}'; this app defines ${viewNames(app)}`);
  const row = await recomputeRow(app, source, view, key, point);
  return {
    view: view.name,
    status: row.status,
    values: row.values,
    event_time_ms: row.eventMs,
    age_ms: row.ageMs,
    row_seq: row.rowSeq,
    bytes: Buffer.from(row.bytes).toString('hex'),
  };
}

async function replayModel(
  input: CommandInput,
  app: App,
  appDirectory: string,
  source: LogSource,
  reference: string,
  key: Uint8Array,
  point: ReplicaPoint,
) {
  const plan = await modelPlan(appDirectory, app, reference);
  const { columns, defaulted } = await recomputeInputs(app, source, plan, key, givenInputs(input), point);
  const values = Object.fromEntries(columns.map(({ name, value }) => [name, value]));
  return { model: plan.key, columns: values, defaulted: defaulted === '' ? [] : defaulted.split(',') };
}

/** Whole numbers that JSON readers may round are text, as everywhere else. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

function wholeFlag(input: CommandInput, flag: string): number | null {
  const text = input.flags[flag];
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--${flag} must be a whole number, got "${text}"`);
  return Number(text);
}

function timeFlag(input: CommandInput): number {
  const text = input.flags['at'];
  if (text === undefined) return systemClock.wallMs();
  const ms = /^\d+$/.test(text) ? Number(text) : parseTimeMs(text);
  if (typeof ms === 'string') throw new UsageError(`--at "${text}" ${ms}`);
  return ms;
}

/** `a=1,b=[2,3],c=x`: a comma within brackets does not part. */
function givenInputs(input: CommandInput): Map<string, string> {
  const given = new Map<string, string>();
  for (const part of (input.flags['input'] ?? '').split(/,(?![^[]*\])/)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) throw new UsageError(`--input must be name=value by comma, got "${part.slice(0, 60)}"`);
    given.set(part.slice(0, equals), part.slice(equals + 1));
  }
  return given;
}
