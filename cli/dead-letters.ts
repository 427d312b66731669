/** `dovetail dead-letters`: what of the log could not be applied, and putting it back once it can be. */
import { type Retry, retryOf } from '../actors/feature-shard/dead-letters.ts';
import type { App } from '../cluster/catalog/app.ts';
import { loadApp } from '../cluster/catalog/load-app.ts';
import { systemClock } from '../cluster/clock.ts';
import { type Config, readConfig } from '../cluster/config.ts';
import { hashBytes } from '../cluster/hash.ts';
import { createLog } from '../cluster/log.ts';
import type { DeadLetterStream } from '../cluster/nats/dead-letter-stream.ts';
import type { FeatureLog } from '../cluster/nats/feature-log.ts';
import { connectNats, type NatsLink } from '../cluster/nats/nats-link.ts';
import { type DeadLetter, deadLetterId, parseDeadLetterId } from '../proto/dead-letter.ts';
import { ServingError } from '../proto/errors.ts';
import { decodeRowBatch, type RowBatch } from '../proto/row-batch.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { packageEntry } from './package-files.ts';

export const deadLettersCommand: Command = {
  name: 'dead-letters',
  summary: 'show what of the feature log could not be applied, and put it back once it can be',
  usage: 'dead-letters list|show|replay|delete [<partition>.<seq>…|--all] [--nats-url <url>] [--app <directory>]',
  text: [
    'Rows and events that the shards cannot apply, such as events of a stream that the app does not define, are parked',
    'in the JetStream stream DOVETAIL_DEAD_LETTERS, one entry a message of the log, named <partition>.<seq>.',
    '',
    '  list             one line an entry; JSON lines where the output is no terminal',
    '  show <id>        all that an entry says, and its rows, as JSON',
    '  replay <id>…     append what the app’s definitions (--app) can read now to the log, and remove the entry',
    '  delete <id>…     remove entries; the log keeps their messages, so a replica rebuilt from it parks them again',
    '',
    'Mend the definition and restart the shards with it before replaying: what they still cannot read is parked again.',
    'Events keep their ids. Those that are replayed leave their first place in the log, so that no replica counts them',
    'in both; only the very first message of the log stays, which is said (`original_kept`). An entry with events is',
    'replayed whole or not at all; of one with rows, what can be read.',
  ].join('\n'),
  examples: [
    'dovetail dead-letters list',
    'dovetail dead-letters show 17.4711',
    'dovetail dead-letters replay 17.4711 --app ./shop --nats-url nats://nats-1:4222',
    'dovetail dead-letters replay --all',
    'dovetail dead-letters list | jq -r \'select(.stream == "clicks").id\' | xargs dovetail dead-letters delete',
  ],
  settings: ['app', 'natsUrl', 'natsPort', 'natsCredentials', 'natsNkey', 'natsTlsCa'],
  flags: {
    all: { type: 'boolean', help: 'for replay and delete: every entry' },
    limit: { type: 'string', help: 'for list and --all: entries at the most [default 10000]' },
  },
  positionals: ['action'],
  more: 'id',
  run: runDeadLetters,
};

const LIMIT_DEFAULT = 10_000;
const ACTIONS = ['list', 'show', 'replay', 'delete'];

type Position = { readonly partition: number; readonly seq: number };
type Connected = { readonly config: Config; readonly nats: NatsLink; readonly stream: DeadLetterStream };

