/**
 * The features of the fraud model, as the cluster stores and serves them. `profile.ts` computes the rows; a feature's
 * default is what its row says of an empty history, so someone unknown is served as they were trained on.
 */
import { bool, defineApp, entity, float32, int64, view } from 'dovetail';

const user = entity({ name: 'user', key: 'user_id' });
const merchant = entity({ name: 'merchant', key: 'merchant_id' });

export const userProfile = view({
  name: 'user_profile',
  version: 1,
  entity: user,
  ttl: '90d',
  placement: 'sharded',
  features: {
    payments_total: int64({ description: 'Payments ever.' }),
    chargebacks_total: int64({ description: 'Payments that the bank learned were fraud, 7 days after each.' }),
    last_payment_minute: int64({ description: 'Minutes since 2020-01-01T00:00Z at the last payment.' }),
    is_new: bool({ default: true, description: 'Fewer than 5 payments so far.' }),
    avg_amount: float32({ description: 'Mean amount, in the currency of the card.' }),
    log_amount_mean: float32({ default: 3.2, description: 'Mean of log(1 + amount), with a prior worth 3 payments.' }),
    log_amount_std: float32({ default: 1, description: 'Deviation of log(1 + amount), with the same prior.' }),
    recent_10m: float32({ description: 'Payments, decayed over 10 minutes, as of the last payment.' }),
    recent_1d: float32({ description: 'Payments, decayed over a day, as of the last payment.' }),
    spend_1d: float32({ description: 'Amounts, decayed over a day, as of the last payment.' }),
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
    last_payment_minute: int64({ description: 'Minutes since 2020-01-01T00:00Z at the last payment.' }),
    online: bool({ description: 'Sells without the card being present.' }),
    log_amount_mean: float32({ default: 3.2, description: 'Mean of log(1 + amount), with a prior worth 3 payments.' }),
    fraud_rate: float32({
      default: 0.01,
      description: 'Share of fraud among payments over 7 days old, with a prior of 1 % worth 30 payments.',
    }),
    payments_per_day: float32({ description: 'Rate over about a week, as of the last payment.' }),
    recent_1h: float32({ description: 'Payments, decayed over an hour, as of the last payment.' }),
    small_1h: float32({ description: 'Payments below 8, decayed over an hour, as of the last payment.' }),
  },
});

export default defineApp({ views: [userProfile, merchantProfile] });
