/**
 * The HTTP edge as a server: Fastify, its limits, admission, error replies, draining. A request's life here:
 *
 *   connection ─► headers ─► admit ─► body ─► handler ─► gateway ─► send
 *        │           │         │        │        │          │
 *   408/431/400   404/405   503 (drain)  413    400/415   the gateway's
 *                           429 (full)   429    404/501   ServingError
 */
import { STATUS_CODES } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Clock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';
import * as limits from '../edge/limits.ts';
import type { Gateway } from '../router/gateway-port.ts';
import type { RolloutPort } from '../router/rollout/rollout-port.ts';
import { Admission, type RequestObserver } from './admission.ts';
import { BodyBudget } from './body-budget.ts';
import { connectionRefusal, errorReply, HttpRefusal, presentable } from './edge-errors.ts';
import { type EdgeContext, JSON_TYPE, type Route, requestIdFrom } from './exchange.ts';
import { feastRoutes } from './feast-routes.ts';
import { openInferenceRoutes } from './open-inference-routes.ts';
import { personRoutes } from './person-routes.ts';
import { rolloutRoutes } from './rollout-routes.ts';

export type HttpBridgeOptions = {
  readonly gateway: Gateway;
  /** Absent: no routes for rollouts. */
  readonly rollouts?: RolloutPort | undefined;
  /** Address to listen on, e.g. `127.0.0.1`. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly clock: Clock;
  /** Version of the server, for GET /v2. */
  readonly version: string;
  /** Bytes of a body, also after decompression. Default 4 MiB. */
  readonly bodyBytesMax?: number | undefined;
  /** Bytes of the bodies of all requests being answered. Default: 64 of the largest, and 256 MiB at the least. */
  readonly bodiesBytesMax?: number | undefined;
  /** Requests being answered at once. Default 4096. */
  readonly requestsInFlightMax?: number | undefined;
  /** A request must have arrived completely within this time; its headers within 10 s. Default 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Called once a request, when its answer is out or its caller is gone (status 499). */
  readonly onRequest?: RequestObserver | undefined;
  /** Called with failures that callers see only as INTERNAL: for the log. */
  readonly onInternalError?: ((error: ServingError, requestId: string) => void) | undefined;
};

