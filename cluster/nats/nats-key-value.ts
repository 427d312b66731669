/** The key-value port on a JetStream bucket. */
import type { KV } from 'nats';
import { ServingError } from '../../proto/errors.ts';
import { type Clock, sleep } from '../clock.ts';
import type { KeyValue, KeyValueEntry, KeyValueListener } from '../key-value.ts';
import type { Log } from '../log.ts';
import { isApiError, isWrongSequence, reason } from './api-errors.ts';

/**
 * After a reconnection the store is asked for so often, with so long between, before the watch is left to notice by
 * itself that it has lost it: a JetStream that has just started does not answer at once.
 */
const STORE_CHECKS_MAX = 60;
const STORE_CHECK_MS = 500;

/** Tells a bucket from another of the same name that was made after it was lost. Rejects as the client does. */
export async function storeOf(kv: KV): Promise<string> {
  return String((await kv.status()).streamInfo.created);
}

export class NatsKeyValue implements KeyValue {
  readonly #kv: KV;
  readonly #store: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #isClosing: () => boolean;
  /** How to end each watch that goes on. */
  readonly #watches = new Set<(error: ServingError) => void>();
  #checking = false;

  /** `store`: which one, by `storeOf`; `isClosing`: whether the connection is being closed by ourselves. */
  constructor(kv: KV, store: string, clock: Clock, log: Log, isClosing: () => boolean) {
    this.#kv = kv;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#isClosing = isClosing;
  }

  /**
   * To be called when a lost connection is back: ends the watches if the bucket is another now. A watch would go on in
   * that one from the revision where it was, and miss all that has a lower one.
   */
  async checkStore(): Promise<void> {
    if (this.#checking || this.#watches.size === 0) return;
    this.#checking = true;
    let gone = 0;
    for (let i = 0; i < STORE_CHECKS_MAX && !this.#isClosing(); i++) {
      const store = await storeOf(this.#kv).catch((thrown: unknown) => (isApiError(thrown, 404) ? 'gone' : 'unknown'));
      if (store === this.#store) break;
      // Asked twice: a server among several may not know yet what the others have.
      gone = store === 'gone' ? gone + 1 : 0;
      if (gone > 1 || (store !== 'gone' && store !== 'unknown')) {
        for (const end of this.#watches) end(storeLost(gone > 1 ? 'it is gone' : 'it was made anew'));
        break;
      }
      await sleep(this.#clock, STORE_CHECK_MS);
    }
    this.#checking = false;
  }

  async get(key: string): Promise<KeyValueEntry | null> {
    const entry = await this.#reach(() => this.#kv.get(key));
    return entry === null || entry.operation !== 'PUT' ? null : { value: entry.value, revision: entry.revision };
  }

  async create(key: string, value: Uint8Array): Promise<number | null> {
    return this.#compareAndSet(() => this.#kv.create(key, value));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    return this.#compareAndSet(() => this.#kv.update(key, value, revision));
  }

  async delete(key: string, revision?: number): Promise<void> {
    await this.#compareAndSet(async () => {
      await this.#kv.delete(key, revision === undefined ? undefined : { previousSeq: revision });
      return 0;
    });
  }

  async watch(
    key: string,
    onEntry: KeyValueListener,
    onEnded: (error: ServingError) => void = () => {},
  ): Promise<{ stop(): void }> {
    const entries = await this.#reach(() => this.#kv.watch({ key }));
    let over = false;
    const stop = () => {
      over = true;
      this.#watches.delete(end);
      entries.stop();
    };
    const end = (error: ServingError) => {
      if (over) return;
      stop();
      this.#log.error({ err: error, key }, 'key-value watch ended');
      onEnded(error);
    };
    this.#watches.add(end);
    void (async () => {
      try {
        for await (const entry of entries) {
          if (over) return;
          try {
            onEntry(entry.key, entry.operation === 'PUT' ? entry.value : null, entry.revision);
          } catch (thrown) {
            // One entry that makes no sense must not hide those that follow it.
            this.#log.error({ err: thrown, key: entry.key }, 'entry cannot be used; waiting for the next');
          }
        }
        if (!this.#isClosing()) end(storeLost('its subscription was closed'));
      } catch (thrown) {
        end(storeLost(reason(thrown), thrown));
      }
    })();
    return { stop };
  }

  async #compareAndSet(write: () => Promise<number>): Promise<number | null> {
    return this.#reach(async () => {
      try {
        return await write();
      } catch (thrown) {
        if (isWrongSequence(thrown)) return null;
        throw thrown;
      }
    });
  }

  async #reach<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (thrown) {
      throw new ServingError('UNAVAILABLE', 'route', `the key-value store cannot be reached: ${reason(thrown)}`, {
        cause: thrown,
      });
    }
  }
}

function storeLost(why: string, cause?: unknown): ServingError {
  return new ServingError('UNAVAILABLE', 'route', `the key-value store was lost: ${why}`, { cause });
}
