/**
 * The lease that makes one process the leader, as a pure state machine: told what was read and written and when, it
 * decides what to do next. `leader.ts` does it.
 *
 * The lease is one key-value entry {holder, counter}, changed by compare-and-set only. The holder counts up to renew.
 * Nobody compares clocks: a candidate may take the entry over once it has seen the same revision for `leaseMs` of its
 * own monotonic clock, and a leader counts its lease from before it sent the renewal that was confirmed. The candidate
 * saw that renewal after it was sent, so the leader's lease has always run out first, as long as the two clocks'
 * rates agree within MARGIN. (Gray & Cheriton, "Leases", 1989, gives the argument for clocks of bounded drift.)
 *
 * The promise covers `holds(nowMs)` at the moment it is asked. A process can still be suspended between asking and
 * acting: whatever a leader writes must go by compare-and-set too, as the placement table does.
 */
import { ServingError } from '../../proto/errors.ts';

export type LeaseEntry = {
  /** Unique per process start (name.incarnation); empty when the last holder gave the lease up. */
  readonly holder: string;
  /** Grows by one with each write. */
  readonly counter: number;
};

/** A lease entry as read from the store. */
export type LeaseRecord = LeaseEntry & { readonly revision: number };

export type LeaseDecision =
  /** Read the entry and pass it to `observed`. */
  | { readonly kind: 'read' }
  /** Write `entry` by compare-and-set on `revision` (null: create), then call `written` or `unconfirmed`. */
  | { readonly kind: 'acquire' | 'renew'; readonly entry: LeaseEntry; readonly revision: number | null }
  /** The lease ran out unrenewed: stop acting as leader now. Said once; ask again at once. */
  | { readonly kind: 'step-down' }
  /** Nothing to do before `untilMs`. */
  | { readonly kind: 'wait'; readonly untilMs: number };

export type LeaseOptions = {
  readonly self: string;
  /** How long a lease lasts unrenewed. Default 1500. */
  readonly leaseMs?: number;
};

export const LEASE_MS_DEFAULT = 1500;
export const HOLDER_CHARS_MAX = 200;
/** Share of the lease that its holder leaves unused, against clocks that run at different rates. */
const MARGIN = 0.05;

export class Lease {
  readonly self: string;
  readonly leaseMs: number;
  /** What the store is known to hold, and since when it has been that. */
  #record: LeaseRecord | null = null;
  #seenSinceMs = Number.NEGATIVE_INFINITY;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #mustRead = true;
  #everSeen = false;
  #holdsUntilMs = Number.NEGATIVE_INFINITY;
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  /** Whether `step-down` is still to be said. */
  #acting = false;

  constructor(options: LeaseOptions) {
    this.self = options.self;
    this.leaseMs = options.leaseMs ?? LEASE_MS_DEFAULT;
  }

  /** Whether this process may act as leader at `nowMs`. */
  holds(nowMs: number): boolean {
    return this.#acting && nowMs < this.#holdsUntilMs;
  }

  /** When the lease as confirmed so far runs out; past or -Infinity where it is not held. */
  get holdsUntilMs(): number {
    return this.#holdsUntilMs;
  }

  /** Who holds the lease by the entry last seen; null when nobody, or unknown. */
  get holder(): string | null {
    return this.#record === null || this.#record.holder === '' ? null : this.#record.holder;
  }

