/**
 * Reads infer requests of the Open Inference Protocol v2 with its binary tensor extension: a JSON part, then the binary
 * tensors in the order of the inputs (https://github.com/kserve/open-inference-protocol).
 */
import { invalid } from '../../proto/errors.ts';
import type { ReadBound } from '../../proto/letters.ts';
import { checkByteLength, DATA_TYPE_BYTES, elementCount, isDataType, type Tensor } from '../../proto/tensor.ts';
import { tensorFromJson } from '../edge/json-tensor.ts';
import { describeJson, isJsonObject, type JsonObject, parseJsonObject } from '../edge/json-text.ts';
import {
  checkEchoedId,
  checkInputShape,
  checkTensorCount,
  checkTensorName,
  readBoundOfParameters,
  refuseClassification,
  refuseSequences,
  refuseSharedMemory,
  timeoutMsOfParameters,
} from '../edge/open-inference-rules.ts';
import type { ModelDescription } from '../router/gateway-port.ts';

export type RequestedOutput = { readonly name: string; readonly binary: boolean };

export type InferRequest = {
  /** The caller's `id`, to be echoed; undefined when absent or empty. */
  readonly id: string | undefined;
  readonly inputs: readonly Tensor[];
  /** In the order asked for; undefined: every output of the model, binary as `binaryByDefault` says. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  readonly binaryByDefault: boolean;
  /** From the `timeout` parameter, which is in µs; undefined when absent or 0. */
  readonly timeoutMs: number | undefined;
  /** From the parameters `min_seq` and `max_age_ms`. */
  readonly bound: ReadBound | undefined;
};

const NO_PARAMETERS: JsonObject = {};

/**
 * `jsonBytes` is the `Inference-Header-Content-Length` header: undefined when the whole body is JSON. Throws
 * INVALID_ARGUMENT, or UNIMPLEMENTED for what the protocol has and this server has not. Tensor data of binary inputs
 * are views into `body`.
 */
export function parseInferRequest(body: Buffer, jsonBytes: number | undefined): InferRequest {
  const jsonEnd = jsonBytes ?? body.byteLength;
  if (jsonEnd > body.byteLength) {
    throw invalid(`Inference-Header-Content-Length is ${jsonEnd}, but the body has only ${body.byteLength} bytes`);
  }
  const request = parseJsonObject(body.subarray(0, jsonEnd), 'the infer request');
  const parameters = parametersOf(request, 'the request');
  refuseSequences(parameters);
  const binaryByDefault = flag(parameters, 'binary_data_output', 'the request') ?? false;
  return {
    id: checkEchoedId(request['id']),
    inputs: inputsOf(request, body, jsonEnd),
    outputs: outputsOf(request, binaryByDefault),
    binaryByDefault,
    timeoutMs: timeoutMsOfParameters(parameters),
    bound: readBoundOfParameters(parameters),
  };
}

/**
 * A request whose header value is 0: the body is the data of the model's only input, nothing else. At most one
 * dimension may be free; it follows from the body's length. A BYTES body is one element, without its length prefix.
 * All outputs are answered in binary.
 */
export function parseRawRequest(body: Buffer, model: ModelDescription): InferRequest {
  const [input, second] = model.inputs;
  if (input === undefined || second !== undefined) {
    throw invalid(
      `Inference-Header-Content-Length is 0, which needs a model of one input; '${model.name}' has ${model.inputs.length}`,
    );
  }
  const free = input.shape.filter((dimension) => dimension < 0).length;
  const fixed = elementCount(input.shape.filter((dimension) => dimension >= 0));
  let tensor: Tensor;
  if (input.datatype === 'BYTES') {
    const data = Buffer.allocUnsafe(4 + body.byteLength);
    data.writeUInt32LE(body.byteLength, 0);
    body.copy(data, 4);
    tensor = { name: input.name, datatype: 'BYTES', shape: input.shape.map((size) => Math.abs(size)), data };
  } else {
    const bytesOfOne = fixed * DATA_TYPE_BYTES[input.datatype];
    const rest = free === 1 && bytesOfOne > 0 ? body.byteLength / bytesOfOne : 1;
    if (free > 1 || !Number.isInteger(rest)) {
      throw invalid(
        `a raw body of ${body.byteLength} bytes does not fill '${input.name}' of shape [${input.shape.join(',')}] and type ${input.datatype}`,
      );
    }
    const shape = input.shape.map((size) => (size < 0 ? rest : size));
    tensor = { name: input.name, datatype: input.datatype, shape, data: body };
  }
  checkByteLength(tensor);
  return {
    id: undefined,
    inputs: [tensor],
    outputs: undefined,
    binaryByDefault: true,
    timeoutMs: undefined,
    bound: undefined,
  };
}

