/**
 * What the cluster knows about one version of a model: its manifest and what the file itself says of its inputs and
 * outputs. Workers publish it in the model registry; routers and shards compile serving plans from it. Pure.
 */
import { invalid } from '../../proto/errors.ts';
import { isName, isVersion, showShort } from '../../proto/names.ts';
import { DATA_TYPES, type DataType, isDataType } from '../../proto/tensor.ts';
import { type Manifest, parseManifest, type RequestInput } from './manifest.ts';

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

/**
 * Throws INVALID_ARGUMENT, naming what is wrong, for bytes that no worker of ours would have entered. The registry is
 * open to whoever reaches NATS: its manifests are held to the rules of `model.json`, its tensors to what can be run.
 */
export function decodeModelSpec(bytes: Uint8Array): ModelSpec {
  if (bytes.byteLength > ENTRY_BYTES_MAX) throw noModel(`it has ${bytes.byteLength} bytes`);
  const spec = parse(bytes);
  const manifest = checkManifest(spec.manifest);
  if (typeof spec.version !== 'string' || !isVersion(spec.version)) throw noModel(`version ${showShort(spec.version)}`);
  if (typeof spec.sha256 !== 'string' || !SHA256.test(spec.sha256)) throw noModel('sha256 is not hex');
  if (!isText(spec.platform)) throw noModel('platform is not text');
  if (typeof spec.batched !== 'boolean') throw noModel('batched is not true or false');
  checkTensors('inputs', spec.inputs, spec.batched);
  checkTensors('outputs', spec.outputs, spec.batched);
  return { ...(spec as ModelSpec), manifest };
}

/** NATS refuses messages over 1 MiB unless configured otherwise. */
const ENTRY_BYTES_MAX = 1_048_576;
const SHA256 = /^[0-9a-f]{0,64}$/;
const TEXT_CHARS_MAX = 1_024;
const TENSORS_MAX = 4_096;
const DIMENSIONS_MAX = 32;
/** Of a tensor, those of free dimensions not counted: twice what a request may be allowed to carry. */
const ELEMENTS_MAX = 536_870_912;

type Unchecked<T> = { readonly [K in keyof T]?: unknown };

function parse(bytes: Uint8Array): Unchecked<ModelSpec> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw noModel('it is not JSON in UTF-8');
  }
  return asObject('it', json);
}

/** As `model.json` would have it, and through the parser of that. */
function checkManifest(value: unknown): Manifest {
  const { name, description, engine, entity, request, inputs, batchRowsMax, latencyObjectiveMs, ...others } =
    asObject<Manifest>('manifest', value);
  // A field that is added to manifests must be added here: this line does not compile until it is.
  others satisfies Record<string, never>;
  if (typeof name !== 'string' || !isName(name)) throw noModel(`manifest.name ${showShort(name)}`);
  const requests = asArray('manifest.request', request).map((item) => asObject<RequestInput>('a request input', item));
  const json = {
    name,
    description,
    engine,
    entity: entity ?? undefined,
    request: Object.fromEntries(
      requests.map((one) => [
        String(one.name),
        { datatype: one.datatype, shape: one.shape ?? undefined, non_finite: one.nonFinite },
      ]),
    ),
    inputs: asArray('manifest.inputs', inputs).map(bindingJson),
    batch: { rows_max: batchRowsMax },
    latency_objective_ms: latencyObjectiveMs,
  };
  if (Object.keys(json.request).length !== requests.length) throw noModel('manifest.request has a name twice');
  try {
    return parseManifest(JSON.stringify(json), name);
  } catch (thrown) {
    throw noModel(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function bindingJson(item: unknown): object {
  const { kind, name, request, columns } = asObject<{ kind: 1; name: 1; request: 1; columns: 1 }>('an input', item);
  if (kind === 'request') return { name, request };
  const made = asArray('columns', columns).map((one) => {
    const column = asObject<{ kind: 1; request: 1; view: 1; feature: 1; transform: 1 }>('a column', one);
    if (column.kind === 'request') return { request: column.request };
    if (column.kind === 'transform') return { transform: column.transform };
    return { feature: `${column.view}.${column.feature}` };
  });
  return { name, columns: made };
}

function checkTensors(which: string, value: unknown, batched: boolean): void {
  const tensors = asArray(which, value);
  if (tensors.length > TENSORS_MAX) throw noModel(`${which} has ${tensors.length} tensors`);
  for (const item of tensors) {
    const { name, datatype, shape } = asObject<TensorSpec>(`an entry of ${which}`, item);
    if (!isText(name)) throw noModel(`${which} has a name that is not text`);
    if (!isDataType(datatype)) {
      throw noModel(`datatype ${showShort(datatype)} of ${which}; known are ${DATA_TYPES.join(', ')}`);
    }
    checkShape(`the shape of ${which}`, asArray('shape', shape), batched);
  }
}

function checkShape(which: string, shape: readonly unknown[], batched: boolean): void {
  if (shape.length > DIMENSIONS_MAX) throw noModel(`${which} has ${shape.length} dimensions`);
  if (batched && shape[0] !== -1) throw noModel(`${which} has no free first dimension, which batching needs`);
  let elements = 1;
  for (const dimension of shape) {
    if (typeof dimension !== 'number' || !Number.isInteger(dimension) || dimension < -1) {
      throw noModel(`${which} has the dimension ${showShort(dimension)}`);
    }
    elements *= Math.max(1, dimension);
  }
  if (elements > ELEMENTS_MAX) throw noModel(`${which} has more than ${ELEMENTS_MAX} elements`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_CHARS_MAX;
}

function asObject<T>(what: string, value: unknown): Unchecked<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw noModel(`${what} is not an object`);
  return value as Unchecked<T>;
}

function asArray(what: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw noModel(`${what} is not a list`);
  return value;
}

function noModel(why: string) {
  return invalid(`registry entry is no model: ${why}`);
}
