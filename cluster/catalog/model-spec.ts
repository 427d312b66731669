/**
 * What the cluster knows about one version of a model: its manifest and what the file itself says of its inputs and
 * outputs. Workers publish it in the model registry; routers and shards compile serving plans from it. Pure.
 */
import { invalid } from '../../proto/errors.ts';
import { DATA_TYPES, type DataType, isDataType } from '../../proto/tensor.ts';
import type { Manifest } from './manifest.ts';

/** A dimension of -1 is free; the first is rows where `batched`. */
export type TensorSpec = { readonly name: string; readonly datatype: DataType; readonly shape: readonly number[] };

export type ModelSpec = {
  readonly manifest: Manifest;
  readonly version: string;
  /** Of the model file, hex. */
  readonly sha256: string;
  /** As Triton names it. */
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** True where every input and output has a free first dimension, so that callers' rows can share a run. */
  readonly batched: boolean;
};

/** Dimensions that one row of a tensor has: all of them where the model does not batch. */
export function rowShape(tensor: TensorSpec, batched: boolean): readonly number[] {
  return batched ? tensor.shape.slice(1) : tensor.shape;
}

export function modelKey(name: string, version: string): string {
  return `${name}/${version}`;
}

export function encodeModelSpec(spec: ModelSpec): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(spec));
}

/** Throws INVALID_ARGUMENT for bytes that are no model spec. */
export function decodeModelSpec(bytes: Uint8Array): ModelSpec {
  const spec = parse(bytes) as ModelSpec;
  const sound =
    typeof spec?.manifest?.name === 'string' &&
    typeof spec.version === 'string' &&
    Array.isArray(spec.inputs) &&
    Array.isArray(spec.outputs) &&
    [...spec.inputs, ...spec.outputs].every((tensor) => isDataType(tensor?.datatype) && Array.isArray(tensor.shape));
  if (!sound) throw invalid(`registry entry is no model (datatypes known: ${DATA_TYPES.join(', ')})`);
  return spec;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
