/**
 * A whole cluster as a user starts one: `dovetail up` as a process of its own, on free ports, with a data directory of
 * its own. What it says, where it listens, who is in it; and that nothing of it is left when it was stopped.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ClusterStatus } from '../../actors/router/gateway-port.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';

/** The command as `npm run build` leaves it; `npm test` builds first. */
export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A slow machine that does other things too may take this long to start or stop a cluster. */
const START_MS_MAX = 50_000;
const STOP_MS_MAX = 25_000;
/** HTTP, NATS, gRPC, and one for the metrics of each process. */
const PORTS = 13;

export type Ports = { readonly http: number; readonly nats: number; readonly metrics: number; readonly grpc: number };

export type ClusterOptions = {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a new one under the system's temporary directory, removed by `stop`. */
  readonly dataDir?: string;
  readonly ports?: Ports;
  /** `null`: the cluster starts its own NATS. */
  readonly natsUrl?: string | null;
};

export type ProcessRow = { readonly pid: number; readonly command: string };
export type ExitOf = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
export type Answer = { readonly status: number; readonly headers: Headers; readonly json: Record<string, unknown> };

export class TestCluster {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly url: string;
  readonly natsUrl: string;
  readonly pid: number;
  readonly exited: Promise<ExitOf>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ownsDataDir: boolean;
  #over: ExitOf | null = null;

  private constructor(child: ChildProcess, ports: Ports, dataDir: string, natsUrl: string, ownsDataDir: boolean) {
    this.#child = child;
    this.#ownsDataDir = ownsDataDir;
    this.ports = ports;
    this.dataDir = dataDir;
    this.url = `http://127.0.0.1:${ports.http}`;
    this.natsUrl = natsUrl;
    this.pid = child.pid!;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#over = { code, signal };
        resolve(this.#over);
      });
    });
  }

  /** Starts the process and returns at once; `start` waits until it is ready. */
  static async spawn(options: ClusterOptions = {}): Promise<TestCluster> {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing; run: npm run build`);
    const ports = options.ports ?? (await freePorts());
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'dovetail-e2e-'));
    const natsUrl = options.natsUrl ?? null;
    const flags = ['--data-dir', dataDir, '--http-port', `${ports.http}`, '--metrics-port', `${ports.metrics}`];
    flags.push('--grpc-port', `${ports.grpc}`);
    if (natsUrl === null) flags.push('--nats-port', `${ports.nats}`);
    else flags.push('--nats-url', natsUrl);
    const child = spawn(process.execPath, [PROGRAM, 'up', ...flags, ...(options.flags ?? [])], {
      env: cleanEnv(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new TestCluster(
      child,
      ports,
      dataDir,
      natsUrl ?? `nats://127.0.0.1:${ports.nats}`,
      options.dataDir === undefined,
    );
  }

  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = await TestCluster.spawn(options);
    try {
      await cluster.whenReady();
    } catch (thrown) {
      await cluster.kill();
      throw thrown;
    }
    return cluster;
  }

  get isReady(): boolean {
    return /^ready$/m.test(this.stdout);
  }

  async whenReady(): Promise<void> {
    await eventually(
      () => {
        if (this.#over !== null) throw new Ended(`it ended (${JSON.stringify(this.#over)})`);
        return this.isReady;
      },
      () => `the cluster is not ready; it said:\n${this.stdout}\n${this.stderr}`,
      START_MS_MAX,
    );
  }

  async get(path: string): Promise<Answer> {
    return this.#answer(await fetch(this.url + path));
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return this.#answer(
      await fetch(this.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: bytes as string,
      }),
    );
  }

  async status(): Promise<ClusterStatus> {
    return (await this.get('/v1/cluster')).json as unknown as ClusterStatus;
  }

  /** Process ids of the members that are alive, by name. */
  async pids(): Promise<Map<string, number>> {
    const { members } = await this.status();
    return new Map(members.filter(({ state }) => state === 'alive').map(({ name, pid }) => [name, pid]));
  }

  natsPid(): number {
    return Number(readFileSync(join(this.dataDir, 'nats', 'nats-server.pid'), 'utf8'));
  }

  /** Until every one of `processes` members is alive and ready and owns what it should, at one epoch. */
  async whenWhole(processes = 4): Promise<ClusterStatus> {
    let seen = 'nothing answered';
    let whole: ClusterStatus | null = null;
    await eventually(
      async () => {
        const ready = await fetch(`${this.url}/v2/health/ready`).catch(() => null);
        if (ready?.status !== 200) return false;
        const status = await this.status();
        seen = JSON.stringify({ ...status, owners: undefined });
        const alive = status.members.filter((member) => member.state === 'alive' && member.ready);
        const shards = alive.filter((member) => member.role === 'shard').length;
        const copies = Math.min(status.replicas, shards);
        const owned = status.owners.slice(0, status.partitions).every((owners) => owners.length === copies);
        if (alive.length < processes || status.members.length !== alive.length || !owned) return false;
        whole = status;
        return true;
      },
      () => `the cluster did not become whole again: ${seen}\n${this.stderr}`,
      START_MS_MAX,
    );
    return whole!;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Everything of this cluster that runs: `up`, its children, its NATS server and what guards that. */
  processes(): Promise<ProcessRow[]> {
    return processesWith(this.dataDir);
  }

  /** SIGINT, as Ctrl-C sends it; rejects unless it ends well, soon, and leaves no process and no port behind. */
  async stop(): Promise<ExitOf> {
    this.signal('SIGINT');
    const exit = await this.whenGone();
    if (exit.code !== 0) throw new Error(`the cluster ended with ${JSON.stringify(exit)}:\n${this.stderr}`);
    if (this.#ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
    return exit;
  }

  /** Waits for the end, and for nothing to be left. */
  async whenGone(): Promise<ExitOf> {
    const exit = await Promise.race([this.exited, sleep(systemClock, STOP_MS_MAX)]);
    if (exit === undefined) throw new Error(`the cluster still runs after ${STOP_MS_MAX} ms:\n${this.stderr}`);
    let left: ProcessRow[] = [];
    await eventually(
      async () => {
        left = await this.processes();
        return left.length === 0;
      },
      () => `processes are left: ${JSON.stringify(left, null, 2)}`,
      STOP_MS_MAX,
    );
    for (const port of Object.values(this.ports)) {
      if (!(await isFree(port))) throw new Error(`port ${port} is still taken after the stop`);
    }
    return exit;
  }

  /** For tests' clean-up: ends whatever is left, whatever state it is in. */
  async kill(): Promise<void> {
    if (this.#over === null) {
      this.signal('SIGINT');
      await Promise.race([this.exited, sleep(systemClock, STOP_MS_MAX)]);
    }
    for (const { pid } of await this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself in between.
      }
    }
    if (this.#ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 3 });
  }

  async #answer(response: Response): Promise<Answer> {
    const text = await response.text();
    const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, headers: response.headers, json };
  }
}

