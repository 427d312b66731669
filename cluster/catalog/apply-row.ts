/**
 * What one row of the log does to what is stored for its entity: last write wins by event time for rows, aggregation for
 * events. The shards, training sets and replay all go through here, so the same log gives the same bytes. Pure.
 */
import { ENTITY_KEY_BYTES_MAX } from '../../proto/names.ts';
import type { LogRow } from '../../proto/row-batch.ts';
import { applyEvent } from './aggregates/apply.ts';
import { TIME_MS_MAX } from './aggregates/definition.ts';
import { newestMs } from './aggregates/state.ts';
import { readPackedCell } from './feature-types.ts';
import { growBody } from './materialize.ts';
import {
  encodeRecord,
  encodeTombstone,
  isTombstone,
  RECORD_HEADER_BYTES,
  type RecordBytes,
  recordEventMs,
  recordSchemaHash,
  recordSeq,
  writeHeader,
} from './record.ts';
import type { Stream } from './streams.ts';
import type { Aggregation, View } from './views.ts';

/** `put`, `remove`: the change to make. `stale`, `late`, `duplicate`: the row came too late, or once already. */
export type RowOutcome =
  | { readonly kind: 'put'; readonly record: Uint8Array }
  | { readonly kind: 'remove' }
  | { readonly kind: 'stale' | 'late' | 'duplicate' };

export const ROW_OPS = { put: 0, delete: 1, expire: 2 } as const;

/** The most that a row of the log holds; longer ones are poison. */
export const ROW_BYTES_MAX = 256 * 1024;

const STALE: RowOutcome = { kind: 'stale' };
const REMOVE: RowOutcome = { kind: 'remove' };

/** What is wrong with a row whatever is stored, or null. */
export function faultOfRow(row: LogRow): string | null {
  if (row.key.byteLength === 0) return 'a row without a key';
  if (row.key.byteLength > ENTITY_KEY_BYTES_MAX) return `a key of ${row.key.byteLength} bytes`;
  // NaN compares with nothing, and a time without end could never be replaced.
  if (!(Math.abs(row.eventMs) <= TIME_MS_MAX)) return `the event time ${row.eventMs}`;
  if (row.values.byteLength > ROW_BYTES_MAX) return `a row of ${row.values.byteLength} bytes`;
  if (row.op !== ROW_OPS.put && row.op !== ROW_OPS.delete && row.op !== ROW_OPS.expire)
    return `an unknown operation, ${row.op}`;
  return null;
}

/**
 * A row of a view. What it holds is not looked at: rows of a definition that this process does not know yet are stored
 * as they are, so that all replicas agree whatever they run, and read once it does.
 */
export function applyRow(
  schema: { readonly schemaHash: number },
  stored: RecordBytes | null,
  row: LogRow,
  seq: number,
): RowOutcome {
  if (row.op === ROW_OPS.expire) {
    return stored !== null && recordEventMs(stored) === row.eventMs && meansRecord(row, stored) ? REMOVE : STALE;
  }
  if (stored !== null && recordEventMs(stored) > row.eventMs) return STALE;
  if (row.op === ROW_OPS.delete) return { kind: 'put', record: encodeTombstone(row.eventMs, seq) };
  return { kind: 'put', record: encodeRecord(schema, row.eventMs, seq, row.values) };
}

/** An `expire` row's fields for the record that it was written for: no later one, even of the same event time, goes with it. */
export function expiryOf(stored: RecordBytes): Pick<LogRow, 'eventMs' | 'idA' | 'idB'> {
  const seq = recordSeq(stored);
  return { eventMs: recordEventMs(stored), idA: Math.floor(seq / 2 ** 32), idB: seq % 2 ** 32 };
}

/** Whether an `expire` row names this record's sequence, or none. */
function meansRecord({ idA, idB }: LogRow, stored: RecordBytes): boolean {
  return (idA === 0 && idB === 0) || recordSeq(stored) === idA * 2 ** 32 + idB;
}

/**
 * An event, for one of the views that aggregate its stream. `fields`: bitmap and values in the stream's own layout.
 * Throws DATA_LOSS where what is stored is no state of this aggregation.
 */
export function applyStreamEvent(
  { plan, stateHash, stream }: Aggregation,
  stored: RecordBytes | null,
  row: LogRow,
  fields: Uint8Array,
  seq: number,
): RowOutcome {
  let state: Uint8Array | null = null;
  let deletedMs = Number.NEGATIVE_INFINITY;
  if (stored !== null && isTombstone(stored)) {
    deletedMs = recordEventMs(stored);
  } else if (stored !== null && recordSchemaHash(stored) === stateHash) {
    state = stored.bytes.subarray(RECORD_HEADER_BYTES, stored.length);
  }
  // Else it is another definition's, which only a registry that was tampered with lets in: its state is no use here.
  const event = { eventMs: row.eventMs, idA: row.idA, idB: row.idB, values: numbersOf(stream, fields) };
  const { outcome, state: record } = applyEvent(plan, state, event, RECORD_HEADER_BYTES, deletedMs);
  if (outcome !== 'applied') return { kind: outcome };
  const eventMs = newestMs(record!.subarray(RECORD_HEADER_BYTES));
  writeHeader(new DataView(record!.buffer, record!.byteOffset), stateHash, eventMs, seq, 0);
  return { kind: 'put', record: record! };
}

/** Fields of an event as numbers, null where it has none or no finite one. */
function numbersOf(stream: Stream, fields: Uint8Array): (number | null)[] {
  const cells = new DataView(fields.buffer, fields.byteOffset, fields.byteLength);
  return stream.features.map((field) => {
    if ((fields[field.index >> 3]! & (1 << (field.index & 7))) !== 0) return null;
    const value = Number(readPackedCell(field, cells, stream.bitmapBytes + field.offset, 0));
    // A log may hold what no edge lets in.
    return Number.isFinite(value) ? value : null;
  });
}

/** The fields of an event in the stream's layout; null where it was written under another definition. */
export function eventFields(stream: Stream, schemaHash: number, row: LogRow): Uint8Array | null {
  return growBody(stream, schemaHash, row.values);
}

/** Views fed by a stream's events of one entity in one placement. */
export function viewsFedBy(views: Iterable<View>, stream: string, entity: string, everywhere: boolean): View[] {
  return [...views].filter(
    (view) =>
      view.aggregation?.stream.name === stream &&
      view.entity.name === entity &&
      (view.placement === 'everywhere') === everywhere,
  );
}
