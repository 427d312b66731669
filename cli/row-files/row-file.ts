/** What every reader of a file of rows gives: batches of rows as JSON, what is wrong with the others, and where to go on. */

/** A place between two rows, from which reading may go on later. */
export type Position = {
  /** Bytes of a text file, rows of a Parquet file. */
  readonly offset: number;
  /** Number of the next row, as errors name it. */
  readonly number: number;
};

/** A row as it is sent. */
export type FileRow = {
  /** Where it stands in the file, from 1: its line, or its row where the file has no lines. */
  readonly number: number;
  /** A JSON object on one line. */
  readonly json: string;
};

/** A row that cannot be sent. */
export type BadRow = { readonly number: number; readonly reason: string; readonly text: string };

export type RowBatch = {
  readonly rows: readonly FileRow[];
  readonly bad: readonly BadRow[];
  /** Behind the last of these rows. */
  readonly after: Position;
};

export interface RowFile {
  /** What `number` counts. */
  readonly unit: 'line' | 'row';
  /** Where the file ends, in the unit of `Position.offset`; null where nobody knows, as of standard input. */
  readonly endOffset: number | null;
  /** Batches in order. Memory is bounded, whatever is in the file. Rejects with ServingError when it cannot be read on. */
  batches(from: Position | null): AsyncIterable<RowBatch>;
  close(): Promise<void>;
}

/** A row's text may be as long as this; longer ones are refused, and never held. */
export const ROW_BYTES_MAX = 1024 * 1024;
/** Of a refused row, for people. */
export const REFUSED_TEXT_CHARS_MAX = 1_000;

/** Of a request, as the gateway allows: the more rows in one, the larger the log's messages, which cost less then. */
export type BatchLimits = { readonly rowsMax: number; readonly bytesMax: number };

/** Gathers rows until they are worth a request. */
export class BatchBuilder {
  readonly #rowsMax: number;
  readonly #bytesEnough: number;
  #rows: FileRow[] = [];
  #bad: BadRow[] = [];
  #bytes = 0;

  /** `bytesMax`: what a request may have. There is room for another row of the usual length when a batch is called full. */
  constructor({ rowsMax, bytesMax }: BatchLimits) {
    this.#rowsMax = rowsMax;
    this.#bytesEnough = Math.max(bytesMax / 2, bytesMax - ROW_BYTES_MAX);
  }

  get full(): boolean {
    return this.#rows.length + this.#bad.length >= this.#rowsMax || this.#bytes >= this.#bytesEnough;
  }

  add(number: number, json: string): void {
    this.#rows.push({ number, json });
    this.#bytes += Buffer.byteLength(json) + 1;
  }

  refuse(number: number, reason: string, text: string): void {
    this.#bad.push({ number, reason, text: text.slice(0, REFUSED_TEXT_CHARS_MAX) });
    this.#bytes += Math.min(text.length, REFUSED_TEXT_CHARS_MAX);
  }

  take(after: Position): RowBatch {
    const batch = { rows: this.#rows, bad: this.#bad, after };
    this.#rows = [];
    this.#bad = [];
    this.#bytes = 0;
    return batch;
  }
}
