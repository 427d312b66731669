/**
 * What the Open Inference Protocol's requests may say beside their tensors, whichever way they come: names, ids, shapes
 * and parameters. The HTTP edge reads them from JSON, the gRPC edge from protobuf.
 */
import { invalid, ServingError } from '../../proto/errors.ts';
import type { ReadBound } from '../../proto/letters.ts';
import { quoteShort } from '../../proto/names.ts';
import { parseReadBound } from '../../proto/read-bound.ts';
import { checkShape, RANK_MAX } from '../../proto/tensor.ts';
import { describeJson, type JsonObject, parseJson } from './json-text.ts';
import {
  DIMENSION_MAX,
  ECHOED_ID_CHARS_MAX,
  ELEMENTS_MAX,
  TENSOR_NAME_CHARS_MAX,
  TENSORS_MAX,
  TIMEOUT_MS_MAX,
} from './limits.ts';

/** What GET /v2 and ServerMetadata may claim: only what is there. */
export const EXTENSIONS: readonly string[] = ['binary_tensor_data', 'model_configuration', 'statistics'];

/** Throws INVALID_ARGUMENT for more inputs or outputs than a request may have. */
export function checkTensorCount(what: 'inputs' | 'outputs', count: number): void {
  if (count > TENSORS_MAX) throw invalid(`${count} ${what}; at most ${TENSORS_MAX} are allowed`);
}

/** The name, noted in `taken`. Throws INVALID_ARGUMENT for one that is no name or is there already. */
export function checkTensorName(name: unknown, where: string, taken: Set<string>): string {
  if (typeof name !== 'string' || name === '' || name.length > TENSOR_NAME_CHARS_MAX) {
    throw invalid(`${where} needs a 'name' of 1 to ${TENSOR_NAME_CHARS_MAX} characters`);
  }
  if (taken.has(name)) throw invalid(`${where}: the name ${quoteShort(name)} is there twice`);
  taken.add(name);
  return name;
}

/** Throws INVALID_ARGUMENT for what is no shape of a tensor that this server could take. */
export function checkInputShape(name: string, shape: readonly unknown[]): number[] {
  if (shape.length > RANK_MAX) throw invalid(`input '${name}' has ${shape.length} dimensions; at most ${RANK_MAX}`);
  for (const dimension of shape) {
    if (typeof dimension !== 'number' || dimension > DIMENSION_MAX) {
      throw invalid(
        `input '${name}': ${describeJson(dimension)} is not a dimension; give whole numbers up to 2^31 - 1`,
      );
    }
  }
  checkShape(name, shape as number[], ELEMENTS_MAX);
  return shape as number[];
}

/** The caller's id, to be given back; undefined where there is none. */
export function checkEchoedId(id: unknown): string | undefined {
  if (id === undefined || id === '') return undefined;
  if (typeof id !== 'string' || id.length > ECHOED_ID_CHARS_MAX) {
    throw invalid(`'id' must be a string of at most ${ECHOED_ID_CHARS_MAX} characters`);
  }
  return id;
}

/** From the parameter `timeout`, which is in µs; undefined when absent or 0. */
export function timeoutMsOfParameters(parameters: JsonObject): number | undefined {
  const timeoutUs = parameters['timeout'];
  if (timeoutUs === undefined || timeoutUs === 0) return undefined;
  if (typeof timeoutUs !== 'number' || !Number.isInteger(timeoutUs) || timeoutUs < 0) {
    throw invalid(`parameter 'timeout' must be a whole number of microseconds, got ${describeJson(timeoutUs)}`);
  }
  if (timeoutUs > TIMEOUT_MS_MAX * 1000) {
    throw invalid(`parameter 'timeout' is in microseconds; at most ${TIMEOUT_MS_MAX * 1000} (an hour) is allowed`);
  }
  return timeoutUs / 1000;
}

/** The protocol's parameters are single values, so that a list of sequences or acknowledgements comes as its JSON text. */
export function readBoundOfParameters(parameters: JsonObject): ReadBound | undefined {
  const given = parameters['min_seq'];
  const minSeq = typeof given === 'string' ? parseJson(Buffer.from(given), "parameter 'min_seq'") : given;
  return parseReadBound(minSeq, parameters['max_age_ms']);
}

/** Clients send 0, "" or false for "no sequence". */
export function refuseSequences(parameters: JsonObject): void {
  for (const name of ['sequence_id', 'sequence_start', 'sequence_end']) {
    const value = parameters[name];
    if (value !== undefined && value !== 0 && value !== '' && value !== false) {
      throw unimplemented(`parameter '${name}': sequences of stateful models are not offered; send each request alone`);
    }
  }
}

export function refuseSharedMemory(parameters: JsonObject, where: string): void {
  if (parameters['shared_memory_region'] !== undefined) {
    throw unimplemented(`${where}: shared memory is not offered; send the data in the request`);
  }
}

export function refuseClassification(parameters: JsonObject, where: string): void {
  const classes = parameters['classification'];
  if (classes !== undefined && classes !== 0) {
    throw unimplemented(`${where}: the classification extension is not offered; rank the scores at the caller`);
  }
}

/** Throws INVALID_ARGUMENT when an output is asked for that the model has not. */
export function checkRequestedOutputs(
  wanted: readonly { readonly name: string }[],
  model: string,
  outputs: readonly { readonly name: string }[],
): void {
  for (const { name } of wanted) {
    if (!outputs.some((output) => output.name === name)) {
      const names = outputs.map((output) => output.name).join(', ');
      throw invalid(`model '${model}' has no output ${quoteShort(name)}; it has ${names}`);
    }
  }
}

function unimplemented(message: string): ServingError {
  return new ServingError('UNIMPLEMENTED', 'edge', message);
}
