/**
 * Holds a request against the model's serving plan: names, datatypes, shapes, byte lengths, keys and finite numbers.
 * What passes is in the order and form that shard and worker expect. Pure.
 */

import { rowShape } from '../../cluster/catalog/model-spec.ts';
import type { PlannedInput, ServingPlan } from '../../cluster/catalog/serving-plan.ts';
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
  let rows = -1;
  const agree = (name: string, own: number) => {
    if (rows >= 0 && own !== rows)
      throw invalid(`input '${name}' has ${own} rows, the others ${rows}; give all inputs the same number`);
    rows = own;
  };
  const keys =
    plan.entityInput === null
      ? []
      : readKeys(plan.entityInput, tensorNamed(plan, tensors, plan.entityInput), limits, agree);
  const shapes: (readonly number[])[] = [];
  const inputs = plan.requestInputs.map((input) => {
    const tensor = tensorNamed(plan, tensors, input.name);
    shapes.push(checkInput(plan, input, tensor, limits, agree));
    return tensor.data;
  });
  if (rows < 1) throw invalid(`a request for ${plan.key} needs at least one row`);
  if (rows > limits.rowsMax) throw invalid(`${rows} rows in one request; at most ${limits.rowsMax} are allowed`);
  if (!plan.spec.batched && rows > 1) throw invalid(`model ${plan.key} takes one row a request, got ${rows}`);
  return { rows, keys, inputs, dims: freeDims(plan, shapes) };
}

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

function readKeys(
  name: string,
  tensor: Tensor,
  limits: AdmissionLimits,
  agree: (name: string, rows: number) => void,
): Uint8Array[] {
  checkDatatype(name, tensor.datatype, 'BYTES');
  checkShape(name, tensor.shape, limits.elementsMax);
  agree(name, rowsOf(name, tensor.shape, [1], true));
  checkByteLength(tensor);
  const keys = bytesElements(tensor.data);
  for (const key of keys) checkEntityKey(name, key);
  return keys;
}

function checkInput(
  plan: ServingPlan,
  input: PlannedInput,
  tensor: Tensor,
  limits: AdmissionLimits,
  agree: (name: string, rows: number) => void,
): readonly number[] {
  checkDatatype(input.name, tensor.datatype, input.datatype);
  checkShape(input.name, tensor.shape, limits.elementsMax);
  const rows = rowsOf(input.name, tensor.shape, input.shape, plan.spec.batched);
  agree(input.name, rows);
  checkByteLength(tensor);
  if (input.entityName !== null) for (const key of bytesElements(tensor.data)) checkEntityKey(input.name, key);
  if (input.refuseNonFinite) checkFinite(input.name, tensor);
  const leading = tensor.shape.length - input.shape.length;
  return leading <= 0 ? tensor.shape : tensor.shape.slice(leading);
}

function checkDatatype(name: string, got: DataType, wanted: DataType): void {
  if (got !== wanted) throw invalid(`input '${name}' must be ${wanted}, got ${got}`);
}

/** Rows of a tensor whose rows have `rowDims`; [n] is taken for [n, 1]. A model that does not batch may leave rows out. */
function rowsOf(name: string, shape: readonly number[], rowDims: readonly number[], batched: boolean): number {
  const single = rowDims.length === 1 && rowDims[0] === 1;
  if (single && shape.length === 1) return shape[0]!;
  if (!batched && fits(shape, rowDims)) return 1;
  if (shape.length === rowDims.length + 1 && fits(shape.slice(1), rowDims)) return shape[0]!;
  const wanted = [batched ? 'rows' : '1', ...rowDims.map((dimension) => (dimension < 0 ? 'any' : dimension))];
  throw invalid(`input '${name}' must have shape [${wanted.join(',')}], got [${shape.join(',')}]`);
}

function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  return shape.length === wanted.length && wanted.every((dimension, i) => dimension < 0 || dimension === shape[i]);
}

function freeDims(plan: ServingPlan, shapes: readonly (readonly number[])[]): number[] {
  const dims: number[] = [];
  plan.modelInputs.forEach((input, i) => {
    if (input.kind !== 'request') return;
    if (rowShape(plan.spec.inputs[i]!, plan.spec.batched).some((dimension) => dimension < 0))
      dims.push(...shapes[input.from]!);
  });
  return dims;
}

function checkFinite(name: string, tensor: Tensor): void {
  const { data, datatype } = tensor;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (datatype) {
    case 'FP32':
      // All exponent bits set: NaN or an infinity (IEEE 754).
      for (let i = 0; i < data.byteLength; i += 4)
        if ((view.getUint32(i, true) & 0x7f800000) === 0x7f800000) throw nonFinite(name, i / 4);
      return;
    case 'FP64':
      for (let i = 0; i < data.byteLength; i += 8)
        if (!Number.isFinite(view.getFloat64(i, true))) throw nonFinite(name, i / 8);
      return;
    case 'FP16':
      for (let i = 0; i < data.byteLength; i += 2)
        if ((view.getUint16(i, true) & 0x7c00) === 0x7c00) throw nonFinite(name, i / 2);
      return;
    default:
  }
}

function nonFinite(name: string, element: number): ServingError {
  return invalid(
    `input '${name}' is not finite at element ${element}; the model's manifest refuses NaN and infinities (non_finite)`,
  );
}
