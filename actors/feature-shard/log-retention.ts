/**
 * Trims a partition's log: only what is older than the retention, what every snapshot that is kept covers, and what no
 * shard still has to read. How far is put on record first, so that a replica that comes back later and stands before it
 * knows that it has to be copied.
 */
import { type Clock, sleep } from '../../cluster/clock.ts';
import type { SnapshotShelf } from './snapshot-shelf.ts';

export type RetentionOptions = {
  readonly clock: Clock;
  /** Age from which messages may go, by the log's own time. */
  readonly retentionMs: number;
  readonly shelf: Pick<SnapshotShelf, 'list' | 'recordTrim'>;
  readonly log: {
    state(): Promise<{ readonly createdText: string }>;
    lastSeqUntil(partition: number, seq: number, wallMs: number): Promise<number>;
    trim(partition: number, seq: number): Promise<void>;
  };
  /** Whether every shard that should have the partition has caught up with it. */
  readonly isSettled: (partition: number) => boolean;
};

/**
 * Between the record and the trim: a shard that looked at the record just before it was changed is known by then as one
 * that has not caught up, and what it still has to read stays.
 */
const GRACE_MS = 10_000;

/** The sequence up to which the partition was trimmed now; 0: nothing was. Rejects as the log and the shelf do. */
export async function trimPartition(options: RetentionOptions, partition: number): Promise<number> {
  const { clock, retentionMs, shelf, log, isSettled } = options;
  if (retentionMs === 0 || !isSettled(partition)) return 0;
  const { createdText } = await log.state();
  const covered = coveredSeq(await shelf.list(partition), createdText);
  if (covered === 0) return 0;
  const seq = await log.lastSeqUntil(partition, covered, clock.wallMs() - retentionMs);
  if (seq === 0) return 0;
  await shelf.recordTrim(partition, createdText, seq);
  await sleep(clock, GRACE_MS);
  if (!isSettled(partition)) return 0;
  await log.trim(partition, seq);
  return seq;
}

/** What the oldest snapshot that is kept covers: each of them can still be brought up to date after the trim. */
export function coveredSeq(
  kept: readonly { readonly seq: number; readonly stream: string; readonly verifiedMs: number }[],
  stream: string,
): number {
  const useful = kept.filter((one) => one.stream === stream && one.verifiedMs > 0);
  return useful.length === 0 ? 0 : Math.min(...useful.map((one) => one.seq));
}
