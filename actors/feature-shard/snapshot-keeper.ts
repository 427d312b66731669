/**
 * When a shard takes snapshots: of each partition that it is the first owner of, once an interval if anything was
 * applied since the last, spread over the interval and one at a time; and whenever it is asked to.
 */
import type { Clock, TimerHandle } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import type { Random } from '../../cluster/random.ts';
import { ServingError } from '../../proto/errors.ts';

/** `unchanged`: one that has everything is stored already. `empty`: there is nothing to store. */
export type Taken = {
  readonly outcome: 'stored' | 'unchanged' | 'empty';
  readonly seq: number;
  readonly rows: number;
  readonly bytes: number;
};

export type KeeperOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** 0: only when asked. */
  readonly intervalMs: number;
  /** Partitions that this shard is to snapshot, of which it can prove what it has. */
  readonly mine: () => Iterable<number>;
  readonly appliedSeq: (partition: number) => number;
  readonly take: (partition: number) => Promise<Taken>;
  readonly onTaken: (outcome: Taken['outcome'] | 'failed', seconds: number) => void;
};

const TICK_MS = 1_000;
/** Requests that wait for their turn; more are refused. */
const WAITING_MAX = 20_000;

export class SnapshotKeeper {
  readonly #options: KeeperOptions;
  readonly #dueMs = new Map<number, number>();
  /** Sequence of the newest stored snapshot, where this process knows of one. */
  readonly #storedSeq = new Map<number, number>();
  #ticking: TimerHandle | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #stopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    if (intervalMs > 0) this.#ticking = clock.every(Math.min(TICK_MS, intervalMs), () => this.#tick());
  }

  /** Waits for the one that is being taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ticking?.cancel();
    await this.#tail;
  }

  /** Takes one now, after those asked for before. Rejects as `take` does, RESOURCE_EXHAUSTED where too many wait. */
  async now(partition: number): Promise<Taken> {
    if (this.#waiting >= WAITING_MAX)
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        'log',
        `${WAITING_MAX} snapshots are waiting already; try again later`,
      );
    this.#waiting++;
    const taking = this.#tail.then(() => this.#take(partition));
    this.#tail = taking.catch(() => {}).then(() => this.#waiting--);
    return taking;
  }

  #tick(): void {
    const { clock, random, intervalMs, mine, appliedSeq, log } = this.#options;
    const nowMs = clock.nowMs();
    const partitions = new Set(mine());
    for (const partition of this.#dueMs.keys()) if (!partitions.has(partition)) this.#dueMs.delete(partition);
    for (const partition of partitions) {
      const dueMs = this.#dueMs.get(partition) ?? nowMs + random.next() * intervalMs;
      this.#dueMs.set(partition, dueMs);
      // One at a time: what waits behind another is still due at the next tick.
      if (dueMs > nowMs || this.#waiting > 0) continue;
      this.#dueMs.set(partition, nowMs + intervalMs);
      const seq = appliedSeq(partition);
      if (seq === 0 || seq === this.#storedSeq.get(partition)) continue;
      this.now(partition).catch((thrown: unknown) => {
        log.warn({ err: thrown, partition }, 'no snapshot could be taken; trying again after the interval');
      });
    }
  }

  async #take(partition: number): Promise<Taken> {
    const { clock, take, onTaken } = this.#options;
    if (this.#stopped) throw new ServingError('UNAVAILABLE', 'log', 'this shard is stopping');
    const startMs = clock.nowMs();
    const seconds = () => (clock.nowMs() - startMs) / 1_000;
    try {
      const taken = await take(partition);
      if (taken.outcome !== 'empty') this.#storedSeq.set(partition, taken.seq);
      onTaken(taken.outcome, seconds());
      return taken;
    } catch (thrown) {
      onTaken('failed', seconds());
      throw thrown;
    }
  }
}
