/**
 * A stretch of the payment stream as traffic for a cluster: the rows and past payments to push first, then each payment
 * as a prediction request and, after it, its event and the rows that it changed. Pure: who sends them decides when.
 *
 * What is first is dated up to `nowMs`; what follows is dated by whoever takes it, when it arrives, as it would be for a
 * payment service. Windows are read as of the moment of a request, so the stretch should be short: the more people, the
 * sooner they make so many payments. It begins at midnight, when thieves are about, whatever the time is.
 */
import { Profiles, withOutcomes } from './history.ts';
import {
  DAY_MS,
  eventOf,
  MINUTE_MS,
  type Payment,
  type PaymentEvent,
  type RequestInputs,
  requestOf,
} from './payment.ts';
import type { MerchantRow, UserRow } from './profile.ts';
import { paymentStream, STREAM_DEFAULTS } from './stream.ts';

export type ReplayOptions = {
  /** Another seed than the training's gives people and merchants that the model has never seen. Default 7. */
  readonly seed?: number;
  /** Default 20,000, who make some 1,000 payments in the first three hours of a day. */
  readonly users?: number;
  /** Default: as many a user as the model was trained on. */
  readonly merchants?: number;
  /** Days of history before `nowMs`. Default 14. */
  readonly warmDays?: number;
  /** At most this many requests, from `nowMs` on, and at most 14 days of them. Default 1000. */
  readonly requestsMax?: number;
  /** Unix epoch at which the requests begin. Give the present: no row is then refused as being from the future. */
  readonly nowMs: number;
};

type Undated<Row> = Omit<Row, 'event_time'> & { readonly event_time?: number };

/** Rows of a view, or events of a stream, for one push. `event_time` is Unix epoch ms; without one: as of the push. */
export type RowPush =
  | { readonly view: 'user_profile'; readonly rows: readonly Undated<UserRow>[] }
  | { readonly view: 'merchant_profile'; readonly rows: readonly Undated<MerchantRow>[] }
  | { readonly view: 'payments'; readonly rows: readonly PaymentEvent[] };

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
   * The payment's event, and the rows changed by it and by outcomes that became known before the next: one push a
   * stream or view, one row a key. Push them after this prediction and before the next, to serve what the model was
   * trained on.
   */
  readonly updates: readonly RowPush[];
};

export type ReplayPlan = {
  /** All rows as of the first step, and the payments of the day before it. */
  readonly initial: readonly RowPush[];
  /** In order of time. */
  readonly steps: readonly ReplayStep[];
};

const START_MS = Date.UTC(2025, 0, 6);
const LIVE_DAYS_MAX = 14;

/** Throws RangeError for options out of range (see the limits in the messages). */
export function replayPlan(options: ReplayOptions): ReplayPlan {
  const { seed = 7, users = 20_000, warmDays = 14, requestsMax = 1_000 } = options;
  const merchants =
    options.merchants ?? Math.max(1, Math.round((users * STREAM_DEFAULTS.merchants) / STREAM_DEFAULTS.users));
  checkWhole('users', users, 1, 100_000);
  checkWhole('merchants', merchants, 1, 20_000);
  checkWhole('warmDays', warmDays, 0, 365);
  checkWhole('requestsMax', requestsMax, 1, 1_000_000);
  const liveFromMs = START_MS + warmDays * DAY_MS;
  if (!(options.nowMs >= liveFromMs)) throw new RangeError(`nowMs must be ${warmDays} days or more after 2025-01-06`);
  // By whole minutes, so that payments fall into the same buckets as without it.
  const shiftMs = Math.floor((options.nowMs - liveFromMs) / MINUTE_MS) * MINUTE_MS;

  const profiles = new Profiles();
  const steps: ReplayStep[] = [];
  const lastDay: PaymentEvent[] = [];
  let initial: RowPush[] | undefined;
  let open: Payment | undefined;
  let changes: Changes = { users: new Map(), merchants: new Map() };
  const close = (): void => {
    if (open !== undefined) steps.push(stepOf(open, seed, shiftMs, changes));
    changes = { users: new Map(), merchants: new Map() };
  };
  const stream = paymentStream({ seed, users, merchants, startMs: START_MS, days: warmDays + LIVE_DAYS_MAX });
  for (const event of withOutcomes(stream)) {
    const { kind, payment, atMs } = event;
    if (kind === 'payment' && atMs >= liveFromMs) {
      initial ??= initialRows(profiles, lastDay, shiftMs, liveFromMs);
      close();
      open = undefined;
      if (steps.length === requestsMax) break;
      open = payment;
    } else if (kind === 'payment' && atMs > liveFromMs - DAY_MS) {
      lastDay.push(identified(payment, seed));
    }
    const changed = profiles.apply(event);
    if (changed.user !== undefined) changes.users.set(changed.user.user_id, changed.user);
    if (changed.merchant !== undefined) changes.merchants.set(changed.merchant.merchant_id, changed.merchant);
  }
  if (open !== undefined) close();
  return { initial: initial ?? initialRows(profiles, lastDay, shiftMs, liveFromMs), steps };
}

function initialRows(
  profiles: Profiles,
  events: readonly PaymentEvent[],
  shiftMs: number,
  liveFromMs: number,
): RowPush[] {
  // Outcomes may have come between the start and the first payment after it.
  const dated = <Row extends { readonly event_time?: number }>(row: Row): Row => {
    return { ...row, event_time: Math.min(row.event_time!, liveFromMs) + shiftMs };
  };
  return [
    { view: 'user_profile', rows: profiles.userRows().map(dated) },
    { view: 'merchant_profile', rows: profiles.merchantRows().map(dated) },
    { view: 'payments', rows: events.map(dated) },
  ];
}

/** The last row of each key since the step was opened. */
type Changes = { readonly users: Map<string, UserRow>; readonly merchants: Map<string, MerchantRow> };

function stepOf(payment: Payment, seed: number, shiftMs: number, { users, merchants }: Changes): ReplayStep {
  const { event_time: _, ...event } = identified(payment, seed);
  const updates: RowPush[] = [{ view: 'payments', rows: [event] }];
  if (users.size > 0) updates.push({ view: 'user_profile', rows: Array.from(users.values(), undated) });
  if (merchants.size > 0) updates.push({ view: 'merchant_profile', rows: Array.from(merchants.values(), undated) });
  return {
    payment_id: payment.payment_id,
    ts_ms: payment.ts_ms + shiftMs,
    request: { user_id: payment.user_id, inputs: { merchant_id: payment.merchant_id, ...requestOf(payment) } },
    is_fraud: payment.is_fraud,
    updates,
  };
}

function undated<Row extends { readonly event_time: number }>(row: Row): Omit<Row, 'event_time'> {
  const { event_time: _, ...rest } = row;
  return rest;
}

/** Payments of different seeds are different payments, whatever they are called. */
function identified(payment: Payment, seed: number): PaymentEvent {
  const event = eventOf(payment);
  return { ...event, id: `${seed}-${event.id}` };
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} is ${value}; it must be a whole number from ${least} to ${most}`);
  }
}
