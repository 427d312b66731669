/**
 * A few payments with the score that the trained model gives them, computed without any runtime: whatever serves the
 * model must answer the same. No user or merchant comes twice, so all rows can be pushed first, in any order.
 */
import { modelRow, type RequestInputs, requestOf } from './model-columns.ts';
import type { MerchantRow, UserRow } from './profile.ts';
import type { TrainingRow } from './training-rows.ts';

export const GOLDEN_ROWS = 20;

export type GoldenRow = {
  /** Rows to push first, as if they were true now; null: nothing is known, and defaults are served. */
  readonly user: Omit<UserRow, 'event_time'> | null;
  readonly merchant: Omit<MerchantRow, 'event_time'> | null;
  readonly request: { readonly user_id: string; readonly inputs: RequestInputs & { readonly merchant_id: string } };
  readonly is_fraud: boolean;
  readonly score: number;
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
    const inputs = requestOf(row.payment);
    const userId = user?.user_id ?? 'unknown-user';
    const merchantId = merchant?.merchant_id ?? 'unknown-merchant';
    return {
      user: user === undefined ? null : timeless(user),
      merchant: merchant === undefined ? null : timeless(merchant),
      request: { user_id: userId, inputs: { merchant_id: merchantId, ...inputs } },
      is_fraud: row.payment.is_fraud,
      score: score(modelRow(user, merchant, inputs, row.payment.ts_ms)),
    };
  };
  return [
    ...frauds.map((row) => golden(row, row.user, row.merchant)),
    ...honest.map((row, i) => golden(row, i === 0 ? undefined : row.user, i === 1 ? undefined : row.merchant)),
  ];
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
