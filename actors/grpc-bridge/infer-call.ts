/** One inference, from its message to the gateway's result: identity, deadline and trace from message and metadata. */
import type { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../cluster/clock.ts';
import { formatTraceparent, parseTraceparent } from '../../cluster/telemetry/trace-context.ts';
import { invalid } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';
import { REQUEST_ID_CHARS_MAX } from '../edge/limits.ts';
import { checkRequestedOutputs } from '../edge/open-inference-rules.ts';
import { isRequestId, timeoutMsOf } from '../edge/person-api.ts';
import type { Caller, Gateway, PredictCall, PredictResult } from '../router/gateway-port.ts';
import type { GrpcInferRequest } from './infer-request.ts';
import { METADATA } from './status.ts';

export type InferContext = {
  readonly gateway: Gateway;
  readonly clock: Clock;
  /** Deadline of a request that names none, ms. */
  readonly requestTimeoutMs: number;
  /** Longest that the cluster keeps, ms. */
  readonly requestTimeoutMsMax: number;
};

/** What a call's metadata say of its inferences. */
export type CallTerms = {
  readonly requestId: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly trace: PredictCall['trace'];
  /** As gRPC has it: wall-clock time, Infinity without one. */
  readonly deadline: Date | number;
};

/** Throws INVALID_ARGUMENT for a request id or timeout that is none. */
export function termsOf(metadata: Metadata, deadline: Date | number): CallTerms {
  const requestId = textOf(metadata, METADATA.requestId);
  if (requestId !== undefined && !isRequestId(requestId)) {
    throw invalid(
      `${METADATA.requestId} ${quoteShort(requestId)} must be 1 to ${REQUEST_ID_CHARS_MAX} printable ASCII characters without spaces`,
    );
  }
  const timeout = textOf(metadata, METADATA.timeoutMs);
  const traceparent = textOf(metadata, METADATA.traceparent);
  return {
    requestId,
    timeoutMs: timeout === undefined ? undefined : timeoutMsOf(Number(timeout), `metadata ${METADATA.timeoutMs}`),
    trace: traceparent === undefined ? undefined : (parseTraceparent(traceparent) ?? undefined),
    deadline,
  };
}

/**
 * Asks the gateway. `inStream`: the call's deadline is the whole stream's, so it only caps what one request may take.
 * `caller.onGone`, once set, cancels. Rejects with ServingError.
 */
export function infer(
  context: InferContext,
  request: GrpcInferRequest,
  terms: CallTerms,
  inStream: boolean,
  caller: Caller,
): Promise<PredictResult> {
  const { gateway } = context;
  const { model, version, inputs, outputs, id, bound } = request;
  // Before the model runs for nothing.
  if (outputs !== undefined) checkRequestedOutputs(outputs, model, gateway.describe(model, version).outputs);
  const ownId = id !== undefined && isRequestId(id) ? id : undefined;
  return gateway.predict({
    model,
    version,
    inputs,
    bound,
    edge: 'grpc',
    requestId: ownId ?? (inStream ? undefined : terms.requestId),
    timeoutMs: budgetMs(context, request.timeoutMs, terms, inStream),
    trace: terms.trace,
    caller,
  });
}

/** Of an answer: who it was. */
export function setIdentity(metadata: Metadata, result: PredictResult): void {
  metadata.set(METADATA.requestId, result.requestId);
  metadata.set(METADATA.traceparent, formatTraceparent(result.traceId, result.spanId, result.sampled));
}

/**
 * The nearest of what parameter, metadata and gRPC's deadline say; undefined where none says anything. gRPC's may be
 * further away than the cluster waits, since clients set it for themselves; then the longest that it waits counts.
 */
function budgetMs(
  context: InferContext,
  parameterMs: number | undefined,
  { timeoutMs, deadline }: CallTerms,
  inStream: boolean,
): number | undefined {
  const said =
    parameterMs !== undefined && timeoutMs !== undefined
      ? Math.min(parameterMs, timeoutMs)
      : (parameterMs ?? timeoutMs);
  const leftMs = Number(deadline) - context.clock.wallMs();
  if (leftMs === Number.POSITIVE_INFINITY) return said;
  const unsaid = inStream ? context.requestTimeoutMs : context.requestTimeoutMsMax;
  return Math.max(1, Math.min(said ?? unsaid, leftMs));
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}
