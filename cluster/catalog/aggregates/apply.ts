/**
 * Takes an event into an entity's state. The same events in the same order give the same bytes on every machine, at
 * any time: nothing depends on a clock, and no not-a-number is ever stored, since their bits differ between machines.
 * Pure.
 */
import { invalid } from '../../../proto/errors.ts';
import { TIME_MS_MAX } from './definition.ts';
import { type AggregationPlan, HEADER_BYTES, ID_BYTES } from './plan.ts';
import { changeIds, hasId, isKnown, writeIds } from './recent-ids.ts';
import { changeSketches, writeSketches } from './sketch-change.ts';
import {
  BUCKETS_OFFSET,
  bucketOf,
  checkBuckets,
  FLOOR_MS_OFFSET,
  HASHES_OFFSET,
  NEWEST_MS_OFFSET,
  type OpenState,
  openState,
  sketchLength,
} from './state.ts';

export type AggregateEvent = {
  /** When it happened, ms since the Unix epoch. */
  readonly eventMs: number;
  /** 64-bit hash of the event's id as two unsigned 32-bit halves; 0/0: it has none and is never a duplicate. */
  readonly idA: number;
  readonly idB: number;
  /** One a field, in the definition's order. */
  readonly values: ArrayLike<number | null>;
};

/** `applied`: the new state. `duplicate`: its id is known. `late`: at or below the floor. Those two change nothing. */
export type Applied = {
  readonly outcome: 'applied' | 'duplicate' | 'late';
  /** New bytes where applied, else what was passed in. */
  readonly state: Uint8Array | null;
};

/**
 * `state` null: the entity's first event, late where it is at or below `firstFloorMs`. Never changes `state`. New bytes
 * begin after `headroom` zero bytes, for a header of the caller's. Throws DATA_LOSS for bytes that are no state of this
 * plan, and INVALID_ARGUMENT for an event that is not as the plan says.
 */
export function applyEvent(
  plan: AggregationPlan,
  state: Uint8Array | null,
  event: AggregateEvent,
  headroom = 0,
  firstFloorMs = Number.NEGATIVE_INFINITY,
): Applied {
  checkEvent(plan, event);
  const old = state === null ? null : openForChange(plan, state);
  if (event.eventMs <= (old === null ? firstFloorMs : old.floorMs)) return { outcome: 'late', state };
  if (old !== null && hasId(event) && isKnown(old, event)) return { outcome: 'duplicate', state };
  return { outcome: 'applied', state: take(plan, state, old, event, headroom, firstFloorMs) };
}

function openForChange(plan: AggregationPlan, state: Uint8Array): OpenState {
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const old = openState(plan, view, 0, state.byteLength);
  checkBuckets(plan, old);
  return old;
}

function take(
  plan: AggregationPlan,
  from: Uint8Array | null,
  old: OpenState | null,
  event: AggregateEvent,
  headroom: number,
  firstFloorMs: number,
): Uint8Array {
  const newestMs = old === null ? event.eventMs : Math.max(old.newestMs, event.eventMs);
  const ids = changeIds(plan, old, event, newestMs, firstFloorMs);
  const spot = findBucket(plan, old, event.eventMs, newestMs);
  const oldBucketAt = spot.isNew ? -1 : old!.bucketsAt + spot.place * plan.bucketBytes;
  const addedHashes = changeSketches(plan, old, event.values, oldBucketAt, spot.firstHash);

  const idCount = (old?.idCount ?? 0) - ids.drop + (ids.place === -1 ? 0 : 1);
  const bucketCount = (old?.bucketCount ?? 0) - spot.drop + (spot.isNew ? 1 : 0);
  const hashCount = (old?.hashCount ?? 0) - spot.dropHashes + addedHashes;
  const length = HEADER_BYTES + idCount * ID_BYTES + bucketCount * plan.bucketBytes + hashCount * 4;
  const out = new Uint8Array(headroom + length);
  const view = new DataView(out.buffer);
  view.setFloat64(headroom + NEWEST_MS_OFFSET, newestMs, true);
  view.setFloat64(headroom + FLOOR_MS_OFFSET, ids.floorMs, true);
  view.setUint32(headroom + BUCKETS_OFFSET, bucketCount, true);
  view.setUint32(headroom + HASHES_OFFSET, hashCount, true);
  const bucketsAt = writeIds(from, old, event, ids, out, view, headroom, headroom + HEADER_BYTES);

  const bucketAt = bucketsAt + (spot.place - spot.drop) * plan.bucketBytes;
  copyBuckets(plan, from, old, spot, out, bucketsAt);
  if (spot.isNew) startBucket(plan, view, bucketAt, bucketOf(plan, event.eventMs));
  addToBucket(plan, view, bucketAt, event);
  const hashesAt = bucketsAt + bucketCount * plan.bucketBytes;
  writeSketches(plan, from, old, spot.dropHashes, spot.firstHash, out, view, bucketAt, hashesAt);
  return out;
}

/** The event's bucket: at `place` among the old ones, or to be put in before it. The first `drop` are too old. */
type BucketSpot = {
  readonly drop: number;
  readonly place: number;
  readonly isNew: boolean;
  /** Sketch hashes of the dropped buckets, and of all buckets before the event's. */
  readonly dropHashes: number;
  readonly firstHash: number;
};

