/** The short JSON form for people (`/v1/predict`): plain values in and out, laid out by the model's description. */
import type { Freshness } from '../../cluster/catalog/row-freshness.ts';
import { invalid, type ServingError } from '../../proto/errors.ts';
import type { ReadBound } from '../../proto/letters.ts';
import { quoteShort } from '../../proto/names.ts';
import { parseReadBound } from '../../proto/read-bound.ts';
import { checkShape, type Tensor } from '../../proto/tensor.ts';
import type { ModelDescription, PredictCall, PredictResult, TensorSpec } from '../router/gateway-port.ts';
import { tensorFromJson } from './json-tensor.ts';
import { describeJson, isJsonObject, type JsonObject } from './json-text.ts';
import { ELEMENTS_MAX, REQUEST_ID_CHARS_MAX, TIMEOUT_MS_MAX } from './limits.ts';
import { elementTexts, nestedJson } from './tensor-json.ts';

export type PersonRequest = {
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  /** One row given bare, so that it is answered bare. */
  readonly single: boolean;
  readonly requestId: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly bound: ReadBound | undefined;
};

const REQUEST_ID = new RegExp(`^[\\x21-\\x7e]{1,${REQUEST_ID_CHARS_MAX}}$`);
const OWN_FIELDS: ReadonlySet<string> = new Set(['inputs', 'timeout_ms', 'request_id', 'min_seq', 'max_age_ms']);
const NO_INPUTS: JsonObject = {};

/** Whether a text may serve as a request id: 1 to 128 printable ASCII characters, no spaces. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

/**
 * `{"user_id": "u42" | ["u1", …], "inputs": {name: value}, "timeout_ms"?, "request_id"?, "min_seq"?, "max_age_ms"?}`;
 * the entity's field is named as the model names it. A key alone, or for models without one bare values, is a single row; lists are one entry a
 * row. Values of one element a row are written bare, wider ones as nested lists.
 * Throws INVALID_ARGUMENT that says which field is wrong and how.
 */
export function parsePersonRequest(body: JsonObject, model: ModelDescription): PersonRequest {
  const { entityInput } = model;
  for (const field of Object.keys(body)) {
    if (field === entityInput || OWN_FIELDS.has(field)) continue;
    throw unknownField(field, model);
  }
  const given = body['inputs'] ?? NO_INPUTS;
  if (!isJsonObject(given)) throw invalid(`'inputs' must be an object of values by name, got ${describeJson(given)}`);
  for (const name of Object.keys(given)) {
    if (name === entityInput) throw invalid(`'${name}' belongs beside 'inputs', not in it`);
    if (!model.inputs.some((spec) => spec.name === name)) throw unknownInput(name, model);
  }
  const layout = layoutOf(body, given, model);
  const inputs = model.inputs.map((spec) => {
    const value = spec.name === entityInput ? body[spec.name] : given[spec.name];
    const place = spec.name === entityInput ? `'${spec.name}'` : `inputs.${spec.name}`;
    return inputTensor(spec, value, layout, place);
  });
  return {
    inputs,
    rows: layout.rows,
    single: layout.single,
    requestId: requestIdOf(body),
    timeoutMs: timeoutMsOf(body['timeout_ms'], "'timeout_ms'"),
    bound: parseReadBound(body['min_seq'], body['max_age_ms']),
  };
}

/** Milliseconds from JSON or a header's number; undefined when absent. Throws INVALID_ARGUMENT out of (0, 1 h]. */
export function timeoutMsOf(value: unknown, where: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value > 0) || value > TIMEOUT_MS_MAX) {
    throw invalid(
      `${where} must be a number of milliseconds over 0, at most ${TIMEOUT_MS_MAX}, got ${describeJson(value)}`,
    );
  }
  return value;
}

/** The call that a request for people makes; the version is the router's choice where undefined. */
export function personCall(model: string, version: string | undefined, request: PersonRequest): PredictCall {
  const { inputs, requestId, timeoutMs, bound } = request;
  return { model, version, inputs, requestId, timeoutMs, bound };
}

/** The answer's JSON text: outputs, model, features (object for a bare row, else a list), ids and timings in µs. */
export function personReplyJson(single: boolean, rows: number, result: PredictResult): string {
  const outputs = result.outputs.map((tensor) => `${JSON.stringify(tensor.name)}:${outputJson(tensor, single, rows)}`);
  let text = `{"outputs":{${outputs.join(',')}},"model":{"name":${JSON.stringify(result.model.name)},`;
  text += `"version":${JSON.stringify(result.model.version)}}`;
  if (result.features.length > 0) {
    const rowsJson = result.features.map(freshnessJson);
    text += `,"features":${single && rowsJson.length === 1 ? rowsJson[0] : `[${rowsJson.join(',')}]`}`;
  }
  const { total, shard, queue, run, batchRows } = result.timingsUs;
  text += `,"request_id":${JSON.stringify(result.requestId)},"trace_id":${JSON.stringify(result.traceId)}`;
  text += `,"timings_us":{"total":${total},"shard":${shard},"queue":${queue},"run":${run},"batch_rows":${batchRows}}}`;
  return text;
}

function freshnessJson(freshness: Freshness): string {
  const { appliedSeq, everywhereSeq, asOfMs, ageMs, defaulted, expired } = freshness;
  const asOf = `"applied_seq":${appliedSeq},"everywhere_seq":${everywhereSeq},"as_of_ms":${asOfMs}`;
  return `{${asOf},"age_ms":${ageMs},"defaulted":${JSON.stringify(defaulted)},"expired":${JSON.stringify(expired)}}`;
}

