/** Small ONNX models whose every answer can be worked out by hand. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { model } from '../../examples/support/onnx-writer.ts';

/** a₂ = 2a, b₁ = b + 1, text unchanged: three datatypes in, three out. */
export const mixedModel = (): Uint8Array =>
  model({
    inputs: [
      { name: 'a', type: 'float32', shape: ['batch', 2] },
      { name: 'b', type: 'int64', shape: ['batch', 1] },
      { name: 'text', type: 'string', shape: ['batch', 1] },
    ],
    outputs: [
      { name: 'a2', type: 'float32', shape: ['batch', 2] },
      { name: 'b1', type: 'int64', shape: ['batch', 1] },
      { name: 'said', type: 'string', shape: ['batch', 1] },
    ],
    nodes: [
      { op: 'Mul', inputs: ['a', 'two'], outputs: ['a2'] },
      { op: 'Add', inputs: ['b', 'one'], outputs: ['b1'] },
      { op: 'Identity', inputs: ['text'], outputs: ['said'] },
    ],
    initializers: [
      { name: 'two', shape: [1], values: [2] },
      { name: 'one', shape: [1], values: BigInt64Array.of(1n) },
    ],
  });

/** Rows of any length: doubled = 2x, total = Σx. */
export const dynamicModel = (): Uint8Array =>
  model({
    inputs: [{ name: 'x', type: 'float32', shape: ['batch', 'length'] }],
    outputs: [
      { name: 'doubled', type: 'float32', shape: ['batch', 'length'] },
      { name: 'total', type: 'float32', shape: ['batch', 1] },
    ],
    nodes: [
      { op: 'Mul', inputs: ['x', 'two'], outputs: ['doubled'] },
      { op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['total'], attributes: { keepdims: 1 } },
    ],
    initializers: [
      { name: 'two', shape: [1], values: [2] },
      { name: 'axes', shape: [1], values: BigInt64Array.of(1n) },
    ],
  });

/** `rows` rows of three a run, no more and no fewer: y = 2x. */
export const fixedModel = (rows: number): Uint8Array =>
  model({
    inputs: [{ name: 'x', type: 'float32', shape: [rows, 3] }],
    outputs: [{ name: 'y', type: 'float32', shape: [rows, 3] }],
    nodes: [{ op: 'Mul', inputs: ['x', 'two'], outputs: ['y'] }],
    initializers: [{ name: 'two', shape: [1], values: [2] }],
  });

export const TABLE = [10, 20, 30, 40];

/** value = TABLE[index], or 0 up to `entries`: the whole run fails where any row's index is out of range. */
export const tableModel = (entries = TABLE.length): Uint8Array =>
  model({
    inputs: [{ name: 'index', type: 'int64', shape: ['batch', 1] }],
    outputs: [{ name: 'value', type: 'float32', shape: ['batch', 1] }],
    nodes: [{ op: 'Gather', inputs: ['table', 'index'], outputs: ['value'] }],
    initializers: [{ name: 'table', shape: [entries], values: tableOf(entries) }],
  });

function tableOf(entries: number): Float32Array {
  const table = new Float32Array(entries);
  table.set(TABLE);
  return table;
}

export async function writeModel(
  models: string,
  name: string,
  version: string,
  bytes: Uint8Array | string,
  manifest?: object | string,
): Promise<string> {
  const directory = join(models, name, version);
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'model.onnx');
  await writeFile(path, bytes);
  if (manifest !== undefined) {
    const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
    await writeFile(join(models, name, 'model.json'), text);
  }
  return path;
}
