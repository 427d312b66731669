/**
 * The columns of an assembled model input: which bytes of which record, which request input or which transform each one
 * comes from, held against the types of both sides. Pure.
 */
import { invalid, type ServingError } from '../../proto/errors.ts';
import { DATA_TYPE_BYTES, type DataType } from '../../proto/tensor.ts';
import { versionKey } from './app.ts';
import type { Column } from './manifest.ts';
import { type ModelSpec, rowShape, type TensorSpec } from './model-spec.ts';
import { valueOffset } from './record.ts';
import type { FeatureCell, FeatureRun, PlannedInput, PlannedModelInput, RequestCell } from './serving-plan.ts';
import type { PlannedArgument, PlannedTransform, Transform, TransformInput } from './transforms.ts';
import { type App, type Feature, findView, type View } from './views.ts';

export type BuildingRead = {
  readonly view: View;
  readonly keyInput: number;
  readonly cells: FeatureCell[];
  /** Features that transforms take, beside those that fill columns. */
  readonly taken: { readonly feature: Feature; readonly bit: number }[];
};

export type Building = {
  requestInputs: PlannedInput[];
  reads: Map<string, BuildingRead>;
  requestCells: RequestCell[];
  transforms: PlannedTransform[];
  featureNames: string[];
};

type Target = Pick<FeatureCell, 'input' | 'targetOffset' | 'targetType' | 'targetBytes'>;

/** Throws INVALID_ARGUMENT where a column does not fit the tensor. */
export function planColumns(
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
    if (column.kind === 'transform') {
      const target = { input, targetOffset, targetType: tensor.datatype, targetBytes: width };
      addTransform(key, spec, column.transform, target, app, building);
      targetOffset += width;
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
  target: Target,
  app: App,
  building: Building,
): number {
  const { view, feature, read } = readOf(key, spec, column, app, building);
  const misfit = misfitOf(feature, target.targetType);
  if (misfit !== null) throw contradiction(key, `puts '${column.view}.${column.feature}', ${misfit}`);
  const taken = read.taken.find((one) => one.feature === feature);
  const bit = taken?.bit ?? building.featureNames.push(`${column.view}.${feature.name}`) - 1;
  read.cells.push({ ...target, feature, sourceOffset: valueOffset(view, feature), bit });
  return feature.defaultCells.length;
}

/** The read that gives a feature, added where there is none yet. */
function readOf(
  key: string,
  spec: ModelSpec,
  column: { view: string; feature: string },
  app: App,
  building: Building,
): { view: View; feature: Feature; read: BuildingRead; index: number } {
  const view = findView(app, column.view);
  const feature = view?.featureByName.get(column.feature);
  if (view === undefined || feature === undefined)
    throw contradiction(key, `uses '${column.view}.${column.feature}', which the app does not define`);
  if (spec.manifest.entity === null)
    throw contradiction(
      key,
      `uses '${column.view}.${column.feature}' but names no "entity" whose key routes the request`,
    );
  if (view.placement === 'sharded' && view.entity.name !== spec.manifest.entity) {
    throw contradiction(
      key,
      `reads view '${view.name}' of entity '${view.entity.name}' beside '${spec.manifest.entity}': only views placed everywhere can be joined by another key`,
    );
  }
  const readKey = versionKey(view);
  let read = building.reads.get(readKey);
  if (read === undefined) {
    read = { view, keyInput: keyInputOf(key, spec, view, building), cells: [], taken: [] };
    building.reads.set(readKey, read);
  }
  return { view, feature, read, index: [...building.reads.keys()].indexOf(readKey) };
}

function addTransform(key: string, spec: ModelSpec, name: string, target: Target, app: App, building: Building): void {
  const transform = app.transforms.get(name);
  if (transform === undefined) {
    const known = [...app.transforms.keys()].join(', ') || 'none';
    throw contradiction(key, `uses transform '${name}', which the app does not define; it has ${known}`);
  }
  if (target.targetType !== 'FP32' && target.targetType !== 'FP64')
    throw contradiction(key, `puts transform '${name}' among columns of ${target.targetType}; it needs FP32 or FP64`);
  const planned = Object.entries(transform.inputs).map(([argument, input]) =>
    planArgument(key, spec, transform, argument, input, app, building),
  );
  const { input, targetOffset, targetType } = target;
  const bit = building.featureNames.length;
  building.transforms.push({ transform, arguments: planned, input, targetOffset, targetType, bit });
  building.featureNames.push(name);
}

function planArgument(
  key: string,
  spec: ModelSpec,
  transform: Transform,
  name: string,
  input: TransformInput,
  app: App,
  building: Building,
): PlannedArgument {
  if (input.kind === 'now') return { name, kind: 'now' };
  if (input.kind === 'request') {
    const from = requestIndex(building, input.request);
    const source = building.requestInputs[from];
    const scalar = source?.shape.length === 1 && source.shape[0] === 1;
    if (source === undefined || !scalar || source.datatype === 'FP16') {
      const what =
        source === undefined ? 'not declared under "request"' : `${source.datatype} [${source.shape.join(',')}]`;
      throw contradiction(
        key,
        `uses transform '${transform.name}', whose request input '${input.request}' is ${what}; it must be declared with one value a row (any type but FP16)`,
      );
    }
    return { name, kind: 'request', from, datatype: source.datatype };
  }
  const { feature, read, index } = readOf(key, spec, input, app, building);
  const shown = read.cells.find((cell) => cell.feature === feature)?.bit ?? bitOf(building, read, feature);
  return { name, kind: 'feature', read: index, feature, bit: shown };
}

/** The bit under which an answer says that a feature, which only transforms take, fell back to its default. */
function bitOf(building: Building, read: BuildingRead, feature: Feature): number {
  const known = read.taken.find((one) => one.feature === feature);
  if (known !== undefined) return known.bit;
  const bit = building.featureNames.length;
  building.featureNames.push(`${read.view.name}.${feature.name}`);
  read.taken.push({ feature, bit });
  return bit;
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
    building.requestInputs.push({ ...plannedRequest(keyName, 'BYTES', [1], false), entityName });
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

/** A request input as it travels. */
export function plannedRequest(
  name: string,
  datatype: DataType,
  shape: readonly number[],
  refuseNonFinite: boolean,
): PlannedInput {
  const free = shape.some((dimension) => dimension < 0);
  const rowBytes = free ? 0 : shape.reduce((product, dimension) => product * dimension, DATA_TYPE_BYTES[datatype]);
  return { name, datatype, shape, rowBytes, refuseNonFinite, entityName: null };
}

export function requestIndex(building: Building, name: string): number {
  return building.requestInputs.findIndex((input) => input.name === name);
}

export function mergeRuns(cells: readonly FeatureCell[]): { runs: FeatureRun[]; converted: FeatureCell[] } {
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

export function contradiction(key: string, problem: string): ServingError {
  return invalid(`model ${key}: the manifest ${problem}`);
}
