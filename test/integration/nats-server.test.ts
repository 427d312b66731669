/** Starts real nats-servers: found on this machine, or fetched as a user's would be. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connect, type JetStreamClient } from 'nats';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../cluster/clock.ts';
import { type NatsServerOptions, type NatsServerProcess, startNatsServer } from '../../cluster/nats-server/launch.ts';
import { locateNatsServer } from '../../cluster/nats-server/locate.ts';
import { askPort, tryListen } from '../../cluster/nats-server/probe.ts';
import { ServingError } from '../../proto/errors.ts';

let path: string;
let dataDir: string;
let port: number;
let servers: NatsServerProcess[];
let children: ChildProcess[];
/** Servers that `children` started: they end soon after their parents. */
let orphans: number[];
let listeners: Server[];

beforeAll(async () => {
  path = (await locateNatsServer({ clock: systemClock })).path;
}, 180_000);

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'nats server '));
  port = await freePort();
  servers = [];
  children = [];
  orphans = [];
  listeners = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  for (const child of children) child.kill('SIGKILL');
  await until(() => !orphans.some(isAlive), 7_000);
  for (const listener of listeners) listener.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const candidate = 20_001 + Math.floor(Math.random() * 12_000);
    if ((await tryListen('127.0.0.1', candidate)) === undefined) return candidate;
  }
  throw new Error('no free port');
}

async function start(overrides: Partial<NatsServerOptions> = {}): Promise<NatsServerProcess> {
  const server = await startNatsServer({ path, port, dataDir, clock: systemClock, ...overrides });
  servers.push(server);
  return server;
}

async function failure(promise: Promise<unknown>): Promise<ServingError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ServingError);
  return thrown as ServingError;
}

/** False for a zombie too: it has ended, and only whoever should collect it (in a container, process 1) has not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

/** Ids of the processes in the session that `pid` belongs to: the server, its guard and the guard's children. */
async function sessionOf(pid: number): Promise<number[]> {
  const session = await sessionId(pid);
  const members: number[] = [];
  for (const name of await readdir('/proc')) {
    const id = Number(name);
    if (session !== undefined && Number.isInteger(id) && (await sessionId(id)) === session) members.push(id);
  }
  return members;
}

/** Field 6 of proc(5)'s stat, counted after the parenthesised name. */
async function sessionId(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[3]);
}

async function until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const endMs = systemClock.nowMs() + withinMs;
  while (systemClock.nowMs() < endMs) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return await condition();
}

async function withJetStream<T>(url: string, use: (js: JetStreamClient) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: url });
  try {
    return await use(connection.jetstream());
  } finally {
    await connection.close();
  }
}

