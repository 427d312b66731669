/** Turns rows and events as people write them into rows of the log, refusing bad ones one by one. Pure. */

import { ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import { packValues } from '../../cluster/catalog/record.ts';
import { EVENT_AHEAD_MS_MAX, EVENT_ID_FIELD, type Stream } from '../../cluster/catalog/streams.ts';
import { type Entity, EVENT_TIME_FIELD, type View } from '../../cluster/catalog/views.ts';
import { hashText, partitionOf } from '../../cluster/hash.ts';
import { invalid } from '../../proto/errors.ts';
import { checkEntityKey, showShort } from '../../proto/names.ts';
import type { LogRow } from '../../proto/row-batch.ts';
import { parseTimeMs } from './rfc3339.ts';

export type CheckedRow = { readonly partition: number; readonly row: LogRow };

/** Where the events of a stream go: once for each entity and placement of the views that they feed. */
export type EventTarget = { readonly entity: Entity; readonly everywhere: boolean };

export const EVENT_ID_BYTES_MAX = 512;

const NOTHING = new Uint8Array(0);

/**
 * The row in the log's form, with the partition that it belongs to. Throws INVALID_ARGUMENT naming the field. A row
 * without `event_time` is taken as of now.
 */
export function checkRow(view: View, row: unknown, partitions: number, wallMs: number): CheckedRow {
  const fields = fieldsOf(row);
  const key = keyOf(view, view.entity.key, fields);
  const eventMs = eventTime(fields[EVENT_TIME_FIELD], wallMs);
  const values = packValues(view, fields, [view.entity.key, EVENT_TIME_FIELD]);
  return {
    partition: partitionFor(key, view.placement === 'everywhere', partitions),
    row: { key, eventMs, values, op: ROW_OPS.put, idA: 0, idB: 0 },
  };
}

/** A row that deletes what is stored for a key, as of `event_time` or now. Throws as `checkRow`. */
export function checkDeletion(view: View, key: unknown, time: unknown, partitions: number, wallMs: number): CheckedRow {
  const checked = keyOf(view, view.entity.key, { [view.entity.key]: key });
  return {
    partition: partitionFor(checked, view.placement === 'everywhere', partitions),
    row: { key: checked, eventMs: eventTime(time, wallMs), values: NOTHING, op: ROW_OPS.delete, idA: 0, idB: 0 },
  };
}

/**
 * The event as a row for each target, in their order; null for one whose key the event says is null. Throws as
 * `checkRow`.
 */
export function checkEvent(
  stream: Stream,
  targets: readonly EventTarget[],
  event: unknown,
  partitions: number,
  wallMs: number,
): (CheckedRow | null)[] {
  const fields = fieldsOf(event);
  const eventMs = eventTime(fields[EVENT_TIME_FIELD], wallMs);
  const [idA, idB] = eventId(fields[EVENT_ID_FIELD]);
  const reserved = [EVENT_TIME_FIELD, EVENT_ID_FIELD];
  for (const { entity } of targets) {
    if (!stream.featureByName.has(entity.key) && !reserved.includes(entity.key)) reserved.push(entity.key);
  }
  const values = packValues(stream, fields, reserved);
  const rows = targets.map(({ entity, everywhere }): CheckedRow | null => {
    if (fields[entity.key] === null) return null;
    const key = keyOf(stream, entity.key, fields);
    const row = { key, eventMs, values, op: ROW_OPS.put, idA, idB };
    return { partition: partitionFor(key, everywhere, partitions), row };
  });
  if (rows.every((row) => row === null)) throw invalid(`every key of the event is null; it belongs to nobody`);
  return rows;
}

/** Two hashes of an event's id; an event without one is counted each time it is sent. */
function eventId(id: unknown): readonly [number, number] {
  if (id === undefined || id === null) return [0, 0];
  if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > EVENT_ID_BYTES_MAX)
    throw invalid(`'${EVENT_ID_FIELD}' must be text of 1 to ${EVENT_ID_BYTES_MAX} bytes, got ${showShort(id)}`);
  const a = hashText(id, 0x6a09e667);
  const b = hashText(id, 0xbb67ae85);
  return a === 0 && b === 0 ? [0, 1] : [a, b];
}

function fieldsOf(row: unknown): Record<string, unknown> {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw invalid('a row must be an object of fields');
  return row as Record<string, unknown>;
}

function partitionFor(key: Uint8Array, everywhere: boolean, partitions: number): number {
  return everywhere ? partitions : partitionOf(key, partitions);
}

function keyOf(
  of: { readonly kind: string; readonly name: string },
  field: string,
  fields: Readonly<Record<string, unknown>>,
): Uint8Array {
  const value = fields[field];
  if (value === undefined) throw invalid(`the row has no '${field}', which says whose row of '${of.name}' it is`);
  if (typeof value !== 'string') throw invalid(`'${field}' must be text, got ${typeof value}`);
  if (!value.isWellFormed()) throw invalid(`'${field}' is not well-formed Unicode`);
  const { buffer, byteOffset, byteLength } = Buffer.from(value, 'utf8');
  const key = new Uint8Array(buffer, byteOffset, byteLength);
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
  // One clock that runs ahead would pin its rows against every later update.
  if (eventMs > wallMs + EVENT_AHEAD_MS_MAX) {
    throw invalid(
      `'${EVENT_TIME_FIELD}' lies ${Math.round((eventMs - wallMs) / 1_000)} s ahead of this machine's clock; at most ${EVENT_AHEAD_MS_MAX / 1_000} s are allowed`,
    );
  }
  return eventMs;
}
