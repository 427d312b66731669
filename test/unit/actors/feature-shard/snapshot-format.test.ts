/** The snapshot format: what goes in comes out, and whatever is changed on the way is found. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Digest, digestText, mixDigest } from '../../../../actors/feature-shard/replica-cursor.ts';
import {
  CHUNK_BYTES,
  openSnapshot,
  type SnapshotHeader,
  type SnapshotRow,
  SnapshotWriter,
  verifySnapshot,
} from '../../../../actors/feature-shard/snapshot-format.ts';

const PARTITION = 7;

function headerOf(rows: readonly SnapshotRow[]): SnapshotHeader {
  const digest: Digest = { digestA: 0, digestB: 0 };
  for (const { key, value } of rows) mixDigest(digest, Buffer.concat([Buffer.of(0, 0, 0, PARTITION), key]), value);
  return {
    format: 1,
    partition: PARTITION,
    seq: 42,
    digest: digestText(digest),
    lastHash: 9,
    stream: '2026-01-01T00:00:00Z',
    views: [{ name: 'user', version: 1, id: 5, schemaHash: 6 }],
    writtenMs: 1_000,
  };
}

async function framesOf(rows: readonly SnapshotRow[], compress = true, header = headerOf(rows)): Promise<Buffer[]> {
  const writer = new SnapshotWriter(header, { compress });
  const frames = [await writer.header()];
  for (const { key, value } of rows) {
    if (!writer.add(key, value)) continue;
    frames.push((await writer.chunk())!);
  }
  const last = await writer.chunk();
  if (last !== null) frames.push(last);
  frames.push(await writer.trailer());
  return frames;
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function read(bytes: Uint8Array, pieceBytes = 1_000): Promise<{ header: SnapshotHeader; rows: SnapshotRow[] }> {
  const { header, chunks } = await openSnapshot(inPieces(bytes, pieceBytes));
  const rows: SnapshotRow[] = [];
  for await (const chunk of chunks) rows.push(...chunk);
  return { header, rows };
}

const plain = (rows: readonly SnapshotRow[]) =>
  rows.map(({ key, value }) => [Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex')]);

/** Rows with distinct keys in order; few bytes repeat, so that some chunks compress and some do not. */
const arbitraryRows = fc
  .uniqueArray(
    fc.record({
      key: fc.uint8Array({ minLength: 5, maxLength: 40 }),
      value: fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 0, max: 30_000 }).map((n) => new Uint8Array(n)),
      ),
    }),
    { selector: ({ key }) => Buffer.from(key).toString('hex'), maxLength: 30 },
  )
  .map((rows) => rows.sort((a, b) => Buffer.compare(a.key, b.key)));

describe('a snapshot', () => {
  it('is read as it was written, in whatever pieces it comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryRows,
        fc.boolean(),
        fc.integer({ min: 1, max: 5_000 }),
        async (rows, compress, piece) => {
          const found = await read(Buffer.concat(await framesOf(rows, compress)), piece);
          expect(found.header).toEqual(headerOf(rows));
          expect(plain(found.rows)).toEqual(plain(rows));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is refused with DATA_LOSS if any byte of it is another', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryRows,
        fc.boolean(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (rows, compress, at, flip) => {
          const bytes = Buffer.concat(await framesOf(rows, compress));
          bytes[at % bytes.length]! ^= flip;
          await expect(read(bytes)).rejects.toMatchObject({ code: 'DATA_LOSS' });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is refused wherever it is cut off, and where something follows it', async () => {
    const rows = Array.from({ length: 3 }, (_, i) => ({ key: Buffer.of(0, 0, 0, 1, i), value: Buffer.of(i) }));
    const bytes = Buffer.concat(await framesOf(rows));
    for (let length = 0; length < bytes.length; length++)
      await expect(read(bytes.subarray(0, length)), `${length}`).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(read(Buffer.concat([bytes, Buffer.of(0)]))).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(read(Buffer.concat([bytes, bytes]))).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });

  it('is refused where a chunk is missing, twice there or in another place', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      key: Buffer.of(0, 0, 0, 1, i),
      value: Buffer.alloc(CHUNK_BYTES / 4, i),
    }));
    const frames = await framesOf(rows, false);
    expect(frames.length).toBeGreaterThan(8);
    const [header, a, b, ...rest] = frames as [Buffer, Buffer, Buffer, ...Buffer[]];
    for (const wrong of [
      [header, b, ...rest],
      [header, a, a, b, ...rest],
      [header, b, a, ...rest],
      [a, b, ...rest],
    ])
      await expect(verifySnapshot(inPieces(Buffer.concat(wrong), 9_999))).rejects.toMatchObject({ code: 'DATA_LOSS' });
    expect((await verifySnapshot(inPieces(Buffer.concat(frames), 9_999))).rows).toBe(40);
  });

  it('is not finished by its writer where the rows are not those of the digest', async () => {
    const rows = [{ key: Buffer.of(0, 0, 0, 1, 1), value: Buffer.of(1) }];
    const other = { ...headerOf(rows), digest: '0123456789abcdef' };
    await expect(framesOf(rows, true, other)).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });

  it('of another format, or with a header that lacks something, is refused', async () => {
    const { stream: _, ...lacking } = headerOf([]);
    for (const header of [{ ...headerOf([]), format: 2 }, lacking as SnapshotHeader, { ...headerOf([]), seq: -1 }])
      await expect(read(Buffer.concat(await framesOf([], true, header)))).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});
