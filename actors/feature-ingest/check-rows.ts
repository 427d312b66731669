/** Turns rows as people write them into rows of the log, refusing bad ones one by one. Pure. */

import { packValues } from '../../cluster/catalog/record.ts';
import { EVENT_TIME_FIELD, type View } from '../../cluster/catalog/views.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { invalid } from '../../proto/errors.ts';
import { checkEntityKey, showShort } from '../../proto/names.ts';
import type { LogRow } from '../../proto/row-batch.ts';
import { parseTimeMs } from './rfc3339.ts';

export type CheckedRow = { readonly partition: number; readonly row: LogRow };

/** One clock that runs ahead would pin its rows against every later update, so times further ahead are refused. */
const AHEAD_MS_MAX = 5 * 60_000;

/**
 * The row in the log's form, with the partition that it belongs to. Throws INVALID_ARGUMENT naming the field. A row
 * without `event_time` is taken as of now.
 */
export function checkRow(view: View, row: unknown, partitions: number, wallMs: number): CheckedRow {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw invalid('a row must be an object of fields');
  const fields = row as Record<string, unknown>;
  const keyField = view.entity.key;
  const key = keyBytes(view, fields[keyField]);
  const eventMs = eventTime(fields[EVENT_TIME_FIELD], wallMs);
  const values = packValues(view, fields, [keyField, EVENT_TIME_FIELD]);
  const partition = view.placement === 'everywhere' ? partitions : partitionOf(key, partitions);
  return { partition, row: { key, eventMs, values } };
}

function keyBytes(view: View, value: unknown): Uint8Array {
  const field = view.entity.key;
  if (value === undefined) throw invalid(`the row has no '${field}', which says whose row of '${view.name}' it is`);
  if (typeof value !== 'string') throw invalid(`'${field}' must be text, got ${typeof value}`);
  if (!value.isWellFormed()) throw invalid(`'${field}' is not well-formed Unicode`);
  const key = new TextEncoder().encode(value);
  checkEntityKey(field, key);
  return key;
}

function eventTime(value: unknown, wallMs: number): number {
  if (value === undefined || value === null) return wallMs;
  const eventMs = typeof value === 'string' ? parseTimeMs(value) : typeof value === 'number' ? value : Number.NaN;
  if (typeof eventMs === 'string') throw invalid(`'${EVENT_TIME_FIELD}' ${showShort(value)} ${eventMs}`);
  if (!Number.isFinite(eventMs) || eventMs < 0) {
    throw invalid(
      `'${EVENT_TIME_FIELD}' must be RFC 3339 text, such as "2026-02-28T13:45:00.250Z", or milliseconds since 1970, got ${showShort(value)}`,
    );
  }
  if (eventMs > wallMs + AHEAD_MS_MAX) {
    throw invalid(
      `'${EVENT_TIME_FIELD}' lies ${Math.round((eventMs - wallMs) / 1_000)} s ahead of this machine's clock; at most ${AHEAD_MS_MAX / 1_000} s are allowed`,
    );
  }
  return eventMs;
}
