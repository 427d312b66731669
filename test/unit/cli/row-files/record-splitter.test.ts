import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordSplitter, type TextRecord } from '../../../../cli/row-files/record-splitter.ts';

const COMMA = 0x2c;
const START = { offset: 0, number: 1 };

function split(text: string | Buffer, pieces: readonly number[], delimiter: number | null, recordBytesMax = 1_000) {
  const splitter = new RecordSplitter(START, { delimiter, recordBytesMax });
  const bytes = Buffer.from(text as string);
  const records: TextRecord[] = [];
  let at = 0;
  for (let i = 0; at < bytes.byteLength; i++) {
    const length = pieces.length === 0 ? bytes.byteLength : pieces[i % pieces.length]!;
    records.push(...splitter.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return [...records, ...splitter.end()];
}

const texts = (records: readonly TextRecord[]) => records.map(({ bytes }) => bytes.toString('utf8'));
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });

describe('lines', () => {
  it('end at a newline, with or without a carriage return, and the last one at the end', () => {
    expect(texts(split('a\nb\r\n\nc', [], null))).toEqual(['a', 'b', '', 'c']);
    expect(texts(split('a\n', [], null))).toEqual(['a']);
    expect(split('', [], null)).toEqual([]);
  });

  it('are the same however the bytes arrive, and say where reading may go on', () => {
    const content = fc.array(fc.constantFrom('a', 'é', '"', '\n', '\r\n', ',', 'xyz'), { maxLength: 60 });
    fc.assert(
      fc.property(content, cuts, fc.constantFrom(COMMA, null), (parts, pieces, delimiter) => {
        const text = parts.join('');
        const whole = split(text, [], delimiter);
        expect(split(text, pieces, delimiter)).toEqual(whole);
        for (const [i, { after }] of whole.entries()) {
          const rest = new RecordSplitter(after, { delimiter, recordBytesMax: 1_000 });
          const tail = [...rest.push(Buffer.from(text).subarray(after.offset)), ...rest.end()];
          expect(tail).toEqual(whole.slice(i + 1));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('that are longer than allowed are refused once, and what follows them is read', () => {
    const records = split(`ok\n${'x'.repeat(5_000)}\nnext\n`, [64], null, 100);
    expect(records.map(({ number, problem }) => [number, problem])).toEqual([
      [1, null],
      [2, 'the row has 5000 bytes; at most 100 are allowed'],
      [3, null],
    ]);
    expect(records[1]!.bytes.byteLength).toBeLessThanOrEqual(1_024);
    expect(records[2]!.after.offset).toBe(3 + 5_001 + 5);
  });

  it('of a gigabyte take no more memory than is allowed', () => {
    const splitter = new RecordSplitter(START, { delimiter: COMMA, recordBytesMax: 1024 * 1024 });
    const chunk = Buffer.alloc(256 * 1024, 'x');
    const before = process.memoryUsage();
    for (let i = 0; i < 4_096; i++) expect(splitter.push(chunk)).toEqual([]);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(64 * 1024 * 1024);
    const [only] = splitter.push(Buffer.from('\n'));
    expect(only!.problem).toContain(String(4_096 * 256 * 1024));
  });
});

describe('CSV records', () => {
  it('hold newlines, delimiters and quotes within quotes, and count the lines that they span', () => {
    const records = split('a,"x\ny",c\n"say ""hi"",\n",2\nlast,""\n', [], COMMA);
    expect(texts(records)).toEqual(['a,"x\ny",c', '"say ""hi"",\n",2', 'last,""']);
    expect(records.map(({ number }) => number)).toEqual([1, 3, 5]);
  });

  it('are cut as the parser of CSV cuts them', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é'), maxLength: 6 });
    const row = fc.array(cell, { minLength: 2, maxLength: 4 });
    const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), cuts, (rows, pieces) => {
        const text = rows.map((cells) => cells.map(quote).join(',')).join('\n');
        const records = texts(split(text, pieces, COMMA));
        const parsed = records.map((record) => parse(record, { record_delimiter: '\r\n' })[0] ?? ['']);
        expect(parsed).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });

  it('with a quote that is never closed lose their line alone', () => {
    const records = split('a,1\nb,"oops\nc,3\nd,4\n', [3], COMMA);
    expect(records.map(({ bytes, problem }) => [bytes.toString(), problem !== null])).toEqual([
      ['a,1', false],
      ['b,"oops', true],
      ['c,3', false],
      ['d,4', false],
    ]);
    const long = split(`b,"oops\n${'c,3\n'.repeat(400)}`, [50], COMMA, 100);
    expect(long).toHaveLength(401);
    expect(long.filter(({ problem }) => problem !== null).map(({ number }) => number)).toEqual([1]);
    expect(long.at(-1)!.after).toEqual({ offset: 8 + 1_600, number: 402 });
  });

  it('take a quote within a field for text', () => {
    expect(texts(split('5" pipe,1\n6" pipe,2\n', [], COMMA))).toEqual(['5" pipe,1', '6" pipe,2']);
  });
});
