/**
 * A few payments with the score that the trained model gives them, computed without any runtime: whatever serves the
 * model must answer the same. No user or merchant comes twice, so all rows can be pushed first, in any order.
 */
import app from './features.ts';
import { MemoryStore } from './memory-store.ts';
import { servingPlan } from './model-columns.ts';
import { DAY_MS, eventOf, type Payment, type PaymentEvent, type RequestInputs, requestOf } from './payment.ts';
import type { MerchantRow, UserRow } from './profile.ts';
import type { TrainingRow } from './training-rows.ts';

export const GOLDEN_ROWS = 20;
export const GOLDEN_RECENT_ROWS = 8;

export type GoldenRow = {
  /** Rows to push first, as if they were true now; null: nothing is known, and defaults are served. */
  readonly user: Omit<UserRow, 'event_time'> | null;
  readonly merchant: Omit<MerchantRow, 'event_time'> | null;
  readonly request: { readonly user_id: string; readonly inputs: RequestInputs & { readonly merchant_id: string } };
  readonly is_fraud: boolean;
  /** As of any moment, where no payments are pushed. */
  readonly score: number;
};

/** One whose user and merchant have a past: payments to push to the stream. */
export type GoldenRecentRow = GoldenRow & {
  /** Unix epoch ms of the request to which `score` belongs. At another time buckets are cut elsewhere. */
  readonly at_ms: number;
  readonly events: readonly (Omit<PaymentEvent, 'event_time'> & { readonly age_ms: number })[];
};

/**
 * `GOLDEN_ROWS` of the rows, evenly spread in time, 7 of them fraud; of the honest ones, one is asked as if its user
 * were unknown, one as if its merchant were. `score`: the model's answer for one row of its input.
 */
export function goldenRows(rows: readonly TrainingRow[], score: (input: Float32Array) => number): GoldenRow[] {
  const taken = new Set<string>();
  const frauds = spread(rows, 7, taken, (row) => row.payment.is_fraud);
  const honest = spread(rows, GOLDEN_ROWS - frauds.length, taken, (row) => !row.payment.is_fraud);
  const golden = (row: TrainingRow, user: UserRow | undefined, merchant: MerchantRow | undefined): GoldenRow => {
    const asked = {
      user: user === undefined ? null : timeless(user),
      merchant: merchant === undefined ? null : timeless(merchant),
      request: requestFor(row.payment, user?.user_id ?? 'unknown-user', merchant?.merchant_id ?? 'unknown-merchant'),
      is_fraud: row.payment.is_fraud,
    };
    return { ...asked, score: score(goldenInput({ ...asked, score: 0 }, row.payment.ts_ms)) };
  };
  return [
    ...frauds.map((row) => golden(row, row.user, row.merchant)),
    ...honest.map((row, i) => golden(row, i === 0 ? undefined : row.user, i === 1 ? undefined : row.merchant)),
  ];
}

/**
 * `GOLDEN_RECENT_ROWS` more, half of them fraud, with all that their user and merchant saw within the last day: those
 * who paid within the hour, at merchants with few payments. Everyone in them is renamed, so that no row disturbs another.
 */
