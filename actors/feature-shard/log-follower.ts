/**
 * Keeps the replica up with the log: follows each assigned partition from its cursor, gathers what arrives and applies
 * it a transaction at a time, and knows which partitions have caught up. I/O at the edge; the replica decides what a
 * message means.
 *
 * A log that does not answer is no reason to answer nothing. What the replica held when it last heard of the log is
 * served on, older by the minute (every answer says its sequence and age), until the log says what is missing.
 */

import { sleep } from '../../cluster/clock.ts';
import { ApplyQueue } from './apply-queue.ts';
import type { LogState } from './bootstrap.ts';
import { heartbeatOf, type LogHeartbeat } from './log-heartbeat.ts';
import type { FollowerOptions } from './log-source.ts';
import { faultOfLog, noteCaughtUp, noteLeft } from './log-standing.ts';
import { PartitionStarts } from './partition-starts.ts';

type Following = {
  readonly partition: number;
  /** Sequence to reach before the partition counts as caught up; null until the log has said it. */
  goalSeq: number | null;
  pending: number;
  handle: { stop(): Promise<void> } | null;
  stopped: boolean;
};

const RETRY_MS = 250;
/** A log that has not answered for this long is served without: far above a healthy answer, below a caller's patience. */
const SILENCE_MS = 2_000;

