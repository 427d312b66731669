/**
 * A stretch of the payment stream as traffic for a cluster: the rows to push first, then each payment as a prediction
 * request and, after it, the rows that it changed. Pure: who sends them decides when.
 */
import { Profiles, withOutcomes } from './history.ts';
import { type RequestInputs, requestOf } from './model-columns.ts';
import { DAY_MS } from './payment.ts';
import { type MerchantRow, MINUTE_EPOCH_MS, type UserRow } from './profile.ts';
import { paymentStream } from './stream.ts';

export type ReplayOptions = {
  /** Another seed than the training's gives people and merchants that the model has never seen. Default 7. */
  readonly seed?: number;
  /** Default 300. */
  readonly users?: number;
  /** Default 100. */
  readonly merchants?: number;
  /** Days of history behind the first rows. Default 30. */
  readonly warmDays?: number;
  /** Days of the stretch that is replayed; the last ends at `endMs`. Default 14. */
  readonly liveDays?: number;
  /** At most this many requests: the latest are kept, the days before them become history. Default 5000. */
  readonly requestsMax?: number;
  /**
   * Unix epoch at which the stream ends. Give the present: the rows' event times then lie in the past, within the
   * views' TTL, and none is refused as being from the future.
   */
  readonly endMs: number;
};

/** Rows for one push. `event_time` is Unix epoch ms. */
export type RowPush =
  | { readonly view: 'user_profile'; readonly rows: readonly UserRow[] }
  | { readonly view: 'merchant_profile'; readonly rows: readonly MerchantRow[] };

export type ReplayStep = {
  readonly payment_id: string;
  readonly ts_ms: number;
  /** As `POST /v1/predict/fraud` takes it. */
  readonly request: {
    readonly user_id: string;
    readonly inputs: RequestInputs & { readonly merchant_id: string };
  };
  /** The truth, to hold the scores against. */
  readonly is_fraud: boolean;
  /**
   * Rows changed by this payment, and by outcomes that became known before the next: one push a view, one row a key.
   * Push them after this prediction and before the next, to serve exactly what the model was trained on.
   */
  readonly updates: readonly RowPush[];
};

export type ReplayPlan = {
  /** All rows as of the first step. */
  readonly initial: readonly RowPush[];
  /** In order of time. */
  readonly steps: readonly ReplayStep[];
};

/** Throws RangeError for options out of range (see the limits in the messages). */
export function replayPlan(options: ReplayOptions): ReplayPlan {
  const warmDays = options.warmDays ?? 30;
  const liveDays = options.liveDays ?? 14;
  const requestsMax = options.requestsMax ?? 5_000;
  const users = options.users ?? 300;
  const merchants = options.merchants ?? 100;
  checkWhole('users', users, 1, 100_000);
  checkWhole('merchants', merchants, 1, 10_000);
  checkWhole('warmDays', warmDays, 0, 365);
  checkWhole('liveDays', liveDays, 1, 60);
  checkWhole('requestsMax', requestsMax, 1, 1_000_000);
  const days = warmDays + liveDays;
  const startMs = Math.floor(options.endMs) - days * DAY_MS;
  if (!(startMs >= MINUTE_EPOCH_MS)) throw new RangeError('endMs must leave all of the stream after 2020-01-01');

  const stream = () => paymentStream({ seed: options.seed ?? 7, users, merchants, startMs, days });
  const liveFromMs = startMs + warmDays * DAY_MS;
  // Counted first, so that only the steps that are kept are ever made.
  let live = 0;
  for (const payment of stream()) if (payment.ts_ms >= liveFromMs) live += 1;
  let skip = Math.max(0, live - requestsMax);

  const profiles = new Profiles();
  const steps: ReplayStep[] = [];
  let initial: RowPush[] | undefined;
  let pending: Changes = { users: new Map(), merchants: new Map() };
  for (const event of withOutcomes(stream())) {
    const { payment } = event;
    if (event.kind === 'payment' && payment.ts_ms >= liveFromMs) {
      if (skip > 0) skip -= 1;
      else {
        initial ??= [
          { view: 'user_profile', rows: profiles.userRows() },
          { view: 'merchant_profile', rows: profiles.merchantRows() },
        ];
        closeStep(steps, pending);
        pending = { users: new Map(), merchants: new Map() };
        steps.push({
          payment_id: payment.payment_id,
          ts_ms: payment.ts_ms,
          request: {
            user_id: payment.user_id,
            inputs: { merchant_id: payment.merchant_id, ...requestOf(payment) },
          },
          is_fraud: payment.is_fraud,
          updates: [],
        });
      }
    }
    const changed = profiles.apply(event);
    if (initial === undefined) continue;
    if (changed.user !== undefined) pending.users.set(changed.user.user_id, changed.user);
    if (changed.merchant !== undefined) pending.merchants.set(changed.merchant.merchant_id, changed.merchant);
  }
  closeStep(steps, pending);
  return { initial: initial ?? [], steps };
}

/** The last row of each key since the step was opened. */
type Changes = { readonly users: Map<string, UserRow>; readonly merchants: Map<string, MerchantRow> };

function closeStep(steps: ReplayStep[], { users, merchants }: Changes): void {
  const last = steps.pop();
  if (last === undefined) return;
  const updates: RowPush[] = [];
  if (users.size > 0) updates.push({ view: 'user_profile', rows: [...users.values()] });
  if (merchants.size > 0) updates.push({ view: 'merchant_profile', rows: [...merchants.values()] });
  steps.push({ ...last, updates });
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} is ${value}; it must be a whole number from ${least} to ${most}`);
  }
}
