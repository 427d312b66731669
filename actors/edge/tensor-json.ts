/** Raw tensor data to JSON text, flat or nested, row-major. */
import { isUtf8 } from 'node:buffer';
import { invalid } from '../../proto/errors.ts';
import { bytesElements, DATA_TYPE_BYTES, type DataType, elementCount, type Tensor } from '../../proto/tensor.ts';

type Read = (view: DataView, at: number) => string;

const READERS: Readonly<Record<Exclude<DataType, 'BYTES'>, Read>> = {
  BOOL: (view, at) => (view.getUint8(at) === 0 ? 'false' : 'true'),
  UINT8: (view, at) => String(view.getUint8(at)),
  UINT16: (view, at) => String(view.getUint16(at, true)),
  UINT32: (view, at) => String(view.getUint32(at, true)),
  // 64-bit values are written digit for digit; readers that keep doubles round them, ours here does not.
  UINT64: (view, at) => String(view.getBigUint64(at, true)),
  INT8: (view, at) => String(view.getInt8(at)),
  INT16: (view, at) => String(view.getInt16(at, true)),
  INT32: (view, at) => String(view.getInt32(at, true)),
  INT64: (view, at) => String(view.getBigInt64(at, true)),
  FP16: (view, at) => floatText(halfToNumber(view.getUint16(at, true))),
  FP32: (view, at) => shortFloatText(view.getFloat32(at, true)),
  FP64: (view, at) => floatText(view.getFloat64(at, true)),
};

/**
 * The elements of a tensor, each as JSON text. FP32 is written with the fewest digits that read back as the same FP32;
 * NaN and infinities as the strings "NaN", "Infinity" and "-Infinity" (as protobuf's JSON mapping does), since JSON has
 * no numbers for them. Throws INVALID_ARGUMENT for BYTES that are not UTF-8. Expects data that `checkByteLength` passed.
 */
export function elementTexts(tensor: Tensor): string[] {
  const { data, datatype } = tensor;
  if (datatype === 'BYTES') return bytesElements(data).map((element) => bytesText(tensor.name, element));
  const read = READERS[datatype];
  const width = DATA_TYPE_BYTES[datatype];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const count = elementCount(tensor.shape);
  const texts = new Array<string>(count);
  for (let i = 0; i < count; i++) texts[i] = read(view, i * width);
  return texts;
}

/** `[1,2,3,4]`, whatever the shape. */
export function flatJson(tensor: Tensor): string {
  return `[${elementTexts(tensor).join(',')}]`;
}

/** `texts[from…]` in lists as `shape` says: `[2,2]` → `[[a,b],[c,d]]`; an empty shape gives the one element bare. */
export function nestedJson(texts: readonly string[], shape: readonly number[], from = 0): string {
  const [length, ...inner] = shape;
  if (length === undefined) return texts[from] ?? 'null';
  if (inner.length === 0) return `[${texts.slice(from, from + length).join(',')}]`;
  const step = elementCount(inner);
  const parts = new Array<string>(length);
  for (let i = 0; i < length; i++) parts[i] = nestedJson(texts, inner, from + i * step);
  return `[${parts.join(',')}]`;
}

function bytesText(name: string, element: Uint8Array): string {
  if (!isUtf8(element)) {
    throw invalid(
      `output '${name}' holds bytes that are not UTF-8, which JSON cannot carry; ask /v2 for it with binary_data: true`,
    );
  }
  return JSON.stringify(Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString('utf8'));
}

function floatText(value: number): string {
  if (Number.isFinite(value)) return value === 0 && Object.is(value, -0) ? '-0' : String(value);
  return `"${value}"`;
}

/** Shortest decimal that rounds to the same FP32: at most 9 digits are ever needed (IEEE 754). */
function shortFloatText(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return floatText(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
