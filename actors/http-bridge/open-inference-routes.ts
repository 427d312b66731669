/** The routes under `/v2`: the Open Inference Protocol v2, REST core and binary tensors. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { asServingError, invalid, ServingError } from '../../proto/errors.ts';
import { checkModelReference, checkVersion, quoteShort } from '../../proto/names.ts';
import { parseJsonObject } from '../edge/json-text.ts';
import { modelConfig, repositoryIndex } from '../edge/model-config.ts';
import { checkRequestedOutputs } from '../edge/open-inference-rules.ts';
import { isRequestId } from '../edge/person-api.ts';
import { type EdgeContext, JSON_TYPE, pathParameter, plainBody, predict, type Route, send } from './exchange.ts';
import { parseInferRequest, parseRawRequest } from './open-inference.ts';
import { encodeInferReply, modelMetadataJson, serverMetadataJson, statisticsJson } from './open-inference-reply.ts';

/** The protocol's own header, both ways: length of the JSON part before the binary tensors. */
const JSON_LENGTH_HEADER = 'inference-header-content-length';
const WHOLE = /^[0-9]{1,10}$/;

/** Extensions that clients know and this server has not: a clear 501 instead of a 404 that looks like a typo. */
const NOT_OFFERED: readonly (readonly [methods: 'GET' | 'POST' | 'BOTH', url: string, what: string])[] = [
  ['POST', '/v2/repository/models/:model/load', 'the model repository extension'],
  ['POST', '/v2/repository/models/:model/unload', 'the model repository extension'],
  ['BOTH', '/v2/trace/setting', 'the trace extension'],
  ['BOTH', '/v2/models/:model/trace/setting', 'the trace extension'],
  ['BOTH', '/v2/logging', 'the logging extension'],
  ['BOTH', '/v2/systemsharedmemory/*', 'the shared memory extension'],
  ['BOTH', '/v2/cudasharedmemory/*', 'the shared memory extension'],
];

export function openInferenceRoutes(context: EdgeContext): Route[] {
  const { gateway } = context;
  const server = serverMetadataJson(context.version);

  const metadata = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const { model, version } = modelOf(request);
    return send(context, request, reply, 200, modelMetadataJson(gateway.describe(model, version)));
  };
  const config = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const { model, version } = modelOf(request);
    return send(context, request, reply, 200, JSON.stringify(modelConfig(gateway.describe(model, version))));
  };
  const statistics = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const { model, version } = modelOf(request);
    return send(context, request, reply, 200, statisticsJson(gateway.statistics(model, version)));
  };
  const modelReady = (request: FastifyRequest, reply: FastifyReply): unknown => {
    try {
      const { model, version } = modelOf(request);
      gateway.describe(model, version);
    } catch (thrown) {
      // Clients look for 200 only; what is not served, for whatever reason, is "not ready".
      const { message } = asServingError(thrown, 'edge');
      return reply
        .code(400)
        .header('content-type', JSON_TYPE)
        .send(JSON.stringify({ error: message }));
    }
    return reply.code(200).send();
  };
  const infer = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { model, version } = modelOf(request);
    const plain = plainBody(context, request);
    const body = Buffer.isBuffer(plain) ? plain : await plain;
    const jsonBytes = jsonLength(request.headers[JSON_LENGTH_HEADER]);
    const parsed =
      jsonBytes === 0 ? parseRawRequest(body, gateway.describe(model, version)) : parseInferRequest(body, jsonBytes);
    // Before the model runs for nothing.
    if (parsed.outputs !== undefined) {
      checkRequestedOutputs(parsed.outputs, model, gateway.describe(model, version).outputs);
    }
    if (parsed.id !== undefined && isRequestId(parsed.id)) request.id = parsed.id;
    const { inputs, timeoutMs, bound } = parsed;
    const result = await predict(context, request, reply, { model, version, inputs, timeoutMs, bound });
    const answer = encodeInferReply(parsed, result);
    if (answer.jsonBytes === undefined) return send(context, request, reply, 200, answer.body);
    reply.header(JSON_LENGTH_HEADER, answer.jsonBytes);
    return send(context, request, reply, 200, answer.body, 'application/octet-stream');
  };

  return [
    {
      method: 'GET',
      url: '/v2/health/live',
      label: '/v2/health/live',
      always: true,
      handle: (_, reply) => reply.send(),
    },
    { method: 'GET', url: '/v2/health/ready', label: '/v2/health/ready', always: true, handle: ready(context) },
    { method: 'GET', url: '/v2', label: '/v2', handle: (request, reply) => send(context, request, reply, 200, server) },
    ...bothForms('GET', '', '/v2/models/{model}', metadata),
    ...bothForms('GET', '/ready', '/v2/models/{model}/ready', modelReady, true),
    ...bothForms('POST', '/infer', '/v2/models/{model}/infer', infer),
    ...bothForms('GET', '/config', '/v2/models/{model}/config', config),
    ...bothForms('GET', '/stats', '/v2/models/{model}/stats', statistics),
    {
      method: 'GET',
      url: '/v2/models/stats',
      label: '/v2/models/stats',
      handle: (request, reply) => send(context, request, reply, 200, statisticsJson(gateway.statistics())),
    },
    { method: 'POST', url: '/v2/repository/index', label: '/v2/repository/index', handle: index(context) },
    ...NOT_OFFERED.flatMap(([methods, url, what]) => notOffered(methods, url, what)),
  ];
}

function ready(context: EdgeContext): Route['handle'] {
  return (_, reply) => {
    const missing = context.draining() ? ['the process is draining'] : context.gateway.notReady();
    if (missing.length === 0) return reply.code(200).send();
    const body = JSON.stringify({ error: `not ready: ${missing.join('; ')}` });
    return reply.code(400).header('content-type', JSON_TYPE).send(body);
  };
}

/** The body may be empty; `{"ready": true}` asks for what is served only. */
function index(context: EdgeContext): Route['handle'] {
  return async (request, reply) => {
    const body = await plainBody(context, request);
    const { ready: readyOnly = false } = body.byteLength === 0 ? {} : parseJsonObject(body, 'the body');
    if (typeof readyOnly !== 'boolean') throw invalid("'ready' must be true or false");
    return send(context, request, reply, 200, JSON.stringify(repositoryIndex(context.gateway, readyOnly)));
  };
}

/** With and without `/versions/{version}`, under one label. */
function bothForms(
  method: Route['method'],
  end: string,
  label: string,
  handle: Route['handle'],
  always = false,
): Route[] {
  return ['/v2/models/:model', '/v2/models/:model/versions/:version'].map((start) => ({
    method,
    url: `${start}${end}`,
    label,
    always,
    handle,
  }));
}

function notOffered(methods: 'GET' | 'POST' | 'BOTH', url: string, what: string): Route[] {
  const handle = (): never => {
    throw new ServingError('UNIMPLEMENTED', 'edge', `${what} is not offered by this server; GET /v2 lists what is`);
  };
  const list: readonly Route['method'][] = methods === 'BOTH' ? ['GET', 'POST'] : [methods];
  return list.map((method) => ({ method, url, label: '/v2/(not offered)', handle }));
}

function modelOf(request: FastifyRequest): { model: string; version: string | undefined } {
  const model = pathParameter(request, 'model') ?? '';
  const version = pathParameter(request, 'version');
  checkModelReference(model);
  if (version !== undefined) checkVersion(version);
  return { model, version };
}

function jsonLength(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && WHOLE.test(header)) return Number(header);
  throw invalid(`Inference-Header-Content-Length must be a whole number of bytes, got ${quoteShort(String(header))}`);
}
