/** Parquet files of rows: a slice of a row group at a time, the columns that are asked for alone. */
import { type AsyncBuffer, type FileMetaData, parquetReadObjects, parquetSchema } from 'hyparquet';
import { invalid, ServingError } from '../../proto/errors.ts';
import { boundedCompressors, parquetFile, readMetadata, sliceRowsOf } from './parquet-file.ts';
import { BatchBuilder, type BatchLimits, type Position, type RowBatch, type RowFile } from './row-file.ts';
import type { RowWriter } from './row-writer.ts';
import { openFile } from './text-source.ts';

/** `writerFor`: how rows of these columns are written; throws UsageError where they do not fit. */
export async function openParquet(
  path: string,
  writerFor: (columns: readonly string[]) => RowWriter,
  wanted: (column: string) => boolean,
  limits: BatchLimits,
): Promise<RowFile> {
  const handle = await openFile(path);
  try {
    const file = await parquetFile(handle);
    const metadata = await readMetadata(file, path);
    const all = parquetSchema(metadata).children.map((child) => child.element.name);
    const columns = all.filter(wanted);
    const writer = writerFor(all);
    return {
      unit: 'row',
      endOffset: Number(metadata.num_rows),
      batches: (from) => batches(file, metadata, columns, writer, limits, from),
      close: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

async function* batches(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: string[],
  writer: RowWriter,
  limits: BatchLimits,
  from: Position | null,
): AsyncGenerator<RowBatch> {
  const builder = new BatchBuilder(limits);
  let groupStart = 0;
  let next = from?.offset ?? 0;
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    const sliceRows = sliceRowsOf(group, columns);
    while (next < groupEnd) {
      const rowEnd = Math.min(groupEnd, next + sliceRows);
      const rows = await readSlice(file, metadata, columns, next, rowEnd);
      for (const row of rows) {
        next++;
        builder.add(next, writer.ofValues(row, next));
        if (builder.full) yield builder.take({ offset: next, number: next + 1 });
      }
      // A slice that is shorter than its group says would otherwise be read for ever.
      if (next < rowEnd) throw invalid(`row ${next + 1} cannot be read: its row group ends before it`);
    }
    groupStart = groupEnd;
  }
  yield builder.take({ offset: next, number: next + 1 });
}

async function readSlice(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: string[],
  rowStart: number,
  rowEnd: number,
): Promise<Record<string, unknown>[]> {
  try {
    return await parquetReadObjects({
      file,
      metadata,
      columns,
      rowStart,
      rowEnd,
      useOffsetIndex: true,
      compressors: boundedCompressors,
      parsers: PARSERS,
    });
  } catch (thrown) {
    if (thrown instanceof ServingError) throw thrown;
    throw invalid(
      `rows ${rowStart + 1} to ${rowEnd} of the Parquet file cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
}

/** Times become milliseconds since 1970; what stands behind the millisecond is cut off. */
const PARSERS = {
  timestampFromMilliseconds: (ms: bigint) => Number(ms),
  timestampFromMicroseconds: (us: bigint) => floorDivide(us, 1_000n),
  timestampFromNanoseconds: (ns: bigint) => floorDivide(ns, 1_000_000n),
  dateFromDays: (days: number) => days * 86_400_000,
};

function floorDivide(value: bigint, by: bigint): number {
  return Number(value >= 0n ? value / by : (value - by + 1n) / by);
}
