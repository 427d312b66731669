/** What a read of one entity would have answered at a time: the row, and whether it counts. Pure. */
import { materialize, type RowScratch } from '../../cluster/catalog/materialize.ts';
import type { RecordBytes } from '../../cluster/catalog/record.ts';
import { ageMsMax, rowAgeMs } from '../../cluster/catalog/row-age.ts';
import type { View } from '../../cluster/catalog/views.ts';

/** `missing`: no row, a deleted one, or one of another definition. `expired`: older than the view's time to live. */
export type RowStatus = 'missing' | 'present' | 'expired';

export type RowAsOf = { readonly status: RowStatus; readonly record: RecordBytes | null; readonly ageMs: number };

const MISSING: RowAsOf = { status: 'missing', record: null, ageMs: -1 };

/**
 * The rule by which the shard serves a row, `atMs` being its clock and `maxAgeMs` what the request allows (0: anything).
 * The record may be overwritten by the next call.
 */
export function readAsOf(
  view: View,
  stored: RecordBytes | null,
  atMs: number,
  scratch: RowScratch | null = null,
  maxAgeMs = 0,
): RowAsOf {
  const record = materialize(view, stored, atMs, scratch);
  if (record === null) return MISSING;
  const ageMs = rowAgeMs(record, atMs);
  const expired = ageMs > ageMsMax(view, maxAgeMs);
  return { status: expired ? 'expired' : 'present', record, ageMs };
}
