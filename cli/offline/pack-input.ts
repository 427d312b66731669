/** Values of request inputs, as labels or the command line give them, in the bytes that a request would carry. Pure. */

import type { LabelInput } from '../../actors/offline/model-columns.ts';
import type { PlannedInput } from '../../cluster/catalog/serving-plan.ts';
import { invalid, type ServingError } from '../../proto/errors.ts';
import { showShort } from '../../proto/names.ts';
import { DATA_TYPE_BYTES, type DataType, packBytes } from '../../proto/tensor.ts';
import { Grown } from './grown.ts';

/** Writes one row of an input: a number, or a list of them. Throws INVALID_ARGUMENT naming the input and `where`. */
export function packInput(input: PlannedInput, value: unknown, cells: DataView, at: number, where: string): void {
  const width = DATA_TYPE_BYTES[input.datatype];
  const length = input.rowBytes / width;
  const list = Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as ArrayLike<unknown>) : [value];
  if (list.length !== length) throw wrong(input, value, where);
  list.forEach((one, i) => {
    const number = numberOf(one);
    if (number === null || !write(input, number, cells, at + i * width)) throw wrong(input, value, where);
  });
}

/** One input of all labels. */
export type InputColumn = {
  /** `where`: the label, for errors. */
  push(value: unknown, where: string): void;
  /** Taken so far. */
  readonly bytes: number;
  /** Each label's value as a tensor of one row. */
  tensors(): LabelInput;
};

/** For inputs of a fixed size, and for text of one value a row. */
export function inputColumn(input: PlannedInput): InputColumn {
  return input.datatype === 'BYTES' ? textColumn(input) : numberColumn(input);
}

function numberColumn(input: PlannedInput): InputColumn {
  const width = input.rowBytes;
  const rows = new Grown(Uint8Array);
  let bytes = 0;
  return {
    push: (value, where) => {
      const row = rows.room(width);
      packInput(input, value, new DataView(row.buffer, row.byteOffset, width), 0, where);
      bytes += width;
    },
    get bytes() {
      return bytes;
    },
    tensors: () => {
      const all = rows.array();
      return (label) => all.subarray(label * width, (label + 1) * width);
    },
  };
}

/** Texts recur, so each is kept once. */
function textColumn(input: PlannedInput): InputColumn {
  const index = new Grown(Int32Array);
  const known = new Map<string, number>();
  const tensors: Uint8Array[] = [];
  let bytes = 0;
  return {
    push: (value, where) => {
      const text = typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
      if (typeof text !== 'string') throw wrong(input, value, where);
      let number = known.get(text);
      if (number === undefined) {
        number = tensors.push(packBytes([Buffer.from(text, 'utf8')])) - 1;
        known.set(text, number);
        bytes += 4 * text.length;
      }
      index.push(number);
      bytes += 4;
    },
    get bytes() {
      return bytes;
    },
    tensors: () => {
      const all = index.array();
      return (label) => tensors[all[label]!]!;
    },
  };
}

function numberOf(value: unknown): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === 'true' || value === 'false') return value === 'true' ? 1 : 0;
  if (typeof value !== 'string' || value.trim() === '') return null;
  if (/^-?\d{1,19}$/.test(value)) return BigInt(value);
  const number = Number(value);
  return Number.isNaN(number) && value !== 'NaN' ? null : number;
}

function write(
  { datatype, refuseNonFinite }: PlannedInput,
  value: number | bigint,
  cells: DataView,
  at: number,
): boolean {
  switch (datatype) {
    case 'FP32':
      cells.setFloat32(at, Number(value), true);
      return !refuseNonFinite || Number.isFinite(Math.fround(Number(value)));
    case 'FP64':
      cells.setFloat64(at, Number(value), true);
      return !refuseNonFinite || Number.isFinite(Number(value));
    case 'BYTES':
    case 'FP16':
      return false;
    default:
      return writeWhole(datatype, value, cells, at);
  }
}

/** False for what is no whole number of the type. */
function writeWhole(
  datatype: Exclude<DataType, 'FP32' | 'FP64' | 'FP16' | 'BYTES'>,
  value: number | bigint,
  cells: DataView,
  at: number,
): boolean {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return false;
  const whole = BigInt(value);
  const bits = 8 * DATA_TYPE_BYTES[datatype];
  const signed = datatype.startsWith('INT');
  if ((signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole)) !== whole) return false;
  if (datatype === 'BOOL' && whole > 1n) return false;
  for (let i = 0; i < bits / 8; i++) cells.setUint8(at + i, Number((whole >> BigInt(8 * i)) & 0xffn));
  return true;
}

function wrong({ name, datatype, shape }: PlannedInput, value: unknown, where: string): ServingError {
  return invalid(`${where}: '${name}' must be ${datatype} [${shape.join(',')}], got ${showShort(value)}`);
}
