/** Parquet files as far as reading them safely goes: what one says of its own sizes is checked before memory is taken. */
import type { FileHandle } from 'node:fs/promises';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { invalid } from '../../proto/errors.ts';
import { UsageError } from '../command.ts';

const FOOTER_BYTES_MAX = 64 * 1024 * 1024;
const PAGE_BYTES_MAX = 512 * 1024 * 1024;
/** Of the columns read of one row group, where its pages cannot be read one by one. */
const GROUP_BYTES_MAX = 2 * 1024 * 1024 * 1024;
/** Values of a slice, as the file counts them; in memory they take a few times as much. */
const SLICE_BYTES = 32 * 1024 * 1024;
const SLICE_ROWS_MAX = 262_144;
const SLICE_ROWS_MIN = 1_024;
const MAGIC = 'PAR1';

/** The file as the reader wants it. Reads reject with INVALID_ARGUMENT where they reach outside of it. */
export async function parquetFile(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const length = Math.min(end, size) - start;
      if (!(start >= 0 && length >= 0)) throw invalid('the file says that a part of it lies outside of it');
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
        if (bytesRead === 0) throw invalid('the file has become shorter while it was read');
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/** Packed pages, none larger than a bound. */
export const boundedCompressors: typeof compressors = Object.fromEntries(
  Object.entries(compressors).map(([codec, unpack]) => [
    codec,
    (input: Uint8Array, outputLength: number) => {
      if (!(outputLength <= PAGE_BYTES_MAX)) {
        throw invalid(`a page says it has ${outputLength} bytes; at most ${PAGE_BYTES_MAX} are allowed`);
      }
      return unpack?.(input, outputLength) ?? new Uint8Array(0);
    },
  ]),
);

/** Throws UsageError for a file that is no Parquet, or only a part of one. */
export async function readMetadata(file: AsyncBuffer, path: string): Promise<FileMetaData> {
  const tail = Buffer.from(await file.slice(Math.max(0, file.byteLength - 8), file.byteLength));
  if (file.byteLength < 12 || tail.toString('latin1', 4) !== MAGIC) {
    throw new UsageError(`${path} is no Parquet file, or only the beginning of one: it does not end as one does`);
  }
  const footerBytes = tail.readUInt32LE(0);
  if (footerBytes > FOOTER_BYTES_MAX || footerBytes + 12 > file.byteLength) {
    throw new UsageError(`${path} has a footer of ${footerBytes} bytes; at most ${FOOTER_BYTES_MAX} are allowed`);
  }
  try {
    const metadata = await parquetMetadataAsync(file);
    const rows = metadata.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
    if (rows !== metadata.num_rows || rows > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new UsageError(`it says ${metadata.num_rows} rows and its row groups hold ${rows}`);
    }
    return metadata;
  } catch (thrown) {
    throw new UsageError(
      `${path} cannot be read as Parquet: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
}

/** How many rows of a group are read at a time. Throws INVALID_ARGUMENT for a group that is too large to be read at all. */
export function sliceRowsOf(group: FileMetaData['row_groups'][number], columns: readonly string[]): number {
  const wanted = new Set(columns);
  const rows = Number(group.num_rows);
  let bytes = 0;
  for (const { meta_data: chunk } of group.columns) {
    if (chunk === undefined || !wanted.has(chunk.path_in_schema[0] ?? '')) continue;
    bytes += Number(chunk.total_uncompressed_size);
  }
  if (bytes > GROUP_BYTES_MAX) {
    throw invalid(
      `a row group holds ${Math.round(bytes / 2 ** 20)} MiB; at most ${GROUP_BYTES_MAX / 2 ** 20} are read: write the file with fewer rows a group (row_group_size)`,
    );
  }
  const rowBytes = Math.max(1, bytes / Math.max(1, rows));
  return Math.min(SLICE_ROWS_MAX, Math.max(SLICE_ROWS_MIN, Math.floor(SLICE_BYTES / rowBytes)));
}
