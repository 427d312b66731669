/** `dovetail up` in processes of its own, as a user runs it: started with an app, ready when it says so, stopped for sure. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchContext } from './context.ts';
import { freePort } from './ports.ts';

const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;

export type UpOptions = {
  /** Directory with features and models. */
  readonly app: string;
  readonly dataDir: string;
  /** Further settings by flag, without the dashes. */
  readonly flags?: Readonly<Record<string, string | number>>;
  readonly colocate?: boolean;
};

export class DovetailUp {
  readonly httpPort: number;
  readonly natsUrl: string;
  readonly #up: ChildProcess;
  #stopping = false;
  #said = '';

  /**
   * `stopLater` is told of the processes before they are waited for. Rejects where the cluster ends before it is ready
   * or takes longer than a minute; an end later on that nobody asked for is told to `context.died`.
   */
  static async start(
    context: BenchContext,
    options: UpOptions,
    stopLater: (stop: () => Promise<void>) => void,
  ): Promise<DovetailUp> {
    const [httpPort, natsPort] = [await freePort(), await freePort()];
    const up = new DovetailUp(context, options, httpPort, natsPort);
    stopLater(() => up.stop());
    await up.#ready(context);
    return up;
  }

  private constructor(context: BenchContext, options: UpOptions, httpPort: number, natsPort: number) {
    this.httpPort = httpPort;
    this.natsUrl = `nats://127.0.0.1:${natsPort}`;
    const program = fileURLToPath(new URL('../cli/main.js', import.meta.url));
    const { app, dataDir, flags, colocate } = options;
    const all = {
      app,
      'data-dir': dataDir,
      'http-port': httpPort,
      'grpc-port': 0,
      'nats-port': natsPort,
      'metrics-port': 0,
      ...flags,
    };
    const args = Object.entries(all).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    if (colocate === true) args.push('--colocate');
    this.#up = spawn(process.execPath, [program, 'up', ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#up.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      this.#said = (this.#said + chunk).slice(-4_000);
    });
    this.#up.once('exit', (code, signal) => {
      if (this.#stopping) return;
      context.died(new Error(`dovetail up ended (${signal ?? `exit code ${code}`}): ${this.#said}`));
    });
  }

  /** Of the process that started the others. */
  get pid(): number {
    return this.#up.pid!;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const up = this.#up;
    if (up.exitCode !== null || up.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => up.once('exit', () => resolve()));
    up.kill('SIGINT');
    const kill = setTimeout(() => up.kill('SIGKILL'), STOP_MS_MAX);
    await exited;
    clearTimeout(kill);
  }

  #ready(context: BenchContext): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = context.clock.after(READY_MS_MAX, () =>
        reject(new Error(`dovetail up is not ready: ${this.#said}`)),
      );
      this.#up.once('exit', () => {
        timer.cancel();
        reject(new Error(`dovetail up ended before it was ready: ${this.#said}`));
      });
      let text = '';
      this.#up.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (!text.split('\n').includes('ready')) return;
        timer.cancel();
        resolve();
      });
    });
  }
}