describe('our own nats-server', () => {
  it('is ready with JetStream when the start resolves, on loopback, with its store in the data directory', async () => {
    const server = await start();
    expect(server.url).toBe(`nats://127.0.0.1:${port}`);
    const answer = await askPort('127.0.0.1', port, systemClock, 1_000);
    expect(answer).toMatchObject({ kind: 'nats', greeting: { jetstream: true, version: server.version } });
    expect(Number(await readFile(join(dataDir, 'nats-server.pid'), 'utf8'))).toBe(server.pid);
    expect((await stat(join(dataDir, 'jetstream'))).isDirectory()).toBe(true);
    expect(await readFile(server.logFile, 'utf8')).toContain('Server is ready');
  });

  it('carries messages up to the payload limit and refuses larger ones', async () => {
    const server = await start({ maxPayloadBytes: 2 * 1024 * 1024 });
    const connection = await connect({ servers: server.url });
    expect(connection.info?.max_payload).toBe(2 * 1024 * 1024);
    const subscription = connection.subscribe('big', { max: 1 });
    connection.publish('big', new Uint8Array(2 * 1024 * 1024));
    for await (const message of subscription) expect(message.data.byteLength).toBe(2 * 1024 * 1024);
    expect(() => connection.publish('big', new Uint8Array(2 * 1024 * 1024 + 1))).toThrow();
    await connection.close();
  });

  it('allows 8 MiB messages by default', async () => {
    const server = await start();
    const connection = await connect({ servers: server.url });
    expect(connection.info?.max_payload).toBe(8 * 1024 * 1024);
    await connection.close();
    expect(await readFile(server.logFile, 'utf8')).not.toContain('[WRN]');
  });

  it.runIf(process.platform === 'linux')(
    'leaves no process when stopped, may be stopped twice, and says how it ended',
    async () => {
      const server = await start();
      const processes = await sessionOf(server.pid);
      expect(processes).toContain(server.pid);
      expect(processes).not.toContain(process.pid);
      await Promise.all([server.stop(), server.stop()]);
      await server.stop();
      expect(isAlive(server.pid)).toBe(false);
      expect(processes.filter(isAlive)).toEqual([]);
      const exit = await server.exited;
      expect(exit.code ?? exit.signal).not.toBeNull();
      expect(await tryListen('127.0.0.1', port)).toBeUndefined();
    },
  );

  it('keeps what was acknowledged over a restart on the same data directory', async () => {
    const first = await start();
    const sent = await withJetStream(first.url, async (js) => {
      const admin = await js.jetstreamManager();
      await admin.streams.add({ name: 'LOG', subjects: ['log.>'] });
      for (let i = 0; i < 99; i++) await js.publish('log.a', `row ${i}`);
      return await js.publish('log.a', 'row 99');
    });
    expect(sent.seq).toBe(100);
    await first.stop();
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    await withJetStream(second.url, async (js) => {
      const stored = await (await js.jetstreamManager()).streams.getMessage('LOG', { seq: 100 });
      expect(stored.string()).toBe('row 99');
    });
  });

  it('reports its end to whoever waits, also when nobody asked for it', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await server.stop();
  });

  it('is killed after the grace where it does not heed SIGTERM', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGSTOP');
    const startMs = systemClock.nowMs();
    await server.stop();
    const tookMs = systemClock.nowMs() - startMs;
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(tookMs).toBeGreaterThan(4_500);
    expect(tookMs).toBeLessThan(10_000);
  });
});

describe('a start that cannot work', () => {
  it('says that a NATS server has the port, before it starts anything', async () => {
    const server = await start();
    const otherDir = join(dataDir, 'other');
    const error = await failure(start({ dataDir: otherDir }));
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toContain(`port ${port} is taken by a NATS server`);
    expect(error.message).toContain('--nats-port');
    expect(error.message).toContain(`--nats-url ${server.url}`);
    await expect(stat(otherDir)).rejects.toThrow('ENOENT');
  });

  it('says that another program has the port, whether it speaks or is silent', async () => {
    for (const greet of ['SSH-2.0-OpenSSH_9.2\r\n', '']) {
      const listener = createServer((socket) => {
        socket.on('error', () => {});
        if (greet !== '') socket.write(greet);
      });
      listeners.push(listener);
      listener.listen(port, '127.0.0.1');
      await once(listener, 'listening');
      const error = await failure(start());
      expect(error.message).toContain(`port ${port} is taken by another program; use another --nats-port`);
      listener.close();
      await once(listener, 'close');
    }
  });

  it('refuses a data directory that a running server uses, on whatever port', async () => {
    const server = await start();
    const error = await failure(start({ port: await freePort() }));
    expect(error.message).toContain(`process ${server.pid}) already runs on ${dataDir}`);
    expect(error.message).toContain('--data-dir');
    expect(isAlive(server.pid)).toBe(true);
  });

  it('shows the last lines of the log where the server ends at once', async () => {
    await writeFile(join(dataDir, 'jetstream'), 'a file where the store should be');
    const error = await failure(start());
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toMatch(/did not start: it ended with (status|SIG)/);
    expect(error.message).toContain('storage directory');
    expect(error.message).toContain(join(dataDir, 'nats-server.log'));
  });

  it('gives up on a server that never gets ready, and ends it', async () => {
    const fake = join(dataDir, 'fake-server');
    const pidFile = join(dataDir, 'fake.pid');
    await writeFile(
      fake,
      `#!/bin/sh\n[ "$1" = --version ] && echo "nats-server: v2.11.9" && exit\necho waiting\necho $$ >"${pidFile}"\nexec sleep 60\n`,
    );
    await chmod(fake, 0o755);
    const error = await failure(start({ path: fake, startTimeoutMs: 500 }));
    expect(error.message).toContain('not ready within 0.5 s: it accepts no connections');
    expect(error.message).toContain('\n  waiting\n');
    expect(isAlive(Number(await readFile(pidFile, 'utf8')))).toBe(false);
  });

  it('refuses a binary that is missing, not executable or too old', async () => {
    const missing = await failure(start({ path: join(dataDir, 'missing') }));
    expect(missing.message).toContain('does not run');
    const old = join(dataDir, 'old-server');
    await writeFile(old, '#!/bin/sh\necho "nats-server: v2.1.9"\n');
    expect((await failure(start({ path: old }))).message).toContain('does not run');
    await chmod(old, 0o755);
    expect((await failure(start({ path: old }))).message).toContain('2.9.0 or newer is needed');
  });

  it('refuses ports and payload limits out of range', async () => {
    for (const bad of [0, -1, 65_536, 1.5, Number.NaN]) {
      expect((await failure(start({ port: bad }))).code).toBe('INVALID_ARGUMENT');
    }
    expect((await failure(start({ maxPayloadBytes: 65 * 1024 * 1024 }))).code).toBe('INVALID_ARGUMENT');
  });
});

