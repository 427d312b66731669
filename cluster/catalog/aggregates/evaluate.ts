/**
 * Reads every feature of an aggregation at a time t: over the buckets from t's own back to the window's first, newest
 * to oldest, each read once for all windows. Runs in every prediction, so it allocates nothing per bucket. Pure.
 */
import { invalid } from '../../../proto/errors.ts';
import type { AggregationPlan, Column } from './plan.ts';
import { bucketOf, corrupt, type OpenState, openState, outOfOrder, sketchLength } from './state.ts';

/** Where values go, one a feature in the definition's order; NaN stands for null. */
export type ValuesOut = { [index: number]: number; readonly length: number };

/**
 * Values at `tMs` from the state in `view` at `from`, `length` bytes long. Null (NaN): mean, min, max, last and
 * since_last of a window without values; count, sum and distinct of such a window are 0. Events later than t count
 * where they share its bucket. For a `tMs` further behind the newest event than the allowed lateness, old buckets may
 * be gone. Throws DATA_LOSS for bytes that are no state of this plan.
 */
export function evaluate(
  plan: AggregationPlan,
  view: DataView,
  from: number,
  length: number,
  tMs: number,
  out: ValuesOut,
): void {
  const state = openState(plan, view, from, length);
  const first = findWindows(plan, state, tMs);
  const newestAt = state.hashesAt - (first + 1) * plan.bucketBytes;
  for (let i = 0; i < plan.columns.length; i++) readColumn(plan, state, first, newestAt, tMs, plan.columns[i]!, out);
}

/** Values of an entity that has no state. */
export function evaluateEmpty(plan: AggregationPlan, out: ValuesOut): void {
  for (const { op, features } of plan.columns) {
    const value = op === 'count' || op === 'sum' || op === 'distinct' ? 0 : Number.NaN;
    for (const feature of features) out[feature] = value;
  }
}

/** `evaluate` for those who are in no hurry: values as a list, with null for null. A null state is an empty one. */
export function evaluateList(plan: AggregationPlan, state: Uint8Array | null, tMs: number): (number | null)[] {
  const out = new Float64Array(plan.featureCount);
  if (state === null) evaluateEmpty(plan, out);
  else {
    const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
    evaluate(plan, view, 0, state.byteLength, tMs, out);
  }
  return Array.from(out, (value) => (Number.isNaN(value) ? null : value));
}

/**
 * Buckets are counted from the newest. Returns the first that is not later than t; `scratch.ends` gets for each window
 * the first that is too old for it.
 */
function findWindows(plan: AggregationPlan, state: OpenState, tMs: number): number {
  const { view, bucketCount } = state;
  const { windows, bucketBytes, spanBuckets } = plan;
  const { ends } = plan.scratch;
  const newest = bucketOf(plan, state.newestMs);
  const newestLow = newest >>> 0;
  /** How far t's bucket is past the newest one; below 0 where t is earlier. */
  const lead = bucketOf(plan, tMs) - newest;
  if (Number.isNaN(lead)) throw invalid(`the time to evaluate at is ${tMs}; it must be a number of milliseconds`);
  let first = 0;
  let window = 0;
  let previousAge = -1;
  let at = state.hashesAt - bucketBytes;
  for (let i = 0; i < bucketCount; i++, at -= bucketBytes) {
    const age = (newestLow - view.getUint32(at, true)) >>> 0;
    if (age <= previousAge || age > spanBuckets) throw outOfOrder();
    previousAge = age;
    const behind = lead + age;
    if (behind < 0) first = i + 1;
    while (behind >= windows[window]!) {
      ends[window++] = i;
      if (window === windows.length) return first;
    }
  }
  while (window < windows.length) ends[window++] = bucketCount;
  return first;
}

function readColumn(
  plan: AggregationPlan,
  state: OpenState,
  first: number,
  newestAt: number,
  tMs: number,
  column: Column,
  out: ValuesOut,
): void {
  switch (column.op) {
    case 'count':
      readCounts(plan, state.view, first, newestAt, column, out);
      break;
    case 'sum':
      readSums(plan, state.view, first, newestAt, column, out);
      break;
    case 'mean':
      readMeans(plan, state.view, first, newestAt, column, out);
      break;
    case 'min':
    case 'max':
      readExtremes(plan, state.view, first, newestAt, column, out);
      break;
    case 'last':
      readLast(plan, state.view, first, newestAt, column, out);
      break;
    case 'since_last':
      readSinceLast(plan, state.view, first, newestAt, tMs, column, out);
      break;
    case 'distinct':
      readDistinct(plan, state, first, column, out);
      break;
  }
}

function readCounts(
  { bucketBytes, scratch }: AggregationPlan,
  view: DataView,
  first: number,
  newestAt: number,
  { offset, features, windows }: Column,
  out: ValuesOut,
): void {
  let count = 0;
  let at = newestAt + offset;
  for (let f = 0, i = first; f < features.length; f++) {
    for (const end = scratch.ends[windows[f]!]!; i < end; i++, at -= bucketBytes) count += view.getUint32(at, true);
    out[features[f]!] = count;
  }
}

