/**
 * Tensors as they travel: a name, an Open Inference Protocol datatype, a shape and raw little-endian bytes in
 * row-major order. BYTES elements are each a 4-byte little-endian length and that many bytes.
 */
import { invalid, type ServingError } from './errors.ts';

export type DataType =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** Bytes per element; 0 where elements have their own lengths (BYTES). */
export const DATA_TYPE_BYTES: Readonly<Record<DataType, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
};

/** Position in this list is the datatype's number on the wire; append only. */
export const DATA_TYPES = Object.keys(DATA_TYPE_BYTES) as DataType[];

/** The datatype's number on the wire. */
export const DATA_TYPE_NUMBER = Object.fromEntries(DATA_TYPES.map((type, number) => [type, number])) as Readonly<
  Record<DataType, number>
>;

export function isDataType(text: unknown): text is DataType {
  return typeof text === 'string' && Object.hasOwn(DATA_TYPE_BYTES, text);
}

export type Tensor = {
  readonly name: string;
  readonly datatype: DataType;
  /** Row-major; the first dimension is rows wherever a model batches. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
};

/** Dimensions that a tensor may have. */
export const RANK_MAX = 16;

/** Product of the dimensions; 1 for a scalar (empty shape). */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/** Throws INVALID_ARGUMENT unless there are at most RANK_MAX dimensions, whole, not negative, and their product is at most `elementsMax`. */
export function checkShape(name: string, shape: readonly number[], elementsMax: number): void {
  if (shape.length > RANK_MAX) throw invalid(`input '${name}' has more than ${RANK_MAX} dimensions`);
  for (const dimension of shape) {
    if (!Number.isInteger(dimension) || dimension < 0) {
      throw invalid(`input '${name}': shape [${shape.join(',')}] must hold whole numbers of 0 or more`);
    }
  }
  // Written so that the NaN of a zero times an overflow to infinity is refused too.
  if (!(elementCount(shape) <= elementsMax)) {
    throw invalid(`input '${name}': shape [${shape.join(',')}] has more than ${elementsMax} elements`);
  }
}

/** Throws INVALID_ARGUMENT unless `data` is exactly as long as the datatype and shape say. */
export function checkByteLength(tensor: Tensor): void {
  const count = elementCount(tensor.shape);
  const width = DATA_TYPE_BYTES[tensor.datatype];
  if (width > 0) {
    if (tensor.data.byteLength !== count * width) {
      throw byteLengthError(tensor, `${count * width} bytes (${count} × ${width})`);
    }
    return;
  }
  let offset = 0;
  for (let i = 0; i < count; i++) {
    if (offset + 4 > tensor.data.byteLength) throw byteLengthError(tensor, `${count} length-prefixed elements`);
    offset += 4 + readLength(tensor.data, offset);
    if (offset > tensor.data.byteLength) throw byteLengthError(tensor, `${count} length-prefixed elements`);
  }
  if (offset !== tensor.data.byteLength)
    throw byteLengthError(tensor, `${count} length-prefixed elements (${offset} bytes)`);
}

function byteLengthError(tensor: Tensor, wanted: string): ServingError {
  return invalid(
    `tensor '${tensor.name}': ${tensor.datatype} of shape [${tensor.shape.join(',')}] needs ${wanted}, got ${tensor.data.byteLength} bytes`,
  );
}

function readLength(data: Uint8Array, offset: number): number {
  return (data[offset]! | (data[offset + 1]! << 8) | (data[offset + 2]! << 16) | (data[offset + 3]! << 24)) >>> 0;
}

/** Below this a copy is cheaper than a view, for which the memory behind the tensor must be asked for. */
const COPIED_BYTES_MAX = 64;

/** Elements of a BYTES tensor: views into it, or copies of short ones. Expects bytes that `checkByteLength` passed. */
export function bytesElements(data: Uint8Array): Uint8Array[] {
  let elements: Uint8Array[] = [];
  let offset = 0;
  while (offset + 4 <= data.length) {
    const length = readLength(data, offset);
    if (offset + 4 + length > data.length) throw new RangeError('an element reaches past the end of its tensor');
    const element =
      length <= COPIED_BYTES_MAX
        ? copied(data, offset + 4, length)
        : new Uint8Array(data.buffer, data.byteOffset + offset + 4, length);
    // Nearly always there is one, and pushing to an empty array would make room for sixteen.
    if (elements.length === 0) elements = [element];
    else elements.push(element);
    offset += 4 + length;
  }
  return elements;
}

function copied(data: Uint8Array, from: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = data[from + i]!;
  return copy;
}

/** BYTES tensor data from its elements. */
export function packBytes(elements: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const element of elements) total += 4 + element.byteLength;
  const data = new Uint8Array(total);
  let offset = 0;
  for (const element of elements) {
    const length = element.byteLength;
    data[offset] = length & 0xff;
    data[offset + 1] = (length >>> 8) & 0xff;
    data[offset + 2] = (length >>> 16) & 0xff;
    data[offset + 3] = (length >>> 24) & 0xff;
    data.set(element, offset + 4);
    offset += 4 + length;
  }
  return data;
}
