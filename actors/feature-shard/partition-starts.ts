/** Partitions on their way to being followed: tries until each is had from somewhere, and knows why it is not yet. */
import { type Clock, sleep } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import type { Bootstrap } from './bootstrap.ts';

/** A partition that nobody has is asked for so often: a shard that has it may start any time. */
const RETRY_MS = 5_000;

export type PartitionStart = {
  /** Once true, nothing more is to be done. */
  readonly isGone: () => boolean;
  /** Settles when everything stops. */
  readonly stop: Promise<unknown>;
  /** Follows the partition now that it is there; false where that cannot be and it has to be had anew. */
  readonly follow: () => Promise<boolean>;
};

export class PartitionStarts {
  readonly #bootstrap: Pick<Bootstrap, 'prepare'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: () => void;
  readonly #reasons = new Map<number, string | null>();
  readonly #running = new Set<Promise<void>>();

  constructor(bootstrap: Pick<Bootstrap, 'prepare'>, clock: Clock, log: Log, onChange: () => void) {
    this.#bootstrap = bootstrap;
    this.#clock = clock;
    this.#log = log;
    this.#onChange = onChange;
  }

  /** Each partition with why it could not be had last, null before the first failure. */
  get reasons(): ReadonlyMap<number, string | null> {
    return this.#reasons;
  }

  has(partition: number): boolean {
    return this.#reasons.has(partition);
  }

  end(partition: number): void {
    this.#reasons.delete(partition);
  }

  begin(partition: number, start: PartitionStart): void {
    this.#reasons.set(partition, null);
    const running = this.#run(partition, start).finally(() => this.#running.delete(running));
    this.#running.add(running);
    this.#onChange();
  }

  /** Resolves once nothing is under way; what is not gone goes on, so see to that first. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(partition: number, { isGone, stop, follow }: PartitionStart): Promise<void> {
    while (!isGone()) {
      try {
        await this.#bootstrap.prepare(partition, isGone);
        if (isGone() || (await follow())) return;
      } catch (thrown) {
        if (isGone()) return;
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        if (this.#reasons.get(partition) !== why)
          this.#log.error({ err: thrown, partition }, 'refusing to serve a partition that cannot be had; trying again');
        this.#reasons.set(partition, why);
        this.#onChange();
      }
      await Promise.race([sleep(this.#clock, RETRY_MS), stop]);
    }
  }
}
