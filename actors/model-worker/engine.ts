/** The port behind which engines stand: load a model, run it on raw tensors, release it. */

import type { TensorSpec } from '../../cluster/catalog/model-spec.ts';
import type { DataType } from '../../proto/tensor.ts';

export type EngineTensor = {
  readonly datatype: DataType;
  readonly shape: readonly number[];
  /** Little-endian, row-major; starts at a multiple of 8 within its ArrayBuffer. */
  readonly data: Uint8Array;
};

export interface LoadedModel {
  /** As Triton names it, e.g. `onnxruntime_onnx`. */
  readonly platform: string;
  /** A dimension of -1 is free; an empty shape may also mean that the file does not say. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Inputs and outputs in the order of the specs. Rejects with what the engine says when the run fails. */
  run(inputs: readonly EngineTensor[]): Promise<EngineTensor[]>;
  release(): Promise<void>;
}

export interface Engine {
  /** Rejects with INVALID_ARGUMENT for a file that is no such model, UNAVAILABLE where the device can't be used. */
  load(modelPath: string): Promise<LoadedModel>;
}
