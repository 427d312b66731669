/**
 * `model.json`: what a model is called, what a request must carry, and how each model input is made of features and
 * request inputs. Parsed strictly: unknown fields are errors, since a misspelt one would be silently ignored. Pure.
 */
import { invalid } from '../../proto/errors.ts';
import { checkName, isName, isVersionedName, quoteShort, showShort } from '../../proto/names.ts';
import { type DataType, isDataType } from '../../proto/tensor.ts';

/**
 * What a column of an assembled input is made of: `view.feature` (`view@version.feature`), a request input of one value a
 * row, or one of the app's transforms.
 */
export type Column =
  | { readonly kind: 'feature'; readonly view: string; readonly feature: string }
  | { readonly kind: 'request'; readonly request: string }
  | { readonly kind: 'transform'; readonly transform: string };

/** How a model input comes about: handed through from the request, or assembled column by column. */
export type InputBinding =
  | { readonly kind: 'request'; readonly name: string; readonly request: string }
  | { readonly kind: 'columns'; readonly name: string; readonly columns: readonly Column[] };

export type RequestInput = {
  readonly name: string;
  readonly datatype: DataType;
  /** Dimensions after rows; null: as the model input that it is handed to. */
  readonly shape: readonly number[] | null;
  /** Whether NaN and infinities pass. */
  readonly nonFinite: 'refuse' | 'allow';
};

export type Manifest = {
  readonly name: string;
  readonly description: string;
  readonly engine: 'onnxruntime';
  /** The entity whose key routes the request; null for models without features. */
  readonly entity: string | null;
  readonly request: readonly RequestInput[];
  /** Empty: every model input is handed through under its own name. */
  readonly inputs: readonly InputBinding[];
  readonly batchRowsMax: number;
  /** What answers should take at the most, ms: the batcher's yardstick, not a deadline. */
  readonly latencyObjectiveMs: number;
};

export const BATCH_ROWS_MAX_DEFAULT = 256;
const BATCH_ROWS_MAX_LIMIT = 65_536;
const COLUMNS_MAX = 16_384;

/** The manifest of a model directory that has no `model.json`. */
export function defaultManifest(name: string): Manifest {
  return {
    name,
    description: '',
    engine: 'onnxruntime',
    entity: null,
    request: [],
    inputs: [],
    batchRowsMax: BATCH_ROWS_MAX_DEFAULT,
    latencyObjectiveMs: 10,
  };
}

