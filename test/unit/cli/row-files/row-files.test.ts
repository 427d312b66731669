/** The three formats as whole files: what is read, what is refused, and going on from every place between two batches. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../../cli/command.ts';
import { type Format, formatOf, openRowFile } from '../../../../cli/row-files/open-row-file.ts';
import type { BatchLimits, FileRow, Position, RowBatch } from '../../../../cli/row-files/row-file.ts';
import { AS_NAMED, type ColumnOptions, type Target } from '../../../../cli/row-files/target.ts';

const directory = mkdtempSync(join(tmpdir(), 'dovetail-rows-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const profile: Target = {
  name: 'profile',
  kind: 'view',
  keyFields: ['user_id'],
  timeField: 'event_time',
  types: new Map([
    ['total', 'int64'],
    ['score', 'float32'],
    ['is_new', 'bool'],
    ['vector', 'vector'],
    ['country', 'string'],
  ]),
};
const LIMITS: BatchLimits = { rowsMax: 10_000, bytesMax: 4 * 1024 * 1024 };

type Options = { columns?: Partial<ColumnOptions>; limits?: BatchLimits; target?: Target; stdin?: Buffer[] };

async function open(path: string, format: Format, options: Options = {}) {
  const target = options.target ?? profile;
  return openRowFile({
    path,
    format,
    target,
    columns: { ...AS_NAMED, ...options.columns },
    limits: options.limits ?? LIMITS,
    ids: target.kind === 'stream' ? (number) => `id-${number}` : null,
    stdin: Readable.from(options.stdin ?? []),
  });
}

async function readFile(path: string, format: Format, options: Options = {}, from: Position | null = null) {
  const file = await open(path, format, options);
  const batches: RowBatch[] = [];
  try {
    for await (const batch of file.batches(from)) batches.push(batch);
  } finally {
    await file.close();
  }
  const all = batches.flatMap(({ rows }) => rows);
  return { batches, all, rows: () => all.map(parsed), bad: batches.flatMap(({ bad }) => bad), end: file.endOffset };
}

const parsed = ({ number, json }: FileRow) => [number, JSON.parse(json)];

let files = 0;
function write(extension: string, content: string | Uint8Array): string {
  const path = join(directory, `${files++}.${extension}`);
  writeFileSync(path, content);
  return path;
}

/** From behind every batch of small ones the rest of the rows follows, and nothing else. */
async function expectResumable(path: string, format: Format, options: Options = {}): Promise<void> {
  const whole = await readFile(path, format, options);
  const small = await readFile(path, format, { ...options, limits: { rowsMax: 2, bytesMax: 1_000_000 } });
  expect(small.all).toEqual(whole.all);
  expect(small.bad).toEqual(whole.bad);
  let done = 0;
  for (const batch of small.batches) {
    done += batch.rows.length;
    const rest = await readFile(path, format, options, batch.after);
    expect(rest.all).toEqual(whole.all.slice(done));
  }
  expect(small.batches.at(-1)!.after.offset).toBe(whole.end);
}

