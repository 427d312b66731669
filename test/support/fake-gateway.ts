/**
 * A Gateway in memory for the edges' tests: simple arithmetic models that really compute from the tensors they are
 * given, a feature table, and switches to fail, hold and become unready. It checks inputs as the real one must.
 */

import type {
  ClusterStatus,
  FeatureReadOptions,
  FeatureReadRow,
  FeatureRow,
  FeatureValue,
  Gateway,
  ModelDescription,
  PredictCall,
  PredictResult,
  PushAck,
  TensorSpec,
} from '../../actors/router/gateway-port.ts';
import { type ModelStatistics, ModelTallies } from '../../actors/router/model-statistics.ts';
import { entity, int64, type View, view } from '../../cluster/catalog/views.ts';
import { systemClock } from '../../cluster/clock.ts';
import { invalid, notFound, ServingError } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';
import { bytesElements, checkByteLength, DATA_TYPES, type DataType, type Tensor } from '../../proto/tensor.ts';

type Model = {
  readonly description: ModelDescription;
  readonly run: (inputs: ReadonlyMap<string, Tensor>) => Tensor[];
};

export function fp32(name: string, shape: readonly number[], values: readonly number[]): Tensor {
  const data = new Uint8Array(values.length * 4);
  const view = new DataView(data.buffer);
  for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true);
  return { name, datatype: 'FP32', shape, data };
}

