/**
 * Memory for assembled rows, carved from large pages: a buffer of its own for each request would cost more than filling
 * it. Blocks are never used twice; a page is freed once nobody holds a block of it.
 */

/** One page with the views that writing needs. */
export type Page = { readonly bytes: Uint8Array; readonly cells: DataView; readonly words: Uint32Array };

/** `size` bytes of `page`, starting at `at`, a multiple of 8. */
export type Block = { readonly page: Page; readonly at: number; readonly bytes: Uint8Array };

const PAGE_BYTES = 256 * 1024;

export class RowMemory {
  #page: Page = page(0);
  #next = 0;

  /** Zeroed memory. */
  take(size: number): Block {
    const aligned = (size + 7) & ~7;
    if (aligned > PAGE_BYTES / 4) return blockOf(page(aligned), 0, size);
    if (this.#next + aligned > this.#page.bytes.byteLength) {
      this.#page = page(PAGE_BYTES);
      this.#next = 0;
    }
    const block = blockOf(this.#page, this.#next, size);
    this.#next += aligned;
    return block;
  }
}

function blockOf(from: Page, at: number, size: number): Block {
  return { page: from, at, bytes: new Uint8Array(from.bytes.buffer, at, size) };
}

function page(size: number): Page {
  const buffer = new ArrayBuffer(size);
  return { bytes: new Uint8Array(buffer), cells: new DataView(buffer), words: new Uint32Array(buffer) };
}
