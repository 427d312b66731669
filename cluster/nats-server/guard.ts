/**
 * Runs a command so that it cannot outlive this process, also when this process is killed with -9.
 *
 * A small POSIX shell script starts the command and watches its own standard input, whose other end only this process
 * holds. The kernel closes that end however this process dies; the script then ends the command: SIGTERM, and SIGKILL
 * after a grace. A regular stop is the same: we close that end. The script is the command's parent, so the process id
 * it signals stays the command's until it has seen it end.
 *
 * The script ends last: it waits for its watcher too, which is told to stop only while it still reads (in the grace it
 * ignores that, sees the command gone and ends by itself), so that not even a `sleep` is left behind.
 *
 * Script and command are a session of their own: Ctrl-C in the terminal reaches this process only, which can drain
 * before it stops the command.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Between SIGTERM and SIGKILL. */
export const GRACE_MS = 5_000;

const SCRIPT = `
exec 3<&0
"$@" </dev/null >&2 3<&- &
command=$!
echo "$command"
exec >/dev/null </dev/null
(
  while read -r line; do :; done
  trap '' TERM
  kill -TERM "$command" 2>/dev/null
  tenths=0
  while [ "$tenths" -lt ${GRACE_MS / 100} ] && kill -0 "$command" 2>/dev/null; do
    sleep 0.1 2>/dev/null || sleep 1
    tenths=$((tenths + 1))
  done
  kill -KILL "$command" 2>/dev/null
) <&3 3<&- &
watcher=$!
exec 3<&-
trap 'kill -TERM "$command" 2>/dev/null' TERM INT HUP
while :; do
  wait "$command"
  status=$?
  kill -0 "$command" 2>/dev/null || break
done
kill -TERM "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$status"
`;

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type GuardedProcess = {
  /** The command's own process id, not the script's; undefined where the script could not be started. */
  readonly pid: Promise<number | undefined>;
  /** Settles when the command has ended; never rejects. */
  readonly exited: Promise<Exit>;
  /** Asks the command to end: SIGTERM now, SIGKILL after the grace. Does not wait. */
  end(): void;
  /** SIGKILL to the command and the script at once: for when `end` did not help. */
  kill(): void;
};

/** `outputFd` takes the command's standard output and error. POSIX systems only. */
export function startGuarded(file: string, args: readonly string[], outputFd: number): GuardedProcess {
  const script = spawn('/bin/sh', ['-c', SCRIPT, 'sh', file, ...args], {
    stdio: ['pipe', 'pipe', outputFd],
    detached: true,
  });
  // The other end is gone when the script is: writing the end of input then is no error to anyone.
  script.stdin?.on('error', () => {});
  let over = false;
  const exited = new Promise<Exit>((resolve) => {
    const finish = (exit: Exit): void => {
      over = true;
      resolve(exit);
    };
    script.once('error', () => finish({ code: null, signal: null }));
    script.once('exit', (code, signal) => finish(commandExit(code, signal)));
  });
  return {
    pid: readPid(script),
    exited,
    end: () => {
      script.stdin?.end();
    },
    kill: () => {
      if (over || script.pid === undefined) return;
      try {
        process.kill(-script.pid, 'SIGKILL');
      } catch {
        // The group ended on its own in between.
      }
    },
  };
}

function readPid(script: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const finish = (): void => {
      const pid = Number.parseInt(text, 10);
      resolve(Number.isInteger(pid) && pid > 1 ? pid : undefined);
    };
    script.once('error', () => resolve(undefined));
    script.stdout?.setEncoding('utf8');
    script.stdout?.on('data', (chunk: string) => {
      if (text.length < 32) text += chunk;
      if (text.includes('\n')) finish();
    });
    script.stdout?.once('close', finish);
  });
}

/** A shell reports the end of a command by signal n as status 128 + n. */
function commandExit(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (code === null || code <= 128) return { code, signal };
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return found === undefined ? { code, signal } : { code: null, signal: found[0] as NodeJS.Signals };
}
