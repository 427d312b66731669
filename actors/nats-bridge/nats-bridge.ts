/**
 * The NATS edge for callers without Dovetail's client: `dovetail.predict.<model>`, `dovetail.features.push.<view>` and
 * `dovetail.features.get.<view>`, JSON as over HTTP, or protobuf for predictions by `Content-Type`. Registered as a NATS
 * micro service.
 */

import { bitsOfNames, type Freshness } from '../../cluster/catalog/row-freshness.ts';
import type { NatsLink, ServiceRequest } from '../../cluster/nats/nats-link.ts';
import { formatTraceparent, parseTraceparent } from '../../cluster/telemetry/trace-context.ts';
import { decodePredict, encodePredictReply } from '../../proto/envelope.ts';
import { asServingError, ERROR_RULES, invalid, ServingError } from '../../proto/errors.ts';
import { encodeFreshness, type RowFreshness } from '../../proto/freshness.ts';
import type { Predict, PredictReply } from '../../proto/letters.ts';
import { checkModelReference, checkVersion, checkVersionedName, quoteShort } from '../../proto/names.ts';
import {
  GATEWAY_QUEUE_GROUP,
  GET_SUBJECT_ROOT,
  PREDICT_SUBJECT_ROOT,
  PUSH_SUBJECT_ROOT,
} from '../../proto/subjects.ts';
import { isDataType } from '../../proto/tensor.ts';
import { parsePush, parseRead, pushReply, readReplyJson } from '../edge/feature-api.ts';
import { parseJsonObject } from '../edge/json-text.ts';
import { REQUEST_ID_CHARS_MAX } from '../edge/limits.ts';
import { isRequestId, parsePersonRequest, personCall, personReplyJson, timeoutMsOf } from '../edge/person-api.ts';
import type { Gateway, PredictCall, PredictResult } from '../router/gateway-port.ts';

export type NatsBridgeOptions = {
  readonly nats: NatsLink;
  readonly gateway: Gateway;
  readonly version: string;
  readonly requestsInFlightMax: number;
  readonly onRequest?: (endpoint: string, code: string) => void;
};

export type NatsBridge = {
  /** Takes no more requests; resolves when those in flight are answered. */
  stop(): Promise<void>;
};

type Reply = { readonly bytes: Uint8Array; readonly headers: Readonly<Record<string, string>> };

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPES = ['application/protobuf', 'application/x-protobuf'];
const HEADERS = {
  contentType: 'Content-Type',
  timeoutMs: 'Timeout-Ms',
  traceparent: 'traceparent',
  requestId: 'Request-Id',
} as const;
const encoder = new TextEncoder();

export async function startNatsBridge(options: NatsBridgeOptions): Promise<NatsBridge> {
  const { nats, gateway, version, requestsInFlightMax } = options;
  const inFlight = new Set<Promise<void>>();
  const endpoint = (
    name: string,
    root: string,
    answer: (request: ServiceRequest, target: string) => Promise<Reply>,
  ) => ({
    name,
    subject: `${root}.*`,
    handle: (request: ServiceRequest) => {
      if (inFlight.size >= requestsInFlightMax) {
        respondError(
          request,
          new ServingError(
            'RESOURCE_EXHAUSTED',
            'edge',
            `${inFlight.size} requests are being answered here; try again later`,
          ),
        );
        options.onRequest?.(name, 'RESOURCE_EXHAUSTED');
        return;
      }
      const target = request.subject.slice(root.length + 1);
      const work = answer(request, target)
        .then((reply) => {
          if (!request.respond(reply.bytes, reply.headers)) throw unsendable(reply.bytes.byteLength);
          options.onRequest?.(name, 'OK');
        })
        .catch((thrown: unknown) => {
          const error = asServingError(thrown, 'edge');
          respondError(request, error);
          options.onRequest?.(name, error.code);
        });
      inFlight.add(work);
      void work.finally(() => inFlight.delete(work));
    },
  });
  const service = await nats.service({
    name: 'dovetail',
    version,
    description: 'Real-time predictions about users, and their features',
    queueGroup: GATEWAY_QUEUE_GROUP,
    endpoints: [
      endpoint('predict', PREDICT_SUBJECT_ROOT, (request, model) => answerPredict(gateway, request, model)),
      endpoint('push', PUSH_SUBJECT_ROOT, (request, view) => answerPush(gateway, request, view)),
      endpoint('get', GET_SUBJECT_ROOT, (request, view) => answerGet(gateway, request, view)),
    ],
  });
  return {
    stop: async () => {
      await service.stop();
      await Promise.all(inFlight);
    },
  };
}

