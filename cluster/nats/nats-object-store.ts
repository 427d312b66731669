/** The object-store port on a JetStream object store. */
import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type ObjectStore as NatsObjects,
  nanos,
  type ObjectInfo,
} from 'nats';
import { notFound, ServingError } from '../../proto/errors.ts';
import type { ObjectStore, StoredObject } from '../object-store.ts';
import { isApiError, reason } from './api-errors.ts';

/** What is sent before the server must have taken it: without it a whole object would wait in memory. */
const UNFLUSHED_BYTES_MAX = 1024 * 1024;
/** A put waits for all its acknowledgements together. */
const PUT_TIMEOUT_MS = 60_000;
const FETCH_PIECES = 16;
const FETCH_EXPIRES_MS = 5_000;
/** A reader that was forgotten goes by itself after this. Between two fetches a slow one works on the pieces it has. */
const READER_IDLE_MS = 300_000;

export class NatsObjectStore implements ObjectStore {
  readonly #objects: NatsObjects;
  readonly #jetstream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #bucket: string;
  readonly #flush: () => Promise<void>;

  /** `flush`: resolves once the server has taken what was sent. */
  constructor(
    objects: NatsObjects,
    jetstream: JetStreamClient,
    manager: JetStreamManager,
    bucket: string,
    flush: () => Promise<void>,
  ) {
    this.#objects = objects;
    this.#jetstream = jetstream;
    this.#manager = manager;
    this.#bucket = bucket;
    this.#flush = flush;
  }

  async put(name: string, pieces: AsyncIterable<Uint8Array>): Promise<StoredObject> {
    return this.#reach('written', async () => {
      const paced = ReadableStream.from(this.#paced(pieces)) as ReadableStream<Uint8Array>;
      return storedObject(await this.#objects.put({ name }, paced, { timeout: PUT_TIMEOUT_MS }));
    });
  }

  /** Pulls what it is asked for, so that a slow reader holds little. */
  async *read(name: string): AsyncGenerator<Uint8Array> {
    const info = await this.#reach('read', () => this.#objects.info(name));
    if (info === null || info.deleted) throw notFound(`there is no object '${name}'`, 'log');
    if (info.chunks === 0) return;
    const consumer = await this.#reach('read', () => this.#consumerOf(info.nuid));
    try {
      for (let got = 0; got < info.chunks; ) {
        const before = got;
        const batch = await this.#reach('read', () =>
          consumer.fetch({ max_messages: Math.min(FETCH_PIECES, info.chunks - got), expires: FETCH_EXPIRES_MS }),
        );
        for await (const message of batch) {
          got++;
          yield message.data;
        }
        if (got === before) throw unavailable('read', `'${name}' has only ${got} of its ${info.chunks} pieces`);
      }
    } finally {
      consumer.delete().catch(() => {});
    }
  }

  /** Not the client's ordered one, which drops what its reader was too slow for: pieces came that it never gave out. */
  async #consumerOf(nuid: string): Promise<Consumer> {
    const stream = `OBJ_${this.#bucket}`;
    const { name } = await this.#manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
      // One filter subject, which servers before 2.10 understand too.
      filter_subject: `$O.${this.#bucket}.C.${nuid}`,
      inactive_threshold: nanos(READER_IDLE_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    return this.#jetstream.consumers.get(stream, name);
  }

  async list(): Promise<StoredObject[]> {
    return this.#reach('listed', async () => {
      const objects = await this.#objects.list();
      return objects.filter((one) => !one.deleted).map(storedObject);
    });
  }

  async delete(name: string): Promise<void> {
    await this.#reach('deleted', async () => {
      try {
        await this.#objects.delete(name);
      } catch (thrown) {
        if (!isApiError(thrown, 404)) throw thrown;
      }
    });
  }

  /** The client writes an object's entry after its pieces: pieces of one that has no entry are seen by nobody. */
  async removeUnfinished(beforeMs: number): Promise<number> {
    return this.#reach('cleared away', async () => {
      const stream = `OBJ_${this.#bucket}`;
      const pieces = `$O.${this.#bucket}.C.`;
      const { state } = await this.#manager.streams.info(stream, { subjects_filter: `${pieces}>` });
      // After the pieces were listed, so that one that has been finished since is known.
      const finished = new Set((await this.#objects.list()).map((one) => one.nuid));
      let removed = 0;
      for (const filter of Object.keys(state.subjects ?? {})) {
        if (finished.has(filter.slice(pieces.length))) continue;
        const last = await this.#manager.streams.getMessage(stream, { last_by_subj: filter });
        if (last.time.getTime() > beforeMs) continue;
        await this.#manager.streams.purge(stream, { filter });
        removed++;
      }
      return removed;
    });
  }

  async *#paced(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let unflushed = 0;
    for await (const piece of pieces) {
      yield piece;
      unflushed += piece.length;
      if (unflushed < UNFLUSHED_BYTES_MAX) continue;
      await this.#flush();
      unflushed = 0;
    }
  }

  async #reach<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (thrown) {
      if (thrown instanceof ServingError) throw thrown;
      throw unavailable(what, reason(thrown), thrown);
    }
  }
}

function unavailable(what: string, why: string, cause?: unknown): ServingError {
  return new ServingError('UNAVAILABLE', 'log', `an object cannot be ${what}: ${why}`, { cause });
}

function storedObject(info: ObjectInfo): StoredObject {
  return { name: info.name, bytes: info.size, writtenMs: Date.parse(info.mtime) };
}
