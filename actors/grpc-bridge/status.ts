/** ServingErrors as gRPC statuses: the same codes, since ours are gRPC's names, and the same texts. */
import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { ERROR_RULES, ServingError } from '../../proto/errors.ts';
import { GRPC_ERROR_BYTES_MAX } from '../edge/limits.ts';

/** Metadata that callers may send, beside gRPC's own deadline; and, but for the timeout, that answers carry. */
export const METADATA = {
  requestId: 'request-id',
  timeoutMs: 'timeout-ms',
  traceparent: 'traceparent',
  /** With an error: where in a request's life it arose. */
  stage: 'stage',
} as const;

/** A thrown value as a ServingError that callers may see; of what is unknown only that it happened. */
export function presentable(thrown: unknown): ServingError {
  if (thrown instanceof ServingError) return thrown;
  return new ServingError('INTERNAL', 'edge', 'an unexpected failure; the request id finds it in the log', {
    cause: thrown,
  });
}

/** `requestId` empty: none is known. */
export function statusOf(error: ServingError, requestId: string): StatusObject {
  const metadata = new Metadata();
  metadata.set(METADATA.stage, error.stage);
  if (requestId !== '') metadata.set(METADATA.requestId, requestId);
  return { code: ERROR_RULES[error.code].number, details: errorText(error), metadata };
}

/** Well-formed, since it is percent-encoded, and cut to what fits into a header. */
export function errorText(error: ServingError): string {
  const text = error.message.toWellFormed();
  if (Buffer.byteLength(text) <= GRPC_ERROR_BYTES_MAX) return text;
  let cut = text.slice(0, GRPC_ERROR_BYTES_MAX);
  while (Buffer.byteLength(cut) > GRPC_ERROR_BYTES_MAX) cut = cut.slice(0, Math.floor(cut.length * 0.9));
  return `${cut.toWellFormed()}…`;
}
