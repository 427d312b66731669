/** A real gRPC edge on a free port over a gateway in memory, and the calls that tests make to it with a real client. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type GrpcBridge, type GrpcBridgeOptions, startGrpcBridge } from '../../actors/grpc-bridge/server.ts';
import { systemClock } from '../../cluster/clock.ts';
import type { ServingError } from '../../proto/errors.ts';
import { inference } from '../../proto/generated/inference.js';
import { FakeGateway } from './fake-gateway.ts';

export type Ended = { method: string; code: string; seconds: number };
export type Reply = { readonly bytes: Buffer; readonly metadata: Metadata };
export type CallOptions = { readonly metadata?: Readonly<Record<string, string>>; readonly deadlineMs?: number };
export type Stream = ClientDuplexStream<Buffer, Buffer>;

/** A call that gets no answer fails its test instead of hanging it. */
const ANSWER_MS_MAX = 20_000;
const SERVICE = '/inference.GRPCInferenceService';
const asIs = (bytes: Buffer): Buffer => bytes;

export class GrpcEdge {
  readonly gateway: FakeGateway;
  readonly bridge: GrpcBridge;
  readonly client: Client;
  /** What the observer was told. */
  readonly ended: Ended[];
  /** What only the log is told. */
  readonly internal: ServingError[];
  #sessions: ClientHttp2Session[] = [];

  private constructor(gateway: FakeGateway, bridge: GrpcBridge, ended: Ended[], internal: ServingError[]) {
    this.gateway = gateway;
    this.bridge = bridge;
    this.ended = ended;
    this.internal = internal;
    this.client = clientOf(bridge.address);
  }

  static async start(options: Partial<GrpcBridgeOptions> = {}): Promise<GrpcEdge> {
    const gateway = new FakeGateway();
    const ended: Ended[] = [];
    const internal: ServingError[] = [];
    const bridge = await startGrpcBridge({
      gateway,
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      version: '9.9.9',
      requestTimeoutMs: 1_000,
      requestTimeoutMsMax: 60_000,
      onRequest: (request) => ended.push(request),
      onInternalError: (error) => internal.push(error),
      ...options,
    });
    return new GrpcEdge(gateway, bridge, ended, internal);
  }

  async stop(): Promise<void> {
    this.client.close();
    for (const session of this.#sessions) session.destroy();
    await this.bridge.close();
  }

  /** Rejects with the client's ServiceError. `method`: of the inference service, or a whole path. */
  call(method: string, message: Uint8Array, options: CallOptions = {}): Promise<Reply> {
    const path = method.startsWith('/') ? method : `${SERVICE}/${method}`;
    return new Promise((resolve, reject) => {
      let metadata = new Metadata();
      const call = this.client.makeUnaryRequest(
        path,
        asIs,
        asIs,
        Buffer.from(message),
        metadataOf(options.metadata),
        { deadline: Date.now() + (options.deadlineMs ?? ANSWER_MS_MAX) },
        (error: ServiceError | null, bytes?: Buffer) => {
          if (error === null) resolve({ bytes: bytes!, metadata });
          else reject(error);
        },
      );
      call.on('metadata', (received: Metadata) => {
        metadata = received;
      });
    });
  }

  async infer(request: inference.IModelInferRequest, options?: CallOptions): Promise<inference.ModelInferResponse> {
    const { bytes } = await this.call('ModelInfer', inference.ModelInferRequest.encode(request).finish(), options);
    return inference.ModelInferResponse.decode(bytes);
  }

  /** A call that is still under way, to be cancelled. */
  pending(request: inference.IModelInferRequest): { readonly outcome: Promise<ServiceError | null>; cancel(): void } {
    const message = Buffer.from(inference.ModelInferRequest.encode(request).finish());
    let cancel = () => {};
    const outcome = new Promise<ServiceError | null>((resolve) => {
      const call = this.client.makeUnaryRequest(`${SERVICE}/ModelInfer`, asIs, asIs, message, (error) =>
        resolve(error),
      );
      cancel = () => call.cancel();
    });
    return { outcome, cancel: () => cancel() };
  }

  stream(options: CallOptions = {}): Stream {
    return this.client.makeBidiStreamRequest(`${SERVICE}/ModelStreamInfer`, asIs, asIs, metadataOf(options.metadata), {
      deadline: Date.now() + (options.deadlineMs ?? ANSWER_MS_MAX),
    });
  }

  /** A bare HTTP/2 stream with gRPC's headers, to send on it what no client would. */
  bare(method: string, headers: Readonly<Record<string, string>> = {}): ClientHttp2Stream {
    const session = connect(`http://${this.bridge.address}`);
    session.on('error', () => {});
    this.#sessions.push(session);
    const stream = session.request({
      ':method': 'POST',
      ':path': `${SERVICE}/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => {});
    return stream;
  }
}

export function clientOf(address: string): Client {
  return new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
}

export function metadataOf(entries: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

/** Message `bytes` with the header that gRPC puts before it. `claimed`: the length that the header says. */
export function framed(bytes: Uint8Array, claimed = bytes.length): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(claimed, 1);
  return Buffer.concat([header, bytes]);
}

/** The status of a bare stream, once it has one; null where it ends without. */
export function statusOf(stream: ClientHttp2Stream): Promise<{ code: number; text: string } | null> {
  return new Promise((resolve) => {
    const take = (headers: Readonly<Record<string, unknown>>) => {
      if (headers['grpc-status'] === undefined) return;
      resolve({ code: Number(headers['grpc-status']), text: decodeURI(String(headers['grpc-message'] ?? '')) });
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('close', () => resolve(null));
    stream.resume();
  });
}

/** Answers of a stream as they come, and how it ended. */
export function collect(stream: Stream): {
  readonly answers: inference.ModelStreamInferResponse[];
  readonly ended: Promise<{ code: number; details: string }>;
} {
  const answers: inference.ModelStreamInferResponse[] = [];
  stream.on('data', (bytes: Buffer) => answers.push(inference.ModelStreamInferResponse.decode(bytes)));
  stream.on('error', () => {});
  const ended = new Promise<{ code: number; details: string }>((resolve) => stream.on('status', resolve));
  return { answers, ended };
}
