/**
 * Labels in text files. The type of a column is what all its values are: whole numbers, numbers, true and false, else
 * text; learnt as the file is read for the first time. A file is read in slices, so its length does not matter.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { parse } from 'csv-parse';
import { invalid } from '../../proto/errors.ts';
import { showShort } from '../../proto/names.ts';
import { openTextFile } from '../row-files/text-source.ts';
import type { LabelFile } from './label-file.ts';
import type { Slice } from './parquet-input.ts';
import { type FileColumn, fileColumn } from './parquet-output.ts';

const SLICE_ROWS = 8_192;
const RECORD_BYTES_MAX = 1024 * 1024;
const COLUMNS_MAX = 8_192;

/** Records as objects; throws INVALID_ARGUMENT naming the line. */
export type Records = (path: string) => AsyncGenerator<Readonly<Record<string, unknown>>>;

type Kind = 'none' | 'int64' | 'float64' | 'bool' | 'text';

export class TextLabels implements LabelFile {
  readonly path: string;
  readonly #records: Records;
  readonly #kinds = new Map<string, Kind>();
  #typesKnown = false;

  private constructor(path: string, records: Records) {
    this.path = path;
    this.#records = records;
  }

  static async open(path: string, records: Records): Promise<TextLabels> {
    const entry = await stat(path).catch((thrown: unknown) => {
      throw invalid(`--labels ${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    });
    if (!entry.isFile()) throw invalid(`--labels ${path} is no file; it is read more than once`);
    return new TextLabels(path, records);
  }

  get typesKnown(): boolean {
    return this.#typesKnown;
  }

  columns(): readonly FileColumn[] {
    return [...this.#kinds].map(([name, kind]) => fileColumn(name, { kind: kind === 'none' ? 'text' : kind }));
  }

  async *slices(): AsyncGenerator<Slice> {
    let rows: Readonly<Record<string, unknown>>[] = [];
    for await (const record of this.#records(this.path)) {
      if (!this.#typesKnown) this.#learn(record);
      rows.push(record);
      if (rows.length < SLICE_ROWS) continue;
      yield this.#slice(rows);
      rows = [];
    }
    if (rows.length > 0) yield this.#slice(rows);
    this.#typesKnown = true;
  }

  async close(): Promise<void> {}

  /** Until the types are known, values are as they stand in the file. */
  #slice(rows: readonly Readonly<Record<string, unknown>>[]): Slice {
    return {
      rows: rows.length,
      column: (name) => {
        const kind = this.#typesKnown ? (this.#kinds.get(name) ?? 'none') : null;
        return rows.map((row) => {
          const value = Object.hasOwn(row, name) ? row[name] : null;
          if (value === null || value === undefined || value === '') return null;
          return kind === null ? value : typed(kind, value);
        });
      },
    };
  }

  #learn(record: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(record)) {
      const known = this.#kinds.get(name);
      if (known === undefined && this.#kinds.size >= COLUMNS_MAX)
        throw invalid(`${this.path} has more than ${COLUMNS_MAX} columns`);
      this.#kinds.set(name, widest(known ?? 'none', kindOf(value)));
    }
  }
}

function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) ? 'int64' : 'float64';
    case 'boolean':
      return 'bool';
    case 'string':
      return textKind(value);
    default:
      return value === null || value === undefined ? 'none' : 'text';
  }
}

/** Text that a number would not give back as it was, such as 007, stays text. */
function textKind(text: string): Kind {
  if (text === '') return 'none';
  if (/^(?:0|-?[1-9]\d{0,17})$/.test(text)) return 'int64';
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text))) return 'float64';
  return text === 'true' || text === 'false' ? 'bool' : 'text';
}

function widest(a: Kind, b: Kind): Kind {
  if (a === b || b === 'none') return a;
  if (a === 'none') return b;
  const numbers = (a === 'int64' || a === 'float64') && (b === 'int64' || b === 'float64');
  return numbers ? 'float64' : 'text';
}

function typed(kind: Kind, value: unknown): unknown {
  switch (kind) {
    case 'int64':
      return BigInt(value as number | string);
    case 'float64':
      return Number(value);
    case 'bool':
      return typeof value === 'boolean' ? value : value === 'true';
    default:
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}

export function csvRecords(delimiter: string): Records {
  return async function* records(path) {
    const parser = parse({
      delimiter,
      bom: true,
      columns: true,
      max_record_size: RECORD_BYTES_MAX,
      skip_empty_lines: true,
    });
    let failure: unknown = null;
    pipeline(createReadStream(path), parser, (error) => {
      failure = error ?? null;
    });
    try {
      for await (const record of parser) yield record as Record<string, unknown>;
    } catch (thrown) {
      throw invalid(`--labels ${path}: ${thrown instanceof Error ? thrown.message : String(failure ?? thrown)}`);
    }
  };
}

export async function* jsonRecords(path: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const source = await openTextFile(path);
  try {
    for await (const lines of source.records(null, null)) {
      for (const { bytes, number, problem } of lines) {
        if (problem !== null) throw invalid(`--labels ${path}: line ${number}: ${problem}`);
        const line = bytes.toString('utf8');
        if (line.trim() !== '') yield parsed(line, `--labels ${path}: line ${number}`);
      }
    }
  } finally {
    await source.close();
  }
}

function parsed(line: string, where: string): Readonly<Record<string, unknown>> {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    throw invalid(`${where} is not JSON: ${showShort(line)}`);
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalid(`${where} is no JSON object`);
  return record as Record<string, unknown>;
}
