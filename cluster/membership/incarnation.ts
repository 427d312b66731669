/**
 * Names of processes. A name is stable across restarts ("shard-1"); an incarnation is one start of it; a node, written
 * name.incarnation, is unique. Incarnations sort by start: nine base-36 digits of wall-clock ms (good until the year
 * 5188) and four random ones against two starts in one millisecond.
 */
import type { Random } from '../random.ts';
import { below } from '../random.ts';

const INCARNATION = /^[0-9a-z]{1,32}$/;
const TIME_DIGITS = 9;
const RANDOM_DIGITS = 4;

export function newIncarnation(wallMs: number, random: Random): string {
  const time = Math.floor(wallMs).toString(36).padStart(TIME_DIGITS, '0');
  return (
    time +
    below(random, 36 ** RANDOM_DIGITS)
      .toString(36)
      .padStart(RANDOM_DIGITS, '0')
  );
}

export function nodeOf(name: string, incarnation: string): string {
  return `${name}.${incarnation}`;
}

/** The incarnation in `node` if `node` is `name`.incarnation, else null. */
export function incarnationOf(node: string, name: string): string | null {
  if (!node.startsWith(`${name}.`)) return null;
  const incarnation = node.slice(name.length + 1);
  return INCARNATION.test(incarnation) ? incarnation : null;
}
