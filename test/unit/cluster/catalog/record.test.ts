import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeRecord,
  isNull,
  matchesSchema,
  packValues,
  readValue,
  recordEventMs,
  recordLength,
  recordSchemaHash,
  recordSeq,
} from '../../../../cluster/catalog/record.ts';
import { bool, entity, float32, int64, view } from '../../../../cluster/catalog/views.ts';
import { ServingError } from '../../../../proto/errors.ts';
import { anyRow, anyView, readBack, shared } from '../../../support/arbitrary-views.ts';

const user = entity({ name: 'user', key: 'user_id' });
const profile = view({ name: 'profile', entity: user, features: { age: int64(), score: float32(), vip: bool() } });
const pack = (row: Record<string, unknown>) => packValues(profile, row, ['user_id', 'event_time']);

function refusal(row: Record<string, unknown>): string {
  try {
    pack(row);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ServingError);
    expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
    return (thrown as ServingError).message;
  }
  throw new Error(`accepted ${JSON.stringify(row)}`);
}

describe('a record', () => {
  it('gives back the row, its time and its sequence, whatever the view', () => {
    const anyCase = anyView('v', user).chain((one) =>
      fc.record({
        one: fc.constant(one),
        row: anyRow(one),
        eventMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
        seq: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      }),
    );
    fc.assert(
      fc.property(anyCase, ({ one, row, eventMs, seq }) => {
        const values = packValues(one, row, []);
        expect(values.byteLength).toBe(one.bitmapBytes + one.valuesBytes);
        const stored = encodeRecord(one, eventMs, seq, values);
        expect(stored.byteLength).toBe(recordLength(one));
        const record = shared(stored);
        expect(matchesSchema(one, record)).toBe(true);
        expect([recordEventMs(record), recordSeq(record), recordSchemaHash(record)]).toEqual([
          eventMs,
          seq,
          one.schemaHash,
        ]);
        for (const feature of one.features) {
          expect(readValue(one, feature, record)).toEqual(readBack(feature, row[feature.name]!));
          expect(isNull(record, feature.index)).toBe(row[feature.name] === null);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stands in the file as its format says', () => {
    const record = encodeRecord(profile, 1_700_000_000_000, 7, pack({ age: 1, vip: true }));
    const expected = Buffer.alloc(24 + 8 + 13);
    expected.writeUInt32LE(profile.schemaHash, 0);
    expected.writeDoubleLE(1_700_000_000_000, 4);
    expected.writeDoubleLE(7, 12);
    expected[24] = 0b010;
    expected.writeBigInt64LE(1n, 32);
    expected[44] = 1;
    expect(Buffer.from(record).toString('hex')).toBe(expected.toString('hex'));
  });

  it('does not match a view that would read its bytes otherwise, nor when it is cut or padded', () => {
    const record = encodeRecord(profile, 0, 1, pack({ age: 1 }));
    const renamed = view({
      name: 'profile',
      entity: user,
      features: { years: int64(), score: float32(), vip: bool() },
    });
    expect(matchesSchema(profile, shared(record))).toBe(true);
    expect(matchesSchema(renamed, shared(record))).toBe(false);
    expect(matchesSchema(profile, shared(record.subarray(0, -1)))).toBe(false);
    expect(matchesSchema(profile, shared(Uint8Array.from([...record, 0])))).toBe(false);
  });
});

describe('packing a row', () => {
  it('takes fields left out as null, and leaves key and time aside', () => {
    const record = shared(encodeRecord(profile, 0, 1, pack({ user_id: 'u1', event_time: 5, score: 2, vip: null })));
    expect(profile.features.map((feature) => readValue(profile, feature, record))).toEqual([null, 2, null]);
  });

  it('is the same for the same row, so that replicas agree byte by byte', () => {
    expect(pack({ vip: false, age: null })).toEqual(pack({ age: undefined, vip: false }));
    expect([...pack({})]).toEqual([0b111, ...new Array<number>(7 + 13).fill(0)]);
  });

  it('reads 64-bit numbers as numbers, bigints or text, to the last digit', () => {
    const age = (value: unknown) =>
      readValue(profile, profile.features[0]!, shared(encodeRecord(profile, 0, 0, pack({ age: value }))));
    expect(age('9223372036854775807')).toBe(2n ** 63n - 1n);
    expect(age('-9223372036854775808')).toBe(-(2n ** 63n));
    expect(age(-(2n ** 63n))).toBe(-(2n ** 63n));
    expect(age(Number.MAX_SAFE_INTEGER)).toBe(2n ** 53n - 1n);
    expect(age(-0)).toBe(0n);
  });

  it('refuses wrong types and numbers out of range, naming the field and what it got', () => {
    for (const value of [1.5, 2 ** 53, '1.0', '', ' 1', '0x10', '9223372036854775808', 2n ** 63n, true, [], {}]) {
      expect(refusal({ age: value })).toContain("'profile.age' must be a whole number (as text beyond 2^53), got ");
    }
    for (const value of ['1', false, 1n, {}]) {
      expect(refusal({ score: value })).toContain("'profile.score' must be a number, got ");
    }
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e39, -3.5e38]) {
      expect(refusal({ score: value })).toContain(`'profile.score' must be a finite 32-bit float, got number ${value}`);
    }
    for (const value of [0, 1, 'true', []])
      expect(refusal({ vip: value })).toContain("'profile.vip' must be true or false");
    expect(refusal({ vip: 'x'.repeat(9_999) }).length).toBeLessThan(200);
  });

  it('refuses fields that the view does not have, also those that every object seems to have', () => {
    expect(refusal({ agee: 1 })).toBe('view \'profile\' has no feature "agee"; it has age, score, vip');
    expect(refusal(JSON.parse('{"__proto__": {"age": 1}}'))).toContain('has no feature "__proto__"');
    expect(refusal(JSON.parse('{"constructor": 1}'))).toContain('has no feature "constructor"');
  });

  it('does not take values from the prototype of a row', () => {
    const row = Object.create({ age: 5 }) as Record<string, unknown>;
    expect([...pack(row)]).toEqual([...pack({})]);
  });

  it('shows a value whose own fields would break its text', () => {
    expect(refusal(JSON.parse('{"age": {"toString": 1}}'))).toContain('got an object');
    expect(refusal({ score: Object.create(null) })).toContain('got an object');
    expect(refusal(JSON.parse(`{"vip": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`))).toContain('got a list');
  });
});
