/**
 * An HTTP/1.1 client that costs little beside what it measures: keep-alive sockets, one request at a time on each,
 * requests encoded beforehand. It reads answers with a Content-Length, which is what both servers measured send.
 */
import { connect, type Socket } from 'node:net';

export type HttpAnswer = { readonly status: number; readonly body: Buffer };

const ANSWER_BYTES_MAX = 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

/** The bytes of a POST; the body is JSON unless another type is named. */
export function encodePost(
  host: string,
  port: number,
  path: string,
  body: string,
  contentType = 'application/json',
): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** The bytes of a GET. */
export function encodeGet(host: string, port: number, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
}

/**
 * Reads one answer from the start of `bytes`: null while it is incomplete. Throws on what this client does not read:
 * no Content-Length, an answer above 1 MiB, bytes after the answer.
 */
export function decodeAnswer(bytes: Buffer): HttpAnswer | null {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) {
    if (bytes.length > ANSWER_BYTES_MAX) throw new Error('an HTTP head above 1 MiB');
    return null;
  }
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
  if (!(status >= 100)) throw new Error(`not an HTTP/1.1 answer: ${head.slice(0, 60)}`);
  if (!(length <= ANSWER_BYTES_MAX)) throw new Error(`an HTTP answer without a Content-Length up to 1 MiB: ${head}`);
  const bodyStart = headEnd + HEAD_END.length;
  if (bytes.length < bodyStart + length) return null;
  if (bytes.length > bodyStart + length) throw new Error('bytes after the HTTP answer');
  return { status, body: bytes.subarray(bodyStart) };
}

type Waiting = { readonly request: Buffer; resolve(answer: HttpAnswer): void; reject(cause: Error): void };

/** A fixed number of connections; requests beyond wait for the next that is free (callers bound how many). */
export class HttpClient {
  readonly #idle: Connection[];
  readonly #all: readonly Connection[];
  readonly #queue: Waiting[] = [];

  private constructor(connections: readonly Connection[]) {
    this.#all = connections;
    this.#idle = [...connections];
  }

  static async open(host: string, port: number, connections: number): Promise<HttpClient> {
    return new HttpClient(await Promise.all(Array.from({ length: connections }, () => Connection.open(host, port))));
  }

  /** Sends bytes made by `encodePost` or `encodeGet`. Rejects where the connection breaks or the answer cannot be read. */
  post(request: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { request, resolve, reject };
      const connection = this.#idle.pop();
      if (connection === undefined) this.#queue.push(waiting);
      else this.#exchange(connection, waiting);
    });
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #exchange(connection: Connection, waiting: Waiting): void {
    connection.exchange(
      waiting.request,
      (answer) => {
        const next = this.#queue.shift();
        if (next === undefined) this.#idle.push(connection);
        else this.#exchange(connection, next);
        waiting.resolve(answer);
      },
      (cause) => {
        // This connection is gone; what waits for one must not wait for ever.
        waiting.reject(cause);
        const next = this.#queue.shift();
        if (next !== undefined) this.#exchange(connection, next);
      },
    );
  }
}

class Connection {
  readonly #socket: Socket;
  #received: Buffer | null = null;
  #done: ((answer: HttpAnswer) => void) | null = null;
  #failed: ((cause: Error) => void) | null = null;
  #broken: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
    socket.on('error', (cause) => this.#fail(cause));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  exchange(request: Buffer, done: (answer: HttpAnswer) => void, failed: (cause: Error) => void): void {
    if (this.#broken !== null) {
      failed(this.#broken);
      return;
    }
    this.#done = done;
    this.#failed = failed;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #data(chunk: Buffer): void {
    const bytes = this.#received === null ? chunk : Buffer.concat([this.#received, chunk]);
    try {
      const answer = decodeAnswer(bytes);
      this.#received = answer === null ? bytes : null;
      if (answer === null) return;
      const done = this.#done;
      this.#done = null;
      this.#failed = null;
      done?.(answer);
    } catch (thrown) {
      this.#fail(thrown as Error);
      this.#socket.destroy();
    }
  }

  #fail(cause: Error): void {
    this.#broken ??= cause;
    const failed = this.#failed;
    this.#done = null;
    this.#failed = null;
    failed?.(cause);
  }
}
