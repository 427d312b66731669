/**
 * Keeps the replica up with the log: follows each assigned partition from its cursor, gathers what arrives and applies
 * it a transaction at a time, and knows which partitions have caught up. I/O at the edge; the replica decides what a
 * message means.
 */

import type { Clock } from '../../cluster/clock.ts';
import { sleep } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import type { ApplyResult, LogMessage, Replica } from './replica.ts';

type LogState = { readonly createdText: string; readonly firstSeq: number; readonly lastSeq: number };

/** The part of the feature log that a follower needs. */
export interface LogSource {
  state(): Promise<LogState>;
  lastSeqOf(partition: number): Promise<number>;
  usedPartitions(): Promise<Set<number>>;
  follow(
    partition: number,
    fromSeq: number,
    onMessage: (seq: number, bytes: Uint8Array, pending: number) => Promise<void> | undefined,
  ): Promise<{ stop(): Promise<void> }>;
}

export type FollowerOptions = {
  readonly replica: Replica;
  readonly source: LogSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Messages applied in one transaction at the most. */
  readonly transactionMessagesMax: number;
  /** Messages waiting to be applied; reading from the log pauses above this. */
  readonly waitingMessagesMax: number;
  readonly onApplied: (result: ApplyResult, messages: number, seconds: number) => void;
  readonly onCaughtUp: () => void;
};

type Following = {
  readonly partition: number;
  /** Sequence to reach before the partition counts as caught up. */
  readonly goalSeq: number;
  pending: number;
  handle: { stop(): Promise<void> } | null;
  stopped: boolean;
};

const RETRY_MS = 250;

export class LogFollower {
  readonly #options: FollowerOptions;
  readonly #following = new Map<number, Following>();
  #waiting: LogMessage[] = [];
  #applying = false;
  #roomWaiters: (() => void)[] = [];
  #stopped = false;
  #fault: string | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Why this replica cannot be trusted to serve, or null. */
  get fault(): string | null {
    return this.#fault;
  }

