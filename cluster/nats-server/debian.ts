/** Installs Debian's own nats-server package, for machines where we are root: containers, mostly. */
import { existsSync } from 'node:fs';
import type { RunCommand } from './run-command.ts';

export type DebianSteps = {
  readonly run: RunCommand;
  /** Whether systemd is this machine's init, so that installing a service also starts it. */
  readonly systemdRuns: () => boolean;
  readonly progress: (line: string) => void;
};

export const systemdRuns = (): boolean => existsSync('/run/systemd/system');

const APT_OPTIONS = [
  '-o',
  'Acquire::Retries=1',
  '-o',
  'Acquire::http::Timeout=10',
  '-o',
  'Acquire::https::Timeout=10',
  '-o',
  'DPkg::Lock::Timeout=30',
];
const APT_ENV = { DEBIAN_FRONTEND: 'noninteractive' };
const UPDATE_TIMEOUT_MS = 120_000;
/** Long, because ending dpkg half-way leaves packages half-installed. */
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * Undefined on success, else what went wrong, for the final error. A failed update alone is no failure: one broken
 * source of several must not stop an install that the others, or the package cache, can serve.
 */
export async function installDebianPackage(steps: DebianSteps): Promise<string | undefined> {
  steps.progress("installing nats-server from this system's packages (apt-get)");
  const update = await steps.run('apt-get', [...APT_OPTIONS, 'update'], {
    timeoutMs: UPDATE_TIMEOUT_MS,
    env: APT_ENV,
  });
  const install = await steps.run(
    'apt-get',
    [...APT_OPTIONS, 'install', '-y', '--no-install-recommends', 'nats-server'],
    { timeoutMs: INSTALL_TIMEOUT_MS, env: APT_ENV },
  );
  if (install.code !== 0) {
    const updated = update.code === 0 ? '' : ` (apt-get update before it: ${update.failure})`;
    return `apt-get install nats-server: ${install.failure}${updated}`;
  }
  if (steps.systemdRuns()) {
    // The package starts a server of its own on port 4222. It was wanted for the binary only, so it is stopped.
    await steps.run('systemctl', ['disable', '--now', 'nats-server.service'], { timeoutMs: 30_000 });
  }
  return undefined;
}
