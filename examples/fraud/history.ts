/**
 * The rows as of each moment of a stream: payments and, 7 days after each, its outcome, in order of time.
 * Whoever asks between two payments sees what was known then, and nothing later.
 */
import type { Payment } from './payment.ts';
import {
  CHARGEBACK_DELAY_MS,
  EMPTY_MERCHANT,
  EMPTY_USER,
  foldMerchant,
  foldUser,
  type HistoryEvent,
  type MerchantRow,
  type MerchantState,
  merchantRow,
  type UserRow,
  type UserState,
  userRow,
} from './profile.ts';

/** Payments and their outcomes, in order of time; at the same instant outcomes come first. */
export function* withOutcomes(payments: Iterable<Payment>): Generator<HistoryEvent, void, undefined> {
  let waiting: Payment[] = []; // at most 7 days of payments, and as many again that are over
  let next = 0;
  for (const payment of payments) {
    for (; next < waiting.length; next++) {
      const settled = waiting[next]!;
      const atMs = settled.ts_ms + CHARGEBACK_DELAY_MS;
      if (atMs > payment.ts_ms) break;
      yield { kind: 'outcome', atMs, payment: settled };
    }
    if (next > waiting.length / 2) {
      waiting = waiting.slice(next);
      next = 0;
    }
    waiting.push(payment);
    yield { kind: 'payment', atMs: payment.ts_ms, payment };
  }
}

/** Rows that an event changed: undefined where it left the row as it was. */
export type ChangedRows = { readonly user: UserRow | undefined; readonly merchant: MerchantRow | undefined };

/** All that is remembered, one state a user and a merchant. */
export class Profiles {
  readonly #users = new Map<string, UserState>();
  readonly #merchants = new Map<string, MerchantState>();

  /** Events must come in order of time. */
  apply(event: HistoryEvent): ChangedRows {
    const { user_id: userId, merchant_id: merchantId } = event.payment;
    const userBefore = this.#users.get(userId) ?? EMPTY_USER;
    const user = foldUser(userBefore, event);
    const merchant = foldMerchant(this.#merchants.get(merchantId) ?? EMPTY_MERCHANT, event);
    this.#users.set(userId, user);
    this.#merchants.set(merchantId, merchant);
    return {
      user: user === userBefore ? undefined : userRow(userId, user),
      merchant: merchantRow(merchantId, merchant),
    };
  }

  /** Undefined for users without history. */
  user(userId: string): UserRow | undefined {
    const state = this.#users.get(userId);
    return state === undefined ? undefined : userRow(userId, state);
  }

  merchant(merchantId: string): MerchantRow | undefined {
    const state = this.#merchants.get(merchantId);
    return state === undefined ? undefined : merchantRow(merchantId, state);
  }

  userRows(): UserRow[] {
    return Array.from(this.#users, ([userId, state]) => userRow(userId, state));
  }

  merchantRows(): MerchantRow[] {
    return Array.from(this.#merchants, ([merchantId, state]) => merchantRow(merchantId, state));
  }
}
