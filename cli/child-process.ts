/** One child of `dovetail up`: started, watched, started again with back-off when it dies, stopped when asked. */
import { type ChildProcess as NodeChild, spawn } from 'node:child_process';
import { Supervisor } from '../cluster/actors/supervision.ts';
import type { Clock, TimerHandle } from '../cluster/clock.ts';
import { ServingError } from '../proto/errors.ts';
import { EXIT, NameTakenError } from './command.ts';
import { programArguments } from './package-files.ts';

export type ChildOptions = {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Keeps a channel open by which the child notices that we are gone. */
  readonly ipc: boolean;
};

/** Five starts within half a minute that end by themselves: something is wrong that another start does not cure. */
const RESTARTS = { restartsMax: 5, windowMs: 30_000, backoffMs: 100, backoffMsMax: 3_000 };
/**
 * A young generation that starts at its full size. Requests in flight survive a collection or two in the small one that
 * V8 starts with; it then begins to put new ones among the old, where only a slow collection finds them. Measured on
 * the router: 13.3 → 10.5 µs of CPU a request, and full collections from one every half second to none. For the same
 * reason V8 is kept from guessing, from a busy moment at start, that requests are objects that last.
 */
const HEAP_FLAGS = ['--max-semi-space-size=32', '--min-semi-space-size=32', '--no-allocation-site-pretenuring'];

const KILL_AFTER_MS = 15_000;
const ERROR_LINES_KEPT = 20;

export class ChildProcess {
  readonly name: string;
  /** Rejects when the child keeps ending, or ends because its name is taken (NameTakenError). */
  readonly gaveUp: Promise<never>;
  readonly #options: ChildOptions;
  readonly #supervisor = new Supervisor(RESTARTS);
  #giveUp: (error: ServingError) => void = () => {};
  #child: NodeChild | null = null;
  #stopping = false;
  #restart: TimerHandle | null = null;
  #lastLines: string[] = [];

  constructor(options: ChildOptions) {
    this.#options = options;
    this.name = options.name;
    this.gaveUp = new Promise((_, reject) => {
      this.#giveUp = reject;
    });
    this.gaveUp.catch(() => {});
    this.#start();
  }

  /** SIGTERM, and SIGKILL for one that does not follow it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#restart?.cancel();
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const kill = this.#options.clock.after(KILL_AFTER_MS, () => child.kill('SIGKILL'));
    await exited;
    kill.cancel();
  }

  #start(): void {
    const { args, env, ipc } = this.#options;
    this.#lastLines = [];
    // A group of its own: Ctrl-C reaches us alone, and we stop the children in order.
    const child = spawn(process.execPath, [...HEAP_FLAGS, ...programArguments(), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
      detached: true,
    });
    this.#child = child;
    // It says when it is ready; we ask the cluster.
    child.stdout!.resume();
    lines(child.stderr!, (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > ERROR_LINES_KEPT) this.#lastLines.shift();
      this.#options.say(`[${this.name}] ${line}`);
    });
    child.on('error', (error) => this.#options.say(`[${this.name}] cannot be started: ${error.message}`));
    child.on('exit', (code, signal) => this.#onExit(child, code, signal));
  }

  #onExit(child: NodeChild, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#stopping) return;
    const how = signal === null ? `exit code ${code}` : signal;
    if (code === EXIT.nameTaken) {
      this.#giveUpSaying(child, (said) => new NameTakenError(said ?? `the name '${this.name}' is taken`));
      return;
    }
    if (code === EXIT.contradicted) {
      this.#giveUpSaying(child, (said) => {
        return new ServingError('FAILED_PRECONDITION', 'edge', said ?? `${this.name} contradicts the cluster`);
      });
      return;
    }
    const directive = this.#supervisor.decide(new Error(how), this.#options.clock.nowMs());
    if (directive.kind === 'restart') {
      this.#options.say(`[${this.name}] ended (${how}); starting it again`);
      this.#restart = this.#options.clock.after(directive.delayMs, () => this.#start());
      return;
    }
    this.#giveUpSaying(child, (said) => {
      const why = said === undefined ? '' : `: ${said}`;
      return new ServingError('UNAVAILABLE', 'edge', `${this.name} keeps ending (${how})${why}`);
    });
  }

  /** With the child's last line, which may still be on its way when the child has ended. */
  #giveUpSaying(child: NodeChild, error: (said: string | undefined) => ServingError): void {
    child.once('close', () => this.#giveUp(error(this.#lastLines.at(-1)?.replace(/^dovetail node: /, ''))));
  }
}

function lines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!.slice(-10_000);
    for (const line of parts) onLine(line);
  });
}
