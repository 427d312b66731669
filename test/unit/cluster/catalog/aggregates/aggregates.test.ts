/** Windowed aggregations against an oracle that keeps every event. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AggregateEvent, applyEvent } from '../../../../../cluster/catalog/aggregates/apply.ts';
import type {
  AggregateOp,
  AggregationDefinition,
  AggregationFeature,
} from '../../../../../cluster/catalog/aggregates/definition.ts';
import { evaluate, evaluateEmpty, evaluateList } from '../../../../../cluster/catalog/aggregates/evaluate.ts';
import { type AggregationPlan, compileAggregation } from '../../../../../cluster/catalog/aggregates/plan.ts';
import { newestMs } from '../../../../../cluster/catalog/aggregates/state.ts';
import { Oracle } from './oracle.ts';

const FIELDS = [
  { name: 'amount', kind: 'number' },
  { name: 'merchant', kind: 'hash' },
  { name: 'fee', kind: 'number' },
] as const;

const anyFeature = (bucketMs: number): fc.Arbitrary<AggregationFeature> => {
  const windowMs = fc.integer({ min: 1, max: 12 }).map((buckets) => buckets * bucketMs);
  const feature = (op: fc.Arbitrary<AggregateOp>, field: fc.Arbitrary<string | null>) =>
    fc.record({ op, field, windowMs });
  return fc.oneof(
    feature(fc.constantFrom('count', 'since_last'), fc.constant(null)),
    feature(fc.constantFrom('sum', 'mean', 'min', 'max'), fc.constantFrom('amount', 'fee')),
    feature(fc.constantFrom('last', 'distinct'), fc.constantFrom('amount', 'merchant', 'fee')),
  );
};

const anyDefinition: fc.Arbitrary<AggregationDefinition> = fc
  .tuple(fc.constantFrom(1, 7, 1_000, 60_000), fc.integer({ min: 0, max: 40 }), fc.constantFrom(1, 3, 5, 1_024))
  .chain(([bucketMs, lateness, idsMax]) =>
    fc.array(anyFeature(bucketMs), { minLength: 1, maxLength: 10 }).map((features) => ({
      bucketMs,
      allowedLatenessMs: Math.floor((lateness * bucketMs) / 8),
      idsMax,
      fields: FIELDS,
      features,
    })),
  );

/** Quarters, so that sums are exact in every order. */
const anyNumber = fc.option(
  fc.integer({ min: -40, max: 40 }).map((quarters) => quarters / 4),
  { freq: 4 },
);
const anyHash = fc.option(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1)), { freq: 4 });

/** Steps in time: mostly within a few buckets, at their very edges, now and then far on or back. */
const anyStep = fc.tuple(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -3, max: 4 }) },
    { weight: 1, arbitrary: fc.constantFrom(-30, 30, 2 ** 31, 2 ** 32) },
  ),
  fc.constantFrom(-1, 0, 0, 1, 0.5),
);

/** Events as steps; `times` gives them their place under a bucket width. */
const anyHistory = fc.array(
  fc.record({ step: anyStep, id: fc.integer({ min: 0, max: 9 }), values: fc.tuple(anyNumber, anyHash, anyNumber) }),
  { maxLength: 60 },
);
type Step = { step: [number, number]; id: number; values: (number | null)[] };

function eventsOf(bucketMs: number, startMs: number, history: readonly Step[]): AggregateEvent[] {
  let bucket = Math.floor(startMs / bucketMs);
  return history.map(({ step: [buckets, edge], id, values }) => {
    // A far step is taken once and then gone from: the rest of the history happens there.
    bucket += buckets;
    // Two halves, of which either may be 0; 0 has no id.
    return {
      eventMs: bucket * bucketMs + (bucketMs === 1 ? 0 : edge),
      idA: id < 5 ? 0 : id,
      idB: id < 5 ? id : 0,
      values,
    };
  });
}

function take(plan: AggregationPlan, events: readonly AggregateEvent[]): Uint8Array | null {
  let state: Uint8Array | null = null;
  for (const event of events) state = applyEvent(plan, state, event).state;
  return state;
}

