/** Files of labels: what their columns are, what is taken from them, and what is refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLabels } from '../../../../cli/offline/label-file.ts';
import { inputColumn } from '../../../../cli/offline/pack-input.ts';
import { fileColumn, ParquetOutput } from '../../../../cli/offline/parquet-output.ts';
import { type ReadLabels, readLabels } from '../../../../cli/offline/read-labels.ts';
import type { PlannedInput } from '../../../../cluster/catalog/serving-plan.ts';
import type { DataType } from '../../../../proto/tensor.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'labels-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const WANTED = { keyFields: ['user_id'], timeColumn: 'event_time', inputs: [], bytesMax: 2 ** 30 };

async function written(name: string, text: string): Promise<string> {
  const path = join(scratch, name);
  await writeFile(path, text);
  return path;
}

async function read(path: string): Promise<ReadLabels> {
  const file = await openLabels(path);
  try {
    return await readLabels(file, WANTED);
  } finally {
    await file.close();
  }
}

const keysOf = ({ labels }: ReadLabels) => {
  const { index, distinct } = labels.keys.get('user_id')!;
  return [...index].map((i) => (i < 0 ? null : Buffer.from(distinct[i]!).toString()));
};

describe('text files', () => {
  it('give each column the narrowest type that gives its values back', async () => {
    const path = await written(
      'types.csv',
      ['user_id,event_time,whole,zip,part,flag,mixed,empty', '7,1,1,007,1,true,1,', 'u"2",2,-3,12,2.5,,x,']
        .join('\n')
        .replace('u"2"', '"u""2"'),
    );
    const file = await openLabels(path);
    for await (const _ of file.slices([]));
    const types = Object.fromEntries(file.columns().map(({ name, elements }) => [name, elements[0]!.type]));
    expect(types).toEqual({
      user_id: 'BYTE_ARRAY',
      event_time: 'INT64',
      whole: 'INT64',
      zip: 'BYTE_ARRAY',
      part: 'DOUBLE',
      flag: 'BOOLEAN',
      mixed: 'BYTE_ARRAY',
      empty: 'BYTE_ARRAY',
    });
    const rows: Record<string, unknown>[] = [];
    for await (const slice of file.slices([])) {
      for (let i = 0; i < slice.rows; i++)
        rows.push(Object.fromEntries(file.columns().map(({ name }) => [name, slice.column(name)[i]])));
    }
    expect(rows).toEqual([
      { user_id: '7', event_time: 1n, whole: 1n, zip: '007', part: 1, flag: true, mixed: '1', empty: null },
      { user_id: 'u"2', event_time: 2n, whole: -3n, zip: '12', part: 2.5, flag: null, mixed: 'x', empty: null },
    ]);
  });

  it('take times as RFC 3339 or milliseconds, and keys as text or whole numbers', async () => {
    const path = await written(
      'times.jsonl',
      [
        '{"user_id":"u1","event_time":"2026-02-28T14:45:00.250+01:00"}',
        '{"user_id":42,"event_time":1700000000000}',
        '{"user_id":null,"event_time":"1700000000001"}',
        '',
        '{"user_id":"u1","event_time":1700000000002.75}',
      ].join('\n'),
    );
    const labels = await read(path);
    expect(keysOf(labels)).toEqual(['u1', '42', null, 'u1']);
    expect([...labels.labels.atMs]).toEqual([
      Date.UTC(2026, 1, 28, 13, 45, 0, 250),
      1_700_000_000_000,
      1_700_000_000_001,
      1_700_000_000_002,
    ]);
  });

  it('take a key that nothing can be stored under for one that is not known', async () => {
    const path = await written(
      'keys.jsonl',
      `{"user_id":"${'x'.repeat(5_000)}","event_time":1}\n{"user_id":"","event_time":1}`,
    );
    expect(keysOf(await read(path))).toEqual([null, null]);
  });

  it('refuse a line without end', async () => {
    const path = await written('endless.jsonl', `{"user_id":"${'x'.repeat(2_000_000)}`);
    await expect(read(path)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/line 1: .*1048576/),
    });
  });
});

describe('Parquet files', () => {
  it('count times in the unit that they say, before 1970 too', async () => {
    const units = { MILLIS: 1n, MICROS: 1_000n, NANOS: 1_000_000n } as const;
    for (const unit of ['MILLIS', 'MICROS', 'NANOS'] as const) {
      const path = join(scratch, `${unit}.parquet`);
      const time = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit } as const;
      const columns = [
        fileColumn('user_id', { kind: 'text' }),
        { name: 'event_time', elements: [{ name: 'event_time', type: 'INT64', logical_type: time } as const] },
      ];
      const output = new ParquetOutput(path, columns);
      await output.write([
        ['u1', 'u2'],
        [1_700_000_000_123n * units[unit], -5n * units[unit]],
      ]);
      await output.finish();
      expect([...(await read(path)).labels.atMs]).toEqual([1_700_000_000_123, -5]);
    }
  });

  it('keep the sign of a zero', async () => {
    const path = join(scratch, 'zero.parquet');
    const output = new ParquetOutput(path, [
      fileColumn('x', { kind: 'float32' }),
      fileColumn('l', { kind: 'list', of: 'float32' }),
    ]);
    await output.write([
      [0, -0, 0, -0],
      [[0, -0], [-0], [0], []],
    ]);
    await output.finish();
    const file = await openLabels(path);
    for await (const slice of file.slices(['x', 'l'])) {
      expect(slice.column('x')).toEqual([0, -0, 0, -0]);
      expect(slice.column('l')).toEqual([[0, -0], [-0], [0], []]);
    }
    await file.close();
  });
});

describe('request inputs among labels', () => {
  const input = (datatype: DataType, rowBytes: number): PlannedInput => {
    return { name: 'x', datatype, shape: [1], rowBytes, refuseNonFinite: true, entityName: null };
  };
  const packed = (datatype: DataType, rowBytes: number, value: unknown) => {
    const column = inputColumn(input(datatype, rowBytes));
    column.push(value, 'row 3 of the labels');
    return Buffer.from(column.tensors()(0)).toString('hex');
  };

  it.each([
    ['FP32', 4, '1.5', '0000c03f'],
    ['FP64', 8, 1, '000000000000f03f'],
    ['INT32', 4, -2n, 'feffffff'],
    ['INT64', 8, '9223372036854775807', 'ffffffffffffff7f'],
    ['UINT8', 1, 255, 'ff'],
    ['BOOL', 1, 'true', '01'],
    ['BYTES', 0, 'ü', '02000000c3bc'],
  ] as const)('of type %s are packed as a request carries them', (datatype, rowBytes, value, hex) => {
    expect(packed(datatype, rowBytes, value)).toBe(hex);
  });

  it.each([
    ['FP32', 4, Number.NaN],
    ['FP32', 4, 1e39],
    ['FP32', 4, null],
    ['FP32', 4, 'much'],
    ['INT32', 4, 2 ** 31],
    ['INT32', 4, 1.5],
    ['UINT8', 1, -1],
    ['BOOL', 1, 2],
    ['BYTES', 0, null],
    ['FP32', 4, [1, 2]],
  ] as const)('of type %s, %i bytes, are refused where they do not fit: %s', (datatype, rowBytes, value) => {
    expect(() => packed(datatype, rowBytes, value)).toThrow(/row 3 of the labels: 'x' must be/);
  });
});
