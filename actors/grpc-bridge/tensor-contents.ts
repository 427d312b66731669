/**
 * Typed contents (InferTensorContents) as raw tensor data. Numbers go from protobuf's variable lengths straight to
 * little-endian bytes; those that do not fit their datatype are refused with their place.
 */
import { invalid, type ServingError } from '../../proto/errors.ts';
import { DATA_TYPE_BYTES, type DataType, elementCount, packBytes, type Tensor } from '../../proto/tensor.ts';
import { DELIMITED, FIXED_32, FIXED_64, FieldReader, notProtobuf, VARINT } from './field-reader.ts';

type Place = { readonly field: number; readonly name: string; readonly wireType: number };

const BOOL: Place = { field: 1, name: 'bool_contents', wireType: VARINT };
const INT: Place = { field: 2, name: 'int_contents', wireType: VARINT };
const INT64: Place = { field: 3, name: 'int64_contents', wireType: VARINT };
const UINT: Place = { field: 4, name: 'uint_contents', wireType: VARINT };
const UINT64: Place = { field: 5, name: 'uint64_contents', wireType: VARINT };
const FP32: Place = { field: 6, name: 'fp32_contents', wireType: FIXED_32 };
const FP64: Place = { field: 7, name: 'fp64_contents', wireType: FIXED_64 };
const BYTES: Place = { field: 8, name: 'bytes_contents', wireType: DELIMITED };
const PLACES: readonly Place[] = [BOOL, INT, INT64, UINT, UINT64, FP32, FP64, BYTES];

/** Where the protocol puts the elements of each datatype; FP16 has no place and goes raw. */
const PLACE_OF: Readonly<Record<Exclude<DataType, 'FP16'>, Place>> = {
  BOOL,
  INT8: INT,
  INT16: INT,
  INT32: INT,
  INT64,
  UINT8: UINT,
  UINT16: UINT,
  UINT32: UINT,
  UINT64,
  FP32,
  FP64,
  BYTES,
};

/** Integers of up to 32 bits: the least and the greatest. */
const RANGES: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
};

/**
 * The tensor out of the messages that `contents` came in (protobuf lets one be sent in pieces). Throws INVALID_ARGUMENT
 * for elements in another list than the datatype's, for too many or too few, and for those out of its range.
 */
export function tensorFromContents(
  name: string,
  datatype: DataType,
  shape: readonly number[],
  contents: readonly Buffer[],
): Tensor {
  if (datatype === 'FP16') {
    throw invalid(`input '${name}': FP16 has no typed contents; send it in raw_input_contents`);
  }
  const place = PLACE_OF[datatype];
  const pieces = piecesOf(name, datatype, place, contents);
  const count = elementCount(shape);
  const wrongCount = (given: string): ServingError =>
    invalid(`input '${name}': ${place.name} has ${given} elements; shape [${shape.join(',')}] needs ${count}`);
  if (place === BYTES) {
    if (pieces.length !== count) throw wrongCount(String(pieces.length));
    return { name, datatype, shape, data: packBytes(pieces) };
  }
  const width = DATA_TYPE_BYTES[datatype];
  let available = 0;
  for (const piece of pieces) available += piece.length;
  if (place === FP32 || place === FP64) {
    if (available % width !== 0) throw notProtobuf(`${place.name} ends in the middle of a number`);
    if (available !== count * width) throw wrongCount(String(available / width));
    return { name, datatype, shape, data: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces) };
  }
  // A number takes at least a byte: a short list cannot claim the memory of a long one.
  if (count > available) throw wrongCount(`at most ${available}`);
  return { name, datatype, shape, data: integers(name, datatype, place, pieces, count, wrongCount) };
}

/** What is in the datatype's list, packed or one by one; bytes elements each alone. */
function piecesOf(name: string, datatype: DataType, place: Place, contents: readonly Buffer[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (const message of contents) {
    const reader = new FieldReader(message);
    while (reader.next()) {
      const { field, wireType } = reader;
      if (field === place.field) {
        if (wireType === DELIMITED) pieces.push(reader.bytes());
        else if (wireType !== place.wireType) throw notProtobuf(`${place.name} is of wire type ${wireType}`);
        else if (wireType === VARINT) pieces.push(reader.varintBytes());
        else pieces.push(reader.plain(wireType === FIXED_32 ? 4 : 8));
        continue;
      }
      const other = PLACES.find((known) => known.field === field);
      if (other === undefined) reader.skip();
      // A packed list may be there and empty.
      else if (wireType !== DELIMITED || reader.bytes().length > 0 || other === BYTES) {
        throw invalid(`input '${name}': the elements of ${datatype} belong into ${place.name}, not ${other.name}`);
      }
    }
  }
  return pieces;
}

function integers(
  name: string,
  datatype: DataType,
  place: Place,
  pieces: readonly Buffer[],
  count: number,
  wrongCount: (given: string) => ServingError,
): Buffer {
  const width = DATA_TYPE_BYTES[datatype];
  const range = RANGES[datatype];
  const signed = place === INT;
  const data = Buffer.allocUnsafe(count * width);
  let element = 0;
  for (const piece of pieces) {
    const reader = new FieldReader(piece);
    while (reader.left > 0) {
      const low = reader.varint();
      if (element === count) throw wrongCount(`more than ${count}`);
      const at = element * width;
      if (width === 8) {
        data.writeUInt32LE(low, at);
        data.writeUInt32LE(reader.high, at + 4);
      } else if (place === BOOL) {
        data[at] = low !== 0 || reader.high !== 0 ? 1 : 0;
      } else {
        const value = signed ? low | 0 : low;
        if (range !== undefined && (value < range[0] || value > range[1])) {
          throw invalid(`input '${name}': ${place.name}[${element}] is ${value}, which is no ${datatype}`);
        }
        if (width === 4) data.writeUInt32LE(low, at);
        else if (width === 2) data.writeUInt16LE(value & 0xffff, at);
        else data[at] = value & 0xff;
      }
      element++;
    }
  }
  if (element !== count) throw wrongCount(String(element));
  return data;
}