describe('CSV', () => {
  const text = [
    'user_id,total,score,is_new,country,event_time',
    'u1,1,0.5,true,"A ""T""",2026-02-28T13:45:00Z',
    '',
    'u2,,,,,',
    '"u\n3",9223372036854775807,1e3,0,"é,日",1760000000000',
    'u4,many,2,,,',
    'u5,1,2',
    'u6,1,"2"x,,,',
    'u7,7,,,,',
  ].join('\n');
  const rows = [
    [2, { user_id: 'u1', total: 1, score: 0.5, is_new: true, country: 'A "T"', event_time: '2026-02-28T13:45:00Z' }],
    [4, { user_id: 'u2' }],
    [5, { user_id: 'u\n3', total: 2 ** 63, score: 1000, is_new: false, country: 'é,日', event_time: 1760000000000 }],
    [7, { user_id: 'u4', total: 'many', score: 2 }],
    [10, { user_id: 'u7', total: 7 }],
  ];

  it.each([
    ['with newlines', text],
    ['with carriage returns', text.replaceAll(/\n(?!3)/g, '\r\n')],
    ['with a byte order mark', `\ufeff${text}\n`],
    ['with a quoted header behind a byte order mark', `\ufeff${text.replace('user_id', '"user_id"')}`],
  ])('%s is read by its header, and rows that do not fit it are refused by their line', async (_name, content) => {
    const path = write('csv', content);
    const read = await readFile(path, 'csv');
    expect(read.rows()).toEqual(rows);
    expect(read.all[2]!.json).toContain('9223372036854775807');
    expect(read.bad.map(({ number }) => number)).toEqual([8, 9]);
    expect(read.bad[0]).toMatchObject({ reason: 'the row has 3 fields, the header 6', text: 'u5,1,2' });
    expect(read.bad[1]!.reason).toContain('not CSV');
    await expectResumable(path, 'csv');
  });

  it('with tabs, or other columns, is read as it is told', async () => {
    const tabs = write('tsv', 'customer\tn\tnote\nu1\t3\tx\n');
    const columns = { keyColumn: 'customer', renamed: new Map([['total', 'n']]), ignoreUnknown: true };
    expect((await readFile(tabs, 'tsv', { columns })).rows()).toEqual([[2, { user_id: 'u1', total: 3 }]]);
    const swapped = write('csv', 'user_id,score,total\nu1,1,2\n');
    const renamed = new Map([
      ['total', 'score'],
      ['score', 'total'],
    ]);
    expect((await readFile(swapped, 'csv', { columns: { renamed } })).rows()).toEqual([
      [2, { user_id: 'u1', total: 1, score: 2 }],
    ]);
  });

  it.each([
    ['a column that is no feature', 'user_id,totl\nu1,1\n', {}, /'totl'.*total.*--ignore-unknown/],
    ['no key', 'total\n1\n', {}, /no column 'user_id'.*--key-column/],
    ['a column twice', 'user_id,total,total\nu1,1,2\n', {}, /both total/],
    ['a renamed column that is not there', 'user_id\nu1\n', { renamed: new Map([['total', 'n']]) }, /total=n/],
    ['a renamed feature that is not there', 'user_id\nu1\n', { renamed: new Map([['totl', 'n']]) }, /totl/],
    ['no time column', 'user_id\nu1\n', { timeColumn: 'at' }, /--time-column at/],
    ['nothing in it', '', {}, /empty/],
    ['an unclosed quote in its header', 'user_id,"total\nu1,1\n', {}, /header/],
  ])('with %s is refused as a whole', async (_name, content, columns, message) => {
    const failed = readFile(write('csv', content), 'csv', { columns });
    await expect(failed).rejects.toThrow(UsageError);
    await expect(failed).rejects.toThrow(message);
  });

  it('that ends within a row keeps the rows before', async () => {
    const read = await readFile(write('csv', 'user_id,total,country\nu1,1,AT\nu2,2,"A'), 'csv');
    expect(read.rows()).toEqual([[2, { user_id: 'u1', total: 1, country: 'AT' }]]);
    expect(read.bad).toMatchObject([{ number: 3, reason: expect.stringContaining('quote') }]);
  });

  it('that is not UTF-8 loses those rows, and as UTF-16 or packed is no text at all', async () => {
    const latin = Buffer.concat([Buffer.from('user_id,country\nu1,'), Buffer.from([0xe9]), Buffer.from('\nu2,x\n')]);
    const read = await readFile(write('csv', latin), 'csv');
    expect(read.rows()).toEqual([[3, { user_id: 'u2', country: 'x' }]]);
    expect(read.bad).toMatchObject([{ number: 2, reason: expect.stringContaining('UTF-8') }]);
    const wide = write('csv', Buffer.from('\ufeffuser_id\nu1\n', 'utf16le'));
    await expect(readFile(wide, 'csv')).rejects.toThrow(/UTF-16/);
    await expect(readFile(write('csv', Buffer.from([0x1f, 0x8b, 8, 0])), 'csv')).rejects.toThrow(/gzip/);
  });
});

describe('JSON lines', () => {
  it('go as they are, blank lines and wrong ones included in the count', async () => {
    const path = write(
      'jsonl',
      '\ufeff{"user_id":"u1","total":9223372036854775807}\r\n\n  \n{"user_id":\n{"user_id":"u2"}',
    );
    const read = await readFile(path, 'jsonl');
    expect(read.all).toEqual([
      { number: 1, json: '{"user_id":"u1","total":9223372036854775807}' },
      { number: 4, json: '{"user_id":' },
      { number: 5, json: '{"user_id":"u2"}' },
    ]);
    await expectResumable(path, 'jsonl');
  });

  it('are renamed without losing a digit, and lose what is no feature where that is wanted', async () => {
    const path = write('jsonl', '{"customer":"u1","n":9223372036854775807,"note":{"a":[1]}}\nnot json\n[1]\n');
    const columns = { keyColumn: 'customer', renamed: new Map([['total', 'n']]), ignoreUnknown: true };
    const read = await readFile(path, 'jsonl', { columns });
    expect(read.all).toEqual([
      { number: 1, json: '{"user_id":"u1","total":9223372036854775807}' },
      { number: 3, json: '[1]' },
    ]);
    expect(read.bad).toMatchObject([{ number: 2, reason: expect.stringContaining('not JSON') }]);
  });

  it('come from standard input in pieces of any size', async () => {
    const stdin = Array.from(Buffer.from('{"user_id":"é"}\n{"user_id":"u2"}\n'), (byte) => Buffer.from([byte]));
    expect((await readFile('-', 'jsonl', { stdin })).rows()).toEqual([
      [1, { user_id: 'é' }],
      [2, { user_id: 'u2' }],
    ]);
  });
});

