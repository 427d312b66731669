/**
 * What a stored row is worth at one moment: its features, nothing, or too old to be used. Both ways of reading go
 * through here, predictions and reads of a view, so that they cannot differ. Pure but for `lookup`.
 */
import { matchesSchema, type RecordBytes, recordEventMs } from './record.ts';
import type { View } from './views.ts';

/** The record stored for an entity, or null. Its bytes may be overwritten by the next lookup. */
export type Lookup = (view: View, partition: number, key: Uint8Array) => RecordBytes | null;

/**
 * The row's features as a record of the view, or null where nothing is stored that this view definition wrote.
 * Overwritten by the next lookup.
 */
export function storedRow(lookup: Lookup, view: View, partition: number, key: Uint8Array): RecordBytes | null {
  const record = lookup(view, partition, key);
  return record !== null && matchesSchema(view, record) ? record : null;
}

/** Age in ms; a row from a clock ahead of ours is new. */
export function rowAgeMs(record: RecordBytes, wallMs: number): number {
  return Math.max(0, wallMs - recordEventMs(record));
}

/** Age in ms past which a row of the view counts as expired; `maxAgeMs`: what the request allows, 0: anything. */
export function ageMsMax(view: View, maxAgeMs: number): number {
  if (maxAgeMs === 0) return view.ttlMs === 0 ? Number.POSITIVE_INFINITY : view.ttlMs;
  return view.ttlMs === 0 ? maxAgeMs : Math.min(view.ttlMs, maxAgeMs);
}
