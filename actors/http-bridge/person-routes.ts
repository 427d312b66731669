/** The routes for people and curl: `/v1` and the index at `/`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../../proto/errors.ts';
import { checkModelReference, checkVersion, checkVersionedName, quoteShort } from '../../proto/names.ts';
import { describeTarget } from '../edge/describe-view.ts';
import { parseDelete, parsePush, parseRead, plainIntegers, pushReply, readReplyJson } from '../edge/feature-api.ts';
import { parsePersonRequest, personCall, personReplyJson } from '../edge/person-api.ts';
import { isRowLines, parseAsOf, parseRowLines, rowLinesReply } from '../edge/row-lines.ts';
import {
  type EdgeContext,
  jsonBody,
  pathParameter,
  plainBody,
  predict,
  type Route,
  send,
  timeoutHeaderMs,
} from './exchange.ts';

const INDEX = {
  predict: 'POST /v1/predict/{model}[/versions/{version}]',
  push_features: 'POST /v1/features/{view}:push',
  get_features: 'POST /v1/features/{view}:get',
  delete_features: 'POST /v1/features/{view}:delete',
  describe_view: 'GET /v1/features/{view}',
  feast: 'POST /get-online-features, POST /push, POST /write-to-online-store',
  rollouts:
    'GET /v1/models/{model}/rollout, POST /v1/models/{model}/rollout[/promote|/abort], POST /v1/models/{model}/champion',
  cluster: 'GET /v1/cluster',
  open_inference:
    'GET /v2, GET /v2/models/{model}[/config|/stats], POST /v2/models/{model}/infer, POST /v2/repository/index',
  health: 'GET /v2/health/live, GET /v2/health/ready',
};

export function personRoutes(context: EdgeContext): Route[] {
  const { gateway } = context;
  const index = JSON.stringify({ name: 'dovetail', version: context.version, routes: INDEX });

  const predictForPerson = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const model = pathParameter(request, 'model') ?? '';
    const version = pathParameter(request, 'version');
    checkModelReference(model);
    if (version !== undefined) checkVersion(version);
    const description = gateway.describe(model, version);
    const parsed = parsePersonRequest(await jsonBody(context, request), description);
    // Errors from here on carry the caller's id too.
    if (parsed.requestId !== undefined) request.id = parsed.requestId;
    const result = await predict(context, request, reply, personCall(model, version, parsed));
    return send(context, request, reply, 200, personReplyJson(parsed.single, parsed.rows, result));
  };

  const push = async (view: string, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const bulk = isRowLines(request.headers['content-type']);
    const parsed = bulk
      ? parseRowLines(await plainBody(context, request), parseAsOf(request.query))
      : parsePush(await jsonBody(context, request));
    const acks = parsed.rows.length === 0 ? [] : await gateway.push(view, parsed.rows);
    const answer = bulk ? rowLinesReply(parsed, acks) : pushReply(parsed, acks);
    if (answer.status === 429 || answer.status === 503) reply.header('retry-after', '1');
    return send(context, request, reply, answer.status, answer.body);
  };

  const remove = async (view: string, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { keys, eventTime } = parseDelete(await jsonBody(context, request));
    const acks = await gateway.delete(view, keys, eventTime);
    const answer = pushReply({ rows: [], refusals: keys.map(() => null) }, acks);
    if (answer.status === 429 || answer.status === 503) reply.header('retry-after', '1');
    return send(context, request, reply, answer.status, answer.body);
  };

  const read = async (view: string, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { keys, timeoutMs, bound } = parseRead(await jsonBody(context, request));
    const budgetMs = timeoutMs ?? timeoutHeaderMs(request.headers['x-timeout-ms']);
    const rows = await gateway.get(view, keys, { timeoutMs: budgetMs, bound });
    return send(context, request, reply, 200, readReplyJson(rows));
  };

  const describe = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const name = pathParameter(request, 'target') ?? '';
    checkVersionedName('view', name);
    const described = describeTarget(gateway.views(), name, context.bodyBytesMax);
    if (described === null) {
      throw notFound(
        `no view or stream '${name}'; this app defines: ${[...gateway.views().keys()].join(', ') || 'none'}`,
      );
    }
    return send(context, request, reply, 200, described);
  };

  const features = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const target = pathParameter(request, 'target') ?? '';
    const colon = target.lastIndexOf(':');
    const verb = target.slice(colon + 1);
    const act = { push, get: read, delete: remove }[colon < 0 ? '' : verb];
    if (act === undefined) {
      throw notFound(
        `no route /v1/features/${quoteShort(target)}; there are {view}:push, {view}:get and {view}:delete`,
      );
    }
    const view = target.slice(0, colon);
    checkVersionedName('view', view);
    return act(view, request, reply);
  };

  return [
    { method: 'GET', url: '/', label: '/', handle: (request, reply) => send(context, request, reply, 200, index) },
    {
      method: 'GET',
      url: '/v1/cluster',
      label: '/v1/cluster',
      handle: (request, reply) => send(context, request, reply, 200, JSON.stringify(gateway.status(), plainIntegers)),
    },
    { method: 'POST', url: '/v1/predict/:model', label: '/v1/predict/{model}', handle: predictForPerson },
    {
      method: 'POST',
      url: '/v1/predict/:model/versions/:version',
      label: '/v1/predict/{model}',
      handle: predictForPerson,
    },
    { method: 'GET', url: '/v1/features/:target', label: '/v1/features/{view}', handle: describe },
    { method: 'POST', url: '/v1/features/:target', label: '/v1/features/{view}', handle: features },
  ];
}
