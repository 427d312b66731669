/**
 * The model's input: which columns it has, in which order (the manifest lists the same), how a payment and its two
 * rows fill them, and what the graph computes of them before the first layer.
 */
import {
  add,
  type Columns,
  concat,
  constant,
  cos,
  div,
  exp,
  log1p,
  max,
  min,
  mul,
  pick,
  sin,
  sub,
} from '../support/columns.ts';
import type { Payment } from './payment.ts';
import {
  EMPTY_MERCHANT,
  EMPTY_USER,
  type MerchantRow,
  merchantRow,
  minuteOf,
  RECENT_MINUTES,
  USER_TTL_MS,
  type UserRow,
  userRow,
} from './profile.ts';

/** What a caller sends with each prediction, besides `user_id` and `merchant_id`. */
export type RequestInputs = {
  /** In the card's currency. */
  readonly amount: number;
  /** Hour of the day in UTC with its fraction, in [0, 24). */
  readonly hour: number;
  /** Whole minutes since 2020-01-01T00:00Z. */
  readonly at_minute: number;
  /** 1: paid from outside the card's home country; else 0. */
  readonly country_mismatch: number;
  /** 1: the device is new to this card; else 0. */
  readonly new_device: number;
};

export const REQUEST_COLUMNS = [
  'amount',
  'hour',
  'at_minute',
  'country_mismatch',
  'new_device',
] as const satisfies readonly (keyof RequestInputs)[];

/** The float32 features stand together, as in the view, so that a shard copies them in one piece. */
export const USER_COLUMNS = [
  'payments_total',
  'chargebacks_total',
  'last_payment_minute',
  'is_new',
  'avg_amount',
  'log_amount_mean',
  'log_amount_std',
  'recent_10m',
  'recent_1d',
  'spend_1d',
  'hour_cos',
  'hour_sin',
  'abroad_share',
  'online_share',
] as const satisfies readonly (keyof UserRow)[];

export const MERCHANT_COLUMNS = [
  'last_payment_minute',
  'online',
  'log_amount_mean',
  'fraud_rate',
  'payments_per_day',
  'recent_1h',
  'small_1h',
] as const satisfies readonly (keyof MerchantRow)[];

/** The manifest's way to say where a column comes from. */
export type ColumnSource = { readonly feature: string } | { readonly request: string };

export const MODEL_COLUMNS: readonly ColumnSource[] = [
  ...USER_COLUMNS.map((feature) => ({ feature: `user_profile.${feature}` })),
  ...MERCHANT_COLUMNS.map((feature) => ({ feature: `merchant_profile.${feature}` })),
  ...REQUEST_COLUMNS.map((request) => ({ request })),
];

export const MODEL_WIDTH = MODEL_COLUMNS.length;

export function requestOf(payment: Payment): RequestInputs {
  return {
    amount: payment.amount,
    hour: payment.hour,
    at_minute: minuteOf(payment.ts_ms),
    country_mismatch: payment.country_mismatch ? 1 : 0,
    new_device: payment.new_device ? 1 : 0,
  };
}

const UNKNOWN_USER = userRow('', EMPTY_USER);
const UNKNOWN_MERCHANT = merchantRow('', EMPTY_MERCHANT);

/**
 * One row of the model's input, float32, `MODEL_WIDTH` numbers in the order of `MODEL_COLUMNS`.
 * No row, or a user row older than the view's TTL at `atMs`, gives the features' defaults, as the cluster does.
 */
export function modelRow(
  user: UserRow | undefined,
  merchant: MerchantRow | undefined,
  request: RequestInputs,
  atMs: number,
): Float32Array {
  const freshUser = user !== undefined && atMs - user.event_time <= USER_TTL_MS ? user : UNKNOWN_USER;
  const row = new Float32Array(MODEL_WIDTH);
  let column = 0;
  for (const name of USER_COLUMNS) row[column++] = Number(freshUser[name]);
  for (const name of MERCHANT_COLUMNS) row[column++] = Number((merchant ?? UNKNOWN_MERCHANT)[name]);
  for (const name of REQUEST_COLUMNS) row[column++] = request[name];
  return row;
}

function position(source: string): number {
  const index = MODEL_COLUMNS.findIndex((column) => ('feature' in column ? column.feature : column.request) === source);
  if (index < 0) throw new RangeError(`no model column '${source}'`);
  return index;
}

const columns = (...sources: string[]): Columns => pick(...sources.map(position));
const user = (...features: string[]): Columns => columns(...features.map((feature) => `user_profile.${feature}`));
const merchant = (...features: string[]): Columns =>
  columns(...features.map((feature) => `merchant_profile.${feature}`));

/** A quiet time longer than this counts as this. */
const GAP_MINUTES_MAX = 90 * 1440;

/** What can be said of the payment alone. */
function requestColumns(): Columns[] {
  const angle = mul(columns('hour'), constant((2 * Math.PI) / 24));
  return [log1p(columns('amount')), columns('country_mismatch', 'new_device'), sin(angle), cos(angle)];
}

/** What is known of the user, and how the payment compares with it. */
function userColumns(): Columns[] {
  const angle = mul(columns('hour'), constant((2 * Math.PI) / 24));
  const gap = minutesSince('user_profile.last_payment_minute');
  const recent = mul(
    user('recent_10m', 'recent_1d', 'spend_1d'),
    exp(div(gap, constant(-RECENT_MINUTES.burst, -RECENT_MINUTES.day, -RECENT_MINUTES.day))),
  );
  const amount = log1p(columns('amount'));
  return [
    log1p(concat(gap, recent, user('payments_total', 'avg_amount', 'chargebacks_total'))),
    user('is_new', 'log_amount_mean', 'log_amount_std', 'abroad_share', 'online_share'),
    // How unusual the amount is for this user, in their own standard deviations.
    div(sub(amount, user('log_amount_mean')), user('log_amount_std')),
    // How well the hour fits: the cosine of the angle to each past payment's hour, averaged.
    add(mul(cos(angle), user('hour_cos')), mul(sin(angle), user('hour_sin'))),
  ];
}

/** What is known of the merchant. */
function merchantColumns(): Columns[] {
  const gap = minutesSince('merchant_profile.last_payment_minute');
  const recent = mul(merchant('recent_1h', 'small_1h'), exp(div(gap, constant(-RECENT_MINUTES.hour))));
  return [
    merchant('online', 'log_amount_mean'),
    mul(log1p(merchant('fraud_rate')), constant(100)),
    log1p(concat(merchant('payments_per_day'), recent)),
    sub(log1p(columns('amount')), merchant('log_amount_mean')),
  ];
}

function minutesSince(column: string): Columns {
  return min(max(sub(columns('at_minute'), columns(column)), constant(0)), constant(GAP_MINUTES_MAX));
}

/** Which sources a model may look at: the whole model uses all, the others show in the report what each brings. */
export type Sources = { readonly user: boolean; readonly merchant: boolean };

/** The columns that enter the first layer, as an expression over the model's input. */
export function graphColumns(sources: Sources): Columns {
  return concat(
    ...requestColumns(),
    ...(sources.user ? userColumns() : []),
    ...(sources.merchant ? merchantColumns() : []),
  );
}
