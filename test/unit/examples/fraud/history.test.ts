/** Training rows know the past and nothing else, and are what a cluster would serve. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import app from '../../../../examples/fraud/features.ts';
import { Profiles, withOutcomes } from '../../../../examples/fraud/history.ts';
import { MemoryStore } from '../../../../examples/fraud/memory-store.ts';
import { MODEL_COLUMNS, servingPlan } from '../../../../examples/fraud/model-columns.ts';
import { DAY_MS, eventOf, HOUR_MS, MINUTE_MS, type Payment, requestOf } from '../../../../examples/fraud/payment.ts';
import { CHARGEBACK_DELAY_MS, EMPTY_USER, foldUser, USER_TTL_MS } from '../../../../examples/fraud/profile.ts';
import { paymentStream } from '../../../../examples/fraud/stream.ts';
import { trainingRows } from '../../../../examples/fraud/training-rows.ts';

const START_MS = Date.UTC(2025, 2, 3);
const streams = fc
  .integer()
  .map((seed) => [...paymentStream({ seed, users: 25, merchants: 8, startMs: START_MS, days: 20 })]);

/** A few people, merchants and a great share of fraud: every payment matters to many rows. */
const denseStreams = streams.map((payments) =>
  payments.map(
    (payment, i): Payment => ({ ...payment, is_fraud: i % 3 === 0, fraud_kind: i % 3 === 0 ? 'takeover' : null }),
  ),
);

