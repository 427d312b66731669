/**
 * Sets of small whole numbers as they travel in heartbeats: bit i of the set is bit (i mod 8) of byte (i div 8), least
 * significant first. Bits past the end read as absent, so a short set is a valid one.
 */

/** An empty set with room for the numbers [0, bits). */
export function bitset(bits: number): Uint8Array {
  return new Uint8Array((bits + 7) >>> 3);
}

export function hasBit(set: Uint8Array, bit: number): boolean {
  return (((set[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
}

/** Adds or removes `bit`; returns whether that changed the set. A bit past the end is not stored. */
export function setBit(set: Uint8Array, bit: number, present = true): boolean {
  const at = bit >>> 3;
  if (at >= set.byteLength || hasBit(set, bit) === present) return false;
  set[at] = set[at]! ^ (1 << (bit & 7));
  return true;
}

/** How many numbers the set holds. */
export function countBits(set: Uint8Array): number {
  let count = 0;
  for (let byte of set) {
    for (; byte !== 0; byte &= byte - 1) count++;
  }
  return count;
}

/** Whether both hold the same numbers, whatever their lengths. */
export function sameBits(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.max(a.byteLength, b.byteLength);
  for (let i = 0; i < length; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return false;
  return true;
}
