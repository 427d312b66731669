/**
 * What is remembered of users and merchants for long: a pure fold of the history into the rows of `user_profile` and
 * `merchant_profile`. Training rows and the rows pushed online both come from here, so they cannot differ. A row holds
 * what was known right after an event, and stays true until the next one; what fades with time is the business of the
 * windowed aggregations in `features.ts`.
 */
import { DAY_MS, type Payment } from './payment.ts';

/** The bank learns what was fraud this long after the payment. */
export const CHARGEBACK_DELAY_MS = 7 * DAY_MS;

/** Rows of `user_profile` older than this read as if there were none. 0 would mean for ever, as in `merchant_profile`. */
export const USER_TTL_MS = 90 * DAY_MS;

/** A payment, or (7 days later) the news whether it was fraud. */
export type HistoryEvent =
  | { readonly kind: 'payment'; readonly atMs: number; readonly payment: Payment }
  | { readonly kind: 'outcome'; readonly atMs: number; readonly payment: Payment };

export type UserRow = {
  readonly user_id: string;
  /** Unix epoch ms of the event that made the row. */
  readonly event_time: number;
  readonly payments_total: number;
  readonly is_new: boolean;
  readonly avg_amount: number;
  readonly log_amount_mean: number;
  readonly log_amount_std: number;
  readonly hour_cos: number;
  readonly hour_sin: number;
  readonly abroad_share: number;
  readonly online_share: number;
  readonly chargebacks_total: number;
};

export type MerchantRow = {
  readonly merchant_id: string;
  readonly event_time: number;
  readonly online: boolean;
  readonly log_amount_mean: number;
  readonly fraud_rate: number;
};

/** What is assumed of someone unknown, worth this many payments; the rows' defaults follow from it. */
const PRIOR = { logAmountMean: 3.2, logAmountVariance: 1, payments: 3 } as const;
const PRIOR_FRAUD = { rate: 0.01, payments: 30 } as const;
const NEW_BELOW_PAYMENTS = 5;

export type UserState = {
  readonly updatedMs: number;
  readonly payments: number;
  readonly amountSum: number;
  readonly logSum: number;
  readonly logSquareSum: number;
  readonly hourCos: number;
  readonly hourSin: number;
  readonly abroadShare: number;
  readonly onlineShare: number;
  readonly chargebacks: number;
};

export const EMPTY_USER: UserState = {
  updatedMs: 0,
  payments: 0,
  amountSum: 0,
  logSum: 0,
  logSquareSum: 0,
  hourCos: 0,
  hourSin: 0,
  abroadShare: 0,
  onlineShare: 0,
  chargebacks: 0,
};

/** Returns the same state where the event changes nothing, so that no row need be pushed. */
export function foldUser(state: UserState, event: HistoryEvent): UserState {
  const { payment, atMs } = event;
  if (event.kind === 'outcome') {
    return payment.is_fraud ? { ...state, updatedMs: atMs, chargebacks: state.chargebacks + 1 } : state;
  }
  const payments = state.payments + 1;
  const logAmount = Math.log1p(payment.amount);
  const angle = (2 * Math.PI * payment.hour) / 24;
  const habit = (share: number, seen: number, memory: number): number =>
    share + (seen - share) / Math.min(payments, memory);
  return {
    updatedMs: atMs,
    payments,
    amountSum: state.amountSum + payment.amount,
    logSum: state.logSum + logAmount,
    logSquareSum: state.logSquareSum + logAmount * logAmount,
    hourCos: habit(state.hourCos, Math.cos(angle), 50),
    hourSin: habit(state.hourSin, Math.sin(angle), 50),
    abroadShare: habit(state.abroadShare, payment.country_mismatch ? 1 : 0, 6),
    onlineShare: habit(state.onlineShare, payment.online ? 1 : 0, 20),
    chargebacks: state.chargebacks,
  };
}

/** float32 features are rounded here, so that the row is exactly what a store of float32 gives back. */
export function userRow(userId: string, state: UserState): UserRow {
  const weight = state.payments + PRIOR.payments;
  const mean = (state.logSum + PRIOR.payments * PRIOR.logAmountMean) / weight;
  const squares = state.logSquareSum + PRIOR.payments * (PRIOR.logAmountVariance + PRIOR.logAmountMean ** 2);
  return {
    user_id: userId,
    event_time: state.updatedMs,
    payments_total: state.payments,
    is_new: state.payments < NEW_BELOW_PAYMENTS,
    avg_amount: Math.fround(state.payments === 0 ? 0 : state.amountSum / state.payments),
    log_amount_mean: Math.fround(mean),
    log_amount_std: Math.fround(Math.sqrt(Math.max(0.01, squares / weight - mean * mean))),
    hour_cos: Math.fround(state.hourCos),
    hour_sin: Math.fround(state.hourSin),
    abroad_share: Math.fround(state.abroadShare),
    online_share: Math.fround(state.onlineShare),
    chargebacks_total: state.chargebacks,
  };
}

export type MerchantState = {
  readonly updatedMs: number;
  readonly payments: number;
  readonly online: boolean;
  readonly logSum: number;
  /** Payments whose outcome is known, and those of them that were fraud. */
  readonly settled: number;
  readonly chargebacks: number;
};

export const EMPTY_MERCHANT: MerchantState = {
  updatedMs: 0,
  payments: 0,
  online: false,
  logSum: 0,
  settled: 0,
  chargebacks: 0,
};

export function foldMerchant(state: MerchantState, event: HistoryEvent): MerchantState {
  const { payment, atMs } = event;
  if (event.kind === 'outcome') {
    const chargebacks = state.chargebacks + (payment.is_fraud ? 1 : 0);
    return { ...state, updatedMs: atMs, settled: state.settled + 1, chargebacks };
  }
  return {
    updatedMs: atMs,
    payments: state.payments + 1,
    online: payment.online,
    logSum: state.logSum + Math.log1p(payment.amount),
    settled: state.settled,
    chargebacks: state.chargebacks,
  };
}

export function merchantRow(merchantId: string, state: MerchantState): MerchantRow {
  const priorFrauds = PRIOR_FRAUD.rate * PRIOR_FRAUD.payments;
  return {
    merchant_id: merchantId,
    event_time: state.updatedMs,
    online: state.online,
    log_amount_mean: Math.fround(
      (state.logSum + PRIOR.payments * PRIOR.logAmountMean) / (state.payments + PRIOR.payments),
    ),
    fraud_rate: Math.fround((state.chargebacks + priorFrauds) / (state.settled + PRIOR_FRAUD.payments)),
  };
}
