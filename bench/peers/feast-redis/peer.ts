/**
 * Feast's own feature server on Redis, with the settings that its documentation recommends for production: workers
 * worked out from the cores, a registry cached for a minute, no access log, one feature service for the question. Its
 * workers are not restarted after so many requests, as they are by default.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../cli/package-files.ts';
import { sleep } from '../../../cluster/clock.ts';
import type { BenchContext } from '../../context.ts';
import { freePort } from '../../ports.ts';
import { featureTable, STORED_FEATURES, USERS } from '../../workload.ts';
import { startRedis } from '../fastify-redis/redis-server.ts';
import { feastEnvironment } from './environment.ts';

const LOAD_MS_MAX = 180_000;
const READY_MS_MAX = 90_000;
const STOP_MS_MAX = 10_000;
const SERVE_FLAGS = {
  workers: -1,
  'worker-connections': 1000,
  registry_ttl_sec: 60,
  'max-requests': 100_000_000,
};

export type FeastPeer = { readonly host: string; readonly port: number; readonly settings: string };

const run = promisify(execFile);

/** Serves the profile of every user under the feature service `profile`. */
export async function startFeastRedis(
  context: BenchContext,
  stopLater: (stop: () => Promise<void>) => void,
  note: (line: string) => void,
): Promise<FeastPeer | { readonly skipped: string }> {
  const environment = await feastEnvironment(note);
  if ('skipped' in environment) return environment;
  const redisPort = await freePort();
  const redis = await startRedis(redisPort, context.workDir).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return null;
    throw thrown;
  });
  if (redis === null) return { skipped: 'redis-server is not on PATH' };
  stopLater(() => redis.stop());
  const repository = writeRepository(context.workDir, redisPort);
  const table = join(repository, 'table.f32');
  writeFileSync(table, new Uint8Array(featureTable().buffer));
  const program = join(packageRoot(), 'bench', 'peers', 'feast-redis', 'store.py');
  await run(environment.python, [program, repository, table, String(USERS), String(STORED_FEATURES)], {
    timeout: LOAD_MS_MAX,
    maxBuffer: 64 * 1024 * 1024,
  });
  const port = await freePort();
  const flags = Object.entries(SERVE_FLAGS).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const args = ['-c', repository, 'serve', '--host', '127.0.0.1', '--port', String(port), '--no-access-log', ...flags];
  // A group of its own, so that its workers end with it.
  const server = spawn(environment.feast, args, { stdio: 'ignore', detached: true });
  stopLater(() => end(context, server));
  const url = `http://127.0.0.1:${port}/health`;
  const untilMs = context.clock.nowMs() + READY_MS_MAX;
  while (!(await answers(url))) {
    if (server.exitCode !== null) return { skipped: `feast serve ended with exit code ${server.exitCode}` };
    if (context.clock.nowMs() > untilMs) return { skipped: `feast serve was not ready in ${READY_MS_MAX} ms` };
    await sleep(context.clock, 200);
  }
  const settings = `feast[redis] ${environment.version}: serve ${flags.join(' ')} --no-access-log, redis-server in memory`;
  return { host: '127.0.0.1', port, settings };
}

function writeRepository(workDir: string, redisPort: number): string {
  const repository = join(workDir, 'feast');
  mkdirSync(repository, { recursive: true });
  writeFileSync(
    join(repository, 'feature_store.yaml'),
    `project: bench
provider: local
registry: ${join(repository, 'registry.db')}
online_store:
  type: redis
  connection_string: "127.0.0.1:${redisPort}"
offline_store:
  type: file
entity_key_serialization_version: 3
`,
  );
  return repository;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function end({ clock }: BenchContext, server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGTERM');
  await Promise.race([exited, sleep(clock, STOP_MS_MAX)]);
  try {
    process.kill(-server.pid, 'SIGKILL');
  } catch {
    // The whole group is gone.
  }
  await exited;
}
