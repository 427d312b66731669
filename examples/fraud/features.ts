/**
 * The features of the fraud model, as the cluster stores and serves them: what is known of users and merchants for long
 * (`profile.ts` computes those rows), what the stream of payments says of the last day, and what a payment looks like
 * against both. A feature's default is what an empty history says, so someone unknown is served as they were trained on.
 */
import {
  aggregate,
  bool,
  count,
  defineApp,
  distinct,
  entity,
  feature,
  float32,
  int64,
  onDemand,
  request,
  sinceLast,
  stream,
  string,
  sum,
  view,
} from 'dovetail';

const user = entity({ name: 'user', key: 'user_id' });
const merchant = entity({ name: 'merchant', key: 'merchant_id' });

/** One event a payment, pushed after it was scored, with the payment's id as `id`: sent twice, it counts once. */
export const payments = stream({
  name: 'payments',
  fields: {
    user_id: string({ description: 'As a field too, so that a merchant’s different payers can be counted.' }),
    merchant_id: string(),
    amount: float32({ description: 'In the currency of the card.' }),
    small: bool({ description: 'Below 8, as those who test cards pay.' }),
  },
});

export const userPayments = aggregate({
  name: 'user_payments',
  version: 1,
  entity: user,
  stream: payments,
  bucket: '1m',
  features: {
    count_10m: count('10m'),
    count_1h: count('1h'),
    count_24h: count('24h'),
    spend_10m: sum('amount', '10m'),
    spend_1h: sum('amount', '1h'),
    spend_24h: sum('amount', '24h'),
    small_1h: sum('small', '1h'),
    merchants_1h: distinct('merchant_id', '1h'),
    merchants_24h: distinct('merchant_id', '24h'),
    since_last_s: sinceLast('24h', { default: 86_400, description: 'Nothing within a day counts as a day.' }),
  },
});

/** Everywhere, since a payment is scored where its user lives: each shard applies every payment to its merchant. */
export const merchantPayments = aggregate({
  name: 'merchant_payments',
  version: 1,
  entity: merchant,
  stream: payments,
  bucket: '1m',
  placement: 'everywhere',
  features: {
    count_1h: count('1h'),
    count_24h: count('24h'),
    small_1h: sum('small', '1h', { description: 'Many: cards are being tested.' }),
    users_1h: distinct('user_id', '1h'),
    since_last_s: sinceLast('24h', { default: 86_400, description: 'Nothing within a day counts as a day.' }),
  },
});

export const userProfile = view({
  name: 'user_profile',
  version: 1,
  entity: user,
  ttl: '90d',
  placement: 'sharded',
  features: {
    payments_total: int64({ description: 'Payments ever.' }),
    chargebacks_total: int64({ description: 'Payments that the bank learned were fraud, 7 days after each.' }),
    is_new: bool({ default: true, description: 'Fewer than 5 payments so far.' }),
    avg_amount: float32({ description: 'Mean amount, in the currency of the card.' }),
    log_amount_mean: float32({ default: 3.2, description: 'Mean of log(1 + amount), with a prior worth 3 payments.' }),
    log_amount_std: float32({ default: 1, description: 'Deviation of log(1 + amount), with the same prior.' }),
    hour_cos: float32({ description: 'Mean cosine of the hour of day as an angle: habit, about 50 payments back.' }),
    hour_sin: float32({ description: 'Mean sine of the same.' }),
    abroad_share: float32({ description: 'Share of the last few payments made outside the home country.' }),
    online_share: float32({ description: 'Share of about the last 20 payments made online.' }),
  },
});

export const merchantProfile = view({
  name: 'merchant_profile',
  version: 1,
  entity: merchant,
  ttl: 0,
  placement: 'everywhere',
  features: {
    online: bool({ description: 'Sells without the card being present.' }),
    log_amount_mean: float32({ default: 3.2, description: 'Mean of log(1 + amount), with a prior worth 3 payments.' }),
    fraud_rate: float32({
      default: 0.01,
      description: 'Share of fraud among payments over 7 days old, with a prior of 1 % worth 30 payments.',
    }),
  },
});

export const amountDeviations = onDemand({
  name: 'amount_deviations',
  description: 'How unusual the amount is for this user, in their own standard deviations.',
  inputs: {
    amount: request('amount', 'number'),
    mean: feature(userProfile, 'log_amount_mean'),
    deviation: feature(userProfile, 'log_amount_std'),
  },
  compute: ({ amount, mean, deviation }) => (logOf(amount) - mean) / deviation,
});

export const amountAtMerchant = onDemand({
  name: 'amount_at_merchant',
  description: 'How dear the payment is for this merchant: the logarithm of the ratio to its usual amount.',
  inputs: { amount: request('amount', 'number'), mean: feature(merchantProfile, 'log_amount_mean') },
  compute: ({ amount, mean }) => logOf(amount) - mean,
});

export const hourFit = onDemand({
  name: 'hour_fit',
  description: 'How well the hour fits: the cosine of the angle to each past payment’s hour, averaged.',
  inputs: {
    hour: request('hour', 'number'),
    cos: feature(userProfile, 'hour_cos'),
    sin: feature(userProfile, 'hour_sin'),
  },
  compute: ({ hour, cos, sin }) => {
    const angle = (hour * 2 * Math.PI) / 24;
    return Math.cos(angle) * cos + Math.sin(angle) * sin;
  },
});

export const spendDeviations = onDemand({
  name: 'spend_deviations',
  description: 'The hour’s spending, this payment with it, against the user’s usual amount, in their deviations.',
  inputs: {
    amount: request('amount', 'number'),
    spent: feature(userPayments, 'spend_1h'),
    mean: feature(userProfile, 'log_amount_mean'),
    deviation: feature(userProfile, 'log_amount_std'),
  },
  compute: ({ amount, spent, mean, deviation }) => (logOf(spent + amount) - mean) / deviation,
});

/** Of log(1 + amount); amounts below 0 count as 0. */
function logOf(amount: number): number {
  return Math.log1p(Math.max(0, amount));
}

export default defineApp({
  views: [userProfile, userPayments, merchantProfile, merchantPayments],
  transforms: [amountDeviations, amountAtMerchant, hourFit, spendDeviations],
});
