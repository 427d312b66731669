/**
 * An entity's state: everything that its windows need, as one run of bytes, little-endian and without gaps:
 *
 *      0  f64  time of the newest event, ms       8  f64  floor, ms: events at or below it are late
 *     16  u32  ids    20  u32  buckets           24  u32  sketch hashes
 *     28       ids, oldest event first: u32, u32, f64 event time; among equal times in the log's order
 *     ..       buckets, oldest first (see plan.ts)
 *     ..       u32 sketch hashes: bucket by bucket, in each sketch by sketch, ascending
 *
 * A bucket stores the low 32 bits of its index: with the newest event's bucket known in full, they say how many
 * buckets back it lies. Pure.
 */
import { ServingError } from '../../../proto/errors.ts';
import { TIME_MS_MAX } from './definition.ts';
import { type AggregationPlan, HEADER_BYTES, ID_BYTES } from './plan.ts';
import { SKETCH_HASHES } from './sketch.ts';

export const NEWEST_MS_OFFSET = 0;
export const FLOOR_MS_OFFSET = 8;
export const IDS_OFFSET = 16;
export const BUCKETS_OFFSET = 20;
export const HASHES_OFFSET = 24;

/** Where the parts of a state lie, as offsets into `view`. */
export type OpenState = {
  readonly view: DataView;
  readonly newestMs: number;
  readonly floorMs: number;
  readonly idCount: number;
  readonly bucketCount: number;
  readonly hashCount: number;
  readonly idsAt: number;
  readonly bucketsAt: number;
  readonly hashesAt: number;
};

/** Index of the bucket that holds a time. */
export function bucketOf(plan: AggregationPlan, timeMs: number): number {
  return Math.floor(timeMs / plan.bucketMs);
}

/** Throws DATA_LOSS unless the counts, the times and the length agree. What lies inside the parts is not looked at. */
export function openState(plan: AggregationPlan, view: DataView, from: number, length: number): OpenState {
  if (!(from >= 0 && length >= HEADER_BYTES && from + length <= view.byteLength)) throw corrupt('it is too short');
  const newestMs = view.getFloat64(from + NEWEST_MS_OFFSET, true);
  const floorMs = view.getFloat64(from + FLOOR_MS_OFFSET, true);
  const idCount = view.getUint32(from + IDS_OFFSET, true);
  const bucketCount = view.getUint32(from + BUCKETS_OFFSET, true);
  const hashCount = view.getUint32(from + HASHES_OFFSET, true);
  if (!(Math.abs(newestMs) <= TIME_MS_MAX && floorMs <= newestMs && floorMs >= newestMs - plan.allowedLatenessMs)) {
    throw corrupt('its times are out of range');
  }
  if (idCount > plan.idsMax || bucketCount === 0 || bucketCount > plan.spanBuckets + 1) {
    throw corrupt('its counts are out of range');
  }
  const idsAt = from + HEADER_BYTES;
  const bucketsAt = idsAt + idCount * ID_BYTES;
  const hashesAt = bucketsAt + bucketCount * plan.bucketBytes;
  if (hashesAt + hashCount * 4 !== from + length) throw corrupt('its length is not what its counts say');
  const lastBucketAt = hashesAt - plan.bucketBytes;
  if (view.getUint32(lastBucketAt, true) !== bucketOf(plan, newestMs) >>> 0) {
    throw corrupt("its newest bucket is not the newest event's");
  }
  return { view, newestMs, floorMs, idCount, bucketCount, hashCount, idsAt, bucketsAt, hashesAt };
}

/** Throws DATA_LOSS unless buckets ascend within the span and sketch lengths add up: what a change relies on. */
export function checkBuckets(plan: AggregationPlan, state: OpenState): void {
  const { view, bucketsAt, bucketCount } = state;
  const newest = bucketOf(plan, state.newestMs) >>> 0;
  let hashes = 0;
  let previousAge = plan.spanBuckets + 1;
  for (let i = 0, at = bucketsAt; i < bucketCount; i++, at += plan.bucketBytes) {
    const age = (newest - view.getUint32(at, true)) >>> 0;
    if (age >= previousAge) throw outOfOrder();
    previousAge = age;
    for (let s = 0; s < plan.sketches.length; s++) hashes += sketchLength(plan, view, at, s);
  }
  if (hashes !== state.hashCount) throw corrupt('its sketches are not as long as they say');
}

/** How many hashes a bucket's sketch holds. Throws DATA_LOSS for more than a sketch can. */
export function sketchLength(plan: AggregationPlan, view: DataView, bucketAt: number, sketch: number): number {
  const length = view.getUint16(bucketAt + plan.sketches[sketch]!.offset, true);
  if (length > SKETCH_HASHES) throw corrupt('a sketch is longer than a sketch can be');
  return length;
}

/** Time of the newest event that was applied, ms since the Unix epoch. Throws DATA_LOSS where there is none. */
export function newestMs(state: Uint8Array): number {
  if (state.byteLength < HEADER_BYTES) throw corrupt('it is too short');
  return new DataView(state.buffer, state.byteOffset, state.byteLength).getFloat64(NEWEST_MS_OFFSET, true);
}

export function outOfOrder(): ServingError {
  return corrupt('its buckets are out of order');
}

export function corrupt(why: string): ServingError {
  return new ServingError('DATA_LOSS', 'lookup', `the stored state of an aggregation is corrupt: ${why}`);
}
