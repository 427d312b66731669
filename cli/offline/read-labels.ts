/** What a training set needs of its labels, in memory: their moments, their keys and the request inputs among them. */
import type { SchemaElement } from 'hyparquet';
import { parseTimeMs } from '../../actors/feature-ingest/rfc3339.ts';
import type { LabelKeys, Labels } from '../../actors/offline/labels.ts';
import { RowTable } from '../../actors/offline/row-table.ts';
import { TIME_MS_MAX } from '../../cluster/catalog/aggregates/definition.ts';
import type { PlannedInput } from '../../cluster/catalog/serving-plan.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import { ENTITY_KEY_BYTES_MAX, showShort } from '../../proto/names.ts';
import type { LabelFile } from './label-file.ts';
import { packInput } from './pack-input.ts';

/** Labels of one training set; a JavaScript Map holds not many more keys. */
export const LABELS_MAX = 16_000_000;

export type WantedLabels = {
  readonly keyFields: readonly string[];
  readonly timeColumn: string;
  /** By their place in the serving plan. */
  readonly inputs: readonly { readonly from: number; readonly input: PlannedInput }[];
  readonly bytesMax: number;
};

export type ReadLabels = { readonly labels: Labels; readonly inputs: ReadonlyMap<number, RowTable> };

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
  const packed = inputs.map(({ input }) => ({ input, rows: new Grown(Uint8Array), width: input.rowBytes }));
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
    for (const { input, rows, width } of packed) {
      const values = slice.column(input.name);
      const bytes = rows.room(slice.rows * width);
      const cells = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 0; i < slice.rows; i++)
        packInput(input, values[i], cells, i * width, `row ${count + i + 1} of the labels`);
    }
    count += slice.rows;
  }
  if (!checked) checkColumns(file, columns);
  const tables = new Map<number, RowTable>();
  packed.forEach(({ rows, width }, p) => {
    const table = new RowTable(count, width, bytesMax);
    const all = rows.array();
    for (let i = 0; i < count; i++) {
      const row = table.row(i);
      row.bytes.set(all.subarray(i * width, (i + 1) * width), row.at);
    }
    tables.set(inputs[p]!.from, table);
  });
  const found = new Map<string, LabelKeys>(keys.map(({ field, column }) => [field, column.keys()]));
  return { labels: { count, atMs: times.array(), keys: found }, inputs: tables };
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

type Typed = Float64Array | Int32Array | Uint8Array;

/** A typed array that grows. */
class Grown<T extends Typed> {
  readonly #make: new (
    length: number,
  ) => T;
  #array: T;
  #length = 0;

  constructor(make: new (length: number) => T) {
    this.#make = make;
    this.#array = new make(1_024);
  }

  push(value: number): void {
    this.#reserve(1);
    this.#array[this.#length++] = value;
  }

  /** The next `count` elements, to be filled. */
  room(count: number): T {
    this.#reserve(count);
    this.#length += count;
    return this.#array.subarray(this.#length - count, this.#length) as T;
  }

  array(): T {
    return this.#array.subarray(0, this.#length) as T;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#array.length) return;
    const larger = new this.#make(Math.max(this.#array.length * 2, this.#length + count));
    larger.set(this.#array as never);
    this.#array = larger;
  }
}

function tooMany(): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    'edge',
    `there are more than ${LABELS_MAX} labels; split them into several files and make a training set of each`,
  );
}
