/**
 * An archive on disk: a directory a data set with a file a stretch of the log, and `archive.json`, which says how far it
 * goes. Files of a stretch are written first and `archive.json` last, so a run that dies leaves files that the next one
 * removes and nothing else.
 */
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';
import { moveDurably, temporaryName } from './parquet-output.ts';

/** What `archive.json` holds. */
export type ArchiveState = {
  readonly format: 1;
  /** When the archived stream was created. */
  readonly stream_created: string;
  /** Of the cluster: where keys lie. */
  readonly partitions: number;
  /** Sequences that are archived. */
  readonly first_seq: number;
  readonly last_seq: number;
  /** Messages that the log had trimmed before they could be archived. */
  readonly lost: number;
};

export type Part = { readonly dataset: string; readonly firstSeq: number; readonly lastSeq: number };

const STATE_FILE = 'archive.json';
const LOCK_FILE = 'archive.lock';
const PART = /^part-(\d+)-(\d+)\.parquet$/;
const TEMPORARY = /^\.(part-.*\.parquet|archive\.json)\.tmp$/;
const SEQ_DIGITS = 12;

export function partPath(directory: string, { dataset, firstSeq, lastSeq }: Part): string {
  const digits = (seq: number) => String(seq).padStart(SEQ_DIGITS, '0');
  return join(directory, dataset, `part-${digits(firstSeq)}-${digits(lastSeq)}.parquet`);
}

/** Null where there is no archive yet. Rejects with DATA_LOSS for one that cannot be read. */
export async function readState(directory: string): Promise<ArchiveState | null> {
  let text: string;
  try {
    text = await readFile(join(directory, STATE_FILE), 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ServingError('UNAVAILABLE', 'edge', `the archive ${directory} cannot be read: ${String(thrown)}`);
  }
  try {
    const state = JSON.parse(text) as ArchiveState;
    const numbers = [state.partitions, state.first_seq, state.last_seq, state.lost];
    if (state.format === 1 && typeof state.stream_created === 'string' && numbers.every(Number.isSafeInteger))
      return state;
  } catch {
    // Said below.
  }
  throw new ServingError(
    'DATA_LOSS',
    'edge',
    `${join(directory, STATE_FILE)} is no archive's state; restore it, or archive anew to another directory`,
  );
}

export async function writeState(directory: string, state: ArchiveState): Promise<void> {
  const path = join(directory, STATE_FILE);
  const file = await open(temporaryName(path), 'w');
  try {
    await file.writeFile(`${JSON.stringify(state, null, 2)}\n`);
  } finally {
    await file.close();
  }
  await moveDurably(temporaryName(path), path);
}

/** Parts that the state covers, in the log's order. */
export async function listParts(directory: string, lastSeq: number): Promise<Part[]> {
  const parts: Part[] = [];
  for (const dataset of await datasets(directory)) {
    for (const name of await readdir(join(directory, dataset))) {
      const match = PART.exec(name);
      if (match === null) continue;
      const part = { dataset, firstSeq: Number(match[1]), lastSeq: Number(match[2]) };
      if (part.lastSeq <= lastSeq) parts.push(part);
    }
  }
  return parts.sort((a, b) => a.firstSeq - b.firstSeq || (a.dataset < b.dataset ? -1 : 1));
}

/** Removes what a run that died had begun. */
export async function removeUnfinished(directory: string, lastSeq: number): Promise<void> {
  for (const dataset of ['.', ...(await datasets(directory))]) {
    for (const name of await readdir(join(directory, dataset))) {
      const match = PART.exec(name);
      if (TEMPORARY.test(name) || (match !== null && Number(match[2]) > lastSeq))
        await rm(join(directory, dataset, name), { force: true });
    }
  }
}

async function datasets(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Keeps other writers out until it is released. Rejects with FAILED_PRECONDITION where a living one is at work. */
export async function lockArchive(directory: string): Promise<{ release(): Promise<void> }> {
  await mkdir(directory, { recursive: true }).catch((thrown: unknown) => {
    throw new ServingError('UNAVAILABLE', 'edge', `--out ${directory} cannot be made: ${String(thrown)}`);
  });
  const path = join(directory, LOCK_FILE);
  for (let tries = 0; tries < 3; tries++) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(JSON.stringify(holderOfThis()));
      await file.close();
      return { release: () => rm(path, { force: true }) };
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new ServingError('UNAVAILABLE', 'edge', `${dirname(path)} cannot be written: ${String(thrown)}`);
      const holder = await readHolder(path);
      if (holder !== null && mayLive(holder)) {
        const why = `process ${holder.pid} on ${holder.host} is archiving to ${directory}; wait for it, stop it, or remove ${path} if it is gone`;
        throw new ServingError('FAILED_PRECONDITION', 'edge', why);
      }
      await rm(path, { force: true });
    }
  }
  throw new ServingError('UNAVAILABLE', 'edge', `${path} keeps coming back; another process is archiving there`);
}

/** Who holds a lock. Process numbers recur, in containers at once, so the time of the start tells them apart. */
type Holder = { readonly pid: number; readonly host: string; readonly startedMs: number };

function holderOfThis(): Holder {
  const startedMs = Math.round(systemClock.wallMs() - process.uptime() * 1_000);
  return { pid: process.pid, host: hostname(), startedMs };
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const { pid, host, startedMs } = JSON.parse(await readFile(path, 'utf8')) as Holder;
    return Number.isInteger(pid) && pid > 0 && typeof host === 'string' ? { pid, host, startedMs } : null;
  } catch {
    return null;
  }
}

/** Of another machine nobody here can tell. */
function mayLive({ pid, host, startedMs }: Holder): boolean {
  const own = holderOfThis();
  if (host !== own.host) return true;
  if (pid === own.pid) return Math.abs(startedMs - own.startedMs) < 5_000;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
