/** `dovetail push`: rows of a view, or events of a stream, from the command line or a file, over HTTP. */
import { createHash, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { sleep, systemClock } from '../cluster/clock.ts';
import { ServingError } from '../proto/errors.ts';
import { progressDisplay } from './bulk-push/progress-bar.ts';
import { type PushedFile, pushFile } from './bulk-push/push-file.ts';
import { RefusedFile } from './bulk-push/refused-file.ts';
import { contentSha256, identifyFile, type Progress, progressPath, SavedProgress } from './bulk-push/saved-progress.ts';
import { sendRows } from './bulk-push/send-rows.ts';
import { askTarget, type PushTarget } from './bulk-push/target-of.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { askGateway, GATEWAY_FLAGS, gatewayUrl } from './gateway-client.ts';
import { type Format, formatOf, openRowFile, STANDARD_INPUT } from './row-files/open-row-file.ts';
import type { RowFile } from './row-files/row-file.ts';
import type { EventIds } from './row-files/row-writer.ts';
import type { ColumnOptions } from './row-files/target.ts';

export const pushCommand: Command = {
  name: 'push',
  summary: 'push feature rows into a view, or events into a stream',
  usage: 'push <view|stream> (--row <json> | --file <rows.csv|.jsonl|.parquet|->) [--url <gateway>]',
  text: [
    'A row is the entity’s key, features by name, and optionally event_time (RFC 3339 with a zone, or ms since 1970): a JSON',
    'object, a line of CSV under a header, or a row of Parquet. Rows are acknowledged once the log has them. Bad rows are',
    'refused one by one, with their number and the reason; the good ones are kept.',
    '',
    'How far a file was pushed is kept beside it. After an interruption the same command goes on there. Rows sent twice do',
    'no harm: the newest event_time wins, and events count once by their id. An event without an id is given one from the',
    'file’s content and its number.',
  ].join('\n'),
  examples: [
    `dovetail push user_profile --row '{"user_id":"u42","payments_total":3,"avg_amount":41.5}'`,
    'dovetail push user_profile --file rows.parquet --key-column customer --time-column updated_at',
    'dovetail push user_profile --file rows.csv --columns avg_amount=mean,payments_total=n --ignore-unknown',
    'dovetail push --view user_profile --file rows.jsonl --refused refused.jsonl',
    'generate-rows | dovetail push user_profile --file -',
  ],
  settings: ['host', 'httpPort'],
  flags: {
    ...GATEWAY_FLAGS,
    view: { type: 'string', help: 'the view or stream, instead of the argument' },
    row: { type: 'string', help: 'one row, a JSON object' },
    file: { type: 'string', help: 'a file of rows; - reads standard input' },
    format: { type: 'string', help: 'jsonl, csv, tsv or parquet [default: by the extension; jsonl for -]' },
    'key-column': { type: 'string', help: 'column of the entity’s key, where it is named otherwise' },
    'time-column': { type: 'string', help: 'column of the event time, where it is named otherwise' },
    columns: { type: 'string', help: 'feature=column, by comma, where they are named otherwise' },
    'ignore-unknown': { type: 'boolean', help: 'pass over columns that are no feature' },
    refused: { type: 'string', help: 'write all refused rows to this file, as JSON lines' },
    progress: { type: 'string', help: 'where to keep how far it is; none: nowhere [default: beside the file]' },
    restart: { type: 'boolean', help: 'forget how far an earlier run was and push all of it' },
    'retry-s': { type: 'string', help: 'seconds without progress before giving up on the gateway [default 60]' },
    quiet: { type: 'boolean', help: 'do not show how it is coming on' },
  },
  positionals: ['view?'],
  run: runPush,
};

const RETRY_S_DEFAULT = 60;
const RETRY_S_MAX = 86_400;
/** One notice of waiting in so long. */
const WAITING_SAID_MS = 5_000;

type Ack = { readonly error?: { readonly code: string; readonly message: string } };

async function runPush(input: CommandInput): Promise<number> {
  const { row, file, view } = input.flags;
  const [positional] = input.positionals;
  if ((row === undefined) === (file === undefined)) throw new UsageError('give either --row or --file');
  if (positional !== undefined && view !== undefined) throw new UsageError('give the view as argument or --view, once');
  const name = positional ?? view;
  if (name === undefined || name === '') throw new UsageError('missing <view|stream>');
  const base = gatewayUrl(input);
  return row === undefined ? pushRows(input, base, name, file!) : pushRow(base, name, row);
}

async function pushRow(base: string, name: string, row: string): Promise<number> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(row);
  } catch (thrown) {
    throw new UsageError(`--row is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const answer = await askGateway(base, 'POST', pushPath(name), { rows: [parsed] });
  const { acks } = answer as { acks: Ack[] };
  process.stdout.write(`${JSON.stringify(acks[0])}\n`);
  return acks[0]?.error === undefined ? EXIT.ok : EXIT.failed;
}

function pushPath(name: string): string {
  return `/v1/features/${encodeURIComponent(name)}:push`;
}

async function pushRows(input: CommandInput, base: string, name: string, path: string): Promise<number> {
  const { flags, switches } = input;
  const format = formatOf(path, flags['format']);
  const columns = columnOptions(input);
  const retryMs = retrySeconds(flags['retry-s']) * 1_000;
  if (flags['refused'] !== undefined && resolve(flags['refused']) === resolve(path)) {
    throw new UsageError('--refused must be another file than --file');
  }
  const saved = await savedProgress(input, base, name, path, format);
  if (switches.has('restart')) await saved?.remove();
  const from = (await saved?.load()) ?? null;
  const target = await askTarget(base, name);
  const nowMs = () => systemClock.nowMs();
  const display = progressDisplay(process.stderr, switches.has('quiet'), nowMs);
  const ids = target.kind === 'stream' ? await eventIds(path) : null;
  const file = await openRowFile({ path, format, target, columns, ids, limits: target.limits, stdin: process.stdin });
  let refusedFile: RefusedFile | null = null;
  const interruption = onInterrupt(() => display.say('stopping: waiting for what is under way; again to end at once'));
  try {
    if (flags['refused'] !== undefined) {
      refusedFile = await RefusedFile.open(flags['refused'], from?.refusedFileBytes ?? 0);
    }
    if (from !== null) display.say(resumeText(file, from));
    const send = sender(base, name, target, retryMs, (reason) => display.say(`waiting: ${reason}`));
    const pushed = await pushFile({
      file,
      from,
      send,
      save: saved === null ? null : (progress) => saved.save(progress),
      refusedFile,
      display,
      stopped: interruption.stopped,
      nowMs,
      ordered: target.kind === 'stream',
    });
    return await conclude(pushed, file, saved);
  } catch (thrown) {
    if (saved !== null && thrown instanceof ServingError && thrown.code === 'UNAVAILABLE') {
      display.say('what was acknowledged is saved; the same command goes on there');
    }
    throw thrown;
  } finally {
    interruption.end();
    await refusedFile?.close();
    // An interrupted read of standard input may never end.
    if (path !== STANDARD_INPUT) await file.close();
  }
}

async function conclude({ progress, complete }: PushedFile, file: RowFile, saved: SavedProgress | null) {
  const { accepted, refused, position } = progress;
  process.stdout.write(`${JSON.stringify({ accepted, refused })}\n`);
  if (complete) {
    await saved?.remove();
    return refused === 0 ? EXIT.ok : EXIT.failed;
  }
  const how = saved === null ? 'nothing is kept of how far it is' : 'the same command goes on there';
  process.stderr.write(`stopped before ${file.unit} ${position.number}; ${how}\n`);
  return EXIT.interrupted;
}

function resumeText(file: RowFile, { position, accepted, refused }: Progress): string {
  return `going on at ${file.unit} ${position.number}: ${accepted} rows were acknowledged and ${refused} refused before (--restart pushes all of it)`;
}

/** Each batch with a time of its own for rows that name none: later than those before it, however they overtake each other. */
function sender(base: string, name: string, target: PushTarget, retryMs: number, say: (reason: string) => void) {
  let lastMs = 0;
  let saidMs = Number.NEGATIVE_INFINITY;
  const options = {
    url: base + pushPath(name),
    retryMs,
    nowMs: () => systemClock.nowMs(),
    sleep: (ms: number) => sleep(systemClock, ms),
    onRetry: (reason: string) => {
      if (systemClock.nowMs() - saidMs < WAITING_SAID_MS) return;
      saidMs = systemClock.nowMs();
      say(reason);
    },
  };
  return ({ rows }: { readonly rows: Parameters<typeof sendRows>[1] }) => {
    lastMs = Math.max(lastMs + 1, Math.floor(systemClock.wallMs() + target.clockAheadMs));
    return sendRows(options, rows, lastMs);
  };
}

async function savedProgress(
  input: CommandInput,
  base: string,
  name: string,
  path: string,
  format: Format,
): Promise<SavedProgress | null> {
  const { flags, switches } = input;
  if (path === STANDARD_INPUT || flags['progress'] === 'none') return null;
  const file = await identifyFile(path);
  const options = ['key-column', 'time-column', 'columns', 'refused'].flatMap((flag) =>
    flags[flag] === undefined ? [] : [`--${flag} ${flags[flag]}`],
  );
  if (switches.has('ignore-unknown')) options.push('--ignore-unknown');
  const identity = { url: base, target: name, file, options: [`--format ${format}`, ...options].join(' ') };
  return new SavedProgress(flags['progress'] ?? progressPath(path, name), identity);
}

/** Standard input has no content to name events by before it was read: those ids hold for this run, and its repeats. */
async function eventIds(path: string): Promise<EventIds> {
  const source = path === STANDARD_INPUT ? randomUUID() : await contentSha256(path);
  const prefix = createHash('sha256').update(source).digest('base64url').slice(0, 22);
  return (number) => `${prefix}-${number}`;
}

function columnOptions({ flags, switches }: CommandInput): ColumnOptions {
  const renamed = new Map<string, string>();
  for (const pair of flags['columns']?.split(',') ?? []) {
    const equals = pair.indexOf('=');
    if (equals <= 0 || equals === pair.length - 1) {
      throw new UsageError(`--columns must be feature=column, by comma, got '${pair.slice(0, 60)}'`);
    }
    renamed.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
  }
  return {
    renamed,
    keyColumn: flags['key-column'],
    timeColumn: flags['time-column'],
    ignoreUnknown: switches.has('ignore-unknown'),
  };
}

function retrySeconds(text: string | undefined): number {
  if (text === undefined) return RETRY_S_DEFAULT;
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds <= RETRY_S_MAX) return seconds;
  throw new UsageError(
    `--retry-s must be a whole number of seconds from 0 to ${RETRY_S_MAX}, got '${text.slice(0, 40)}'`,
  );
}

/** The first interruption stops gently, the second as always. */
function onInterrupt(say: () => void): { readonly stopped: Promise<void>; end(): void } {
  let stop = () => {};
  const stopped = new Promise<void>((settled) => {
    stop = settled;
  });
  const interrupted = () => {
    end();
    say();
    stop();
  };
  const end = () => {
    process.removeListener('SIGINT', interrupted);
    process.removeListener('SIGTERM', interrupted);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  return { stopped, end };
}
