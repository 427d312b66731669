/** Files of labels: Parquet, CSV or JSON lines, read in slices as often as needed, with the type of each column. */
import { extname } from 'node:path';
import type { ConvertedType } from 'hyparquet';
import { UsageError } from '../command.ts';
import { ParquetInput, type Slice } from './parquet-input.ts';
import type { FileColumn } from './parquet-output.ts';
import { csvRecords, jsonRecords, TextLabels } from './text-labels.ts';

export interface LabelFile {
  readonly path: string;
  /** Names of the columns; of a text file, known once it has been read through. */
  columns(): readonly FileColumn[];
  /** Whether each column of a text file is yet to be learnt. */
  readonly typesKnown: boolean;
  /** Rows in order. `wanted`: only these columns are needed. */
  slices(wanted: readonly string[]): AsyncGenerator<Slice>;
  close(): Promise<void>;
}

/** Rejects with UsageError for an extension that says no format, INVALID_ARGUMENT for a file that cannot be read. */
export async function openLabels(path: string): Promise<LabelFile> {
  const extension = extname(path).toLowerCase();
  switch (extension) {
    case '.parquet':
    case '.pq':
      return parquetLabels(await ParquetInput.open(path));
    case '.csv':
      return TextLabels.open(path, csvRecords(','));
    case '.tsv':
      return TextLabels.open(path, csvRecords('\t'));
    case '.jsonl':
    case '.ndjson':
      return TextLabels.open(path, jsonRecords);
    default:
      throw new UsageError(`--labels ${path}: its name must end in .parquet, .csv, .tsv or .jsonl`);
  }
}

function parquetLabels(input: ParquetInput): LabelFile {
  const columns = input.columns.map(({ name, elements }) => ({ name, elements: elements.map(writable) }));
  return {
    path: input.path,
    typesKnown: true,
    columns: () => columns,
    slices: (wanted) => input.slices(wanted),
    close: () => input.close(),
  };
}

/** As the element is written again: what can be read and not be written gets the nearest form that can. */
function writable(element: FileColumn['elements'][number]): FileColumn['elements'][number] {
  if (element.type === 'INT96') {
    const { name, repetition_type } = element;
    const time = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } as const;
    return { name, type: 'INT64', logical_type: time, ...(repetition_type === undefined ? {} : { repetition_type }) };
  }
  if (element.logical_type?.type === 'INTEGER') {
    // The writer's form of this type is not the standard's; the older one says the same.
    const { logical_type, ...others } = element;
    const converted = `${logical_type.isSigned ? 'INT' : 'UINT'}_${logical_type.bitWidth}` as ConvertedType;
    return { ...others, converted_type: converted };
  }
  if (element.converted_type === 'ENUM' || element.logical_type?.type === 'STRING')
    return { ...element, converted_type: 'UTF8' };
  return element;
}
