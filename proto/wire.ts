/**
 * Protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) by hand, for the few messages that every
 * prediction is made of: into one growing buffer, and out of it with the strings that recur in every message decoded
 * once. Bytes written here are read by any protobuf library and the other way round; a test holds both together.
 */

import type { TextCache } from './text-cache.ts';
import { varintBytes } from './varint.ts';

export { TextCache } from './text-cache.ts';

const START_BYTES = 4_096;
/** A nested message's length is written in this many bytes, padded, once the message is known; longer ones are moved. */
const LENGTH_BYTES = 2;
const LENGTH_MAX = 2 ** (7 * LENGTH_BYTES) - 1;

export class WireWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(START_BYTES);
  #at = 0;
  readonly #doubles = new Float64Array(1);
  readonly #doubleBytes = new Uint8Array(this.#doubles.buffer);

  get length(): number {
    return this.#at;
  }

  /** Forgets everything behind `length`. */
  truncate(length: number): void {
    this.#at = length;
  }

  /** Lets memory beyond `bytesMax` go, where what is written needs less: one large message is no reason to keep it. */
  shrink(bytesMax: number): void {
    if (this.#buffer.length <= bytesMax || this.#at > START_BYTES) return;
    const kept = Buffer.allocUnsafeSlow(START_BYTES);
    this.#buffer.copy(kept, 0, 0, this.#at);
    this.#buffer = kept;
  }

  /** A copy of what has been written, behind `headerBytes` bytes left free. */
  copyOut(headerBytes: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(headerBytes + this.#at);
    this.#buffer.copy(bytes, headerBytes, 0, this.#at);
    return bytes;
  }

  /** An unsigned number below 2^32. */
  varint(value: number): void {
    this.#room(5);
    this.#varint(value);
  }

  /** Tag and value; nothing for 0, which is what a reader assumes. */
  uint32(tag: number, value: number): void {
    if (value === 0) return;
    this.#room(10);
    this.#varint(tag);
    this.#varint(value);
  }

  /** Tag and value, also of 0; nothing where it is `before`, which is what the reader takes then. */
  uint32Unless(before: number, tag: number, value: number): void {
    if (value === before) return;
    this.#room(10);
    this.#varint(tag);
    this.#varint(value);
  }

  /** Tag, length and UTF-8; nothing for the empty text. */
  text(tag: number, value: string): void {
    if (value.length > 0) this.listedText(tag, value);
  }

  /** As `listedText`; nothing where it is `before`, which is what the reader takes then. */
  textUnless(before: string, tag: number, value: string): void {
    if (value !== before) this.listedText(tag, value);
  }

  /** As `text`, for a field of a repeated list, where the empty text counts too. */
  listedText(tag: number, value: string): void {
    const { length } = value;
    if (length < 128) {
      this.#room(10 + length * 3);
      this.#varint(tag);
      // Nearly every text here is short and ASCII: one byte of length, a byte a character.
      const start = this.#at;
      const buffer = this.#buffer;
      let at = start + 1;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 127) break;
        buffer[at++] = code;
      }
      if (i === length) {
        buffer[start] = length;
        this.#at = at;
        return;
      }
      this.#at = start;
    } else {
      this.#room(10);
      this.#varint(tag);
    }
    const bytes = Buffer.byteLength(value);
    this.#room(5 + bytes);
    this.#varint(bytes);
    this.#at += this.#buffer.write(value, this.#at);
  }

  /** Tag, length and the bytes, also when there are none: a field of a repeated list counts. */
  bytes(tag: number, value: Uint8Array): void {
    const { length } = value;
    this.#room(10 + length);
    this.#varint(tag);
    this.#varint(length);
    const buffer = this.#buffer;
    if (length > 64) {
      buffer.set(value, this.#at);
    } else {
      const at = this.#at;
      for (let i = 0; i < length; i++) buffer[at + i] = value[i]!;
    }
    this.#at += length;
  }

  /** Tag and value of a whole number from 0 to 2^53 - 1, also of 0. */
  whole(tag: number, value: number): void {
    this.#room(15);
    this.#varint(tag);
    let rest = value;
    let at = this.#at;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#buffer[at++] = (rest % 128) | 0x80;
    this.#buffer[at++] = rest;
    this.#at = at;
  }

  /** Tag and value; nothing for 0, which is what a reader assumes. */
  double(tag: number, value: number): void {
    if (Object.is(value, 0)) return;
    this.#room(13);
    this.#varint(tag);
    this.#double(value);
  }

  /** Tag and length of a packed list of doubles, and the list; nothing for an empty one. */
  packedDoubles(tag: number, values: readonly number[]): void {
    const { length } = values;
    if (length === 0) return;
    this.#room(10 + length * 8);
    this.#varint(tag);
    this.#varint(length * 8);
    for (let i = 0; i < length; i++) this.#double(values[i]!);
  }

  /** Tag and length of a packed list of unsigned numbers below 2^32, and the list; nothing for an empty one. */
  packedUint32s(tag: number, values: readonly number[]): void {
    if (values.length > 0) this.listedUint32s(tag, values);
  }

  /** As `packedUint32s`, where the empty list counts too. */
  listedUint32s(tag: number, values: readonly number[]): void {
    const { length } = values;
    this.#room(10 + length * 5);
    this.#varint(tag);
    let bytes = 0;
    for (let i = 0; i < length; i++) bytes += varintBytes(values[i]!);
    this.#varint(bytes);
    for (let i = 0; i < length; i++) this.#varint(values[i]!);
  }

  /** Leaves room for the length of what follows; `close` fills it in. */
  open(): number {
    this.#room(LENGTH_BYTES);
    this.#at += LENGTH_BYTES;
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    const buffer = this.#buffer;
    if (length <= LENGTH_MAX) {
      buffer[start - 2] = (length & 0x7f) | 0x80;
      buffer[start - 1] = length >>> 7;
      return;
    }
    // Four more bytes than any length needs, then the content moves to where the length ends.
    this.#room(4);
    const extra = varintBytes(length) - LENGTH_BYTES;
    this.#buffer.copyWithin(start + extra, start, this.#at);
    const end = this.#at + extra;
    this.#at = start - LENGTH_BYTES;
    this.#varint(length);
    this.#at = end;
  }

  #varint(value: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    let rest = value >>> 0;
    while (rest > 127) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
    this.#at = at;
  }

  #double(value: number): void {
    this.#doubles[0] = value;
    const bytes = this.#doubleBytes;
    const at = this.#at;
    for (let b = 0; b < 8; b++) this.#buffer[at + b] = bytes[b]!;
    this.#at += 8;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}

