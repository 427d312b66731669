/** A table of rows of equal length, in pages outside of the JavaScript heap: what is worked out until it is written. */
import { ServingError } from '../../proto/errors.ts';

export type TableRow = { readonly bytes: Uint8Array; readonly cells: DataView; readonly at: number };

const PAGE_BYTES = 1024 * 1024;

export class RowTable {
  readonly rowBytes: number;
  readonly #rowsPerPage: number;
  readonly #pages: ({ bytes: Uint8Array; cells: DataView } | undefined)[];

  /** Throws RESOURCE_EXHAUSTED where all rows would need more than `bytesMax`. */
  constructor(rows: number, rowBytes: number, bytesMax: number) {
    this.rowBytes = Math.max(1, rowBytes);
    if (rows * this.rowBytes > bytesMax) {
      const need = Math.ceil((rows * this.rowBytes) / 2 ** 20);
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        'edge',
        `${rows} labels with ${this.rowBytes} bytes of features each need ${need} MiB; at most ${Math.floor(bytesMax / 2 ** 20)} are allowed: split the labels into several files, or give --memory-mb`,
      );
    }
    this.#rowsPerPage = Math.max(1, Math.floor(PAGE_BYTES / this.rowBytes));
    this.#pages = new Array(Math.ceil(rows / this.#rowsPerPage));
  }

  /** Zeroed until it is written. */
  row(index: number): TableRow {
    const number = Math.floor(index / this.#rowsPerPage);
    let page = this.#pages[number];
    if (page === undefined) {
      const bytes = new Uint8Array(this.#rowsPerPage * this.rowBytes);
      page = { bytes, cells: new DataView(bytes.buffer) };
      this.#pages[number] = page;
    }
    return { bytes: page.bytes, cells: page.cells, at: (index % this.#rowsPerPage) * this.rowBytes };
  }
}
