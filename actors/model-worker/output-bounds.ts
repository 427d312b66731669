/**
 * How large a run's outputs may become. An answer must fit one message, and a batch the worker's memory: what the shapes
 * tell is refused before it runs, what only the run tells is refused before it is copied. Pure.
 */
import { type ModelSpec, rowShape, type TensorSpec } from '../../cluster/catalog/model-spec.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import { DATA_TYPE_BYTES, elementCount } from '../../proto/tensor.ts';

/**
 * Outputs of one batch, bytes. ONNX Runtime keeps the memory of its largest run, and the worker holds the outputs until
 * they are sent: several such batches must fit beside each other.
 */
export const BATCH_OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Bytes of all outputs per row, or of a whole run where the model does not batch; null where only the run tells. */
export function outputRowBytes(outputs: readonly TensorSpec[], batched: boolean): number | null {
  let bytes = 0;
  for (const output of outputs) {
    const shape = rowShape(output, batched);
    if (output.datatype === 'BYTES' || shape.some((dimension) => dimension < 0)) return null;
    bytes += elementCount(shape) * DATA_TYPE_BYTES[output.datatype];
  }
  return bytes;
}

/** The manifest's rows per batch, or fewer where their outputs would be larger than a batch's may be; at least 1. */
export function batchRowsWithin(spec: ModelSpec, answerBytesMax: number): number {
  if (!spec.batched) return 1;
  const { batchRowsMax } = spec.manifest;
  const rowBytes = outputRowBytes(spec.outputs, true);
  if (rowBytes === null || rowBytes === 0) return batchRowsMax;
  const bytesMax = Math.max(BATCH_OUTPUT_BYTES_MAX, answerBytesMax);
  return Math.max(1, Math.min(batchRowsMax, Math.floor(bytesMax / rowBytes)));
}

/** Throws INVALID_ARGUMENT for a model that could answer nobody, since one row's outputs fit no message. */
export function checkOneRowFits(outputs: readonly TensorSpec[], batched: boolean, answerBytesMax: number): void {
  const rowBytes = outputRowBytes(outputs, batched);
  if (rowBytes === null || rowBytes <= answerBytesMax) return;
  throw invalid(
    `${batched ? 'one row' : 'a run'} has ${rowBytes} bytes of outputs, and an answer holds at most ${answerBytesMax}: ` +
      'give the model smaller outputs, or raise max_payload of the NATS server',
    'run',
  );
}

/** Throws RESOURCE_EXHAUSTED where the outputs of so many rows fit no answer. */
export function checkAnswerFits(key: string, rows: number, outputBytes: number, answerBytesMax: number): void {
  if (outputBytes <= answerBytesMax) return;
  const rowsFitting = Math.floor(answerBytesMax / (outputBytes / rows));
  const advice =
    rowsFitting > 0 ? `ask for at most ${rowsFitting} rows at a time` : 'ask for less, or fewer rows at a time';
  throw new ServingError(
    'RESOURCE_EXHAUSTED',
    'run',
    `${key}: the outputs of ${rows} rows have ${Math.ceil(outputBytes)} bytes, and an answer holds at most ${answerBytesMax}; ${advice}`,
  );
}
