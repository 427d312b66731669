/**
 * A replica's partitions as wholes: read for a snapshot in one LMDB transaction, replaced by one in several.
 *
 * Replacing is safe against a crash at any step. First a marker is committed, and with it cursor and mark are gone: from
 * then on the partition is neither served nor applied to. Rows are removed and put after that; the last transaction sets
 * the new cursor and takes the marker away. A partition that is found with a marker is replaced anew from the beginning.
 */
import { ServingError } from '../../proto/errors.ts';
import { cursorKey, type DigestedCursor, decodeCursor, encodeCursor, markKey, restoreKey } from './replica-cursor.ts';
import type { SnapshotRow } from './snapshot-format.ts';

const PARTITION_BYTES = 4;
const NOTHING = Buffer.alloc(0);

type ReadTransaction = { done(): void };

/** The part of LMDB that is needed here. */
export interface PartitionDatabase {
  put(key: Buffer, value: Buffer): unknown;
  remove(key: Buffer): unknown;
  getBinary(key: Buffer, options?: { transaction?: ReadTransaction }): Buffer | undefined;
  getRange(options: object): Iterable<{ key: Buffer; value: Buffer }>;
  getKeys(options: object): Iterable<Buffer>;
  useReadTransaction(): ReadTransaction;
}

/** What the replica does when a partition changes as a whole. */
export interface PartitionOwner {
  commit(write: () => void): Promise<void>;
  /** Cursor and mark are gone. */
  forget(partition: number): void;
  adopt(partition: number, cursor: DigestedCursor): void;
}

export class ReplicaPartitions {
  readonly #db: PartitionDatabase;
  readonly #owner: PartitionOwner;
  readonly #restoring = new Set<number>();

  constructor(db: PartitionDatabase, owner: PartitionOwner, restoring: Iterable<number>) {
    this.#db = db;
    this.#owner = owner;
    for (const partition of restoring) this.#restoring.add(partition);
  }

  /** Whether the partition is being replaced, in this process or by one that died over it. */
  isRestoring(partition: number): boolean {
    return this.#restoring.has(partition);
  }

  /** Cursor and rows as they are now, however much is applied meanwhile. Close it soon: while open, the file grows. */
  read(partition: number): PartitionReader {
    return new PartitionReader(this.#db, partition);
  }

  /** From here on the partition holds nothing that counts. Rejects with UNAVAILABLE when it cannot be committed. */
  async beginRestore(partition: number): Promise<void> {
    this.#restoring.add(partition);
    this.#owner.forget(partition);
    await this.#owner.commit(() => {
      this.#db.put(restoreKey(partition), NOTHING);
      this.#db.remove(cursorKey(partition));
      this.#db.remove(markKey(partition));
    });
    // Once more: a transaction that was under way may have set the cursor since.
    this.#owner.forget(partition);
  }

  /** Removes some of the rows that are there; how many. Rejects as `beginRestore`. */
  async removeSome(partition: number, rowsMax: number): Promise<number> {
    this.#checkRestoring(partition);
    let removed = 0;
    await this.#owner.commit(() => {
      removed = 0;
      const keys = [...this.#db.getKeys({ ...rangeOf(partition), limit: rowsMax })];
      for (const key of keys) this.#db.remove(Buffer.from(key));
      removed = keys.length;
    });
    return removed;
  }

  /** Rejects as `beginRestore`. */
  async putSome(partition: number, rows: readonly SnapshotRow[]): Promise<void> {
    this.#checkRestoring(partition);
    const prefix = prefixOf(partition);
    await this.#owner.commit(() => {
      for (const { key, value } of rows) this.#db.put(Buffer.concat([prefix, key]), value as Buffer);
    });
  }

  /** The partition counts again, at `cursor`; null: empty, at the beginning of its log. Rejects as `beginRestore`. */
  async endRestore(partition: number, cursor: DigestedCursor | null): Promise<void> {
    this.#checkRestoring(partition);
    await this.#owner.commit(() => {
      if (cursor !== null) this.#db.put(cursorKey(partition), encodeCursor(cursor));
      this.#db.remove(restoreKey(partition));
    });
    if (cursor !== null) this.#owner.adopt(partition, cursor);
    this.#restoring.delete(partition);
  }

  #checkRestoring(partition: number): void {
    if (this.#restoring.has(partition)) return;
    throw new ServingError('INTERNAL', 'log', `partition ${partition} is not being restored`);
  }
}

/** One partition at one instant, row by row in key order. */
export class PartitionReader {
  readonly partition: number;
  readonly cursor: DigestedCursor | null;
  readonly #db: PartitionDatabase;
  readonly #transaction: ReadTransaction;
  #start: Buffer;
  #closed = false;

  constructor(db: PartitionDatabase, partition: number) {
    this.#db = db;
    this.partition = partition;
    this.#start = prefixOf(partition);
    this.#transaction = db.useReadTransaction();
    try {
      const value = db.getBinary(cursorKey(partition), { transaction: this.#transaction });
      this.cursor = value === undefined ? null : decodeCursor(value);
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }

  /**
   * Calls `onRow` with each row (its key without the partition, both only lent) until that returns true or none is left.
   * Goes on after the last one when called again. True at the end.
   */
  next(onRow: (key: Uint8Array, value: Uint8Array) => boolean): boolean {
    const range = { ...rangeOf(this.partition), start: this.#start, transaction: this.#transaction };
    for (const { key, value } of this.#db.getRange(range)) {
      if (!onRow(key.subarray(PARTITION_BYTES), value)) continue;
      // The very next key there can be.
      this.#start = Buffer.concat([key, Buffer.of(0)]);
      return false;
    }
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transaction.done();
  }
}

function prefixOf(partition: number): Buffer {
  const prefix = Buffer.alloc(PARTITION_BYTES);
  prefix.writeUInt32BE(partition, 0);
  return prefix;
}

function rangeOf(partition: number): { start: Buffer; end: Buffer } {
  return { start: prefixOf(partition), end: prefixOf(partition + 1) };
}