export type CommandResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs `dovetail <args>` to its end, with `input` as its standard input. */
export function dovetail(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { env: cleanEnv(options.env), timeout: START_MS_MAX },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr });
      },
    );
    child.stdin!.end(options.input ?? '');
  });
}

class Ended extends Error {}

/** Asks until `condition` holds; rejects with what `problem` says after `msMax`. Errors on the way count as "not yet". */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  problem: () => string,
  msMax = 20_000,
): Promise<void> {
  const untilMs = systemClock.nowMs() + msMax;
  let last = '';
  for (;;) {
    try {
      if (await condition()) return;
    } catch (thrown) {
      last = `\nlast: ${String(thrown)}`;
      if (thrown instanceof Ended) throw new Error(problem() + last);
    }
    if (systemClock.nowMs() > untilMs) throw new Error(`after ${msMax} ms: ${problem()}${last}`);
    await sleep(systemClock, 40);
  }
}

/** Running processes whose command line holds `text`; ended ones that nobody has waited for do not count. */
export async function processesWith(text: string): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,stat=,args='], { maxBuffer: 16 * 1024 * 1024 });
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((found) => found !== null && !found[2]!.startsWith('Z') && found[3]!.includes(text))
    .map((found) => ({ pid: Number(found![1]), command: found![3]! }));
}

/** Consecutive ports that are free, below those that systems hand out by themselves. */
export async function freePorts(): Promise<Ports> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const base = 20_100 + Math.floor(Math.random() * 960) * PORTS;
    const free = await Promise.all(Array.from({ length: PORTS }, (_, i) => isFree(base + i)));
    if (free.every(Boolean)) return { http: base, nats: base + 1, metrics: base + 2, grpc: base + PORTS - 1 };
  }
  throw new Error('no free ports found');
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The test's own settings and NODE_OPTIONS must not reach the cluster. */
function cleanEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(DOVETAIL_|OTEL_|NATS_URL$|NODE_OPTIONS$|VITEST)/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...extra };
}
