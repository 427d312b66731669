/**
 * The training set: for each payment, the model's input as it stood just before (nothing later, no outcome before its
 * 7 days), and whether it was fraud. Windows are cut by time, never at random: the future must not teach the past.
 */
import { type Columns, evaluateColumns } from '../support/columns.ts';
import type { LabelledRows } from '../support/mlp-trainer.ts';
import app from './features.ts';
import { Profiles, withOutcomes } from './history.ts';
import { MemoryStore } from './memory-store.ts';
import { MODEL_WIDTH, servingPlan } from './model-columns.ts';
import { eventOf, type Payment, requestOf } from './payment.ts';
import type { MerchantRow, UserRow } from './profile.ts';

export type TrainingRow = {
  readonly payment: Payment;
  /** The rows as they stood; undefined: none yet. */
  readonly user: UserRow | undefined;
  readonly merchant: MerchantRow | undefined;
  /** `MODEL_WIDTH` numbers. */
  readonly input: Float32Array;
};

/**
 * One row a payment, in order, read as of its time; as when serving, the payment itself is pushed, and enters the
 * profiles, only after its row is made.
 */
export function* trainingRows(payments: Iterable<Payment>): Generator<TrainingRow, void, undefined> {
  const profiles = new Profiles();
  const store = new MemoryStore(app, servingPlan());
  for (const event of withOutcomes(payments)) {
    const { payment, atMs } = event;
    if (event.kind === 'payment') {
      const { user_id: userId, merchant_id: merchantId } = payment;
      const input = store.modelInput(userId, { merchant_id: merchantId, ...requestOf(payment) }, atMs);
      yield { payment, user: profiles.user(userId), merchant: profiles.merchant(merchantId), input };
      store.push('payments', eventOf(payment), atMs);
    }
    const changed = profiles.apply(event);
    if (changed.user !== undefined) store.push('user_profile', changed.user, atMs);
    if (changed.merchant !== undefined) store.push('merchant_profile', changed.merchant, atMs);
  }
}

/** What the graph makes of the rows' inputs, for the trainer. */
export function labelledRows(rows: readonly TrainingRow[], columns: Columns): LabelledRows {
  const values = new Float32Array(rows.length * columns.width);
  rows.forEach((row, index) => {
    if (row.input.length !== MODEL_WIDTH) throw new RangeError(`a model row has ${MODEL_WIDTH} numbers`);
    values.set(evaluateColumns(columns, row.input), index * columns.width);
  });
  return { width: columns.width, values, labels: Uint8Array.from(rows, (row) => (row.payment.is_fraud ? 1 : 0)) };
}
