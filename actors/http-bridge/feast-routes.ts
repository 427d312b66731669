/** Feast's feature server, as far as its online store goes: its SDK reads and writes here with `type: remote`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FeastRefusal } from '../edge/feast-errors.ts';
import { parseOnlineRequest } from '../edge/feast-read.ts';
import { onlineReplyJson } from '../edge/feast-reply.ts';
import { checkWritten, type FrameWrite, parsePushRequest, parseWriteRequest } from '../edge/feast-write.ts';
import { FEAST_PATHS } from './edge-errors.ts';
import { type EdgeContext, type Handler, jsonBody, type Route, send, timeoutHeaderMs } from './exchange.ts';

export function feastRoutes(context: EdgeContext): Route[] {
  const { gateway } = context;

  const read = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const asked = parseOnlineRequest(await jsonBody(context, request), gateway);
    const timeoutMs = timeoutHeaderMs(request.headers['x-timeout-ms']);
    const answers = await Promise.all(
      asked.reads.map(({ view, keys, features }) =>
        gateway.get(view.name, keys, timeoutMs === undefined ? { features } : { features, timeoutMs }),
      ),
    );
    return send(context, request, reply, 200, onlineReplyJson(asked, answers));
  };

  const write = async (frame: FrameWrite): Promise<void> => {
    checkWritten(frame, frame.rows.length === 0 ? [] : await gateway.push(frame.view, frame.rows));
  };

  const push = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    await write(parsePushRequest(await jsonBody(context, request), gateway));
    // Nothing is not JSON, so it is not called that.
    return send(context, request, reply, 200, '', 'text/plain; charset=utf-8');
  };

  const writeToOnlineStore = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    await write(parseWriteRequest(await jsonBody(context, request), gateway));
    return send(context, request, reply, 200, 'null');
  };

  const routes: readonly [string, Handler][] = [
    [FEAST_PATHS.get, read],
    [FEAST_PATHS.push, push],
    [FEAST_PATHS.write, writeToOnlineStore],
    [FEAST_PATHS.materialize, refuseMaterialize],
    [FEAST_PATHS.materializeIncremental, refuseMaterialize],
  ];
  return routes.map(([url, handle]) => ({ method: 'POST', url, label: url, handle }));
}

/** Newer SDKs ask the server to read the offline store, which it does not have. */
function refuseMaterialize(): never {
  throw new FeastRefusal(
    'UNIMPLEMENTED',
    'FeastError',
    'this server has no offline store to materialize from; send the rows with FeatureStore.write_to_online_store',
  );
}
