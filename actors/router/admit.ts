/**
 * Holds a request against the model's serving plan: names, datatypes, shapes, byte lengths, keys and finite numbers.
 * What passes is in the order and form that shard and worker expect. Pure.
 */

import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { invalid, type ServingError } from '../../proto/errors.ts';
import { checkEntityKey, quoteShort } from '../../proto/names.ts';
import { bytesElements, checkByteLength, checkShape, type DataType, type Tensor } from '../../proto/tensor.ts';

export type Admitted = {
  readonly rows: number;
  /** Key of the routing entity, one a row; empty for models without features. */
  readonly keys: readonly Uint8Array[];
  /** In the plan's order. */
  readonly inputs: readonly Uint8Array[];
  /** Trailing dimensions of every model input with a free one, concatenated. */
  readonly dims: readonly number[];
};

export type AdmissionLimits = { readonly rowsMax: number; readonly elementsMax: number };

/** Throws INVALID_ARGUMENT saying which input is wrong and what it must be. */
export function admit(plan: ServingPlan, tensors: readonly Tensor[], limits: AdmissionLimits): Admitted {
  const expected = plan.requestInputs.length + (plan.entityInput === null ? 0 : 1);
  if (tensors.length !== expected) checkNames(plan, tensors);
  const { requestInputs, entityInput } = plan;
  let rows = -1;
  let keys: Uint8Array[] = [];
  if (entityInput !== null) {
    const tensor = tensorNamed(plan, tensors, entityInput);
    rows = rowsOf(entityInput, tensor, 'BYTES', KEY_SHAPE, true, limits);
    keys = bytesElements(tensor.data);
    for (const key of keys) checkEntityKey(entityInput, key);
  }
  let inputs: Uint8Array[] = [];
  let free = false;
  for (const input of requestInputs) {
    const tensor = tensorNamed(plan, tensors, input.name);
    const own = rowsOf(input.name, tensor, input.datatype, input.shape, plan.spec.batched, limits);
    if (rows >= 0 && own !== rows) {
      throw invalid(`input '${input.name}' has ${own} rows, the others ${rows}; give all inputs the same number`);
    }
    rows = own;
    if (input.entityName !== null) for (const key of bytesElements(tensor.data)) checkEntityKey(input.name, key);
    if (input.refuseNonFinite) checkFinite(input.name, tensor);
    free ||= isFree(input.shape);
    if (inputs.length === 0) inputs = [tensor.data];
    else inputs.push(tensor.data);
  }
  if (rows < 1) throw invalid(`a request for ${plan.key} needs at least one row`);
  if (rows > limits.rowsMax) throw invalid(`${rows} rows in one request; at most ${limits.rowsMax} are allowed`);
  if (!plan.spec.batched && rows > 1) throw invalid(`model ${plan.key} takes one row a request, got ${rows}`);
  return { rows, keys, inputs, dims: free ? freeDims(plan, tensors) : [] };
}

const KEY_SHAPE: readonly number[] = [1];

function tensorNamed(plan: ServingPlan, tensors: readonly Tensor[], name: string): Tensor {
  let found: Tensor | undefined;
  for (const tensor of tensors) {
    if (tensor.name !== name) continue;
    if (found !== undefined) throw invalid(`input '${name}' is given twice`);
    found = tensor;
  }
  if (found === undefined) {
    checkNames(plan, tensors);
    throw invalid(`input '${name}' is missing; model ${plan.key} needs ${expectedNames(plan)}`);
  }
  return found;
}

function checkNames(plan: ServingPlan, tensors: readonly Tensor[]): void {
  const known = new Set(plan.requestInputs.map((input) => input.name));
  if (plan.entityInput !== null) known.add(plan.entityInput);
  const missing = new Set(known);
  for (const tensor of tensors) {
    if (!known.has(tensor.name))
      throw invalid(`model ${plan.key} has no input ${quoteShort(tensor.name)}; it needs ${expectedNames(plan)}`);
    if (!missing.delete(tensor.name)) throw invalid(`input '${tensor.name}' is given twice`);
  }
  const [first] = missing;
  if (first !== undefined) throw invalid(`input '${first}' is missing; model ${plan.key} needs ${expectedNames(plan)}`);
}

