/** Puts a snapshot in the place of what a replica has of a partition, in many small transactions (`replica-partitions.ts`). */
import { type Clock, sleep } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';
import type { Replica } from './replica.ts';
import { parseDigest } from './replica-cursor.ts';
import { CHUNK_BYTES, type OpenSnapshot, type SnapshotRow } from './snapshot-format.ts';

/** Rows that one transaction removes: about a millisecond's work. */
const REMOVE_ROWS_MAX = 512;
/** Between two transactions where lookups are answered: the processor is theirs for longer than one takes. */
const PAUSE_MS = 1;
/** Transactions under way at once: the next is prepared while one is committed. */
const COMMITS_MAX = 2;

export type RestoreOptions = {
  readonly onRows?: (rows: number) => void;
  /** Whether this process answers lookups meanwhile: then they come first. */
  readonly isServing?: () => boolean;
};

/**
 * The partition as it is in the snapshot. Rejects as reading the snapshot does, or with UNAVAILABLE where the replica
 * cannot commit; then the partition holds nothing and is marked as being restored, until this or `clearPartition` is
 * called again.
 */
export async function restorePartition(
  replica: Replica,
  snapshot: OpenSnapshot,
  clock: Clock,
  options: RestoreOptions = {},
): Promise<{ rows: number }> {
  const { onRows = () => {}, isServing = () => false } = options;
  const { partition, seq, digest, lastHash } = snapshot.header;
  const parsed = parseDigest(digest);
  if (parsed === null) throw new ServingError('DATA_LOSS', 'log', `the snapshot has the digest '${digest}'`);
  await emptyPartition(replica, partition, clock);
  let rows = 0;
  const commits: Promise<void>[] = [];
  try {
    for await (const chunk of snapshot.chunks) {
      for (const some of inBatches(chunk)) {
        const commit = replica.partitions.putSome(partition, some);
        commit.catch(() => {});
        commits.push(commit);
        if (commits.length >= COMMITS_MAX) await commits.shift();
        rows += some.length;
        onRows(rows);
        if (isServing()) await sleep(clock, PAUSE_MS);
        else await nextTurn(clock);
      }
    }
  } finally {
    // Whatever was wrong: nothing of this may be under way when it is begun again.
    await Promise.allSettled(commits);
  }
  await Promise.all(commits);
  await replica.partitions.endRestore(partition, { seq, ...parsed, lastHash });
  return { rows };
}

/** Rows in order, about `CHUNK_BYTES` at a time. */
function* inBatches(rows: readonly SnapshotRow[]): Generator<readonly SnapshotRow[]> {
  let from = 0;
  let bytes = 0;
  for (const [i, { key, value }] of rows.entries()) {
    bytes += key.length + value.length;
    if (bytes < CHUNK_BYTES && i < rows.length - 1) continue;
    yield rows.slice(from, i + 1);
    from = i + 1;
    bytes = 0;
  }
}

/** Leaves the partition as if nothing had ever been applied. Rejects with UNAVAILABLE where that cannot be committed. */
export async function clearPartition(replica: Replica, partition: number, clock: Clock): Promise<void> {
  await emptyPartition(replica, partition, clock);
  await replica.partitions.endRestore(partition, null);
}

async function emptyPartition(replica: Replica, partition: number, clock: Clock): Promise<void> {
  await replica.partitions.beginRestore(partition);
  while ((await replica.partitions.removeSome(partition, REMOVE_ROWS_MAX)) > 0) await nextTurn(clock);
}

/** Lets lookups that wait go first. */
function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.afterInput(resolve));
}
