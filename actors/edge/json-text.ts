/**
 * A JSON body from untrusted bytes: nesting bounded before parsing, whole numbers beyond 2^53 kept exact as bigint,
 * `__proto__` refused, and a position in every complaint.
 */
import { isUtf8 } from 'node:buffer';
import { randomHex } from '../../cluster/random.ts';
import { invalid, type ServingError } from '../../proto/errors.ts';
import { findJsonFault } from './json-fault.ts';
import { JSON_DEPTH_MAX } from './limits.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Below this many digits every whole number is exact in a double. */
const LONG_DIGITS_MIN = 16;
/** No datatype holds a longer whole number; past it the double is as good as any. */
const LONG_DIGITS_MAX = 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

/**
 * The value a JSON text stands for. Whole numbers outside ±(2^53 − 1), of up to 20 digits and written without fraction
 * or exponent, become bigint. Throws INVALID_ARGUMENT, with `what` naming the text, for anything that is not JSON.
 */
export function parseJson(bytes: Buffer, what: string): unknown {
  if (!isUtf8(bytes)) throw invalid(`${what} is not UTF-8`);
  const longIntegers = scan(bytes, what);
  let text: string;
  let mark = '';
  if (longIntegers === null) text = bytes.toString('utf8');
  else {
    // Unguessable, so that no string in the body can pass for a number.
    mark = `${randomHex(8)}:`;
    text = quoteRanges(bytes, longIntegers, mark);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notJson(bytes, what);
  }
  if (mark !== '' || text.includes('__proto__') || text.includes('\\u')) return settle(value, mark, what);
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As `parseJson`, for texts that must be an object. */
export function parseJsonObject(bytes: Buffer, what: string): JsonObject {
  if (bytes.byteLength === 0) throw invalid(`${what} is empty; it must be a JSON object`);
  const value = parseJson(bytes, what);
  if (!isJsonObject(value)) throw invalid(`${what} must be a JSON object, got ${describeJson(value)}`);
  return value;
}

/** For error messages: a value's kind, or the value itself where it is short. */
export function describeJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return 'a list';
  if (value === undefined) return 'nothing';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Byte ranges of long whole numbers, or null when there are none. One pass, no allocation in the usual case. */
function scan(bytes: Uint8Array, what: string): number[] | null {
  let depth = 0;
  let ranges: number[] | null = null;
  const end = bytes.byteLength;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      for (i++; i < end && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > JSON_DEPTH_MAX)
        throw invalid(`${what} is nested deeper than ${JSON_DEPTH_MAX} levels at byte ${i}`);
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    } else if (byte === MINUS || (byte >= 0x30 && byte <= 0x39)) {
      const start = i;
      let whole = true;
      for (i++; i < end; i++) {
        const next = bytes[i]!;
        if (next >= 0x30 && next <= 0x39) continue;
        // '.', 'e', 'E', '+', '-': still the number, no longer a whole one.
        if (next !== 0x2e && (next | 0x20) !== 0x65 && next !== 0x2b && next !== MINUS) break;
        whole = false;
      }
      const digits = i - start - (byte === MINUS ? 1 : 0);
      if (whole && digits >= LONG_DIGITS_MIN && digits <= LONG_DIGITS_MAX) {
        ranges ??= [];
        ranges.push(start, i);
      }
      i--;
    }
  }
  return ranges;
}

function quoteRanges(bytes: Buffer, ranges: readonly number[], mark: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const start = ranges[i]!;
    const end = ranges[i + 1]!;
    // Numbers JSON forbids (leading zeros) stay unquoted, so that the parser refuses them.
    if (bytes[bytes[start] === MINUS ? start + 1 : start] === 0x30) continue;
    pieces.push(bytes.toString('utf8', from, start), `"${mark}${bytes.toString('latin1', start, end)}"`);
    from = end;
  }
  pieces.push(bytes.toString('utf8', from));
  return pieces.join('');
}

/** Turns marked strings into numbers and refuses `__proto__` as a field name, in place. Depth is bounded by `scan`. */
function settle(value: unknown, mark: string, what: string): unknown {
  if (typeof value === 'string') return mark !== '' && value.startsWith(mark) ? whole(value.slice(mark.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = settle(value[i], mark, what);
    return value;
  }
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    if (key === '__proto__') throw invalid(`${what} has a field named "__proto__"; choose another name`);
    const before = holder[key];
    const after = settle(before, mark, what);
    if (after !== before) holder[key] = after;
  }
  return holder;
}

function whole(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

function notJson(bytes: Buffer, what: string): ServingError {
  const text = bytes.toString('utf8');
  const fault = findJsonFault(text);
  if (fault === null) return invalid(`${what} is not JSON`);
  const before = text.slice(0, fault.offset);
  const line = before.split('\n').length;
  const column = fault.offset - (before.lastIndexOf('\n') + 1) + 1;
  return invalid(`${what} is not JSON at line ${line}, column ${column}: ${fault.reason}`);
}
