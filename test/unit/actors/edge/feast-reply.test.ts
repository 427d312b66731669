/** The texts of Feast's answers: values as they are stored, in the types that its SDK takes from the text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOnlineRequest } from '../../../../actors/edge/feast-read.ts';
import { onlineReplyJson } from '../../../../actors/edge/feast-reply.ts';
import { parseJsonObject } from '../../../../actors/edge/json-text.ts';
import type { FeatureReadRow, FeatureValue } from '../../../../actors/router/gateway-port.ts';
import { defineApp, entity, float32, view } from '../../../../cluster/catalog/views.ts';
import { anyFloat32, anyInt64 } from '../../../support/arbitrary-views.ts';

const app = defineApp({
  views: [view({ name: 'v', entity: entity({ name: 'user', key: 'id' }), features: { f: float32() } })],
});
const catalog = { views: () => app.views, modelFeatures: () => [] };

function row(value: FeatureValue, changes: Partial<FeatureReadRow> = {}): FeatureReadRow {
  const asOf = { partition: 0, applied_seq: 1, everywhere_seq: null, as_of_ms: 0 };
  const rest = { ...asOf, age_ms: 0, event_time_ms: 0, defaulted: [], expired: [] };
  return { key: 'a', found: true, values: { f: value }, ...rest, ...changes };
}

/** The answer to a question for one feature of as many keys as there are rows. */
function answer(rows: readonly FeatureReadRow[], keys: readonly unknown[] = rows.map((_, i) => `k${i}`)): string {
  const asked = parseOnlineRequest({ features: ['v:f'], entities: { id: keys } }, catalog);
  return onlineReplyJson(asked, [rows]);
}

type Column = { values: unknown[]; statuses: string[]; event_timestamps: string[] };
const columns = (text: string) => (JSON.parse(text) as { results: Column[] }).results;

/** The text of a number among the values of a one-row answer. */
const valueText = (text: string) => /"values":\[([^\]]*)\],"statuses":\["\w+"\],[^}]*\}\]\}$/.exec(text)![1]!;

describe('the answer', () => {
  it('holds any float exactly, in a text that no parser takes for a whole number', () => {
    fc.assert(
      fc.property(anyFloat32, (value) => {
        const text = valueText(answer([row(value)]));
        expect(text).toMatch(/[.e]/);
        expect(Object.is(Number(text), value)).toBe(true);
      }),
    );
  });

  it('holds any 64-bit whole number in all its digits', () => {
    fc.assert(
      fc.property(anyInt64, (value) => {
        expect(valueText(answer([row(value)]))).toBe(value.toString());
      }),
    );
  });

  it('holds a vector as a list of floats', () => {
    expect(answer([row([1, -0, 0.5])])).toContain('"values":[[1.0,-0.0,0.5]]');
  });

  it('is JSON whatever is stored, a damaged number or time included', () => {
    const rows = [
      row(Number.NaN, { event_time_ms: Number.NaN }),
      row(Number.NEGATIVE_INFINITY, { event_time_ms: 1e300 }),
      row('"text"\n', { event_time_ms: -1 }),
      row(true, { event_time_ms: 1_772_280_000_000.75 }),
    ];
    const [, column] = columns(answer(rows));
    expect(column!.values).toEqual(['NaN', '-Infinity', '"text"\n', true]);
    expect(column!.event_timestamps).toEqual([
      '1970-01-01T00:00:00Z',
      '1970-01-01T00:00:00Z',
      '1969-12-31T23:59:59.999Z',
      '2026-02-28T12:00:00Z',
    ]);
  });

  it('echoes keys as they were given, whatever characters and digits they have', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), fc.maxSafeInteger()), {
          minLength: 1,
        }),
        (keys) => {
          const rows = keys.map(() => row(1));
          expect(columns(answer(rows, keys))[0]!.values).toEqual(keys);
        },
      ),
    );
    const long = parseJsonObject(Buffer.from('{"id":[9223372036854775807]}'), 'it')['id'] as unknown[];
    expect(answer([row(1)], long)).toContain('"values":[9223372036854775807]');
  });

  it('never gives a value that was not found fresh, whatever stands in the row', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.option(fc.nat()), (found, isNull, age) => {
        const ageMs = found ? (age ?? 0) : age;
        const given = row(7.5, { found, age_ms: ageMs, defaulted: isNull || !found ? ['v.f'] : [] });
        const [, column] = columns(answer([given]));
        const status = found ? (isNull ? 'NULL_VALUE' : 'PRESENT') : ageMs === null ? 'NOT_FOUND' : 'OUTSIDE_MAX_AGE';
        expect(column).toMatchObject({ statuses: [status], values: [status === 'PRESENT' ? 7.5 : null] });
      }),
    );
  });
});
