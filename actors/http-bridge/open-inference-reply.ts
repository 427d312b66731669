/** Writes answers of the Open Inference Protocol v2: infer responses, as JSON or JSON and binary tensors, and metadata. */
import { invalid } from '../../proto/errors.ts';
import type { Tensor } from '../../proto/tensor.ts';
import { freshnessParametersJson } from '../edge/infer-freshness.ts';
import { checkRequestedOutputs, EXTENSIONS } from '../edge/open-inference-rules.ts';
import { flatJson } from '../edge/tensor-json.ts';
import type { ModelDescription, PredictResult, TensorSpec } from '../router/gateway-port.ts';
import type { ModelStatistics } from '../router/model-statistics.ts';
import type { InferRequest } from './open-inference.ts';

export type InferReply = {
  /** The whole body: text when no output is binary. */
  readonly body: string | Buffer;
  /** Length of the JSON part, for Inference-Header-Content-Length; undefined when all is JSON. */
  readonly jsonBytes: number | undefined;
};

/** Outputs in the order asked for, or all in the model's order, each in the form asked for. */
export function encodeInferReply(request: InferRequest, result: PredictResult): InferReply {
  let text = `{"model_name":${JSON.stringify(result.model.name)},"model_version":${JSON.stringify(result.model.version)}`;
  if (request.id !== undefined) text += `,"id":${JSON.stringify(request.id)}`;
  const freshness = freshnessParametersJson(result.features);
  if (freshness !== '') text += `,"parameters":${freshness}`;
  text += ',"outputs":[';
  const binary: Uint8Array[] = [];
  if (request.outputs === undefined) {
    for (let i = 0; i < result.outputs.length; i++) {
      if (i > 0) text += ',';
      text += outputJson(result.outputs[i]!, request.binaryByDefault, binary);
    }
  } else {
    checkRequestedOutputs(request.outputs, result.model.name, result.outputs);
    for (let i = 0; i < request.outputs.length; i++) {
      const wanted = request.outputs[i]!;
      const tensor = result.outputs.find((output) => output.name === wanted.name)!;
      if (i > 0) text += ',';
      text += outputJson(tensor, wanted.binary, binary);
    }
  }
  text += ']}';
  if (binary.length === 0) return { body: text, jsonBytes: undefined };
  const json = Buffer.from(text);
  return { body: Buffer.concat([json, ...binary]), jsonBytes: json.byteLength };
}

/** Adds the tensor's bytes to `binary` where it goes as binary. */
function outputJson(tensor: Tensor, asBinary: boolean, binary: Uint8Array[]): string {
  const head = `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}]`;
  if (asBinary) {
    binary.push(tensor.data);
    return `${head},"parameters":{"binary_data_size":${tensor.data.byteLength}}}`;
  }
  if (tensor.datatype === 'FP16') {
    throw invalid(`output '${tensor.name}' is FP16, which must travel as binary; ask for it with binary_data: true`);
  }
  return `${head},"data":${flatJson(tensor)}}`;
}

export function modelMetadataJson(model: ModelDescription): string {
  return JSON.stringify({
    name: model.name,
    versions: model.versions,
    platform: model.platform,
    inputs: model.inputs.map(specJson),
    outputs: model.outputs.map(specJson),
  });
}

function specJson({ name, datatype, shape }: TensorSpec): TensorSpec {
  return { name, datatype, shape };
}

export function statisticsJson(statistics: readonly ModelStatistics[]): string {
  return JSON.stringify({ model_stats: statistics });
}

export function serverMetadataJson(version: string): string {
  return JSON.stringify({ name: 'dovetail', version, extensions: EXTENSIONS });
}
