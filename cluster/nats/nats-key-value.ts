/** The key-value port on a JetStream bucket. */
import type { KV } from 'nats';
import { ServingError } from '../../proto/errors.ts';
import type { KeyValue, KeyValueEntry, KeyValueListener } from '../key-value.ts';
import type { Log } from '../log.ts';
import { isWrongSequence, reason } from './api-errors.ts';

export class NatsKeyValue implements KeyValue {
  readonly #kv: KV;
  readonly #log: Log;

  constructor(kv: KV, log: Log) {
    this.#kv = kv;
    this.#log = log;
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

  async watch(key: string, onEntry: KeyValueListener): Promise<{ stop(): void }> {
    const entries = await this.#reach(() => this.#kv.watch({ key }));
    void (async () => {
      try {
        for await (const entry of entries) {
          try {
            onEntry(entry.key, entry.operation === 'PUT' ? entry.value : null, entry.revision);
          } catch (thrown) {
            // One entry that makes no sense must not hide those that follow it.
            this.#log.error({ err: thrown, key: entry.key }, 'entry cannot be used; waiting for the next');
          }
        }
      } catch (thrown) {
        this.#log.error({ err: thrown, key }, 'key-value watch ended');
      }
    })();
    return { stop: () => entries.stop() };
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
