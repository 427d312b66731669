/**
 * This shard's own copy of its partitions, in LMDB: rows, and per partition a cursor into the log, changed together in
 * one transaction. The only file that knows LMDB.
 *
 *     key    u32 partition · u32 view id · entity key      (big-endian, so that a partition is one range)
 *
 * Cursors and marks: `replica-cursor.ts`. A partition as a whole, for snapshots: `replica-partitions.ts`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { type RecordBytes, recordBytes, recordViews } from '../../cluster/catalog/record.ts';
import type { App, View } from '../../cluster/catalog/views.ts';
import type { Log } from '../../cluster/log.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import { ENTITY_KEY_BYTES_MAX } from '../../proto/names.ts';
import { applyMessage, emptyTally, type RowStore, type RowTally } from './apply-message.ts';
import { type Poison, UnparkedPoison } from './dead-letters.ts';
import {
  AT_START,
  CURSOR_KEY_BYTES,
  cursorKey,
  type DigestedCursor,
  decodeCursor,
  digestText,
  encodeCursor,
  MARK_BYTE,
  MARK_KEY_BYTES,
  markKey,
  messageHash,
  mixDigest,
  RESTORE_BYTE,
} from './replica-cursor.ts';
import { fileUseOf, isDamage } from './replica-library.ts';
import { ReplicaPartitions } from './replica-partitions.ts';

const KEY_HEADER_BYTES = 8;
const IDENTITY_KEY = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x69]);
const NOTHING = Buffer.alloc(0);
/** One message of the log as it came. */
export type LogMessage = { readonly partition: number; readonly seq: number; readonly bytes: Uint8Array };

export type Cursor = { readonly seq: number; readonly digest: string };

export type ApplyResult = Readonly<RowTally>;

/** Where a row lies within its partition. */
export type StoredKey = { readonly viewId: number; readonly key: Uint8Array };

export type StoredRow = StoredKey & { readonly record: RecordBytes };

/**
 * Whether a rejection that nobody handled is the library's word on a failed commit. It rejects promises of its own that
 * it hands to nobody, beside the one that `apply` reports and that is tried again: a process that keeps replicas must
 * let these pass, or a full disk ends it, and with it the reads that a full disk does not hinder.
 */
export function isCommitFailure(reason: unknown): boolean {
  return reason instanceof Error && 'commitError' in reason;
}

export class Replica {
  readonly #db: RootDatabase<Buffer, Buffer>;
  readonly #log: Log;
  readonly #app: App;
  readonly #onDamage: (why: string) => void;
  readonly #cursors = new Map<number, DigestedCursor>();
  /** Partitions with a mark. */
  readonly #marked = new Set<number>();
  /** Partitions as wholes: read for a snapshot, replaced by one. */
  readonly partitions: ReplicaPartitions;
  /** Cursors that transactions of `apply` under way move: these can be read before their promise says so. */
  readonly #applying = new Set<ReadonlyMap<number, DigestedCursor>>();
  readonly #cursorKey = cursorKey(0);
  readonly #keyBuffer = Buffer.alloc(KEY_HEADER_BYTES + ENTITY_KEY_BYTES_MAX);
  /** Views of the key buffer by key length, so that a lookup allocates nothing. */
  readonly #keyViews: (Buffer | undefined)[] = new Array<Buffer | undefined>(ENTITY_KEY_BYTES_MAX + 1);
  #lastBytes: Uint8Array | null = null;
  readonly #found: { bytes: Uint8Array; view: DataView; words: Uint32Array | null; length: number };

