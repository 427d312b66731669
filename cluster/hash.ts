/**
 * The hash that decides which partition a key belongs to. It is part of the data's layout: a log written under one
 * hash cannot be read under another, so neither the function nor the seed may change for an existing cluster.
 *
 * MurmurHash3, x86 32-bit variant, by Austin Appleby (public domain;
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp), written from its description.
 */
import { invalid } from '../proto/errors.ts';

export const PARTITIONS_MAX = 65_536;

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** MurmurHash3 x86 32 of `bytes`, as an unsigned 32-bit number. Not for security: collisions can be made at will. */
export function hashBytes(bytes: Uint8Array, seed = 0): number {
  const length = bytes.byteLength;
  const blocksEnd = length & ~3;
  let hash = seed | 0;
  let at = 0;
  for (; at < blocksEnd; at += 4) {
    hash = mixBlock(hash, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
  }
  let tail = 0;
  for (let i = length - 1; i >= at; i--) tail = (tail << 8) | bytes[i]!;
  if (at < length) hash ^= scramble(tail);
  return finish(hash ^ length);
}

/**
 * `hashBytes` of the text's UTF-8, without making the bytes where the text is ASCII. Lone surrogates count as U+FFFD,
 * as every UTF-8 encoder writes them.
 */
export function hashText(text: string, seed = 0): number {
  const length = text.length;
  const blocksEnd = length & ~3;
  let hash = seed | 0;
  let seen = 0;
  let at = 0;
  for (; at < blocksEnd; at += 4) {
    const c0 = text.charCodeAt(at);
    const c1 = text.charCodeAt(at + 1);
    const c2 = text.charCodeAt(at + 2);
    const c3 = text.charCodeAt(at + 3);
    seen |= c0 | c1 | c2 | c3;
    hash = mixBlock(hash, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24));
  }
  let tail = 0;
  for (let i = length - 1; i >= at; i--) {
    const code = text.charCodeAt(i);
    seen |= code;
    tail = (tail << 8) | code;
  }
  // Any code unit above 127 means that UTF-8 differs from the code units: start over on real bytes.
  if (seen > 127) return hashBytes(Buffer.from(text, 'utf8'), seed);
  if (at < length) hash ^= scramble(tail);
  return finish(hash ^ length);
}

/** Hash of a whole number under a seed: the same rounds on a single 4-byte block. */
export function hashInteger(value: number, seed: number): number {
  return finish(mixBlock(seed | 0, value | 0) ^ 4);
}

/** Partition of an entity key, in [0, partitions). `partitions` is trusted: check it once with `checkPartitions`. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return hashBytes(key) % partitions;
}

/** `partitionOf` the UTF-8 of `key`. */
export function partitionOfText(key: string, partitions: number): number {
  return hashText(key) % partitions;
}

/** Throws INVALID_ARGUMENT unless `partitions` is a whole number from 1 to 65,536. */
export function checkPartitions(partitions: number): void {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX) {
    throw invalid(`partitions is ${partitions}; it must be a whole number from 1 to ${PARTITIONS_MAX}`);
  }
}

function scramble(block: number): number {
  const k = Math.imul(block, C1);
  return Math.imul((k << 15) | (k >>> 17), C2);
}

function mixBlock(hash: number, block: number): number {
  const h = hash ^ scramble(block);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
