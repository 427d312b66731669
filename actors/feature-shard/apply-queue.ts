/**
 * Messages of the log on their way into the replica: gathered while there is input, applied a transaction at a time,
 * tried again where that fails. Poison is parked first.
 */
import { type Clock, sleep } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import { ServingError } from '../../proto/errors.ts';
import { type Parking, UnparkedPoison } from './dead-letters.ts';
import type { ApplyResult, LogMessage, Replica } from './replica.ts';

export type ApplyQueueOptions = {
  readonly replica: Pick<Replica, 'apply'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Messages applied in one transaction at the most. */
  readonly transactionMessagesMax: number;
  /** Messages waiting to be applied; reading from the log pauses above this. */
  readonly waitingMessagesMax: number;
  /** Where poison goes before the cursor moves past it; without: it is passed over. */
  readonly parking?: Pick<Parking, 'park' | 'stop'> | undefined;
  /** Waited for before more is applied. */
  readonly onApplied: (result: ApplyResult, messages: number, seconds: number) => Promise<void>;
  /** What is stored contradicts what is to be applied: nothing is applied from then on. */
  readonly onCorrupt: (why: string) => void;
};

const RETRY_MS = 1_000;

/** Rows are written in one piece of the event loop, in which no lookup runs: about a millisecond of it. */
const TRANSACTION_BYTES_MAX = 32 * 1024;

export class ApplyQueue {
  readonly #options: ApplyQueueOptions;
  readonly #stop: Promise<void>;
  #sayStop: () => void = () => {};
  #waiting: LogMessage[] = [];
  #applying = false;
  #roomWaiters: (() => void)[] = [];
  #stopped = false;
  #corrupt = false;

  constructor(options: ApplyQueueOptions) {
    this.#options = options;
    this.#stop = new Promise((resolve) => {
      this.#sayStop = resolve;
    });
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** What waits, in the log's order. */
  get waiting(): readonly LogMessage[] {
    return this.#waiting;
  }

  /** Resolves (or is undefined) once there is room for more. */
  push(message: LogMessage): Promise<void> | undefined {
    if (this.#corrupt) return undefined;
    this.#waiting.push(message);
    if (!this.#applying) {
      this.#applying = true;
      this.#options.clock.afterInput(() => void this.#applyWaiting());
    }
    if (this.#waiting.length < this.#options.waitingMessagesMax) return undefined;
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Passes over what waits of a partition. */
  drop(partition: number): void {
    this.#waiting = this.#waiting.filter((message) => message.partition !== partition);
  }

  /** Applies what waits; what fails, or waits for the dead-letter stream, is left to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#sayStop();
    this.#options.parking?.stop();
    while (this.#applying) await sleep(this.#options.clock, 5);
  }

  async #applyWaiting(): Promise<void> {
    const { clock, log, transactionMessagesMax, onApplied, onCorrupt } = this.#options;
    while (this.#waiting.length > 0) {
      const messages = this.#waiting.slice(0, this.#transactionMessages(transactionMessagesMax));
      const startMs = clock.nowMs();
      try {
        const result = await this.#apply(messages);
        if (result === null) break;
        const done = new Set(messages);
        // Some may have been dropped meanwhile.
        this.#waiting = this.#waiting.filter((message) => !done.has(message));
        await onApplied(result, messages.length, (clock.nowMs() - startMs) / 1_000);
      } catch (thrown) {
        if (thrown instanceof ServingError && thrown.code === 'DATA_LOSS') {
          // Trying again would fail again, and passing over it would make this replica another than the rest.
          this.#corrupt = true;
          this.#waiting = [];
          onCorrupt(thrown.message);
          break;
        }
        // Nothing of the transaction is kept and the cursors have not moved, so trying again is safe.
        log.error({ err: thrown }, 'applying the log failed; reads go on from what is applied');
        if (this.#stopped) break;
        await Promise.race([sleep(clock, RETRY_MS), this.#stop]);
      }
      if (this.#waiting.length < this.#options.waitingMessagesMax) this.#letGoOn();
    }
    this.#applying = false;
    // Where the last transaction failed while stopping there is no room, but those who wait for it must end too.
    this.#letGoOn();
  }

  /** How many of the waiting messages go into one transaction. */
  #transactionMessages(messagesMax: number): number {
    let bytes = 0;
    let messages = 0;
    for (const message of this.#waiting) {
      bytes += message.bytes.byteLength;
      if (messages > 0 && (messages === messagesMax || bytes > TRANSACTION_BYTES_MAX)) break;
      messages++;
    }
    return messages;
  }

  /** Null where the stop cut parking short: nothing is applied then. */
  async #apply(messages: readonly LogMessage[]): Promise<ApplyResult | null> {
    const { replica, parking } = this.#options;
    if (parking === undefined) return replica.apply(messages);
    const parked = new Set<string>();
    const name = ({ partition, seq }: LogMessage) => `${partition}.${seq}`;
    for (;;) {
      try {
        return await replica.apply(messages, (message) => parked.has(name(message)));
      } catch (thrown) {
        if (!(thrown instanceof UnparkedPoison)) throw thrown;
        if (!(await parking.park(thrown.poison))) return null;
        for (const message of thrown.poison) parked.add(name(message));
      }
    }
  }

  #letGoOn(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
