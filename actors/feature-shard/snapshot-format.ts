/**
 * A snapshot of one partition as bytes: a header, the rows in key order in chunks, a trailer; each a frame with a
 * checksum. Little-endian.
 *
 *      0  u32  'DVS1'
 *      4  u8   kind             1 header, 2 rows, 3 trailer
 *      5  u8   coding           0 as it is, 1 deflate
 *      6  u16  0
 *      8  u32  frame number     from 0, so that a frame that is missing or comes twice is found
 *     12  u32  stored length
 *     16  u32  decoded length
 *     20  u32  CRC-32 of the 20 bytes before and of the payload as it is stored
 *     24       payload          header and trailer: JSON; rows: u16 key length · u32 value length · key · value, repeated
 *
 * A key is without its partition: view id and entity key. Reading yields rows as they come and throws DATA_LOSS as soon
 * as anything is wrong; only a snapshot read to its end without an error is whole, and its rows have the header's digest.
 * Pure, but for the thread pool that compresses.
 */
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import { ServingError } from '../../proto/errors.ts';
import { type Digest, digestText, mixDigest, parseDigest } from './replica-cursor.ts';

export const SNAPSHOT_FORMAT = 1;
const MAGIC = 0x31535644;
const KINDS = { header: 1, rows: 2, trailer: 3 } as const;
const FRAME_HEADER_BYTES = 24;
const CRC_OFFSET = 20;
/** Small enough that reading one delays a lookup by far less than a millisecond. */
export const CHUNK_BYTES = 16 * 1024;
/** Compressing costs by the call as well as by the byte. */
const COMPRESSED_CHUNK_BYTES = 64 * 1024;
/** A row larger than a chunk has one to itself. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;
const ROW_HEADER_BYTES = 6;
const PARTITION_BYTES = 4;
const KEY_BYTES_MAX = 1_024;
const WORTHWHILE = 0.9;
const CHUNKS_UNTRIED = 15;

const deflate = promisify(deflateRaw) as (bytes: Uint8Array, options: object) => Promise<Buffer>;
const inflate = promisify(inflateRaw) as (bytes: Uint8Array, options: object) => Promise<Buffer>;

export type SnapshotView = {
  readonly name: string;
  readonly version: number;
  readonly id: number;
  readonly schemaHash: number;
};

export type SnapshotHeader = {
  readonly format: number;
  readonly partition: number;
  /** Everything that the log had of the partition up to this sequence is in the rows. */
  readonly seq: number;
  readonly digest: string;
  /** Hash of the log message at `seq`, null where it is not known. */
  readonly lastHash: number | null;
  /** When the stream was created that `seq` counts in; another stream's sequences mean nothing. */
  readonly stream: string;
  /** The definitions that the writer knew: for people. */
  readonly views: readonly SnapshotView[];
  readonly writtenMs: number;
};

export type SnapshotRow = { readonly key: Uint8Array; readonly value: Uint8Array };

/** A snapshot whose header has been read. `chunks` may be gone through once. */
export type OpenSnapshot = { readonly header: SnapshotHeader; readonly chunks: AsyncIterable<readonly SnapshotRow[]> };

type Trailer = { readonly chunks: number; readonly rows: number; readonly bytes: number };

export function corrupt(what: string): ServingError {
  return new ServingError('DATA_LOSS', 'log', `the snapshot is not whole: ${what}`);
}

/** Makes the frames. Rows are gathered with `add` until it says that the chunk is full; then `chunk` gives its frame. */
export class SnapshotWriter {
  readonly #header: SnapshotHeader;
  readonly #compress: boolean;
  readonly #chunkBytes: number;
  readonly #digest: Digest = { digestA: 0, digestB: 0 };
  #frames = 0;
  /** The first frame to compress, if only to see whether that is worthwhile. */
  #compressFrom = 0;
  #rows = 0;
  #bytes = 0;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES * 2);
  #length = 0;
  #key: Buffer;

  constructor(header: SnapshotHeader, options: { compress: boolean }) {
    this.#header = header;
    this.#compress = options.compress;
    this.#chunkBytes = options.compress ? COMPRESSED_CHUNK_BYTES : CHUNK_BYTES;
    this.#key = Buffer.alloc(PARTITION_BYTES + KEY_BYTES_MAX);
    this.#key.writeUInt32BE(header.partition, 0);
  }

  get rows(): number {
    return this.#rows;
  }

  header(): Promise<Buffer> {
    return this.#frame(KINDS.header, Buffer.from(JSON.stringify(this.#header), 'utf8'));
  }

