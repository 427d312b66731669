/**
 * Multilayer perceptrons as ONNX files: from trained layers, or random ones of a given size for tests and benches.
 * `model` (re-exported) writes any other graph.
 */
import { type Random, seededRandom } from '../../cluster/random.ts';
import { type Columns, emitColumns } from './columns.ts';
import { type InitializerSpec, model, type NodeSpec } from './onnx-model.ts';

export {
  type AttributeValue,
  type ElementType,
  type InitializerSpec,
  type ModelSpec,
  model,
  type NodeSpec,
  type ValueSpec,
} from './onnx-model.ts';

export type Activation = 'relu' | 'sigmoid' | 'none';

export type DenseLayer = {
  /** inWidth × outWidth, row-major: the weight from input i to output j is at `i * outWidth + j`. */
  readonly weights: Float32Array;
  /** outWidth numbers. */
  readonly bias: Float32Array;
  readonly activation: Activation;
};

/** Each column becomes (value − mean) / std. */
export type Standardisation = { readonly mean: Float32Array; readonly std: Float32Array };

export type MlpSpec = {
  readonly inputName: string;
  readonly outputName: string;
  readonly layers: readonly DenseLayer[];
  /** Applied before the first layer (after `transform`), inside the graph. */
  readonly normalise?: Standardisation;
  /** Columns computed from the raw input, inside the graph; absent: the input as it is. */
  readonly transform?: { readonly inputWidth: number; readonly columns: Columns };
  readonly description?: string;
};

/**
 * ONNX bytes of input [batch, inWidth] float32 → output [batch, outWidth] float32, 'batch' free.
 * Throws RangeError where the widths of neighbouring parts do not meet.
 */
export function mlp(spec: MlpSpec): Uint8Array {
  const nodes: NodeSpec[] = [];
  const initializers: InitializerSpec[] = [];
  const first = spec.layers[0];
  if (first === undefined) throw new RangeError('an mlp needs at least one layer');
  let width = first.weights.length / first.bias.length;
  let value = spec.inputName;

  if (spec.transform !== undefined) {
    const emitted = emitColumns(spec.transform.columns, spec.inputName);
    nodes.push(...emitted.nodes);
    initializers.push(...emitted.initializers);
    value = emitted.output;
    checkWidth('transform', spec.transform.columns.width, width);
  }
  if (spec.normalise !== undefined) {
    checkWidth('normalise.mean', spec.normalise.mean.length, width);
    checkWidth('normalise.std', spec.normalise.std.length, width);
    initializers.push({ name: 'mean', shape: [width], values: spec.normalise.mean });
    initializers.push({ name: 'std', shape: [width], values: spec.normalise.std });
    nodes.push({ op: 'Sub', inputs: [value, 'mean'], outputs: ['centred'] });
    nodes.push({ op: 'Div', inputs: ['centred', 'std'], outputs: ['standard'] });
    value = 'standard';
  }
  spec.layers.forEach((layer, index) => {
    const outWidth = layer.bias.length;
    checkWidth(`layer ${index}: weights`, layer.weights.length, width * outWidth);
    initializers.push({ name: `weights_${index}`, shape: [width, outWidth], values: layer.weights });
    initializers.push({ name: `bias_${index}`, shape: [outWidth], values: layer.bias });
    const isLast = index === spec.layers.length - 1;
    const activated = isLast ? spec.outputName : `hidden_${index}`;
    const linear = layer.activation === 'none' ? activated : `linear_${index}`;
    nodes.push({ op: 'Gemm', inputs: [value, `weights_${index}`, `bias_${index}`], outputs: [linear] });
    if (layer.activation !== 'none') {
      nodes.push({ op: layer.activation === 'relu' ? 'Relu' : 'Sigmoid', inputs: [linear], outputs: [activated] });
    }
    value = activated;
    width = outWidth;
  });

  const inputWidth = spec.transform?.inputWidth ?? first.weights.length / first.bias.length;
  return model({
    name: 'mlp',
    description: spec.description ?? '',
    inputs: [{ name: spec.inputName, type: 'float32', shape: ['batch', inputWidth] }],
    outputs: [{ name: spec.outputName, type: 'float32', shape: ['batch', width] }],
    nodes,
    initializers,
  });
}

function checkWidth(what: string, got: number, wanted: number): void {
  if (got !== wanted) throw new RangeError(`${what} has ${got} numbers; ${wanted} are needed`);
}

export type SeededMlpOptions = {
  /** Widths from input to output: [64, 256, 128, 1]. */
  readonly sizes: readonly number[];
  readonly seed: number;
  /** Default 'features'. */
  readonly inputName?: string;
  /** Default 'score'. */
  readonly outputName?: string;
};

/** An untrained perceptron, the same bytes for the same options: relu inside, sigmoid at the end. */
export function seededMlp(options: SeededMlpOptions): Uint8Array {
  return mlp({
    inputName: options.inputName ?? 'features',
    outputName: options.outputName ?? 'score',
    layers: seededLayers(options.sizes, seededRandom(options.seed)),
    description: `untrained, sizes ${options.sizes.join('-')}, seed ${options.seed}`,
  });
}

/**
 * Layers with He-uniform weights (He et al. 2015, https://arxiv.org/abs/1502.01852: variance 2 / inWidth, so uniform
 * within ±sqrt(6 / inWidth)) and biases of 0.
 */
export function seededLayers(sizes: readonly number[], random: Random): DenseLayer[] {
  return sizes.slice(1).map((outWidth, index) => {
    const inWidth = sizes[index]!;
    const bound = Math.sqrt(6 / inWidth);
    const weights = Float32Array.from({ length: inWidth * outWidth }, () => (2 * random.next() - 1) * bound);
    const isLast = index === sizes.length - 2;
    return { weights, bias: new Float32Array(outWidth), activation: isLast ? 'sigmoid' : 'relu' };
  });
}

/** Output of the layers for one row, in double precision; the last activation included. `input` has inWidth numbers. */
export function forward(layers: readonly DenseLayer[], input: ArrayLike<number>): Float64Array {
  let values: ArrayLike<number> = input;
  for (const { weights, bias, activation } of layers) {
    const outWidth = bias.length;
    const next = Float64Array.from(bias);
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value === 0) continue;
      const offset = i * outWidth;
      for (let j = 0; j < outWidth; j++) next[j]! += value * weights[offset + j]!;
    }
    if (activation === 'relu') for (let j = 0; j < outWidth; j++) next[j] = Math.max(0, next[j]!);
    if (activation === 'sigmoid') for (let j = 0; j < outWidth; j++) next[j] = 1 / (1 + Math.exp(-next[j]!));
    values = next;
  }
  return values as Float64Array;
}
