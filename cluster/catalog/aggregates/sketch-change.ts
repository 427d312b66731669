/** How one event changes the sketches of its bucket, within the hashes that all buckets store in a row. Pure. */
import { hashBytes } from '../../hash.ts';
import type { AggregationPlan } from './plan.ts';
import { SKETCH_HASHES } from './sketch.ts';
import { type OpenState, sketchLength } from './state.ts';

const UNCHANGED = 0;
const LONGER = 1;
/** The hash goes in and the largest falls out. */
const REPLACED = 2;

/**
 * Plans the changes into the plan's scratch. `bucketAt`: the bucket in `state`, −1 where it is new; `first`: position
 * among the state's hashes where the bucket's begin. Returns how many hashes there will be more.
 */
export function changeSketches(
  plan: AggregationPlan,
  state: OpenState | null,
  values: ArrayLike<number | null>,
  bucketAt: number,
  first: number,
): number {
  const { hashes, places, changes } = plan.scratch;
  let added = 0;
  let start = first;
  for (let s = 0; s < plan.sketches.length; s++) {
    const { field } = plan.sketches[s]!;
    const value = values[field]!;
    const length = bucketAt === -1 ? 0 : sketchLength(plan, state!.view, bucketAt, s);
    changes[s] = UNCHANGED;
    if (value !== null) {
      const hash = plan.hashFields[field] ? value : hashNumber(plan, value);
      const place = length === 0 ? start : placeOf(state!, start, length, hash);
      const isThere = place < start + length && hashAt(state!, place) === hash;
      if (!isThere && place < start + SKETCH_HASHES) {
        hashes[s] = hash;
        places[s] = place;
        changes[s] = length === SKETCH_HASHES ? REPLACED : LONGER;
        if (length < SKETCH_HASHES) added++;
      }
    }
    start += length;
  }
  return added;
}

/** Writes the hashes from position `drop` on with the planned changes at `at`, and the bucket's new sketch lengths. */
export function writeSketches(
  plan: AggregationPlan,
  from: Uint8Array | null,
  state: OpenState | null,
  drop: number,
  first: number,
  out: Uint8Array,
  view: DataView,
  bucketAt: number,
  at: number,
): void {
  const { hashes, places, changes } = plan.scratch;
  let done = drop;
  let end = at;
  const copyUpTo = (position: number) => {
    if (position > done) {
      out.set(from!.subarray(state!.hashesAt + done * 4, state!.hashesAt + position * 4), end);
      end += (position - done) * 4;
    }
    done = position;
  };
  let start = first;
  for (let s = 0; s < plan.sketches.length; s++) {
    const lengthAt = bucketAt + plan.sketches[s]!.offset;
    // Copied with the rest of the bucket; 0 in a new one.
    const length = view.getUint16(lengthAt, true);
    if (changes[s] !== UNCHANGED) {
      copyUpTo(places[s]!);
      view.setUint32(end, hashes[s]!, true);
      end += 4;
      if (changes[s] === LONGER) {
        view.setUint16(lengthAt, length + 1, true);
      } else {
        copyUpTo(start + length - 1);
        done = start + length;
      }
    }
    start += length;
  }
  if (state !== null) copyUpTo(state.hashCount);
}

/** A number's place among 32-bit hashes: MurmurHash3 of its float's bytes, little-endian. */
export function hashNumber({ scratch }: AggregationPlan, value: number): number {
  // Adding 0 makes −0 into 0: they are one value.
  scratch.numberView.setFloat64(0, value + 0, true);
  return hashBytes(scratch.numberBytes);
}

/** Position of the first of `length` ascending hashes that is not below `hash`. */
function placeOf(state: OpenState, start: number, length: number, hash: number): number {
  let low = start;
  let high = start + length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashAt(state, middle) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

function hashAt({ view, hashesAt }: OpenState, position: number): number {
  return view.getUint32(hashesAt + position * 4, true);
}