  /** True once everything the log held when following began is applied. */
  isCaughtUp(partition: number): boolean {
    if (this.#fault !== null) return false;
    const following = this.#following.get(partition);
    return following !== undefined && this.#options.replica.appliedSeq(partition) >= following.goalSeq;
  }

  /** Messages known to be in the log and not yet applied, over all partitions. */
  lag(): number {
    let pending = this.#waiting.length;
    for (const following of this.#following.values()) pending += following.pending;
    return pending;
  }

  /** Follows exactly these partitions: starts the new ones, stops the rest. */
  async assign(partitions: ReadonlySet<number>): Promise<void> {
    const leaving = [...this.#following.values()].filter((following) => !partitions.has(following.partition));
    await Promise.all(leaving.map((following) => this.#unfollow(following)));
    const joining = [...partitions].filter((partition) => !this.#following.has(partition));
    if (joining.length === 0 || this.#stopped) return;
    const { source } = this.#options;
    const state = await this.#answerOf(() => source.state());
    if (state === null || !(await this.#checkStream(state))) return;
    const used = await this.#answerOf(() => source.usedPartitions());
    if (used === null) return;
    await Promise.all(joining.map((partition) => this.#follow(partition, used.has(partition))));
    this.#options.onCaughtUp();
  }

  /** Follows everything anew from the cursors: after a reconnection, consumers may be gone without notice. */
  async restart(): Promise<void> {
    const partitions = new Set(this.#following.keys());
    await this.assign(new Set());
    await this.assign(partitions);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.assign(new Set());
    while (this.#applying) await sleep(this.#options.clock, 5);
  }

  /** Asks until there is an answer (after a restart JetStream takes a while to give one); null once stopped. */
  async #answerOf<T>(ask: () => Promise<T>): Promise<T | null> {
    const { clock, log } = this.#options;
    while (!this.#stopped) {
      try {
        return await ask();
      } catch (thrown) {
        log.warn({ err: thrown }, 'the feature log does not answer yet; asking again');
        await sleep(clock, RETRY_MS);
      }
    }
    return null;
  }

  /** A log that was made anew, or that ends before what is applied here, contradicts the replica: never serve from it. */
  async #checkStream(state: LogState): Promise<boolean> {
    const { replica, log } = this.#options;
    const known = replica.streamIdentity;
    const highest = replica.highestAppliedSeq();
    if (known === null) await replica.setStreamIdentity(state.createdText);
    if (known !== null && known !== state.createdText) {
      this.#fault = `the feature log was created anew (${state.createdText}, this replica follows ${known})`;
    } else if (highest > state.lastSeq) {
      this.#fault = `the feature log ends at ${state.lastSeq}, but ${highest} is applied here: it was rolled back`;
    } else if (highest > 0 && state.firstSeq > highest + 1) {
      this.#fault = `the feature log starts at ${state.firstSeq}, but this replica stands at ${highest}: messages between are gone`;
    }
    if (this.#fault === null) return true;
    log.error({ fault: this.#fault }, 'refusing to serve; remove this replica to rebuild it from the log');
    return false;
  }

  async #follow(partition: number, used: boolean): Promise<void> {
    const { source, replica, clock, log } = this.#options;
    const fromSeq = replica.appliedSeq(partition) + 1;
    const placeholder: Following = {
      partition,
      goalSeq: Number.POSITIVE_INFINITY,
      pending: 0,
      handle: null,
      stopped: false,
    };
    this.#following.set(partition, placeholder);
    while (!this.#stopped && !placeholder.stopped) {
      try {
        const goalSeq = used ? await source.lastSeqOf(partition) : 0;
        const following: Following = { ...placeholder, goalSeq };
        following.handle = await source.follow(partition, fromSeq, (seq, bytes, pending) => {
          following.pending = pending;
          return this.#receive({ partition, seq, bytes });
        });
        if (placeholder.stopped || this.#stopped) {
          await following.handle.stop();
          return;
        }
        this.#following.set(partition, following);
        return;
      } catch (thrown) {
        log.warn({ err: thrown, partition }, 'cannot follow the log yet; trying again');
        await sleep(clock, RETRY_MS);
      }
    }
  }

  async #unfollow(following: Following): Promise<void> {
    following.stopped = true;
    this.#following.delete(following.partition);
    await following.handle?.stop();
  }

  /** Resolves (or is undefined) once there is room for more. */
  #receive(message: LogMessage): Promise<void> | undefined {
    this.#waiting.push(message);
    if (!this.#applying) {
      this.#applying = true;
      this.#options.clock.afterInput(() => void this.#applyWaiting());
    }
    if (this.#waiting.length < this.#options.waitingMessagesMax) return undefined;
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  async #applyWaiting(): Promise<void> {
    const { replica, clock, log, transactionMessagesMax, onApplied, onCaughtUp } = this.#options;
    while (this.#waiting.length > 0) {
      const messages = this.#waiting.slice(0, transactionMessagesMax);
      const startMs = clock.nowMs();
      try {
        const result = await replica.apply(messages);
        this.#waiting = this.#waiting.slice(messages.length);
        onApplied(result, messages.length, (clock.nowMs() - startMs) / 1_000);
        onCaughtUp();
      } catch (thrown) {
        // Nothing of the transaction is kept and the cursors have not moved, so trying again is safe.
        log.error({ err: thrown }, 'applying the log failed; reads go on from what is applied');
        if (this.#stopped) break;
        await sleep(clock, RETRY_MS * 4);
      }
      if (this.#waiting.length < this.#options.waitingMessagesMax) this.#letGoOn();
    }
    this.#applying = false;
    // Where the last transaction failed while stopping there is no room, but those who wait for it must end too.
    this.#letGoOn();
  }

  #letGoOn(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
