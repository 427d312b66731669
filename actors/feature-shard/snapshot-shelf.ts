/**
 * The snapshots that are kept of each partition: the bytes as objects, which of them there are in a key-value store, and
 * beside that how far the log has been trimmed.
 *
 *     partition.<p>   {"snapshots": [newest, …]}      only what was read back and found whole after it was written
 *     trim.<p>        {"stream", "seq"}               up to here the log of the partition may be gone
 *     trim.highest    {"stream", "seq"}               the highest of these
 *
 * An object is written under a name of its own and never changed; an entry names it only then, and what an entry names
 * no longer is deleted after that. Whatever dies in between leaves an object that nobody names, for `sweep`.
 */
import type { Clock } from '../../cluster/clock.ts';
import type { KeyValue, KeyValueEntry } from '../../cluster/key-value.ts';
import type { Log } from '../../cluster/log.ts';
import type { ObjectStore } from '../../cluster/object-store.ts';
import { randomHex } from '../../cluster/random.ts';
import { ServingError } from '../../proto/errors.ts';
import { verifySnapshot } from './snapshot-format.ts';
import { readPieces, type SpooledSnapshot } from './spool-snapshot.ts';

export type StoredSnapshot = {
  readonly object: string;
  readonly seq: number;
  readonly digest: string;
  readonly stream: string;
  readonly rows: number;
  readonly bytes: number;
  readonly writtenMs: number;
  /** When it had been read back and found whole. */
  readonly verifiedMs: number;
  /** Member that wrote it. */
  readonly by: string;
};

export type ShelfStores = { readonly keyValue: KeyValue; readonly objects: ObjectStore };

export type ShelfOptions = {
  /** Called by the first use, and again by the next where it failed. */
  readonly open: () => Promise<ShelfStores>;
  readonly clock: Clock;
  readonly log: Log;
  /** Snapshots kept of each partition. */
  readonly keep: number;
};

const UPDATES_MAX = 8;
/** An object that no entry names may be one that is being written; after this long it is a dead one's. */
const ORPHAN_MS = 3_600_000;
const HIGHEST_TRIM_KEY = 'trim.highest';
const decoder = new TextDecoder();

