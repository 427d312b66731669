/**
 * Drives the lease (`lease.ts`) on a key-value store: at most one process of those that share a key is leader at any
 * instant, and another follows within twice the lease after it dies.
 */
import { ServingError } from '../../proto/errors.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import type { KeyValue } from '../key-value.ts';
import { decodeLease, encodeLease, Lease, type LeaseEntry, type LeaseRecord } from './lease.ts';

export type LeaderOptions = {
  readonly keyValue: KeyValue;
  readonly clock: Clock;
  /** The lease's key; the same for all candidates. */
  readonly key: string;
  /** This process, unique per start: name.incarnation. */
  readonly self: string;
  /** How long a lease lasts unrenewed; renewed every third of it. Default 1500. */
  readonly leaseMs?: number;
  /** Leadership began or ended. Ending is also seen by `isLeader`, which is exact even where this comes late. */
  readonly onChange?: (leading: boolean) => void;
  /** The store failed or held something unreadable; the election goes on. */
  readonly onError?: (error: unknown) => void;
};

export class Leader {
  readonly #options: LeaderOptions;
  readonly #lease: Lease;
  #leading = false;
  #running = false;
  #inFlight: Promise<void> | null = null;
  #wakeTimer: TimerHandle | null = null;
  #expiryTimer: TimerHandle | null = null;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#lease = new Lease({ self: options.self, leaseMs: options.leaseMs });
  }

  /** Whether this process is the leader now. Ask right before acting; it reads the clock. */
  isLeader(): boolean {
    return this.#running && this.#lease.holds(this.#options.clock.nowMs());
  }

  /** The leader by the entry last seen (name.incarnation), or null. For people: it may have died since. */
  holder(): string | null {
    return this.#lease.holder;
  }

  /** Becomes a candidate. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#step();
  }

  /** Steps down at once and frees the lease for the others; resolves within two fifths of the lease, never rejects. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#wakeTimer?.cancel();
    this.#expiryTimer?.cancel();
    this.#announce(false);
    await this.#inFlight;
    const release = this.#lease.release();
    if (release === null) return;
    try {
      await this.#bounded(this.#write(release.entry, release.revision));
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  #step(): void {
    while (this.#running) {
      const { clock } = this.#options;
      const decision = this.#lease.decide(clock.nowMs());
      if (decision.kind === 'step-down') {
        this.#announce(false);
        continue;
      }
      if (decision.kind === 'wait') {
        this.#wakeTimer?.cancel();
        this.#wakeTimer = clock.after(decision.untilMs - clock.nowMs(), () => this.#step());
        return;
      }
      // One operation at a time; its end brings us back here.
      if (this.#inFlight !== null) return;
      const operation = decision.kind === 'read' ? this.#readLease() : this.#writeLease(decision);
      this.#inFlight = operation
        .catch((error) => {
          this.#lease.unconfirmed(clock.nowMs());
          this.#options.onError?.(error);
        })
        .finally(() => {
          this.#inFlight = null;
          this.#step();
        });
      return;
    }
  }

  async #readLease(): Promise<void> {
    const { keyValue, key, clock } = this.#options;
    const entry = await this.#bounded(keyValue.get(key));
    this.#lease.observed(entry === null ? null : this.#asRecord(entry), clock.nowMs());
  }

  async #writeLease({ entry, revision }: { entry: LeaseEntry; revision: number | null }): Promise<void> {
    const { clock } = this.#options;
    const sentMs = clock.nowMs();
    const written = await this.#bounded(this.#write(entry, revision));
    this.#lease.written(entry, written, sentMs, clock.nowMs());
    if (!this.isLeader()) return;
    // Armed apart from the wake-up, so that the end is noticed while a renewal hangs.
    this.#expiryTimer?.cancel();
    this.#expiryTimer = clock.after(this.#lease.holdsUntilMs - clock.nowMs(), () => this.#step());
    this.#announce(true);
  }

  #write(entry: LeaseEntry, revision: number | null): Promise<number | null> {
    const { keyValue, key } = this.#options;
    const value = encodeLease(entry);
    return revision === null ? keyValue.create(key, value) : keyValue.update(key, value, revision);
  }

  /** An entry that nobody can read belongs to nobody who can renew it: it is waited out like any other. */
  #asRecord(entry: { value: Uint8Array; revision: number }): LeaseRecord {
    try {
      return { ...decodeLease(entry.value), revision: entry.revision };
    } catch (error) {
      this.#options.onError?.(error);
      return { holder: '(unreadable)', counter: 0, revision: entry.revision };
    }
  }

  /** A store that does not answer must not hold up the election: its answer is not waited for, and ignored if late. */
  #bounded<T>(operation: Promise<T>): Promise<T> {
    const timeoutMs = this.#lease.leaseMs / 5;
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(timeoutMs, () =>
        reject(new ServingError('UNAVAILABLE', 'route', `no answer about the leader's lease in ${timeoutMs} ms`)),
      );
      operation.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #announce(leading: boolean): void {
    if (this.#leading === leading) return;
    this.#leading = leading;
    this.#options.onChange?.(leading);
  }
}
