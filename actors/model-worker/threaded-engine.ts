/**
 * An engine that gives each model a thread of its own in this process, so that neither a load nor a run keeps the caller
 * from anything else.
 *
 * A thread is asked to end, never terminated: ONNX Runtime aborts the whole process when its thread is torn down in the
 * middle of a run. What runs longer than a release waits is left behind, and `isBusy` says so.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { TensorSpec } from '../../cluster/catalog/model-spec.ts';
import type { Clock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';
import type { Device } from './device.ts';
import type { Engine, EngineTensor, LoadedModel } from './engine.ts';
import { type FromThread, fromThreadError, movable, type ThreadStart, type ToThread } from './thread-messages.ts';

/** A release waits this long for a run to end, milliseconds. */
export const RELEASE_MS_MAX = 3_000;

export type ThreadedEngineOptions = {
  readonly device: Device;
  /** Of ONNX Runtime within one run. */
  readonly threads: number;
  readonly clock: Pick<Clock, 'after'>;
  /** A release waits this long for a run to end, milliseconds; default RELEASE_MS_MAX. */
  readonly releaseMsMax?: number;
  /** What the threads run; default: engine-thread.ts. */
  readonly program?: ThreadProgram;
};

export type ThreadProgram = { readonly file: string | URL; readonly execArgv: string[] };

export class ThreadedEngine implements Engine {
  readonly #options: ThreadedEngineOptions;
  readonly #threads = new Set<ModelThread>();

  constructor(options: ThreadedEngineOptions) {
    this.#options = options;
  }

  /** Whether a thread is in the middle of something. A process must not end the usual way then: see the top. */
  get isBusy(): boolean {
    return [...this.#threads].some((thread) => thread.isBusy);
  }

  /** As the engine of the device says; UNAVAILABLE also where the thread ends while it loads. */
  async load(modelPath: string): Promise<LoadedModel> {
    const { device, threads, clock, releaseMsMax = RELEASE_MS_MAX, program = threadProgram() } = this.#options;
    const thread = new ModelThread(program, { device, threads, modelPath }, clock, releaseMsMax);
    this.#threads.add(thread);
    void thread.ended.then(() => this.#threads.delete(thread));
    const loaded = await thread.loaded;
    return {
      platform: loaded.platform,
      inputs: loaded.inputs,
      outputs: loaded.outputs,
      loadMs: loaded.loadMs,
      ownThread: true,
      lost: thread.lost,
      run: (inputs) => thread.run(inputs),
      release: () => thread.release(),
    };
  }
}

type Loaded = {
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly loadMs: number;
};

type Pending = { readonly resolve: (outputs: EngineTensor[]) => void; readonly reject: (error: Error) => void };

class ModelThread {
  readonly loaded: Promise<Loaded>;
  readonly ended: Promise<void>;
  readonly lost: Promise<ServingError>;
  readonly #worker: Worker;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #releaseMsMax: number;
  readonly #modelPath: string;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #state: 'loading' | 'loaded' | 'releasing' | 'ended' = 'loading';
  /** Why the thread is about to end, or has ended, by itself. */
  #cause: unknown = null;
  #settleLoad: { resolve: (loaded: Loaded) => void; reject: (error: Error) => void } | null = null;
  #sayLost: (error: ServingError) => void = () => {};

  constructor(program: ThreadProgram, start: ThreadStart, clock: Pick<Clock, 'after'>, releaseMsMax: number) {
    this.#clock = clock;
    this.#releaseMsMax = releaseMsMax;
    this.#modelPath = start.modelPath;
    this.loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject };
    });
    this.lost = new Promise((resolve) => {
      this.#sayLost = resolve;
    });
    this.#worker = new Worker(program.file, { workerData: start, execArgv: program.execArgv });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('messageerror', (error) => this.#noteCause(error));
    this.#worker.on('error', (error) => this.#noteCause(error));
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#onExit(code);
        resolve();
      });
    });
  }

  get isBusy(): boolean {
    return this.#state === 'loading' || this.#state === 'releasing' || this.#pending.size > 0;
  }

  run(inputs: readonly EngineTensor[]): Promise<EngineTensor[]> {
    if (this.#state !== 'loaded') return Promise.reject(this.#goneError());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const { tensors, memory } = movable(inputs);
      this.#say({ kind: 'run', id, inputs: tensors }, memory);
      this.#pending.set(id, { resolve, reject });
    });
  }

  async release(): Promise<void> {
    if (this.#state === 'ended') return;
    if (this.#state === 'loaded') {
      this.#state = 'releasing';
      this.#say({ kind: 'release' });
    }
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(this.#releaseMsMax, resolve);
      void this.ended.then(() => {
        timer.cancel();
        resolve();
      });
    });
    // Left behind, it must not keep the process alive.
    if (this.#state === 'releasing') this.#worker.unref();
  }

  #say(message: ToThread, memory: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, memory);
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'loaded':
        this.#state = 'loaded';
        this.#settleLoad?.resolve(message);
        this.#settleLoad = null;
        return;
      case 'not_loaded':
        this.#settleLoad?.reject(fromThreadError(message.error));
        this.#settleLoad = null;
        return;
      case 'ran':
        this.#take(message.id)?.resolve([...message.outputs]);
        return;
      case 'failed':
        this.#take(message.id)?.reject(fromThreadError(message.error));
        return;
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #noteCause(error: unknown): void {
    this.#cause ??= error;
  }

  #onExit(code: number): void {
    this.#noteCause(`exit code ${code}`);
    const released = this.#state === 'releasing';
    const served = this.#state === 'loaded';
    this.#state = 'ended';
    const error = this.#goneError();
    this.#settleLoad?.reject(error);
    this.#settleLoad = null;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    if (served && !released) this.#sayLost(error);
  }

  #goneError(): ServingError {
    const said = this.#cause instanceof Error ? this.#cause.message : this.#cause;
    const why = this.#state === 'releasing' || said === null ? 'it was released' : String(said).slice(0, 500);
    return new ServingError('UNAVAILABLE', 'run', `the thread that holds ${this.#modelPath} has ended: ${why}`, {
      cause: this.#cause,
    });
  }
}

/** The thread's entry, compiled (`dist/`) or as source, which Node reads with the help of jiti. */
function threadProgram(): ThreadProgram {
  const compiled = fileURLToPath(new URL('./engine-thread.js', import.meta.url));
  if (existsSync(compiled)) return { file: compiled, execArgv: [] };
  const source = fileURLToPath(new URL('./engine-thread.ts', import.meta.url));
  return { file: source, execArgv: ['--import', 'jiti/register'] };
}
