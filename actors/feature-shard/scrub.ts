/**
 * Reads what is stored, slowly and over and over, and holds each partition against its digest: bytes that a disk or a
 * memory changed would else be served as if they had been written. One read transaction a partition, in slices.
 */
import { type Clock, sleep } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import type { Random } from '../../cluster/random.ts';
import type { Replica } from './replica.ts';
import { type Digest, digestText, mixDigest } from './replica-cursor.ts';

const PARTITION_BYTES = 4;
/** Looked at in one turn of the event loop, a fraction of a millisecond's work, and the pause after it. */
const SLICE_ROWS = 128;
const SLICE_PAUSE_MS = 8;
/** A read transaction that is held keeps pages from being used again. */
const HOLD_MS_MAX = 60_000;
/** Between two partitions at the least. */
const PAUSE_MS_MIN = 20;

/** `given up`: it took too long, or was not wanted any more. */
export type Verdict = 'whole' | 'given up' | { readonly mismatch: string };

export type VerifyOptions = {
  readonly replica: Replica;
  readonly partition: number;
  readonly clock: Clock;
  readonly pauseMs?: number;
  readonly isGone?: () => boolean;
};

/** Whether the rows are those of the cursor's digest. Throws DATA_LOSS where they cannot be read at all. */
export async function verifyPartition(options: VerifyOptions): Promise<Verdict> {
  const { replica, partition, clock, pauseMs = SLICE_PAUSE_MS, isGone = () => false } = options;
  const restoring = () => replica.partitions.isRestoring(partition);
  if (restoring()) return 'given up';
  const untilMs = clock.nowMs() + HOLD_MS_MAX;
  const reader = replica.partitions.read(partition);
  try {
    const digest: Digest = { digestA: 0, digestB: 0 };
    const prefix = Buffer.alloc(PARTITION_BYTES);
    prefix.writeUInt32BE(partition, 0);
    for (let ended = false; !ended; ) {
      let rows = 0;
      ended = reader.next((key, value) => {
        mixDigest(digest, Buffer.concat([prefix, key]), value);
        return ++rows === SLICE_ROWS;
      });
      if (ended) break;
      await sleep(clock, pauseMs);
      if (isGone() || restoring() || clock.nowMs() > untilMs) return 'given up';
    }
    const wanted = digestText(reader.cursor ?? { digestA: 0, digestB: 0 });
    const found = digestText(digest);
    if (found === wanted) return 'whole';
    const at = reader.cursor?.seq ?? 0;
    return { mismatch: `the rows of partition ${partition} at ${at} have the digest ${found} and not ${wanted}` };
  } finally {
    reader.close();
  }
}

export type ScrubOptions = {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** In which all partitions are looked at once; 0: only suspects. */
  readonly intervalMs: number;
  readonly partitions: () => readonly number[];
  /** Called with a partition that is not what was written. */
  readonly onMismatch: (partition: number, why: string) => void;
  readonly onVerified: (outcome: 'whole' | 'mismatch' | 'given up') => void;
};

export class Scrub {
  readonly #options: ScrubOptions;
  readonly #suspects = new Set<number>();
  /** Ends the pause that is under way. */
  #wake: () => void = () => {};
  #stopped = false;
  #running: Promise<void> | null = null;

  constructor(options: ScrubOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks at the partition ahead of the others: something in it could not be read. */
  suspect(partition: number): void {
    this.#suspects.add(partition);
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { random, intervalMs, partitions } = this.#options;
    let last = -1;
    for (let pauseMs = intervalMs * random.next(); !this.#stopped; ) {
      if (this.#suspects.size === 0) await this.#pause(intervalMs === 0 ? Number.POSITIVE_INFINITY : pauseMs);
      if (this.#stopped) return;
      const [suspect] = this.#suspects;
      if (suspect !== undefined) {
        this.#suspects.delete(suspect);
        await this.#verify(suspect);
        continue;
      }
      const all = [...partitions()].sort((a, b) => a - b);
      const next = all.find((partition) => partition > last) ?? all[0];
      pauseMs = Math.max(PAUSE_MS_MIN, intervalMs / Math.max(1, all.length));
      if (next === undefined) continue;
      last = next;
      await this.#verify(next);
    }
  }

  /** Until it is over, something is suspected or this is stopped. Leaves no timer behind, which would keep a process. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? this.#options.clock.after(ms, resolve) : null;
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
    });
  }

  async #verify(partition: number): Promise<void> {
    const { replica, clock, log, onMismatch, onVerified } = this.#options;
    try {
      const verdict = await verifyPartition({ replica, partition, clock, isGone: () => this.#stopped });
      onVerified(typeof verdict === 'string' ? verdict : 'mismatch');
      if (typeof verdict !== 'string') onMismatch(partition, verdict.mismatch);
    } catch (thrown) {
      // Whoever opened the replica has been told.
      log.error({ err: thrown, partition }, 'a partition cannot be read');
    }
  }
}
