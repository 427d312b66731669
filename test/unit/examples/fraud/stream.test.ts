/** The generator keeps what its documentation says: one seed, one stream, and people and thieves as described. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Payment } from '../../../../examples/fraud/payment.ts';
import { paymentStream } from '../../../../examples/fraud/stream.ts';

const START_MS = Date.UTC(2025, 2, 3);

describe('paymentStream', () => {
  it('gives the same payments for the same seed, and the shorter stream is the start of the longer', () => {
    const streams = fc.record({
      seed: fc.integer(),
      users: fc.integer({ min: 1, max: 40 }),
      startMs: fc.nat(10 ** 13),
    });
    fc.assert(
      fc.property(streams, (options) => {
        const long = [...paymentStream({ ...options, merchants: 20, days: 9 })];
        const short = [...paymentStream({ ...options, merchants: 20, days: 6 })];
        expect(long.slice(0, short.length)).toEqual(short);
        expect(long.slice(short.length).every((payment) => payment.ts_ms >= options.startMs + 6 * DAY_MS)).toBe(true);
      }),
      { numRuns: 30 },
    );
    const other = [...paymentStream({ seed: 2, users: 10, startMs: START_MS, days: 5 })];
    expect(other).not.toEqual([...paymentStream({ seed: 1, users: 10, startMs: START_MS, days: 5 })]);
  });

  it('keeps every payment well-formed, in its window and in strict order of time, whenever it starts', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(10 ** 13), (seed, startMs) => {
        let lastMs = startMs - 1;
        let count = 0;
        for (const payment of paymentStream({ seed, users: 60, merchants: 30, startMs, days: 5 })) {
          count += 1;
          expect(payment.payment_id).toBe(`p${count}`);
          expect(Number.isInteger(payment.ts_ms)).toBe(true);
          expect(payment.ts_ms).toBeGreaterThan(lastMs);
          lastMs = payment.ts_ms;
          const at = new Date(payment.ts_ms);
          const hour = at.getUTCHours() + at.getUTCMinutes() / 60 + at.getUTCSeconds() / 3600;
          expect(Math.abs(payment.hour - hour)).toBeLessThan(0.011);
          expect(payment.hour >= 0 && payment.hour < 24).toBe(true);
          expect(
            payment.amount >= 0.5 && Math.abs(payment.amount * 100 - Math.round(payment.amount * 100)) < 1e-6,
          ).toBe(true);
          expect(payment.fraud_kind !== null).toBe(payment.is_fraud);
        }
        expect(lastMs).toBeLessThan(startMs + 5 * DAY_MS + 1000);
      }),
      { numRuns: 20 },
    );
  });

  describe('over 40 days of 1000 people', () => {
    const payments = [...paymentStream({ seed: 11, users: 1000, startMs: START_MS, days: 40 })];
    const honest = payments.filter((payment) => !payment.is_fraud);
    const kind = (name: Payment['fraud_kind']) => payments.filter((payment) => payment.fraud_kind === name);
    const share = (some: readonly Payment[], holds: (payment: Payment) => boolean) =>
      some.filter(holds).length / some.length;
    const isNight = (payment: Payment) => payment.hour < 6;
    const median = (some: readonly Payment[]) =>
      some.map((payment) => payment.amount).sort((a, b) => a - b)[Math.floor(some.length / 2)]!;

    it('has about one payment in a hundred fraudulent, of all three kinds', () => {
      expect(share(payments, (payment) => payment.is_fraud)).toBeGreaterThan(0.004);
      expect(share(payments, (payment) => payment.is_fraud)).toBeLessThan(0.02);
      for (const name of ['takeover', 'card_testing', 'stolen_card'] as const) {
        expect(kind(name).length).toBeGreaterThan(10);
      }
    });

    it('has takeovers at night, dear, abroad and on new devices more often than honest payments', () => {
      const takeovers = kind('takeover');
      expect(share(takeovers, isNight)).toBeGreaterThan(2 * share(honest, isNight));
      expect(median(takeovers)).toBeGreaterThan(2 * median(honest));
      expect(share(takeovers, (payment) => payment.country_mismatch)).toBeGreaterThan(0.2);
      expect(share(takeovers, (payment) => payment.new_device)).toBeGreaterThan(0.4);
    });

    it('has cards tested by small payments within minutes', () => {
      const small = kind('card_testing').filter((payment) => payment.amount <= 7);
      expect(small.length).toBeGreaterThan(0.8 * kind('card_testing').length);
      let close = 0;
      for (const some of groupByUser(small).values()) {
        close += some.filter((payment, i) => {
          const near = [some[i - 1], some[i + 1]].filter((other) => other !== undefined);
          return near.some((other) => Math.abs(other.ts_ms - payment.ts_ms) < 15 * MINUTE_MS);
        }).length;
      }
      expect(close / small.length).toBeGreaterThan(0.9);
    });

    it('has honest payments that look odd: abroad, on new devices, at night, and several small ones in a row', () => {
      expect(share(honest, (payment) => payment.country_mismatch)).toBeGreaterThan(0.01);
      expect(share(honest, (payment) => payment.new_device)).toBeGreaterThan(0.005);
      expect(share(honest, isNight)).toBeGreaterThan(0.03);
      let rows = 0;
      for (const some of groupByUser(honest.filter((payment) => payment.amount <= 8)).values()) {
        rows += some.filter((payment, i) => i > 0 && payment.ts_ms - some[i - 1]!.ts_ms < HOUR_MS / 4).length;
      }
      expect(rows).toBeGreaterThan(kind('card_testing').length);
    });

    it('has people with habits: their own level of amounts, hours and merchants', () => {
      const regulars = [...groupByUser(honest).values()].filter((some) => some.length >= 30);
      expect(regulars.length).toBeGreaterThan(200);
      const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
      const variance = (numbers: readonly number[]) => mean(numbers.map((value) => (value - mean(numbers)) ** 2));
      const logs = regulars.map((some) => some.map((payment) => Math.log(payment.amount)));
      // Between people, amounts differ by far more than the error of a mean over 30 payments could make them.
      expect(variance(logs.map(mean))).toBeGreaterThan(4 * (mean(logs.map(variance)) / 30));
      const resultant = (some: readonly Payment[]) => {
        const angles = some.map((payment) => (2 * Math.PI * payment.hour) / 24);
        return Math.hypot(mean(angles.map(Math.cos)), mean(angles.map(Math.sin)));
      };
      expect(mean(regulars.map(resultant))).toBeGreaterThan(0.55); // 0 for hours spread evenly
      const topFive = regulars.map((some) => {
        const counts = [...countMerchants(some).values()].sort((a, b) => b - a);
        return counts.slice(0, 5).reduce((sum, value) => sum + value, 0) / some.length;
      });
      expect(mean(topFive)).toBeGreaterThan(0.55);
    });

    it('lets some people join later', () => {
      const firstDay = [...groupByUser(honest).values()].map((some) => (some[0]!.ts_ms - START_MS) / DAY_MS);
      const late = firstDay.filter((day) => day > 15).length / firstDay.length;
      expect(late).toBeGreaterThan(0.03);
      expect(late).toBeLessThan(0.2);
    });
  });
});

function groupByUser(payments: readonly Payment[]): Map<string, Payment[]> {
  const groups = new Map<string, Payment[]>();
  for (const payment of payments) {
    const group = groups.get(payment.user_id);
    if (group === undefined) groups.set(payment.user_id, [payment]);
    else group.push(payment);
  }
  return groups;
}

function countMerchants(payments: readonly Payment[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { merchant_id: merchant } of payments) counts.set(merchant, (counts.get(merchant) ?? 0) + 1);
  return counts;
}
