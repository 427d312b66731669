/** The stored bytes themselves: they outlive releases, so a change of them must be seen and given another format. */
import { describe, expect, it } from 'vitest';
import { type AggregateEvent, applyEvent } from '../../../../../cluster/catalog/aggregates/apply.ts';
import type { AggregateOp } from '../../../../../cluster/catalog/aggregates/definition.ts';
import { evaluateList } from '../../../../../cluster/catalog/aggregates/evaluate.ts';
import {
  type AggregationPlan,
  compileAggregation,
  describeAggregation,
} from '../../../../../cluster/catalog/aggregates/plan.ts';
import { hashInteger } from '../../../../../cluster/hash.ts';

const FIELDS = [
  { name: 'merchant', kind: 'hash' },
  { name: 'amount', kind: 'number' },
] as const;
const OPS: readonly AggregateOp[] = ['distinct', 'last', 'max', 'min', 'mean', 'sum'];
const definition = {
  bucketMs: 10,
  allowedLatenessMs: 15,
  idsMax: 3,
  fields: FIELDS,
  features: [
    { op: 'since_last', field: null, windowMs: 20 },
    { op: 'count', field: null, windowMs: 20 },
    { op: 'distinct', field: 'merchant', windowMs: 20 },
    ...OPS.map((op) => ({ op, field: 'amount', windowMs: 10 })),
  ],
} as const;

const u16 = (value: number) => [...new Uint8Array(new Uint16Array([value]).buffer)];
const u32 = (...values: number[]) => [...new Uint8Array(new Uint32Array(values).buffer)];
const f64 = (...values: number[]) => [...new Uint8Array(new Float64Array(values).buffer)];

function take(plan: AggregationPlan, events: readonly AggregateEvent[]): Uint8Array {
  let state: Uint8Array | null = null;
  for (const event of events) state = applyEvent(plan, state, event).state;
  return state!;
}

describe('the state of an aggregation', () => {
  it('is laid out as its description says', () => {
    const state = take(compileAggregation(definition), [
      { eventMs: -3, idA: 0, idB: 0, values: [null, null] },
      { eventMs: 4, idA: 5, idB: 6, values: [70, null] },
      { eventMs: 4, idA: 1, idB: 2, values: [60, 2.5] },
      { eventMs: 3, idA: 9, idB: 9, values: [70, -1] },
    ]);
    const none = Number.NEGATIVE_INFINITY;
    const twoAndAHalf = take(
      compileAggregation({ ...definition, features: [{ op: 'distinct', field: 'amount', windowMs: 10 }] }),
      [2.5, -1].map((amount) => ({ eventMs: 0, idA: 0, idB: 0, values: [null, amount] })),
    ).slice(-8);
    expect([...state]).toEqual([
      ...f64(4, -11),
      ...u32(3, 2, 4),
      ...[...u32(9, 9), ...f64(3), ...u32(5, 6), ...f64(4), ...u32(1, 2), ...f64(4)],
      // Bucket −1: an event without values.
      ...[...u32(2 ** 32 - 1, 1), ...f64(-3), ...u16(0)],
      ...[...u32(0), ...f64(0, Number.POSITIVE_INFINITY, none, 0, none), ...u16(0)],
      // Bucket 0.
      ...[...u32(0, 3), ...f64(4), ...u16(2)],
      ...[...u32(2), ...f64(1.5, -1, 2.5, 2.5, 4), ...u16(2)],
      ...[...u32(60, 70), ...twoAndAHalf],
    ]);
  });

  it('is described in words that are stored with it', () => {
    expect(describeAggregation(compileAggregation({ ...definition, features: definition.features.slice(0, 3) }))).toBe(
      '["aggregation",1,256,10,15,3,[["merchant","hash"],["amount","number"]],' +
        '[["since_last",null,20],["count",null,20],["distinct","merchant",20]]]',
    );
  });

  it('can grow to the length that is named as the longest, and no further', () => {
    const plan = compileAggregation(definition);
    const lengths: number[] = [];
    let state: Uint8Array | null = null;
    for (let i = 0; i < 6 * 400; i++) {
      const hash = hashInteger(i, 1);
      // Ids only at the end: forgetting some would make the rest of their bucket late.
      const idA = i < 6 * 400 - 3 ? 0 : i;
      const event = { eventMs: Math.floor(i / 400) * 10 + (i % 10), idA, idB: 0, values: [hash, i] };
      const applied = applyEvent(plan, state, event);
      state = applied.state;
      lengths.push(state!.byteLength);
    }
    expect(Math.max(...lengths)).toBe(plan.stateBytesMax);
    expect(evaluateList(plan, state, 59)[1]).toBeGreaterThan(0);
  });
});
