/** Child processes of the benchmark: forked from a module beside the caller, ready when they say so, ended for sure. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, sleep } from '../cluster/clock.ts';
import type { BenchContext } from './context.ts';

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 3_000;

export type Child = {
  /** What the child passed to `childReady`. */
  readonly hello: unknown;
  stop(): Promise<void>;
};

/**
 * Forks `module` (without extension, relative to `callerUrl` = import.meta.url, so that it works compiled and not)
 * and waits until it calls `childReady`. Rejects where it exits first or takes longer than 20 s; an end later on that
 * nobody asked for is told to `context.died`.
 */
export async function startChild(
  context: BenchContext,
  callerUrl: string,
  module: string,
  argument: Readonly<Record<string, unknown>>,
): Promise<Child> {
  const { clock } = context;
  const path = fileURLToPath(new URL(module + extname(fileURLToPath(callerUrl)), callerUrl));
  const child = fork(path, [JSON.stringify(argument)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    const hello = await firstMessage(clock, child, module);
    let stopping = false;
    exited.then(() => {
      if (!stopping) context.died(new Error(`${module}: the process ended during the bench`));
    });
    return {
      hello,
      stop() {
        stopping = true;
        return end(clock, child, exited);
      },
    };
  } catch (thrown) {
    await end(clock, child, exited);
    throw thrown;
  }
}

const exitAtOnce = (): void => process.exit(0);

/** In the child, first of all: the argument that `startChild` was given. Also ties this process's life to the parent. */
export function childArgument<T>(): T {
  process.once('disconnect', exitAtOnce);
  return JSON.parse(process.argv[2] ?? 'null') as T;
}

/** In the child: says ready, and from then on ends this process when the parent ends or asks it to. */
export function childReady(hello: unknown = null, stop: () => Promise<void> | void = () => undefined): void {
  process.off('disconnect', exitAtOnce);
  process.once('disconnect', () => {
    Promise.resolve(stop()).finally(() => process.exit(0));
  });
  // The parent's terminal sends Ctrl-C to the whole group; the parent ends its children itself.
  process.on('SIGINT', () => undefined);
  // With a callback, a parent that has just gone is no error here: 'disconnect' ends this process.
  process.send?.({ hello }, undefined, {}, () => undefined);
}

function firstMessage(clock: Clock, child: ChildProcess, module: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(READY_TIMEOUT_MS, () =>
      reject(new Error(`${module}: not ready in ${READY_TIMEOUT_MS} ms`)),
    );
    child.once('message', (message: { hello: unknown }) => {
      timer.cancel();
      resolve(message.hello);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      timer.cancel();
      reject(new Error(`${module}: ended (${signal ?? `exit code ${code}`}) before it was ready`));
    });
  });
}

async function end(clock: Clock, child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  if (child.exitCode !== null || child.signalCode !== null) return;
  await Promise.race([exited, sleep(clock, STOP_TIMEOUT_MS)]);
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await exited;
}
