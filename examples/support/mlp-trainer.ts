/**
 * Trains a small binary classifier: a perceptron with relu inside and one sigmoid output, by mini-batch Adam on
 * weighted cross-entropy, stopped early on a validation set. Deterministic: the same data and seed, the same weights.
 */
import { below, type Random } from '../../cluster/random.ts';
import { type DenseLayer, forward, type Standardisation, seededLayers } from './onnx-writer.ts';

/** `rows` × `width` numbers, row-major, and a 0 or 1 each row. */
export type LabelledRows = {
  readonly width: number;
  readonly values: Float32Array;
  readonly labels: Uint8Array;
};

export type TrainOptions = {
  readonly train: LabelledRows;
  readonly validation: LabelledRows;
  /** Widths between input and output: [32, 16]. */
  readonly hidden: readonly number[];
  readonly random: Random;
  readonly epochsMax: number;
  /** Stops after this many epochs in a row without a lower validation loss. */
  readonly patience: number;
  readonly batchRows?: number;
  readonly learningRate?: number;
  /** Decoupled weight decay (AdamW), per step relative to the learning rate. */
  readonly weightDecay?: number;
};

export type Trained = {
  readonly layers: readonly DenseLayer[];
  readonly normalise: Standardisation;
  readonly epochs: number;
  /** Mean cross-entropy on the validation set, in nats, unweighted, of the weights returned. */
  readonly validationLoss: number;
};

/** Adam's usual constants (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1). */
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export function trainMlp(options: TrainOptions): Trained {
  const { train, validation, random } = options;
  const batchRows = options.batchRows ?? 128;
  const learningRate = options.learningRate ?? 2e-3;
  const weightDecay = options.weightDecay ?? 1e-3;
  const normalise = standardisation(train);
  const inputs = standardise(train, normalise);
  const validationInputs = standardise(validation, normalise);
  const positives = train.labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === train.labels.length) throw new RangeError('training needs rows of both classes');
  // Positives count for more while learning, so that a rare class moves the weights early; the root, not the whole
  // ratio, keeps single rows from dominating a batch. `unweighted` takes the shift in log-odds out again at the end.
  const positiveWeight = Math.sqrt((train.labels.length - positives) / positives);

  const layers = seededLayers([train.width, ...options.hidden, 1], random);
  const network = new Network(layers);
  const order = Uint32Array.from({ length: train.labels.length }, (_, index) => index);
  let best = snapshot(layers);
  let bestLoss = Number.POSITIVE_INFINITY;
  let bestEpoch = 0;
  let epochs = 0;
  while (epochs < options.epochsMax && epochs - bestEpoch < options.patience) {
    epochs += 1;
    shuffle(order, random);
    // Half a cosine from the full rate towards nothing settles the last epochs.
    const rate = learningRate * (0.02 + 0.49 * (1 + Math.cos((Math.PI * epochs) / options.epochsMax)));
    for (let start = 0; start < order.length; start += batchRows) {
      const end = Math.min(start + batchRows, order.length);
      for (let i = start; i < end; i++) {
        const row = order[i]!;
        network.accumulate(inputs, row * train.width, train.labels[row]!, positiveWeight);
      }
      network.step(end - start, rate, weightDecay);
    }
    const candidate = unweighted(snapshot(layers), positiveWeight);
    const loss = meanLoss(candidate, validationInputs, validation);
    if (loss < bestLoss) {
      bestLoss = loss;
      best = candidate;
      bestEpoch = epochs;
    }
  }
  return { layers: best, normalise, epochs, validationLoss: bestLoss };
}

/** Scores in [0, 1], one a row, as the ONNX graph computes them. */
export function scoreRows(trained: Pick<Trained, 'layers' | 'normalise'>, rows: LabelledRows): Float64Array {
  const inputs = standardise(rows, trained.normalise);
  return Float64Array.from(rows.labels, (_, row) => {
    return forward(trained.layers, inputs.subarray(row * rows.width, (row + 1) * rows.width))[0]!;
  });
}

/** Mean and deviation of each column; a column that never varies gets deviation 1. */
function standardisation({ width, values }: LabelledRows): Standardisation {
  const rows = values.length / width;
  const mean = new Float32Array(width);
  const std = new Float32Array(width);
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let i = column; i < values.length; i += width) sum += values[i]!;
    const centre = sum / rows;
    let squares = 0;
    for (let i = column; i < values.length; i += width) squares += (values[i]! - centre) ** 2;
    mean[column] = centre;
    std[column] = Math.sqrt(squares / rows) || 1;
  }
  return { mean, std };
}

function standardise({ width, values }: LabelledRows, { mean, std }: Standardisation): Float32Array {
  return values.map((value, index) => (value - mean[index % width]!) / std[index % width]!);
}

function meanLoss(layers: readonly DenseLayer[], inputs: Float32Array, { width, labels }: LabelledRows): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    const score = forward(layers, inputs.subarray(row * width, (row + 1) * width))[0]!;
    sum -= Math.log(Math.max(1e-12, labels[row] === 1 ? score : 1 - score));
  }
  return sum / labels.length;
}

