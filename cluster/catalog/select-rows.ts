/** Takes some rows of a raw tensor, in the order asked, and puts rows back in order. Pure. */
import { bytesElements, type DataType, packBytes } from '../../proto/tensor.ts';

/** Rows `indices` of a tensor that has `rows` rows. */
export function selectRows(data: Uint8Array, datatype: DataType, rows: number, indices: readonly number[]): Uint8Array {
  if (datatype === 'BYTES') {
    const elements = bytesElements(data);
    const width = elements.length / rows;
    const chosen: Uint8Array[] = [];
    for (const index of indices) for (let i = 0; i < width; i++) chosen.push(elements[index * width + i]!);
    return packBytes(chosen);
  }
  const width = data.byteLength / rows;
  const selected = new Uint8Array(width * indices.length);
  indices.forEach((index, row) => {
    selected.set(data.subarray(index * width, (index + 1) * width), row * width);
  });
  return selected;
}

/** One tensor of `rows` rows from parts; `indices[p][i]` is the row at which row i of part p belongs. */
export function mergeRows(
  parts: readonly Uint8Array[],
  datatype: DataType,
  rows: number,
  indices: readonly (readonly number[])[],
): Uint8Array {
  if (datatype === 'BYTES') {
    const merged: Uint8Array[][] = new Array<Uint8Array[]>(rows);
    parts.forEach((part, p) => {
      const elements = bytesElements(part);
      const width = elements.length / indices[p]!.length;
      indices[p]!.forEach((row, i) => {
        merged[row] = elements.slice(i * width, (i + 1) * width);
      });
    });
    return packBytes(merged.flat());
  }
  let bytes = 0;
  for (const part of parts) bytes += part.byteLength;
  const width = bytes / rows;
  const merged = new Uint8Array(bytes);
  parts.forEach((part, p) => {
    indices[p]!.forEach((row, i) => {
      merged.set(part.subarray(i * width, (i + 1) * width), row * width);
    });
  });
  return merged;
}
