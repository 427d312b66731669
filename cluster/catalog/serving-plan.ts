/**
 * How a request becomes model inputs, worked out once per model version from its spec and the app's views: what the
 * request must carry, which views are read under which key, and which bytes go where. Pure.
 */
import { invalid } from '../../proto/errors.ts';
import { DATA_TYPE_BYTES, type DataType } from '../../proto/tensor.ts';
import { versionKey } from './app.ts';
import type { Column, InputBinding, RequestInput } from './manifest.ts';
import { type RowScratch, scratchFor } from './materialize.ts';
import { type ModelSpec, modelKey, rowShape, type TensorSpec } from './model-spec.ts';
import { valueOffset } from './record.ts';
import { type App, type Feature, findView, type View } from './views.ts';

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

/** One record to read for each row. */
export type PlannedRead = {
  readonly view: View;
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
  readonly requestCells: readonly RequestCell[];
  readonly outputs: readonly PlannedOutput[];
  /** Of the widest letter that one row needs on its way, as far as that is known in advance. */
  readonly rowBytesMax: number;
  /** `view.feature` of each bit in the `defaulted` bitmap. */
  readonly featureNames: readonly string[];
};

type Building = {
  requestInputs: PlannedInput[];
  reads: Map<string, { view: View; keyInput: number; cells: FeatureCell[] }>;
  requestCells: RequestCell[];
  featureNames: string[];
};

