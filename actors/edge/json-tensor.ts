/** JSON values to raw tensor data: nested as the shape says or flat, row-major, with the exact place in every refusal. */
import { invalid, type ServingError } from '../../proto/errors.ts';
import { DATA_TYPE_BYTES, type DataType, elementCount, type Tensor } from '../../proto/tensor.ts';
import { ELEMENT_WRITERS, elementComplaint } from './element-writers.ts';
import { describeJson } from './json-text.ts';

/** A lone surrogate has no UTF-8: encoding it would silently make another string of it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Called once an element, in row-major order: stores it, or returns a complaint about it. */
type Store = (value: unknown) => string | null;

/**
 * A tensor from JSON `data`. `place` names the data in errors, e.g. `input 'amount': data`; the first `bareLevels`
 * levels are left out of the place, for values that the caller did not write as lists. A list of lists must match the
 * shape, any other list is taken as flat; lengths are checked before memory is taken, so a short body cannot claim a
 * large tensor. Throws INVALID_ARGUMENT for a wrong kind, range or length, and for FP16, which has no JSON form.
 */
export function tensorFromJson(
  name: string,
  datatype: DataType,
  shape: readonly number[],
  data: unknown,
  place: string,
  bareLevels = 0,
): Tensor {
  if (!Array.isArray(data)) throw invalid(`${place} must be a list, got ${describeJson(data)}`);
  if (datatype === 'FP16') throw invalid(`${place}: FP16 has no JSON form; send it as a binary tensor`);
  const count = elementCount(shape);
  const nested = shape.length > 1 && Array.isArray(data[0]);
  const complain = (path: readonly number[], complaint: string): ServingError =>
    invalid(`${place}${path.slice(bareLevels).map(bracket).join('')} ${complaint}`);
  if (nested) checkLevel(data, shape, [], complain);
  else if (data.length !== count) {
    throw invalid(`${place} has ${data.length} values; shape [${shape.join(',')}] needs ${count}`);
  }
  const depth = nested ? shape.length : 1;
  if (datatype === 'BYTES') {
    const texts: string[] = [];
    fillLevel(data, depth, [], complain, (value) => {
      if (typeof value !== 'string') return elementComplaint('a string', value);
      if (LONE_SURROGATE.test(value)) return 'holds half of a surrogate pair, which is not text';
      texts.push(value);
      return null;
    });
    return { name, datatype, shape, data: packTexts(texts) };
  }
  const width = DATA_TYPE_BYTES[datatype];
  const bytes = Buffer.allocUnsafe(count * width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const write = ELEMENT_WRITERS[datatype];
  let at = 0;
  fillLevel(data, depth, [], complain, (value) => {
    const wanted = write(view, at, value);
    at += width;
    return wanted === null ? null : elementComplaint(wanted, value);
  });
  return { name, datatype, shape, data: bytes };
}

type Complain = (path: readonly number[], complaint: string) => ServingError;

/** Refuses lists that are not as long as the shape says. `path` is the position so far. */
function checkLevel(value: unknown, shape: readonly number[], path: number[], complain: Complain): void {
  const wanted = shape[path.length];
  const ofShape = `shape [${shape.join(',')}]`;
  if (!Array.isArray(value))
    throw complain(path, `must be a list of ${wanted} (${ofShape}), got ${describeJson(value)}`);
  if (value.length !== wanted) throw complain(path, `has ${value.length} values; ${ofShape} needs ${wanted} there`);
  if (path.length === shape.length - 1) return;
  for (let i = 0; i < value.length; i++) {
    path.push(i);
    checkLevel(value[i], shape, path, complain);
    path.pop();
  }
}

/** Stores the elements of lists that `checkLevel` passed, in row-major order. */
function fillLevel(list: readonly unknown[], depth: number, path: number[], complain: Complain, store: Store): void {
  for (let i = 0; i < list.length; i++) {
    if (depth > 1) {
      path.push(i);
      fillLevel(list[i] as readonly unknown[], depth - 1, path, complain, store);
      path.pop();
    } else {
      const complaint = store(list[i]);
      if (complaint !== null) throw complain([...path, i], complaint);
    }
  }
}

function bracket(index: number): string {
  return `[${index}]`;
}

/** BYTES data: each text's UTF-8 after its length in 4 little-endian bytes. */
function packTexts(texts: readonly string[]): Buffer {
  let total = 0;
  for (const text of texts) total += 4 + Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 4);
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return bytes;
}
