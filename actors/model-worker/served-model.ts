/**
 * One model version on this worker's device: loaded, probed for what its file leaves open, and warmed up at every batch
 * size before it counts as ready.
 */

import { type ModelSpec, modelKey, rowShape, type TensorSpec } from '../../cluster/catalog/model-spec.ts';
import type { Clock } from '../../cluster/clock.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import type { Compute } from '../../proto/letters.ts';
import { DATA_TYPE_BYTES, elementCount } from '../../proto/tensor.ts';
import { Batcher } from './batcher.ts';
import type { Engine, EngineTensor, LoadedModel } from './engine.ts';
import { RowGatherer, scatterRows } from './gather-rows.ts';
import { type ModelFile, sha256Of } from './model-repository.ts';
import { ServiceTimeModel } from './service-time.ts';

export type BatchLimits = { readonly queueRowsMax: number; readonly queueItemsMax: number };

/** A request's place in the queue. */
export type QueuedCompute = { readonly request: Compute; readonly arrivedMs: number };

/** One caller's share of a run. */
export type RunShare = { readonly outputs: Uint8Array[]; readonly dims: number[] };

/** Each batch size is run this often at warm-up: the first run allocates, the others teach the service times. */
const WARM_UP_RUNS = 3;
/** Free dimensions other than rows are warmed up at this size. */
const FREE_DIMENSION_PROBE = 1;

export class ServedModel {
  readonly key: string;
  readonly spec: ModelSpec;
  readonly batcher: Batcher<QueuedCompute>;
  readonly #loaded: LoadedModel;
  readonly #gatherer: RowGatherer;
  /** Bytes a row must have, per input; 0 where rows differ. */
  readonly #rowBytes: readonly number[];
  readonly #hasFreeInputs: boolean;
  readonly #freeOutputs: readonly boolean[];

  constructor(spec: ModelSpec, loaded: LoadedModel, serviceTime: ServiceTimeModel, limits: BatchLimits) {
    this.key = modelKey(spec.manifest.name, spec.version);
    this.spec = spec;
    this.#loaded = loaded;
    this.#gatherer = new RowGatherer(spec.inputs);
    this.#rowBytes = spec.inputs.map((input) => fixedRowBytes(input, spec.batched));
    this.#hasFreeInputs = spec.inputs.some((input) => isFree(rowShape(input, spec.batched)));
    this.#freeOutputs = spec.outputs.map((output) => isFree(rowShape(output, spec.batched)));
    const batchRowsMax = spec.batched ? spec.manifest.batchRowsMax : 1;
    this.batcher = new Batcher(
      {
        batchRowsMax,
        queueRowsMax: Math.max(limits.queueRowsMax, batchRowsMax),
        queueItemsMax: limits.queueItemsMax,
        concurrency: 1,
      },
      serviceTime,
    );
  }

  /** Only requests with equal keys share a batch. Throws INVALID_ARGUMENT for inputs that are not this model's. */
  shapeKey(request: Compute): string {
    if (request.rows < 1) throw invalid(`a request for ${this.key} needs at least one row`, 'queue');
    if (request.inputs.length !== this.spec.inputs.length) {
      throw invalid(`model ${this.key} takes ${this.spec.inputs.length} inputs, got ${request.inputs.length}`, 'queue');
    }
    for (let i = 0; i < this.#rowBytes.length; i++) {
      const width = this.#rowBytes[i]!;
      const got = request.inputs[i]!.byteLength;
      if (width > 0 && got !== width * request.rows) {
        throw invalid(
          `input '${this.spec.inputs[i]!.name}' of ${this.key} needs ${width} bytes a row, got ${got} for ${request.rows} rows`,
          'queue',
        );
      }
    }
    return this.#hasFreeInputs ? request.dims.join(',') : '';
  }

  /** Runs the requests as one batch; each gets exactly its own rows back. */
  async run(requests: readonly Compute[], rows: number): Promise<RunShare[]> {
    const gathered = this.#gatherer.gather(requests);
    const results = await this.#loaded.run(this.#tensors(gathered.inputs, rows, requests[0]!.dims));
    const dims: number[] = [];
    results.forEach((result, i) => {
      const trailing = this.spec.batched ? result.shape.slice(1) : result.shape;
      if (this.spec.batched && result.shape[0] !== rows) {
        throw new ServingError(
          'INTERNAL',
          'run',
          `output '${this.spec.outputs[i]!.name}' of ${this.key} has ${result.shape[0]} rows for a batch of ${rows}`,
        );
      }
      if (this.#freeOutputs[i]) dims.push(...trailing);
    });
    const shares = scatterRows(
      this.spec.outputs,
      results.map((result) => result.data),
      requests.map((request) => request.rows),
    );
    return shares.map((outputs) => ({ outputs, dims }));
  }

  async release(): Promise<void> {
    await this.#loaded.release();
  }

  #tensors(inputs: readonly Uint8Array[], rows: number, dims: readonly number[]): EngineTensor[] {
    let nextFree = 0;
    return this.spec.inputs.map((input, i) => {
      const own = rowShape(input, this.spec.batched);
      let trailing = own;
      if (isFree(own)) {
        trailing = dims.slice(nextFree, nextFree + own.length);
        nextFree += own.length;
      }
      return { datatype: input.datatype, shape: this.spec.batched ? [rows, ...trailing] : trailing, data: inputs[i]! };
    });
  }
}

