/**
 * What a read asks of how fresh its features are, from what callers write: a number or a list of them, or what `push`
 * acknowledged, pasted as it came. Pure.
 */
import { invalid } from './errors.ts';
import type { ReadBound } from './letters.ts';
import { showShort } from './names.ts';

/** Sequences in one request: as many as there may be keys in a read, and acknowledgements of a push. */
export const MIN_SEQS_MAX = 10_000;

/** How the two fields are called where the caller wrote them. */
export type BoundNames = { readonly minSeq: string; readonly maxAgeMs: string };

const JSON_NAMES: BoundNames = { minSeq: 'min_seq', maxAgeMs: 'max_age_ms' };

/**
 * `minSeq`: a whole number for the one row, a list with one a row (0: none), or acknowledgements
 * `{partition, seq, also?}`, of which those of refused rows (`{error}`) are passed over. `maxAgeMs`: over 0. Undefined where neither is given. Throws
 * INVALID_ARGUMENT; whether there are as many numbers as rows is the router's to check.
 */
export function parseReadBound(
  minSeq: unknown,
  maxAgeMs: unknown,
  names: BoundNames = JSON_NAMES,
): ReadBound | undefined {
  if (minSeq === undefined && maxAgeMs === undefined) return undefined;
  return { ...minSeqsOf(minSeq, names.minSeq), maxAgeMs: maxAgeMsOf(maxAgeMs, names.maxAgeMs) };
}

function minSeqsOf(given: unknown, name: string): Pick<ReadBound, 'minSeq' | 'minPartitions'> {
  if (given === undefined) return { minSeq: [], minPartitions: [] };
  if (!Array.isArray(given)) return { minSeq: [seqOf(given, name)], minPartitions: [] };
  const list = given as readonly unknown[];
  if (list.length > MIN_SEQS_MAX) {
    throw invalid(`'${name}' has ${list.length} entries; at most ${MIN_SEQS_MAX} are allowed`);
  }
  if (typeof list[0] !== 'object') {
    return { minSeq: list.map((seq, i) => seqOf(seq, `${name}[${i}]`)), minPartitions: [] };
  }
  const minSeq: number[] = [];
  const minPartitions: number[] = [];
  addAcks(list, name, minSeq, minPartitions);
  if (minSeq.length > MIN_SEQS_MAX) {
    throw invalid(`'${name}' names ${minSeq.length} partitions; at most ${MIN_SEQS_MAX} are allowed`);
  }
  return { minSeq, minPartitions };
}

type Ack = { partition?: unknown; seq?: unknown; error?: unknown; also?: unknown };

function addAcks(list: readonly unknown[], name: string, minSeq: number[], minPartitions: number[]): void {
  list.forEach((ack, i) => {
    const place = `${name}[${i}]`;
    if (typeof ack !== 'object' || ack === null || Array.isArray(ack)) throw wrongEntry(place, ack);
    const { partition, seq, error, also } = ack as Ack;
    if (error !== undefined && seq === undefined) return;
    if (typeof partition !== 'number' || !Number.isInteger(partition) || partition < 0 || partition > 0xffff_ffff) {
      throw invalid(`'${place}.partition' must be a partition's number, got ${showShort(partition)}`);
    }
    minSeq.push(seqOf(seq, `${place}.seq`));
    minPartitions.push(partition);
    // An event that concerns several entities is in the log once for each.
    if (Array.isArray(also)) addAcks(also, `${place}.also`, minSeq, minPartitions);
  });
}

function seqOf(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  if (place.endsWith('.seq')) {
    throw invalid(`'${place}' must be a whole number from 0 to 2^53 - 1, got ${showShort(value)}`);
  }
  throw wrongEntry(place, value);
}

function wrongEntry(place: string, value: unknown) {
  return invalid(
    `'${place}' must be a whole number from 0 to 2^53 - 1, or what push acknowledged ({"partition", "seq"}), got ${showShort(value)}`,
  );
}

function maxAgeMsOf(value: unknown, name: string): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw invalid(`'${name}' must be a number of milliseconds over 0, at most 2^53 - 1, got ${showShort(value)}`);
}
