/** When a row is too old to be used. Predictions and reads of a view both judge by this, so that they cannot differ. Pure. */
import { type RecordBytes, recordEventMs } from './record.ts';
import type { View } from './views.ts';

/** Age in ms; a row from a clock ahead of ours is new. */
export function rowAgeMs(record: RecordBytes, wallMs: number): number {
  return Math.max(0, wallMs - recordEventMs(record));
}

/** Age in ms past which a row of the view counts as expired; `maxAgeMs`: what the request allows, 0: anything. */
export function ageMsMax(view: View, maxAgeMs: number): number {
  if (maxAgeMs === 0) return view.ttlMs === 0 ? Number.POSITIVE_INFINITY : view.ttlMs;
  return view.ttlMs === 0 ? maxAgeMs : Math.min(view.ttlMs, maxAgeMs);
}
