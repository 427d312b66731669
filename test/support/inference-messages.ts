/** Infer requests as any client of the protocol writes them: through the generated code, raw or typed. */
import { inference } from '../../proto/generated/inference.js';
import { bytesElements, type DataType, type Tensor } from '../../proto/tensor.ts';

export type ParameterValue = boolean | number | string;
export type Parameters = Readonly<Record<string, ParameterValue>>;
export type RequestParts = {
  readonly model: string;
  readonly version?: string;
  readonly id?: string;
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly string[];
  readonly parameters?: Parameters;
};

/** 64 bits as protobufjs takes them without losing any. */
type Halves = { low: number; high: number; unsigned: boolean };

export function parametersOf(parameters: Parameters): Record<string, inference.IInferParameter> {
  const found: Record<string, inference.IInferParameter> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'boolean') found[name] = { bool_param: value };
    else if (typeof value === 'string') found[name] = { string_param: value };
    else found[name] = Number.isInteger(value) ? { int64_param: value } : { double_param: value };
  }
  return found;
}

/** The tensors in raw_input_contents. */
export function rawRequest(parts: RequestParts): inference.IModelInferRequest {
  const { model, version = '', id = '', inputs, outputs = [], parameters = {} } = parts;
  return {
    model_name: model,
    model_version: version,
    id,
    parameters: parametersOf(parameters),
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    outputs: outputs.map((name) => ({ name })),
    raw_input_contents: inputs.map(({ data }) => data),
  };
}

/** The same request with every element in the list of its datatype. */
export function typedRequest(parts: RequestParts): inference.IModelInferRequest {
  const request = rawRequest(parts);
  return {
    ...request,
    raw_input_contents: [],
    inputs: parts.inputs.map((tensor) => ({
      name: tensor.name,
      datatype: tensor.datatype,
      shape: [...tensor.shape],
      contents: contentsOf(tensor),
    })),
  };
}

export function encoded(request: inference.IModelInferRequest): Buffer {
  return Buffer.from(inference.ModelInferRequest.encode(request).finish());
}

export function contentsOf({ datatype, data }: Tensor): inference.IInferTensorContents {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const every = <T>(width: number, read: (at: number) => T): T[] =>
    Array.from({ length: data.byteLength / width }, (_, i) => read(i * width));
  const halves = (unsigned: boolean) =>
    every(8, (at): Halves => ({ low: view.getInt32(at, true), high: view.getInt32(at + 4, true), unsigned }));
  const contents: Readonly<Record<DataType, () => inference.IInferTensorContents>> = {
    BOOL: () => ({ bool_contents: every(1, (at) => view.getUint8(at) !== 0) }),
    INT8: () => ({ int_contents: every(1, (at) => view.getInt8(at)) }),
    INT16: () => ({ int_contents: every(2, (at) => view.getInt16(at, true)) }),
    INT32: () => ({ int_contents: every(4, (at) => view.getInt32(at, true)) }),
    INT64: () => ({ int64_contents: halves(false) as unknown as number[] }),
    UINT8: () => ({ uint_contents: every(1, (at) => view.getUint8(at)) }),
    UINT16: () => ({ uint_contents: every(2, (at) => view.getUint16(at, true)) }),
    UINT32: () => ({ uint_contents: every(4, (at) => view.getUint32(at, true)) }),
    UINT64: () => ({ uint64_contents: halves(true) as unknown as number[] }),
    FP16: () => ({}),
    FP32: () => ({ fp32_contents: every(4, (at) => view.getFloat32(at, true)) }),
    FP64: () => ({ fp64_contents: every(8, (at) => view.getFloat64(at, true)) }),
    BYTES: () => ({ bytes_contents: bytesElements(data) }),
  };
  return contents[datatype]();
}
