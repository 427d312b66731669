/** What one message of the log does to the rows of a partition. Pure but for the two functions it is given. */
import {
  applyRow,
  applyStreamEvent,
  eventFields,
  faultOfRow,
  ROW_OPS,
  type RowOutcome,
  viewsFedBy,
} from '../../cluster/catalog/apply-row.ts';
import type { RecordBytes } from '../../cluster/catalog/record.ts';
import { type App, type View, viewId } from '../../cluster/catalog/views.ts';
import { isName, quoteShort } from '../../proto/names.ts';
import { decodeRowBatch, type LogRow, type RowBatch } from '../../proto/row-batch.ts';

export type RowTally = {
  rowsApplied: number;
  /** Older than what is stored. */
  rowsStale: number;
  /** Events too old for their entity's windows, and events that were counted already. */
  rowsLate: number;
  rowsDuplicate: number;
  /** Messages of which at least a row was passed over as poison. */
  messagesParked: number;
};

export function emptyTally(): RowTally {
  return { rowsApplied: 0, rowsStale: 0, rowsLate: 0, rowsDuplicate: 0, messagesParked: 0 };
}

/** The rows of a partition, by view id and entity key, as they are while a transaction is under way. */
export interface RowStore {
  /** May be overwritten by the next call. */
  lookup(id: number, key: Uint8Array): RecordBytes | null;
  /** Null removes. `stored`: what `lookup` gave for the same row just before. */
  replace(id: number, key: Uint8Array, stored: RecordBytes | null, record: Uint8Array | null): void;
  /** For stores that keep some rows only: the others are passed over. */
  wants?(id: number, key: Uint8Array): boolean;
}

/** A message of the log as far as it can be applied. */
export type ReadMessage = {
  /** Null where the message as a whole cannot be. */
  readonly batch: RowBatch | null;
  /** Rows that are passed over, and why; without a batch: one reason for all. */
  readonly poison: readonly { readonly row: number; readonly why: string }[];
};

/**
 * Reads a message under an app's definitions. Rows of views are applied whoever wrote them: rows of a definition that
 * is not known here are kept as they are. Events need a definition that this one is or grew from, since what they do
 * depends on it.
 */
export function readMessage(app: App, bytes: Uint8Array): ReadMessage {
  const batch = decodeRowBatch(bytes);
  if (batch === null) return wholly('not a batch of rows');
  const fault = batch.stream === '' ? faultOfView(batch) : faultOfEvents(app, batch);
  if (fault !== null) return wholly(fault);
  const poison: { row: number; why: string }[] = [];
  batch.rows.forEach((row, index) => {
    const why = faultOfRow(row) ?? faultInBatch(app, batch, row);
    if (why !== null) poison.push({ row: index, why });
  });
  return { batch, poison };
}

/** Whether a message takes rows away and adds none. */
export function onlyRemoves(bytes: Uint8Array): boolean {
  const batch = decodeRowBatch(bytes);
  return (
    batch !== null &&
    batch.stream === '' &&
    batch.rows.every(({ op }) => op === ROW_OPS.delete || op === ROW_OPS.expire)
  );
}

function wholly(why: string): ReadMessage {
  return { batch: null, poison: [{ row: -1, why }] };
}

function faultOfView(batch: RowBatch): string | null {
  return isName(batch.view) ? null : `rows of a view named ${quoteShort(batch.view)}`;
}

function faultOfEvents(app: App, batch: RowBatch): string | null {
  const stream = app.streams.get(batch.stream);
  if (stream === undefined) return `events of stream ${quoteShort(batch.stream)}, which this app does not define`;
  if (batch.schemaHash !== stream.schemaHash && !stream.grownFrom.has(batch.schemaHash))
    return `events of another definition of stream '${stream.name}' than this app's`;
  if (fedBy(app, batch).length === 0)
    return `events of stream '${stream.name}' by ${quoteShort(batch.entity)}, which no view aggregates`;
  return null;
}

function faultInBatch(app: App, batch: RowBatch, row: LogRow): string | null {
  if (batch.stream !== '') {
    if (row.op !== ROW_OPS.put) return 'an event that is no event';
    return eventFields(app.streams.get(batch.stream)!, batch.schemaHash, row) === null
      ? 'an event of another length'
      : null;
  }
  const view = knownView(app, batch);
  if (view === undefined || row.op !== ROW_OPS.put) return null;
  if (view.aggregation !== null) return `a row for view '${view.name}', which is filled by a stream`;
  const exact = batch.schemaHash === view.schemaHash;
  return exact && row.values.byteLength !== view.bitmapBytes + view.valuesBytes ? 'a row of another length' : null;
}

function knownView(app: App, batch: RowBatch): View | undefined {
  return app.versions.get(`${batch.view}@${batch.version || 1}`);
}

function fedBy(app: App, batch: RowBatch): View[] {
  return viewsFedBy(app.versions.values(), batch.stream, batch.entity, batch.everywhere);
}

/** Applies the rows that are not poison. Throws DATA_LOSS where a stored state cannot be read. */
export function applyMessage(
  app: App,
  message: { readonly seq: number; readonly bytes: Uint8Array },
  store: RowStore,
  tally: RowTally,
): ReadMessage {
  const read = readMessage(app, message.bytes);
  const { batch, poison } = read;
  if (poison.length > 0) tally.messagesParked++;
  if (batch === null) return read;
  const { seq } = message;
  let nextPoison = 0;
  const views = batch.stream === '' ? [] : fedBy(app, batch);
  const id = viewId(batch.view, batch.version || 1);
  for (let index = 0; index < batch.rows.length; index++) {
    if (poison[nextPoison]?.row === index) {
      nextPoison++;
      continue;
    }
    const row = batch.rows[index]!;
    if (batch.stream === '') {
      if (store.wants?.(id, row.key) === false) continue;
      const stored = store.lookup(id, row.key);
      settle(id, row.key, stored, applyRow(batch, stored, row, seq), store, tally);
      continue;
    }
    const fields = eventFields(app.streams.get(batch.stream)!, batch.schemaHash, row)!;
    for (const view of views) {
      if (store.wants?.(view.id, row.key) === false) continue;
      const stored = store.lookup(view.id, row.key);
      settle(view.id, row.key, stored, applyStreamEvent(view.aggregation!, stored, row, fields, seq), store, tally);
    }
  }
  return read;
}

function settle(
  id: number,
  key: Uint8Array,
  stored: RecordBytes | null,
  outcome: RowOutcome,
  store: RowStore,
  tally: RowTally,
): void {
  switch (outcome.kind) {
    case 'put':
      store.replace(id, key, stored, outcome.record);
      tally.rowsApplied++;
      return;
    case 'remove':
      store.replace(id, key, stored, null);
      tally.rowsApplied++;
      return;
    case 'stale':
      tally.rowsStale++;
      return;
    case 'late':
      tally.rowsLate++;
      return;
    case 'duplicate':
      tally.rowsDuplicate++;
  }
}
