/**
 * Opens a replica so that a damaged file neither ends the process again and again nor is served. A file that is known to
 * be damaged, cannot be opened, or ends whoever reads it is set aside: the shard begins with none, and has everything
 * from other owners, snapshots and the log. That happens at most once an hour; then it is for people to look at.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { App } from '../../cluster/catalog/views.ts';
import type { Clock, TimerHandle } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import { ServingError } from '../../proto/errors.ts';
import { Replica } from './replica.ts';
import { verifyPartition } from './scrub.ts';

const FILE = 'replica.lmdb';
const SET_ASIDE = 'replica.lmdb.set-aside';
/** Why the file is not to be opened again. */
const DAMAGE = 'replica.lmdb.damage';
/** How this start and those before it went; gone once a process has run for a while, or stopped in order. */
const OPENING = 'replica.lmdb.opening';
const STEADY_MS = 60_000;
const SET_ASIDE_MS_MIN = 3_600_000;
/** Starts in a row that came to nothing before the file is read from end to end. */
const SUSPICIOUS_STARTS = 2;

/** Where LMDB's two first pages say what they are, with and without a transaction's number in a page's header. */
const PAGE_BYTES = 4_096;
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const MAGIC_AT_WITHOUT = 16;
const PAGE_BYTES_AT = 48;
const LAST_PAGE_AT = 144;

type Opening = { readonly phase: 'opening' | 'starting' | 'verifying'; readonly failedBefore: number };

export type OpenOptions = {
  readonly directory: string;
  readonly app: App;
  readonly clock: Clock;
  readonly log: Log;
  /** Reading found the file damaged. It has been noted, and the next start sets the file aside: end the process. */
  readonly onDamage: (why: string) => void;
};

export type OpenedReplica = {
  readonly replica: Replica;
  /** Partitions that are not what was written. */
  readonly mismatched: readonly number[];
  /** Why a file was set aside at this start, or null. */
  readonly setAside: string | null;
  close(): Promise<void>;
};

/** Rejects with FAILED_PRECONDITION, which says what to do, where a file was set aside within the hour already. */
export async function openReplica(options: OpenOptions): Promise<OpenedReplica> {
  const { directory, clock } = options;
  mkdirSync(directory, { recursive: true });
  let setAside: string | null = null;
  const dropFile = (why: string) => {
    dropDamaged(options, why);
    setAside = why;
  };
  const before = readOpening(directory);
  const damage = readDamage(directory);
  if (damage !== null) dropFile(damage);
  else if (before?.phase === 'verifying') dropFile('the process that read it from end to end did not live to say so');
  else if (before?.phase === 'opening' && before.failedBefore > 0)
    dropFile('processes that opened it did not live to say so');
  else {
    const fault = faultOfFile(join(directory, FILE));
    if (fault !== null) dropFile(fault);
  }
  const failedBefore = before === null || setAside !== null ? 0 : before.failedBefore + 1;
  writeOpening(directory, { phase: 'opening', failedBefore });
  let replica: Replica;
  try {
    replica = open(options);
  } catch (thrown) {
    dropFile(`it cannot be opened: ${String(thrown)}`);
    replica = open(options);
  }
  writeOpening(directory, { phase: 'starting', failedBefore });
  let mismatched: number[] = [];
  if (failedBefore >= SUSPICIOUS_STARTS) {
    writeOpening(directory, { phase: 'verifying', failedBefore });
    try {
      mismatched = await verifyAll(replica, clock);
    } catch (thrown) {
      await replica.close();
      dropFile(`it cannot be read: ${String(thrown)}`);
      replica = open(options);
    }
    writeOpening(directory, { phase: 'starting', failedBefore: 0 });
  }
  const forget = () => rmSync(join(directory, OPENING), { force: true });
  const steady: TimerHandle = clock.after(STEADY_MS, forget);
  return {
    replica,
    mismatched,
    setAside,
    close: async () => {
      steady.cancel();
      await replica.close();
      forget();
    },
  };
}

