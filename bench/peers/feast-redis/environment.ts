/** A Python environment with Feast and its Redis store, made once in the user's cache, or the reason why there is none. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The version whose protocol is checked elsewhere in the project (test/conformance). */
const VERSION = '0.67.0';
const INSTALL_MS_MAX = 10 * 60_000;

const run = promisify(execFile);

export type FeastEnvironment = { readonly python: string; readonly feast: string; readonly version: string };

/** Installs at most once: about 600 MB, a minute or two. `note` is told before. */
export async function feastEnvironment(
  note: (line: string) => void,
): Promise<FeastEnvironment | { readonly skipped: string }> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'dovetail', `feast-redis-${VERSION}`);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    try {
      await run('python3', ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))']);
    } catch {
      return { skipped: 'Python 3.10 or later with venv and pip is not on PATH (python3, python3-venv)' };
    }
    note(`installing feast[redis] ${VERSION} into ${folder}, once`);
    try {
      mkdirSync(dirname(folder), { recursive: true });
      await run('python3', ['-m', 'venv', '--clear', folder]);
      const packages = ['install', '--quiet', '--disable-pip-version-check', `feast[redis]==${VERSION}`];
      await run(join(folder, 'bin', 'pip'), packages, { timeout: INSTALL_MS_MAX });
    } catch (thrown) {
      return { skipped: `feast[redis] ${VERSION} could not be installed: ${String(thrown).slice(0, 300)}` };
    }
    writeFileSync(complete, '');
  }
  return { python: join(folder, 'bin', 'python'), feast: join(folder, 'bin', 'feast'), version: VERSION };
}