export class LogFollower {
  readonly #options: FollowerOptions;
  readonly #following = new Map<number, Following>();
  #wanted: ReadonlySet<number> = new Set();
  #joining: Promise<void> | null = null;
  /** Partitions that count as caught up until the log has said how far it is. */
  readonly #unconfirmed = new Set<number>();
  #silent = false;
  #restarts = 0;
  readonly #stop: Promise<null>;
  #sayStop: () => void = () => {};
  readonly #queue: ApplyQueue;
  #stopped = false;
  readonly #heartbeat: LogHeartbeat | null;
  #fault: string | null = null;
  /** Partitions that have to be had from elsewhere before the log can take them on. */
  readonly #starts: PartitionStarts | null;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { source, bootstrap, clock, log, onCaughtUp } = options;
    this.#starts = bootstrap === undefined ? null : new PartitionStarts(bootstrap, clock, log, onCaughtUp);
    this.#queue = new ApplyQueue({
      ...options,
      onApplied: async (...applied) => {
        options.onApplied(...applied);
        await this.#markCaughtUp();
        options.onCaughtUp();
      },
      onShortage: onCaughtUp,
      onCorrupt: (why) => this.#failFor(`what is stored here is corrupt: ${why}`),
    });
    this.#heartbeat = heartbeatOf(source, clock, log);
    this.#stop = new Promise((resolve) => {
      this.#sayStop = () => resolve(null);
    });
  }

  /** Why this replica cannot be trusted to serve, or null. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Why the log is not applied for want of room, or null. What is applied is served on. */
  get shortage(): string | null {
    return this.#queue.shortage;
  }

  /**
   * True once everything the log held when following began is applied. While the log does not answer: where the replica
   * had caught up before, in this process or an earlier one.
   */
  isCaughtUp(partition: number): boolean {
    if (this.#fault !== null || this.#starts?.has(partition) === true) return false;
    const goalSeq = this.#following.get(partition)?.goalSeq;
    if (goalSeq === undefined || goalSeq === null) return this.#unconfirmed.has(partition);
    return this.#options.replica.appliedSeq(partition) >= goalSeq;
  }

  /** Whether the partition counts as caught up although the log has not confirmed it, or not for long. */
  isUnconfirmed(partition: number): boolean {
    if (this.#fault !== null) return false;
    return (
      this.#unconfirmed.has(partition) || (this.#heartbeat?.isStale(partition) === true && this.isCaughtUp(partition))
    );
  }

  /** Time since the log last confirmed that nothing of any partition followed here was missing. */
  confirmedAgeMs(): number {
    if (this.#heartbeat === null || this.#wanted.size === 0) return 0;
    return Math.max(...[...this.#wanted].map((partition) => this.#heartbeat!.ageMs(partition)));
  }

  /** Whether an owner of the partition may answer for it: its replica has caught up once, however far it is now. */
  mayServe(partition: number): boolean {
    if (this.#fault !== null || this.#starts?.has(partition) === true) return false;
    return this.#options.replica.wasCaughtUp(partition) || this.isCaughtUp(partition);
  }

  /** Partitions that are being had from elsewhere, as the log cannot give them; why not yet, where that has failed. */
  starting(): ReadonlyMap<number, string | null> {
    return this.#starts?.reasons ?? new Map();
  }

  /** Messages known to be in the log and not yet applied, over all partitions. */
  lag(): number {
    let pending = this.#queue.length;
    for (const following of this.#following.values()) pending += this.#toCome(following);
    return pending;
  }

  /** The same by partition; those that lack nothing are left out. */
  lags(): Map<number, number> {
    const lags = new Map<number, number>();
    const add = (partition: number, messages: number) => {
      if (messages > 0) lags.set(partition, (lags.get(partition) ?? 0) + messages);
    };
    for (const following of this.#following.values()) add(following.partition, this.#toCome(following));
    for (const { partition } of this.#queue.waiting) add(partition, 1);
    return lags;
  }

  /** By the last message that came, or by what the log said that it holds. */
  #toCome({ partition, pending }: Following): number {
    return Math.max(pending, this.#heartbeat?.missing(partition) ?? 0);
  }

  /**
   * Follows exactly these partitions: stops the others, starts the new ones. Resolves once they are followed, whatever
   * was asked for meanwhile, or once this follower is stopped.
   */
  async assign(partitions: ReadonlySet<number>): Promise<void> {
    this.#wanted = new Set(partitions);
    if (!this.#stopped) this.#heartbeat?.start();
    for (const partition of this.#unconfirmed) if (!partitions.has(partition)) this.#unconfirmed.delete(partition);
    if (this.#silent) this.#trustReplica();
    const leaving = [...this.#following.keys()].filter((partition) => !this.#wanted.has(partition));
    for (const partition of leaving) {
      this.#starts?.end(partition);
      this.#heartbeat?.forget(partition);
    }
    await Promise.all([
      this.#unfollow(leaving),
      noteLeft(this.#options.replica, this.#options.log, leaving),
      this.#join(),
    ]);
  }

  /** Follows everything anew from the cursors: after a reconnection, consumers may be gone without notice. */
  async restart(): Promise<void> {
    this.#restarts++;
    for (const partition of this.#wanted) if (this.isCaughtUp(partition)) this.#unconfirmed.add(partition);
    // What is being had from elsewhere goes on: the log is asked again after that anyway.
    const followed = [...this.#following.keys()].filter((partition) => this.#starts?.has(partition) !== true);
    await Promise.all([this.#unfollow(followed), this.#join()]);
  }

  /**
   * Has the partition anew, as what is stored of it is not what was written; it is not served from now on until that is
   * done. Resolves once it has begun. Without anybody to have it from, this replica refuses altogether.
   */
  async rebuild(partition: number, why: string): Promise<void> {
    const { replica, log } = this.#options;
    if (this.#starts === null) return this.#failFor(why);
    if (!this.#following.has(partition) || this.#starts.has(partition) || this.#stopped) return;
    log.error({ partition, why }, 'the partition is not served, and had anew from elsewhere');
    this.#unconfirmed.delete(partition);
    const leaving = this.#unfollow([partition]);
    this.#queue.drop(partition);
    try {
      await replica.partitions.beginRestore(partition);
    } catch (thrown) {
      // As in memory it is begun, it is not served; whoever puts a copy in place begins it again.
      log.warn({ err: thrown, partition }, 'the replica could not note that the partition is had anew');
    }
    this.#options.onCaughtUp();
    await Promise.all([leaving, this.#join()]);
  }

  /** Applies what has been received, and lets the log go. Does not wait for a log that does not answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#sayStop();
    this.#heartbeat?.stop();
    await Promise.all([
      this.#unfollow([...this.#following.keys()]),
      this.#joining,
      this.#starts?.settled(),
      this.#queue.stop(),
    ]);
    // What came before the log was let go.
    await this.#queue.stop();
  }

  /** Starts what is wanted and not followed yet. One at a time; what is wanted may change under way. */
  #join(): Promise<void> {
    this.#joining ??= this.#joinAll().finally(() => {
      this.#joining = null;
    });
    return this.#joining;
  }

  async #joinAll(): Promise<void> {
    const { clock, source, onCaughtUp } = this.#options;
    while (this.#missing().length > 0) {
      const restarts = this.#restarts;
      const silence = clock.after(SILENCE_MS, () => this.#fallSilent());
      try {
        const state = await this.#answerOf(() => source.state());
        if (state === null) return;
        if (!(await this.#checkStream(state))) {
          // What was claimed while the log was silent is not any more.
          onCaughtUp();
          return;
        }
        const used = await this.#answerOf(() => source.usedPartitions());
        if (used === null) return;
        // What the log said before the connection was lost need not be what it says now.
        if (restarts !== this.#restarts) continue;
        await Promise.all(this.#missing().map((partition) => this.#start(partition, state, used.has(partition))));
      } finally {
        silence.cancel();
      }
      if (this.#stopped) return;
      this.#silent = false;
      await this.#markCaughtUp();
      onCaughtUp();
      this.#heartbeat?.check().catch(() => {});
    }
  }

  #together(): boolean {
    return this.#wanted.size >= (this.#options.togetherMin ?? Number.POSITIVE_INFINITY);
  }

  #missing(): number[] {
    if (this.#stopped || this.#fault !== null) return [];
    return [...this.#wanted].filter((partition) => !this.#following.has(partition));
  }

  #fallSilent(): void {
    if (this.#stopped) return;
    this.#silent = true;
    this.#trustReplica();
    const partitions = this.#unconfirmed.size;
    this.#options.log.warn(
      { partitions },
      'the feature log does not answer: serving what is applied here until it does',
    );
    this.#options.onCaughtUp();
  }

  #trustReplica(): void {
    const { replica } = this.#options;
    for (const partition of this.#wanted) {
      const known = (this.#following.get(partition)?.goalSeq ?? null) !== null;
      if (!known && replica.wasCaughtUp(partition)) this.#unconfirmed.add(partition);
    }
  }

  /** Asks until there is an answer (after a restart JetStream takes a while to give one); null once stopped. */
  async #answerOf<T>(ask: () => Promise<T>): Promise<T | null> {
    const { clock, log } = this.#options;
    while (!this.#stopped) {
      try {
        return await Promise.race([ask(), this.#stop]);
      } catch (thrown) {
        // Once the silence has been said, not four times a second.
        log[this.#silent ? 'debug' : 'warn']({ err: thrown }, 'the feature log does not answer yet; asking again');
        await Promise.race([sleep(clock, RETRY_MS), this.#stop]);
      }
    }
    return null;
  }

  /** A log that was made anew, or that ends before what is applied here, contradicts the replica: never serve from it. */
  async #checkStream(state: LogState): Promise<boolean> {
    const { replica, log } = this.#options;
    const known = replica.streamIdentity;
    const highest = replica.highestAppliedSeq();
    if (known === null) await this.#answerOf(() => replica.setStreamIdentity(state.createdText));
    this.#fault = faultOfLog(state, known, highest, this.#options.bootstrap !== undefined);
    if (this.#fault === null) return true;
    log.error({ fault: this.#fault }, 'refusing to serve; remove this replica to rebuild it from the log');
    return false;
  }

  /** Follows the partition where the log can take it on; begins to have it from elsewhere where it cannot. */
  async #start(partition: number, state: LogState, used: boolean): Promise<void> {
    const following: Following = { partition, goalSeq: null, pending: 0, handle: null, stopped: false };
    this.#following.set(partition, following);
    if (await this.#isReady(following, state)) return this.#follow(following, used);
    if (following.stopped || this.#stopped || this.#fault !== null) return;
    this.#unconfirmed.delete(partition);
    // What came of it before belongs to what is replaced now.
    this.#queue.drop(partition);
    this.#starts!.begin(partition, {
      isGone: () => this.#stopped || following.stopped || this.#fault !== null,
      stop: this.#stop,
      follow: () => this.#followPrepared(following),
    });
  }

  /** Whether the log can take the partition on. False too where it contradicts it, which is a fault from then on. */
  async #isReady(following: Following, state: LogState): Promise<boolean> {
    const { bootstrap, log } = this.#options;
    if (bootstrap === undefined) return true;
    const check = await this.#answerOf(() => bootstrap.check(following.partition, state));
    if (check === null || check.contradiction === null) return check?.ready === true;
    this.#fault ??= check.contradiction;
    log.error({ fault: check.contradiction }, 'refusing to serve; remove this replica to rebuild it');
    await this.#unfollow([...this.#following.keys()]);
    this.#options.onCaughtUp();
    return false;
  }

  /** False where the log has changed meanwhile, so that it cannot take the partition on after all. */
  async #followPrepared(following: Following): Promise<boolean> {
    const { source, replica } = this.#options;
    const { partition } = following;
    const state = await this.#answerOf(() => source.state());
    if (state === null) return true;
    if (!(await this.#checkStream(state))) {
      this.#options.onCaughtUp();
      return true;
    }
    // Without a cursor: from the beginning of the log, since that was the only way.
    if (replica.appliedSeq(partition) > 0 && !(await this.#isReady(following, state))) return false;
    this.#starts!.end(partition);
    await this.#follow(following, true);
    await this.#markCaughtUp();
    this.#options.onCaughtUp();
    return true;
  }

  async #follow(following: Following, used: boolean): Promise<void> {
    const { source, replica } = this.#options;
    const { partition } = following;
    const gone = () => this.#stopped || following.stopped;
    const askedMs = this.#options.clock.nowMs();
    const goalSeq = used ? await this.#answerOf(async () => (gone() ? 0 : await source.lastSeqOf(partition))) : 0;
    if (gone() || goalSeq === null) return;
    const start = async () => {
      if (gone()) return null;
      const appliedSeq = replica.appliedSeq(partition);
      this.#heartbeat?.begin(partition, appliedSeq);
      if (used) this.#heartbeat?.told(partition, goalSeq, askedMs);
      const onMessage = (seq: number, bytes: Uint8Array, pending: number) => {
        following.pending = pending;
        this.#heartbeat?.received(partition, seq);
        return this.#queue.push({ partition, seq, bytes });
      };
      const handle = await source.follow(partition, appliedSeq + 1, onMessage, this.#together());
      if (!gone()) return handle;
      // Stopped while it was being made, so nobody else knows of it.
      await handle.stop();
      return null;
    };
    const handle = await this.#answerOf(start);
    if (handle === null || gone()) return;
    following.handle = handle;
    following.goalSeq = goalSeq;
    this.#unconfirmed.delete(partition);
  }

  async #unfollow(partitions: readonly number[]): Promise<void> {
    const leaving = partitions.map((partition) => this.#following.get(partition)!);
    for (const following of leaving) {
      following.stopped = true;
      this.#following.delete(following.partition);
    }
    await Promise.all(leaving.map((following) => following.handle?.stop()));
  }

  /** What cannot be noted now is noted after a later transaction: at worst it is not served while the log is silent. */
  async #markCaughtUp(): Promise<void> {
    const { replica, log } = this.#options;
    await noteCaughtUp(replica, log, this.#following.values());
  }

  /** Refuses to serve from here on, and lets the log go. */
  #failFor(fault: string): void {
    const { log, onCaughtUp, onDamage } = this.#options;
    this.#fault = fault;
    log.error({ fault }, 'refusing to serve; remove this replica to rebuild it from the log');
    void this.#unfollow([...this.#following.keys()]);
    onCaughtUp();
    onDamage?.(fault);
  }
}
