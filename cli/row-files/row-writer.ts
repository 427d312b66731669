/** Rows of named columns as JSON objects, and ids for events that have none. Pure. */
import { parseJson } from '../../actors/edge/json-text.ts';
import { plainJson, textCellJson, valueJson } from './cell-json.ts';
import { type ColumnOptions, columnNames, type Field, fieldsOfColumns, ID_FIELD, type Target } from './target.ts';

/** The id of an event that has none: the same for the same row of the same file, whenever it is sent. */
export type EventIds = (number: number) => string;

export type RowWriter = {
  /** Of cells as text. */
  ofTexts(cells: readonly string[], number: number): string;
  /** Of values by column. */
  ofValues(row: Readonly<Record<string, unknown>>, number: number): string;
};

/** Throws UsageError where the columns do not fit the target. `ids`: for streams. */
export function rowWriter(
  target: Target,
  columns: readonly string[],
  options: ColumnOptions,
  ids: EventIds | null,
): RowWriter {
  const fields = fieldsOfColumns(target, columns, options);
  const heads = fields.map((field) => (field === null ? '' : `${JSON.stringify(field.name)}:`));
  const mayBeNull = new Set(target.kind === 'stream' ? target.keyFields : []);
  const needsId = ids !== null && !fields.some((field) => field?.name === ID_FIELD);
  const write = (cell: (field: Field, i: number) => string | null, number: number): string => {
    let json = needsId ? `{"${ID_FIELD}":${JSON.stringify(ids(number))}` : '';
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (field === null || field === undefined) continue;
      let value = cell(field, i);
      if (value === null && ids !== null && field.name === ID_FIELD) value = JSON.stringify(ids(number));
      // An event may concern nobody of one of its entities, and says so.
      if (value === null && mayBeNull.has(field.name)) value = 'null';
      if (value !== null) json += `${json === '' ? '{' : ','}${heads[i]}${value}`;
    }
    return json === '' ? '{}' : `${json}}`;
  };
  return {
    ofTexts: (cells, number) => write((field, i) => textCellJson(field.type, cells[i]!), number),
    ofValues: (row, number) => write((field, i) => valueJson(field.type, row[columns[i]!]), number),
  };
}

/**
 * For rows that are JSON already: their fields renamed, and an id added. Throws ServingError for a text that is no JSON
 * object.
 */
export function jsonRewriter(
  target: Target,
  options: ColumnOptions,
  ids: EventIds | null,
): (json: string, number: number) => string {
  const byColumn = columnNames(target, options);
  const renames = options.renamed.size > 0 || options.keyColumn !== undefined || options.timeColumn !== undefined;
  return (json, number) => {
    const row = parseJson(Buffer.from(json), 'the row');
    // The gateway says what a row is.
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return json;
    const members: string[] = [];
    if (ids !== null && !Object.hasOwn(row, ID_FIELD)) members.push(`"${ID_FIELD}":${JSON.stringify(ids(number))}`);
    for (const [column, value] of Object.entries(row)) {
      const field = byColumn.get(column);
      if (field === undefined && options.ignoreUnknown) continue;
      members.push(`${JSON.stringify(renames ? (field ?? column) : column)}:${plainJson(value)}`);
    }
    return `{${members.join(',')}}`;
  };
}
