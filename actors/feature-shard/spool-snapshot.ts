/**
 * Writes a snapshot of one of a live replica's partitions to a local file: a chunk a turn of the event loop, so that
 * lookups go on, and no faster consumer than a disk between, so that the read transaction ends soon.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { App } from '../../cluster/catalog/app.ts';
import type { Clock } from '../../cluster/clock.ts';
import { asServingError, ServingError } from '../../proto/errors.ts';
import type { Replica } from './replica.ts';
import { digestText } from './replica-cursor.ts';
import type { PartitionReader } from './replica-partitions.ts';
import { SNAPSHOT_FORMAT, type SnapshotHeader, type SnapshotView, SnapshotWriter } from './snapshot-format.ts';

/** A read transaction that is held keeps pages from being used again: the file grows by all that is applied meanwhile. */
export const HOLD_MS_MAX = 60_000;

export type SpoolOptions = {
  readonly replica: Replica;
  readonly partition: number;
  readonly path: string;
  readonly views: readonly SnapshotView[];
  readonly clock: Clock;
  /** How long reading may take. */
  readonly holdMsMax?: number;
  readonly compress?: boolean;
};

export type SpooledSnapshot = {
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly rows: number;
  readonly bytes: number;
};

/**
 * Rejects with FAILED_PRECONDITION where the partition has nothing to snapshot, DEADLINE_EXCEEDED where reading takes
 * longer than `holdMsMax`, DATA_LOSS where the rows are not those of the cursor's digest, UNAVAILABLE where the file
 * cannot be written. No file is left behind then.
 */
export async function spoolSnapshot(options: SpoolOptions): Promise<SpooledSnapshot> {
  const { replica, partition, path } = options;
  const stream = replica.streamIdentity;
  if (replica.partitions.isRestoring(partition) || stream === null)
    throw new ServingError(
      'FAILED_PRECONDITION',
      'log',
      `partition ${partition} is not whole here: it is being restored`,
    );
  await mkdir(dirname(path), { recursive: true });
  const reader = replica.partitions.read(partition);
  try {
    if (reader.cursor === null)
      throw new ServingError(
        'FAILED_PRECONDITION',
        'log',
        `partition ${partition} is empty here: nothing was applied yet`,
      );
    const header: SnapshotHeader = {
      format: SNAPSHOT_FORMAT,
      partition,
      seq: reader.cursor.seq,
      digest: digestText(reader.cursor),
      lastHash: reader.cursor.lastHash,
      stream,
      views: options.views,
      writtenMs: options.clock.wallMs(),
    };
    return await write(reader, header, options);
  } catch (thrown) {
    await unlink(path).catch(() => {});
    if (thrown instanceof ServingError) throw thrown;
    throw new ServingError(
      'UNAVAILABLE',
      'log',
      `a snapshot cannot be written to ${path}: ${asServingError(thrown, 'log').message}`,
      {
        cause: thrown,
      },
    );
  } finally {
    reader.close();
  }
}

async function write(reader: PartitionReader, header: SnapshotHeader, options: SpoolOptions): Promise<SpooledSnapshot> {
  const { clock, holdMsMax = HOLD_MS_MAX, compress = true } = options;
  const untilMs = clock.nowMs() + holdMsMax;
  const writer = new SnapshotWriter(header, { compress });
  const file = await open(options.path, 'w');
  let bytes = 0;
  try {
    const append = async (frame: Buffer | null) => {
      if (frame === null) return;
      await file.appendFile(frame);
      bytes += frame.length;
    };
    await append(await writer.header());
    for (let ended = false; !ended; ) {
      ended = reader.next((key, value) => writer.add(key, value));
      await append(await writer.chunk());
      if (clock.nowMs() > untilMs) {
        const why = `reading partition ${header.partition} took more than ${holdMsMax} ms and was given up`;
        throw new ServingError('DEADLINE_EXCEEDED', 'log', why);
      }
    }
    reader.close();
    await append(await writer.trailer());
    await file.datasync();
  } finally {
    await file.close();
  }
  return { path: options.path, header, rows: writer.rows, bytes };
}

/** The bytes of a file from `offset` on, in pieces. */
export function readPieces(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>;
}

/** The definitions of an app, for the header. */
export function viewsOf(app: App): SnapshotView[] {
  return [...app.versions.values()].map(({ name, version, id, schemaHash }) => ({ name, version, id, schemaHash }));
}
