/** Runs a command to its end, bounded in time and output, and reports the outcome without throwing. */
import { execFile } from 'node:child_process';

export type CommandResult = {
  /** Exit status; null where the command could not be started or was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** One line that says what went wrong; empty when `code` is 0. */
  readonly failure: string;
};

export type RunCommand = (
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly env?: Readonly<Record<string, string | undefined>> },
) => Promise<CommandResult>;

const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/** The real one: no shell, so arguments are never interpreted. `options.env` adds to this process's environment. */
export const runCommand: RunCommand = (file, args, options) =>
  new Promise((resolve) => {
    execFile(
      file,
      [...args],
      {
        timeout: options.timeoutMs,
        maxBuffer: OUTPUT_BYTES_MAX,
        encoding: 'utf8',
        env: { ...process.env, ...options.env },
        windowsHide: true,
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ code: 0, stdout, stderr, failure: '' });
          return;
        }
        const code = typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr, failure: describeFailure(error, code, stderr, options.timeoutMs) });
      },
    );
  });

function describeFailure(
  error: Error & { code?: unknown; killed?: boolean; signal?: unknown },
  code: number | null,
  stderr: string,
  timeoutMs: number,
): string {
  if (error.killed === true && error.code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return `it did not end within ${timeoutMs / 1000} s`;
  }
  if (code === null) return typeof error.signal === 'string' ? `it was ended by ${error.signal}` : error.message;
  const lastLine = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return lastLine === '' ? `exit status ${code}` : `exit status ${code}: ${lastLine}`;
}