export class SnapshotShelf {
  readonly #options: ShelfOptions;
  #opening: Promise<ShelfStores> | null = null;

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  /** Newest first; empty where there is none or the entry cannot be read. */
  async list(partition: number): Promise<readonly StoredSnapshot[]> {
    return snapshotsIn((await this.#get(entryKey(partition)))?.value);
  }

  /** The bytes of a stored snapshot; going through them rejects with NOT_FOUND or UNAVAILABLE. */
  async *read(snapshot: Pick<StoredSnapshot, 'object'>): AsyncGenerator<Uint8Array> {
    yield* (await this.#stores()).objects.read(snapshot.object);
  }

  /**
   * Uploads a snapshot, reads it back, lists it, and only then deletes what it supersedes. Null where one that is no
   * older is listed already. Rejects with DATA_LOSS where it does not come back as it was written, and as the stores do.
   */
  async store(spooled: SpooledSnapshot, by: string): Promise<StoredSnapshot | null> {
    const { objects } = await this.#stores();
    const { partition, seq, digest, stream, writtenMs } = spooled.header;
    if (isCovered(await this.list(partition), stream, seq)) return null;
    const object = `p${partition}.s${seq}.${randomHex(6)}`;
    let listed = false;
    try {
      const { bytes } = await objects.put(object, readPieces(spooled.path));
      const found = await verifySnapshot(objects.read(object));
      if (found.header.digest !== digest || found.header.seq !== seq || found.rows !== spooled.rows)
        throw new ServingError('DATA_LOSS', 'log', `snapshot ${object} came back as another than was written`);
      const verifiedMs = this.#options.clock.wallMs();
      const stored = { object, seq, digest, stream, rows: spooled.rows, bytes, writtenMs, verifiedMs, by };
      const dropped = await this.#list(partition, stored);
      listed = dropped !== null;
      for (const old of dropped ?? []) await this.#discard(old.object);
      return listed ? stored : null;
    } finally {
      if (!listed) await this.#discard(object);
    }
  }

  /**
   * Deletes objects of these partitions that no entry names, and whatever was not written to its end, once nobody can be
   * writing it any more; how many.
   */
  async sweep(isMine: (partition: number) => boolean): Promise<number> {
    const { objects } = await this.#stores();
    const beforeMs = this.#options.clock.wallMs() - ORPHAN_MS;
    let swept = await objects.removeUnfinished(beforeMs);
    for (const { name, writtenMs } of await objects.list()) {
      const partition = Number(/^p(\d+)\./.exec(name)?.[1] ?? 'NaN');
      if (!Number.isInteger(partition) || !isMine(partition) || writtenMs > beforeMs) continue;
      if ((await this.list(partition)).some((one) => one.object === name)) continue;
      await this.#discard(name);
      swept++;
    }
    return swept;
  }

  /** Sequence up to which the log of a partition may be gone; 0: it has never been trimmed. */
  async trimmedTo(partition: number, stream: string): Promise<number> {
    return this.#trim(trimKey(partition), stream);
  }

  /** The highest that `trimmedTo` is for any partition. */
  async highestTrim(stream: string): Promise<number> {
    return this.#trim(HIGHEST_TRIM_KEY, stream);
  }

  /** Must have resolved before anything of the log is removed. */
  async recordTrim(partition: number, stream: string, seq: number): Promise<void> {
    for (const key of [HIGHEST_TRIM_KEY, trimKey(partition)]) {
      await this.#change(key, (value) => {
        const known = trimIn(value);
        return known.stream === stream && known.seq >= seq ? null : { stream, seq };
      });
    }
  }

  /** Entries that are dropped for it, or null where it is not listed since another one is no older. */
  async #list(partition: number, stored: StoredSnapshot): Promise<readonly StoredSnapshot[] | null> {
    let dropped: readonly StoredSnapshot[] | null = null;
    await this.#change(entryKey(partition), (value) => {
      const listed = snapshotsIn(value);
      dropped = null;
      if (isCovered(listed, stored.stream, stored.seq)) return null;
      // Those of another stream count sequences that mean nothing any more.
      const useful = listed.filter((one) => one.stream === stored.stream);
      const snapshots = [stored, ...useful].slice(0, this.#options.keep);
      dropped = listed.filter((one) => !snapshots.includes(one));
      return { snapshots };
    });
    return dropped;
  }

  async #trim(key: string, stream: string): Promise<number> {
    const known = trimIn((await this.#get(key))?.value);
    return known.stream === stream ? known.seq : 0;
  }

  /** Compare-and-set until it holds. `next`: from the value that is there; null leaves it. */
  async #change(key: string, next: (value: Uint8Array | undefined) => object | null): Promise<void> {
    const { keyValue } = await this.#stores();
    for (let tries = 0; tries < UPDATES_MAX; tries++) {
      const entry = await this.#get(key);
      const wanted = next(entry?.value);
      if (wanted === null) return;
      const bytes = new TextEncoder().encode(JSON.stringify(wanted));
      const revision = await (entry === null
        ? keyValue.create(key, bytes)
        : keyValue.update(key, bytes, entry.revision));
      if (revision !== null) return;
    }
    throw new ServingError('UNAVAILABLE', 'log', `'${key}' is being changed by others all the time; try again`);
  }

  async #discard(object: string): Promise<void> {
    try {
      await (await this.#stores()).objects.delete(object);
    } catch (thrown) {
      // A later sweep finds it.
      this.#options.log.warn({ err: thrown, object }, 'a snapshot that is not needed could not be deleted');
    }
  }

  async #get(key: string): Promise<KeyValueEntry | null> {
    const { keyValue } = await this.#stores();
    try {
      return await keyValue.get(key);
    } catch (thrown) {
      // It may be that it was lost and has to be made anew.
      this.#opening = null;
      throw thrown;
    }
  }

  #stores(): Promise<ShelfStores> {
    this.#opening ??= this.#options.open().catch((thrown: unknown) => {
      this.#opening = null;
      throw new ServingError('UNAVAILABLE', 'log', `the stored snapshots cannot be reached: ${String(thrown)}`, {
        cause: thrown,
      });
    });
    return this.#opening;
  }
}

function isCovered(listed: readonly StoredSnapshot[], stream: string, seq: number): boolean {
  return listed.some((one) => one.stream === stream && one.seq >= seq);
}

function entryKey(partition: number): string {
  return `partition.${partition}`;
}

function trimKey(partition: number): string {
  return `trim.${partition}`;
}

function snapshotsIn(value: Uint8Array | undefined): StoredSnapshot[] {
  const { snapshots } = jsonIn(value) as { snapshots?: unknown };
  if (!Array.isArray(snapshots)) return [];
  return (snapshots as Partial<StoredSnapshot>[]).filter(
    (one): one is StoredSnapshot =>
      typeof one?.object === 'string' && typeof one.seq === 'number' && typeof one.stream === 'string',
  );
}

function trimIn(value: Uint8Array | undefined): { stream: string; seq: number } {
  const { stream, seq } = jsonIn(value) as { stream?: unknown; seq?: unknown };
  return typeof stream === 'string' && typeof seq === 'number' ? { stream, seq } : { stream: '', seq: 0 };
}

function jsonIn(value: Uint8Array | undefined): object {
  if (value === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(decoder.decode(value));
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