function open({ directory, app, clock, log, onDamage }: OpenOptions): Replica {
  let noted = false;
  const note = (why: string) => {
    if (noted) return;
    noted = true;
    if (wasSetAside(directory, clock)) {
      log.error({ why }, `the replica is damaged although a file was set aside within the hour: look at the disk`);
      return;
    }
    writeFileSync(join(directory, DAMAGE), why);
    log.error({ why }, 'the replica is damaged: it is set aside, and had anew from elsewhere, after a restart');
    onDamage(why);
  };
  return new Replica({ directory, app, log, onDamage: note });
}

async function verifyAll(replica: Replica, clock: Clock): Promise<number[]> {
  const mismatched: number[] = [];
  for (const partition of replica.heldPartitions()) {
    const verdict = await verifyPartition({ replica, partition, clock, pauseMs: 0 });
    if (typeof verdict !== 'string') mismatched.push(partition);
  }
  return mismatched;
}

/** Why the library must not be given the file, which it would map and trust, or null. */
function faultOfFile(file: string): string | null {
  if (!existsSync(file)) return null;
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const head = Buffer.alloc(2 * PAGE_BYTES);
    if (size === 0) return null;
    if (readSync(handle, head, 0, head.length, 0) < head.length) return 'it is cut off in its head';
    const pages = [head.subarray(0, PAGE_BYTES), head.subarray(PAGE_BYTES)];
    if (pages.every((page) => page.readUInt32LE(MAGIC_AT) !== MAGIC && page.readUInt32LE(MAGIC_AT_WITHOUT) !== MAGIC))
      return 'its head is that of no database';
    // What the older of the two says was flushed; the newer may be ahead of the file after a power failure.
    const written = pages
      .filter((page) => page.readUInt32LE(MAGIC_AT) === MAGIC && page.readUInt32LE(PAGE_BYTES_AT) === PAGE_BYTES)
      .map((page) => (Number(page.readBigUInt64LE(LAST_PAGE_AT)) + 1) * PAGE_BYTES);
    const least = written.length === 0 ? 0 : Math.min(...written);
    return size < least ? `it is cut off at ${size} of ${least} bytes` : null;
  } finally {
    closeSync(handle);
  }
}

function wasSetAside(directory: string, clock: Clock): boolean {
  const path = join(directory, SET_ASIDE);
  return existsSync(path) && clock.wallMs() - statSync(path).mtimeMs < SET_ASIDE_MS_MIN;
}

function dropDamaged({ directory, clock, log }: OpenOptions, why: string): void {
  if (wasSetAside(directory, clock)) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      'log',
      `the replica in ${directory} is damaged (${why}), and so was one within the last hour (${SET_ASIDE}). Look at the disk and the memory of this machine; then remove ${SET_ASIDE} and start again`,
    );
  }
  const file = join(directory, FILE);
  if (existsSync(file)) {
    renameSync(file, join(directory, SET_ASIDE));
    const seconds = clock.wallMs() / 1_000;
    utimesSync(join(directory, SET_ASIDE), seconds, seconds);
  }
  rmSync(`${file}-lock`, { force: true });
  rmSync(join(directory, DAMAGE), { force: true });
  log.error({ why, file: join(directory, SET_ASIDE) }, 'the replica was damaged and is set aside; having it anew');
}

function readDamage(directory: string): string | null {
  const path = join(directory, DAMAGE);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Null where the process before ended well, or none was. */
function readOpening(directory: string): Opening | null {
  try {
    const { phase, failedBefore } = JSON.parse(readFileSync(join(directory, OPENING), 'utf8')) as Partial<Opening>;
    return {
      phase: phase === 'verifying' || phase === 'opening' ? phase : 'starting',
      failedBefore: Number(failedBefore) || 0,
    };
  } catch {
    return null;
  }
}

function writeOpening(directory: string, opening: Opening): void {
  writeFileSync(join(directory, OPENING), JSON.stringify(opening));
}
