/** From where a replica takes a partition: on from its cursor, from the beginning of the log, or from a copy. Pure. */

/** What is known of a partition and its log. */
export type StartFacts = {
  /** Applied here; 0: nothing. */
  readonly cursorSeq: number;
  /** A copy was begun and not finished: what is here is of no use. */
  readonly restoring: boolean;
  /** The stream's first retained sequence, over all partitions. */
  readonly firstSeq: number;
  /** Up to here the partition's log was trimmed, on record; 0: never. */
  readonly trimmedTo: number;
  /** The highest of these over all partitions. */
  readonly highestTrim: number;
  /** Messages of the partition that the log still has. */
  readonly messages: number;
};

export type Start = 'follow' | 'copy or log' | 'copy';

/** To read so few messages is cheaper than to ask for a copy and put it in place. */
export const FEW_MESSAGES = 2_048;

/**
 * Whether the log has everything of the partition after `seq`. What is missing from its front has been trimmed on
 * record, up to `highestTrim` at the most; where more is missing somebody else removed it, of whatever partition.
 */
export function logCovers(facts: Omit<StartFacts, 'cursorSeq' | 'restoring' | 'messages'>, seq: number): boolean {
  return seq >= facts.trimmedTo && (facts.firstSeq <= seq + 1 || facts.firstSeq <= facts.highestTrim + 1);
}

/** The lowest sequence of a copy that the log can take on. */
export function copySeqMin(facts: Omit<StartFacts, 'cursorSeq' | 'restoring' | 'messages'>): number {
  return facts.firstSeq <= facts.highestTrim + 1 ? facts.trimmedTo : Math.max(facts.trimmedTo, facts.firstSeq - 1);
}

export function chooseStart(facts: StartFacts): Start {
  const seq = facts.restoring ? 0 : facts.cursorSeq;
  if (!logCovers(facts, seq)) return 'copy';
  if (facts.restoring) return 'copy or log';
  return seq > 0 || facts.messages <= FEW_MESSAGES ? 'follow' : 'copy or log';
}
