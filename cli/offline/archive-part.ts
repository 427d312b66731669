/** One part of a data set: rows of the log gathered as columns, and columns turned back into messages of the log. Pure. */

import { TIME_MS_MAX } from '../../cluster/catalog/aggregates/definition.ts';
import { ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import type { LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { ServingError } from '../../proto/errors.ts';
import { encodeRowBatch, type LogRow, type RowBatch } from '../../proto/row-batch.ts';
import { columnsOf, type Layout, packRow, unpackRow, type Words, wordsOf } from './archive-layout.ts';
import type { Slice } from './parquet-input.ts';

const OP_NAMES = ['put', 'delete', 'expire'] as const;
const OP_NUMBERS: Readonly<Record<string, number>> = ROW_OPS;
const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Why the rows of a batch cannot stand in typed columns, or null. */
export function misfitOf(batch: RowBatch): string | null {
  for (const row of batch.rows) {
    if (OP_NAMES[row.op] === undefined) return `operation ${row.op}`;
    if (!Number.isFinite(row.eventMs)) return `event time ${row.eventMs}`;
    if (keyText(row.key) === null) return 'a key that is no UTF-8';
  }
  return null;
}

function keyText(key: Uint8Array): string | null {
  try {
    return utf8.decode(key);
  } catch {
    return null;
  }
}

export class PartBuilder {
  readonly layout: Layout;
  readonly #words: Words;
  #columns: unknown[][];
  rows = 0;

  constructor(layout: Layout) {
    this.layout = layout;
    this.#words = wordsOf(layout);
    this.#columns = columnsOf(layout).map(() => []);
  }

  /** A message whose rows fit, by `misfitOf`. */
  add(message: LoggedMessage, batch: RowBatch): void {
    batch.rows.forEach((row, index) => {
      const body = row.op === ROW_OPS.put ? this.#unpacked(batch.schemaHash, row.values) : null;
      const isWhole = Number.isInteger(row.eventMs) && Math.abs(row.eventMs) <= TIME_MS_MAX;
      const raw = body === null && row.values.byteLength > 0 ? row.values : null;
      const cells: unknown[] = [
        keyText(row.key),
        Math.abs(row.eventMs) <= TIME_MS_MAX ? BigInt(Math.floor(row.eventMs)) : null,
        ...(body ?? this.layout.features.map(() => null)),
        BigInt(message.seq),
        index,
        message.partition,
        BigInt(message.createdMs),
        OP_NAMES[row.op],
        idOf(row),
        BigInt(batch.schemaHash),
        batch.entity === '' ? null : batch.entity,
        batch.everywhere,
        isWhole ? null : row.eventMs,
        raw,
      ];
      for (let i = 0; i < cells.length; i++) this.#columns[i]!.push(cells[i]);
    });
    this.rows += batch.rows.length;
  }

  /** In the order of `columnsOf`; what comes next is another part's. */
  take(): unknown[][] {
    const columns = this.#columns;
    this.#columns = columns.map(() => []);
    this.rows = 0;
    return columns;
  }

  /** The values, where they give the same bytes again. */
  #unpacked(schemaHash: number, body: Uint8Array): unknown[] | null {
    const values = unpackRow(this.layout, schemaHash, body);
    if (values === null) return null;
    const again = packRow(this.layout, schemaHash, values, this.#words);
    return Buffer.compare(again, body) === 0 ? values : null;
  }
}

function idOf({ idA, idB }: LogRow): bigint | null {
  if (idA === 0 && idB === 0) return null;
  return BigInt.asIntN(64, (BigInt(idA) << 32n) | BigInt(idB));
}

/** Turns a slice of a data set back into messages; one that goes on in the next slice is held until `end`. */
export class PartReader {
  readonly #layout: Layout;
  readonly #words: Words;
  readonly #names: readonly string[];
  readonly #wants: ((key: string) => boolean) | null;
  #open: { message: Omit<LoggedMessage, 'bytes'>; batch: RowBatch } | null = null;

  /** `wants`: keys whose rows are made again; null: all. */
  constructor(layout: Layout, wants: ((key: string) => boolean) | null) {
    this.#layout = layout;
    this.#words = wordsOf(layout);
    this.#names = columnsOf(layout).map((column) => column.name);
    this.#wants = wants;
  }

  messages(slice: Slice): LoggedMessage[] {
    const columns = this.#names.map((name) => slice.column(name));
    const done: LoggedMessage[] = [];
    for (let i = 0; i < slice.rows; i++) {
      if (this.#wants !== null && !this.#wants(textOf(columns[0]![i]))) continue;
      this.#add(
        columns.map((column) => column[i]),
        done,
      );
    }
    return done;
  }

  end(): LoggedMessage[] {
    const done: LoggedMessage[] = [];
    this.#close(done);
    return done;
  }

  #add(cells: readonly unknown[], done: LoggedMessage[]): void {
    const { features } = this.#layout;
    const own = 2 + features.length;
    const seq = Number(cells[own]);
    if (this.#open === null || this.#open.message.seq !== seq) {
      this.#close(done);
      const message = { seq, partition: Number(cells[own + 2]), createdMs: Number(cells[own + 3]) };
      this.#open = { message, batch: this.#emptyBatch(cells, own) };
    }
    const op = OP_NUMBERS[textOf(cells[own + 4])];
    if (op === undefined) throw damaged(`operation ${textOf(cells[own + 4])}`);
    const id = cells[own + 5] === null ? 0n : BigInt.asUintN(64, BigInt(cells[own + 5] as bigint));
    const raw = cells[own + 10] as Uint8Array | null;
    const packed = () => packRow(this.#layout, this.#open!.batch.schemaHash, cells.slice(2, own), this.#words);
    this.#open.batch.rows.push({
      key: Buffer.from(textOf(cells[0]), 'utf8'),
      eventMs: cells[own + 9] === null ? Number(cells[1]) : Number(cells[own + 9]),
      values: raw ?? (op === ROW_OPS.put ? packed() : NOTHING),
      op,
      idA: Number(id >> 32n),
      idB: Number(id & 0xffffffffn),
    });
  }

  #emptyBatch(cells: readonly unknown[], own: number): RowBatch {
    const { kind, name, version } = this.#layout;
    return {
      view: kind === 'view' ? name : '',
      stream: kind === 'stream' ? name : '',
      version,
      schemaHash: Number(cells[own + 6]),
      entity: cells[own + 7] === null ? '' : textOf(cells[own + 7]),
      everywhere: cells[own + 8] === true,
      rows: [],
    };
  }

  #close(done: LoggedMessage[]): void {
    if (this.#open === null) return;
    done.push({ ...this.#open.message, bytes: encodeRowBatch(this.#open.batch) });
    this.#open = null;
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  throw damaged('a text is missing');
}

function damaged(why: string): ServingError {
  return new ServingError(
    'DATA_LOSS',
    'edge',
    `the archive is damaged (${why}); archive the log anew to another --out`,
  );
}
