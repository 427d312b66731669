/**
 * What is counted of one arm during one step: requests, failures by code, latencies, scores, and how many users. Counts
 * of several routers add up; what travels is compact.
 */
import { invalid } from '../../proto/errors.ts';
import { distinctBit } from './assignment.ts';
import { LATENCY_BUCKETS, latencyBucket, SCORE_BUCKETS, scoreBucket } from './buckets.ts';

/**
 * Latencies are counted in slices of time, taken in turn: what is slow throughout shows in most of them, a stall that
 * hits a batch or two in one or two of them.
 */
export const LATENCY_SLICES = 5;
const ALL_SLICES: readonly number[] = Array.from({ length: LATENCY_SLICES }, (_, slice) => slice);
const SLICE_MS = 2_000;
/** Bits by which users are counted: good for some tens of thousands an arm. Beyond that their number is not known. */
export const USER_BITS = 16_384;
const CODES_MAX = 16;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

export class ArmCounts {
  requests = 0;
  /** Answered with anything but OK, or with a score that is no number. Callers who went away do not count. */
  failures = 0;
  readonly codes = new Map<string, number>();
  /** Slice after slice. */
  readonly latency = new Float64Array(LATENCY_SLICES * LATENCY_BUCKETS);
  readonly scores = new Float64Array(SCORE_BUCKETS);
  /** Bits set by users, and by users one of whose requests failed. */
  readonly users = new Uint8Array(USER_BITS / 8);
  readonly failedUsers = new Uint8Array(USER_BITS / 8);
  /** Of this router alone. */
  readonly #scoredUsers = new Uint8Array(USER_BITS / 8);

  /**
   * `code` is OK or an error code; `key` the user's, null where the request has none; `nowMs` any clock's that goes on
   * evenly.
   */
  answered(code: string, us: number, key: Uint8Array | null, nowMs: number): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    if (key !== null) setBit(this.users, distinctBit(0, key, USER_BITS));
    if (code === 'CANCELLED') return;
    this.requests++;
    if (code !== 'OK') {
      this.failures++;
      if (key !== null) setBit(this.failedUsers, distinctBit(0, key, USER_BITS));
      return;
    }
    const slice = Math.floor(nowMs / SLICE_MS) % LATENCY_SLICES;
    this.latency[slice * LATENCY_BUCKETS + latencyBucket(us)]!++;
  }

  /** Counts an answer's score, one a user: those of a busy user are alike, and would weigh as if they were many users'. */
  scored(score: number, key: Uint8Array | null): void {
    if (key !== null && !setBit(this.#scoredUsers, distinctBit(0, key, USER_BITS))) return;
    this.scores[scoreBucket(score)]!++;
  }

  add(other: ArmCounts): void {
    this.requests += other.requests;
    this.failures += other.failures;
    for (const [code, count] of other.codes) this.codes.set(code, (this.codes.get(code) ?? 0) + count);
    for (let i = 0; i < this.latency.length; i++) this.latency[i]! += other.latency[i]!;
    for (let i = 0; i < SCORE_BUCKETS; i++) this.scores[i]! += other.scores[i]!;
    for (let i = 0; i < this.users.length; i++) {
      this.users[i]! |= other.users[i]!;
      this.failedUsers[i]! |= other.failedUsers[i]!;
    }
  }

  /** Counts by bucket, of one slice. */
  latencySlice(slice: number): Float64Array {
    return this.latency.subarray(slice * LATENCY_BUCKETS, (slice + 1) * LATENCY_BUCKETS);
  }

  /** Counts by bucket, of some slices; of all where none are named. */
  latencySum(slices: readonly number[] = ALL_SLICES): Float64Array {
    const sum = new Float64Array(LATENCY_BUCKETS);
    for (const slice of slices) {
      const counts = this.latencySlice(slice);
      for (let i = 0; i < LATENCY_BUCKETS; i++) sum[i]! += counts[i]!;
    }
    return sum;
  }

  /** Requests that were given to this arm, those whose callers went away included. */
  get assigned(): number {
    return this.requests + (this.codes.get('CANCELLED') ?? 0);
  }

  /** Distinct users; null where the requests have none, infinite where there are too many to tell. */
  get userCount(): number | null {
    return distinct(this.users);
  }

  /** Distinct users with a failed request; null where no failed request has a user. */
  get failedUserCount(): number | null {
    return distinct(this.failedUsers);
  }
}

/** Linear counting (Whang et al., 1990): of m bits, the share that is still clear says how many keys were hashed. */
function distinct(bits: Uint8Array): number | null {
  let set = 0;
  for (const byte of bits) set += POPULATION[byte]!;
  if (set === 0) return null;
  const clear = USER_BITS - set;
  return clear < USER_BITS / 64 ? Number.POSITIVE_INFINITY : USER_BITS * Math.log(USER_BITS / clear);
}

const POPULATION = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let bits = byte; bits !== 0; bits >>= 1) count += bits & 1;
  return count;
});

