/** The number that stands for an answer when distributions are compared. Pure. */
import type { DataType, Tensor } from '../../../proto/tensor.ts';

type Reader = { readonly bytes: number; read(view: DataView): number };

const FLOATS: Partial<Record<DataType, Reader>> = {
  FP64: { bytes: 8, read: (view) => view.getFloat64(0, true) },
  FP32: { bytes: 4, read: (view) => view.getFloat32(0, true) },
  FP16: { bytes: 2, read: (view) => halfOf(view.getUint16(0, true)) },
};
const WHOLES: Partial<Record<DataType, Reader>> = {
  BOOL: { bytes: 1, read: (view) => view.getUint8(0) },
  INT8: { bytes: 1, read: (view) => view.getInt8(0) },
  UINT8: { bytes: 1, read: (view) => view.getUint8(0) },
  INT16: { bytes: 2, read: (view) => view.getInt16(0, true) },
  UINT16: { bytes: 2, read: (view) => view.getUint16(0, true) },
  INT32: { bytes: 4, read: (view) => view.getInt32(0, true) },
  UINT32: { bytes: 4, read: (view) => view.getUint32(0, true) },
  INT64: { bytes: 8, read: (view) => Number(view.getBigInt64(0, true)) },
  UINT64: { bytes: 8, read: (view) => Number(view.getBigUint64(0, true)) },
};

/**
 * First element of the first output of floating-point numbers, or of whole ones where there are no others: that of the
 * first row, whose user decided which version answered. Null where the model gives no numbers.
 */
export function scoreOf(outputs: readonly Tensor[]): number | null {
  return firstOf(outputs, FLOATS) ?? firstOf(outputs, WHOLES);
}

function firstOf(outputs: readonly Tensor[], readers: Partial<Record<DataType, Reader>>): number | null {
  for (const { datatype, data } of outputs) {
    const reader = readers[datatype];
    if (reader === undefined || data.byteLength < reader.bytes) continue;
    return reader.read(new DataView(data.buffer, data.byteOffset, reader.bytes));
  }
  return null;
}

function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1_023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1_024) * 2 ** (exponent - 15);
}