function findBucket(plan: AggregationPlan, old: OpenState | null, eventMs: number, newestMs: number): BucketSpot {
  if (old === null) return { drop: 0, place: 0, isNew: true, dropHashes: 0, firstHash: 0 };
  const { view, bucketsAt, bucketCount } = old;
  const newest = bucketOf(plan, newestMs);
  const oldNewest = bucketOf(plan, old.newestMs);
  const age = newest - bucketOf(plan, eventMs);
  const ageOf = (place: number) =>
    newest - oldNewest + ((oldNewest - view.getUint32(bucketsAt + place * plan.bucketBytes, true)) >>> 0);
  let drop = 0;
  while (drop < bucketCount && ageOf(drop) > plan.spanBuckets) drop++;
  let place = bucketCount;
  while (place > drop && ageOf(place - 1) <= age) place--;
  const isNew = place === bucketCount || ageOf(place) !== age;
  const dropHashes = countHashes(plan, old, 0, drop);
  return { drop, place, isNew, dropHashes, firstHash: dropHashes + countHashes(plan, old, drop, place) };
}

function countHashes(plan: AggregationPlan, { view, bucketsAt }: OpenState, from: number, to: number): number {
  let hashes = 0;
  if (plan.sketches.length === 0) return 0;
  for (let place = from; place < to; place++) {
    for (let s = 0; s < plan.sketches.length; s++) {
      hashes += sketchLength(plan, view, bucketsAt + place * plan.bucketBytes, s);
    }
  }
  return hashes;
}

/** Copies the buckets that stay, leaving room for a new one. */
function copyBuckets(
  { bucketBytes }: AggregationPlan,
  from: Uint8Array | null,
  old: OpenState | null,
  { drop, place, isNew }: BucketSpot,
  out: Uint8Array,
  at: number,
): void {
  if (old === null) return;
  const split = old.bucketsAt + place * bucketBytes;
  const start = old.bucketsAt + drop * bucketBytes;
  out.set(from!.subarray(start, split), at);
  out.set(from!.subarray(split, old.hashesAt), at + split - start + (isNew ? bucketBytes : 0));
}

function startBucket(plan: AggregationPlan, view: DataView, at: number, index: number): void {
  view.setUint32(at, index >>> 0, true);
  for (const { kind, offset } of plan.cells) {
    if (kind === 'min') view.setFloat64(at + offset, Number.POSITIVE_INFINITY, true);
    else if (kind === 'max' || kind === 'newest') view.setFloat64(at + offset, Number.NEGATIVE_INFINITY, true);
    else if (kind === 'last') view.setFloat64(at + offset + 8, Number.NEGATIVE_INFINITY, true);
  }
}

function addToBucket(plan: AggregationPlan, view: DataView, bucketAt: number, event: AggregateEvent): void {
  for (let c = 0; c < plan.cells.length; c++) {
    const { kind, field, offset } = plan.cells[c]!;
    const at = bucketAt + offset;
    if (kind === 'count') addOne(view, at);
    else if (kind === 'newest') raise(view, at, event.eventMs);
    else {
      const value = event.values[field]!;
      // Adding 0 makes −0 into 0, so that which of two equal values came first does not show.
      if (value !== null && kind !== 'sketch') addValue(view, at, kind, value + 0, event.eventMs);
    }
  }
}

function addValue(
  view: DataView,
  at: number,
  kind: 'values' | 'sum' | 'min' | 'max' | 'last',
  value: number,
  eventMs: number,
): void {
  switch (kind) {
    case 'values':
      addOne(view, at);
      break;
    case 'sum': {
      // Held within finite floats: ∞ − ∞ would not be a number.
      const sum = view.getFloat64(at, true) + value;
      view.setFloat64(at, Math.min(Math.max(sum, -Number.MAX_VALUE), Number.MAX_VALUE), true);
      break;
    }
    case 'min':
      if (value < view.getFloat64(at, true)) view.setFloat64(at, value, true);
      break;
    case 'max':
      raise(view, at, value);
      break;
    case 'last':
      // Events come in the log's order, so among equal times the later one wins.
      if (eventMs < view.getFloat64(at + 8, true)) return;
      view.setFloat64(at, value, true);
      view.setFloat64(at + 8, eventMs, true);
  }
}

function raise(view: DataView, at: number, value: number): void {
  if (value > view.getFloat64(at, true)) view.setFloat64(at, value, true);
}

function addOne(view: DataView, at: number): void {
  view.setUint32(at, Math.min(view.getUint32(at, true) + 1, 0xffffffff), true);
}

function checkEvent(plan: AggregationPlan, { eventMs, idA, idB, values }: AggregateEvent): void {
  if (!(Math.abs(eventMs) <= TIME_MS_MAX)) throw invalid(`event time ${eventMs} must be milliseconds within ±8.64e15`);
  if (idA >>> 0 !== idA || idB >>> 0 !== idB) throw invalid('an event id must be two unsigned 32-bit numbers');
  if (values.length !== plan.fieldCount) {
    throw invalid(`the event has ${values.length} values; the stream has ${plan.fieldCount} fields`);
  }
  for (let i = 0; i < plan.fieldCount; i++) {
    const value = values[i]!;
    if (value === null) continue;
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw invalid(`value ${i} of the event must be finite or null`);
    if (plan.hashFields[i] && value >>> 0 !== value) throw invalid(`value ${i} of the event must be a 32-bit hash`);
  }
}
