/** Short texts that recur in every message: decoded once, found again by their bytes. */

const CACHE_SLOTS = 256;
const CACHED_BYTES_MAX = 64;

/** Recent short texts by their bytes. A slot holds one; what hashes to the same slot takes its place. */
export class TextCache {
  readonly #bytes: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(CACHE_SLOTS);
  readonly #texts: string[] = new Array<string>(CACHE_SLOTS).fill('');

  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > CACHED_BYTES_MAX) return bytes.toString('utf8', start, end);
    const slot =
      (length * 31 + bytes[start]! * 7 + bytes[end - 1]! * 17 + bytes[start + (length >> 1)]! * 13) & (CACHE_SLOTS - 1);
    const known = this.#bytes[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known[i] === bytes[start + i]) i++;
      if (i === length) return this.#texts[slot]!;
    }
    const text = bytes.toString('utf8', start, end);
    this.#bytes[slot] = Uint8Array.prototype.slice.call(bytes, start, end);
    this.#texts[slot] = text;
    return text;
  }
}