/** Throws INVALID_ARGUMENT where manifest, model file and views contradict each other, naming both sides. */
export function compilePlan(spec: ModelSpec, app: App): ServingPlan {
  const { manifest } = spec;
  const key = modelKey(manifest.name, spec.version);
  const bindings = bindAll(key, spec);
  const building: Building = { requestInputs: [], reads: new Map(), requestCells: [], featureNames: [] };
  for (const input of manifest.request) building.requestInputs.push(plannedInput(key, input, bindings, spec));
  if (manifest.inputs.length === 0) {
    for (const tensor of spec.inputs) {
      if (requestIndex(building, tensor.name) >= 0) continue;
      building.requestInputs.push(planned(tensor.name, tensor.datatype, rowShape(tensor, spec.batched), true));
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
    requestCells: building.requestCells,
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
  return planned(input.name, input.datatype, shape, input.nonFinite === 'refuse');
}

function planned(name: string, datatype: DataType, shape: readonly number[], refuseNonFinite: boolean): PlannedInput {
  const free = shape.some((dimension) => dimension < 0);
  const rowBytes = free ? 0 : shape.reduce((product, dimension) => product * dimension, DATA_TYPE_BYTES[datatype]);
  return { name, datatype, shape, rowBytes, refuseNonFinite, entityName: null };
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

function planColumns(
  key: string,
  spec: ModelSpec,
  tensor: TensorSpec,
  input: number,
  columns: readonly Column[],
  app: App,
  building: Building,
): PlannedModelInput {
  const width = DATA_TYPE_BYTES[tensor.datatype];
  const wanted = rowShape(tensor, spec.batched).reduce((product, dimension) => product * dimension, 1);
  if (
    tensor.shape.length !== 2 ||
    (!spec.batched && tensor.shape[0] !== 1) ||
    !['FP32', 'FP64', 'INT32', 'INT64'].includes(tensor.datatype)
  ) {
    throw contradiction(
      key,
      `builds '${tensor.name}' from columns, but the file has it as ${tensor.datatype} [${tensor.shape.join(',')}]; columns need [rows, n] of FP32, FP64, INT32 or INT64`,
    );
  }
  let targetOffset = 0;
  for (const column of columns) {
    if (column.kind === 'feature') {
      const target = { input, targetOffset, targetType: tensor.datatype, targetBytes: width };
      targetOffset += width * addFeature(key, spec, column, target, app, building);
      continue;
    }
    const from = requestIndex(building, column.request);
    const source = building.requestInputs[from]!;
    if (source.datatype !== tensor.datatype || source.rowBytes === 0) {
      throw contradiction(
        key,
        `puts request input '${column.request}' (${source.datatype} [${source.shape.join(',')}]) among the columns of '${tensor.name}', which needs ${tensor.datatype} of a fixed size`,
      );
    }
    // A request input of several values a row fills as many columns.
    building.requestCells.push({ from, input, targetOffset, bytes: source.rowBytes });
    targetOffset += source.rowBytes;
  }
  const filled = targetOffset / width;
  if (wanted >= 0 && wanted !== filled) {
    throw contradiction(key, `gives '${tensor.name}' ${filled} columns, but the file wants ${wanted}`);
  }
  return { kind: 'columns', rowBytes: targetOffset };
}

/** Returns how many columns the feature fills. */
function addFeature(
  key: string,
  spec: ModelSpec,
  column: { view: string; feature: string },
  target: Pick<FeatureCell, 'input' | 'targetOffset' | 'targetType' | 'targetBytes'>,
  app: App,
  building: Building,
): number {
  const view = findView(app, column.view);
  const feature = view?.featureByName.get(column.feature);
  if (view === undefined || feature === undefined) {
    throw contradiction(key, `uses '${column.view}.${column.feature}', which the app does not define`);
  }
  if (view.placement === 'sharded' && view.entity.name !== spec.manifest.entity) {
    throw contradiction(
      key,
      `reads view '${view.name}' of entity '${view.entity.name}' beside '${spec.manifest.entity}': only views placed everywhere can be joined by another key`,
    );
  }
  const misfit = misfitOf(feature, target.targetType);
  if (misfit !== null) {
    throw contradiction(key, `puts '${column.view}.${column.feature}', ${misfit}`);
  }
  const readKey = versionKey(view);
  let read = building.reads.get(readKey);
  if (read === undefined) {
    read = { view, keyInput: keyInputOf(key, spec, view, building), cells: [] };
    building.reads.set(readKey, read);
  }
  read.cells.push({ ...target, feature, sourceOffset: valueOffset(view, feature), bit: building.featureNames.length });
  building.featureNames.push(`${column.view}.${feature.name}`);
  return feature.defaultCells.length;
}

/** Why a feature may not stand among columns of a type, or null. */
function misfitOf(feature: Feature, targetType: DataType): string | null {
  const whole = targetType === 'INT32' || targetType === 'INT64';
  if (whole && (feature.type === 'float32' || feature.type === 'vector'))
    return `a ${feature.type}, among columns of ${targetType}, which would cut it off; make the feature int64 or the input FP32`;
  if (feature.type !== 'string') return null;
  const codes = feature.vocabulary === null ? feature.buckets : feature.vocabulary.length + 1;
  const codesMax = targetType === 'FP32' ? 2 ** 24 : targetType === 'INT32' ? 2 ** 31 : Number.POSITIVE_INFINITY;
  if (codes <= codesMax) return null;
  return `a string of ${codes} codes, among columns of ${targetType}, which tells ${codesMax} apart; give it that many buckets at most`;
}

/** The key of an entity other than the routing one is a BYTES input that the request carries under the entity's key name. */
function keyInputOf(key: string, spec: ModelSpec, view: View, building: Building): number {
  const { name: entityName, key: keyName } = view.entity;
  if (entityName === spec.manifest.entity) return -1;
  const known = requestIndex(building, keyName);
  if (known < 0) {
    building.requestInputs.push({ ...planned(keyName, 'BYTES', [1], false), entityName });
    return building.requestInputs.length - 1;
  }
  const input = building.requestInputs[known]!;
  if (input.entityName !== null && input.entityName !== entityName) {
    throw contradiction(key, `joins '${input.entityName}' and '${entityName}', whose keys are both named '${keyName}'`);
  }
  if (input.datatype !== 'BYTES' || input.shape.length !== 1 || input.shape[0] !== 1) {
    throw contradiction(
      key,
      `declares request input '${keyName}' as ${input.datatype} [${input.shape.join(',')}], but it is the key of '${entityName}', which is BYTES [1]`,
    );
  }
  building.requestInputs[known] = { ...input, entityName };
  return known;
}

function requestIndex(building: Building, name: string): number {
  return building.requestInputs.findIndex((input) => input.name === name);
}

function mergeRuns(cells: readonly FeatureCell[]): { runs: FeatureRun[]; converted: FeatureCell[] } {
  const runs: { sourceOffset: number; input: number; targetOffset: number; bytes: number }[] = [];
  const converted: FeatureCell[] = [];
  for (const cell of cells) {
    const bytes = sameBytes(cell);
    if (bytes === 0) {
      converted.push(cell);
      continue;
    }
    const last = runs.at(-1);
    if (
      last !== undefined &&
      last.input === cell.input &&
      last.sourceOffset + last.bytes === cell.sourceOffset &&
      last.targetOffset + last.bytes === cell.targetOffset
    ) {
      last.bytes += bytes;
    } else {
      runs.push({ sourceOffset: cell.sourceOffset, input: cell.input, targetOffset: cell.targetOffset, bytes });
    }
  }
  return { runs, converted };
}

function sameBytes(cell: FeatureCell): number {
  const { type, bytes } = cell.feature;
  if ((type === 'float32' || type === 'vector') && cell.targetType === 'FP32') return bytes;
  if (type === 'int64' && cell.targetType === 'INT64') return 8;
  return 0;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i] || dimension < 0 || b[i]! < 0);
}

function names(tensors: readonly TensorSpec[]): string {
  return tensors.map((tensor) => `'${tensor.name}'`).join(', ');
}

function contradiction(key: string, problem: string) {
  return invalid(`model ${key}: the manifest ${problem}`);
}
