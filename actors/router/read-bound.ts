/** What a read asks of how fresh its features are (`min_seq`, `max_age_ms`), checked and told by partition. Pure. */
import { invalid } from '../../proto/errors.ts';
import type { ReadBound } from '../../proto/letters.ts';
import { MIN_SEQS_MAX } from '../../proto/read-bound.ts';

/** Throws INVALID_ARGUMENT. `partitions`: those of the cluster, 0 where they are not known yet. */
export function checkReadBound({ minSeq, minPartitions, maxAgeMs }: ReadBound, rows: number, partitions: number): void {
  if (!(maxAgeMs >= 0 && maxAgeMs <= Number.MAX_SAFE_INTEGER)) {
    throw invalid(`max_age_ms must be a number of milliseconds over 0, got ${maxAgeMs}`, 'route');
  }
  if (minSeq.length > MIN_SEQS_MAX) {
    throw invalid(`${minSeq.length} sequences in min_seq; at most ${MIN_SEQS_MAX} are allowed`, 'route');
  }
  for (const seq of minSeq) {
    if (!Number.isSafeInteger(seq) || seq < 0) {
      throw invalid(`min_seq must be whole numbers from 0 to 2^53 - 1, as push acknowledges them, got ${seq}`, 'route');
    }
  }
  if (minPartitions.length === 0) {
    if (minSeq.length === 0 || minSeq.length === rows) return;
    throw invalid(
      `min_seq is given for ${minSeq.length} of ${rows} rows; give one number a row, or what push acknowledged`,
      'route',
    );
  }
  if (minPartitions.length !== minSeq.length) {
    throw invalid(`min_seq has ${minSeq.length} sequences for ${minPartitions.length} partitions`, 'route');
  }
  for (const partition of minPartitions) {
    if (partitions === 0 || partition <= partitions) continue;
    throw invalid(`min_seq names partition ${partition}; this cluster has 0 to ${partitions}`, 'route');
  }
}

export type MinSeqs = Pick<ReadBound, 'minSeq' | 'minPartitions'>;

/**
 * What the rows of one message ask for, once a partition. `rows`: which rows of the request they are, null for all in
 * order; `partitions`: theirs. `everywhere`: the partition of views that live everywhere, where the read is of one.
 */
export function minSeqsOf(
  { minSeq, minPartitions }: MinSeqs,
  rows: readonly number[] | null,
  partitions: readonly number[],
  everywhere: number | null,
): MinSeqs {
  const least = new Map<number, number>();
  const raise = (partition: number, seq: number) => {
    if (seq > (least.get(partition) ?? 0)) least.set(partition, seq);
  };
  if (minPartitions.length === 0) {
    for (const [i, partition] of partitions.entries()) raise(partition, minSeq[rows?.[i] ?? i] ?? 0);
  } else {
    const touched = new Set(partitions);
    if (everywhere !== null) touched.add(everywhere);
    minSeq.forEach((seq, i) => {
      if (touched.has(minPartitions[i]!)) raise(minPartitions[i]!, seq);
    });
  }
  return { minSeq: [...least.values()], minPartitions: [...least.keys()] };
}
