/** One JSON value into one little-endian tensor element, a writer a datatype: exact or refused, never rounded away. */
import type { DataType } from '../../proto/tensor.ts';
import { describeJson } from './json-text.ts';

/** Writes `value` at byte `at`, or returns what the value must be instead. */
export type ElementWriter = (view: DataView, at: number, value: unknown) => string | null;

/** Datatypes with elements of one width that JSON can carry: all but BYTES (its own path) and FP16 (binary only). */
export type JsonFixedType = Exclude<DataType, 'BYTES' | 'FP16'>;

const WHOLE_TEXT = /^-?[0-9]{1,20}$/;

function wholeWriter(
  min: number,
  max: number,
  set: (view: DataView, at: number, value: number) => void,
): ElementWriter {
  const wanted = `a whole number from ${min} to ${max}`;
  return (view, at, value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) return wanted;
    set(view, at, value);
    return null;
  };
}

/** 64-bit: a JSON number or, as protobuf's JSON mapping writes them, a string of digits. */
function whole64Writer(
  min: bigint,
  max: bigint,
  set: (view: DataView, at: number, value: bigint) => void,
): ElementWriter {
  const wanted = `a whole number from ${min} to ${max}, beyond 2^53 without fraction or exponent`;
  const unsigned = min === 0n;
  return (view, at, value) => {
    let exact: bigint;
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || (unsigned && value < 0)) return wanted;
      // Two's complement in halves: no bigint is made for ordinary numbers.
      view.setUint32(at, value >>> 0, true);
      view.setInt32(at + 4, Math.floor(value / 4_294_967_296), true);
      return null;
    }
    if (typeof value === 'bigint') exact = value;
    else if (typeof value === 'string' && WHOLE_TEXT.test(value)) exact = BigInt(value);
    else return wanted;
    if (exact < min || exact > max) return wanted;
    set(view, at, exact);
    return null;
  };
}

/** JSON has no NaN and no infinities; as in protobuf's JSON mapping they travel as these strings. */
const NOT_FINITE = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function floatValue(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' ? NOT_FINITE.get(value) : undefined;
}

const WANTED_FLOAT = 'a number, or "NaN", "Infinity" or "-Infinity" in quotes';

const writeFp32: ElementWriter = (view, at, value) => {
  const number = floatValue(value);
  if (number === undefined) return WANTED_FLOAT;
  view.setFloat32(at, number, true);
  // 1e400 reaches us as Infinity from the JSON parser, 1e39 becomes it here: neither is what the caller wrote.
  if (typeof value !== 'string' && !Number.isFinite(Math.fround(number))) return 'within ±3.4028235e38 (FP32)';
  return null;
};

const writeFp64: ElementWriter = (view, at, value) => {
  const number = floatValue(value);
  if (number === undefined) return WANTED_FLOAT;
  if (typeof value !== 'string' && !Number.isFinite(number)) return 'within ±1.7976931348623157e308 (FP64)';
  view.setFloat64(at, number, true);
  return null;
};

export const ELEMENT_WRITERS: Readonly<Record<JsonFixedType, ElementWriter>> = {
  BOOL: (view, at, value) => {
    if (typeof value !== 'boolean') return 'true or false';
    view.setUint8(at, value ? 1 : 0);
    return null;
  },
  UINT8: wholeWriter(0, 0xff, (view, at, value) => view.setUint8(at, value)),
  UINT16: wholeWriter(0, 0xffff, (view, at, value) => view.setUint16(at, value, true)),
  UINT32: wholeWriter(0, 0xffff_ffff, (view, at, value) => view.setUint32(at, value, true)),
  UINT64: whole64Writer(0n, 2n ** 64n - 1n, (view, at, value) => view.setBigUint64(at, value, true)),
  INT8: wholeWriter(-0x80, 0x7f, (view, at, value) => view.setInt8(at, value)),
  INT16: wholeWriter(-0x8000, 0x7fff, (view, at, value) => view.setInt16(at, value, true)),
  INT32: wholeWriter(-0x8000_0000, 0x7fff_ffff, (view, at, value) => view.setInt32(at, value, true)),
  INT64: whole64Writer(-(2n ** 63n), 2n ** 63n - 1n, (view, at, value) => view.setBigInt64(at, value, true)),
  FP32: writeFp32,
  FP64: writeFp64,
};

/** "must be …, got …" for an element that its writer refused. */
export function elementComplaint(wanted: string, value: unknown): string {
  return `must be ${wanted}, got ${describeJson(value)}`;
}