  decide(nowMs: number): LeaseDecision {
    if (this.#acting && nowMs >= this.#holdsUntilMs) {
      this.#acting = false;
      return { kind: 'step-down' };
    }
    if (nowMs < this.#retryAtMs) {
      const untilMs = this.#acting ? Math.min(this.#retryAtMs, this.#holdsUntilMs) : this.#retryAtMs;
      return { kind: 'wait', untilMs };
    }
    if (this.#mustRead) return { kind: 'read' };
    if (this.#record?.holder === this.self) return this.#renewOrWait(nowMs, this.#record);
    return this.#acquireOrWait(nowMs);
  }

  /** What a read returned; `nowMs` is when the answer came. */
  observed(record: LeaseRecord | null, nowMs: number): void {
    this.#mustRead = false;
    this.#readAtMs = nowMs;
    if (record?.revision !== this.#record?.revision) this.#seenSinceMs = nowMs;
    this.#record = record;
    if (record !== null) this.#everSeen = true;
    // Somebody else has it, or the entry was removed by hand: what was confirmed before counts no longer.
    if (record?.holder !== this.self) this.#holdsUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** The outcome of an acquire or renew sent at `sentMs`: the new revision, or null for a conflict. */
  written(entry: LeaseEntry, revision: number | null, sentMs: number, nowMs: number): void {
    if (revision === null) {
      // Somebody wrote: there is a holder, and all we know of its age is that it may have renewed just now.
      this.#everSeen = true;
      this.#seenSinceMs = nowMs;
      this.unconfirmed(nowMs);
      return;
    }
    this.#record = { ...entry, revision };
    this.#everSeen = true;
    this.#seenSinceMs = nowMs;
    this.#readAtMs = nowMs;
    this.#renewedAtMs = sentMs;
    this.#holdsUntilMs = sentMs + this.leaseMs * (1 - MARGIN);
    this.#acting = nowMs < this.#holdsUntilMs;
  }

  /**
   * A read or write failed, conflicted or went unanswered; it may still take effect, so look before the next step. The
   * pause keeps a store that lags or fails from being asked without end.
   */
  unconfirmed(nowMs: number): void {
    this.#mustRead = true;
    this.#retryAtMs = nowMs + this.leaseMs / 10;
  }

  /** Stops acting at once; the write that lets others take over without waiting, or null when there is none to make. */
  release(): { readonly entry: LeaseEntry; readonly revision: number } | null {
    this.#acting = false;
    this.#holdsUntilMs = Number.NEGATIVE_INFINITY;
    if (this.#record?.holder !== this.self) return null;
    return { entry: { holder: '', counter: this.#record.counter + 1 }, revision: this.#record.revision };
  }

  #renewOrWait(nowMs: number, record: LeaseRecord): LeaseDecision {
    // Held but not acting: a write of ours arrived unconfirmed. Renewing by compare-and-set is as safe as acquiring.
    const renewAtMs = this.#acting ? this.#renewedAtMs + this.leaseMs / 3 : nowMs;
    if (nowMs < renewAtMs) return { kind: 'wait', untilMs: Math.min(renewAtMs, this.#holdsUntilMs) };
    return { kind: 'renew', entry: this.#nextEntry(record), revision: record.revision };
  }

  #acquireOrWait(nowMs: number): LeaseDecision {
    const record = this.#record;
    // An entry that vanished was removed by somebody outside this protocol, whose holder may still be acting.
    const free = record === null ? !this.#everSeen : record.holder === '';
    const takeOverAtMs = this.#seenSinceMs + this.leaseMs;
    if (free || nowMs >= takeOverAtMs) {
      return { kind: 'acquire', entry: this.#nextEntry(record), revision: record?.revision ?? null };
    }
    const readAgainAtMs = this.#readAtMs + this.leaseMs / 3;
    if (nowMs >= readAgainAtMs) return { kind: 'read' };
    return { kind: 'wait', untilMs: Math.min(takeOverAtMs, readAgainAtMs) };
  }

  #nextEntry(record: LeaseRecord | null): LeaseEntry {
    return { holder: this.self, counter: (record?.counter ?? 0) + 1 };
  }
}

export function encodeLease(entry: LeaseEntry): Uint8Array {
  return Buffer.from(JSON.stringify({ holder: entry.holder, counter: entry.counter }));
}

/** Throws DATA_LOSS for anything that `encodeLease` could not have written. */
export function decodeLease(bytes: Uint8Array): LeaseEntry {
  try {
    if (bytes.byteLength > 1024) throw new Error(`it has ${bytes.byteLength} bytes`);
    const { holder, counter } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof holder !== 'string' || holder.length > HOLDER_CHARS_MAX) throw new Error('holder is not a short text');
    if (!Number.isSafeInteger(counter) || counter < 0) throw new Error('counter is not a whole number');
    return { holder, counter };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServingError('DATA_LOSS', 'route', `the leader's lease cannot be read: ${why}`, { cause });
  }
}