function inputsOf(request: JsonObject, body: Buffer, jsonEnd: number): Tensor[] {
  const list = request['inputs'];
  if (!Array.isArray(list) || list.length === 0) throw invalid("the infer request needs 'inputs', a list of tensors");
  checkTensorCount('inputs', list.length);
  const tensors: Tensor[] = [];
  const names = new Set<string>();
  let at = jsonEnd;
  for (let i = 0; i < list.length; i++) {
    const item: unknown = list[i];
    if (!isJsonObject(item)) throw invalid(`inputs[${i}] must be an object, got ${describeJson(item)}`);
    const name = checkTensorName(item['name'], `inputs[${i}]`, names);
    const where = `input '${name}'`;
    const datatype = item['datatype'];
    if (!isDataType(datatype)) {
      throw invalid(`${where}: datatype ${describeJson(datatype)} is none of the protocol's; e.g. FP32, INT64, BYTES`);
    }
    const shape = shapeOf(name, item['shape']);
    const parameters = parametersOf(item, where);
    refuseSharedMemory(parameters, where);
    const binaryBytes = parameters['binary_data_size'];
    if (binaryBytes === undefined) {
      if (item['data'] === undefined) throw invalid(`${where} has neither 'data' nor the parameter 'binary_data_size'`);
      tensors.push(tensorFromJson(name, datatype, shape, item['data'], `${where}: data`));
      continue;
    }
    if (item['data'] !== undefined) throw invalid(`${where} has both 'data' and 'binary_data_size'; leave one out`);
    if (typeof binaryBytes !== 'number' || !Number.isSafeInteger(binaryBytes) || binaryBytes < 0) {
      throw invalid(`${where}: binary_data_size must be a whole number of bytes, got ${describeJson(binaryBytes)}`);
    }
    if (binaryBytes > body.byteLength - at) {
      throw invalid(
        `${where}: binary_data_size is ${binaryBytes}, but ${body.byteLength - at} bytes are left after the JSON and earlier tensors; is Inference-Header-Content-Length (${jsonEnd}) right?`,
      );
    }
    const tensor = { name, datatype, shape, data: body.subarray(at, at + binaryBytes) };
    checkByteLength(tensor);
    tensors.push(tensor);
    at += binaryBytes;
  }
  if (at !== body.byteLength) throw invalid(`${body.byteLength - at} bytes follow the last binary tensor`);
  return tensors;
}

function outputsOf(request: JsonObject, binaryByDefault: boolean): RequestedOutput[] | undefined {
  const list = request['outputs'];
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw invalid(`'outputs' must be a list, got ${describeJson(list)}`);
  if (list.length === 0) return undefined;
  checkTensorCount('outputs', list.length);
  const names = new Set<string>();
  return list.map((item: unknown, i) => {
    if (!isJsonObject(item)) throw invalid(`outputs[${i}] must be an object, got ${describeJson(item)}`);
    const name = checkTensorName(item['name'], `outputs[${i}]`, names);
    const where = `output '${name}'`;
    const parameters = parametersOf(item, where);
    refuseSharedMemory(parameters, where);
    refuseClassification(parameters, where);
    return { name, binary: flag(parameters, 'binary_data', where) ?? binaryByDefault };
  });
}

function shapeOf(name: string, value: unknown): number[] {
  if (!Array.isArray(value)) throw invalid(`input '${name}' needs a 'shape', a list of whole numbers`);
  return checkInputShape(name, value);
}

function parametersOf(holder: JsonObject, where: string): JsonObject {
  const parameters = holder['parameters'];
  if (parameters === undefined) return NO_PARAMETERS;
  if (!isJsonObject(parameters)) throw invalid(`${where}: 'parameters' must be an object`);
  return parameters;
}

function flag(parameters: JsonObject, name: string, where: string): boolean | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`${where}: parameter '${name}' must be true or false, got ${describeJson(value)}`);
}
