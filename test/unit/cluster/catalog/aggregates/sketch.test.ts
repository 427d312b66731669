/** Counting different values: exact while few, close while many, the same however they are spread over buckets. */
import { describe, expect, it } from 'vitest';
import { type AggregateEvent, applyEvent } from '../../../../../cluster/catalog/aggregates/apply.ts';
import type { AggregationDefinition } from '../../../../../cluster/catalog/aggregates/definition.ts';
import { evaluateList } from '../../../../../cluster/catalog/aggregates/evaluate.ts';
import { compileAggregation } from '../../../../../cluster/catalog/aggregates/plan.ts';
import { SketchUnion } from '../../../../../cluster/catalog/aggregates/sketch.ts';
import { hashInteger } from '../../../../../cluster/hash.ts';
import { Oracle } from './oracle.ts';

const K = 256;

describe('a union of sketches', () => {
  it('is exact below 256 values, however often each comes', () => {
    const union = new SketchUnion();
    union.clear();
    for (let i = 1; i < K; i++) {
      for (let again = 0; again < 3; again++) union.add(hashInteger(i, 1));
      expect(union.estimate()).toBe(i);
    }
  });

  it('is within 5 standard errors from 256 values on, and over many seeds as good as theory says', () => {
    const union = new SketchUnion();
    for (const count of [K, K + 1, 2 * K - 1, 2 * K, 1_000, 20_000]) {
      let total = 0;
      let squares = 0;
      for (let seed = 1; seed <= 40; seed++) {
        union.clear();
        for (let i = 0; i < count; i++) union.add(hashInteger(i, seed));
        // A count is stored as a whole number.
        expect(Number.isInteger(union.estimate())).toBe(true);
        const error = union.estimate() / count - 1;
        expect(Math.abs(error)).toBeLessThan(5 / Math.sqrt(K - 2));
        total += error;
        squares += error ** 2;
      }
      expect(Math.abs(total / 40)).toBeLessThan(0.03);
      expect(Math.sqrt(squares / 40)).toBeLessThan(0.08);
    }
  });

  it('may be read at any time without losing its place', () => {
    const read = new SketchUnion();
    const unread = new SketchUnion();
    for (let round = 0; round < 2; round++) {
      read.clear();
      unread.clear();
      for (let i = 0; i < 3_000; i++) {
        // Every value twice, so that a hash forgotten in between would count double.
        for (const hash of [hashInteger(i, 9), hashInteger(i >> 1, 9)]) {
          read.add(hash);
          unread.add(hash);
        }
        if (i % 7 === 0) read.estimate();
      }
      expect(read.estimate()).toBe(unread.estimate());
    }
  });

  it('takes hashes at both ends of the range and hashes that share their low bits', () => {
    const union = new SketchUnion();
    union.clear();
    for (const hash of [0, 2 ** 32 - 1, 0, 2 ** 32 - 1]) union.add(hash);
    expect(union.estimate()).toBe(2);
    for (let i = 1; i <= 200; i++) union.add(i * 2 ** 20);
    expect(union.estimate()).toBe(202);
  });
});

describe('distinct', () => {
  it('is what the smallest 256 hashes of all events say, over several fields, buckets and windows', () => {
    const definition: AggregationDefinition = {
      bucketMs: 10,
      allowedLatenessMs: 25,
      fields: [
        { name: 'merchant', kind: 'hash' },
        { name: 'unused', kind: 'number' },
        { name: 'amount', kind: 'number' },
      ],
      features: [30, 10, 60].flatMap((windowMs): AggregationDefinition['features'] => [
        { op: 'distinct', field: 'merchant', windowMs },
        { op: 'distinct', field: 'amount', windowMs },
      ]),
    };
    const plan = compileAggregation(definition);
    const oracle = new Oracle(definition);
    let state: Uint8Array | null = null;
    let largest = 0;
    for (let i = 0; i < 4_000; i++) {
      // About 400 events a bucket, some of them late; amounts repeat.
      const eventMs = Math.floor(i / 40) + (hashInteger(i, 3) % 20) - 10;
      const event: AggregateEvent = {
        eventMs,
        idA: 0,
        idB: 0,
        values: [i % 11 === 0 ? null : hashInteger(i % 3_000, 5), 1, (hashInteger(i, 6) % 500) / 4 - 60],
      };
      const { outcome, state: next } = applyEvent(plan, state, event);
      expect(outcome).toBe(oracle.apply(event));
      state = next;
      if (i % 250 === 249) {
        for (const tMs of [eventMs - 15, eventMs, eventMs + 31]) {
          const values = evaluateList(plan, state, tMs);
          expect(values).toEqual(oracle.evaluate(tMs));
          largest = Math.max(largest, ...values.map(Number));
        }
      }
    }
    expect(largest).toBeGreaterThan(4 * K);
    expect(state!.byteLength).toBeLessThanOrEqual(plan.stateBytesMax);
  });
});
