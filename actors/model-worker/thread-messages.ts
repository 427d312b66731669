/** What the thread that serves requests and a thread that holds a model say to each other. */
import type { TensorSpec } from '../../cluster/catalog/model-spec.ts';
import { type ErrorCode, ServingError, type Stage } from '../../proto/errors.ts';
import type { Device } from './device.ts';
import type { EngineTensor } from './engine.ts';

/** What a thread is started with. */
export type ThreadStart = { readonly device: Device; readonly threads: number; readonly modelPath: string };

/** A ServingError keeps its code and stage on the way; of anything else only the words arrive. */
export type ThreadError = { readonly message: string; readonly code: ErrorCode | null; readonly stage: Stage | null };

export type ToThread =
  | { readonly kind: 'run'; readonly id: number; readonly inputs: readonly EngineTensor[] }
  /** Lets the model go and ends the thread, after the runs that were asked for before. */
  | { readonly kind: 'release' };

export type FromThread =
  | {
      readonly kind: 'loaded';
      readonly platform: string;
      readonly inputs: readonly TensorSpec[];
      readonly outputs: readonly TensorSpec[];
      readonly loadMs: number;
    }
  | { readonly kind: 'not_loaded'; readonly error: ThreadError }
  | { readonly kind: 'ran'; readonly id: number; readonly outputs: readonly EngineTensor[] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ThreadError };

export function toThreadError(thrown: unknown): ThreadError {
  if (thrown instanceof ServingError) return { message: thrown.message, code: thrown.code, stage: thrown.stage };
  return { message: thrown instanceof Error ? thrown.message : String(thrown), code: null, stage: null };
}

export function fromThreadError(error: ThreadError): Error {
  return error.code === null || error.stage === null
    ? new Error(error.message)
    : new ServingError(error.code, error.stage, error.message);
}

/**
 * Tensors ready to be handed to another thread, and the memory that goes along instead of being copied. A tensor that
 * covers only a part of its ArrayBuffer is copied out first: the rest may be somebody else's.
 */
export function movable(tensors: readonly EngineTensor[]): { tensors: EngineTensor[]; memory: ArrayBuffer[] } {
  const memory = new Set<ArrayBuffer>();
  const moved = tensors.map((tensor) => {
    const { buffer, byteLength } = tensor.data;
    const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && !memory.has(buffer);
    const data = whole ? tensor.data : tensor.data.slice();
    // A Buffer's own slice() is a view of the same memory.
    const own = data.buffer === buffer && !whole ? new Uint8Array(data) : data;
    memory.add(own.buffer as ArrayBuffer);
    return { ...tensor, data: own };
  });
  return { tensors: moved, memory: [...memory] };
}
