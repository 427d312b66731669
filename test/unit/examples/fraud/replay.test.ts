import { describe, expect, it } from 'vitest';
import { modelRow } from '../../../../examples/fraud/model-columns.ts';
import { DAY_MS } from '../../../../examples/fraud/payment.ts';
import type { MerchantRow, UserRow } from '../../../../examples/fraud/profile.ts';
import { type ReplayOptions, type RowPush, replayPlan } from '../../../../examples/fraud/replay.ts';
import { paymentStream } from '../../../../examples/fraud/stream.ts';
import { trainingRows } from '../../../../examples/fraud/training-rows.ts';

const endMs = Date.UTC(2026, 6, 9, 13, 7, 11);
const options: ReplayOptions = { seed: 3, users: 120, merchants: 40, warmDays: 14, liveDays: 3, endMs };
const startMs = endMs - 17 * DAY_MS;
const liveRows = [...trainingRows(paymentStream({ seed: 3, users: 120, merchants: 40, startMs, days: 17 }))].filter(
  (row) => row.payment.ts_ms >= startMs + 14 * DAY_MS,
);

/** Pushes kept as the cluster would: the newest row of each key. */
class Store {
  readonly users = new Map<string, UserRow>();
  readonly merchants = new Map<string, MerchantRow>();

  push(pushes: readonly RowPush[]): void {
    for (const push of pushes) {
      if (push.view === 'user_profile') for (const row of push.rows) this.users.set(row.user_id, row);
      else for (const row of push.rows) this.merchants.set(row.merchant_id, row);
    }
  }
}

describe('replayPlan', () => {
  it.each([5_000, 60])(
    'serves the very rows of training when pushed and asked in turn (at most %i requests)',
    (requestsMax) => {
      const plan = replayPlan({ ...options, requestsMax });
      const expected = liveRows.slice(-requestsMax);
      expect(plan.steps.length).toBe(expected.length);
      const store = new Store();
      store.push(plan.initial);
      plan.steps.forEach((step, i) => {
        const { user_id: userId, inputs } = step.request;
        const { payment, input } = expected[i]!;
        expect([step.payment_id, step.is_fraud, step.ts_ms]).toEqual([
          payment.payment_id,
          payment.is_fraud,
          payment.ts_ms,
        ]);
        const served = modelRow(store.users.get(userId), store.merchants.get(inputs.merchant_id), inputs, step.ts_ms);
        expect(served).toEqual(input);
        expect(new Set(step.updates.map((push) => push.view)).size).toBe(step.updates.length);
        store.push(step.updates);
      });
    },
  );

  it('never dates a row after the end, nor a step’s rows before the step', () => {
    const plan = replayPlan(options);
    for (const push of plan.initial) {
      for (const row of push.rows) expect(row.event_time).toBeLessThan(plan.steps[0]!.ts_ms);
    }
    for (const step of plan.steps) {
      expect(step.updates.length).toBeGreaterThan(0);
      for (const push of step.updates) {
        for (const row of push.rows) {
          expect(row.event_time).toBeGreaterThanOrEqual(step.ts_ms);
          expect(row.event_time).toBeLessThanOrEqual(endMs + 1000);
        }
      }
    }
  });

  it('is thousands of requests by default, with fraud among them', () => {
    const { steps, initial } = replayPlan({ endMs });
    expect(steps.length).toBeGreaterThan(1_000);
    expect(steps.length).toBeLessThanOrEqual(5_000);
    expect(steps.some((step) => step.is_fraud)).toBe(true);
    expect(initial.map((push) => [push.view, push.rows.length > 50])).toEqual([
      ['user_profile', true],
      ['merchant_profile', true],
    ]);
  });

  it('refuses options out of range', () => {
    expect(() => replayPlan({ users: 0, endMs })).toThrow('users is 0; it must be a whole number from 1 to 100000');
    expect(() => replayPlan({ liveDays: 1.5, endMs })).toThrow(/liveDays is 1\.5/);
    expect(() => replayPlan({ endMs: Date.UTC(2020, 0, 5) })).toThrow(/after 2020-01-01/);
    expect(() => replayPlan({ endMs: Number.NaN })).toThrow(/after 2020-01-01/);
  });
});
