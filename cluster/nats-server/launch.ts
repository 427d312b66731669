/** Starts a nats-server of our own with JetStream, on loopback, and stops it; it never outlives this process. */
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { invalid, ServingError } from '../../proto/errors.ts';
import { type Clock, sleep } from '../clock.ts';
import { randomHex } from '../random.ts';
import { liveServerOn } from './data-dir-owner.ts';
import { type Exit, GRACE_MS, type GuardedProcess, startGuarded } from './guard.ts';
import { askPort, tryListen } from './probe.ts';
import { runCommand } from './run-command.ts';
import { serverConfigText } from './server-config.ts';
import { checkBinary, formatVersion } from './version.ts';

export type NatsServerOptions = {
  /** The binary; see `locateNatsServer`. */
  readonly path: string;
  /** Loopback only: this server has no authentication. */
  readonly host?: '127.0.0.1';
  /** 1 to 65535. */
  readonly port: number;
  /** Made if absent. Holds the configuration, the log and JetStream's store, which a later start goes on with. */
  readonly dataDir: string;
  readonly clock: Clock;
  /** Default: `nats-server.log` in `dataDir`. */
  readonly logFile?: string;
  /** Largest message, in bytes. Default 8 MiB, up to which nats-server gives no warning. */
  readonly maxPayloadBytes?: number;
  /** How long the server may take, its recovery of a large store included. Default 30 s. */
  readonly startTimeoutMs?: number;
};

export type NatsServerProcess = {
  /** "nats://127.0.0.1:4222" */
  readonly url: string;
  readonly pid: number;
  /** "2.11.9" */
  readonly version: string;
  readonly logFile: string;
  /** Settles when the server has ended, asked or not; never rejects. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, SIGKILL after 5 s; resolves when it has ended. May be called again. */
  stop(): Promise<void>;
};

