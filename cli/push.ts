/** `dovetail push`: feature rows from the command line or a file of JSON lines, over HTTP. */
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { askGateway, GATEWAY_FLAGS, gatewayUrl } from './gateway-client.ts';

export const pushCommand: Command = {
  name: 'push',
  summary: 'push feature rows into a view',
  usage: 'push <view> (--row <json> | --file <rows.jsonl|->) [--url <gateway>]',
  text: [
    'A row is a JSON object: the entity’s key, features by name, and optionally event_time (RFC 3339 with a zone, or ms since 1970).',
    'Rows are acknowledged once the log has them. Bad rows are refused one by one and listed; the good ones are kept.',
  ].join('\n'),
  examples: [
    `dovetail push user_profile --row '{"user_id":"u42","payments_total":3,"avg_amount":41.5}'`,
    'dovetail push user_profile --file rows.jsonl',
    'generate-rows | dovetail push user_profile --file -',
  ],
  settings: ['host', 'httpPort'],
  flags: {
    ...GATEWAY_FLAGS,
    row: { type: 'string', help: 'one row, a JSON object' },
    file: { type: 'string', help: 'a file with a JSON object a line; - reads standard input' },
  },
  positionals: ['view'],
  run: runPush,
};

const ROWS_PER_REQUEST = 1_000;
const REFUSALS_SHOWN = 20;

type Ack = {
  readonly partition?: number;
  readonly seq?: number;
  readonly error?: { readonly code: string; readonly message: string };
};
type Tally = { accepted: number; refused: number };

async function runPush(input: CommandInput): Promise<number> {
  const { row, file } = input.flags;
  if ((row === undefined) === (file === undefined)) throw new UsageError('give either --row or --file');
  const base = gatewayUrl(input);
  const path = `/v1/features/${encodeURIComponent(input.positionals[0]!)}:push`;
  if (row !== undefined) {
    const answer = (await askGateway(base, 'POST', path, { rows: [parseRow(row, '--row')] })) as { acks: Ack[] };
    process.stdout.write(`${JSON.stringify(answer.acks[0])}\n`);
    return answer.acks[0]?.error === undefined ? EXIT.ok : EXIT.failed;
  }
  const tally: Tally = { accepted: 0, refused: 0 };
  let batch: { line: number; row: unknown }[] = [];
  let line = 0;
  const source = file === '-' ? process.stdin : (await openFile(file!)).createReadStream();
  for await (const text of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() === '') continue;
    batch.push({ line, row: parseRow(text, `line ${line}`) });
    if (batch.length < ROWS_PER_REQUEST) continue;
    await pushBatch(base, path, batch, tally);
    batch = [];
  }
  if (batch.length > 0) await pushBatch(base, path, batch, tally);
  process.stderr.write('\n');
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  return tally.refused === 0 ? EXIT.ok : EXIT.failed;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (thrown) {
    throw new UsageError(`--file cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function pushBatch(
  base: string,
  path: string,
  batch: readonly { line: number; row: unknown }[],
  tally: Tally,
): Promise<void> {
  const { acks } = (await askGateway(base, 'POST', path, { rows: batch.map((one) => one.row) })) as { acks: Ack[] };
  acks.forEach((ack, i) => {
    if (ack.error === undefined) {
      tally.accepted++;
      return;
    }
    tally.refused++;
    if (tally.refused <= REFUSALS_SHOWN) process.stderr.write(`\rline ${batch[i]!.line}: ${ack.error.message}\n`);
  });
  process.stderr.write(`\r${tally.accepted} rows acknowledged, ${tally.refused} refused`);
}

function parseRow(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new UsageError(`${where} is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
