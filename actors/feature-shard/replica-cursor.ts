/**
 * Where a replica stands in a partition's log, as it is stored beside the rows, and the keys of what is stored so:
 *
 *     cursor   u32 0xFFFFFFFF · u32 partition        →  f64 sequence · u32 digest · u32 digest · u32 hash of the last message
 *     mark     u32 0xFFFFFFFF · 'c' · u32 partition     has been caught up with the log
 *     restore  u32 0xFFFFFFFF · 'r' · u32 partition     is being replaced by a snapshot: what is there is not to be used
 *
 * Cursors that were written before the hash was kept are shorter. Pure.
 */
import { hashBytes } from '../../cluster/hash.ts';

const META_PARTITION = 0xffffffff;
export const CURSOR_KEY_BYTES = 8;
export const MARK_KEY_BYTES = 9;
export const MARK_BYTE = 0x63;
export const RESTORE_BYTE = 0x72;
const CURSOR_BYTES = 16;
const LAST_MESSAGE_SEED = 0x2f3a;

export type Digest = { digestA: number; digestB: number };

/** `lastHash`: of the message at `seq`, see `messageHash`; null where it is not known. */
export type DigestedCursor = Digest & { seq: number; lastHash: number | null };

export const AT_START: Readonly<DigestedCursor> = { seq: 0, digestA: 0, digestB: 0, lastHash: null };

export function cursorKey(partition: number): Buffer {
  const key = Buffer.alloc(CURSOR_KEY_BYTES);
  key.writeUInt32BE(META_PARTITION, 0);
  key.writeUInt32BE(partition, 4);
  return key;
}

export function markKey(partition: number): Buffer {
  return taggedKey(MARK_BYTE, partition);
}

export function restoreKey(partition: number): Buffer {
  return taggedKey(RESTORE_BYTE, partition);
}

function taggedKey(tag: number, partition: number): Buffer {
  const key = Buffer.alloc(MARK_KEY_BYTES);
  key.writeUInt32BE(META_PARTITION, 0);
  key[4] = tag;
  key.writeUInt32BE(partition, 5);
  return key;
}

export function decodeCursor(value: Buffer): DigestedCursor {
  return {
    seq: value.readDoubleLE(0),
    digestA: value.readUInt32LE(8),
    digestB: value.readUInt32LE(12),
    lastHash: value.length > CURSOR_BYTES ? value.readUInt32LE(CURSOR_BYTES) : null,
  };
}

export function encodeCursor(cursor: DigestedCursor): Buffer {
  const value = Buffer.alloc(cursor.lastHash === null ? CURSOR_BYTES : CURSOR_BYTES + 4);
  value.writeDoubleLE(cursor.seq, 0);
  value.writeUInt32LE(cursor.digestA, 8);
  value.writeUInt32LE(cursor.digestB, 12);
  if (cursor.lastHash !== null) value.writeUInt32LE(cursor.lastHash, CURSOR_BYTES);
  return value;
}

/** Tells the message that a cursor stands at from another that a log rolled back and written on has at its sequence. */
export function messageHash(bytes: Uint8Array): number {
  return hashBytes(bytes, LAST_MESSAGE_SEED);
}

/**
 * Exclusive-or of a 64-bit hash of key and value: adding and taking out are the same, whatever the order. `key`: with
 * its partition, as it is stored.
 */
export function mixDigest(digest: Digest, key: Uint8Array, value: Uint8Array): void {
  const keyHash = hashBytes(key, 0x51ed270b);
  digest.digestA = (digest.digestA ^ hashBytes(value, keyHash)) >>> 0;
  digest.digestB = (digest.digestB ^ hashBytes(value, ~keyHash >>> 0)) >>> 0;
}

export function digestText({ digestA, digestB }: Readonly<Digest>): string {
  return hex32(digestA) + hex32(digestB);
}

/** What `digestText` wrote, or null for other text. */
export function parseDigest(text: string): Digest | null {
  if (!/^[0-9a-f]{16}$/.test(text)) return null;
  return { digestA: Number.parseInt(text.slice(0, 8), 16), digestB: Number.parseInt(text.slice(8), 16) };
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
