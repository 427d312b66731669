/** The port behind which engines stand: load a model, run it on raw tensors, release it. */

import type { TensorSpec } from '../../cluster/catalog/model-spec.ts';
import type { ServingError } from '../../proto/errors.ts';
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
  /** Milliseconds for which loading it blocked the thread that holds it. */
  readonly loadMs: number;
  /**
   * True where a thread of its own holds the model: then `run` leaves the caller's thread free, and takes the memory of
   * the inputs along. False where `run` blocks the caller's thread from start to end.
   */
  readonly ownThread: boolean;
  /** Resolves when the engine is gone without having been released; nothing can be run any more. */
  readonly lost: Promise<ServingError>;
  /**
   * Inputs and outputs in the order of the specs; the outputs' memory is the caller's. Rejects with what the engine says
   * when the run fails, UNAVAILABLE when the engine is gone.
   */
  run(inputs: readonly EngineTensor[]): Promise<EngineTensor[]>;
  /** Resolves within a bounded time, even while a run goes on. */
  release(): Promise<void>;
}

export interface Engine {
  /** Rejects with INVALID_ARGUMENT for a file that is no such model, UNAVAILABLE where the device can't be used. */
  load(modelPath: string): Promise<LoadedModel>;
}
