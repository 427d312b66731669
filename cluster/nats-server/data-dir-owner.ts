/** Finds the nats-server that still runs on a data directory: two on one JetStream store would ruin it. */
import { readFile } from 'node:fs/promises';
import type { RunCommand } from './run-command.ts';

/**
 * The process id in `pidFile` where that process lives and was started with `configPath`; else undefined. The command
 * line is compared because ids are reused, after a reboot above all.
 */
export async function liveServerOn(pidFile: string, configPath: string, run: RunCommand): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return (await commandLine(pid, run)).includes(configPath) ? pid : undefined;
}

/** Empty where there is no such process. Linux has /proc even where `ps` is not installed; macOS always has `ps`. */
async function commandLine(pid: number, run: RunCommand): Promise<string> {
  if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const result = await run('ps', ['-ww', '-p', String(pid), '-o', 'command='], { timeoutMs: 5_000 });
  return result.code === 0 ? result.stdout : '';
}