/** Loads and warms up. Rejects with a ServingError that names the model and the cause. */
export async function loadModel(
  file: ModelFile,
  engine: Engine,
  limits: BatchLimits,
  clock: Clock,
): Promise<ServedModel> {
  const key = modelKey(file.name, file.version);
  const sha256 = await sha256Of(file.path);
  let loaded: LoadedModel;
  try {
    loaded = await engine.load(file.path);
  } catch (thrown) {
    throw named(key, thrown);
  }
  try {
    const spec = await probe(file, sha256, loaded);
    const serviceTime = new ServiceTimeModel();
    await warmUp(spec, loaded, serviceTime, clock);
    return new ServedModel(spec, loaded, serviceTime, limits);
  } catch (thrown) {
    await loaded.release();
    throw named(key, thrown);
  }
}

function named(key: string, thrown: unknown): ServingError {
  if (thrown instanceof ServingError)
    return new ServingError(thrown.code, thrown.stage, `model ${key}: ${thrown.message}`, { cause: thrown });
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return new ServingError('INVALID_ARGUMENT', 'run', `model ${key} fails at warm-up: ${said.slice(0, 500)}`, {
    cause: thrown,
  });
}

/** Runs twice, with one row and with two, to learn whether rows can share a run and what shape unnamed outputs have. */
async function probe(file: ModelFile, sha256: string, loaded: LoadedModel): Promise<ModelSpec> {
  const freeFirst = loaded.inputs.length > 0 && loaded.inputs.every((input) => input.shape[0] === -1);
  let batched = freeFirst && file.manifest.batchRowsMax > 1;
  const one = await loaded.run(zeros(loaded.inputs, freeFirst, 1));
  if (batched) {
    const two = await loaded.run(zeros(loaded.inputs, true, 2)).catch(() => null);
    batched = two?.every((output, i) => output.shape[0] === 2 && one[i]!.shape[0] === 1) ?? false;
  }
  const outputs = loaded.outputs.map((output, i) => {
    const seen = one[i]!.shape;
    const shape = output.shape.length === seen.length ? output.shape : seen.map(() => -1);
    return { name: output.name, datatype: one[i]!.datatype, shape: batched ? [-1, ...shape.slice(1)] : shape };
  });
  return {
    manifest: file.manifest,
    version: file.version,
    sha256,
    platform: loaded.platform,
    inputs: loaded.inputs,
    outputs,
    batched,
  };
}

async function warmUp(
  spec: ModelSpec,
  loaded: LoadedModel,
  serviceTime: ServiceTimeModel,
  clock: Clock,
): Promise<void> {
  const sizes = [1];
  if (spec.batched) {
    for (let rows = 2; rows < spec.manifest.batchRowsMax; rows *= 2) sizes.push(rows);
    sizes.push(spec.manifest.batchRowsMax);
  }
  for (const rows of sizes) {
    const inputs = zeros(spec.inputs, spec.batched, rows);
    await loaded.run(inputs);
    for (let i = 0; i < WARM_UP_RUNS; i++) {
      const startMs = clock.nowMs();
      await loaded.run(inputs);
      serviceTime.observe(rows, clock.nowMs() - startMs);
    }
  }
}

function zeros(inputs: readonly TensorSpec[], rowsFirst: boolean, rows: number): EngineTensor[] {
  return inputs.map((input) => {
    const shape = input.shape.map((dimension, i) => {
      if (i === 0 && rowsFirst) return rows;
      return dimension < 0 ? FREE_DIMENSION_PROBE : dimension;
    });
    // An empty text is four zero bytes of length, so zeros serve BYTES too.
    const width = DATA_TYPE_BYTES[input.datatype] || 4;
    return { datatype: input.datatype, shape, data: new Uint8Array(elementCount(shape) * width) };
  });
}

function fixedRowBytes(tensor: TensorSpec, batched: boolean): number {
  const shape = rowShape(tensor, batched);
  return isFree(shape) ? 0 : elementCount(shape) * DATA_TYPE_BYTES[tensor.datatype];
}

function isFree(shape: readonly number[]): boolean {
  return shape.some((dimension) => dimension < 0);
}