const anyStart = fc.constantFrom(0, -100_000, 1_700_000_000_000);

describe('windowed aggregations', () => {
  it('are what an oracle makes of the same events, at any time', () => {
    fc.assert(
      fc.property(anyDefinition, anyStart, anyHistory, (definition, startMs, history) => {
        const plan = compileAggregation(definition);
        const oracle = new Oracle(definition);
        let state: Uint8Array | null = null;
        for (const event of eventsOf(definition.bucketMs, startMs, history)) {
          const before: Uint8Array | null = state?.slice() ?? null;
          const { outcome, state: after } = applyEvent(plan, state, event);
          expect(outcome).toBe(oracle.apply(event));
          if (outcome !== 'applied') expect(after).toBe(state);
          expect(state).toEqual(before);
          state = after;
          expect(state!.byteLength).toBeLessThanOrEqual(plan.stateBytesMax);
          const at = event.eventMs;
          for (const ahead of [-definition.bucketMs, -1, 0, 1, definition.bucketMs, 6 * definition.bucketMs]) {
            expect(evaluateList(plan, state, at + ahead)).toEqual(oracle.evaluate(at + ahead));
          }
          const newest = newestMs(state!);
          expect(evaluateList(plan, state, newest)).toEqual(oracle.evaluate(newest));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are the same bytes for the same events, wherever the bytes lie and whoever applies them', () => {
    fc.assert(
      fc.property(anyDefinition, anyStart, anyHistory, fc.nat(13), (definition, startMs, history, offset) => {
        const events = eventsOf(definition.bucketMs, startMs, history);
        const one = take(compileAggregation(definition), events);
        const plan = compileAggregation(definition);
        let other: Uint8Array | null = null;
        for (const event of events) {
          // What was stored comes back within a larger buffer that holds other things too.
          const shared: Uint8Array = new Uint8Array(2_000 + (other?.length ?? 0)).fill(0xa5);
          if (other !== null) shared.set(other, offset);
          const stored: Uint8Array | null = other === null ? null : shared.subarray(offset, offset + other.length);
          const { outcome, state } = applyEvent(plan, stored, event, offset);
          if (outcome === 'applied') {
            expect(state!.subarray(0, offset)).toEqual(new Uint8Array(offset));
            other = state!.subarray(offset);
          }
          const out = new Float64Array(plan.featureCount);
          shared.set(other!, offset);
          evaluate(plan, new DataView(shared.buffer), offset, other!.length, event.eventMs, out);
          const values = Array.from(out, (value) => (Number.isNaN(value) ? null : value));
          expect(values).toEqual(evaluateList(plan, other, event.eventMs));
        }
        expect(other).toEqual(one);
      }),
      { numRuns: 100 },
    );
  });

  it('of an entity without events are 0 for count, sum and distinct, and null for the rest', () => {
    const ops: AggregateOp[] = ['count', 'since_last', 'sum', 'mean', 'min', 'max', 'last', 'distinct'];
    const features = ops.map((op, i) => ({ op, field: i < 2 ? null : 'amount', windowMs: 10 }));
    const plan = compileAggregation({ bucketMs: 10, allowedLatenessMs: 0, fields: FIELDS, features });
    const wanted = [0, null, 0, null, null, null, null, 0];
    expect(evaluateList(plan, null, 5)).toEqual(wanted);
    const out = new Float64Array(8).fill(7);
    evaluateEmpty(plan, out);
    expect([...out]).toEqual(wanted.map((value) => value ?? Number.NaN));
    // An event long gone, or one of the future, is as good as none.
    const state = take(plan, [{ eventMs: 1_000, idA: 0, idB: 0, values: [1, 1, 1] }]);
    for (const tMs of [0, 999, 1_010, 8.64e15, -8.64e15]) expect(evaluateList(plan, state, tMs)).toEqual(wanted);
    expect(evaluateList(plan, state, 1_000)).toEqual([1, 0, 1, 1, 1, 1, 1, 1]);
    // 2^32 buckets later the stored low bits are the same.
    expect(evaluateList(plan, state, 1_000 + 10 * 2 ** 32)).toEqual(wanted);
  });
});
