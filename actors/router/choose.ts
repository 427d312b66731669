/** Which of several processes gets the next piece of work. Pure: chance is passed in. */
import type { Random } from '../../cluster/random.ts';
import type { Target } from './routing-table.ts';

/**
 * The better of two drawn at random ("power of two choices", Mitzenmacher 2001) by what this router has outstanding
 * there. Those in `avoid` only where nobody else is left, and suspects after them: of two that kept silent together only
 * one is at fault, whereas a suspect is silent to everybody. Null where there is nobody at all.
 *
 * One in the router's own process costs no hop: it is taken while it has at most `nearAheadMax` more outstanding than
 * the least busy of the others.
 */
export function chooseTarget(
  targets: readonly Target[],
  avoid: readonly string[],
  random: Random,
  nearAheadMax = Number.POSITIVE_INFINITY,
): Target | null {
  if (targets.length === 0) return null;
  if (targets.length === 1) return targets[0]!;
  let candidates = targets;
  if (avoid.length > 0 || targets.some((target) => target.suspect)) {
    const healthy = targets.filter((target) => !target.suspect && !avoid.includes(target.node));
    const heard = targets.filter((target) => !target.suspect);
    const untried = targets.filter((target) => !avoid.includes(target.node));
    candidates = [healthy, heard, untried].find((some) => some.length > 0) ?? targets;
    if (candidates.length === 1) return candidates[0]!;
  }
  const near = nearOf(candidates, nearAheadMax);
  if (near !== null) return near;
  let first = 0;
  let second = 1;
  if (candidates.length > 2) {
    first = Math.floor(random.next() * candidates.length);
    second = Math.floor(random.next() * (candidates.length - 1));
    if (second >= first) second++;
  }
  // Equally busy: the nearer owner, so that a user's pages stay warm in one process.
  const nearer = candidates[Math.min(first, second)]!;
  const other = candidates[Math.max(first, second)]!;
  return nearer.outstanding <= other.outstanding ? nearer : other;
}

function nearOf(candidates: readonly Target[], aheadMax: number): Target | null {
  let near: Target | null = null;
  let leastElsewhere = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate.near) near = candidate;
    else if (candidate.outstanding < leastElsewhere) leastElsewhere = candidate.outstanding;
  }
  return near !== null && near.outstanding <= leastElsewhere + aheadMax ? near : null;
}

/**
 * Splits rows among owners so that few parts arise: one owner takes every row whose partition it owns, then the next.
 * Rows whose partition nobody owns come back under null. At most `rowsMax` rows a part.
 */
export function splitByOwner(
  partitions: readonly number[],
  ownersOf: (partition: number) => readonly Target[],
  rowsMax: number,
  avoid: readonly string[],
  random: Random,
): { target: Target | null; rows: number[] }[] {
  const parts: { target: Target | null; rows: number[] }[] = [];
  let left = partitions.map((_, row) => row);
  while (left.length > 0) {
    const target = chooseTarget(ownersOf(partitions[left[0]!]!), avoid, random);
    const mine: number[] = [];
    const others: number[] = [];
    for (const row of left) {
      const owners = ownersOf(partitions[row]!);
      const served = target === null ? owners.length === 0 : owners.includes(target);
      (served ? mine : others).push(row);
    }
    for (let i = 0; i < mine.length; i += rowsMax) parts.push({ target, rows: mine.slice(i, i + rowsMax) });
    left = others;
  }
  return parts;
}