function unsendable(bytes: number): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    'edge',
    `the answer has ${bytes} bytes, more than one NATS message here may carry; ask for fewer rows`,
  );
}

async function answerPredict(gateway: Gateway, request: ServiceRequest, model: string): Promise<Reply> {
  checkModelReference(model);
  const contentType = request.header(HEADERS.contentType) ?? JSON_TYPE;
  if (PROTOBUF_TYPES.includes(contentType)) return answerProtobuf(gateway, request, model, contentType);
  if (!contentType.startsWith(JSON_TYPE)) {
    throw invalid(`Content-Type ${quoteShort(contentType)} is not known; use ${JSON_TYPE} or ${PROTOBUF_TYPES[0]}`);
  }
  const body = parseJsonObject(Buffer.from(request.bytes), 'the message');
  const { version, ...fields } = body;
  if (version !== undefined && typeof version !== 'string') throw invalid('"version" must be text, e.g. "1"');
  if (version !== undefined) checkVersion(version);
  const parsed = parsePersonRequest(fields, gateway.describe(model, version));
  const call = withHeaders(request, personCall(model, version, parsed));
  const result = await gateway.predict(call);
  return {
    bytes: encoder.encode(personReplyJson(parsed.single, parsed.rows, result)),
    headers: replyHeaders(result, JSON_TYPE),
  };
}

async function answerProtobuf(
  gateway: Gateway,
  request: ServiceRequest,
  model: string,
  contentType: string,
): Promise<Reply> {
  let message: Predict;
  try {
    message = decodePredict(request.bytes);
  } catch (thrown) {
    throw invalid(
      `the message is not a protobuf dovetail.Predict: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
  for (const { name, datatype } of message.inputs) {
    if (!isDataType(datatype)) throw invalid(`input ${quoteShort(name)}: ${datatype} is not one of proto/tensor.ts`);
  }
  if (message.model !== '' && message.model !== model) {
    throw invalid(
      `the subject names model '${model}', the message ${quoteShort(message.model)}; make them equal or leave the message's empty`,
    );
  }
  if (message.version !== '') checkVersion(message.version);
  const call = withHeaders(request, {
    model,
    version: message.version === '' ? undefined : message.version,
    inputs: message.inputs,
    requestId: message.requestId === '' ? undefined : message.requestId,
    timeoutMs: message.budgetUs > 0 ? message.budgetUs / 1_000 : undefined,
    // As it came: the router checks what it asks for.
    bound: message,
  });
  const result = await gateway.predict(call);
  return {
    bytes: encodePredictReply(protobufReply(message, result)),
    headers: replyHeaders(result, contentType),
  };
}

async function answerPush(gateway: Gateway, request: ServiceRequest, view: string): Promise<Reply> {
  checkVersionedName('view', view);
  const parsed = parsePush(parseJsonObject(Buffer.from(request.bytes), 'the message'));
  const acks = parsed.rows.length === 0 ? [] : await gateway.push(view, parsed.rows);
  return { bytes: encoder.encode(pushReply(parsed, acks).body), headers: { [HEADERS.contentType]: JSON_TYPE } };
}

