/** A real HTTP edge on a free port over a gateway in memory, and the calls that tests make to it. */
import { connect, type Socket } from 'node:net';
import { type HttpBridge, type HttpBridgeOptions, startHttpBridge } from '../../actors/http-bridge/server.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import type { ServingError } from '../../proto/errors.ts';
import { FakeGateway } from './fake-gateway.ts';

export type RequestBody = string | Uint8Array;
export type Ended = { route: string; status: number; seconds: number };
export type Answer = { status: number; headers: Headers; text: string; json: Record<string, unknown> };

/** A request that gets no answer fails its test instead of hanging it. */
const ANSWER_MS_MAX = 20_000;

export class TestEdge {
  readonly gateway: FakeGateway;
  readonly bridge: HttpBridge;
  /** What the observer was told. */
  readonly ended: Ended[];
  /** What only the log is told. */
  readonly internal: ServingError[];

  private constructor(gateway: FakeGateway, bridge: HttpBridge, ended: Ended[], internal: ServingError[]) {
    this.gateway = gateway;
    this.bridge = bridge;
    this.ended = ended;
    this.internal = internal;
  }

  static async start(options: Partial<HttpBridgeOptions> = {}): Promise<TestEdge> {
    const gateway = new FakeGateway();
    const ended: Ended[] = [];
    const internal: ServingError[] = [];
    const bridge = await startHttpBridge({
      gateway,
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      version: '9.9.9',
      onRequest: (request) => ended.push(request),
      onInternalError: (error) => internal.push(error),
      ...options,
    });
    return new TestEdge(gateway, bridge, ended, internal);
  }

  async call(path: string, init?: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.bridge.url}${path}`, { signal: AbortSignal.timeout(ANSWER_MS_MAX), ...init });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, text, json };
  }

  /** Plain objects go as JSON, texts and bytes as they are. */
  post(path: string, body: RequestBody | object, headers: Record<string, string> = {}): Promise<Answer> {
    const plain = typeof body === 'object' && Object.getPrototypeOf(body) === Object.prototype;
    return this.call(path, { method: 'POST', body: plain ? JSON.stringify(body) : (body as RequestBody), headers });
  }

  /** Everything the server writes to a bare connection until it is closed. */
  async raw(write: (socket: Socket) => void): Promise<string> {
    const url = new URL(this.bridge.url);
    const socket = connect(Number(url.port), url.hostname);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    write(socket);
    await closed;
    return text;
  }
}

/** Waits until `holds`, at most 5 s. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (holds()) return;
    await sleep(systemClock, 10);
  }
  throw new Error(`waited 5 s in vain: ${what}`);
}
