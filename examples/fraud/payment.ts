/** What a payment is, and the units of time the example counts in. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** How the fraud was done: known to the generator and to reports, never a feature. */
export type FraudKind = 'takeover' | 'card_testing' | 'stolen_card';

export type Payment = {
  readonly payment_id: string;
  readonly user_id: string;
  readonly merchant_id: string;
  /** In the card's currency, two decimals, at least 0.5. */
  readonly amount: number;
  /** Unix epoch; strictly increasing along a stream. */
  readonly ts_ms: number;
  /** Hour of the day in UTC with its fraction, in [0, 24). */
  readonly hour: number;
  /** The payment comes from outside the card's home country. */
  readonly country_mismatch: boolean;
  /** The device has not been seen with this card before. */
  readonly new_device: boolean;
  /** The merchant sells without the card being present. */
  readonly online: boolean;
  /** The truth, which the bank learns with the chargeback, days later. */
  readonly is_fraud: boolean;
  readonly fraud_kind: FraudKind | null;
};

/** Hour of the day in UTC with its fraction, to hundredths. */
export function hourOf(tsMs: number): number {
  return Math.floor((tsMs % DAY_MS) / (HOUR_MS / 100)) / 100;
}
