/**
 * The gRPC edge as a server: the protocol's service and gRPC's health check on one port, its limits, and draining. A
 * call's life is drawn in call-gate.ts.
 */
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import type { Clock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';
import * as limits from '../edge/limits.ts';
import type { Gateway } from '../router/gateway-port.ts';
import { CallGate, type CallObserver } from './call-gate.ts';
import { HEALTH_METHODS, HealthService } from './health-service.ts';
import { InferReplyWriter } from './infer-reply.ts';
import type { InferStream } from './infer-stream.ts';
import { INFERENCE_METHODS, INFERENCE_SERVICE, inferenceService } from './inference-service.ts';

export type GrpcBridgeOptions = {
  readonly gateway: Gateway;
  /** Address to listen on, e.g. `127.0.0.1`. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly clock: Clock;
  /** Version of the server, for ServerMetadata. */
  readonly version: string;
  /** Deadline of a request that names none, and the longest that one may have. */
  readonly requestTimeoutMs: number;
  readonly requestTimeoutMsMax: number;
  /** Bytes of a message, also after decompression. Default 4 MiB. */
  readonly messageBytesMax?: number | undefined;
  /** Bytes of the messages of all requests being answered. Default: 64 of the largest, and 256 MiB at the least. */
  readonly messagesBytesMax?: number | undefined;
  /** Requests being answered at once. Default 4096. */
  readonly requestsInFlightMax?: number | undefined;
  /** Calls open at once, health and streams included. Default 16,384. */
  readonly callsMax?: number | undefined;
  /** A request must have arrived completely, and its answer been taken, within this time each. Default 30 s. */
  readonly sendTimeoutMs?: number | undefined;
  /** Called once a call, or once a request of a stream. */
  readonly onRequest?: CallObserver | undefined;
  /** Called with failures that callers see only as INTERNAL: for the log. */
  readonly onInternalError?: ((error: ServingError, requestId: string) => void) | undefined;
};

export type GrpcBridge = {
  /** Host and real port, e.g. `127.0.0.1:8001`. */
  readonly address: string;
  /** Bytes of messages held now, and calls whose streams are open: for metrics. */
  readonly heldBytes: () => number;
  readonly openCalls: () => number;
  /**
   * Readiness turns false, new requests get UNAVAILABLE, connections are told to go elsewhere; resolves when requests in
   * flight are answered, or after `timeoutMs` (default 10 s), with how many were not.
   */
  drain(timeoutMs?: number): Promise<{ unfinished: number }>;
  /** Stops listening and cuts every connection; call `drain` first. May be called twice. */
  close(): Promise<void>;
};

/** Asked for health: answered while draining and when full. */
const ALWAYS = [INFERENCE_METHODS['ServerLive'], INFERENCE_METHODS['ServerReady'], INFERENCE_METHODS['ModelReady']];

/** Throws UNAVAILABLE when the port cannot be listened on; the message names the flag to change. */
export async function startGrpcBridge(options: GrpcBridgeOptions): Promise<GrpcBridge> {
  const { gateway, clock } = options;
  const messageBytesMax = options.messageBytesMax ?? limits.BODY_BYTES_MAX_DEFAULT;
  const sendTimeoutMs = options.sendTimeoutMs ?? limits.REQUEST_TIMEOUT_MS;
  const gate = new CallGate({
    clock,
    inFlightMax: options.requestsInFlightMax ?? limits.REQUESTS_IN_FLIGHT_MAX_DEFAULT,
    openMax: options.callsMax ?? limits.GRPC_CALLS_MAX,
    bytesMax: options.messagesBytesMax ?? Math.max(limits.BODIES_BYTES_MAX_LEAST, limits.BODIES_MAX * messageBytesMax),
    requestTimeoutMs: sendTimeoutMs,
    always: new Set([...ALWAYS, ...Object.values(HEALTH_METHODS)].map((method) => method!.path)),
    streams: new Set([INFERENCE_METHODS['ModelStreamInfer']!.path]),
    observer: options.onRequest,
  });
  // The library writes a line to standard error for each header that it does not like: callers could fill a disk with
  // it. What goes wrong here is told to the observer and the log.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    interceptors: [gate.interceptor],
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_concurrent_streams': limits.GRPC_STREAMS_PER_CONNECTION_MAX,
    'grpc.keepalive_time_ms': limits.GRPC_KEEP_ALIVE_MS,
    'grpc.keepalive_timeout_ms': limits.GRPC_KEEP_ALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': limits.GRPC_IDLE_MS,
    'grpc.enable_channelz': 0,
  });
  const streams = new Set<InferStream>();
  const context = {
    gateway,
    clock,
    gate,
    version: options.version,
    replies: new InferReplyWriter(),
    requestTimeoutMs: options.requestTimeoutMs,
    requestTimeoutMsMax: options.requestTimeoutMsMax,
    onInternalError: options.onInternalError ?? (() => {}),
  };
  server.addService(INFERENCE_METHODS, inferenceService(context, streams));
  const isServing = () => !gate.inFlight.draining && gateway.notReady().length === 0;
  const health = new HealthService(clock, [INFERENCE_SERVICE], isServing);
  server.addService(HEALTH_METHODS, health.implementation);

  // Connections are ours to accept: so they can be counted, and a taken port be told in our own words.
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    connections.injectConnection(socket);
  });
  listener.maxConnections = limits.CONNECTIONS_MAX;
  await listen(listener, options.host, options.port);
  const sweeping = clock.every(Math.min(limits.CONNECTIONS_CHECK_MS, sendTimeoutMs), () => gate.sweep());
  let closing: Promise<void> | undefined;
  return {
    address: addressOf(listener, options.host),
    heldBytes: () => gate.bytes,
    openCalls: () => gate.openCalls,
    drain: (timeoutMs = limits.DRAIN_MS_DEFAULT) => {
      const drained = gate.inFlight.drain(timeoutMs);
      health.look();
      for (const stream of streams) stream.drain();
      // Tells callers to connect elsewhere; what is under way is finished.
      connections.drain(timeoutMs);
      return drained;
    },
    close: () => {
      closing ??= new Promise((resolve) => {
        sweeping.cancel();
        health.stop();
        listener.close(() => resolve());
        server.forceShutdown();
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

function listen(listener: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new ServingError('UNAVAILABLE', 'edge', listenComplaint(cause, host, port), { cause }));
    });
    listener.listen(port, host, () => {
      listener.removeAllListeners('error');
      resolve();
    });
  });
}

function listenComplaint({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `gRPC port ${port} on ${host} is taken; choose another with --grpc-port`;
  if (code === 'EACCES') return `gRPC port ${port} needs rights this process has not; choose another with --grpc-port`;
  return `cannot listen for gRPC on ${host}:${port} (${message}); change the address or --grpc-port`;
}

function addressOf(listener: NetServer, host: string): string {
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}