function expectedNames(plan: ServingPlan): string {
  const names = plan.requestInputs.map((input) => `${input.name} (${input.datatype})`);
  return (plan.entityInput === null ? names : [`${plan.entityInput} (BYTES)`, ...names]).join(', ');
}

/**
 * Checks datatype, shape and byte length; returns how many rows the tensor has. A row has `rowDims`; [n] is taken for
 * [n, 1]. A model that does not batch may leave rows out.
 */
function rowsOf(
  name: string,
  tensor: Tensor,
  datatype: DataType,
  rowDims: readonly number[],
  batched: boolean,
  limits: AdmissionLimits,
): number {
  if (tensor.datatype !== datatype) throw invalid(`input '${name}' must be ${datatype}, got ${tensor.datatype}`);
  const { shape } = tensor;
  checkShape(name, shape, limits.elementsMax);
  const rows = rowsOfShape(name, shape, rowDims, batched);
  checkByteLength(tensor);
  return rows;
}

function rowsOfShape(name: string, shape: readonly number[], rowDims: readonly number[], batched: boolean): number {
  if (shape.length === 1 && rowDims.length === 1 && rowDims[0] === 1) return shape[0]!;
  if (!batched && fits(shape, 0, rowDims)) return 1;
  if (fits(shape, 1, rowDims)) return shape[0]!;
  const wanted = [batched ? 'rows' : '1', ...rowDims.map((dimension) => (dimension < 0 ? 'any' : dimension))];
  throw invalid(`input '${name}' must have shape [${wanted.join(',')}], got [${shape.join(',')}]`);
}

/** Whether `shape`, from dimension `from` on, is what is wanted. */
function fits(shape: readonly number[], from: number, wanted: readonly number[]): boolean {
  if (shape.length !== wanted.length + from) return false;
  for (let i = 0; i < wanted.length; i++) if (wanted[i]! >= 0 && wanted[i] !== shape[from + i]) return false;
  return true;
}

function isFree(shape: readonly number[]): boolean {
  for (let i = 0; i < shape.length; i++) if (shape[i]! < 0) return true;
  return false;
}

/** Dimensions of a row as this request has them, for every model input that leaves some open. */
function freeDims(plan: ServingPlan, tensors: readonly Tensor[]): number[] {
  const dims: number[] = [];
  for (const input of plan.modelInputs) {
    if (input.kind !== 'request') continue;
    const planned = plan.requestInputs[input.from]!;
    if (!isFree(planned.shape)) continue;
    const { shape } = tensorNamed(plan, tensors, planned.name);
    dims.push(...shape.slice(shape.length - planned.shape.length));
  }
  return dims;
}

/**
 * NaN and the infinities have every bit of the exponent set (IEEE 754). Little-endian, so the exponent is in the last
 * two bytes; read byte by byte, since a view of them would cost more than the few numbers of a row.
 */
function checkFinite(name: string, tensor: Tensor): void {
  const { data, datatype } = tensor;
  const { length } = data;
  if (datatype === 'FP32') {
    for (let i = 3; i < length; i += 4) {
      if ((data[i]! & 0x7f) === 0x7f && (data[i - 1]! & 0x80) !== 0) throw nonFinite(name, (i - 3) / 4);
    }
  } else if (datatype === 'FP64') {
    for (let i = 7; i < length; i += 8) {
      if ((data[i]! & 0x7f) === 0x7f && (data[i - 1]! & 0xf0) === 0xf0) throw nonFinite(name, (i - 7) / 8);
    }
  } else if (datatype === 'FP16') {
    for (let i = 1; i < length; i += 2) if ((data[i]! & 0x7c) === 0x7c) throw nonFinite(name, (i - 1) / 2);
  }
}

function nonFinite(name: string, element: number): ServingError {
  return invalid(
    `input '${name}' is not finite at element ${element}; the model's manifest refuses NaN and infinities (non_finite)`,
  );
}
