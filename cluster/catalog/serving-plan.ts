/**
 * How a request becomes model inputs, worked out once per model version from its spec and the app's views: what the
 * request must carry, which views are read under which key, and which bytes go where. Pure.
 */
import { DATA_TYPE_BYTES, type DataType } from '../../proto/tensor.ts';
import type { InputBinding, RequestInput } from './manifest.ts';
import { type RowScratch, scratchFor } from './materialize.ts';
import { type ModelSpec, modelKey, rowShape, type TensorSpec } from './model-spec.ts';
import { type Building, contradiction, mergeRuns, planColumns, plannedRequest, requestIndex } from './plan-columns.ts';
import type { PlannedTransform } from './transforms.ts';
import type { App, Feature, View } from './views.ts';

/** One input that a request carries, in the order in which inputs travel to the shard. */
export type PlannedInput = {
  readonly name: string;
  readonly datatype: DataType;
  /** Dimensions after rows; -1 is free. */
  readonly shape: readonly number[];
  /** Bytes a row; 0 where rows have their own lengths (BYTES, free dimensions). */
  readonly rowBytes: number;
  readonly refuseNonFinite: boolean;
  /** Set where this input is the key of an entity other than the routing one. */
  readonly entityName: string | null;
};

/** Copies one feature of one record into an assembled row. */
export type FeatureCell = {
  readonly feature: Feature;
  readonly sourceOffset: number;
  /** Model input and byte offset within its row. */
  readonly input: number;
  readonly targetOffset: number;
  readonly targetType: DataType;
  /** Bytes of one column; a vector fills several. */
  readonly targetBytes: number;
  /** Bit in the row's `defaulted` bitmap. */
  readonly bit: number;
};

/** Neighbouring features that are neighbours in the row too, and need no conversion: one copy. */
export type FeatureRun = {
  readonly sourceOffset: number;
  readonly input: number;
  readonly targetOffset: number;
  readonly bytes: number;
};

/** One record to read for each row. `taken`: features that transforms take, with their bits, beside those of `cells`. */
export type PlannedRead = {
  readonly view: View;
  readonly taken: readonly { readonly feature: Feature; readonly bit: number }[];
  /** Memory for rows that are worked out as they are read; null where rows are stored as they are. */
  readonly scratch: RowScratch | null;
  /** Index into the planned inputs of the key; -1: the routing entity's key. */
  readonly keyInput: number;
  readonly cells: readonly FeatureCell[];
  /** The same work as `cells` for a record without nulls. */
  readonly runs: readonly FeatureRun[];
  /** Those cells that no run covers. */
  readonly converted: readonly FeatureCell[];
};

export type RequestCell = {
  readonly from: number;
  readonly input: number;
  readonly targetOffset: number;
  readonly bytes: number;
};

export type PlannedModelInput =
  | { readonly kind: 'request'; readonly from: number }
  | { readonly kind: 'columns'; readonly rowBytes: number };

export type PlannedOutput = {
  readonly name: string;
  readonly datatype: DataType;
  /** Dimensions of one row; those of -1 come with each answer. */
  readonly shape: readonly number[];
  readonly free: boolean;
  /** Of an answer with one row, which most have. */
  readonly oneRowShape: readonly number[];
};

export type ServingPlan = {
  readonly key: string;
  readonly spec: ModelSpec;
  /** Name of the BYTES input that carries the routing entity's key; null for models without features. */
  readonly entityInput: string | null;
  readonly requestInputs: readonly PlannedInput[];
  readonly modelInputs: readonly PlannedModelInput[];
  readonly reads: readonly PlannedRead[];
  /** Whether any of the reads is of a view that lives everywhere. */
  readonly readsEverywhere: boolean;
  readonly requestCells: readonly RequestCell[];
  /** Columns that are worked out once all features of a row are read. */
  readonly transforms: readonly PlannedTransform[];
  readonly outputs: readonly PlannedOutput[];
  /** Of the widest letter that one row needs on its way, as far as that is known in advance. */
  readonly rowBytesMax: number;
  /** `view.feature` of each bit in the `defaulted` bitmap. */
  readonly featureNames: readonly string[];
};

