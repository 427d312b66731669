/**
 * Proof that quiet partitions are quiet: now and then the log is asked, once for all partitions, how much it holds, and
 * that is held against what has come. A partition is confirmed as of a moment when everything that the log held of it
 * at that moment is here.
 *
 * - What comes in order and lies beyond the log's end as of an earlier question shows that nothing before was missed.
 * - Otherwise messages are counted: what the log holds of a partition, less what has come of it since following began,
 *   stays the same number (`base`) as long as nothing is missing and nothing is taken out of the log. The base is learnt,
 *   while a partition is quiet, by asking once for its last sequence.
 */

import type { Clock, TimerHandle } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import type { LogSource } from './log-source.ts';

/** What the log holds. */
export type LogCounts = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Messages taken out between the first and the last. */
  readonly deleted: number;
  /** Messages by partition; those without any may be left out. */
  readonly messages: ReadonlyMap<number, number>;
};

export interface HeartbeatSource {
  counts(): Promise<LogCounts>;
  lastSeqOf(partition: number): Promise<number>;
}

/** One partition since following it began. */
type Reception = {
  received: number;
  /** Of the newest that came, or that was applied when following began. */
  lastSeq: number;
  base: number | null;
};

export type HeartbeatOptions = {
  readonly source: HeartbeatSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly periodMs?: number;
  readonly staleAfterMs?: number;
};

/** Time between questions, and without a confirmation after which a partition counts as unconfirmed: several were missed. */
const PERIOD_MS = 10_000;
const STALE_AFTER_MS = 45_000;
/** Partitions whose base is learnt in one round. */
const LEARNT_MAX = 256;

export class LogHeartbeat {
  readonly #options: HeartbeatOptions;
  readonly #receptions = new Map<number, Reception>();
  /** By partition: as of when nothing was missing, by the monotonic clock. */
  readonly #confirmedMs = new Map<number, number>();
  /** By partition: when it was first followed. */
  readonly #sinceMs = new Map<number, number>();
  readonly #missing = new Map<number, number>();
  readonly #startedMs: number;
  #previous: { readonly log: LogCounts; readonly askedMs: number } | null = null;
  #timer: TimerHandle | null = null;
  #checking = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
  }

  start(): void {
    const { clock, log, periodMs = PERIOD_MS } = this.#options;
    this.#timer ??= clock.every(periodMs, () => {
      this.check().catch((thrown: unknown) => log.debug({ err: thrown }, 'the feature log does not say what it holds'));
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Following begins, or begins anew, after `appliedSeq`; what is known to be confirmed stays so. */
  begin(partition: number, appliedSeq: number): void {
    this.#receptions.set(partition, { received: 0, lastSeq: appliedSeq, base: null });
    if (!this.#sinceMs.has(partition)) this.#sinceMs.set(partition, this.#options.clock.nowMs());
  }

  /** A message has come. In order; one that came before is not counted. */
  received(partition: number, seq: number): void {
    const reception = this.#receptions.get(partition);
    if (reception === undefined || seq <= reception.lastSeq) return;
    reception.received++;
    reception.lastSeq = seq;
  }

  /** The log's own word that `lastSeq` was the partition's last sequence at `atMs`; counts where that has come. */
  told(partition: number, lastSeq: number, atMs: number): void {
    const reception = this.#receptions.get(partition);
    if (reception !== undefined && reception.lastSeq >= lastSeq) this.#confirm(partition, atMs);
  }

  /** The partition is another shard's from here on. */
  forget(partition: number): void {
    this.#receptions.delete(partition);
    this.#confirmedMs.delete(partition);
    this.#missing.delete(partition);
    this.#sinceMs.delete(partition);
  }

  /** Time since the log last confirmed that nothing of the partition was missing; where it never has, since it is followed. */
  ageMs(partition: number): number {
    return (
      this.#options.clock.nowMs() -
      (this.#confirmedMs.get(partition) ?? this.#sinceMs.get(partition) ?? this.#startedMs)
    );
  }

  isStale(partition: number): boolean {
    return this.ageMs(partition) > (this.#options.staleAfterMs ?? STALE_AFTER_MS);
  }

  /** Messages that the log held at the last question and that have not come. */
  missing(partition: number): number {
    return this.#missing.get(partition) ?? 0;
  }

  /** One round of questions. Rejects where the log does not answer; nothing is confirmed then. */
  async check(): Promise<void> {
    if (this.#checking || this.#receptions.size === 0) return;
    this.#checking = true;
    try {
      await this.#check();
    } finally {
      this.#checking = false;
    }
  }

  async #check(): Promise<void> {
    const { source, clock } = this.#options;
    const askedMs = clock.nowMs();
    const before = new Map([...this.#receptions].map(([partition, { received }]) => [partition, received]));
    const log = await source.counts();
    const previous = this.#previous;
    this.#previous = { log, askedMs };
    if (previous !== null && (previous.log.firstSeq !== log.firstSeq || previous.log.deleted !== log.deleted)) {
      for (const reception of this.#receptions.values()) reception.base = null;
    }
    const unknown: [number, Reception][] = [];
    for (const [partition, reception] of this.#receptions) {
      if (previous !== null && reception.lastSeq > previous.log.lastSeq) this.#confirm(partition, previous.askedMs);
      const count = log.messages.get(partition) ?? 0;
      const isQuiet = before.get(partition) === reception.received;
      if (count === 0 || reception.lastSeq >= log.lastSeq) {
        this.#confirm(partition, askedMs);
        if (isQuiet) reception.base ??= count - reception.received;
      } else if (reception.base !== null)
        this.#compare(partition, count - reception.base - reception.received, askedMs);
      else if (isQuiet) unknown.push([partition, reception]);
    }
    // Those that have waited longest first.
    unknown.sort(([a], [b]) => this.ageMs(b) - this.ageMs(a));
    const learnt = unknown.slice(0, LEARNT_MAX);
    await Promise.all(learnt.map((one) => this.#learn(...one, log.messages.get(one[0]) ?? 0, askedMs)));
  }

  #compare(partition: number, missing: number, askedMs: number): void {
    if (missing <= 0) this.#confirm(partition, askedMs);
    else this.#missing.set(partition, missing);
  }

  async #learn(partition: number, reception: Reception, count: number, askedMs: number): Promise<void> {
    const { received } = reception;
    const lastSeq = await this.#options.source.lastSeqOf(partition);
    // Followed anew, or no longer quiet: another time.
    if (this.#receptions.get(partition) !== reception || reception.received !== received) return;
    if (reception.lastSeq < lastSeq) {
      this.#missing.set(partition, Math.max(1, this.missing(partition)));
      return;
    }
    reception.base = count - received;
    this.#confirm(partition, askedMs);
  }

  #confirm(partition: number, atMs: number): void {
    this.#missing.delete(partition);
    if (atMs > (this.#confirmedMs.get(partition) ?? Number.NEGATIVE_INFINITY)) this.#confirmedMs.set(partition, atMs);
  }
}

/** Of a log that can be asked how much it holds; null for others. */
export function heartbeatOf(source: LogSource, clock: Clock, log: Log): LogHeartbeat | null {
  const { counts } = source;
  if (counts === undefined) return null;
  const asked = { counts: () => counts.call(source), lastSeqOf: (partition: number) => source.lastSeqOf(partition) };
  return new LogHeartbeat({ source: asked, clock, log });
}
