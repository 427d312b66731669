/** A model's configuration and the repository's index, in the names and values of the protocol's extensions. */
import type { DataType } from '../../proto/tensor.ts';
import type { Gateway, ModelDescription, TensorSpec } from '../router/gateway-port.ts';

export type ConfigTensor = { readonly name: string; readonly data_type: string; readonly dims: readonly number[] };

export type ModelConfig = {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  /** Rows that one run takes; 0 where the model has no dimension of rows. */
  readonly max_batch_size: number;
  readonly input: readonly ConfigTensor[];
  readonly output: readonly ConfigTensor[];
  /** Present where requests share runs. */
  readonly dynamic_batching?: Readonly<Record<string, never>>;
};

export type IndexEntry = {
  readonly name: string;
  readonly version: string;
  readonly state: 'READY' | 'UNAVAILABLE';
  readonly reason: string;
};

export function modelConfig(model: ModelDescription): ModelConfig {
  const { name, platform, batched } = model;
  return {
    name,
    platform,
    backend: platform.split('_')[0] ?? '',
    max_batch_size: batched ? model.rowsMax : 0,
    input: model.inputs.map((tensor) => configTensor(tensor, batched)),
    output: model.outputs.map((tensor) => configTensor(tensor, batched)),
    ...(batched ? { dynamic_batching: {} } : {}),
  };
}

/** Every version that is served, and those that cannot be with the reason unless `readyOnly`. */
export function repositoryIndex(gateway: Gateway, readyOnly: boolean): IndexEntry[] {
  const served = gateway
    .models()
    .flatMap(({ name, versions }) =>
      versions.map((version): IndexEntry => ({ name, version, state: 'READY', reason: '' })),
    );
  if (readyOnly) return served;
  const failed = gateway
    .status()
    .models_with_problems.map(
      ({ model, version, problem }): IndexEntry => ({ name: model, version, state: 'UNAVAILABLE', reason: problem }),
    );
  return [...served, ...failed];
}

/** Dimensions as the configuration has them: without rows. */
function configTensor({ name, datatype, shape }: TensorSpec, batched: boolean): ConfigTensor {
  return { name, data_type: configDataType(datatype), dims: batched ? shape.slice(1) : shape };
}

function configDataType(datatype: DataType): string {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}