export function fp32Values(tensor: Tensor): number[] {
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  return Array.from({ length: tensor.data.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

function describe(
  name: string,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  entityInput: string | null = null,
): ModelDescription {
  return {
    name,
    versions: ['1', '2'],
    version: '2',
    platform: 'onnxruntime_onnx',
    inputs,
    outputs,
    entityInput,
    rowsMax: 64,
    batched: true,
  };
}

const spec = (name: string, datatype: DataType, ...shape: number[]): TensorSpec => ({ name, datatype, shape });

/** score = amount / (amount + 100) + length of the merchant's name / 1000: every input changes the answer. */
const fraud: Model = {
  description: describe(
    'fraud',
    [spec('user_id', 'BYTES', -1, 1), spec('merchant_id', 'BYTES', -1, 1), spec('amount', 'FP32', -1, 1)],
    [spec('score', 'FP32', -1, 1)],
    'user_id',
  ),
  run: (inputs) => {
    const merchants = bytesElements(inputs.get('merchant_id')!.data);
    const scores = fp32Values(inputs.get('amount')!).map((a, i) => a / (a + 100) + merchants[i]!.byteLength / 1000);
    return [fp32('score', [scores.length, 1], scores)];
  },
};

/** sum = a + b and pair = [a, b], a row; no features. */
const add: Model = {
  description: describe(
    'add',
    [spec('a', 'FP32', -1, 1), spec('b', 'FP32', -1)],
    [spec('sum', 'FP32', -1), spec('pair', 'FP32', -1, 2)],
  ),
  run: (inputs) => {
    const a = fp32Values(inputs.get('a')!);
    const b = fp32Values(inputs.get('b')!);
    const sums = a.map((value, i) => value + b[i]!);
    return [
      fp32('sum', [a.length], sums),
      fp32(
        'pair',
        [a.length, 2],
        a.flatMap((value, i) => [value, b[i]!]),
      ),
    ];
  },
};

/** One input `x` of any width, given back as `y`. */
function echo(name: string, datatype: DataType, ...shape: number[]): Model {
  return {
    description: describe(name, [spec('x', datatype, ...shape)], [spec('y', datatype, ...shape)]),
    run: (inputs) => [{ ...inputs.get('x')!, name: 'y' }],
  };
}

const userProfile = view({
  name: 'user_profile',
  entity: entity({ name: 'user', key: 'user_id' }),
  features: { age: int64() },
});

export class FakeGateway implements Gateway {
  readonly calls: PredictCall[] = [];
  readonly tallies = new ModelTallies(systemClock);
  readonly readOptions: FeatureReadOptions[] = [];
  readonly stored = new Map<string, FeatureRow>();
  /** What the next predictions reject with. */
  failure: unknown;
  missing: string[] = [];
  #models = new Map<string, Model>();
  #held: (() => void)[] | undefined;
  #seq = 0;

  constructor() {
    const echoes = DATA_TYPES.map((datatype) => echo(`echo_${datatype}`, datatype, -1, 2));
    for (const model of [fraud, add, echo('wide', 'FP32', -1, -1, 2), ...echoes]) {
      this.#models.set(model.description.name, model);
    }
  }

  /** Predictions wait from now on, until `release`. */
  hold(): void {
    this.#held = [];
  }

  get heldCount(): number {
    return this.#held?.length ?? 0;
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  async predict(call: PredictCall): Promise<PredictResult> {
    this.calls.push(call);
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve));
    if (this.failure !== undefined) throw this.failure;
    const description = this.describe(call.model, call.version);
    const inputs = new Map(call.inputs.map((tensor) => [tensor.name, tensor]));
    for (const wanted of description.inputs) checkInput(description.name, wanted, inputs.get(wanted.name));
    for (const name of inputs.keys()) {
      if (!description.inputs.some((known) => known.name === name))
        throw invalid(`no input ${quoteShort(name)}`, 'route');
    }
    if (new Set(call.inputs.map((tensor) => tensor.shape[0])).size > 1) {
      throw invalid('every input must have as many rows as the others', 'route');
    }
    const rows = description.entityInput === null ? 0 : (inputs.get(description.entityInput)?.shape[0] ?? 0);
    return {
      requestId: call.requestId ?? 'made-by-gateway',
      traceId: call.trace?.traceId ?? 'f'.repeat(32),
      spanId: 'e'.repeat(16),
      sampled: call.trace?.sampled ?? false,
      model: { name: call.model, version: description.version },
      outputs: this.#models.get(call.model)!.run(inputs),
      features: Array.from({ length: rows }, (_, i) => ({
        appliedSeq: 40 + i,
        everywhereSeq: 90 + i,
        asOfMs: 1_700_000_000_000 + i,
        ageMs: i === 0 ? 12 : null,
        defaulted: [],
        expired: [],
      })),
      timingsUs: { total: 900, shard: 100, queue: 200, run: 300, batchRows: Math.max(1, rows) },
    };
  }

  models(): readonly ModelDescription[] {
    return [...this.#models.values()].map((model) => model.description);
  }

  describe(name: string, version?: string): ModelDescription {
    const model = this.#models.get(name);
    if (model === undefined) throw notFound(`no model ${quoteShort(name)} is served`, 'route');
    if (version !== undefined && !model.description.versions.includes(version)) {
      throw notFound(`model '${name}' has no version ${version}`, 'route');
    }
    return version === undefined ? model.description : { ...model.description, version };
  }

  async push(view: string, rows: readonly FeatureRow[]): Promise<readonly PushAck[]> {
    if (this.failure !== undefined) throw this.failure;
    if (view === 'log_down') {
      return rows.map(() => ({ error: { code: 'UNAVAILABLE', message: 'the log cannot be reached' } }));
    }
    if (view !== 'user_profile') throw notFound(`no view ${quoteShort(view)}`);
    return rows.map((row) => {
      const key = row['user_id'];
      if (typeof key !== 'string') return { error: { code: 'INVALID_ARGUMENT', message: "'user_id' is missing" } };
      this.stored.set(key, row);
      return { partition: key.length, seq: ++this.#seq };
    });
  }

  async delete(view: string, keys: readonly string[]): Promise<readonly PushAck[]> {
    if (view !== 'user_profile') throw notFound(`no view ${quoteShort(view)}`);
    return keys.map((key) => {
      this.stored.delete(key);
      return { partition: key.length, seq: ++this.#seq };
    });
  }

  async get(
    view: string,
    keys: readonly string[],
    options: FeatureReadOptions = {},
  ): Promise<readonly FeatureReadRow[]> {
    this.readOptions.push(options);
    if (view !== 'user_profile') throw notFound(`no view ${quoteShort(view)}`);
    return keys.map((key) => {
      const { user_id: _, ...values } = this.stored.get(key) ?? {};
      return {
        key,
        found: this.stored.has(key),
        values: values as Record<string, FeatureValue>,
        partition: key.length,
        applied_seq: this.#seq,
        everywhere_seq: null,
        as_of_ms: 1_700_000_000_005,
        age_ms: this.stored.has(key) ? 5 : null,
        event_time_ms: this.stored.has(key) ? 1_700_000_000_000 : null,
        defaulted: [],
        expired: [],
      };
    });
  }

  views(): ReadonlyMap<string, View> {
    return new Map([[userProfile.name, userProfile]]);
  }

  modelFeatures(model: string): readonly string[] {
    return this.describe(model).entityInput === null ? [] : ['user_profile.age'];
  }

  statistics(model?: string, version?: string): readonly ModelStatistics[] {
    const wanted = model === undefined ? this.models() : [this.describe(model, version)];
    return wanted.flatMap(({ name, versions }) =>
      (version === undefined ? versions : [version]).map((one) => this.tallies.of(name, one)),
    );
  }

  status(): ClusterStatus {
    return {
      cluster: 'test',
      epoch: 3,
      leader: 'gateway-0',
      partitions: 2,
      replicas: 1,
      members: [],
      models_with_problems: [],
      owners: [['a'], ['b']],
    };
  }

  notReady(): readonly string[] {
    return this.missing;
  }
}

function checkInput(model: string, wanted: TensorSpec, given: Tensor | undefined): void {
  if (given === undefined) throw invalid(`model '${model}' needs input '${wanted.name}'`, 'route');
  if (given.datatype !== wanted.datatype) {
    throw invalid(`input '${wanted.name}' must be ${wanted.datatype}, got ${given.datatype}`, 'route');
  }
  const fits =
    given.shape.length === wanted.shape.length && wanted.shape.every((size, i) => size < 0 || size === given.shape[i]);
  if (!fits) {
    throw invalid(`input '${wanted.name}' must have shape [${wanted.shape}], got [${given.shape}]`, 'route');
  }
  if (given.shape[0] === 0) throw new ServingError('INVALID_ARGUMENT', 'route', 'no rows');
  checkByteLength(given);
}