export type HttpBridge = {
  /** Base address with the real port, e.g. `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Readiness turns 400 and new requests get 503 UNAVAILABLE; resolves when those in flight are answered, or after
   * `timeoutMs` (default 10 s), with how many were not.
   */
  drain(timeoutMs?: number): Promise<{ unfinished: number }>;
  /** Stops listening and cuts every connection; call `drain` first. May be called twice. */
  close(): Promise<void>;
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Throws UNAVAILABLE when the port cannot be listened on; the message names the flag to change. */
export async function startHttpBridge(options: HttpBridgeOptions): Promise<HttpBridge> {
  const { gateway, clock, version } = options;
  const bodyBytesMax = options.bodyBytesMax ?? limits.BODY_BYTES_MAX_DEFAULT;
  const inFlightMax = options.requestsInFlightMax ?? limits.REQUESTS_IN_FLIGHT_MAX_DEFAULT;
  const admission = new Admission(clock, inFlightMax, options.onRequest);
  const bodiesBytesMax = Math.max(limits.BODIES_BYTES_MAX_LEAST, limits.BODIES_MAX * bodyBytesMax);
  const bodies = new BodyBudget(clock, options.bodiesBytesMax ?? bodiesBytesMax, bodyBytesMax);
  const context: EdgeContext = { gateway, version, bodyBytesMax, bodies, draining: () => admission.draining };
  const app = createApp(bodyBytesMax, options.requestTimeoutMs ?? limits.REQUEST_TIMEOUT_MS);

  // Ahead of every body, those for which there is no route included.
  app.addHook('preParsing', (request, reply, payload, done) => {
    let admitted: typeof payload;
    try {
      admitted = bodies.admit(request, reply, payload);
    } catch (thrown) {
      done(thrown as ServingError);
      return;
    }
    done(null, admitted);
  });
  app.setErrorHandler((thrown: unknown, request, reply) => {
    const error = presentable(thrown, bodyBytesMax);
    if (error.code === 'INTERNAL') options.onInternalError?.(error, request.id);
    return sendError(request, reply, error);
  });
  app.setNotFoundHandler((request, reply) => {
    admission.admit('(no route)', false, request, reply);
    throw new ServingError('NOT_FOUND', 'edge', 'no such route; GET / lists what there is');
  });
  const routes = [...openInferenceRoutes(context), ...personRoutes(context), ...feastRoutes(context)];
  if (options.rollouts !== undefined) routes.push(...rolloutRoutes(context, options.rollouts));
  addRoutes(app, admission, routes);

  await listen(app, options.host, options.port);
  app.server.maxConnections = limits.CONNECTIONS_MAX;
  const url = urlOf(app, options.host);
  let closing: Promise<void> | undefined;
  return {
    url,
    drain: (timeoutMs = limits.DRAIN_MS_DEFAULT) => admission.drain(timeoutMs),
    close: () => {
      closing ??= app.close();
      return closing;
    },
  };
}

function createApp(bodyBytesMax: number, requestTimeoutMs: number): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: limits.KEEP_ALIVE_MS,
    http: {
      headersTimeout: Math.min(limits.HEADERS_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(limits.CONNECTIONS_CHECK_MS, requestTimeoutMs),
      maxHeaderSize: limits.HEADER_BYTES_MAX,
    },
    routerOptions: { maxParamLength: limits.PATH_SEGMENT_CHARS_MAX },
    forceCloseConnections: true,
    // Draining is ours: it answers in the style of the API that was called.
    return503OnClosing: false,
    genReqId: (raw) => requestIdFrom(raw.headers['x-request-id']),
    frameworkErrors: (thrown, request, reply) => {
      sendError(request, reply as FastifyReply, presentable(thrown, bodyBytesMax));
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      const refusal = connectionRefusal(error.code);
      const body = JSON.stringify({ error: refusal.message });
      const head = `HTTP/1.1 ${refusal.httpStatus} ${STATUS_CODES[refusal.httpStatus]}\r\nConnection: close\r\n`;
      socket.end(`${head}Content-Type: ${JSON_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    },
  });
  // Bodies arrive as bytes whatever their type is called: clients of the protocol send several.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return app;
}

/** Each route, and for its other methods a 405 that says which are allowed, before any body is read. */
function addRoutes(app: FastifyInstance, admission: Admission, routes: readonly Route[]): void {
  const allowed = new Map<string, Set<string>>();
  for (const { method, url, label, always, handle } of routes) {
    const methods = allowed.get(url) ?? new Set();
    allowed.set(url, methods.add(method));
    if (method === 'GET') methods.add('HEAD');
    app.route({
      method,
      url,
      onRequest: (request, reply, done) => {
        admission.admit(label, always ?? false, request, reply);
        done();
      },
      handler: handle as (request: FastifyRequest, reply: FastifyReply) => unknown,
    });
  }
  for (const [url, methods] of allowed) {
    const allow = [...methods].join(', ');
    const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
      admission.admit('(wrong method)', true, request, reply);
      reply.header('allow', allow);
      throw new HttpRefusal(405, 'INVALID_ARGUMENT', `${request.method} is not allowed here; use ${allow}`);
    };
    app.route({ method: METHODS.filter((method) => !methods.has(method)), url, onRequest: refuse, handler: refuse });
  }
}

function sendError(request: FastifyRequest, reply: FastifyReply, error: ServingError): FastifyReply {
  const { status, retryAfter, body } = errorReply(request.url, request.id, error);
  if (retryAfter) reply.header('retry-after', '1');
  return reply.code(status).header('x-request-id', request.id).header('content-type', JSON_TYPE).send(body);
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new ServingError('UNAVAILABLE', 'edge', listenComplaint(code, host, port, message), { cause });
  }
}

function listenComplaint(code: string | undefined, host: string, port: number, message: string): string {
  if (code === 'EADDRINUSE') return `HTTP port ${port} on ${host} is taken; choose another with --http-port`;
  if (code === 'EACCES') return `HTTP port ${port} needs rights this process has not; choose another with --http-port`;
  return `cannot listen for HTTP on ${host}:${port} (${message}); change the address or --http-port`;
}

function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