/** `[rows, 1]` and `[rows]` give one value a row; wider outputs one list a row. */
function outputJson(tensor: Tensor, single: boolean, rows: number): string {
  const texts = elementTexts(tensor);
  const { shape } = tensor;
  if (shape[0] !== rows) return nestedJson(texts, shape);
  const rowShape = shape.length === 2 && shape[1] === 1 ? [] : shape.slice(1);
  return single ? nestedJson(texts, rowShape) : nestedJson(texts, [rows, ...rowShape]);
}

type Layout = { readonly rows: number; readonly single: boolean };

/** The entity's field tells how many rows there are; without one, the first input does. */
function layoutOf(body: JsonObject, given: JsonObject, model: ModelDescription): Layout {
  const { entityInput } = model;
  let layout: Layout;
  if (entityInput !== null) {
    const key = body[entityInput];
    if (key === undefined) {
      throw invalid(`'${entityInput}' is missing: give one key, e.g. "u42", or a list of keys for several rows`);
    }
    if (!Array.isArray(key) && typeof key !== 'string') {
      throw invalid(`'${entityInput}' must be a string or a list of strings, got ${describeJson(key)}`);
    }
    layout = Array.isArray(key) ? { rows: key.length, single: false } : { rows: 1, single: true };
  } else {
    const [first] = model.inputs;
    if (first === undefined) throw invalid(`model '${model.name}' takes no inputs`);
    const value = given[first.name];
    if (value === undefined) throw missing(first, model);
    const several = depthOf(value) >= Math.max(1, first.shape.length - (isScalarRow(first) ? 1 : 0));
    layout = several ? { rows: (value as unknown[]).length, single: false } : { rows: 1, single: true };
  }
  if (layout.rows === 0) throw invalid('the request has no rows; give at least one');
  if (layout.rows > model.rowsMax) {
    throw invalid(`${layout.rows} rows; model '${model.name}' takes at most ${model.rowsMax} a request`);
  }
  for (const spec of model.inputs) {
    if (spec.name !== entityInput && given[spec.name] === undefined) throw missing(spec, model);
  }
  return layout;
}

/** Lays one value out as [rows, …]: a single row is wrapped, several must be a list of as many. */
function inputTensor(spec: TensorSpec, value: unknown, layout: Layout, place: string): Tensor {
  const { name, datatype } = spec;
  const { rows, single } = layout;
  if (!single && (!Array.isArray(value) || value.length !== rows)) {
    const got = Array.isArray(value) ? `a list of ${value.length}` : describeJson(value);
    throw invalid(`${place} must be a list of ${rows}, one entry a row, got ${got}`);
  }
  const list = single ? [value] : (value as unknown[]);
  if (isScalarRow(spec)) {
    const shape = spec.shape.length === 1 ? [rows] : [rows, 1];
    // With [[1],[2]] written out in full the data is nested; plain entries are the flat form of the same shape.
    return tensorFromJson(name, datatype, shape, list, place, single ? 1 : 0);
  }
  const shape = shapeFromRow(spec, list[0], rows, place);
  checkShape(name, shape, ELEMENTS_MAX);
  if (!Array.isArray(list[0])) {
    throw invalid(
      `${place} must hold a list a row, of shape [${spec.shape.slice(1).join(',')}], got ${describeJson(list[0])}`,
    );
  }
  return tensorFromJson(name, datatype, shape, list, place, single ? 1 : 0);
}

/** Free dimensions take their size from the first row; the others are checked while the data is read. */
function shapeFromRow(spec: TensorSpec, row: unknown, rows: number, place: string): number[] {
  const shape = [rows];
  let at: unknown = row;
  for (const dimension of spec.shape.slice(1)) {
    if (dimension < 0 && !Array.isArray(at)) {
      throw invalid(`${place} must nest as shape [${spec.shape.slice(1).join(',')}] a row, got ${describeJson(at)}`);
    }
    shape.push(dimension >= 0 ? dimension : (at as unknown[]).length);
    at = Array.isArray(at) ? at[0] : undefined;
  }
  return shape;
}

function isScalarRow(spec: TensorSpec): boolean {
  return spec.shape.length === 1 || (spec.shape.length === 2 && spec.shape[1] === 1);
}

function depthOf(value: unknown): number {
  let depth = 0;
  let at = value;
  while (Array.isArray(at)) {
    depth++;
    at = at[0];
  }
  return depth;
}

function requestIdOf(body: JsonObject): string | undefined {
  const id = body['request_id'];
  if (id === undefined) return undefined;
  if (typeof id !== 'string' || !isRequestId(id)) {
    throw invalid(`'request_id' must be 1 to ${REQUEST_ID_CHARS_MAX} printable ASCII characters without spaces`);
  }
  return id;
}

function missing(spec: TensorSpec, model: ModelDescription): ServingError {
  return invalid(`inputs.${spec.name} (${spec.datatype}) is missing; model '${model.name}' needs ${inputNames(model)}`);
}

function unknownInput(name: string, model: ModelDescription): ServingError {
  return invalid(`model '${model.name}' has no input ${quoteShort(name)}; it has ${inputNames(model)}`);
}

function unknownField(field: string, model: ModelDescription): ServingError {
  if (model.inputs.some((spec) => spec.name === field)) return invalid(`'${field}' belongs in 'inputs'`);
  const entity = model.entityInput === null ? '' : `'${model.entityInput}', `;
  return invalid(
    `unknown field ${quoteShort(field)}; there are ${entity}'inputs', 'timeout_ms', 'request_id', 'min_seq' and 'max_age_ms'`,
  );
}

function inputNames(model: ModelDescription): string {
  const names = model.inputs.filter((spec) => spec.name !== model.entityInput).map((spec) => spec.name);
  return names.length === 0 ? 'none' : names.join(', ');
}