describe('Parquet', () => {
  const theirs = fileURLToPath(new URL('../../../support/row-files/pyarrow.parquet', import.meta.url));
  const columns = { timeColumn: 'at', ignoreUnknown: true };

  it('as Arrow writes it is read: times, whole numbers of 64 bits, lists, dictionaries, nulls', async () => {
    const read = await readFile(theirs, 'parquet', { columns });
    const at = Date.UTC(2026, 1, 28, 13, 45, 0, 250);
    expect(read.all.slice(0, 4)).toEqual([
      {
        number: 1,
        json: `{"user_id":"u0","event_time":${at},"total":0,"score":0.5,"is_new":true,"vector":[1,2],"country":"AT"}`,
      },
      {
        number: 2,
        json: `{"user_id":"u1","event_time":${at + 1},"total":1,"is_new":false,"vector":[3,null],"country":"é"}`,
      },
      { number: 3, json: `{"user_id":"u2","event_time":${at + 1},"score":"NaN"}` },
      {
        number: 4,
        json: `{"user_id":"u3","event_time":${at + 1},"total":3,"score":"Infinity","is_new":true,"vector":[],"country":""}`,
      },
    ]);
    expect(read.all[4]!.json).toContain('"total":9223372036854775807,"score":-0,');
    expect(read.all[5]!.json).toContain('"total":-9223372036854775808,');
    expect(read.all[6]!.json).toContain('"country":"日本"');
    expect(read.end).toBe(7);
    await expectResumable(theirs, 'parquet', { columns });
  });

  it('takes a key of whole numbers as text', async () => {
    const read = await readFile(theirs, 'parquet', { columns: { ...columns, keyColumn: 'customer' } });
    expect(read.all[5]!.json).toContain('"user_id":"9007199254740993"');
    expect(read.all[6]!.json).not.toContain('user_id');
  });

  it('of many row groups and slices is read in order', async () => {
    const count = 5_000;
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'user_id', data: Array.from({ length: count }, (_, i) => `u${i}`), type: 'STRING' },
        { name: 'total', data: Array.from({ length: count }, (_, i) => BigInt(i)), type: 'INT64' },
      ],
      rowGroupSize: 700,
    });
    const path = write('parquet', new Uint8Array(buffer));
    const read = await readFile(path, 'parquet', { limits: { rowsMax: 999, bytesMax: 4_000_000 } });
    expect(read.rows()).toEqual(Array.from({ length: count }, (_, i) => [i + 1, { user_id: `u${i}`, total: i }]));
    const rest = await readFile(path, 'parquet', {}, read.batches[2]!.after);
    expect(rest.rows()[0]).toEqual([2_998, { user_id: 'u2997', total: 2_997 }]);
  });

  it('that is cut off, or lies about its sizes, is refused and takes no memory for it', async () => {
    const bytes = readFileSync(theirs);
    await expect(readFile(write('parquet', bytes.subarray(0, 900)), 'parquet')).rejects.toThrow(/no Parquet file/);
    const footer = Buffer.from(bytes);
    footer.writeUInt32LE(0x7fffffff, footer.byteLength - 8);
    await expect(readFile(write('parquet', footer), 'parquet')).rejects.toThrow(/footer/);
  });

  it('as standard input is refused', async () => {
    await expect(readFile('-', 'parquet')).rejects.toThrow(/its path/);
  });
});

describe('events', () => {
  const payments: Target = {
    name: 'payments',
    kind: 'stream',
    keyFields: ['user_id', 'merchant_id'],
    timeField: 'event_time',
    types: new Map([['amount', 'float32']]),
  };

  it('without an id get one that is theirs whenever they are read', async () => {
    const csv = write('csv', 'user_id,merchant_id,amount,id\nu1,m1,5,\nu2,,6,mine\n');
    const read = await readFile(csv, 'csv', { target: payments });
    expect(read.rows()).toEqual([
      [2, { user_id: 'u1', merchant_id: 'm1', amount: 5, id: 'id-2' }],
      [3, { user_id: 'u2', merchant_id: null, amount: 6, id: 'mine' }],
    ]);
    const jsonl = write('jsonl', '{"user_id":"u1"}\n{"user_id":"u2","id":"mine"}\n');
    expect((await readFile(jsonl, 'jsonl', { target: payments })).rows()).toEqual([
      [1, { id: 'id-1', user_id: 'u1' }],
      [2, { user_id: 'u2', id: 'mine' }],
    ]);
  });

  it('of several keys are not told apart by --key-column', async () => {
    const csv = write('csv', 'user_id,merchant_id\nu1,m1\n');
    await expect(readFile(csv, 'csv', { target: payments, columns: { keyColumn: 'x' } })).rejects.toThrow(
      /several keys/,
    );
  });
});

describe('the format', () => {
  it('is that of the extension, or the one given', () => {
    expect(formatOf('a/b.CSV', undefined)).toBe('csv');
    expect(formatOf('rows.parquet', undefined)).toBe('parquet');
    expect(formatOf('-', undefined)).toBe('jsonl');
    expect(formatOf('rows.txt', 'tsv')).toBe('tsv');
    expect(() => formatOf('rows.txt', undefined)).toThrow(/--format/);
    expect(() => formatOf('rows.csv', 'xml')).toThrow(/parquet/);
  });
});
