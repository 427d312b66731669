/** CPU time that a cluster's processes have used, by what they are: a cost that a busy machine changes little. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second for programs, whatever the kernel's own beat. */
const TICK_MS = 10;
/** Of /proc/PID/stat, counted from the process's state on, which follows its name in parentheses. */
const PARENT = 1;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

export type CpuMs = ReadonlyMap<string, number>;

type Process = { readonly parent: number; readonly role: string; readonly ms: number };

/** Of a process and all that descend from it, in ms, by role; null where there is no /proc. */
export function treeCpuMs(root: number): CpuMs | null {
  const processes = allProcesses();
  if (!processes.has(root)) return null;
  const spent = new Map<string, number>();
  for (const [pid, { role, ms }] of processes) {
    if (descends(processes, pid, root)) spent.set(role, (spent.get(role) ?? 0) + ms);
  }
  return spent;
}

/** What was spent between two looks, by role and in all, over `count`: µs each. */
export function cpuUsEach(before: CpuMs, after: CpuMs, count: number): { byRole: Map<string, number>; all: number } {
  const byRole = new Map<string, number>();
  for (const [role, ms] of after) byRole.set(role, ((ms - (before.get(role) ?? 0)) / count) * 1000);
  return { byRole, all: [...byRole.values()].reduce((sum, us) => sum + us, 0) };
}

/** The same as figures: of the roles that handle rows, and of all. None where there is no /proc. */
export function cpuFigures(before: CpuMs | null, after: CpuMs | null, rows: number): Record<string, number> {
  if (before === null || after === null) return {};
  const { byRole, all } = cpuUsEach(before, after, rows);
  const figures: Record<string, number> = { cpu_us_per_row: all };
  for (const role of ['gateway', 'shard', 'nats-server']) {
    figures[`${role.replace('-', '_')}_cpu_us_per_row`] = byRole.get(role) ?? 0;
  }
  return figures;
}

function allProcesses(): Map<number, Process> {
  const found = new Map<number, Process>();
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return found;
  }
  for (const name of names) {
    try {
      found.set(Number(name), {
        ...parseStat(readFileSync(`/proc/${name}/stat`, 'utf8')),
        role: roleOf(readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')),
      });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The parent and the CPU time in one line of /proc/PID/stat, whatever the program is called. */
export function parseStat(stat: string): { parent: number; ms: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]);
  return { parent: Number(fields[PARENT]), ms: ticks * TICK_MS };
}

function descends(processes: ReadonlyMap<number, Process>, pid: number, root: number): boolean {
  for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (at === root) return true;
  return false;
}

function roleOf(command: readonly string[]): string {
  const at = command.indexOf('--role');
  if (at >= 0) return command[at + 1]!;
  return command[0]!.endsWith('nats-server') ? 'nats-server' : 'others';
}
