/** What rows are for: the view (or stream) as the gateway describes it, and which of a file's columns is which field. */
import { UsageError } from '../command.ts';

export type Target = {
  readonly name: string;
  readonly kind: 'view' | 'stream';
  /** Fields that hold the entities' keys: one of a view, one or more of a stream. */
  readonly keyFields: readonly string[];
  readonly timeField: string;
  /** Types of the features by name, as the gateway names them: `float32`, `int64`, `bool`, … */
  readonly types: ReadonlyMap<string, string>;
};

/** Field of an event that makes a repeated one known. */
export const ID_FIELD = 'id';

export type ColumnOptions = {
  /** Feature → column, where they differ. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly keyColumn: string | undefined;
  readonly timeColumn: string | undefined;
  /** Columns that are no feature are passed over, not refused. */
  readonly ignoreUnknown: boolean;
};

export const AS_NAMED: ColumnOptions = {
  renamed: new Map(),
  keyColumn: undefined,
  timeColumn: undefined,
  ignoreUnknown: false,
};

/** How a column's values are written: as the key, a time, an id, or by the type of a feature. */
export type Field = { readonly name: string; readonly type: string };

export const KEY_TYPE = 'key';
export const TIME_TYPE = 'time';

/** Field of each column by the column's name; null for one to pass over. Throws UsageError naming what does not fit. */
export function fieldsOfColumns(target: Target, columns: readonly string[], options: ColumnOptions): (Field | null)[] {
  const byColumn = columnNames(target, options);
  const seen = new Map<string, string>();
  const fields = columns.map((column) => {
    const name = byColumn.get(column);
    if (name === undefined) {
      if (options.ignoreUnknown) return null;
      throw new UsageError(
        `column '${short(column)}' is no feature of '${target.name}', which has ${list(target)}; give --ignore-unknown to pass over such columns, or --columns feature=column to say which is which`,
      );
    }
    if (seen.has(name))
      throw new UsageError(`columns '${short(seen.get(name)!)}' and '${short(column)}' are both ${name}`);
    seen.set(name, column);
    return { name, type: typeOf(target, name) };
  });
  const missing = target.keyFields.find((name) => !seen.has(name));
  if (missing !== undefined) {
    const wanted = options.keyColumn ?? missing;
    throw new UsageError(
      `there is no column '${short(wanted)}' for the key; there are ${columns.map(short).slice(0, 20).join(', ')}. Name it with --key-column`,
    );
  }
  for (const [feature, column] of options.renamed) {
    if (!columns.includes(column)) throw new UsageError(`--columns ${feature}=${column}: the file has no such column`);
  }
  if (options.timeColumn !== undefined && !columns.includes(options.timeColumn)) {
    throw new UsageError(`--time-column ${options.timeColumn}: the file has no such column`);
  }
  return fields;
}

/** Whether rows can go as they are. */
export function isAsNamed(options: ColumnOptions): boolean {
  const { renamed, keyColumn, timeColumn, ignoreUnknown } = options;
  return renamed.size === 0 && keyColumn === undefined && timeColumn === undefined && !ignoreUnknown;
}

/** Field of each column that has one. A field that was given another column is not looked for under its own name. */
export function columnNames(target: Target, options: ColumnOptions): Map<string, string> {
  const byColumn = new Map<string, string>();
  const { keyFields, timeField, types } = target;
  const columnOf = new Map(options.renamed);
  if (options.keyColumn !== undefined) {
    if (keyFields.length !== 1) {
      throw new UsageError(`--key-column: '${target.name}' has several keys; give --columns ${keyFields[0]}=column,…`);
    }
    columnOf.set(keyFields[0]!, options.keyColumn);
  }
  if (options.timeColumn !== undefined) columnOf.set(timeField, options.timeColumn);
  const names = [...keyFields, timeField, ...types.keys(), ...(target.kind === 'stream' ? [ID_FIELD] : [])];
  for (const feature of options.renamed.keys()) {
    if (!names.includes(feature)) throw new UsageError(`--columns ${feature}=…: '${target.name}' has ${list(target)}`);
  }
  for (const name of new Set(names)) {
    const column = columnOf.get(name) ?? name;
    const other = byColumn.get(column);
    // A column that was named for a field is not also the field of its own name.
    if (other === undefined || (columnOf.has(name) && !columnOf.has(other))) byColumn.set(column, name);
  }
  return byColumn;
}

function typeOf(target: Target, name: string): string {
  if (target.keyFields.includes(name) || name === ID_FIELD) return target.types.get(name) ?? KEY_TYPE;
  return name === target.timeField ? TIME_TYPE : (target.types.get(name) ?? '');
}

function list(target: Target): string {
  const names = [...target.types.keys()];
  return names.slice(0, 20).join(', ') + (names.length > 20 ? ', …' : '');
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