async function runDeadLetters(input: CommandInput): Promise<number> {
  const [action, ...names] = input.positionals;
  if (!ACTIONS.includes(action!)) throw new UsageError(`there is ${ACTIONS.join(', ')}; got '${action}'`);
  const all = input.switches.has('all');
  const limit = limitOf(input.flags['limit']);
  if (action === 'list' && (names.length > 0 || all)) throw new UsageError('list takes no names');
  if (action === 'show' && (names.length !== 1 || all)) throw new UsageError('show takes one <partition>.<seq>');
  if ((action === 'replay' || action === 'delete') && names.length > 0 === all)
    throw new UsageError(`${action} takes one <partition>.<seq> or more, or --all`);
  const positions = names.map(parseName);
  const config = readConfig(input.flags, input.env);
  const app = action === 'replay' ? await loadApp(config.app, packageEntry()) : null;
  const connected = await connect(config);
  try {
    const { stream } = connected;
    if (action === 'list') return await list(stream, limit);
    if (action === 'show') return await show(stream, positions[0]!);
    const chosen = all ? await stream.list(limit, sayUnreadable) : positions;
    return action === 'replay' ? await replayAll(connected, app!, chosen) : await deleteAll(stream, chosen);
  } finally {
    await connected.nats.drain();
  }
}

async function connect(config: Config): Promise<Connected> {
  const nats = await connectNats({
    url: config.natsUrl === '' ? `nats://127.0.0.1:${config.natsPort}` : config.natsUrl,
    name: 'dovetail-dead-letters',
    clock: systemClock,
    log: createLog({ level: 'error', node: 'dead-letters' }),
    credentialsFile: config.natsCredentials === '' ? undefined : config.natsCredentials,
    nkeySeedFile: config.natsNkey === '' ? undefined : config.natsNkey,
    tlsCaFile: config.natsTlsCa === '' ? undefined : config.natsTlsCa,
    connectTimeoutMs: 5_000,
  });
  const bounds = { replicas: 1, ageMsMax: config.deadLetterAgeMs, bytesMax: config.deadLetterBytesMax };
  return { config, nats, stream: await nats.deadLetters(bounds) };
}

async function list(stream: DeadLetterStream, limit: number): Promise<number> {
  const letters = await stream.list(limit, sayUnreadable);
  if (process.stdout.isTTY !== true) {
    for (const letter of letters) say(summary(letter));
    return EXIT.ok;
  }
  if (letters.length === 0) {
    process.stdout.write('no dead letters\n');
    return EXIT.ok;
  }
  const cells = letters.map((letter) => {
    const why = letter.reasons.map((reason) => reason.why).join('; ');
    return [deadLetterId(letter), isoOf(letter.parkedMs), sourceOf(letter), rowsOf(letter), printable(why)];
  });
  process.stdout.write(tableOf([['ID', 'PARKED', 'OF', 'ROWS', 'WHY'], ...cells]));
  return EXIT.ok;
}

async function show(stream: DeadLetterStream, position: Position): Promise<number> {
  const letter = await stream.get(position.partition, position.seq);
  if (letter === null) throw missing(position);
  const batch = letter.holds === 'none' ? null : decodeRowBatch(letter.bytes);
  const shown = {
    ...summary(letter),
    rows_left_out: letter.rowsLeftOut,
    reasons: letter.reasons,
    holds: letter.holds,
    schema_hash: batch?.schemaHash ?? null,
    row_batch: batch === null ? null : batch.rows.map(rowShown),
    bytes_base64: Buffer.from(letter.bytes).toString('base64'),
  };
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  return EXIT.ok;
}

async function replayAll({ config, nats, stream }: Connected, app: App, chosen: readonly Position[]): Promise<number> {
  let failed = 0;
  const log = await nats.featureLog({ replicas: config.logReplicas });
  for (const position of chosen) {
    const id = deadLetterId(position);
    try {
      const { appended, still } = await replayOne(stream, log, app, position);
      if (still.length > 0) failed++;
      say({ id, ...appended, ...(still.length > 0 ? { still_poison: still } : {}) });
    } catch (thrown) {
      if (!(thrown instanceof ServingError) || thrown.code === 'UNAVAILABLE') throw thrown;
      failed++;
      say({ id, error: thrown.message });
    }
  }
  return failed === 0 ? EXIT.ok : EXIT.failed;
}

