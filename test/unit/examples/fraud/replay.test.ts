/** The demo's traffic gives a cluster, pushed and asked in turn, the very rows of training. */
import { describe, expect, it } from 'vitest';
import app from '../../../../examples/fraud/features.ts';
import { MemoryStore } from '../../../../examples/fraud/memory-store.ts';
import { MODEL_COLUMNS, servingPlan } from '../../../../examples/fraud/model-columns.ts';
import { DAY_MS } from '../../../../examples/fraud/payment.ts';
import { type ReplayOptions, type RowPush, replayPlan } from '../../../../examples/fraud/replay.ts';
import { paymentStream } from '../../../../examples/fraud/stream.ts';
import { trainingRows } from '../../../../examples/fraud/training-rows.ts';

const nowMs = Date.UTC(2026, 6, 9, 13, 7, 11);
const options: ReplayOptions = { seed: 3, users: 120, merchants: 40, warmDays: 10, nowMs };
const startMs = Date.UTC(2025, 0, 6);
const liveRows = [...trainingRows(paymentStream({ seed: 3, users: 120, merchants: 40, startMs, days: 24 }))].filter(
  (row) => row.payment.ts_ms >= startMs + 10 * DAY_MS,
);

function push(store: MemoryStore, pushes: readonly RowPush[], atMs: number): void {
  for (const { view, rows } of pushes) for (const row of rows) store.push(view, row, atMs);
}

describe('replayPlan', () => {
  it.each([
    [5_000, liveRows.length],
    [60, 60],
  ])('serves the very rows of training when pushed and asked in turn (at most %i requests)', (requestsMax, wanted) => {
    const plan = replayPlan({ ...options, requestsMax });
    expect(plan.steps.length).toBe(wanted);
    expect(wanted).toBeGreaterThan(50);
    const store = new MemoryStore(app, servingPlan());
    push(store, plan.initial, nowMs);
    let paidBefore = 0;
    plan.steps.forEach((step, i) => {
      const { payment, input } = liveRows[i]!;
      expect([step.payment_id, step.is_fraud]).toEqual([payment.payment_id, payment.is_fraud]);
      expect(step.ts_ms - payment.ts_ms).toBe(plan.steps[0]!.ts_ms - liveRows[0]!.payment.ts_ms);
      const { user_id: userId, inputs } = step.request;
      expect(store.modelInput(userId, inputs, step.ts_ms)).toEqual(input);
      paidBefore += input[MODEL_COLUMNS.findIndex((one) => Object.values(one)[0] === 'user_payments.count_24h')]!;
      expect(new Set(step.updates.map((one) => one.view)).size).toBe(step.updates.length);
      push(store, step.updates, step.ts_ms);
    });
    expect(paidBefore).toBeGreaterThan(20);
  });

  it('dates what comes first before the present, and leaves what follows to whoever takes it', () => {
    const plan = replayPlan({ ...options, requestsMax: 300 });
    expect(plan.initial.map(({ view, rows }) => [view, rows.length > 30])).toEqual([
      ['user_profile', true],
      ['merchant_profile', true],
      ['payments', true],
    ]);
    for (const { rows } of plan.initial) {
      for (const row of rows) expect(row.event_time).toBeLessThanOrEqual(nowMs);
    }
    for (const { updates } of plan.steps) {
      expect(updates[0]).toMatchObject({ view: 'payments', rows: [{ id: expect.stringMatching(/^3-p/) }] });
      for (const { rows } of updates) for (const row of rows) expect(row).not.toHaveProperty('event_time');
    }
  });

  it('is a thousand requests within three hours by default, with fraud among them, whatever the time is', () => {
    const { steps, initial } = replayPlan({ nowMs });
    expect(steps.length).toBe(1_000);
    expect(Math.abs(steps[0]!.ts_ms - nowMs)).toBeLessThan(2 * 60_000);
    expect(steps.at(-1)!.ts_ms - nowMs).toBeLessThan(180 * 60_000);
    expect(steps.filter((step) => step.is_fraud).length).toBeGreaterThan(5);
    expect(initial.map(({ rows }) => rows.length > 1_000)).toEqual([true, true, true]);
  });

  it('refuses options out of range', () => {
    expect(() => replayPlan({ users: 0, nowMs })).toThrow('users is 0; it must be a whole number from 1 to 100000');
    expect(() => replayPlan({ warmDays: 1.5, nowMs })).toThrow(/warmDays is 1\.5/);
    expect(() => replayPlan({ nowMs: DAY_MS })).toThrow(/after 2025-01-06/);
    expect(() => replayPlan({ nowMs: Number.NaN })).toThrow(/after 2025-01-06/);
  });
});
