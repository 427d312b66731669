/**
 * Joins the rows of several callers into one batch and cuts the batch's outputs apart again, so that each caller gets
 * exactly its own rows back. Everything is copied: inputs into buffers that later batches reuse, outputs into memory
 * that no other caller shares.
 *
 * The first dimension is rows. Fixed-width tensors are row-major little-endian bytes; BYTES tensors are elements of a
 * 4-byte little-endian length and that many bytes each (see proto/tensor.ts), and have the same number per row.
 */
import { ServingError } from '../../proto/errors.ts';
import { DATA_TYPE_BYTES, type DataType } from '../../proto/tensor.ts';

/** What is known of a model input or output without its shape. */
export type RowTensor = { readonly name: string; readonly datatype: DataType };

/** One caller's part: `rows` rows of every model input, in the model's order. */
export type CallerRows = { readonly rows: number; readonly inputs: readonly Uint8Array[] };

export type GatheredRows = {
  readonly rows: number;
  /** Inputs in the model's order, each at the start of an ArrayBuffer, so that any typed array may view it. */
  readonly inputs: readonly Uint8Array<ArrayBuffer>[];
};

const BUFFER_BYTES_MIN = 4096;

/**
 * Width of one row of every input: bytes for a fixed-width datatype, elements for BYTES. Callers can share a batch
 * only if these are equal. Call it when a request arrives, so that a malformed one fails alone and not its batch.
 * Throws INVALID_ARGUMENT where inputs are missing or are not whole rows of whole elements.
 */
export function rowWidths(tensors: readonly RowTensor[], caller: CallerRows): number[] {
  if (!Number.isInteger(caller.rows) || caller.rows < 1) {
    throw new ServingError('INVALID_ARGUMENT', 'queue', `rows must be a whole number of 1 or more, got ${caller.rows}`);
  }
  if (caller.inputs.length !== tensors.length) {
    const names = tensors.map((tensor) => tensor.name).join(', ');
    const message = `the model takes ${tensors.length} inputs (${names}), got ${caller.inputs.length}`;
    throw new ServingError('INVALID_ARGUMENT', 'queue', message);
  }
  return tensors.map((tensor, index) => {
    const width = rowWidth(tensor.datatype, caller.inputs[index]!, caller.rows);
    if (width >= 0) return width;
    throw new ServingError('INVALID_ARGUMENT', 'queue', `input '${tensor.name}' ${notRows(tensor, caller, index)}`);
  });
}

function notRows(tensor: RowTensor, caller: CallerRows, index: number): string {
  const bytes = caller.inputs[index]!.byteLength;
  return `has ${bytes} bytes, which are not ${caller.rows} rows of whole ${tensor.datatype} elements`;
}

/**
 * The buffers that one batch at a time is gathered into. They grow to the largest batch seen and are kept up to
 * `retainedBytesMax` per input; a larger batch gets memory of its own, released with it.
 */
export class RowGatherer {
  readonly #tensors: readonly RowTensor[];
  readonly #retainedBytesMax: number;
  readonly #buffers: ArrayBuffer[];

  /** `retainedBytesMax`: bytes kept per model input between batches; default 16 MiB. */
  constructor(tensors: readonly RowTensor[], retainedBytesMax = 16 * 1024 * 1024) {
    this.#tensors = tensors;
    this.#retainedBytesMax = retainedBytesMax;
    this.#buffers = tensors.map(() => new ArrayBuffer(0));
  }

