/** What a training set needs of its labels, in memory: their moments, their keys and the request inputs among them. */
import type { SchemaElement } from 'hyparquet';
import { parseTimeMs } from '../../actors/feature-ingest/rfc3339.ts';
import type { LabelKeys, Labels } from '../../actors/offline/labels.ts';
import type { LabelInput } from '../../actors/offline/model-columns.ts';
import { TIME_MS_MAX } from '../../cluster/catalog/aggregates/definition.ts';
import type { PlannedInput } from '../../cluster/catalog/serving-plan.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import { ENTITY_KEY_BYTES_MAX, showShort } from '../../proto/names.ts';
import { Grown } from './grown.ts';
import type { LabelFile } from './label-file.ts';
import { inputColumn } from './pack-input.ts';

/** Labels of one training set; a JavaScript Map holds not many more keys. */
export const LABELS_MAX = 16_000_000;

export type WantedLabels = {
  readonly keyFields: readonly string[];
  readonly timeColumn: string;
  /** By their place in the serving plan. */
  readonly inputs: readonly { readonly from: number; readonly input: PlannedInput }[];
  readonly bytesMax: number;
};

export type ReadLabels = { readonly labels: Labels; readonly inputs: ReadonlyMap<number, LabelInput> };

/** Rejects with INVALID_ARGUMENT naming the column or the row, RESOURCE_EXHAUSTED where there are too many labels. */
export async function readLabels(file: LabelFile, wanted: WantedLabels): Promise<ReadLabels> {
  const { keyFields, timeColumn, inputs, bytesMax } = wanted;
  const columns = [...new Set([timeColumn, ...keyFields, ...inputs.map(({ input }) => input.name)])];
  // A text file's columns are known once its first rows have been read.
  let checked = file.typesKnown;
  if (checked) checkColumns(file, columns);
  const element = file.columns().find((column) => column.name === timeColumn)?.elements[0];
  const times = new Grown(Float64Array);
  const keys = keyFields.map((field) => ({ field, column: new KeyColumn() }));
  const packed = inputs.map(({ from, input }) => ({ from, name: input.name, column: inputColumn(input) }));
  let count = 0;
  for await (const slice of file.slices(columns)) {
    if (count + slice.rows > LABELS_MAX) throw tooMany();
    if (!checked) checkColumns(file, columns);
    checked = true;
    const at = slice.column(timeColumn);
    for (let i = 0; i < slice.rows; i++) times.push(labelTime(at[i], element, timeColumn, count + i + 1));
    for (const { field, column } of keys) {
      const values = slice.column(field);
      for (let i = 0; i < slice.rows; i++) column.push(values[i], field, count + i + 1);
    }
    for (const { name, column } of packed) {
      const values = slice.column(name);
      for (let i = 0; i < slice.rows; i++) column.push(values[i], `row ${count + i + 1} of the labels`);
      if (column.bytes > bytesMax) throw tooLarge(name, bytesMax);
    }
    count += slice.rows;
  }
  if (!checked) checkColumns(file, columns);
  const found = new Map<string, LabelKeys>(keys.map(({ field, column }) => [field, column.keys()]));
  const tensors = packed.map(({ from, column }): [number, LabelInput] => [from, column.tensors()]);
  return { labels: { count, atMs: times.array(), keys: found }, inputs: new Map(tensors) };
}

/** Throws INVALID_ARGUMENT where the labels lack a column. */
function checkColumns(file: LabelFile, columns: readonly string[]): void {
  const names = file.columns().map((column) => column.name);
  for (const column of columns) {
    if (names.includes(column)) continue;
    const there = names.slice(0, 20).join(', ') || 'none';
    throw invalid(`--labels ${file.path} has no column '${column}'; it has ${there}${names.length > 20 ? ', …' : ''}`);
  }
}

/** Whole milliseconds since 1970, as a shard's clock counts. Throws INVALID_ARGUMENT naming the row. */
export function labelTime(value: unknown, element: SchemaElement | undefined, column: string, row: number): number {
  const ms = timeMs(value, element);
  if (typeof ms === 'string') throw invalid(`row ${row} of the labels: '${column}' ${showShort(value)} ${ms}`);
  return Math.floor(ms);
}

function timeMs(value: unknown, element: SchemaElement | undefined): number | string {
  const problem = 'must be RFC 3339 text, such as "2026-02-28T13:45:00.250Z", or milliseconds since 1970';
  if (value === null || value === undefined) return `is missing; every label needs its moment`;
  if (typeof value === 'string' && !/^-?\d+(\.\d+)?$/.test(value)) return parseTimeMs(value);
  if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string') return problem;
  const ms = Number(value) * msPerUnit(element);
  return Math.abs(ms) <= TIME_MS_MAX ? ms : problem;
}

function msPerUnit(element: SchemaElement | undefined): number {
  const logical = element?.logical_type;
  if (element?.converted_type === 'DATE' || logical?.type === 'DATE') return 86_400_000;
  const unit = logical?.type === 'TIMESTAMP' ? logical.unit : undefined;
  if (unit === 'NANOS') return 1e-6;
  return unit === 'MICROS' || element?.converted_type === 'TIMESTAMP_MICROS' ? 1e-3 : 1;
}

/** Keys as they come, each kept once. */
class KeyColumn {
  readonly #index = new Grown(Int32Array);
  readonly #known = new Map<string, number>();
  readonly #distinct: Uint8Array[] = [];

  push(value: unknown, field: string, row: number): void {
    const text = keyText(value);
    if (text === undefined)
      throw invalid(`row ${row} of the labels: '${field}' must be text or a whole number, got ${showShort(value)}`);
    this.#index.push(text === null ? -1 : this.#intern(text));
  }

  keys(): LabelKeys {
    return { index: this.#index.array(), distinct: this.#distinct };
  }

  #intern(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text, 'utf8');
    // Nothing is ever stored under such a key.
    const stored = bytes.byteLength > 0 && bytes.byteLength <= ENTITY_KEY_BYTES_MAX && text.isWellFormed();
    const number = stored ? this.#distinct.push(new Uint8Array(bytes)) - 1 : -1;
    this.#known.set(text, number);
    return number;
  }
}

/** Null: no key. Undefined: no such thing as a key. */
function keyText(value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

function tooLarge(name: string, bytesMax: number): ServingError {
  const why = `the labels' column '${name}' needs more than ${Math.floor(bytesMax / 2 ** 20)} MiB; split the labels into several files, or give --memory-mb`;
  return new ServingError('RESOURCE_EXHAUSTED', 'edge', why);
}

function tooMany(): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    'edge',
    `there are more than ${LABELS_MAX} labels; split them into several files and make a training set of each`,
  );
}
