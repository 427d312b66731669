/**
 * Cuts a stream of bytes into records: lines, or CSV records, whose quoted fields may hold newlines. Knows for each where
 * it stands, holds no more than one record, and gets over what is no record: a line of a gigabyte, a quote that nobody
 * closes. Pure.
 */
import type { Position } from './row-file.ts';

export type TextRecord = {
  /** Without the newline that ends it. */
  readonly bytes: Buffer;
  readonly number: number;
  /** Behind the record and its newline. */
  readonly after: Position;
  /** Why it is none; null for a good one. Of an overlong one, `bytes` are the first. */
  readonly problem: string | null;
};

export type SplitterOptions = {
  /** Quotes count: the records are CSV. The byte between fields. */
  readonly delimiter: number | null;
  readonly recordBytesMax: number;
};

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const KEPT_BYTES = 1_024;
const NO_BYTES = Buffer.alloc(0);

export class RecordSplitter {
  readonly #delimiter: number | null;
  readonly #recordBytesMax: number;
  #offset: number;
  #line: number;
  /** The open record's bytes of earlier chunks, and how many they are. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #quoted = false;
  /** The last byte looked at, and whether it is a quote that closed a field. */
  #lastByte = NEWLINE;
  #closed = false;
  /** In an overlong record: what is kept of it, until its end comes. */
  #overlong: Buffer | null = null;
  #overlongBytes = 0;
  /** What is said of it; null: how long it is. */
  #overlongProblem: string | null = null;

  constructor(from: Position, options: SplitterOptions) {
    this.#offset = from.offset;
    this.#line = from.number;
    this.#delimiter = options.delimiter;
    this.#recordBytesMax = options.recordBytesMax;
  }

  /** The records that end in these bytes. */
  push(chunk: Buffer): TextRecord[] {
    const records: TextRecord[] = [];
    let rest = chunk;
    while (rest.byteLength > 0) rest = this.#scan(rest, records);
    return records;
  }

  /** The last record, where no newline ends it. */
  end(): TextRecord[] {
    const records: TextRecord[] = [];
    for (;;) {
      if (this.#overlong !== null) records.push(this.#endOverlong(0));
      if (this.#partsBytes === 0) return records;
      const bytes = this.#takeParts(NO_BYTES);
      if (!this.#quoted) {
        records.push(this.#record(bytes, 0, null));
        return records;
      }
      let rest = this.#cutUnclosed(bytes, records, 'a quote is opened and not closed before the end of the file');
      while (rest.byteLength > 0) rest = this.#scan(rest, records);
    }
  }

  /** Takes records from `bytes`; gives back what is to be looked at anew. */
  #scan(bytes: Buffer, records: TextRecord[]): Buffer {
    let start = 0;
    while (start < bytes.byteLength) {
      const end = this.#overlong === null ? this.#endOfRecord(bytes, start) : bytes.indexOf(NEWLINE, start);
      const upTo = end < 0 ? bytes.byteLength : end;
      if (this.#overlong !== null) {
        this.#overlongBytes += upTo - start;
        if (end < 0) return NO_BYTES;
        records.push(this.#endOverlong(1));
      } else if (this.#partsBytes + upTo - start > this.#recordBytesMax) {
        const held = this.#takeParts(bytes.subarray(start, upTo));
        const rest = bytes.subarray(upTo);
        if (!this.#quoted) {
          this.#overlong = held.subarray(0, KEPT_BYTES);
          this.#overlongBytes = held.byteLength;
          return rest;
        }
        const problem = `a quote is opened and not closed within ${this.#recordBytesMax} bytes`;
        const again = this.#cutUnclosed(held, records, problem);
        return rest.byteLength === 0 ? again : Buffer.concat([again, rest]);
      } else if (end < 0) {
        this.#parts.push(bytes.subarray(start));
        this.#partsBytes += bytes.byteLength - start;
        return NO_BYTES;
      } else {
        records.push(this.#record(this.#takeParts(bytes.subarray(start, end)), 1, null));
      }
      start = upTo + 1;
      this.#lastByte = NEWLINE;
      this.#closed = false;
    }
    return NO_BYTES;
  }

  /** Index of the newline that ends the open record; -1 where it goes on behind `bytes`. */
  #endOfRecord(bytes: Buffer, from: number): number {
    if (this.#delimiter === null) return bytes.indexOf(NEWLINE, from);
    for (let at = from; at < bytes.byteLength; ) {
      const quote = bytes.indexOf(QUOTE, at);
      if (!this.#quoted) {
        const newline = bytes.indexOf(NEWLINE, at);
        if (newline >= 0 && (quote < 0 || newline < quote)) return newline;
      }
      if (quote < 0) {
        this.#lastByte = bytes[bytes.byteLength - 1]!;
        this.#closed = false;
        return -1;
      }
      if (this.#quoted) {
        this.#quoted = false;
        this.#closed = true;
      } else {
        // At a field's start it opens the field; right behind a closing one, both are an escaped quote. Anywhere else it
        // is text, which the parser may complain of.
        const before = quote > from ? bytes[quote - 1] : this.#lastByte;
        const escaped = quote === at && this.#closed;
        this.#quoted = escaped || before === this.#delimiter || before === NEWLINE;
        this.#closed = false;
      }
      this.#lastByte = QUOTE;
      at = quote + 1;
    }
    return -1;
  }

  #takeParts(last: Buffer): Buffer {
    if (this.#partsBytes === 0) return last;
    const all = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#partsBytes = 0;
    return all;
  }

  /** Refuses the first line of what an open quote has swallowed; gives back the rest. */
  #cutUnclosed(held: Buffer, records: TextRecord[], problem: string): Buffer {
    this.#quoted = false;
    this.#closed = false;
    this.#lastByte = NEWLINE;
    const newline = held.indexOf(NEWLINE);
    if (newline < 0) {
      this.#overlong = held.subarray(0, KEPT_BYTES);
      this.#overlongBytes = held.byteLength;
      this.#overlongProblem = problem;
      return NO_BYTES;
    }
    records.push(this.#record(held.subarray(0, newline), 1, problem));
    return held.subarray(newline + 1);
  }

  #endOverlong(newlineBytes: number): TextRecord {
    const kept = this.#overlong!;
    this.#overlong = null;
    const problem =
      this.#overlongProblem ?? `the row has ${this.#overlongBytes} bytes; at most ${this.#recordBytesMax} are allowed`;
    this.#overlongProblem = null;
    return this.#made(kept, this.#overlongBytes + newlineBytes, 1, problem);
  }

  #record(bytes: Buffer, newlineBytes: number, problem: string | null): TextRecord {
    let lines = 1;
    if (this.#delimiter !== null) {
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
    }
    const { byteLength } = bytes;
    const text = byteLength > 0 && bytes[byteLength - 1] === RETURN ? bytes.subarray(0, byteLength - 1) : bytes;
    return this.#made(text, byteLength + newlineBytes, lines, problem);
  }

  #made(bytes: Buffer, length: number, lines: number, problem: string | null): TextRecord {
    const number = this.#line;
    this.#offset += length;
    this.#line += lines;
    return { bytes, number, after: { offset: this.#offset, number: this.#line }, problem };
  }
}
