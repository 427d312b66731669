import { describe, expect, it } from 'vitest';
import { isRowLines, parseAsOf, parseRowLines, rowLinesReply } from '../../../../actors/edge/row-lines.ts';

const parse = (text: string, asOfMs?: number) => parseRowLines(Buffer.from(text), asOfMs);

describe('a body of JSON lines', () => {
  it('holds a row a line, and refuses by itself whatever is none', () => {
    const { rows, refusals } = parse(
      '{"user_id":"u1","n":9223372036854775807}\n[1]\n\n{"user_id":\n{"user_id":"é"}\r\n',
    );
    expect(rows).toEqual([{ user_id: 'u1', n: 9223372036854775807n }, { user_id: 'é' }]);
    expect(refusals.map((refusal) => refusal !== null)).toEqual([false, true, true, true, false]);
  });

  it('lets no line reach into another: a quote, a bracket or a depth that is left open ends with it', () => {
    const { rows, refusals } = parse(
      '{"a":"\n{"user_id":"u1","n":9223372036854775807}\n[{"user_id":"u2"}\n]\n}}}}\n{"b":1},{"c":2}',
    );
    expect(rows).toEqual([{ user_id: 'u1', n: 9223372036854775807n }]);
    expect(refusals).toHaveLength(6);
  });

  it('takes no row for a refusal, whatever it looks like', () => {
    const { rows, refusals } = parse('{"error":{"code":"INTERNAL","message":"x"}}');
    expect(rows).toHaveLength(1);
    expect(refusals).toEqual([null]);
  });

  it('gives rows without a time the one that is asked for', () => {
    expect(parse('{"k":1}\n{"k":2,"event_time":null}\n{"k":3,"event_time":5}', 1_000).rows).toEqual([
      { k: 1, event_time: 1_000 },
      { k: 2, event_time: 1_000 },
      { k: 3, event_time: 5 },
    ]);
    expect(parseAsOf({ as_of: '1760000000000' })).toBe(1_760_000_000_000);
    expect(parseAsOf({})).toBeUndefined();
    for (const wrong of ['', '-1', 'now', '1e3', ['1', '2']])
      expect(() => parseAsOf({ as_of: wrong })).toThrow(/as_of/);
  });

  it('has 1 to 10,000 lines', () => {
    expect(parse('{}\n'.repeat(10_000)).rows).toHaveLength(10_000);
    expect(() => parse('{}\n'.repeat(10_001))).toThrow(/10000/);
    expect(() => parse('')).toThrow(/empty/);
  });

  it('is known by its Content-Type', () => {
    expect(isRowLines('application/x-ndjson')).toBe(true);
    expect(isRowLines('Application/JSONL; charset=utf-8')).toBe(true);
    expect(isRowLines('application/json')).toBe(false);
    expect(isRowLines(undefined)).toBe(false);
  });
});

describe('the answer', () => {
  it('names refused rows by their line, and the highest sequence of each partition', () => {
    const request = parse('{"a":1}\n[]\n{"a":2}\n{"a":3}\n{"a":4}');
    const shared = { partition: 3, seq: 9 };
    const error = { code: 'INVALID_ARGUMENT', message: 'no' };
    const { status, body } = rowLinesReply(request, [
      shared,
      { error },
      { partition: 3, seq: 7 },
      { partition: 5, seq: 8 },
    ]);
    expect(status).toBe(200);
    const answer = JSON.parse(body);
    expect(answer).toMatchObject({ accepted: 3, rejected: 2, sequences: { 3: 9, 5: 8 } });
    expect(answer.refused.map(({ row }: { row: number }) => row)).toEqual([1, 2]);
    expect(answer.refused[1].error).toEqual(error);
  });

  it('names every partition that an event of several entities went to', () => {
    const { body } = rowLinesReply(parse('{"a":1}\n{"a":2}'), [
      { partition: 3, seq: 9, also: [{ partition: 256, seq: 10 }] },
      { partition: 5, seq: 11, also: [{ partition: 256, seq: 12 }] },
    ]);
    expect(JSON.parse(body).sequences).toEqual({ 3: 9, 5: 11, 256: 12 });
  });

  it('counts every row that shares a refusal', () => {
    const failed = { error: { code: 'UNAVAILABLE', message: 'log' } };
    const { status, body } = rowLinesReply(parse('{"a":1}\n{"a":2}'), [failed, failed]);
    expect([status, JSON.parse(body).rejected]).toEqual([503, 2]);
  });
});
