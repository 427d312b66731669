/** A redis-server of our own on loopback, in memory only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Redis } from 'ioredis';

const START_TIMEOUT_MS = 5_000;

export type RedisServer = { readonly redis: Redis; stop(): Promise<void> };

/**
 * Starts the `redis-server` found on PATH and connects to it with automatic pipelining, so that commands issued in one
 * turn of the event loop share a write. Rejects with the spawn error (ENOENT) where there is none.
 */
export async function startRedis(port: number, directory: string): Promise<RedisServer> {
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    directory,
  ];
  const server = spawn('redis-server', settings, { stdio: 'ignore' });
  process.once('exit', () => server.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    server.once('spawn', resolve);
    server.once('error', reject);
  });
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    enableAutoPipelining: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    connectTimeout: START_TIMEOUT_MS,
  });
  // Refused connections while the server starts; commands wait in the client until it is up.
  redis.on('error', () => undefined);
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await Promise.race([
    redis.ping(),
    exited.then(() => Promise.reject(new Error(`redis-server ended at once; is port ${port} taken?`))),
  ]);
  return { redis, stop: () => stopRedis(redis, server, exited) };
}

async function stopRedis(redis: Redis, server: ChildProcess, exited: Promise<void>): Promise<void> {
  redis.disconnect();
  server.kill('SIGTERM');
  await exited;
}
