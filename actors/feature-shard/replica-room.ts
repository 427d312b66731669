/**
 * Whether a replica may grow. LMDB's map size does not cap the file, and a disk that is full fails whoever else writes
 * to it too, so a shard stops applying before either. Pages that deletions freed within the file are used again, so
 * applying goes on where there are enough of them, however large the file is.
 */
import { statfsSync } from 'node:fs';
import type { Clock } from '../../cluster/clock.ts';
import type { Replica } from './replica.ts';

export type RoomFacts = {
  readonly fileBytes: number;
  /** Pages of the file that can be written to without making it larger. */
  readonly reusableBytes: number;
  readonly diskFreeBytes: number;
};

export type RoomBounds = {
  /** 0: none. */
  readonly fileBytesMax: number;
  readonly diskFreeBytesMin: number;
};

/** `full`: not even what removes rows may be applied, since that writes pages too before it frees any. */
export type Shortage = { readonly why: string; readonly full: boolean };

/** What one transaction may need: pages are copied before they are changed. */
const TRANSACTION_BYTES = 4 * 1024 * 1024;
const ASK_MS = 100;
/** More than a replica grows between two questions. */
const PLENTY_BYTES = 64 * 1024 * 1024;

/** Null where there is room for more rows. `wasShort`: asks for twice as much, so as not to go to and fro. Pure. */
export function shortageOf(facts: RoomFacts, bounds: RoomBounds, wasShort: boolean): Shortage | null {
  const { fileBytes, reusableBytes, diskFreeBytes } = facts;
  const { fileBytesMax, diskFreeBytesMin } = bounds;
  const quota = fileBytesMax === 0 ? Number.POSITIVE_INFINITY : fileBytesMax;
  const needed = Math.min(TRANSACTION_BYTES, quota / 8);
  const wanted = wasShort ? 2 * needed : needed;
  const inFile = quota - fileBytes;
  const onDisk = diskFreeBytes - diskFreeBytesMin;
  const room = reusableBytes + Math.min(inFile, onDisk);
  if (reusableBytes >= wanted || room >= wanted) return null;
  const full = reusableBytes < needed / 4 && room < needed / 4;
  const why =
    inFile <= onDisk
      ? `the replica has ${mib(fileBytes)} of the ${mib(quota)} that its file may have (--replica-bytes-max)`
      : `${mib(diskFreeBytes)} are free on the replica's disk, of which ${mib(diskFreeBytesMin)} stay free (--disk-free-bytes-min)`;
  return { why: `no room for what the log has: ${why}. Reads go on from what is applied`, full };
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

export class ReplicaRoom {
  readonly #replica: Pick<Replica, 'fileUse'>;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #bounds: RoomBounds;
  readonly #diskFree: (directory: string) => number;
  #shortage: Shortage | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(options: {
    replica: Pick<Replica, 'fileUse'>;
    directory: string;
    clock: Clock;
    bounds: RoomBounds;
    diskFree?: (directory: string) => number;
  }) {
    this.#replica = options.replica;
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#bounds = options.bounds;
    this.#diskFree = options.diskFree ?? diskFreeBytes;
  }

  get fileBytes(): number {
    return this.#replica.fileUse().fileBytes;
  }

  /** As of now, or of a moment ago where there was plenty. */
  shortage(): Shortage | null {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#askedMs < ASK_MS) return this.#shortage;
    const facts = { ...this.#replica.fileUse(), diskFreeBytes: this.#diskFree(this.#directory) };
    this.#shortage = shortageOf(facts, this.#bounds, this.#shortage !== null);
    const later = { fileBytes: facts.fileBytes + PLENTY_BYTES, diskFreeBytes: facts.diskFreeBytes - PLENTY_BYTES };
    // Near a bound every transaction asks.
    const plenty = shortageOf({ reusableBytes: 0, ...later }, this.#bounds, true) === null;
    this.#askedMs = plenty ? nowMs : Number.NEGATIVE_INFINITY;
    return this.#shortage;
  }
}

/** Infinite where the file system does not say. */
function diskFreeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