/** Reads one buffer. Every method throws RangeError where the bytes end too early. */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #texts: TextCache;
  /** Asked for once: each time costs a call out of compiled code. */
  readonly #memory: ArrayBufferLike;
  readonly #offset: number;
  #end: number;
  #at = 0;

  constructor(bytes: Uint8Array, texts: TextCache) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#texts = texts;
    this.#memory = bytes.buffer;
    this.#offset = bytes.byteOffset;
    this.#end = bytes.byteLength;
  }

  get at(): number {
    return this.#at;
  }

  get end(): number {
    return this.#end;
  }

  /** Reads a length and returns where what it counts ends. */
  nested(): number {
    const length = this.varint();
    const end = this.#at + length;
    if (end > this.#end) throw tooShort();
    return end;
  }

  varint(): number {
    const at = this.#at;
    const byte = this.#bytes[at]!;
    // Past the end bytes are undefined, which is not below 128.
    if (byte < 128 && at < this.#end) {
      this.#at = at + 1;
      return byte;
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte > 127; shift += 7) {
      if (shift > 63) throw new RangeError('a number is longer than ten bytes');
      byte = bytes[at++]!;
      // Numbers over 32 bits: the rest is read and dropped, as protobuf's own readers do for a 32-bit field.
      if (shift < 35) value |= (byte & 0x7f) << shift;
    }
    // Past the end bytes are undefined, which is not over 127 either.
    if (at > this.#end) throw tooShort();
    this.#at = at;
    return value >>> 0;
  }

  /** Text that is the same in many messages: decoded once. */
  recurringText(): string {
    const end = this.nested();
    const text = this.#texts.read(this.#bytes, this.#at, end);
    this.#at = end;
    return text;
  }

  text(): string {
    const end = this.nested();
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const end = this.nested();
    const view = new Uint8Array(this.#memory, this.#offset + this.#at, end - this.#at);
    this.#at = end;
    return view;
  }

  double(): number {
    const at = this.#at;
    if (at + 8 > this.#end) throw tooShort();
    this.#at = at + 8;
    return this.#bytes.readDoubleLE(at);
  }

  /** `before` and a list of doubles, packed or a single one (`wireType` 1). */
  doubles(wireType: number, before: number[]): number[] {
    const end = wireType === 2 ? this.nested() : this.#at + 8;
    if (end > this.#end || (end - this.#at) % 8 !== 0) throw tooShort();
    let values = before;
    while (this.#at < end) {
      const value = this.#bytes.readDoubleLE(this.#at);
      if (values.length === 0) values = [value];
      else values.push(value);
      this.#at += 8;
    }
    return values;
  }

  /** `before` and a list of numbers, packed or a single one (`wireType` 0); past `lengthMax` the rest is passed over. */
  uint32s(wireType: number, before: number[], lengthMax = Number.POSITIVE_INFINITY): number[] {
    const end = wireType === 2 ? this.nested() : this.#at + 1;
    let values = before;
    while (this.#at < end) {
      if (values.length >= lengthMax) {
        if (wireType === 2) this.#at = end;
        else this.varint();
        return values;
      }
      const value = this.varint();
      if (values.length === 0) values = [value];
      else values.push(value);
    }
    if (wireType === 2 && this.#at !== end) throw tooShort();
    return values;
  }

  /** Passes over a field that this version does not know. */
  skip(wireType: number): void {
    switch (wireType) {
      case 0:
        this.varint();
        return;
      case 1:
        this.#at += 8;
        break;
      case 2:
        this.#at = this.nested();
        return;
      case 5:
        this.#at += 4;
        break;
      default:
        throw new RangeError(`wire type ${wireType} is not known`);
    }
    if (this.#at > this.#end) throw tooShort();
  }

  /** Throws unless exactly `end` has been reached. */
  finish(end: number): void {
    if (this.#at !== end) throw tooShort();
  }
}

function tooShort(): RangeError {
  return new RangeError('the bytes end before the message does');
}