/** Whether it was clear before. */
function setBit(bits: Uint8Array, bit: number): boolean {
  const before = bits[bit >> 3]!;
  const after = before | (1 << (bit & 7));
  bits[bit >> 3] = after;
  return after !== before;
}

type ArmJson = {
  readonly requests: number;
  readonly failures: number;
  readonly codes: Readonly<Record<string, number>>;
  /** Gap to the bucket before and count, alternating. */
  readonly latency: readonly number[];
  readonly scores: readonly number[];
  /** Base64; empty for none set. */
  readonly users: string;
  readonly failed_users: string;
};

export function armToJson(counts: ArmCounts): ArmJson {
  return {
    requests: counts.requests,
    failures: counts.failures,
    codes: Object.fromEntries(counts.codes),
    latency: sparse(counts.latency),
    scores: sparse(counts.scores),
    users: packBits(counts.users),
    failed_users: packBits(counts.failedUsers),
  };
}

/** Throws INVALID_ARGUMENT for what `armToJson` could not have made. */
export function armFromJson(value: unknown): ArmCounts {
  const json = value as ArmJson;
  const counts = new ArmCounts();
  if (typeof json !== 'object' || json === null) throw invalid('counts of an arm must be an object');
  counts.requests = wholeCount(json.requests);
  counts.failures = wholeCount(json.failures);
  const codes = Object.entries(json.codes ?? {});
  if (codes.length > CODES_MAX) throw invalid(`counts of an arm name ${codes.length} codes`);
  for (const [code, count] of codes) counts.codes.set(code.slice(0, 40), wholeCount(count));
  fill(counts.latency, json.latency);
  fill(counts.scores, json.scores);
  unpackBits(counts.users, json.users);
  unpackBits(counts.failedUsers, json.failed_users);
  return counts;
}

function sparse(counts: Float64Array): number[] {
  const pairs: number[] = [];
  let last = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    pairs.push(i - last, counts[i]!);
    last = i;
  }
  return pairs;
}

function fill(counts: Float64Array, pairs: unknown): void {
  if (!Array.isArray(pairs) || pairs.length > 2 * counts.length) throw invalid('bucket counts must be pairs');
  let at = 0;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    at += wholeCount(pairs[i]);
    if (at >= counts.length) throw invalid('bucket counts reach past the last bucket');
    counts[at] = wholeCount(pairs[i + 1]);
  }
}

function packBits(bits: Uint8Array): string {
  return bits.some((byte) => byte !== 0) ? Buffer.from(bits).toString('base64') : '';
}

function unpackBits(bits: Uint8Array, text: unknown): void {
  if (typeof text !== 'string') throw invalid('bits must be base64');
  if (text === '') return;
  const read = Buffer.from(text, 'base64');
  if (read.byteLength !== bits.length) throw invalid(`bits have ${read.byteLength} bytes, not ${bits.length}`);
  bits.set(read);
}

function wholeCount(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= COUNT_MAX) return value;
  throw invalid('counts must be whole numbers of 0 or more');
}