describe('training rows', () => {
  it('do not change with anything that happens later, nor with outcomes that are not yet known', () => {
    fc.assert(
      fc.property(denseStreams, fc.double({ min: 0, max: 1, noNaN: true }), (payments, where) => {
        const cut = Math.floor(where * (payments.length - 1));
        const cutMs = payments[cut]!.ts_ms;
        const before = [...trainingRows(payments)].slice(0, cut + 1);
        // Another future: later payments gone, or others; and every outcome that is unknown at the cut turned round.
        const turned = payments.map((payment, i): Payment => {
          const isKnown = payment.ts_ms + CHARGEBACK_DELAY_MS <= cutMs;
          const changed = isKnown ? payment : { ...payment, is_fraud: !payment.is_fraud };
          return i <= cut ? changed : { ...changed, amount: changed.amount * 7, user_id: 'u1', country_mismatch: true };
        });
        const otherwise = [...trainingRows(turned)].slice(0, cut + 1);
        expect(otherwise.at(-1)!.input).toEqual(before.at(-1)!.input);
        expect([...trainingRows(payments.slice(0, cut + 1))].map((row) => row.input)).toEqual(
          before.map((row) => row.input),
        );
      }),
      { numRuns: 25 },
    );
  });

  it('do change with an outcome once it is 7 days old', () => {
    const payment = (id: number, atMs: number, isFraud: boolean): Payment => ({
      ...{ payment_id: `p${id}`, user_id: 'u1', merchant_id: 'm1', amount: 20, ts_ms: atMs, hour: 12 },
      ...{ country_mismatch: false, new_device: false, online: true },
      ...{ is_fraud: isFraud, fraud_kind: isFraud ? ('takeover' as const) : null },
    });
    const later = [START_MS + 7 * DAY_MS - 1, START_MS + 7 * DAY_MS];
    const rows = (isFraud: boolean) => [
      ...trainingRows([payment(1, START_MS, isFraud), payment(2, later[0]!, false), payment(3, later[1]!, false)]),
    ];
    const [fraud, honest] = [rows(true), rows(false)];
    expect(fraud[1]!.input).toEqual(honest[1]!.input);
    expect(fraud[2]!.user!.chargebacks_total).toBe(1);
    expect(fraud[2]!.merchant!.fraud_rate).toBeGreaterThan(honest[2]!.merchant!.fraud_rate);
  });

  it('count in windows exactly the payments before them, the payment itself never among them', () => {
    fc.assert(
      fc.property(denseStreams, (payments) => {
        const past: Payment[] = [];
        for (const { payment, input } of trainingRows(payments)) {
          const bucket = Math.floor(payment.ts_ms / MINUTE_MS);
          const within = (minutes: number, fits: (other: Payment) => boolean) =>
            past.filter((other) => fits(other) && bucket - Math.floor(other.ts_ms / MINUTE_MS) < minutes);
          const own = (minutes: number) => within(minutes, (other) => other.user_id === payment.user_id);
          const there = (minutes: number) => within(minutes, (other) => other.merchant_id === payment.merchant_id);
          const spend = (some: readonly Payment[]) => some.reduce((sum, one) => sum + Math.fround(one.amount), 0);
          const different = (some: readonly Payment[], of: 'user_id' | 'merchant_id') =>
            new Set(some.map((one) => one[of])).size;
          const sinceLast = (some: readonly Payment[]) =>
            some.length === 0 ? 86_400 : Math.fround((payment.ts_ms - some.at(-1)!.ts_ms) / 1_000);
          const small = (some: readonly Payment[]) => some.filter((one) => one.amount < 8).length;
          for (const [window, minutes] of [
            ['10m', 10],
            ['1h', 60],
            ['24h', 1440],
          ] as const) {
            expect(column(input, `user_payments.count_${window}`)).toBe(own(minutes).length);
            expect(column(input, `user_payments.spend_${window}`)).toBeCloseTo(spend(own(minutes)), 1);
          }
          expect(column(input, 'user_payments.small_1h')).toBe(small(own(60)));
          expect(column(input, 'user_payments.merchants_1h')).toBe(different(own(60), 'merchant_id'));
          expect(column(input, 'user_payments.merchants_24h')).toBe(different(own(1440), 'merchant_id'));
          expect(column(input, 'user_payments.since_last_s')).toBe(sinceLast(own(1440)));
          expect(column(input, 'merchant_payments.count_1h')).toBe(there(60).length);
          expect(column(input, 'merchant_payments.count_24h')).toBe(there(1440).length);
          expect(column(input, 'merchant_payments.small_1h')).toBe(small(there(60)));
          expect(column(input, 'merchant_payments.users_1h')).toBe(different(there(60), 'user_id'));
          expect(column(input, 'merchant_payments.since_last_s')).toBe(sinceLast(there(1440)));
          past.push(payment);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('fall back to the defaults one millisecond past the TTL, and not before', () => {
    const [payment] = paymentStream({ seed: 1, users: 5, startMs: START_MS, days: 3 });
    const { ts_ms: atMs, user_id: userId } = payment!;
    const profiles = new Profiles();
    profiles.apply({ kind: 'payment', atMs, payment: payment! });
    const store = new MemoryStore(app, servingPlan());
    store.push('user_profile', profiles.user(userId), atMs);
    const request = { merchant_id: 'nowhere', ...requestOf(payment!) };
    const at = (ageMs: number) => store.modelInput(userId, request, atMs + ageMs);
    expect(column(at(USER_TTL_MS), 'user_profile.payments_total')).toBe(1);
    expect(at(USER_TTL_MS + 1)).toEqual(store.modelInput('nobody', request, atMs));
  });

  it('count a payment once, however often its event is pushed', () => {
    const payments = [...paymentStream({ seed: 1, users: 5, startMs: START_MS, days: 3 })];
    const { user_id: userId } = payments[0]!;
    const once = new MemoryStore(app, servingPlan());
    const twice = new MemoryStore(app, servingPlan());
    for (const payment of payments) {
      once.push('payments', eventOf(payment), payment.ts_ms);
      twice.push('payments', eventOf(payment), payment.ts_ms);
      twice.push('payments', eventOf(payment), payment.ts_ms + HOUR_MS / 2);
    }
    const request = { merchant_id: payments.at(-1)!.merchant_id, ...requestOf(payments[0]!) };
    const endMs = payments.at(-1)!.ts_ms;
    expect(once.modelInput(userId, request, endMs)).toEqual(twice.modelInput(userId, request, endMs));
    expect(
      column(once.modelInput(payments.at(-1)!.user_id, request, endMs), 'user_payments.count_24h'),
    ).toBeGreaterThan(0);
  });
});

function column(input: Float32Array, source: string): number {
  return input[MODEL_COLUMNS.findIndex((one) => Object.values(one)[0] === source)]!;
}

describe('withOutcomes', () => {
  it('tells each outcome 7 days after its payment, in order of time, outcomes first at the same instant', () => {
    fc.assert(
      fc.property(streams, (payments) => {
        let lastMs = 0;
        let lastKind = 'outcome';
        const outcomes: Payment[] = [];
        for (const event of withOutcomes(payments)) {
          expect(event.atMs).toBeGreaterThanOrEqual(lastMs);
          if (event.atMs === lastMs && event.kind === 'outcome') expect(lastKind).toBe('outcome');
          [lastMs, lastKind] = [event.atMs, event.kind];
          if (event.kind === 'outcome') {
            expect(event.atMs).toBe(event.payment.ts_ms + CHARGEBACK_DELAY_MS);
            outcomes.push(event.payment);
          }
        }
        const endMs = payments.at(-1)!.ts_ms;
        expect(outcomes).toEqual(payments.filter((payment) => payment.ts_ms + CHARGEBACK_DELAY_MS <= endMs));
      }),
      { numRuns: 15 },
    );
  });
});

describe('profiles', () => {
  it('are the plain sums over a user’s payments, worked out here from the whole list at once', () => {
    const payments = [...paymentStream({ seed: 4, users: 12, merchants: 9, startMs: START_MS, days: 15 })];
    const profiles = new Profiles();
    for (const event of withOutcomes(payments)) profiles.apply(event);
    for (const row of profiles.userRows()) {
      const own = payments.filter((payment) => payment.user_id === row.user_id);
      const logs = own.map((payment) => Math.log1p(payment.amount));
      const prior = [2.2, 3.2, 4.2]; // mean 3.2; their spread adds what is missing to a variance of 1 below
      const mean = [...logs, ...prior].reduce((sum, value) => sum + value, 0) / (own.length + 3);
      expect(row.payments_total).toBe(own.length);
      expect(row.is_new).toBe(own.length < 5);
      expect(row.avg_amount).toBeCloseTo(own.reduce((sum, one) => sum + one.amount, 0) / own.length, 3);
      expect(row.log_amount_mean).toBeCloseTo(mean, 5);
      const squares = [...logs, ...prior].reduce((sum, value) => sum + (value - mean) ** 2, 0) + 1;
      expect(row.log_amount_std).toBeCloseTo(Math.sqrt(squares / (own.length + 3)), 4);
    }
  });

  it('leave a user’s row alone when a payment turns out honest', () => {
    const [payment] = paymentStream({ seed: 1, users: 5, startMs: START_MS, days: 3 });
    const state = foldUser(EMPTY_USER, { kind: 'payment', atMs: payment!.ts_ms, payment: payment! });
    const honest = { ...payment!, is_fraud: false };
    expect(foldUser(state, { kind: 'outcome', atMs: payment!.ts_ms + CHARGEBACK_DELAY_MS, payment: honest })).toBe(
      state,
    );
  });
});
