/**
 * Which version a user gets while a rollout goes on: the same one every time, on every router, without anybody keeping a
 * list. Pure.
 */
import { hashBytes, hashText } from '../hash.ts';

export type Arm = 'baseline' | 'candidate';

/** Shares are told apart down to a hundredth of a percent. */
export const BASIS_POINTS = 10_000;

/** Not zero, under which partitions are placed: a canary must be a sample of users, not a set of shards. */
const SALT_SEED = 0x27d4eb2f;

/** The hash seed that stands for a rollout's salt; work it out once a rollout. */
export function saltSeed(salt: string): number {
  return hashText(salt, SALT_SEED);
}

/** In [0, 10000): where the key lies under the salt, the same for every share. */
export function bucketOf(seed: number, key: Uint8Array): number {
  return hashBytes(key, seed) % BASIS_POINTS;
}

/** `bucketOf` the UTF-8 of a text, such as a request's id. */
export function bucketOfText(seed: number, key: string): number {
  return hashText(key, seed) % BASIS_POINTS;
}

/** Whoever gets the candidate at a share gets it at every larger one: a bucket is below a bound that only rises. */
export function armOf(bucket: number, percent: number): Arm {
  return bucket < percent * (BASIS_POINTS / 100) ? 'candidate' : 'baseline';
}

/** A bit among `bits` for a key, of a hash that says nothing about its bucket: for counting distinct keys. */
export function distinctBit(seed: number, key: Uint8Array, bits: number): number {
  return hashBytes(key, seed ^ 0x5851f42d) % bits;
}
