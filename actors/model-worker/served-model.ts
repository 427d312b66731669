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
import { batchRowsWithin, checkAnswerFits, checkOneRowFits, outputRowBytes } from './output-bounds.ts';
import { ServiceTimeModel, type ServiceTimeOptions } from './service-time.ts';

export type BatchLimits = {
  readonly queueRowsMax: number;
  readonly queueItemsMax: number;
  /** Outputs that one answer can carry, bytes. */
  readonly answerBytesMax: number;
};

/** A request's place in the queue. */
export type QueuedCompute = { readonly request: Compute; readonly arrivedMs: number };

/** One caller's share of a run. */
export type RunShare = { readonly outputs: Uint8Array[]; readonly dims: number[] };

/** Each batch size is run this often at warm-up, beside a first run that allocates: these teach the service times. */
export const WARM_UP_RUNS = 3;
/**
 * Promised times are a share of 0.5 higher over the root of the runs: 29 % after warm-up, 4 % once the window is full.
 * Three of five runs that agree are a change of speed.
 */
export const SERVICE_TIME_OPTIONS: ServiceTimeOptions = Object.freeze({ headroom: 0.5, shiftRuns: 5 });
/** Free dimensions other than rows are warmed up at this size. */
const FREE_DIMENSION_PROBE = 1;

export class ServedModel {
  readonly key: string;
  readonly spec: ModelSpec;
  readonly batcher: Batcher<QueuedCompute>;
  /** Milliseconds of a full batch at warm-up: the median, since one slow run may be the machine's doing. */
  readonly fullRunMs: number;
  /** Whether requests choose dimensions of the inputs other than rows. */
  readonly hasFreeInputs: boolean;
  readonly #loaded: LoadedModel;
  readonly #gatherer: RowGatherer;
  readonly #answerBytesMax: number;
  /** Of all outputs; null where only the run tells. */
  readonly #outputRowBytes: number | null;
  /** Bytes a row must have, per input; 0 where rows differ. */
  readonly #rowBytes: readonly number[];
  readonly #freeOutputs: readonly boolean[];

  constructor(spec: ModelSpec, loaded: LoadedModel, serviceTime: ServiceTimeModel, limits: BatchLimits) {
    this.key = modelKey(spec.manifest.name, spec.version);
    this.spec = spec;
    this.#loaded = loaded;
    // Memory that goes to the engine's thread with a batch cannot be kept for the next.
    this.#gatherer = loaded.ownThread ? new RowGatherer(spec.inputs, 0) : new RowGatherer(spec.inputs);
    this.#answerBytesMax = limits.answerBytesMax;
    this.#outputRowBytes = outputRowBytes(spec.outputs, spec.batched);
    this.#rowBytes = spec.inputs.map((input) => fixedRowBytes(input, spec.batched));
    this.hasFreeInputs = spec.inputs.some((input) => isFree(rowShape(input, spec.batched)));
    this.#freeOutputs = spec.outputs.map((output) => isFree(rowShape(output, spec.batched)));
    const batchRowsMax = batchRowsWithin(spec, limits.answerBytesMax);
    this.fullRunMs = serviceTime.typicalMs(batchRowsMax);
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

  /** Whether a run leaves the worker's thread free for other models; if not, it blocks it from start to end. */
  get ownThread(): boolean {
    return this.#loaded.ownThread;
  }

  get loadMs(): number {
    return this.#loaded.loadMs;
  }

  /** Resolves when the engine is gone without having been released: the process should end and be started anew. */
  get lost(): Promise<ServingError> {
    return this.#loaded.lost;
  }

  /**
   * Only requests with equal keys share a batch. Throws INVALID_ARGUMENT for inputs that are not this model's, and
   * RESOURCE_EXHAUSTED for more rows than an answer can hold the outputs of.
   */
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
    if (this.#outputRowBytes !== null && this.spec.batched)
      checkAnswerFits(this.key, request.rows, request.rows * this.#outputRowBytes, this.#answerBytesMax);
    return this.hasFreeInputs ? request.dims.join(',') : '';
  }

  /**
   * Runs the requests as one batch; each gets exactly its own rows back. Rejects with RESOURCE_EXHAUSTED where somebody's
   * outputs, known only now, are larger than an answer.
   */
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
    const outputs = results.map((result) => result.data);
    if (this.#outputRowBytes === null) this.#checkSizes(outputs, requests, rows);
    const shares = scatterRows(
      this.spec.outputs,
      outputs,
      requests.map((request) => request.rows),
    );
    return shares.map((outputs) => ({ outputs, dims }));
  }

  async release(): Promise<void> {
    await this.#loaded.release();
  }

  /** Rows of one run are equally wide, but for texts: of those each caller is taken to have its share. */
  #checkSizes(outputs: readonly Uint8Array[], requests: readonly Compute[], rows: number): void {
    let bytes = 0;
    for (const output of outputs) bytes += output.byteLength;
    if (bytes <= this.#answerBytesMax) return;
    for (const request of requests)
      checkAnswerFits(this.key, request.rows, (bytes * request.rows) / rows, this.#answerBytesMax);
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
    const freeFirst = hasFreeRows(loaded);
    checkOneRowFits(loaded.outputs, freeFirst, limits.answerBytesMax);
    const spec = await probe(file, sha256, loaded, freeFirst);
    const serviceTime = await warmUp(spec, loaded, batchRowsWithin(spec, limits.answerBytesMax), clock);
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

function hasFreeRows(loaded: LoadedModel): boolean {
  return loaded.inputs.length > 0 && loaded.inputs.every((input) => input.shape[0] === -1);
}

/** Runs twice, with one row and with two, to learn whether rows can share a run and what shape unnamed outputs have. */
async function probe(file: ModelFile, sha256: string, loaded: LoadedModel, freeFirst: boolean): Promise<ModelSpec> {
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
  batchRowsMax: number,
  clock: Clock,
): Promise<ServiceTimeModel> {
  const serviceTime = new ServiceTimeModel(SERVICE_TIME_OPTIONS);
  const sizes = warmUpSizes(batchRowsMax);
  // The first run of a size allocates; how long it takes says nothing of the next.
  for (const rows of sizes) await loaded.run(zeros(spec.inputs, spec.batched, rows));
  // Size after size and then again: a slow moment of the machine should not fall on all runs of one size.
  for (let i = 0; i < WARM_UP_RUNS; i++) {
    for (const rows of sizes) {
      // Made anew for each run: an engine with a thread of its own takes the memory along.
      const inputs = zeros(spec.inputs, spec.batched, rows);
      const startMs = clock.nowMs();
      await loaded.run(inputs);
      serviceTime.observe(rows, clock.nowMs() - startMs);
    }
  }
  return serviceTime;
}

/** The powers of two below a full batch, and the full batch. */
export function warmUpSizes(batchRowsMax: number): number[] {
  const sizes = [1];
  for (let rows = 2; rows < batchRowsMax; rows *= 2) sizes.push(rows);
  if (batchRowsMax > 1) sizes.push(batchRowsMax);
  return sizes;
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
