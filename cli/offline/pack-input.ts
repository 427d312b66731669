/** Values of request inputs, as labels or the command line give them, in the bytes that a request would carry. Pure. */
import type { PlannedInput } from '../../cluster/catalog/serving-plan.ts';
import { invalid, type ServingError } from '../../proto/errors.ts';
import { showShort } from '../../proto/names.ts';
import { DATA_TYPE_BYTES } from '../../proto/tensor.ts';

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

function numberOf(value: unknown): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
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
    case 'INT32':
      cells.setInt32(at, Number(value), true);
      return Number(value) === (Number(value) | 0);
    case 'INT64':
      if (typeof value === 'number' && !Number.isSafeInteger(value)) return false;
      cells.setBigInt64(at, BigInt(value), true);
      return BigInt.asIntN(64, BigInt(value)) === BigInt(value);
    default:
      return false;
  }
}

function wrong({ name, datatype, shape }: PlannedInput, value: unknown, where: string): ServingError {
  return invalid(`${where}: '${name}' must be ${datatype} [${shape.join(',')}], got ${showShort(value)}`);
}