  /** Copies the row. True once the chunk is full. */
  add(key: Uint8Array, value: Uint8Array): boolean {
    const whole = this.#key;
    whole.set(key, PARTITION_BYTES);
    mixDigest(this.#digest, whole.subarray(0, PARTITION_BYTES + key.length), value);
    const end = this.#length + ROW_HEADER_BYTES + key.length + value.length;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(end * 2);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    const buffer = this.#buffer;
    buffer.writeUInt16LE(key.length, this.#length);
    buffer.writeUInt32LE(value.length, this.#length + 2);
    buffer.set(key, this.#length + ROW_HEADER_BYTES);
    buffer.set(value, this.#length + ROW_HEADER_BYTES + key.length);
    this.#length = end;
    this.#rows++;
    return end >= this.#chunkBytes;
  }

  /** Frame of what `add` gathered; null where that is nothing. Wait for it before adding more. */
  async chunk(): Promise<Buffer | null> {
    if (this.#length === 0) return null;
    const payload = this.#buffer.subarray(0, this.#length);
    this.#bytes += this.#length;
    const frame = await this.#frame(KINDS.rows, payload);
    this.#length = 0;
    return frame;
  }

  /** Throws DATA_LOSS where the rows given are not those of the header's digest: what they came from is damaged. */
  async trailer(): Promise<Buffer> {
    const digest = digestText(this.#digest);
    if (digest !== this.#header.digest) {
      throw new ServingError(
        'DATA_LOSS',
        'log',
        `partition ${this.#header.partition} has the digest ${this.#header.digest}, but its rows have ${digest}: the replica is damaged. Remove its directory and start the shard, which rebuilds it`,
      );
    }
    const trailer: Trailer = { chunks: this.#frames - 1, rows: this.#rows, bytes: this.#bytes };
    return this.#frame(KINDS.trailer, Buffer.from(JSON.stringify(trailer), 'utf8'));
  }

  async #frame(kind: number, decoded: Buffer): Promise<Buffer> {
    const tried = this.#compress && kind === KINDS.rows && this.#frames >= this.#compressFrom;
    const packed = tried ? await deflate(decoded, { level: 1 }) : null;
    const smaller = packed !== null && packed.length < decoded.length;
    // Rows are much alike: where one chunk hardly shrinks, the next few will not either.
    if (packed !== null && packed.length > decoded.length * WORTHWHILE)
      this.#compressFrom = this.#frames + CHUNKS_UNTRIED;
    const stored = smaller ? packed : decoded;
    const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + stored.length);
    frame.writeUInt32LE(MAGIC, 0);
    frame[4] = kind;
    frame[5] = smaller ? 1 : 0;
    frame.writeUInt16LE(0, 6);
    frame.writeUInt32LE(this.#frames++, 8);
    frame.writeUInt32LE(stored.length, 12);
    frame.writeUInt32LE(decoded.length, 16);
    frame.set(stored, FRAME_HEADER_BYTES);
    frame.writeUInt32LE(checksum(frame), CRC_OFFSET);
    return frame;
  }
}

function checksum(frame: Buffer): number {
  return crc32(frame.subarray(FRAME_HEADER_BYTES), crc32(frame.subarray(0, CRC_OFFSET)));
}

/** Reads the header. Rejects with DATA_LOSS where it is not whole, and with what `source` rejects with. */
export async function openSnapshot(source: AsyncIterable<Uint8Array>): Promise<OpenSnapshot> {
  const frames = readFrames(source);
  const first = await frames.next();
  if (first.done === true || first.value.kind !== KINDS.header) throw corrupt('it has no header');
  const header = checkHeader(parseJson(first.value.payload));
  return { header, chunks: readChunks(header, frames) };
}

/** Reads a snapshot to its end and keeps nothing of it. Rejects as `openSnapshot`, where anything is wrong. */
export async function verifySnapshot(source: AsyncIterable<Uint8Array>): Promise<{
  header: SnapshotHeader;
  rows: number;
}> {
  const { header, chunks } = await openSnapshot(source);
  let rows = 0;
  for await (const chunk of chunks) rows += chunk.length;
  return { header, rows };
}

async function* readChunks(header: SnapshotHeader, frames: AsyncIterator<Frame>): AsyncGenerator<SnapshotRow[]> {
  const digest: Digest = { digestA: 0, digestB: 0 };
  const seen = { chunks: 0, rows: 0, bytes: 0 };
  let last: Uint8Array | null = null;
  for (;;) {
    const next = await frames.next();
    if (next.done === true) throw corrupt('it ends before its trailer');
    const { kind, payload } = next.value;
    if (kind === KINDS.trailer) {
      const { chunks, rows, bytes } = parseJson(payload) as Partial<Trailer>;
      if (chunks !== seen.chunks || rows !== seen.rows || bytes !== seen.bytes)
        throw corrupt('the trailer counts other rows');
      break;
    }
    if (kind !== KINDS.rows) throw corrupt('a second header');
    const rows = readRows(header.partition, payload, digest, last);
    last = rows[rows.length - 1]?.key ?? last;
    seen.chunks++;
    seen.rows += rows.length;
    seen.bytes += payload.length;
    yield rows;
  }
  if (digestText(digest) !== header.digest) throw corrupt('the rows have another digest than the header');
  if ((await frames.next()).done !== true) throw corrupt('something follows the trailer');
}

function readRows(partition: number, payload: Buffer, digest: Digest, before: Uint8Array | null): SnapshotRow[] {
  const rows: SnapshotRow[] = [];
  const whole = Buffer.alloc(PARTITION_BYTES + KEY_BYTES_MAX);
  whole.writeUInt32BE(partition, 0);
  let last = before;
  for (let at = 0; at < payload.length; ) {
    if (at + ROW_HEADER_BYTES > payload.length) throw corrupt('a row is cut off');
    const keyLength = payload.readUInt16LE(at);
    const valueAt = at + ROW_HEADER_BYTES + keyLength;
    const end = valueAt + payload.readUInt32LE(at + 2);
    if (end > payload.length || keyLength > KEY_BYTES_MAX) throw corrupt('a row is cut off');
    const key = payload.subarray(at + ROW_HEADER_BYTES, valueAt);
    const value = payload.subarray(valueAt, end);
    if (last !== null && Buffer.compare(last, key) >= 0) throw corrupt('the rows are out of order');
    whole.set(key, PARTITION_BYTES);
    mixDigest(digest, whole.subarray(0, PARTITION_BYTES + keyLength), value);
    rows.push({ key, value });
    last = key;
    at = end;
  }
  return rows;
}

type Frame = { readonly kind: number; readonly payload: Buffer };

async function* readFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let wanted = FRAME_HEADER_BYTES;
  let number = 0;
  for await (const piece of source) {
    pieces.push(piece);
    held += piece.length;
    while (held >= wanted) {
      const buffer = pieces.length === 1 ? asBuffer(pieces[0]!) : Buffer.concat(pieces);
      const length = frameLength(buffer, number);
      if (buffer.length < length) {
        pieces = [buffer];
        wanted = length;
        break;
      }
      const frame = buffer.subarray(0, length);
      if (frame.readUInt32LE(CRC_OFFSET) !== checksum(frame)) throw corrupt(`frame ${number} has another checksum`);
      number++;
      yield await decodeFrame(frame);
      const rest = buffer.subarray(length);
      pieces = rest.length === 0 ? [] : [rest];
      held = rest.length;
      wanted = FRAME_HEADER_BYTES;
    }
  }
  if (held > 0) throw corrupt('it ends within a frame');
}

/** Throws for a frame header that nobody wrote, before anything is allocated by what it says. */
function frameLength(bytes: Buffer, number: number): number {
  const stored = bytes.readUInt32LE(12);
  if (bytes.readUInt32LE(0) !== MAGIC) throw corrupt(`frame ${number} does not begin as one`);
  if (bytes.readUInt32LE(8) !== number) throw corrupt(`frame ${number} is missing`);
  if (stored > FRAME_BYTES_MAX || bytes.readUInt32LE(16) > FRAME_BYTES_MAX)
    throw corrupt(`frame ${number} is too long`);
  return FRAME_HEADER_BYTES + stored;
}

async function decodeFrame(frame: Buffer): Promise<Frame> {
  const kind = frame[4]!;
  const coding = frame[5]!;
  const decodedLength = frame.readUInt32LE(16);
  const stored = frame.subarray(FRAME_HEADER_BYTES);
  if (coding > 1) throw corrupt('it is coded in a way that this version does not know');
  let payload = stored;
  if (coding === 1) {
    try {
      payload = await inflate(stored, { maxOutputLength: Math.max(1, decodedLength) });
    } catch {
      throw corrupt('a chunk cannot be decompressed');
    }
  }
  if (payload.length !== decodedLength) throw corrupt('a chunk has another length');
  return { kind, payload };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parseJson(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw corrupt('its header or trailer cannot be read');
}

function checkHeader(value: Record<string, unknown>): SnapshotHeader {
  const { format, partition, seq, digest, lastHash, stream, views, writtenMs } = value;
  if (format !== SNAPSHOT_FORMAT)
    throw corrupt(`its format is ${String(format)}; this version reads ${SNAPSHOT_FORMAT}`);
  const whole = (one: unknown): one is number => typeof one === 'number' && Number.isSafeInteger(one) && one >= 0;
  if (
    !whole(partition) ||
    !whole(seq) ||
    typeof digest !== 'string' ||
    parseDigest(digest) === null ||
    !(lastHash === null || whole(lastHash)) ||
    typeof stream !== 'string' ||
    !Array.isArray(views) ||
    typeof writtenMs !== 'number'
  )
    throw corrupt('its header lacks what it must have');
  return { format, partition, seq, digest, lastHash, stream, views: views as SnapshotView[], writtenMs };
}