/** Throws INVALID_ARGUMENT where manifest, model file and views contradict each other, naming both sides. */
export function compilePlan(spec: ModelSpec, app: App): ServingPlan {
  const { manifest } = spec;
  const key = modelKey(manifest.name, spec.version);
  const bindings = bindAll(key, spec);
  const building: Building = {
    requestInputs: [],
    reads: new Map(),
    requestCells: [],
    transforms: [],
    featureNames: [],
  };
  for (const input of manifest.request) building.requestInputs.push(plannedInput(key, input, bindings, spec));
  if (manifest.inputs.length === 0) {
    for (const tensor of spec.inputs) {
      if (requestIndex(building, tensor.name) >= 0) continue;
      building.requestInputs.push(plannedRequest(tensor.name, tensor.datatype, rowShape(tensor, spec.batched), true));
    }
  }
  const entityInput = routingKey(key, spec, bindings, app);
  const modelInputs = spec.inputs.map((tensor, index): PlannedModelInput => {
    const binding = bindings[index]!;
    if (binding.kind === 'request') return { kind: 'request', from: requestIndex(building, binding.request) };
    return planColumns(key, spec, tensor, index, binding.columns, app, building);
  });
  const reads = [...building.reads.values()].map((read) => ({
    ...read,
    scratch: scratchFor(read.view),
    ...mergeRuns(read.cells),
  }));
  if (entityInput !== null && reads.length > 0 && requestIndex(building, entityInput) >= 0) {
    throw contradiction(key, `uses '${entityInput}' both as the routing key and as a request input`);
  }
  return {
    key,
    spec,
    entityInput: reads.length > 0 ? entityInput : null,
    requestInputs: building.requestInputs,
    modelInputs,
    reads,
    readsEverywhere: reads.some((read) => read.view.placement === 'everywhere'),
    requestCells: building.requestCells,
    transforms: building.transforms,
    outputs: spec.outputs.map((output) => plannedOutput(output, spec.batched)),
    rowBytesMax: widestRowBytes(spec),
    featureNames: building.featureNames,
  };
}

function plannedOutput(tensor: TensorSpec, batched: boolean): PlannedOutput {
  const { name, datatype } = tensor;
  const shape = rowShape(tensor, batched);
  const free = shape.some((dimension) => dimension < 0);
  return { name, datatype, shape, free, oneRowShape: batched ? [1, ...shape] : shape };
}

function widestRowBytes({ inputs, outputs, batched }: ModelSpec): number {
  const rowBytes = (tensors: readonly TensorSpec[]) => {
    let bytes = 0;
    for (const tensor of tensors) {
      const elements = rowShape(tensor, batched).reduce((product, dimension) => product * Math.max(0, dimension), 1);
      bytes += elements * DATA_TYPE_BYTES[tensor.datatype];
    }
    return bytes;
  };
  return Math.max(rowBytes(inputs), rowBytes(outputs));
}

/** Largest number of rows that one request may carry. */
export function rowsMaxOf(plan: ServingPlan): number {
  return plan.spec.batched ? plan.spec.manifest.batchRowsMax : 1;
}

function bindAll(key: string, spec: ModelSpec): InputBinding[] {
  const { manifest } = spec;
  for (const binding of manifest.inputs) {
    if (!spec.inputs.some((tensor) => tensor.name === binding.name)) {
      throw contradiction(key, `binds input '${binding.name}', but the file has ${names(spec.inputs)}`);
    }
  }
  return spec.inputs.map((tensor) => {
    if (manifest.inputs.length === 0) return { kind: 'request', name: tensor.name, request: tensor.name };
    const binding = manifest.inputs.find((one) => one.name === tensor.name);
    if (binding === undefined)
      throw contradiction(key, `leaves the file's input '${tensor.name}' unbound; add it to "inputs"`);
    return binding;
  });
}

function plannedInput(
  key: string,
  input: RequestInput,
  bindings: readonly InputBinding[],
  spec: ModelSpec,
): PlannedInput {
  const handedTo = bindings.findIndex((binding) => binding.kind === 'request' && binding.request === input.name);
  const tensor = handedTo >= 0 ? spec.inputs[handedTo]! : undefined;
  if (tensor !== undefined && tensor.datatype !== input.datatype) {
    throw contradiction(
      key,
      `declares request input '${input.name}' as ${input.datatype}, but the file's '${tensor.name}' is ${tensor.datatype}`,
    );
  }
  const fileShape = tensor === undefined ? [1] : rowShape(tensor, spec.batched);
  const shape = input.shape ?? fileShape;
  if (tensor !== undefined && !sameShape(shape, fileShape)) {
    throw contradiction(
      key,
      `declares shape [${shape.join(',')}] a row for '${input.name}', but the file's '${tensor.name}' has [${fileShape.join(',')}]`,
    );
  }
  return plannedRequest(input.name, input.datatype, shape, input.nonFinite === 'refuse');
}

function routingKey(key: string, spec: ModelSpec, bindings: readonly InputBinding[], app: App): string | null {
  const { manifest } = spec;
  if (manifest.entity === null) return null;
  const entities = [...app.versions.values()].map((view) => view.entity);
  const entity = entities.find((one) => one.name === manifest.entity);
  if (entity === undefined) {
    throw contradiction(
      key,
      `names entity '${manifest.entity}', but the app's views know ${[...new Set(entities.map((one) => one.name))].join(', ') || 'none'}`,
    );
  }
  if (bindings.some((binding) => binding.kind === 'request' && binding.request === entity.key)) {
    throw contradiction(key, `uses '${entity.key}' both as the routing key and as a request input`);
  }
  return entity.key;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i] || dimension < 0 || b[i]! < 0);
}

function names(tensors: readonly TensorSpec[]): string {
  return tensors.map((tensor) => `'${tensor.name}'`).join(', ');
}
