/** What a replica remembers of how it stands to the log, and whether a log is the one that it knows. */
import type { Log } from '../../cluster/log.ts';
import type { LogState } from './bootstrap.ts';
import type { Replica } from './replica.ts';

/** Why a replica that has applied up to `highest` must not go on with this log, or null. Pure. */
export function faultOfLog(
  state: LogState,
  knownIdentity: string | null,
  highest: number,
  canBootstrap: boolean,
): string | null {
  const { createdText, firstSeq, lastSeq } = state;
  if (knownIdentity !== null && knownIdentity !== createdText)
    return `the feature log was created anew (${createdText}, this replica follows ${knownIdentity})`;
  if (highest > lastSeq)
    return `the feature log ends at ${lastSeq}, but ${highest} is applied here: it was rolled back`;
  if (!canBootstrap && highest > 0 && firstSeq > highest + 1)
    return `the feature log starts at ${firstSeq}, but this replica stands at ${highest}: messages between are gone`;
  return null;
}

/** What cannot be noted now is noted after a later transaction: at worst it is not served while the log is silent. */
export async function noteCaughtUp(
  replica: Replica,
  log: Log,
  followed: Iterable<{ readonly partition: number; readonly goalSeq: number | null }>,
): Promise<void> {
  const caughtUp = [...followed].filter(
    ({ partition, goalSeq }) =>
      !replica.wasCaughtUp(partition) && goalSeq !== null && replica.appliedSeq(partition) >= goalSeq,
  );
  try {
    await replica.markCaughtUp(caughtUp.map(({ partition }) => partition));
  } catch (thrown) {
    log.warn({ err: thrown }, 'the replica could not note which partitions have caught up');
  }
}

export async function noteLeft(replica: Replica, log: Log, partitions: readonly number[]): Promise<void> {
  try {
    await replica.forgetCaughtUp(partitions);
  } catch (thrown) {
    log.warn({ err: thrown }, 'the replica could not note which partitions it follows no longer');
  }
}
