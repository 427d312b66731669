/**
 * Serves the registry to Prometheus over HTTP, by OpenTelemetry's exporter, on a server of our own: the exporter's
 * cannot take port 0 and says nothing useful when a port is taken.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { ServingError } from '../../proto/errors.ts';
import type { Clock } from '../clock.ts';
import { metricProducer } from './metric-producer.ts';
import type { MetricRegistry } from './metrics.ts';

const PATH = '/metrics';

/** Scrapers at once; a scrape is short, so more is a mistake or an attack. */
const CONNECTIONS_MAX = 64;
const REQUEST_MS_MAX = 10_000;

export type PrometheusOptions = {
  readonly registry: MetricRegistry;
  readonly clock: Clock;
  readonly host: string;
  /** 0: the system chooses a free one. */
  readonly port: number;
};

export type PrometheusServer = {
  /** The port in use. */
  readonly port: number;
  /** What to scrape, for people and for `metrics_url`. */
  readonly url: string;
  /** Stops listening and closes the connections. */
  stop(): Promise<void>;
};

/** Starts serving `/metrics`. Rejects with UNAVAILABLE when the port cannot be had. Does not keep the process alive. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  // The registry takes the place of the SDK's own meters: nothing else records in this process.
  exporter.setMetricProducer(metricProducer(options.registry, options.clock));
  const server = createServer({ requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX }, (request, response) =>
    answer(exporter, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.unref();
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { port, url: `http://${host}:${port}${PATH}`, stop: () => stop(server, exporter) };
}

function answer(exporter: PrometheusExporter, request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.split('?', 1)[0];
  if (path !== PATH) refuse(response, 404, `not found; metrics are at ${PATH}\n`);
  else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405, 'only GET is answered here\n');
  else exporter.getMetricsRequestHandler(request, response);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', ...(status === 405 ? { allow: 'GET, HEAD' } : {}) });
  response.end(text);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(host, port, cause)));
    server.listen({ host, port }, resolve);
  });
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): ServingError {
  const reason = cause.code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be used (${cause.message})`;
  const message = `metrics port ${port} on ${host} ${reason}; choose another with --metrics-port or DOVETAIL_METRICS_PORT`;
  return new ServingError('UNAVAILABLE', 'edge', message, { cause });
}

async function stop(server: Server, exporter: PrometheusExporter): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
  await exporter.shutdown();
}
