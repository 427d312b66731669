/**
 * A replica whose disk is full, for real: a process with a limit on the size of its files, which makes LMDB's writes
 * fail as a full disk does, until the limit is lifted.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { silentLog } from '../../cluster/log.ts';
import { app, bigMessage } from '../support/feature-log-writer.ts';
import { eventually } from '../support/nats-fixture.ts';

const MESSAGES = 400;
const LIMIT_KIB = 3_000;

type Report = {
  readonly applied: number;
  readonly newest: number;
  readonly unread: number;
  readonly delivered: number;
  readonly failures: number;
  readonly digest: string;
};

let directory: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'full-disk-'));
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await rm(directory, { recursive: true, force: true });
});

/** Limits of another process are changed by `prlimit` (util-linux), which Linux has and others have not. */
function canLimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

/** The soft limit only, which its owner may lift again, root or not. */
function startLimited(onReport: (report: Report) => void): ChildProcess {
  const jiti = join(dirname(createRequire(import.meta.url).resolve('jiti/package.json')), 'lib', 'jiti-cli.mjs');
  const script = fileURLToPath(new URL('../support/full-disk-child.ts', import.meta.url));
  // Not loaded from a cache on disk, which the limit would hinder too.
  const env = { ...process.env, JITI_FS_CACHE: 'false' };
  const started = spawn(
    'prlimit',
    [`--fsize=${LIMIT_KIB * 1_024}:`, process.execPath, jiti, script, join(directory, 'limited'), String(MESSAGES)],
    { stdio: ['ignore', 'pipe', 'inherit'], env },
  );
  createInterface({ input: started.stdout! }).on('line', (line) => onReport(JSON.parse(line) as Report));
  return started;
}

describe('a replica on a full disk', () => {
  it.skipIf(!canLimit())(
    'goes on being read, acknowledges nothing that is not committed, and goes on applying once there is room (skipped where prlimit is missing)',
    async () => {
      const reports: Report[] = [];
      child = startLimited((report) => reports.push(report));
      const ended = once(child, 'exit');
      const last = () => reports.at(-1)!;
      await eventually('a second failure', () => reports.length > 0 && last().failures >= 2, 30_000);
      const full = last();
      expect(full.applied).toBeGreaterThan(0);
      expect(full.applied).toBeLessThan(MESSAGES);
      // The log is read no further than what may wait for room.
      expect(full.delivered).toBeLessThanOrEqual(full.applied + 101);
      for (const { applied, newest, unread } of reports)
        expect({ newest, unread }).toEqual({ newest: applied, unread: 0 });
      execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:']);
      const [code] = (await ended) as [number | null];
      expect(code).toBe(0);
      expect(last()).toMatchObject({ applied: MESSAGES, newest: MESSAGES, unread: 0 });
      // As one that never was full: nothing was applied twice.
      const whole = new Replica({ directory: join(directory, 'whole'), app, log: silentLog });
      await whole.apply(Array.from({ length: MESSAGES }, (_, i) => bigMessage(i + 1)));
      const { digest } = whole.cursor(0);
      await whole.close();
      expect(last().digest).toBe(digest);
    },
    60_000,
  );
});