/** Throws INVALID_ARGUMENT, naming the field and what it must be. `directory`: the model's name on disk. */
export function parseManifest(text: string, directory: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw bad(directory, `is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const fields = object(directory, 'the manifest', json, [
    'name',
    'description',
    'engine',
    'entity',
    'request',
    'inputs',
    'batch',
    'latency_objective_ms',
  ]);
  const name = optionalText(directory, 'name', fields['name']) ?? directory;
  checkName('model', name);
  if (name !== directory)
    throw bad(directory, `says name '${name}' but lies in directory '${directory}'; make them equal`);
  const engine = optionalText(directory, 'engine', fields['engine']) ?? 'onnxruntime';
  if (engine !== 'onnxruntime') throw bad(directory, `engine ${quoteShort(engine)} is not known; use "onnxruntime"`);
  const entity = optionalText(directory, 'entity', fields['entity']) ?? null;
  const batch = object(directory, 'batch', fields['batch'] ?? {}, ['rows_max']);
  const request = parseRequest(directory, fields['request']);
  const inputs = parseInputs(directory, fields['inputs'], new Set(request.map((one) => one.name)));
  if (entity === null && inputs.some(usesFeatures)) {
    throw bad(directory, 'uses features but names no "entity" whose key routes the request');
  }
  return {
    name,
    description: optionalText(directory, 'description', fields['description']) ?? '',
    engine,
    entity,
    request,
    inputs,
    batchRowsMax: whole(
      directory,
      'batch.rows_max',
      batch['rows_max'] ?? BATCH_ROWS_MAX_DEFAULT,
      1,
      BATCH_ROWS_MAX_LIMIT,
    ),
    latencyObjectiveMs: whole(directory, 'latency_objective_ms', fields['latency_objective_ms'] ?? 10, 1, 3_600_000),
  };
}

function usesFeatures(binding: InputBinding): boolean {
  return binding.kind === 'columns' && binding.columns.some((column) => column.kind === 'feature');
}

function parseRequest(directory: string, value: unknown): RequestInput[] {
  if (value === undefined) return [];
  const entries = Object.entries(object(directory, 'request', value, null));
  return entries.map(([name, spec]) => {
    if (!isName(name))
      throw bad(directory, `request input ${quoteShort(name)} is not a name (letters, digits, '_', '-')`);
    const fields = object(directory, `request.${name}`, spec, ['datatype', 'shape', 'non_finite']);
    const datatype = fields['datatype'];
    if (!isDataType(datatype)) {
      throw bad(directory, `request.${name}.datatype ${showShort(datatype)} is not one of FP32, INT64, BYTES, …`);
    }
    const nonFinite = fields['non_finite'] ?? 'refuse';
    if (nonFinite !== 'refuse' && nonFinite !== 'allow')
      throw bad(directory, `request.${name}.non_finite must be "refuse" or "allow"`);
    return { name, datatype, shape: parseShape(directory, name, fields['shape']), nonFinite };
  });
}

function parseShape(directory: string, name: string, value: unknown): number[] | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length > 8)
    throw bad(directory, `request.${name}.shape must be an array of at most 8 dimensions`);
  return value.map((dimension) => whole(directory, `request.${name}.shape`, dimension, -1, 1_000_000));
}

function parseInputs(directory: string, value: unknown, requestNames: ReadonlySet<string>): InputBinding[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw bad(directory, 'inputs must be an array');
  const seen = new Set<string>();
  return value.map((item, i) => {
    const fields = object(directory, `inputs[${i}]`, item, ['name', 'request', 'columns']);
    const name = fields['name'];
    if (typeof name !== 'string' || name === '')
      throw bad(directory, `inputs[${i}].name must be the name of a model input`);
    if (seen.has(name)) throw bad(directory, `inputs names '${name}' twice`);
    seen.add(name);
    if ((fields['request'] === undefined) === (fields['columns'] === undefined)) {
      throw bad(directory, `inputs[${i}] ('${name}') needs either "request" or "columns"`);
    }
    if (fields['request'] !== undefined) {
      return {
        kind: 'request',
        name,
        request: knownRequest(directory, `inputs[${i}].request`, fields['request'], requestNames),
      };
    }
    return {
      kind: 'columns',
      name,
      columns: parseColumns(directory, `inputs[${i}].columns`, fields['columns'], requestNames),
    };
  });
}

function parseColumns(directory: string, where: string, value: unknown, requestNames: ReadonlySet<string>): Column[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > COLUMNS_MAX) {
    throw bad(directory, `${where} must be an array of 1 to ${COLUMNS_MAX} columns`);
  }
  return value.map((item, i) => {
    const fields = object(directory, `${where}[${i}]`, item, ['feature', 'request', 'transform']);
    if (Object.keys(fields).length !== 1)
      throw bad(directory, `${where}[${i}] needs one of "feature", "request" and "transform"`);
    const transform = fields['transform'];
    if (typeof transform === 'string') return { kind: 'transform', transform };
    const feature = fields['feature'];
    if (typeof feature === 'string') {
      const [view, name, ...rest] = feature.split('.');
      if (view === undefined || name === undefined || rest.length > 0 || !isVersionedName(view) || !isName(name)) {
        throw bad(directory, `${where}[${i}].feature ${quoteShort(feature)} must read "view.feature"`);
      }
      return { kind: 'feature', view, feature: name };
    }
    if (fields['request'] === undefined)
      throw bad(directory, `${where}[${i}] needs one of "feature", "request" and "transform", as text`);
    return {
      kind: 'request',
      request: knownRequest(directory, `${where}[${i}].request`, fields['request'], requestNames),
    };
  });
}

function knownRequest(directory: string, where: string, value: unknown, names: ReadonlySet<string>): string {
  if (typeof value !== 'string' || !names.has(value)) {
    throw bad(
      directory,
      `${where} ${showShort(value)} is not declared under "request" (${[...names].join(', ') || 'nothing is'})`,
    );
  }
  return value;
}

function object(
  directory: string,
  where: string,
  value: unknown,
  allowed: readonly string[] | null,
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(directory, `${where} must be an object`);
  for (const field of Object.keys(value)) {
    if (allowed !== null && !allowed.includes(field)) {
      throw bad(directory, `${where} has an unknown field ${quoteShort(field)}; known are ${allowed.join(', ')}`);
    }
  }
  return value as Record<string, unknown>;
}

function optionalText(directory: string, field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw bad(directory, `${field} must be text`);
  return value;
}

function whole(directory: string, field: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw bad(directory, `${field} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function bad(directory: string, problem: string) {
  return invalid(`model.json of '${directory}': ${problem}`);
}
