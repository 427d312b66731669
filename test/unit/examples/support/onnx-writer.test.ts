/** The written files are read by ONNX Runtime, and say what they should: an independent judge of the format. */
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../cluster/random.ts';
import {
  type Activation,
  type DenseLayer,
  forward,
  type ModelSpec,
  mlp,
  model,
  seededMlp,
} from '../../../../examples/support/onnx-writer.ts';

async function runOne(bytes: Uint8Array, feeds: Record<string, Tensor>, output: string): Promise<Tensor> {
  const session = await InferenceSession.create(bytes);
  const results = await session.run(feeds);
  await session.release();
  return results[output]!;
}

/** Written straight from the definition, apart from the code under test. */
function naiveForward(layers: readonly DenseLayer[], row: readonly number[]): number[] {
  return layers.reduce<number[]>(
    (inputs, { weights, bias, activation }) => {
      return [...bias].map((start, j) => {
        const sum = inputs.reduce((total, value, i) => total + value * weights[i * bias.length + j]!, start);
        if (activation === 'none') return sum;
        return activation === 'relu' ? Math.max(0, sum) : 1 / (1 + Math.exp(-sum));
      });
    },
    [...row],
  );
}

function randomLayers(sizes: readonly number[], last: Activation, seed: number): DenseLayer[] {
  const random = seededRandom(seed);
  const numbers = (length: number) => Float32Array.from({ length }, () => random.next() * 2 - 1);
  return sizes.slice(1).map((outWidth, i) => ({
    weights: numbers(sizes[i]! * outWidth),
    bias: numbers(outWidth),
    activation: i === sizes.length - 2 ? last : 'relu',
  }));
}

describe('mlp', () => {
  it('computes in ONNX Runtime what the layers say, for any widths, rows and last activation', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }),
        fc.constantFrom<Activation>('relu', 'sigmoid', 'none'),
        fc.integer({ min: 1, max: 5 }),
        fc.integer(),
        async (sizes, last, rows, seed) => {
          const layers = randomLayers(sizes, last, seed);
          const inWidth = sizes[0]!;
          const random = seededRandom(seed + 1);
          const data = Float32Array.from({ length: rows * inWidth }, () => random.next() * 4 - 2);
          const feeds = { x: new Tensor('float32', data, [rows, inWidth]) };
          const output = await runOne(mlp({ inputName: 'x', outputName: 'y', layers }), feeds, 'y');
          expect(output.dims).toEqual([rows, sizes.at(-1)]);
          const got = [...(output.data as Float32Array)];
          const wanted = Array.from({ length: rows }, (_, row) =>
            naiveForward(layers, [...data.subarray(row * inWidth, (row + 1) * inWidth)]),
          ).flat();
          got.forEach((value, i) => {
            expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted[i]!)));
          });
          const first = forward(layers, data.subarray(0, inWidth));
          first.forEach((value, i) => {
            expect(value).toBeCloseTo(wanted[i]!, 9);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('standardises its input inside the graph', async () => {
    const layers: DenseLayer[] = [
      { weights: Float32Array.of(1, 0, 0, 1), bias: Float32Array.of(0, 0), activation: 'none' },
    ];
    const normalise = { mean: Float32Array.of(10, -4), std: Float32Array.of(2, 0.5) };
    const bytes = mlp({ inputName: 'x', outputName: 'y', layers, normalise });
    const output = await runOne(bytes, { x: new Tensor('float32', Float32Array.of(14, -3), [1, 2]) }, 'y');
    expect([...(output.data as Float32Array)]).toEqual([2, 2]);
  });

  it('refuses layers whose widths do not meet', () => {
    const layer = (inWidth: number, outWidth: number): DenseLayer => ({
      weights: new Float32Array(inWidth * outWidth),
      bias: new Float32Array(outWidth),
      activation: 'relu',
    });
    const spec = { inputName: 'x', outputName: 'y' };
    expect(() => mlp({ ...spec, layers: [] })).toThrow(/at least one layer/);
    expect(() => mlp({ ...spec, layers: [layer(4, 3), layer(2, 1)] })).toThrow(/layer 1.* has 2 numbers; 3 are needed/);
    const normalise = { mean: new Float32Array(3), std: new Float32Array(4) };
    expect(() => mlp({ ...spec, layers: [layer(4, 1)], normalise })).toThrow(/normalise\.mean has 3 numbers; 4/);
  });
});

describe('seededMlp', () => {
  it('gives the same bytes for the same seed, others for another, and runs at the benches’ sizes', async () => {
    const small = seededMlp({ sizes: [64, 256, 128, 1], seed: 3 });
    expect(Buffer.compare(small, seededMlp({ sizes: [64, 256, 128, 1], seed: 3 }))).toBe(0);
    expect(Buffer.compare(small, seededMlp({ sizes: [64, 256, 128, 1], seed: 4 }))).not.toBe(0);
    const large = seededMlp({ sizes: [256, 1024, 1024, 512, 1], seed: 3 });
    for (const [bytes, width] of [
      [small, 64],
      [large, 256],
    ] as const) {
      const random = seededRandom(9);
      const data = Float32Array.from({ length: 2 * width }, () => random.next() * 2 - 1);
      const output = await runOne(bytes, { features: new Tensor('float32', data, [2, width]) }, 'score');
      expect(output.dims).toEqual([2, 1]);
      const [a, b] = output.data as Float32Array;
      // Neither saturated nor blind to its input.
      for (const score of [a!, b!]) expect(score > 0.001 && score < 0.999).toBe(true);
      expect(a).not.toBe(b);
    }
  });
});

