/** Rows know the past and nothing else, and are the same for training and for pushing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Profiles, withOutcomes } from '../../../../examples/fraud/history.ts';
import { modelRow, requestOf, USER_COLUMNS } from '../../../../examples/fraud/model-columns.ts';
import { DAY_MS, MINUTE_MS, type Payment } from '../../../../examples/fraud/payment.ts';
import {
  CHARGEBACK_DELAY_MS,
  EMPTY_USER,
  foldUser,
  MINUTE_EPOCH_MS,
  minuteOf,
  USER_TTL_MS,
  type UserRow,
  userRow,
} from '../../../../examples/fraud/profile.ts';
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

  it('hold what the rows pushed so far hold: the newest by event time and, from 90 days of age, the defaults', () => {
    fc.assert(
      fc.property(denseStreams, (payments) => {
        // A store as the cluster has it: the last pushed row of each key.
        const users = new Map<string, UserRow>();
        const merchants = new Map<string, NonNullable<ReturnType<Profiles['merchant']>>>();
        const profiles = new Profiles();
        const expected = trainingRows(payments);
        for (const event of withOutcomes(payments)) {
          const { payment } = event;
          if (event.kind === 'payment') {
            const row = expected.next().value!;
            const served = modelRow(
              users.get(payment.user_id),
              merchants.get(payment.merchant_id),
              requestOf(payment),
              payment.ts_ms,
            );
            expect(row.payment).toBe(payment);
            expect(Buffer.compare(Buffer.from(served.buffer), Buffer.from(row.input.buffer))).toBe(0);
          }
          const { user, merchant } = profiles.apply(event);
          if (user !== undefined) {
            expect(user.event_time).toBe(event.atMs);
            users.set(user.user_id, user);
          }
          if (merchant !== undefined) {
            expect(merchant.event_time).toBe(event.atMs);
            merchants.set(merchant.merchant_id, merchant);
          }
        }
        expect(profiles.userRows()).toEqual([...users.values()]);
        expect(profiles.merchantRows()).toEqual([...merchants.values()]);
      }),
      { numRuns: 15 },
    );
  });

  it('fall back to the defaults one millisecond past the TTL, and not before', () => {
    const [payment] = paymentStream({ seed: 1, users: 5, startMs: START_MS, days: 3 });
    const profiles = new Profiles();
    profiles.apply({ kind: 'payment', atMs: payment!.ts_ms, payment: payment! });
    const user = profiles.user(payment!.user_id);
    const at = (ageMs: number) => modelRow(user, undefined, requestOf(payment!), payment!.ts_ms + ageMs);
    const unknown = modelRow(undefined, undefined, requestOf(payment!), payment!.ts_ms);
    expect(at(USER_TTL_MS)[USER_COLUMNS.indexOf('payments_total')]).toBe(1);
    expect(at(USER_TTL_MS + 1)).toEqual(unknown);
  });
});

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
      const last = own.at(-1)!;
      const decayedSum = (minutes: number, value: (payment: Payment) => number) =>
        own.reduce((sum, one) => sum + value(one) * Math.exp((one.ts_ms - last.ts_ms) / (minutes * MINUTE_MS)), 0);
      const logs = own.map((payment) => Math.log1p(payment.amount));
      const prior = [2.2, 3.2, 4.2]; // mean 3.2; their spread adds what is missing to a variance of 1 below
      const mean = [...logs, ...prior].reduce((sum, value) => sum + value, 0) / (own.length + 3);
      expect(row.payments_total).toBe(own.length);
      expect(row.is_new).toBe(own.length < 5);
      expect(row.avg_amount).toBeCloseTo(own.reduce((sum, one) => sum + one.amount, 0) / own.length, 3);
      expect(row.log_amount_mean).toBeCloseTo(mean, 5);
      const squares = [...logs, ...prior].reduce((sum, value) => sum + (value - mean) ** 2, 0) + 1;
      expect(row.log_amount_std).toBeCloseTo(Math.sqrt(squares / (own.length + 3)), 4);
      expect(row.recent_10m).toBeCloseTo(
        decayedSum(10, () => 1),
        4,
      );
      expect(row.recent_1d).toBeCloseTo(
        decayedSum(1440, () => 1),
        4,
      );
      expect(row.spend_1d / decayedSum(1440, (payment) => payment.amount)).toBeCloseTo(1, 5);
      expect(row.last_payment_minute).toBe(Math.floor((last.ts_ms - MINUTE_EPOCH_MS) / MINUTE_MS));
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

  it('count minutes that float32 tells apart until 2051', () => {
    const lastMs = Date.UTC(2051, 10, 1);
    expect(Math.fround(minuteOf(lastMs))).toBe(minuteOf(lastMs));
    expect(Math.fround(minuteOf(lastMs) + 1)).toBe(minuteOf(lastMs) + 1);
    expect(minuteOf(lastMs + DAY_MS) - minuteOf(lastMs)).toBe(1440);
    expect(userRow('u', EMPTY_USER).last_payment_minute).toBe(0);
  });
});
