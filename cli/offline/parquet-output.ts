/**
 * Writes a Parquet file, a row group at a time. It is written under another name beside its place and moved there when
 * it is whole and on the disk, so that nobody ever sees half a file.
 */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnType, NumberKind } from '../../actors/offline/training-columns.ts';
import { ServingError } from '../../proto/errors.ts';

/** A column of the file: its own schema element, and those below it where it is nested. */
export type FileColumn = { readonly name: string; readonly elements: readonly SchemaElement[] };

const NUMBERS: Readonly<Record<NumberKind, SchemaElement['type']>> = {
  float32: 'FLOAT',
  float64: 'DOUBLE',
  int32: 'INT32',
  int64: 'INT64',
};

/** Every column may hold nulls. */
export function fileColumn(name: string, type: ColumnType): FileColumn {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  switch (type.kind) {
    case 'list':
      return {
        name,
        elements: [
          { ...optional, converted_type: 'LIST', num_children: 1 },
          { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
          { name: 'element', type: NUMBERS[type.of]!, repetition_type: 'REQUIRED' },
        ],
      };
    case 'bool':
      return { name, elements: [{ ...optional, type: 'BOOLEAN' }] };
    case 'text':
      return { name, elements: [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }] };
    case 'bytes':
      return { name, elements: [{ ...optional, type: 'BYTE_ARRAY' }] };
    case 'time':
      return {
        name,
        elements: [
          {
            ...optional,
            type: 'INT64',
            converted_type: 'TIMESTAMP_MILLIS',
            logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
          },
        ],
      };
    default:
      return { name, elements: [{ ...optional, type: NUMBERS[type.kind]! }] };
  }
}

/** Names of files that are being written; readers of a data set pass names with a leading dot over. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

export class ParquetOutput {
  readonly #path: string;
  readonly #temporary: string;
  readonly #columns: readonly FileColumn[];
  readonly #writer: ParquetWriter;

  /** Throws UNAVAILABLE where the file cannot be made. `metadata`: text that the file carries along. */
  constructor(path: string, columns: readonly FileColumn[], metadata: Readonly<Record<string, string>> = {}) {
    this.#path = path;
    this.#temporary = temporaryName(path);
    this.#columns = columns;
    const schema: SchemaElement[] = [{ name: 'root', num_children: columns.length }];
    for (const column of columns) schema.push(...column.elements);
    try {
      this.#writer = new ParquetWriter({
        writer: fileWriter(this.#temporary),
        schema,
        kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
        createdBy: 'dovetail',
      });
    } catch (thrown) {
      throw unwritable(path, thrown);
    }
  }

  /** Adds a row group; `values` in the order of the columns, all of the same length. */
  async write(values: readonly (readonly unknown[])[]): Promise<void> {
    const columnData = this.#columns.map(({ name, elements }, i) => ({
      name,
      data: held(elements[0]!, values[i]!),
      // A dictionary would take −0 for 0.
      ...(isFloat(elements.at(-1)!) ? { encoding: 'PLAIN' as const } : {}),
    }));
    try {
      await this.#writer.write({ columnData, rowGroupSize: Math.max(1, values[0]?.length ?? 1) });
    } catch (thrown) {
      throw unwritable(this.#path, thrown);
    }
  }

  /** Resolves once the file stands in its place, on the disk. */
  async finish(): Promise<void> {
    try {
      await this.#writer.finish();
      await moveDurably(this.#temporary, this.#path);
    } catch (thrown) {
      throw unwritable(this.#path, thrown);
    }
  }

  async abandon(): Promise<void> {
    await rm(this.#temporary, { force: true });
  }
}

/** Moves a file into its place so that it is there after a power failure too. */
export async function moveDurably(from: string, to: string): Promise<void> {
  const file = await open(from, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(from, to);
  const directory = await open(dirname(to), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Whole numbers of 64 bits must be bigints; codes of text and the like come as numbers. */
function held({ type, logical_type, converted_type }: SchemaElement, values: readonly unknown[]): unknown[] {
  if (type !== 'INT64' || logical_type !== undefined || converted_type !== undefined) return values as unknown[];
  return values.map((value) => (typeof value === 'number' ? BigInt(value) : value));
}

function isFloat({ type }: SchemaElement): boolean {
  return type === 'FLOAT' || type === 'DOUBLE';
}

function unwritable(path: string, thrown: unknown): ServingError {
  if (thrown instanceof ServingError) return thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new ServingError('UNAVAILABLE', 'edge', `${path} cannot be written: ${why}`, { cause: thrown });
}