const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
const GREETING_TIMEOUT_MS = 1_000;
/** A server whose parent was just killed needs a moment to end; a restart waits for it rather than fail. */
const PREDECESSOR_WAIT_MS = 3_000;
/** A log longer than this is set aside at start, so that at most two of this size and one run's lines are kept. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;
const LOG_TAIL_BYTES = 2_000;
const LOG_TAIL_LINES = 8;

type Place = {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly configPath: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly clock: Clock;
};

/**
 * Resolves once the server accepts connections with JetStream enabled. Rejects with INVALID_ARGUMENT for options out
 * of range, and with UNAVAILABLE where the port or data directory is in use, the binary is unusable, or the server
 * does not get ready; the message says what to change, with the last lines of the server's log where it has any.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServerProcess> {
  const { clock, path } = options;
  const place = placeOf(options);
  if (process.platform === 'win32') {
    throw unavailable('on Windows, start "nats-server -js" yourself and pass its address by --nats-url or NATS_URL');
  }
  const check = await checkBinary(runCommand, path);
  if ('problem' in check) throw unavailable(check.problem);
  await waitUntilFree(place);
  const serverName = `dovetail-${randomHex(4)}`;
  const config = serverConfigText({
    serverName,
    host: place.host,
    port: place.port,
    storeDir: place.dataDir,
    pidFile: place.pidFile,
    maxPayloadBytes: options.maxPayloadBytes ?? MAX_PAYLOAD_BYTES,
    version: check.version,
  });
  const logStart = await prepareFiles(place, config);
  const guarded = start(path, place);
  const stop = stopper(guarded, clock);
  const [pid, problem] = await Promise.all([
    guarded.pid,
    waitUntilReady(place, serverName, guarded, options.startTimeoutMs ?? START_TIMEOUT_MS),
  ]);
  if (problem !== undefined || pid === undefined) {
    await stop();
    const tail = await logTail(place.logFile, logStart);
    throw unavailable(`nats-server did not start: ${problem ?? 'no process id'}${tail} (log: ${place.logFile})`);
  }
  return {
    url: `nats://${place.host}:${place.port}`,
    pid,
    version: formatVersion(check.version),
    logFile: place.logFile,
    exited: guarded.exited,
    stop,
  };
}

function placeOf(options: NatsServerOptions): Place {
  const { port, maxPayloadBytes = MAX_PAYLOAD_BYTES } = options;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(`NATS port ${port} must be a whole number from 1 to 65535; use --nats-port`);
  }
  if (!Number.isInteger(maxPayloadBytes) || maxPayloadBytes < 1024 || maxPayloadBytes > 64 * 1024 * 1024) {
    throw invalid(`maxPayloadBytes ${maxPayloadBytes} must be a whole number from 1024 to 67108864`);
  }
  const dataDir = resolve(options.dataDir);
  return {
    host: options.host ?? '127.0.0.1',
    port,
    dataDir,
    configPath: join(dataDir, 'nats-server.conf'),
    pidFile: join(dataDir, 'nats-server.pid'),
    logFile: resolve(options.logFile ?? join(dataDir, 'nats-server.log')),
    clock: options.clock,
  };
}

async function waitUntilFree(place: Place): Promise<void> {
  const untilMs = place.clock.nowMs() + PREDECESSOR_WAIT_MS;
  for (;;) {
    const owner = await liveServerOn(place.pidFile, place.configPath, runCommand);
    const portProblem = await portInUse(place);
    if (owner === undefined && portProblem === undefined) return;
    if (owner === undefined || place.clock.nowMs() >= untilMs) {
      throw unavailable(
        portProblem ??
          `a nats-server (process ${owner}) already runs on ${place.dataDir}; stop it, or use another --data-dir`,
      );
    }
    await sleep(place.clock, POLL_MS);
  }
}

/** Connects before it listens: macOS lets us listen on loopback beside a server that listens on every address. */
async function portInUse(place: Place): Promise<string | undefined> {
  const { host, port } = place;
  const answer = await askPort(host, port, place.clock, GREETING_TIMEOUT_MS);
  if (answer.kind === 'nats') {
    return `port ${port} is taken by a NATS server; use another --nats-port, or use that server by --nats-url nats://${host}:${port}`;
  }
  const code = answer.kind === 'other' ? 'EADDRINUSE' : await tryListen(host, port);
  if (code === undefined) return undefined;
  const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be listened on (${code})`;
  return `port ${port} ${why}; use another --nats-port, or a running NATS server by --nats-url`;
}

/** Writes the configuration and sets an overlong log aside; returns the log's length in bytes. */
async function prepareFiles(place: Place, config: string): Promise<number> {
  try {
    await mkdir(place.dataDir, { recursive: true, mode: 0o700 });
    await writeFile(place.configPath, config, { mode: 0o600 });
    const logBytes = await stat(place.logFile).then(
      (found) => found.size,
      () => 0,
    );
    if (logBytes <= LOG_BYTES_MAX) return logBytes;
    await rename(place.logFile, `${place.logFile}.old`);
    return 0;
  } catch (thrown) {
    throw unavailable(`${place.dataDir} cannot be used for NATS data: ${(thrown as Error).message}`, thrown);
  }
}

function start(path: string, place: Place): GuardedProcess {
  let logFd: number;
  try {
    logFd = openSync(place.logFile, 'a', 0o600);
  } catch (thrown) {
    throw unavailable(`${place.logFile} cannot be written: ${(thrown as Error).message}`, thrown);
  }
  try {
    return startGuarded(path, ['--config', place.configPath], logFd);
  } finally {
    closeSync(logFd);
  }
}

/** Undefined when ready, else what happened instead. */
async function waitUntilReady(
  place: Place,
  serverName: string,
  guarded: GuardedProcess,
  timeoutMs: number,
): Promise<string | undefined> {
  const { clock, host, port } = place;
  const untilMs = clock.nowMs() + timeoutMs;
  let exit: Exit | undefined;
  void guarded.exited.then((ended) => {
    exit = ended;
  });
  let last = 'it accepts no connections';
  while (clock.nowMs() < untilMs) {
    const answer = await askPort(host, port, clock, GREETING_TIMEOUT_MS);
    if (exit !== undefined) return `it ended with ${exit.signal ?? `status ${exit.code}`}`;
    if (answer.kind === 'nats') {
      // Another server may have taken the port between our check and the start.
      if (answer.greeting.serverName !== serverName) return `port ${port} was taken by another NATS server`;
      if (answer.greeting.jetstream) return undefined;
      last = 'JetStream is not enabled';
    }
    await sleep(clock, POLL_MS);
  }
  return `not ready within ${timeoutMs / 1000} s: ${last}`;
}

function stopper(guarded: GuardedProcess, clock: Clock): () => Promise<void> {
  return async () => {
    guarded.end();
    // Only where something killed the guard's watcher, or the machine is starved, is this needed.
    const timer = clock.after(GRACE_MS + 2_000, () => guarded.kill());
    await guarded.exited;
    timer.cancel();
  };
}

/** The last lines that this start wrote, indented; empty where it wrote none. */
async function logTail(logFile: string, fromByte: number): Promise<string> {
  const file = await open(logFile, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const start = Math.max(fromByte, size - LOG_TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, start);
    const lines = buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-LOG_TAIL_LINES);
    return lines[0] === '' ? '' : `\n  ${lines.join('\n  ')}\n`;
  } finally {
    await file.close();
  }
}

function unavailable(message: string, cause?: unknown): ServingError {
  return new ServingError('UNAVAILABLE', 'edge', message, { cause });
}
