import { describe, expect, it } from 'vitest';
import type { AggregationDefinition } from '../../../../../cluster/catalog/aggregates/definition.ts';
import { compileAggregation, describeAggregation } from '../../../../../cluster/catalog/aggregates/plan.ts';
import { ServingError } from '../../../../../proto/errors.ts';

const MINUTE = 60_000;
const base: AggregationDefinition = {
  bucketMs: MINUTE,
  allowedLatenessMs: MINUTE,
  fields: [
    { name: 'amount', kind: 'number' },
    { name: 'merchant', kind: 'hash' },
  ],
  features: [
    { op: 'count', field: null, windowMs: 60 * MINUTE },
    { op: 'sum', field: 'amount', windowMs: 60 * MINUTE },
    { op: 'max', field: 'amount', windowMs: 5 * MINUTE },
  ],
};

function refusal(changes: Record<string, unknown>): string {
  try {
    compileAggregation({ ...base, ...changes } as AggregationDefinition);
  } catch (error) {
    if (error instanceof ServingError && error.code === 'INVALID_ARGUMENT') return error.message;
    throw error;
  }
  return 'accepted';
}
const feature = (op: string, field: string | null, windowMs = MINUTE) => ({ features: [{ op, field, windowMs }] });

describe('an aggregation', () => {
  it('keeps in a bucket only what its features need', () => {
    expect(compileAggregation(base).bucketBytes).toBe(4 + 4 + 8 + 8);
    const bytes = (op: string, field: string | null = 'amount') =>
      compileAggregation({ ...base, ...feature(op, field) } as AggregationDefinition).bucketBytes - 4;
    expect(['sum', 'mean', 'min', 'max', 'last', 'distinct'].map((op) => bytes(op))).toEqual([8, 12, 8, 8, 16, 2]);
    expect([bytes('count', null), bytes('since_last', null)]).toEqual([4, 8]);
  });

  it('shares a cell between features of several windows, and between sum and mean', () => {
    const features = ['sum', 'mean', 'mean', 'sum'].map((op, i) => ({
      op,
      field: 'amount',
      windowMs: (i + 1) * MINUTE,
    }));
    expect(compileAggregation({ ...base, features } as AggregationDefinition).bucketBytes).toBe(4 + 8 + 4);
  });

  it('keeps buckets for the longest window and the lateness, in whole buckets', () => {
    expect(compileAggregation(base).spanBuckets).toBe(61);
    expect(compileAggregation({ ...base, allowedLatenessMs: MINUTE + 1 }).spanBuckets).toBe(62);
    expect(compileAggregation({ ...base, allowedLatenessMs: 0 }).spanBuckets).toBe(60);
  });

  it('is described differently wherever its stored bytes or values would differ', () => {
    const [count, sum, max] = base.features;
    const variants: Partial<AggregationDefinition>[] = [
      {},
      { bucketMs: MINUTE / 2 },
      { allowedLatenessMs: 0 },
      { idsMax: 7 },
      { fields: [...base.fields].reverse() },
      { fields: [base.fields[0]!, { name: 'merchant', kind: 'number' }] },
      { features: [count!, max!, sum!] },
      { features: [count!, sum!] },
      { features: [count!, sum!, { ...max!, windowMs: 6 * MINUTE }] },
      { features: [count!, sum!, { ...max!, op: 'min' }] },
    ];
    const texts = variants.map((change) => describeAggregation(compileAggregation({ ...base, ...change })));
    expect(new Set(texts).size).toBe(variants.length);
    expect(describeAggregation(compileAggregation({ ...base, idsMax: 1_024 }))).toBe(texts[0]);
  });

  it('is refused with what to change', () => {
    for (const bucketMs of [0, -1, 1.5, Number.NaN, 1e16, '60000']) {
      expect(refusal({ bucketMs })).toContain('bucketMs is');
    }
    for (const allowedLatenessMs of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(refusal({ allowedLatenessMs })).toContain('allowedLatenessMs is');
    }
    expect(refusal({ allowedLatenessMs: 4_096 * MINUTE })).toBe('accepted');
    expect(refusal({ allowedLatenessMs: 4_096 * MINUTE + 1 })).toContain('use wider buckets');
    for (const idsMax of [0, 65_537, 1.5]) expect(refusal({ idsMax })).toContain('idsMax is');
    expect(refusal({ fields: [base.fields[0], base.fields[0]] })).toBe('two fields are named "amount"');
    expect(refusal({ fields: [{ name: 'amount', kind: 'text' }] })).toContain('it must be number or hash');
    expect(refusal({ fields: new Array(257).fill(base.fields[0]) })).toContain('257 fields');
    expect(refusal({ features: [] })).toContain('0 aggregated features');
    expect(refusal({ features: new Array(4_097).fill(base.features[0]) })).toContain('4097 aggregated features');
  });

  it('is refused for features that it cannot have', () => {
    expect(refusal(feature('median', 'amount'))).toContain('there is no aggregation "median"; use one of count,');
    expect(refusal(feature('count', 'amount'))).toContain('leave its field "amount" out');
    expect(refusal(feature('since_last', 'amount'))).toContain('leave its field "amount" out');
    expect(refusal(feature('sum', null))).toBe('sum needs a field');
    expect(refusal(feature('sum', 'toString'))).toContain('which the stream does not have');
    for (const op of ['sum', 'mean', 'min', 'max']) {
      expect(refusal(feature(op, 'merchant'))).toContain('"merchant" is text; use last or distinct');
    }
    for (const op of ['last', 'distinct']) expect(refusal(feature(op, 'merchant'))).toBe('accepted');
    for (const windowMs of [0, MINUTE - 1, 1.5 * MINUTE, Number.NaN, -MINUTE]) {
      expect(refusal(feature('count', null, windowMs))).toContain('it must be a whole multiple of the bucket');
    }
    expect(refusal(feature('count', null, 1_500 * MINUTE))).toBe('accepted');
    expect(refusal(feature('count', null, 1_501 * MINUTE))).toContain('at most 1500 are allowed: use wider buckets');
  });

  it('is refused where a state could grow too large to be copied for every event', () => {
    const fields = ['a', 'b', 'c'].map((name) => ({ name, kind: 'hash' }));
    const features = fields.map(({ name }) => ({ op: 'distinct', field: name, windowMs: 1_440 * MINUTE }));
    expect(refusal({ fields, features })).toContain("an entity's state could grow to");
    expect(refusal({ fields, features: features.slice(1) })).toBe('accepted');
  });
});
