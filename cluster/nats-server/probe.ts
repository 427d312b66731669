/** Looks at a TCP port: whether it can be listened on, and whether a NATS server answers there. */
import { connect, createServer } from 'node:net';
import type { Clock } from '../clock.ts';

/** What we read from a server's first line (NATS client protocol, INFO). */
export type NatsGreeting = {
  readonly serverName: string;
  readonly version: string;
  readonly jetstream: boolean;
};

export type PortAnswer =
  /** Nothing accepts connections. */
  | { readonly kind: 'closed' }
  /** Something accepts, but has not greeted as NATS within the time. */
  | { readonly kind: 'other' }
  | { readonly kind: 'nats'; readonly greeting: NatsGreeting };

const GREETING_BYTES_MAX = 64 * 1024;

/** Connects, reads the first line, hangs up. Never rejects. */
export function askPort(host: string, port: number, clock: Clock, timeoutMs: number): Promise<PortAnswer> {
  return new Promise((resolve) => {
    let text = '';
    let connected = false;
    const socket = connect({ host, port });
    const timer = clock.after(timeoutMs, () => finish({ kind: connected ? 'other' : 'closed' }));
    const finish = (answer: PortAnswer): void => {
      timer.cancel();
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n');
      if (end < 0 && text.length < GREETING_BYTES_MAX) return;
      const greeting = end < 0 ? undefined : parseGreeting(text.slice(0, end));
      finish(greeting === undefined ? { kind: 'other' } : { kind: 'nats', greeting });
    });
    socket.on('error', () => finish({ kind: connected ? 'other' : 'closed' }));
    socket.on('close', () => finish({ kind: connected ? 'other' : 'closed' }));
  });
}

/** Undefined unless the line is a NATS INFO. */
export function parseGreeting(line: string): NatsGreeting | undefined {
  if (!line.startsWith('INFO ')) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(line.slice(5));
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { server_name, version, jetstream } = fields as Record<string, unknown>;
  return {
    serverName: typeof server_name === 'string' ? server_name : '',
    version: typeof version === 'string' ? version : '',
    jetstream: jetstream === true,
  };
}

/** The error code with which listening fails ("EADDRINUSE", "EACCES"), or undefined where it works. */
export function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
