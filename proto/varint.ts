/** How protobuf writes whole numbers: seven bits a byte, least significant first (https://protobuf.dev/programming-guides/encoding). */

/** Bytes that a number from 0 to 2^32 − 1 takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
