/**
 * Writes ONNX files: whole models from nodes and tensors, so that examples, tests and benches make the models they
 * need without another language. Start from `onnx-writer.ts`, which adds multilayer perceptrons.
 *
 * The format is protobuf (https://onnx.ai/onnx/repo-docs/IR.html); `onnx-subset.ts` holds the messages used.
 * Files are written as IR version 8 with operator set 17, which every ONNX Runtime since 1.12 reads.
 */
import protobuf from 'protobufjs';
import { ONNX_SUBSET } from './onnx-subset.ts';

export const IR_VERSION = 8;
export const OPSET_VERSION = 17;

/** Element types by ONNX's number for them (TensorProto.DataType). */
const ELEMENT_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const;

export type ElementType = keyof typeof ELEMENT_TYPES;

/** A graph input or output. A dimension given as text is free and bears that name, as in `['batch', 25]`. */
export type ValueSpec = {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
};

/** Numbers become INT where whole and FLOAT otherwise; write `{ float: 1 }` for a whole-numbered FLOAT. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

export type NodeSpec = {
  /** Operator, as https://onnx.ai/onnx/operators/ names it: "Gemm", "Relu". */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
};

/** A constant. The element type follows from the array; a plain list of numbers is float32, of text string. */
export type InitializerSpec = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array | Int32Array | BigInt64Array | readonly number[] | readonly string[];
};

export type ModelSpec = {
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** In an order in which each value is made before it is used. */
  readonly nodes: readonly NodeSpec[];
  readonly initializers?: readonly InitializerSpec[];
  readonly name?: string;
  readonly description?: string;
};

const MODEL_PROTO = protobuf.parse(ONNX_SUBSET, { keepCase: true }).root.lookupType('onnx.ModelProto');

/**
 * The bytes of a `.onnx` file.
 *
 * Only what the format itself asks is checked here (an initializer's length against its shape); whether operators
 * and types fit together is for the runtime to say, and tests want models for which it says no.
 * Throws RangeError for an initializer whose values do not fill its shape.
 */
export function model(spec: ModelSpec): Uint8Array {
  return MODEL_PROTO.encode({
    ir_version: IR_VERSION,
    producer_name: 'dovetail-examples',
    doc_string: spec.description ?? '',
    opset_import: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name: spec.name ?? 'graph',
      node: spec.nodes.map((node, index) => ({
        name: `${node.op}_${index}`,
        op_type: node.op,
        input: node.inputs,
        output: node.outputs,
        attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => attribute(name, value)),
      })),
      initializer: (spec.initializers ?? []).map(tensor),
      input: spec.inputs.map(valueInfo),
      output: spec.outputs.map(valueInfo),
    },
  }).finish();
}

function valueInfo(value: ValueSpec): object {
  return {
    name: value.name,
    type: {
      tensor_type: {
        elem_type: ELEMENT_TYPES[value.type],
        shape: {
          dim: value.shape.map((dimension) =>
            typeof dimension === 'string' ? { dim_param: dimension } : { dim_value: dimension },
          ),
        },
      },
    },
  };
}

function attribute(name: string, value: AttributeValue): object {
  if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value, 'utf8') };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { name, type: 2, i: value } : { name, type: 1, f: value };
  }
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('floats' in value) return { name, type: 6, floats: value.floats };
  return { name, type: 7, ints: value };
}

function tensor(initializer: InitializerSpec): object {
  const { name, shape, values } = initializer;
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (values.length !== count) {
    throw new RangeError(
      `initializer '${name}': shape [${shape.join(',')}] needs ${count} values, got ${values.length}`,
    );
  }
  const head = { name, dims: shape };
  if (values instanceof Float32Array)
    return { ...head, data_type: ELEMENT_TYPES.float32, raw_data: littleEndian(values) };
  if (values instanceof Float64Array)
    return { ...head, data_type: ELEMENT_TYPES.float64, raw_data: littleEndian(values) };
  if (values instanceof Int32Array) return { ...head, data_type: ELEMENT_TYPES.int32, raw_data: littleEndian(values) };
  if (values instanceof BigInt64Array)
    return { ...head, data_type: ELEMENT_TYPES.int64, raw_data: littleEndian(values) };
  if (isTextList(values)) {
    const stringData = values.map((text) => Buffer.from(text, 'utf8'));
    return { ...head, data_type: ELEMENT_TYPES.string, string_data: stringData };
  }
  return { ...head, data_type: ELEMENT_TYPES.float32, raw_data: littleEndian(Float32Array.from(values)) };
}

function isTextList(values: readonly number[] | readonly string[]): values is readonly string[] {
  return typeof values[0] === 'string';
}

/** Every platform that Node.js supports but s390x is little-endian; there the elements are turned round. */
function littleEndian(values: Float32Array | Float64Array | Int32Array | BigInt64Array): Uint8Array {
  const bytes = Buffer.from(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
  const nativeIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (nativeIsLittle) return bytes;
  return values.BYTES_PER_ELEMENT === 8 ? bytes.swap64() : bytes.swap32();
}