function snapshot(layers: readonly DenseLayer[]): DenseLayer[] {
  return layers.map((layer) => ({ ...layer, weights: layer.weights.slice(), bias: layer.bias.slice() }));
}

/** Weighting positives by w adds ln w to the log-odds learned; without it, the score is a probability again. */
function unweighted(layers: DenseLayer[], positiveWeight: number): DenseLayer[] {
  const last = layers[layers.length - 1]!;
  last.bias[0]! -= Math.log(positiveWeight);
  return layers;
}

function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
}

/** One layer with its gradients and Adam's two running means of each. */
type LayerState = {
  readonly layer: DenseLayer;
  readonly inWidth: number;
  readonly outWidth: number;
  readonly activations: Float64Array;
  readonly deltas: Float64Array;
  readonly parameters: readonly Parameter[];
};

type Parameter = {
  readonly values: Float32Array;
  readonly gradient: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;
  readonly decays: boolean;
};

/** Changes the layers it is given in place. */
class Network {
  readonly #states: readonly LayerState[];
  #steps = 0;

  constructor(layers: readonly DenseLayer[]) {
    const parameter = (values: Float32Array, decays: boolean): Parameter => ({
      values,
      gradient: new Float64Array(values.length),
      mean: new Float64Array(values.length),
      square: new Float64Array(values.length),
      decays,
    });
    this.#states = layers.map((layer) => ({
      layer,
      inWidth: layer.weights.length / layer.bias.length,
      outWidth: layer.bias.length,
      activations: new Float64Array(layer.bias.length),
      deltas: new Float64Array(layer.bias.length),
      parameters: [parameter(layer.weights, true), parameter(layer.bias, false)],
    }));
  }

  /** Adds one row's gradient of the weighted cross-entropy. */
  accumulate(inputs: Float32Array, offset: number, label: number, positiveWeight: number): void {
    const states = this.#states;
    for (let depth = 0; depth < states.length; depth++) {
      const { layer, inWidth, outWidth, activations } = states[depth]!;
      const below = depth === 0 ? undefined : states[depth - 1]!.activations;
      const { weights } = layer;
      activations.set(layer.bias);
      for (let i = 0; i < inWidth; i++) {
        const value = below === undefined ? inputs[offset + i]! : below[i]!;
        if (value === 0) continue;
        for (let j = 0, at = i * outWidth; j < outWidth; j++, at++) activations[j]! += value * weights[at]!;
      }
      if (layer.activation === 'relu') {
        for (let j = 0; j < outWidth; j++) if (activations[j]! < 0) activations[j] = 0;
      }
    }
    const top = states[states.length - 1]!;
    const score = 1 / (1 + Math.exp(-top.activations[0]!));
    top.deltas[0] = (score - label) * (label === 1 ? positiveWeight : 1);
    for (let depth = states.length - 1; depth >= 0; depth--) this.#backward(depth, inputs, offset);
  }

  #backward(depth: number, inputs: Float32Array, offset: number): void {
    const { layer, inWidth, outWidth, deltas, parameters } = this.#states[depth]!;
    const lower = depth === 0 ? undefined : this.#states[depth - 1]!;
    const [weightGradient, biasGradient] = [parameters[0]!.gradient, parameters[1]!.gradient];
    for (let j = 0; j < outWidth; j++) biasGradient[j]! += deltas[j]!;
    for (let i = 0; i < inWidth; i++) {
      const value = lower === undefined ? inputs[offset + i]! : lower.activations[i]!;
      // A relu that is shut passes nothing back, and as an input adds nothing to the weights' gradient.
      if (value === 0) {
        if (lower !== undefined) lower.deltas[i] = 0;
        continue;
      }
      let back = 0;
      for (let j = 0, at = i * outWidth; j < outWidth; j++, at++) {
        weightGradient[at]! += value * deltas[j]!;
        back += layer.weights[at]! * deltas[j]!;
      }
      if (lower !== undefined) lower.deltas[i] = back;
    }
  }

  /** One step of Adam with decoupled weight decay (Loshchilov and Hutter 2019) on the mean of what was accumulated. */
  step(rows: number, learningRate: number, weightDecay: number): void {
    this.#steps += 1;
    const meanScale = 1 / (1 - BETA1 ** this.#steps);
    const squareScale = 1 / (1 - BETA2 ** this.#steps);
    for (const { parameters } of this.#states) {
      for (const { values, gradient, mean, square, decays } of parameters) {
        for (let i = 0; i < values.length; i++) {
          const slope = gradient[i]! / rows;
          gradient[i] = 0;
          mean[i] = BETA1 * mean[i]! + (1 - BETA1) * slope;
          square[i] = BETA2 * square[i]! + (1 - BETA2) * slope * slope;
          const pull = decays ? weightDecay * values[i]! : 0;
          values[i]! -=
            learningRate * ((mean[i]! * meanScale) / (Math.sqrt(square[i]! * squareScale) + EPSILON) + pull);
        }
      }
    }
  }
}
