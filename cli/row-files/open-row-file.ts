/** A file of rows, opened by its format. */
import { extname } from 'node:path';
import { UsageError } from '../command.ts';
import { csvRows } from './csv-rows.ts';
import { jsonlRows } from './jsonl-rows.ts';
import { openParquet } from './parquet-rows.ts';
import type { BatchLimits, RowFile } from './row-file.ts';
import { type EventIds, jsonRewriter, rowWriter } from './row-writer.ts';
import { type ColumnOptions, columnNames, isAsNamed, type Target } from './target.ts';
import { openTextFile, type TextSource, textStream } from './text-source.ts';

export const FORMATS = ['jsonl', 'csv', 'tsv', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.parquet': 'parquet',
  '.pq': 'parquet',
};

export const STANDARD_INPUT = '-';

/** As given, else by the file's extension; standard input is JSON lines. Throws UsageError where it cannot be told. */
export function formatOf(path: string, given: string | undefined): Format {
  if (given !== undefined) {
    if (!(FORMATS as readonly string[]).includes(given)) {
      throw new UsageError(`--format must be one of ${FORMATS.join(', ')}, got '${given.slice(0, 40)}'`);
    }
    return given as Format;
  }
  if (path === STANDARD_INPUT) return 'jsonl';
  const extension = extname(path).toLowerCase();
  const format = Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
  if (format !== undefined) return format;
  throw new UsageError(
    `--file ${path}: its extension '${extension}' says no format; give --format ${FORMATS.join('|')}`,
  );
}

export type OpenOptions = {
  readonly path: string;
  readonly format: Format;
  readonly target: Target;
  readonly columns: ColumnOptions;
  readonly limits: BatchLimits;
  /** Ids for events that have none; null for views. */
  readonly ids: EventIds | null;
  readonly stdin: AsyncIterable<Buffer> & { destroy?: () => unknown };
};

/** Throws UsageError for a file that cannot be read as its format, or whose columns do not fit. */
export async function openRowFile(options: OpenOptions): Promise<RowFile> {
  const { path, format, target, columns, ids, limits } = options;
  const writerFor = (names: readonly string[]) => rowWriter(target, names, columns, ids);
  if (format === 'parquet') {
    if (path === STANDARD_INPUT) throw new UsageError('a Parquet file is read from its end: give --file its path');
    const known = columnNames(target, columns);
    return openParquet(path, writerFor, (column) => known.has(column), limits);
  }
  // Before the file is opened, for what is wrong with the options alone.
  const rewrite = isAsNamed(columns) && ids === null ? null : jsonRewriter(target, columns, ids);
  const source: TextSource =
    path === STANDARD_INPUT ? textStream(options.stdin, 'standard input') : await openTextFile(path);
  if (format === 'jsonl') return jsonlRows(source, rewrite, limits);
  return csvRows(source, format === 'tsv' ? '\t' : ',', writerFor, limits);
}