/** `original_kept`: the events stand in the log twice, and a replica rebuilt from it counts those without an id twice. */
type Replayed = {
  readonly appended: { rows: number; seq?: number; original_kept?: true };
  readonly still: readonly string[];
};

/** In this order nothing is lost wherever it is cut short; at worst it is appended again by the next try. */
async function replayOne(
  stream: DeadLetterStream,
  log: FeatureLog,
  app: App,
  { partition, seq }: Position,
): Promise<Replayed> {
  const letter = await stream.get(partition, seq);
  if (letter === null) throw missing({ partition, seq });
  const retry: Retry = retryOf(app, letter, await bytesOf(log, letter));
  if (retry.bytes === null) return { appended: { rows: 0 }, still: retry.still };
  const onceId = `replay.${partition}.${seq}.${hashBytes(retry.bytes).toString(16)}`;
  const appendedSeq = await log.appendOnce(partition, retry.bytes, onceId);
  const appended: Replayed['appended'] = { rows: retry.rows, seq: appendedSeq };
  if (retry.still.length === 0) {
    if (retry.replacesOriginal && !(await log.remove(seq))) appended.original_kept = true;
    await stream.remove(partition, seq);
  }
  return { appended, still: retry.still };
}

/** What an entry was too small for stands in the log, good rows and all; applying those again changes nothing. */
async function bytesOf(log: FeatureLog, letter: DeadLetter): Promise<Uint8Array> {
  if (letter.holds !== 'none') return letter.bytes;
  const message = await log.messageAt(letter.seq);
  if (message !== null) return message.bytes;
  const why = `the message of dead letter ${deadLetterId(letter)} is too long for its entry, and the log does not hold it any more`;
  throw new ServingError('NOT_FOUND', 'log', why);
}

async function deleteAll(stream: DeadLetterStream, chosen: readonly Position[]): Promise<number> {
  let missed = 0;
  for (const { partition, seq } of chosen) {
    const deleted = await stream.remove(partition, seq);
    if (!deleted) missed++;
    say({ id: deadLetterId({ partition, seq }), deleted });
  }
  return missed === 0 ? EXIT.ok : EXIT.failed;
}

function summary(letter: DeadLetter) {
  return {
    id: deadLetterId(letter),
    partition: letter.partition,
    seq: letter.seq,
    parked: isoOf(letter.parkedMs),
    view: letter.view === '' ? null : letter.view,
    stream: letter.stream === '' ? null : letter.stream,
    rows: rowsOf(letter),
    why: letter.reasons.map(({ why }) => why),
  };
}

function rowShown({ key, eventMs, values, op }: RowBatch['rows'][number]) {
  return {
    key: Buffer.from(key).toString('utf8'),
    event_time: Number.isFinite(eventMs) ? eventMs : String(eventMs),
    op,
    values_base64: Buffer.from(values).toString('base64'),
  };
}

function sourceOf({ view, stream }: DeadLetter): string {
  if (stream !== '') return `stream ${printable(stream)}`;
  return view === '' ? '-' : `view ${printable(view)}`;
}

/** Number of bad rows; of a message that is bad as a whole, `all`. */
function rowsOf({ reasons, rowsLeftOut }: DeadLetter): string {
  const rows = reasons.reduce((sum, reason) => sum + reason.rows.length, rowsLeftOut);
  return rows === 0 ? 'all' : String(rows);
}

function isoOf(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

/** Names in the log are anybody's text; control characters would reach the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function sayUnreadable(subject: string): void {
  process.stderr.write(`the entry under ${subject} is in a form that this version does not know\n`);
}

function missing(position: Position): ServingError {
  return new ServingError(
    'NOT_FOUND',
    'log',
    `there is no dead letter ${deadLetterId(position)}; see dovetail dead-letters list`,
  );
}

function parseName(text: string): Position {
  try {
    return parseDeadLetterId(text);
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw new UsageError(`--limit must be a whole number from 1, got '${text}'`);
  return Number(text);
}