  /** Bytes held between batches. */
  get retainedBytes(): number {
    let bytes = 0;
    for (const buffer of this.#buffers) bytes += buffer.byteLength;
    return bytes;
  }

  /**
   * All callers' rows, in their order, one after another. The result is overwritten by the next call: a batch must
   * have run before the next is gathered.
   * Throws INVALID_ARGUMENT (as `rowWidths`), and INTERNAL where callers' rows differ in width: those share no batch.
   */
  gather(callers: readonly CallerRows[]): GatheredRows {
    let rows = 0;
    let widths: number[] | undefined;
    for (const caller of callers) {
      const own = rowWidths(this.#tensors, caller);
      widths ??= own;
      const odd = own.findIndex((width, index) => width !== widths![index]);
      if (odd >= 0) {
        const message = `input '${this.#tensors[odd]!.name}': rows of width ${own[odd]} and ${widths[odd]} were put in one batch`;
        throw new ServingError('INTERNAL', 'run', message);
      }
      rows += caller.rows;
    }
    return { rows, inputs: this.#tensors.map((_, index) => this.#concatenate(callers, index)) };
  }

  #concatenate(callers: readonly CallerRows[], index: number): Uint8Array<ArrayBuffer> {
    let bytes = 0;
    for (const caller of callers) bytes += caller.inputs[index]!.byteLength;
    const joined = new Uint8Array(this.#bufferFor(index, bytes), 0, bytes);
    let offset = 0;
    for (const caller of callers) {
      const part = caller.inputs[index]!;
      joined.set(part, offset);
      offset += part.byteLength;
    }
    return joined;
  }

  #bufferFor(index: number, bytes: number): ArrayBuffer {
    const kept = this.#buffers[index]!;
    if (bytes <= kept.byteLength) return kept;
    if (bytes > this.#retainedBytesMax) return new ArrayBuffer(bytes);
    let size = Math.max(kept.byteLength, BUFFER_BYTES_MIN);
    while (size < bytes) size *= 2;
    const grown = new ArrayBuffer(Math.min(size, this.#retainedBytesMax));
    this.#buffers[index] = grown;
    return grown;
  }
}

/**
 * Cuts a batch's outputs apart: for each caller, in the order gathered, its own copy of its rows of every output.
 * `outputs` hold the raw bytes of all rows, in the model's order.
 * Throws INTERNAL where an output is not `rows` rows: such a model mixes rows and must not be batched.
 */
export function scatterRows(
  tensors: readonly RowTensor[],
  outputs: readonly Uint8Array[],
  rowsOfCallers: readonly number[],
): Uint8Array[][] {
  if (outputs.length !== tensors.length) {
    throw new ServingError(
      'INTERNAL',
      'run',
      `the model has ${tensors.length} outputs, the run gave ${outputs.length}`,
    );
  }
  let rows = 0;
  for (const own of rowsOfCallers) rows += own;
  const parts: Uint8Array[][] = rowsOfCallers.map(() => []);
  tensors.forEach((tensor, index) => {
    const output = outputs[index]!;
    const width = rowWidth(tensor.datatype, output, rows);
    if (width < 0) {
      const message = `output '${tensor.name}' has ${output.byteLength} bytes, which are not ${rows} rows of whole ${tensor.datatype} elements; set the model's batchRowsMax to 1 if its first output dimension is not rows`;
      throw new ServingError('INTERNAL', 'run', message);
    }
    let start = 0;
    rowsOfCallers.forEach((own, caller) => {
      const end = tensor.datatype === 'BYTES' ? skipElements(output, start, own * width) : start + own * width;
      const copy = new Uint8Array(end - start);
      copy.set(output.subarray(start, end));
      parts[caller]!.push(copy);
      start = end;
    });
  });
  return parts;
}

/** Bytes (fixed width) or elements (BYTES) per row; -1 if `data` is not exactly `rows` rows of whole elements. */
function rowWidth(datatype: DataType, data: Uint8Array, rows: number): number {
  if (datatype === 'BYTES') {
    const count = countElements(data);
    return count >= 0 && count % rows === 0 ? count / rows : -1;
  }
  return data.byteLength % (rows * DATA_TYPE_BYTES[datatype]) === 0 ? data.byteLength / rows : -1;
}

/** -1 if the last element is cut off: its length would otherwise reach into the next caller's bytes. */
function countElements(data: Uint8Array): number {
  let count = 0;
  let offset = 0;
  while (offset < data.byteLength) {
    offset = skipElements(data, offset, 1);
    if (offset > data.byteLength) return -1;
    count++;
  }
  return count;
}

/** Offset after `count` elements from `offset`; beyond the end of `data` if one of them is cut off. */
function skipElements(data: Uint8Array, offset: number, count: number): number {
  for (let i = 0; i < count; i++) {
    if (offset + 4 > data.byteLength) return Infinity;
    const length = data[offset]! | (data[offset + 1]! << 8) | (data[offset + 2]! << 16) | (data[offset + 3]! << 24);
    offset += 4 + (length >>> 0);
  }
  return offset;
}