describe('model', () => {
  it('writes several inputs and outputs of several types', async () => {
    const bytes = model({
      inputs: [
        { name: 'ids', type: 'int64', shape: ['batch', 2] },
        { name: 'weights', type: 'float64', shape: ['batch', 2] },
      ],
      outputs: [
        { name: 'next', type: 'int64', shape: ['batch', 2] },
        { name: 'half', type: 'float64', shape: ['batch', 2] },
      ],
      initializers: [
        { name: 'one', shape: [1], values: BigInt64Array.of(1n) },
        { name: 'two', shape: [], values: Float64Array.of(2) },
      ],
      nodes: [
        { op: 'Add', inputs: ['ids', 'one'], outputs: ['next'] },
        { op: 'Div', inputs: ['weights', 'two'], outputs: ['half'] },
      ],
    });
    const session = await InferenceSession.create(bytes);
    expect(session.inputNames).toEqual(['ids', 'weights']);
    expect(session.outputNames).toEqual(['next', 'half']);
    const results = await session.run({
      ids: new Tensor('int64', BigInt64Array.of(1n, 2n ** 60n), [1, 2]),
      weights: new Tensor('float64', Float64Array.of(3, -5), [1, 2]),
    });
    expect([...(results['next']!.data as BigInt64Array)]).toEqual([2n, 2n ** 60n + 1n]);
    expect([...(results['half']!.data as Float64Array)]).toEqual([1.5, -2.5]);
  });

  it('writes text: Identity on strings, and a constant of them', async () => {
    const identity: ModelSpec = {
      inputs: [{ name: 'in', type: 'string', shape: ['batch', 1] }],
      outputs: [
        { name: 'out', type: 'string', shape: ['batch', 1] },
        { name: 'fixed', type: 'string', shape: [2] },
      ],
      initializers: [{ name: 'words', shape: [2], values: ['été', ''] }],
      nodes: [
        { op: 'Identity', inputs: ['in'], outputs: ['out'] },
        { op: 'Identity', inputs: ['words'], outputs: ['fixed'] },
      ],
    };
    const session = await InferenceSession.create(model(identity));
    const results = await session.run({ in: new Tensor('string', ['a', 'ü'], [2, 1]) });
    expect(results['out']!.data).toEqual(['a', 'ü']);
    expect(results['fixed']!.data).toEqual(['été', '']);
  });

  it('keeps a fixed first dimension fixed, and free ones free', async () => {
    const spec = (rows: number | string): Uint8Array =>
      model({
        inputs: [{ name: 'x', type: 'float32', shape: [rows, 'width'] }],
        outputs: [{ name: 'y', type: 'float32', shape: [rows, 'width'] }],
        nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
      });
    const three = { x: new Tensor('float32', new Float32Array(6), [3, 2]) };
    expect((await runOne(spec('batch'), three, 'y')).dims).toEqual([3, 2]);
    await expect(runOne(spec(2), three, 'y')).rejects.toThrow(/dimension/i);
  });

  it('writes attributes of each kind', async () => {
    const bytes = model({
      inputs: [{ name: 'x', type: 'float32', shape: [1, 3] }],
      outputs: [
        { name: 'leaky', type: 'float32', shape: [1, 3] },
        { name: 'turned', type: 'float32', shape: [3, 1] },
        { name: 'whole', type: 'int32', shape: [3, 1] },
        { name: 'listed', type: 'float32', shape: [2] },
        { name: 'scaled', type: 'float32', shape: [1, 3] },
      ],
      nodes: [
        { op: 'LeakyRelu', inputs: ['x'], outputs: ['leaky'], attributes: { alpha: 0.25 } },
        { op: 'Transpose', inputs: ['x'], outputs: ['turned'], attributes: { perm: [1, 0] } },
        { op: 'Cast', inputs: ['turned'], outputs: ['whole'], attributes: { to: 6 } },
        { op: 'Constant', inputs: [], outputs: ['listed'], attributes: { value_floats: { floats: [1, 2.5] } } },
        { op: 'LeakyRelu', inputs: ['x'], outputs: ['scaled'], attributes: { alpha: { float: 2 } } },
      ],
    });
    const session = await InferenceSession.create(bytes);
    const results = await session.run({ x: new Tensor('float32', Float32Array.of(-4, 2.75, 0), [1, 3]) });
    expect([...(results['leaky']!.data as Float32Array)]).toEqual([-1, 2.75, 0]);
    expect(results['turned']!.dims).toEqual([3, 1]);
    expect([...(results['whole']!.data as Int32Array)]).toEqual([-4, 2, 0]);
    expect([...(results['listed']!.data as Float32Array)]).toEqual([1, 2.5]);
    expect([...(results['scaled']!.data as Float32Array)]).toEqual([-8, 2.75, 0]);
  });

  it('refuses a constant that does not fill its shape', () => {
    const spec: ModelSpec = {
      inputs: [],
      outputs: [],
      nodes: [],
      initializers: [{ name: 'w', shape: [2, 3], values: [1, 2, 3] }],
    };
    expect(() => model(spec)).toThrow("initializer 'w': shape [2,3] needs 6 values, got 3");
  });
});