export function goldenRecentRows(
  rows: readonly TrainingRow[],
  score: (input: Float32Array) => number,
): GoldenRecentRow[] {
  const later = rows.filter((row) => row.payment.ts_ms >= rows[0]!.payment.ts_ms + DAY_MS);
  const taken = new Set<string>();
  const hasEvents = (row: TrainingRow): boolean => {
    const events = pastOf(row.payment, rows);
    const own = events.filter((one) => one.user_id === row.payment.user_id);
    return events.length < 20 && own.some((one) => row.payment.ts_ms - one.ts_ms < DAY_MS / 24);
  };
  const frauds = spread(later, GOLDEN_RECENT_ROWS / 2, taken, (row) => row.payment.is_fraud && hasEvents(row));
  const honest = spread(later, GOLDEN_RECENT_ROWS / 2, taken, (row) => !row.payment.is_fraud && hasEvents(row));
  return [...frauds, ...honest].map(({ payment, user, merchant }, i): GoldenRecentRow => {
    const renamed = (id: string): string => `recent${i + 1}-${id}`;
    const asked = {
      at_ms: payment.ts_ms,
      user: { ...timeless(user!), user_id: renamed(payment.user_id) },
      merchant: { ...timeless(merchant!), merchant_id: renamed(payment.merchant_id) },
      events: pastOf(payment, rows).map((one) => {
        const { event_time: _, ...event } = eventOf(one);
        const { id, user_id: userId, merchant_id: merchantId } = event;
        const names = { id: renamed(id), user_id: renamed(userId), merchant_id: renamed(merchantId) };
        return { age_ms: payment.ts_ms - one.ts_ms, ...event, ...names };
      }),
      request: requestFor(payment, renamed(payment.user_id), renamed(payment.merchant_id)),
      is_fraud: payment.is_fraud,
    };
    return { ...asked, score: score(goldenInput({ ...asked, score: 0 }, payment.ts_ms)) };
  });
}

/**
 * The model's input for a golden row whose request is answered at `atMs`, after its rows and events were pushed as of
 * `pushedMs` (both Unix epoch ms): what the cluster must make of it.
 */
export function goldenInput(row: GoldenRow | GoldenRecentRow, atMs: number, pushedMs = atMs): Float32Array {
  const store = new MemoryStore(app, servingPlan());
  if (row.user !== null) store.push('user_profile', row.user, pushedMs);
  if (row.merchant !== null) store.push('merchant_profile', row.merchant, pushedMs);
  if ('events' in row) for (const event of goldenEvents(row, pushedMs)) store.push('payments', event, pushedMs);
  return store.modelInput(row.request.user_id, row.request.inputs, atMs);
}

/** The payments of a golden row as they are pushed at `pushedMs`. */
export function goldenEvents({ events }: GoldenRecentRow, pushedMs: number): PaymentEvent[] {
  return events.map(({ age_ms: ageMs, ...event }) => ({ ...event, event_time: pushedMs - ageMs }));
}

/** What the last day knows of the payment's user and merchant, in order of time. */
function pastOf(payment: Payment, rows: readonly TrainingRow[]): Payment[] {
  const fromMs = payment.ts_ms - DAY_MS;
  const end = rows.findIndex((row) => row.payment.ts_ms >= payment.ts_ms);
  const past: Payment[] = [];
  for (let i = end - 1; i >= 0 && rows[i]!.payment.ts_ms > fromMs; i--) {
    const other = rows[i]!.payment;
    if (other.user_id === payment.user_id || other.merchant_id === payment.merchant_id) past.push(other);
  }
  return past.reverse();
}

function requestFor(payment: Payment, userId: string, merchantId: string): GoldenRow['request'] {
  return { user_id: userId, inputs: { merchant_id: merchantId, ...requestOf(payment) } };
}

function timeless<Row extends { readonly event_time: number }>(row: Row): Omit<Row, 'event_time'> {
  const { event_time: _, ...rest } = row;
  return rest;
}

/** `wanted` rows with known users and merchants that are not taken yet, each the first fit of its stretch of time. */
function spread(
  rows: readonly TrainingRow[],
  wanted: number,
  taken: Set<string>,
  fits: (row: TrainingRow) => boolean,
): TrainingRow[] {
  const chosen: TrainingRow[] = [];
  for (let stretch = 0; stretch < wanted; stretch++) {
    const from = Math.floor((rows.length * stretch) / wanted);
    const row = rows.slice(from).find((candidate) => {
      const { payment, user, merchant } = candidate;
      const isFree = !taken.has(payment.user_id) && !taken.has(payment.merchant_id);
      return isFree && user !== undefined && merchant !== undefined && fits(candidate);
    });
    if (row === undefined) continue;
    taken.add(row.payment.user_id).add(row.payment.merchant_id);
    chosen.push(row);
  }
  return chosen;
}
