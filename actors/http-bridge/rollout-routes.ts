/** The routes for a model's versions in use: rollouts and the champion. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalid, ServingError } from '../../proto/errors.ts';
import { checkName } from '../../proto/names.ts';
import type { RolloutPort, RolloutView } from '../router/rollout/rollout-port.ts';
import { HttpRefusal } from './edge-errors.ts';
import { type EdgeContext, jsonBody, pathParameter, plainBody, type Route, send } from './exchange.ts';

const ROLLOUT = '/v1/models/:model/rollout';
const LABEL = '/v1/models/{model}/rollout';

export function rolloutRoutes(context: EdgeContext, rollouts: RolloutPort): Route[] {
  type Act = (model: string, request: FastifyRequest) => RolloutView | Promise<RolloutView>;
  const route = (method: Route['method'], url: string, label: string, act: Act): Route => ({
    method,
    url,
    label,
    handle: async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      const model = pathParameter(request, 'model') ?? '';
      checkName('model', model);
      let view: RolloutView;
      try {
        view = await act(model, request);
      } catch (thrown) {
        throw asConflict(thrown);
      }
      return send(context, request, reply, 200, JSON.stringify(view));
    },
  });
  const withoutBody = async (request: FastifyRequest): Promise<void> => {
    if ((await plainBody(context, request)).byteLength > 2) throw invalid('this takes no body');
  };
  return [
    route('GET', ROLLOUT, LABEL, (model) => rollouts.show(model)),
    route('POST', ROLLOUT, LABEL, async (model, request) => rollouts.start(model, await jsonBody(context, request))),
    route('POST', `${ROLLOUT}/promote`, `${LABEL}/promote`, async (model, request) => {
      await withoutBody(request);
      return rollouts.promote(model);
    }),
    route('POST', `${ROLLOUT}/abort`, `${LABEL}/abort`, async (model, request) => {
      await withoutBody(request);
      return rollouts.abort(model);
    }),
    route('POST', '/v1/models/:model/champion', '/v1/models/{model}/champion', async (model, request) => {
      const { version, ...others } = await jsonBody(context, request);
      const [other] = Object.keys(others);
      if (typeof version !== 'string' || other !== undefined) {
        throw invalid('the body must be {"version": "…"}: a version, an alias or "newest"');
      }
      return rollouts.pin(model, version);
    }),
  ];
}

/** Elsewhere the code says that a retry may help; here only whoever asks can change what stands against it. */
function asConflict(thrown: unknown): unknown {
  const conflict = thrown instanceof ServingError && thrown.code === 'FAILED_PRECONDITION';
  return conflict ? new HttpRefusal(409, 'FAILED_PRECONDITION', thrown.message) : thrown;
}