  /** `onDamage`: called when the file turns out not to be readable as a database. Throws where it cannot be opened. */
  constructor(options: { directory: string; app: App; log: Log; onDamage?: (why: string) => void }) {
    mkdirSync(options.directory, { recursive: true });
    this.#onDamage = options.onDamage ?? (() => {});
    this.#log = options.log;
    this.#app = options.app;
    this.#db = open<Buffer, Buffer>({
      path: join(options.directory, 'replica.lmdb'),
      encoding: 'binary',
      keyEncoding: 'binary',
      // The log is the truth: after a power failure the replica resumes from the last flushed transaction.
      overlappingSync: true,
      noSubdir: true,
    });
    const empty = new Uint8Array(0);
    this.#found = { bytes: empty, ...recordViews(empty), length: 0 };
    this.partitions = new ReplicaPartitions(
      this.#db,
      {
        commit: (write) => this.#commit(write),
        forget: (partition) => {
          this.#cursors.delete(partition);
          this.#marked.delete(partition);
        },
        adopt: (partition, cursor) => this.#cursors.set(partition, cursor),
        unreadable: (thrown) => this.#unreadable(thrown),
      },
      this.#loadCursors(),
    );
  }

  /** What the stream called itself when this replica first followed it, or null. */
  get streamIdentity(): string | null {
    return this.#db.getBinary(IDENTITY_KEY)?.toString('utf8') ?? null;
  }

  async setStreamIdentity(identity: string): Promise<void> {
    await this.#db.put(IDENTITY_KEY, Buffer.from(identity, 'utf8'));
  }

  /**
   * Log sequence up to which a partition is applied; 0: nothing. Rows looked up in the same turn of the event loop,
   * before or after, are those of exactly this sequence. As a lookup does, it overwrites what one before it returned.
   */
  appliedSeq(partition: number): number {
    return this.#cursor(partition).seq;
  }

  /** Replicas of a partition at the same sequence have the same digest. */
  cursor(partition: number): Cursor {
    const cursor = this.#cursor(partition);
    return { seq: cursor.seq, digest: digestText(cursor) };
  }

  /** `messageHash` of the last message applied; null where there is none or it is not known. */
  lastMessageHash(partition: number): number | null {
    return this.#cursor(partition).lastHash;
  }

  /**
   * Whether this replica, in this process or an earlier one, has held all that the log had of the partition. One that
   * never had must not be served: what it lacks would pass for missing.
   */
  wasCaughtUp(partition: number): boolean {
    return this.#marked.has(partition);
  }

  /** Rejects with UNAVAILABLE when it cannot be committed. */
  async markCaughtUp(partitions: Iterable<number>): Promise<void> {
    const added = [...partitions].filter((partition) => !this.#marked.has(partition));
    if (added.length === 0) return;
    await this.#commit(() => {
      for (const partition of added) this.#db.put(markKey(partition), NOTHING);
    });
    for (const partition of added) this.#marked.add(partition);
  }

  /** For partitions that are followed no longer: from here on this replica falls behind. Rejects as `markCaughtUp`. */
  async forgetCaughtUp(partitions: Iterable<number>): Promise<void> {
    const removed = [...partitions].filter((partition) => this.#marked.delete(partition));
    if (removed.length === 0) return;
    await this.#commit(() => {
      for (const partition of removed) this.#db.remove(markKey(partition));
    });
  }

  highestAppliedSeq(): number {
    let highest = 0;
    const look = (partition: number) => {
      highest = Math.max(highest, this.#cursor(partition).seq);
    };
    for (const partition of this.#cursors.keys()) look(partition);
    for (const moved of this.#applying) for (const partition of moved.keys()) look(partition);
    return highest;
  }

  /**
   * The stored record, or null. Overwritten by the next lookup: use it or copy it before that. Throws INVALID_ARGUMENT
   * for a key longer than any that is stored.
   */
  lookup(view: View, partition: number, key: Uint8Array): RecordBytes | null {
    return this.#lookup(partition, view.id, key);
  }

  #lookup(partition: number, id: number, key: Uint8Array): RecordBytes | null {
    // The library hands out one shared buffer whose `length` is set to what was read.
    const at = this.#key(partition, id, key);
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#db.getBinaryFast(at);
    } catch (thrown) {
      throw this.#unreadable(thrown);
    }
    if (bytes === undefined) return null;
    const found = this.#found;
    if (bytes !== this.#lastBytes) {
      this.#lastBytes = bytes;
      Object.assign(found, { bytes, ...recordViews(bytes) });
    }
    found.length = bytes.length;
    return found;
  }

  /**
   * Rows of a partition in the order of their keys, beginning after `after` (null: at the first), at most `rowsMax`.
   * Takes no longer than these rows do: no transaction stays open between two calls. Keys and records are copies.
   */
  rowsAfter(partition: number, after: StoredKey | null, rowsMax: number): StoredRow[] {
    const start = after === null ? rowKey(partition, 0, NOTHING) : rowKey(partition, after.viewId, after.key);
    const end = rowKey(partition + 1, 0, NOTHING);
    const rows: StoredRow[] = [];
    const options = { start, end, exclusiveStart: after !== null, limit: rowsMax };
    try {
      for (const { key, value } of this.#db.getRange(options)) {
        rows.push({ viewId: key.readUInt32BE(4), key: key.subarray(KEY_HEADER_BYTES), record: recordBytes(value) });
      }
    } catch (thrown) {
      throw this.#unreadable(thrown);
    }
    return rows;
  }

  /** Partitions of which something was applied or copied here. */
  heldPartitions(): number[] {
    return [...this.#cursors.keys()];
  }

  /**
   * Applies messages of the log and moves their cursors, all in one transaction. Messages at or below a cursor are
   * skipped, so replaying is harmless. What a row does is `apply-message.ts`'s to say; poison is parked: counted, logged,
   * not guessed at. Rejects with UNAVAILABLE where it cannot be committed, DATA_LOSS where a stored row is corrupt, and
   * with UnparkedPoison, having applied nothing, where there is poison that `isParked` denies.
   */
  async apply(
    messages: readonly LogMessage[],
    isParked: (message: LogMessage) => boolean = () => true,
  ): Promise<ApplyResult> {
    const result = emptyTally();
    const moved = new Map<number, DigestedCursor>();
    this.#applying.add(moved);
    try {
      await this.#commit(() => {
        moved.clear();
        Object.assign(result, emptyTally());
        const poison = messages
          .map((message) => this.#applyMessage(message, moved, result))
          .filter((one) => one !== null);
        const unparked = poison.filter((one) => !isParked(one));
        if (unparked.length > 0) throw new UnparkedPoison(unparked);
        for (const { partition, seq, read } of poison)
          this.#log.warn({ partition, seq, why: read.poison[0]!.why }, 'log message parked');
        for (const { partition, seq, bytes } of messages) {
          const cursor = moved.get(partition);
          if (cursor?.seq === seq) cursor.lastHash = messageHash(bytes);
        }
        for (const [partition, cursor] of moved) this.#db.put(cursorKey(partition), encodeCursor(cursor));
      });
      for (const [partition, cursor] of moved) this.#cursors.set(partition, cursor);
    } catch (thrown) {
      // What the file says counts, whatever the failure left there: applying a message twice would spoil the digest.
      this.#db.resetReadTxn();
      for (const partition of moved.keys()) this.#cursors.set(partition, this.#storedCursor(partition));
      throw thrown;
    } finally {
      this.#applying.delete(moved);
    }
    return result;
  }

  /** For what reading does not show: what is stored makes no sense to whoever applies to it. */
  reportDamage(why: string): void {
    this.#onDamage(why);
  }

  /** How large the file is, and how much of it can be written to again. Some 20 µs. */
  fileUse(): { readonly fileBytes: number; readonly reusableBytes: number } {
    return fileUseOf(this.#db.getStats(), this.partitions.readersOpen);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #commit(write: () => void): Promise<void> {
    try {
      // A child transaction, since a plain one commits what was written before its callback threw.
      await this.#db.childTransaction(write);
    } catch (thrown) {
      if (thrown instanceof ServingError || thrown instanceof UnparkedPoison) throw thrown;
      if (isDamage(thrown)) throw this.#unreadable(thrown);
      // The promise hung on the error is ours to handle; of the rest that the library rejects, see `isCommitFailure`.
      (thrown as { commitError?: Promise<unknown> }).commitError?.catch?.(() => {});
      throw new ServingError('UNAVAILABLE', 'log', `the replica could not commit: ${String(thrown)}`, {
        cause: thrown,
      });
    }
  }

  /**
   * What reading or writing threw, as DATA_LOSS. The read transaction that all reads of this turn share is of no use
   * after it, so others begin a new one: what is whole stays readable.
   */
  #unreadable(thrown: unknown): ServingError {
    this.#db.resetReadTxn();
    const why = `the replica cannot be read: ${String(thrown)}`;
    if (isDamage(thrown)) this.#onDamage(why);
    return new ServingError('DATA_LOSS', 'lookup', why, { cause: thrown });
  }

  /**
   * While a transaction is under way it may be committed, and seen by lookups, before we hear of it; then the cursor is
   * read as rows are, and since one turn of the event loop reads one snapshot, the two agree.
   */
  #cursor(partition: number): Readonly<DigestedCursor> {
    return this.#applying.size === 0 ? (this.#cursors.get(partition) ?? AT_START) : this.#storedCursor(partition);
  }

  #storedCursor(partition: number): DigestedCursor {
    const key = this.#cursorKey;
    key.writeUInt32BE(partition, 4);
    const value = this.#db.getBinaryFast(key);
    return value === undefined ? { ...AT_START } : decodeCursor(value);
  }

  /** Returns the message where something of it is poison. */
  #applyMessage(message: LogMessage, moved: Map<number, DigestedCursor>, result: RowTally): Poison | null {
    const { partition, seq } = message;
    if (this.partitions.isRestoring(partition)) return null;
    const before = moved.get(partition) ?? this.#cursors.get(partition) ?? AT_START;
    if (seq <= before.seq) return null;
    const cursor = { seq, digestA: before.digestA, digestB: before.digestB, lastHash: null };
    moved.set(partition, cursor);
    const read = applyMessage(this.#app, message, this.#rowStore(partition, cursor), result);
    return read.poison.length > 0 ? { ...message, read } : null;
  }

  /** Rows of a partition for writing; what changes is mixed into the cursor's digest. */
  #rowStore(partition: number, cursor: DigestedCursor): RowStore {
    return {
      lookup: (id, key) => this.#lookup(partition, id, key),
      replace: (id, entityKey, stored, record) => {
        const key = this.#key(partition, id, entityKey);
        if (stored !== null) mixDigest(cursor, key, stored.bytes.subarray(0, stored.length));
        if (record === null) {
          this.#db.remove(Buffer.from(key));
          return;
        }
        mixDigest(cursor, key, record);
        this.#db.put(Buffer.from(key), record as Buffer);
      },
    };
  }

  #key(partition: number, id: number, entityKey: Uint8Array): Buffer {
    const length = entityKey.byteLength;
    if (length > ENTITY_KEY_BYTES_MAX) {
      throw invalid(`a key has ${length} bytes; at most ${ENTITY_KEY_BYTES_MAX} are allowed`, 'lookup');
    }
    const buffer = this.#keyBuffer;
    buffer.writeUInt32BE(partition, 0);
    buffer.writeUInt32BE(id, 4);
    buffer.set(entityKey, KEY_HEADER_BYTES);
    let key = this.#keyViews[length];
    if (key === undefined) {
      key = buffer.subarray(0, KEY_HEADER_BYTES + length);
      this.#keyViews[length] = key;
    }
    return key;
  }

  /** Partitions that were being restored when this replica was last closed, or died. */
  #loadCursors(): number[] {
    const restoring: number[] = [];
    const start = cursorKey(0);
    const end = Buffer.concat([cursorKey(0xffffffff), Buffer.from([0xff])]);
    for (const { key, value } of this.#db.getRange({ start, end })) {
      if (key.length === CURSOR_KEY_BYTES) this.#cursors.set(key.readUInt32BE(4), decodeCursor(value));
      else if (key.length === MARK_KEY_BYTES && key[4] === MARK_BYTE) this.#marked.add(key.readUInt32BE(5));
      else if (key.length === MARK_KEY_BYTES && key[4] === RESTORE_BYTE) restoring.push(key.readUInt32BE(5));
    }
    return restoring;
  }
}

function rowKey(partition: number, id: number, entityKey: Uint8Array): Buffer {
  const key = Buffer.alloc(KEY_HEADER_BYTES + entityKey.byteLength);
  key.writeUInt32BE(partition, 0);
  key.writeUInt32BE(id, 4);
  key.set(entityKey, KEY_HEADER_BYTES);
  return key;
}
