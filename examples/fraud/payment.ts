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

/** Payments below this are what those who test cards make. */
const SMALL_AMOUNT = 8;

/** A payment as an event of the stream `payments`. */
export type PaymentEvent = {
  /** Under which the cluster counts the payment once, however often it is pushed. */
  readonly id: string;
  readonly user_id: string;
  readonly merchant_id: string;
  readonly amount: number;
  readonly small: boolean;
  /** Unix epoch ms; left out: when it is pushed. */
  readonly event_time?: number;
};

export function eventOf(payment: Payment): PaymentEvent {
  const { payment_id: id, user_id, merchant_id, amount, ts_ms: event_time } = payment;
  return { id, user_id, merchant_id, amount, small: amount < SMALL_AMOUNT, event_time };
}

/** What a caller sends with each prediction, besides `user_id` and `merchant_id`. */
export type RequestInputs = {
  /** In the card's currency. */
  readonly amount: number;
  /** Hour of the day in UTC with its fraction, in [0, 24). */
  readonly hour: number;
  /** 1: paid from outside the card's home country; else 0. */
  readonly country_mismatch: number;
  /** 1: the device is new to this card; else 0. */
  readonly new_device: number;
};

export const REQUEST_COLUMNS = [
  'amount',
  'hour',
  'country_mismatch',
  'new_device',
] as const satisfies readonly (keyof RequestInputs)[];

export function requestOf(payment: Payment): RequestInputs {
  return {
    amount: payment.amount,
    hour: payment.hour,
    country_mismatch: payment.country_mismatch ? 1 : 0,
    new_device: payment.new_device ? 1 : 0,
  };
}
