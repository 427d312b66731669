/** What every route does with a request and its answer: body, headers, the call to the gateway, sending. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomHex } from '../../cluster/random.ts';
import { formatTraceparent, parseTraceparent } from '../../cluster/telemetry/trace-context.ts';
import { invalid } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';
import { type JsonObject, parseJsonObject } from '../edge/json-text.ts';
import { COMPRESS_BYTES_MIN, TIMEOUT_MS_MAX } from '../edge/limits.ts';
import { isRequestId } from '../edge/person-api.ts';
import type { Caller, Gateway, PredictCall, PredictResult } from '../router/gateway-port.ts';
import type { BodyBudget } from './body-budget.ts';
import { chooseCoding, packAnswer, unpackBody } from './content-coding.ts';

/** What routes need of the server they are on. */
export type EdgeContext = {
  readonly gateway: Gateway;
  readonly version: string;
  readonly bodyBytesMax: number;
  readonly bodies: BodyBudget;
  /** True once `drain` was called. */
  readonly draining: () => boolean;
};

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

export type Route = {
  readonly method: 'GET' | 'POST';
  /** Fastify's pattern. */
  readonly url: string;
  /** Name in metrics: few and fixed, whatever callers ask for. */
  readonly label: string;
  /** Health must be answered while draining and when full. */
  readonly always?: boolean;
  readonly handle: Handler;
};

export const JSON_TYPE = 'application/json; charset=utf-8';
const NO_BODY = Buffer.alloc(0);
const TIMEOUT_TEXT = /^[0-9]{1,7}(?:\.[0-9]{1,6})?$/;

export function pathParameter(request: FastifyRequest, name: string): string | undefined {
  return (request.params as Readonly<Record<string, string | undefined>>)[name];
}

/** The body, unpacked where Content-Encoding says so; a promise only then, since most bodies come plain. */
export function plainBody(context: EdgeContext, request: FastifyRequest): Buffer | Promise<Buffer> {
  const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY;
  const coding = request.headers['content-encoding'];
  return coding === undefined ? body : unpacked(context, request, coding, body);
}

async function unpacked(
  context: EdgeContext,
  request: FastifyRequest,
  coding: string,
  packed: Buffer,
): Promise<Buffer> {
  const body = await unpackBody(coding, packed, context.bodyBytesMax);
  if (body !== packed) context.bodies.unpacked(request, body.byteLength);
  return body;
}

/** The body as a JSON object. Throws INVALID_ARGUMENT for anything else. */
export function jsonBody(context: EdgeContext, request: FastifyRequest): JsonObject | Promise<JsonObject> {
  const plain = plainBody(context, request);
  return Buffer.isBuffer(plain) ? parseJsonObject(plain, 'the body') : parseUnpacked(plain);
}

async function parseUnpacked(body: Promise<Buffer>): Promise<JsonObject> {
  return parseJsonObject(await body, 'the body');
}

/** `x-request-id` where it is 1 to 128 printable ASCII characters; anything else is ignored and an id is made. */
export function requestIdFrom(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && isRequestId(header) ? header : randomHex(8);
}

/**
 * The prediction, with `request.id`, the headers' deadline and the trace context added to the call and the answer's
 * identity put into the reply's headers. The nearer of the body's deadline and `x-timeout-ms` counts.
 */
export async function predict(
  context: EdgeContext,
  request: FastifyRequest,
  reply: FastifyReply,
  call: PredictCall,
): Promise<PredictResult> {
  const traceparent = request.headers['traceparent'];
  const trace = typeof traceparent === 'string' ? (parseTraceparent(traceparent) ?? undefined) : undefined;
  const headerMs = timeoutHeaderMs(request.headers['x-timeout-ms']);
  const timeoutMs =
    headerMs === undefined
      ? call.timeoutMs
      : call.timeoutMs === undefined
        ? headerMs
        : Math.min(headerMs, call.timeoutMs);
  const { model, version, inputs, bound } = call;
  const caller: Caller = { onGone: null };
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) caller.onGone?.();
  });
  const requestId = request.id;
  const result = await context.gateway.predict({ model, version, inputs, requestId, timeoutMs, bound, trace, caller });
  reply.header('x-request-id', result.requestId);
  reply.header('traceparent', formatTraceparent(result.traceId, result.spanId, result.sampled));
  return result;
}

export function timeoutHeaderMs(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const value = typeof header === 'string' && TIMEOUT_TEXT.test(header) ? Number(header) : 0;
  if (value > 0 && value <= TIMEOUT_MS_MAX) return value;
  throw invalid(
    `x-timeout-ms must be milliseconds over 0, at most ${TIMEOUT_MS_MAX}, got ${quoteShort(String(header))}`,
  );
}

/** Sends `body` under `type`, packed where the client takes that and it is worth it. */
export async function send(
  context: EdgeContext,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  body: string | Buffer,
  type: string = JSON_TYPE,
): Promise<FastifyReply> {
  reply.code(status).header('content-type', type);
  if (context.draining()) reply.header('connection', 'close');
  if (body.length < COMPRESS_BYTES_MIN) return reply.send(body);
  const coding = chooseCoding(request.headers['accept-encoding']);
  reply.header('vary', 'accept-encoding');
  if (coding === null) return reply.send(body);
  const packed = await packAnswer(coding, body);
  return reply.header('content-encoding', coding).send(packed);
}
