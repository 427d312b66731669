/**
 * Reads Parquet files a slice of rows at a time, values as the file holds them: times and dates as whole numbers of
 * their unit, bytes as bytes. What a file says of its own sizes is checked before memory is taken for it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { invalid, ServingError } from '../../proto/errors.ts';
import type { FileColumn } from './parquet-output.ts';

export type Slice = { readonly rows: number; column(name: string): readonly unknown[] };

const FOOTER_BYTES_MAX = 64 * 1024 * 1024;
const PAGE_BYTES_MAX = 512 * 1024 * 1024;
const SLICE_ROWS = 32_768;
const SLICE_BYTES = 32 * 1024 * 1024;

export class ParquetInput {
  readonly path: string;
  readonly rows: number;
  readonly columns: readonly FileColumn[];
  readonly #handle: FileHandle;
  readonly #file: AsyncBuffer;
  readonly #metadata: FileMetaData;

  private constructor(path: string, handle: FileHandle, file: AsyncBuffer, metadata: FileMetaData) {
    this.path = path;
    this.#handle = handle;
    this.#file = file;
    this.#metadata = metadata;
    this.rows = Number(metadata.num_rows);
    this.columns = parquetSchema(metadata).children.map((tree) => {
      return { name: tree.element.name, elements: elementsOf(tree) };
    });
  }

  /** Rejects with INVALID_ARGUMENT for a file that cannot be read or is no Parquet. */
  static async open(path: string): Promise<ParquetInput> {
    let handle: FileHandle;
    try {
      handle = await open(path);
    } catch (thrown) {
      throw invalid(`${path} cannot be read: ${reason(thrown)}`);
    }
    try {
      const file = await bufferOf(handle, path);
      return new ParquetInput(path, handle, file, await readMetadata(file, path));
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  /** Text that the file carries under a name, or null. */
  metadata(key: string): string | null {
    return this.#metadata.key_value_metadata?.find((entry) => entry.key === key)?.value ?? null;
  }

  /** Rows in order, only these columns. Rejects with DATA_LOSS where the file contradicts itself. */
  async *slices(columns: readonly string[]): AsyncGenerator<Slice> {
    let groupStart = 0;
    for (const group of this.#metadata.row_groups) {
      const rows = Number(group.num_rows);
      const step = Math.max(1, Math.min(SLICE_ROWS, Math.floor(SLICE_BYTES / rowBytesOf(group, columns))));
      for (let from = 0; from < rows; from += step) {
        const end = Math.min(rows, from + step);
        yield await this.#slice(columns, groupStart + from, groupStart + end);
      }
      groupStart += rows;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #slice(columns: readonly string[], rowStart: number, rowEnd: number): Promise<Slice> {
    let rows: Record<string, unknown>[];
    try {
      rows = await parquetReadObjects({
        file: this.#file,
        metadata: this.#metadata,
        columns: [...columns],
        rowStart,
        rowEnd,
        useOffsetIndex: true,
        compressors: BOUNDED,
        parsers: AS_HELD,
        utf8: false,
      });
    } catch (thrown) {
      throw corrupt(this.path, `rows ${rowStart + 1} to ${rowEnd} cannot be read: ${reason(thrown)}`);
    }
    if (rows.length !== rowEnd - rowStart)
      throw corrupt(this.path, `it ends before row ${rowEnd}, which it says it has`);
    return { rows: rows.length, column: (name) => rows.map((row) => row[name] ?? null) };
  }
}

const AS_HELD = {
  timestampFromMilliseconds: (value: bigint) => value,
  timestampFromMicroseconds: (value: bigint) => value,
  timestampFromNanoseconds: (value: bigint) => value,
  dateFromDays: (value: number) => value,
  uuidFromBytes: (value: Uint8Array) => value,
};

const BOUNDED: typeof compressors = Object.fromEntries(
  Object.entries(compressors).map(([codec, unpack]) => [
    codec,
    (input: Uint8Array, outputLength: number) => {
      if (!(outputLength <= PAGE_BYTES_MAX)) throw invalid(`a page says it has ${outputLength} bytes`);
      return unpack?.(input, outputLength) ?? new Uint8Array(0);
    },
  ]),
);

function elementsOf(tree: SchemaTree): SchemaElement[] {
  return [tree.element, ...tree.children.flatMap(elementsOf)];
}

function rowBytesOf(group: FileMetaData['row_groups'][number], columns: readonly string[]): number {
  const wanted = new Set(columns);
  let bytes = 0;
  for (const { meta_data: chunk } of group.columns) {
    if (chunk !== undefined && wanted.has(chunk.path_in_schema[0] ?? ''))
      bytes += Number(chunk.total_uncompressed_size);
  }
  return Math.max(1, bytes / Math.max(1, Number(group.num_rows)));
}

async function bufferOf(handle: FileHandle, path: string): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const length = Math.min(end, size) - start;
      if (!(start >= 0 && length >= 0)) throw corrupt(path, 'it says that a part of it lies outside of it');
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
        if (bytesRead === 0) throw corrupt(path, 'it became shorter while it was read');
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

async function readMetadata(file: AsyncBuffer, path: string): Promise<FileMetaData> {
  const tail = Buffer.from(await file.slice(Math.max(0, file.byteLength - 8), file.byteLength));
  if (file.byteLength < 12 || tail.toString('latin1', 4) !== 'PAR1')
    throw invalid(`${path} is no Parquet file, or only the beginning of one`);
  const footerBytes = tail.readUInt32LE(0);
  if (footerBytes > FOOTER_BYTES_MAX || footerBytes + 12 > file.byteLength)
    throw corrupt(path, `its footer says it has ${footerBytes} bytes`);
  try {
    const metadata = await parquetMetadataAsync(file, { parsers: AS_HELD });
    const rows = metadata.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
    if (rows !== metadata.num_rows || rows > BigInt(Number.MAX_SAFE_INTEGER))
      throw corrupt(path, `it says ${metadata.num_rows} rows and its row groups hold ${rows}`);
    return metadata;
  } catch (thrown) {
    if (thrown instanceof ServingError) throw thrown;
    throw corrupt(path, reason(thrown));
  }
}

function corrupt(path: string, why: string): ServingError {
  return new ServingError('DATA_LOSS', 'edge', `${path} cannot be read as Parquet: ${why}. Write the file again`);
}

function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