describe.runIf(process.platform === 'linux')('a parent killed with -9', () => {
  /** Another Node process that starts a server and then idles; resolves with the server's process id. */
  async function startInChild(): Promise<{ child: ChildProcess; pid: number }> {
    const jiti = pathToFileURL(createRequire(import.meta.url).resolve('jiti')).href;
    const source = (file: string) => JSON.stringify(new URL(`../../cluster/${file}`, import.meta.url).pathname);
    const script = `
      import jitiModule from ${JSON.stringify(jiti)};
      const jiti = jitiModule.createJiti(${JSON.stringify(import.meta.url)});
      const { startNatsServer } = await jiti.import(${source('nats-server/launch.ts')});
      const { systemClock } = await jiti.import(${source('clock.ts')});
      const server = await startNatsServer({
        path: ${JSON.stringify(path)}, port: ${port}, dataDir: ${JSON.stringify(dataDir)}, clock: systemClock,
      });
      console.log(server.pid);
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const pid = await new Promise<number>((resolve, reject) => {
      child.stdout?.once('data', (data: Buffer) => resolve(Number(data.toString())));
      child.once('exit', (code) => reject(new Error(`the parent ended with status ${code}`)));
    });
    orphans.push(pid);
    return { child, pid };
  }

  it('leaves no nats-server and no guard, and the next start on the data directory works at once', async () => {
    const { child, pid } = await startInChild();
    const processes = await sessionOf(pid);
    expect(processes).toContain(pid);
    child.kill('SIGKILL');
    const server = await start();
    expect(server.pid).not.toBe(pid);
    expect(await until(() => processes.every((id) => !isAlive(id)), 2_000)).toBe(true);
  });

  it('leaves none either where the guard script is killed instead', async () => {
    const server = await start();
    const processes = await sessionOf(server.pid);
    // The script leads its session, so the session has its id.
    const guard = (await sessionId(server.pid)) ?? 0;
    expect(processes).toContain(guard);
    process.kill(guard, 'SIGKILL');
    await server.exited;
    expect(await until(() => processes.every((id) => !isAlive(id)), 7_000)).toBe(true);
  });

  it('is not reached by Ctrl-C, which goes to the process group of the terminal', async () => {
    const { child, pid } = await startInChild();
    expect(await sessionId(pid)).not.toBe(await sessionId(child.pid ?? 0));
  });
});