async function answerGet(gateway: Gateway, request: ServiceRequest, view: string): Promise<Reply> {
  checkVersionedName('view', view);
  const { keys, timeoutMs, bound } = parseRead(parseJsonObject(Buffer.from(request.bytes), 'the message'));
  const rows = await gateway.get(view, keys, { timeoutMs: timeoutMs ?? timeoutHeader(request), bound });
  return { bytes: encoder.encode(readReplyJson(rows)), headers: { [HEADERS.contentType]: JSON_TYPE } };
}

function withHeaders(request: ServiceRequest, call: PredictCall): PredictCall {
  const traceparent = request.header(HEADERS.traceparent);
  return {
    ...call,
    edge: 'nats',
    requestId: checkedRequestId(call.requestId ?? request.header(HEADERS.requestId)),
    timeoutMs: call.timeoutMs ?? timeoutHeader(request),
    trace: traceparent === undefined ? undefined : (parseTraceparent(traceparent) ?? undefined),
  };
}

/** It is echoed and logged, whichever way it came. */
function checkedRequestId(id: string | undefined): string | undefined {
  if (id === undefined || isRequestId(id)) return id;
  throw invalid(
    `request id ${quoteShort(id)} must be 1 to ${REQUEST_ID_CHARS_MAX} printable ASCII characters without spaces`,
  );
}

function timeoutHeader(request: ServiceRequest): number | undefined {
  const text = request.header(HEADERS.timeoutMs);
  return text === undefined ? undefined : timeoutMsOf(Number(text), `header ${HEADERS.timeoutMs}`);
}

function replyHeaders(result: PredictResult, contentType: string): Record<string, string> {
  return {
    [HEADERS.contentType]: contentType,
    [HEADERS.traceparent]: formatTraceparent(result.traceId, result.spanId, result.sampled),
  };
}

function protobufReply(message: Predict, result: PredictResult): PredictReply {
  return {
    id: message.id,
    requestId: result.requestId,
    requestNumber: 0,
    failure: null,
    model: result.model.name,
    version: result.model.version,
    outputs: result.outputs,
    freshness: result.features.length === 0 ? null : encodeFreshness(namedFreshness(result.features)),
    timings: {
      totalUs: result.timingsUs.total,
      shardUs: result.timingsUs.shard,
      queueUs: result.timingsUs.queue,
      runUs: result.timingsUs.run,
      batchRows: result.timingsUs.batchRows,
    },
    traceId: result.traceId,
  };
}

function namedFreshness(rows: readonly Freshness[]): RowFreshness {
  const names = [...new Set(rows.flatMap((row) => row.defaulted))];
  const expired = rows.map((row) => row.expired);
  return {
    appliedSeq: rows.map((row) => row.appliedSeq),
    ageMs: rows.map((row) => row.ageMs ?? -1),
    defaulted: bitsOfNames(
      names,
      rows.map((row) => row.defaulted),
    ),
    defaultedNames: names,
    expired: expired.some((own) => own.length > 0) ? bitsOfNames(names, expired) : new Uint8Array(0),
    everywhereSeq: rows.flatMap((row) => row.everywhereSeq ?? []),
    asOfMs: rows.map((row) => row.asOfMs),
  };
}

/** `Nats-Service-Error` and `-Code` (the HTTP status), and the same JSON body as over HTTP. */
function respondError(request: ServiceRequest, error: ServingError): void {
  const message = error.code === 'INTERNAL' && error.stage === 'edge' ? 'internal error' : error.message;
  const said = message.length <= ERROR_CHARS_MAX ? message : `${message.slice(0, ERROR_CHARS_MAX)}…`;
  const body = { error: { code: error.code, stage: error.stage, message: said } };
  request.respondError(ERROR_RULES[error.code].http, said, encoder.encode(JSON.stringify(body)), {
    [HEADERS.contentType]: JSON_TYPE,
  });
}

/** Longer texts are cut: with one that does not fit a message nothing would be answered at all. */
const ERROR_CHARS_MAX = 4_096;
