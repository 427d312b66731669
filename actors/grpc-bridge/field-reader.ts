/**
 * Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) where tensors are: bytes as views and
 * numbers of 64 bits whole, which generated code would copy or round. Whatever is not protobuf is INVALID_ARGUMENT.
 */
import { invalid, type ServingError } from '../../proto/errors.ts';

export const VARINT = 0;
export const FIXED_64 = 1;
export const DELIMITED = 2;
export const FIXED_32 = 5;

export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  /** Of the last `varint`: its lower and upper 32 bits. */
  low = 0;
  high = 0;
  /** Of the last `next`. */
  field = 0;
  wireType = 0;

  constructor(bytes: Buffer, from = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  /** Reads the next field's number and wire type; false at the end. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0 || this.high !== 0) throw notProtobuf('a field has the number 0');
    return true;
  }

  /** The lower 32 bits, unsigned; all 64 are in `low` and `high`. */
  varint(): number {
    let low = 0;
    let high = 0;
    let at = this.#at;
    for (let shift = 0; ; shift += 7) {
      if (at >= this.#end) throw cutOff();
      if (shift > 63) throw notProtobuf('a number is longer than ten bytes');
      const byte = this.#bytes[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) break;
    }
    this.#at = at;
    this.low = low >>> 0;
    this.high = high >>> 0;
    return this.low;
  }

  /** A number as the bytes that it came in. */
  varintBytes(): Buffer {
    const from = this.#at;
    this.varint();
    return this.#bytes.subarray(from, this.#at);
  }

  /** A signed number of 64 bits; beyond 2^53 the nearest that there is. */
  int64(): number {
    this.varint();
    return (this.high | 0) * 4_294_967_296 + this.low;
  }

  /** The same, unsigned. */
  uint64(): number {
    this.varint();
    return this.high * 4_294_967_296 + this.low;
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  text(): string {
    const length = this.varint();
    const from = this.#take(length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    const length = this.varint();
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** A view of `length` bytes without a length before them. */
  plain(length: number): Buffer {
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** Passes over a field that is not known here. */
  skip(): void {
    if (this.wireType === VARINT) this.varint();
    else if (this.wireType === FIXED_64) this.#take(8);
    else if (this.wireType === DELIMITED) this.#take(this.varint());
    else if (this.wireType === FIXED_32) this.#take(4);
    else throw notProtobuf(`wire type ${this.wireType} is not known`);
  }

  #take(length: number): number {
    const from = this.#at;
    if (length > this.#end - from) throw cutOff();
    this.#at = from + length;
    return from;
  }
}

export function notProtobuf(what: string): ServingError {
  return invalid(`the message is not protobuf as inference.proto has it: ${what}`);
}

function cutOff(): ServingError {
  return notProtobuf('it ends in the middle of a field');
}