function readSums(
  { bucketBytes, scratch }: AggregationPlan,
  view: DataView,
  first: number,
  newestAt: number,
  { offset, features, windows }: Column,
  out: ValuesOut,
): void {
  let sum = 0;
  let at = newestAt + offset;
  for (let f = 0, i = first; f < features.length; f++) {
    for (const end = scratch.ends[windows[f]!]!; i < end; i++, at -= bucketBytes) sum += view.getFloat64(at, true);
    out[features[f]!] = finiteSum(sum);
  }
}

function readMeans(
  { bucketBytes, scratch }: AggregationPlan,
  view: DataView,
  first: number,
  newestAt: number,
  { offset, valuesOffset, features, windows }: Column,
  out: ValuesOut,
): void {
  let sum = 0;
  let values = 0;
  let at = newestAt;
  for (let f = 0, i = first; f < features.length; f++) {
    for (const end = scratch.ends[windows[f]!]!; i < end; i++, at -= bucketBytes) {
      sum += view.getFloat64(at + offset, true);
      values += view.getUint32(at + valuesOffset, true);
    }
    out[features[f]!] = values === 0 ? Number.NaN : finiteSum(sum) / values;
  }
}

function readExtremes(
  { bucketBytes, scratch }: AggregationPlan,
  view: DataView,
  first: number,
  newestAt: number,
  { op, offset, features, windows }: Column,
  out: ValuesOut,
): void {
  const isMin = op === 'min';
  const none = isMin ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  let extreme = none;
  let at = newestAt + offset;
  for (let f = 0, i = first; f < features.length; f++) {
    for (const end = scratch.ends[windows[f]!]!; i < end; i++, at -= bucketBytes) {
      const value = view.getFloat64(at, true);
      if (Number.isNaN(value)) throw notANumber();
      if (isMin ? value < extreme : value > extreme) extreme = value;
    }
    out[features[f]!] = extreme === none ? Number.NaN : extreme;
  }
}

function readLast(
  { bucketBytes, scratch }: AggregationPlan,
  view: DataView,
  first: number,
  newestAt: number,
  { offset, features, windows }: Column,
  out: ValuesOut,
): void {
  let value = Number.NaN;
  let found = false;
  let at = newestAt + offset;
  for (let f = 0, i = first; f < features.length; f++) {
    for (const end = scratch.ends[windows[f]!]!; i < end && !found; i++, at -= bucketBytes) {
      found = view.getFloat64(at + 8, true) !== Number.NEGATIVE_INFINITY;
      if (found) value = view.getFloat64(at, true);
      if (found && Number.isNaN(value)) throw notANumber();
    }
    out[features[f]!] = value;
  }
}

function readSinceLast(
  { scratch }: AggregationPlan,
  view: DataView,
  first: number,
  newestAt: number,
  tMs: number,
  { offset, features, windows }: Column,
  out: ValuesOut,
): void {
  for (let f = 0; f < features.length; f++) {
    if (scratch.ends[windows[f]!]! > first) {
      const newestMs = view.getFloat64(newestAt + offset, true);
      if (Number.isNaN(newestMs)) throw notANumber();
      out[features[f]!] = Math.max(0, tMs - newestMs) / 1_000;
    } else {
      out[features[f]!] = Number.NaN;
    }
  }
}

function readDistinct(plan: AggregationPlan, state: OpenState, first: number, column: Column, out: ValuesOut): void {
  const { view, hashesAt, hashCount } = state;
  const { union, ends } = plan.scratch;
  union.clear();
  // The hashes of bucket i end where those of the next newer bucket begin.
  let hashAt = hashesAt + hashCount * 4;
  let bucketAt = hashesAt - plan.bucketBytes;
  for (let f = 0, i = 0; f < column.features.length; f++) {
    for (const end = ends[column.windows[f]!]!; i < end; i++, bucketAt -= plan.bucketBytes) {
      for (let s = plan.sketches.length - 1; s >= 0; s--) {
        const bytes = sketchLength(plan, view, bucketAt, s) * 4;
        hashAt -= bytes;
        if (hashAt < hashesAt) throw corrupt('its sketches are not as long as they say');
        if (s !== column.sketch || i < first) continue;
        for (let at = hashAt; at < hashAt + bytes; at += 4) if (!union.add(view.getUint32(at, true))) break;
      }
    }
    out[column.features[f]!] = union.estimate();
  }
}

/** Sums past the largest float stay there, so that no infinity reaches a model. */
function finiteSum(sum: number): number {
  if (Number.isNaN(sum)) throw notANumber();
  return Math.min(Math.max(sum, -Number.MAX_VALUE), Number.MAX_VALUE);
}

function notANumber() {
  return corrupt('a value is not a number');
}
