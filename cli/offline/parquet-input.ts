/**
 * Reads Parquet files a slice of rows at a time, values as the file holds them: times and dates as whole numbers of
 * their unit, bytes as bytes.
 */
import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetReadObjects,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet';
import { invalid, ServingError } from '../../proto/errors.ts';
import { boundedCompressors, parquetFile, readMetadata, sliceRowsOf } from '../row-files/parquet-file.ts';
import type { FileColumn } from './parquet-output.ts';

export type Slice = { readonly rows: number; column(name: string): readonly unknown[] };

const SLICE_ROWS = 32_768;

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

  /** Rejects with INVALID_ARGUMENT for a file that cannot be read, UsageError for one that is no Parquet. */
  static async open(path: string): Promise<ParquetInput> {
    let handle: FileHandle;
    try {
      handle = await open(path);
    } catch (thrown) {
      throw invalid(`${path} cannot be read: ${reason(thrown)}`);
    }
    try {
      const file = await parquetFile(handle);
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
      const step = Math.min(SLICE_ROWS, sliceRowsOf(group, columns));
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
        compressors: boundedCompressors,
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

function elementsOf(tree: SchemaTree): SchemaElement[] {
  return [tree.element, ...tree.children.flatMap(elementsOf)];
}

function corrupt(path: string, why: string): ServingError {
  return new ServingError('DATA_LOSS', 'edge', `${path} cannot be read as Parquet: ${why}. Write the file again`);
}

function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
