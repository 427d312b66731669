/** ONNX models that take as long as a test wants, on whatever machine it runs. */
import { onnxEngine } from '../../actors/model-worker/onnx-engine.ts';
import { systemClock } from '../../cluster/clock.ts';
import { model, type NodeSpec } from '../../examples/support/onnx-writer.ts';
import { writeModel } from './onnx-models.ts';

/** Side of the matrices: 4 MiB each, a few milliseconds a product. */
const SIDE = 1_024;

/** [1, 1] x → [1, 1] y = x + 1, by way of `products` matrix products. One row a run. */
export function chainModel(products: number): Uint8Array {
  const nodes: NodeSpec[] = [{ op: 'Add', inputs: ['x', 'ones'], outputs: ['h0'] }];
  // Every row of `mean` times a matrix whose values are all equal gives that matrix back.
  for (let i = 0; i < products; i++) nodes.push({ op: 'MatMul', inputs: [`h${i}`, 'mean'], outputs: [`h${i + 1}`] });
  nodes.push({ op: 'ReduceMax', inputs: [`h${products}`], outputs: ['y'], attributes: { keepdims: 1 } });
  return model({
    inputs: [{ name: 'x', type: 'float32', shape: [1, 1] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1, 1] }],
    nodes,
    initializers: [
      { name: 'ones', shape: [SIDE, SIDE], values: new Float32Array(SIDE * SIDE).fill(1) },
      { name: 'mean', shape: [SIDE, SIDE], values: new Float32Array(SIDE * SIDE).fill(1 / SIDE) },
    ],
  });
}

/** How many products take about `ms` here. `scratch`: a directory for a model to measure with. */
export async function productsFor(ms: number, scratch: string): Promise<number> {
  const products = 8;
  const path = await writeModel(scratch, 'measured', '1', chainModel(products));
  const loaded = await onnxEngine({ kind: 'cpu', cores: null }, 1, systemClock).load(path);
  let fastestMs = Infinity;
  for (let i = 0; i < 4; i++) {
    const startMs = systemClock.nowMs();
    await loaded.run([{ datatype: 'FP32', shape: [1, 1], data: new Uint8Array(4) }]);
    fastestMs = Math.min(fastestMs, systemClock.nowMs() - startMs);
  }
  await loaded.release();
  return Math.ceil((ms / fastestMs) * products);
}

/** Side of the matrices of `lengthModel`: small, since there are as many as the input is long. */
const SMALL_SIDE = 256;
const SMALL_PRODUCTS = 40;

/** [rows, length, 1, 1] x → [rows] y = 65536 · Σ(x + 1): takes as long as its input is, and next to nothing at warm-up. */
export function lengthModel(): Uint8Array {
  const nodes: NodeSpec[] = [{ op: 'Add', inputs: ['x', 'ones'], outputs: ['h0'] }];
  for (let i = 0; i < SMALL_PRODUCTS; i++)
    nodes.push({ op: 'MatMul', inputs: [`h${i}`, 'mean'], outputs: [`h${i + 1}`] });
  nodes.push({ op: 'ReduceSum', inputs: [`h${SMALL_PRODUCTS}`, 'axes'], outputs: ['y'], attributes: { keepdims: 0 } });
  const size = SMALL_SIDE * SMALL_SIDE;
  return model({
    inputs: [{ name: 'x', type: 'float32', shape: ['rows', 'length', 1, 1] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['rows'] }],
    nodes,
    initializers: [
      { name: 'ones', shape: [SMALL_SIDE, SMALL_SIDE], values: new Float32Array(size).fill(1) },
      { name: 'mean', shape: [SMALL_SIDE, SMALL_SIDE], values: new Float32Array(size).fill(1 / SMALL_SIDE) },
      { name: 'axes', shape: [3], values: BigInt64Array.of(1n, 2n, 3n) },
    ],
  });
}

/** The input length of `lengthModel` that takes about `ms` here. */
export async function lengthFor(ms: number, scratch: string): Promise<number> {
  const length = 16;
  const path = await writeModel(scratch, 'measured', '2', lengthModel());
  const loaded = await onnxEngine({ kind: 'cpu', cores: null }, 1, systemClock).load(path);
  let fastestMs = Infinity;
  for (let i = 0; i < 4; i++) {
    const startMs = systemClock.nowMs();
    await loaded.run([{ datatype: 'FP32', shape: [1, length, 1, 1], data: new Uint8Array(4 * length) }]);
    fastestMs = Math.min(fastestMs, systemClock.nowMs() - startMs);
  }
  await loaded.release();
  return Math.ceil((ms / fastestMs) * length);
}
