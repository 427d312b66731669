/**
 * Walks the log once and stops at each moment that is asked about. There are two notions of what was known at a moment:
 *
 *     served   the messages that the log had taken by then, in the log's order: what the online store answered, bit for bit
 *     event    the rows and events that had happened by then, in the order in which they happened: for history that was
 *              loaded into the log later than it happened
 */

import { ROW_OPS, viewsFedBy } from '../../cluster/catalog/apply-row.ts';
import type { App } from '../../cluster/catalog/views.ts';
import { viewId } from '../../cluster/catalog/views.ts';
import type { LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { ServingError } from '../../proto/errors.ts';
import { encodeRowBatch, type RowBatch } from '../../proto/row-batch.ts';
import { applyMessage, emptyTally, type RowTally, readMessage } from '../feature-shard/apply-message.ts';
import type { HistoryStore } from './history-store.ts';

export type AsOf = 'served' | 'event';

/** Moments in ascending order. */
export type Moments = {
  readonly count: number;
  atMs(index: number): number;
  /** Called once a moment, in order, while the store is as of it. */
  reached(index: number): void;
};

export type WalkResult = { readonly messages: number; readonly rows: RowTally; readonly lastSeq: number };

/** Rows that the order of events needs in memory at once. */
export type WalkLimits = { readonly heldBytesMax: number };

/** Messages must come in the log's order. */
export async function walkLog(
  app: App,
  log: AsyncIterable<LoggedMessage>,
  store: HistoryStore,
  moments: Moments,
  asOf: AsOf,
  limits: WalkLimits,
): Promise<WalkResult> {
  return asOf === 'served' ? walkAsServed(app, log, store, moments) : walkByEvents(app, log, store, moments, limits);
}

async function walkAsServed(
  app: App,
  log: AsyncIterable<LoggedMessage>,
  store: HistoryStore,
  moments: Moments,
): Promise<WalkResult> {
  const tally = emptyTally();
  let next = 0;
  let messages = 0;
  let lastSeq = 0;
  // A server's clock may be set back; what was applied to get here was there nevertheless.
  let createdMs = Number.NEGATIVE_INFINITY;
  for await (const message of log) {
    createdMs = Math.max(createdMs, message.createdMs);
    while (next < moments.count && moments.atMs(next) < createdMs) moments.reached(next++);
    // What comes after the last moment changes no answer; it only says whether what was missed was loaded later.
    if (next === moments.count && store.missedReads === 0) break;
    store.enter(message.partition);
    applyMessage(app, message, store, tally);
    messages++;
    lastSeq = message.seq;
  }
  while (next < moments.count) moments.reached(next++);
  return { messages, rows: tally, lastSeq };
}

/** One row or event with what says in which order it comes. */
type HeldRow = {
  readonly eventMs: number;
  readonly order: number;
  readonly partition: number;
  readonly seq: number;
  readonly bytes: Uint8Array;
};

/** About what V8 needs for a row beside its bytes. */
const HELD_ROW_BYTES = 160;

async function walkByEvents(
  app: App,
  log: AsyncIterable<LoggedMessage>,
  store: HistoryStore,
  moments: Moments,
  { heldBytesMax }: WalkLimits,
): Promise<WalkResult> {
  const held: HeldRow[] = [];
  let heldBytes = 0;
  let messages = 0;
  let lastSeq = 0;
  const tally = emptyTally();
  for await (const { partition, seq, bytes } of log) {
    messages++;
    lastSeq = seq;
    store.enter(partition);
    const { batch, poison } = readMessage(app, bytes);
    if (poison.length > 0) tally.messagesParked++;
    if (batch === null) continue;
    const bad = new Set(poison.map(({ row }) => row));
    const ids = idsOf(app, batch);
    batch.rows.forEach((row, index) => {
      // A row that a sweep removed later was there until then; that it had expired is worked out as it is read.
      if (bad.has(index) || row.op === ROW_OPS.expire || !ids.some((id) => store.wants(id, row.key))) return;
      const alone = encodeRowBatch({ ...batch, rows: [row] });
      held.push({ eventMs: row.eventMs, order: held.length, partition, seq, bytes: alone });
      heldBytes += alone.byteLength + HELD_ROW_BYTES;
    });
    if (heldBytes > heldBytesMax) throw tooMuchHistory(held.length, heldBytesMax);
  }
  // Ties stay in the log's order, in which a later row wins.
  held.sort((a, b) => a.eventMs - b.eventMs || a.order - b.order);
  let next = 0;
  for (const row of held) {
    while (next < moments.count && moments.atMs(next) < row.eventMs) moments.reached(next++);
    store.enter(row.partition);
    applyMessage(app, row, store, tally);
  }
  while (next < moments.count) moments.reached(next++);
  return { messages, rows: tally, lastSeq };
}

/** Views whose rows the batch changes. */
function idsOf(app: App, batch: RowBatch): number[] {
  if (batch.stream === '') return [viewId(batch.view, batch.version || 1)];
  return viewsFedBy(app.versions.values(), batch.stream, batch.entity, batch.everywhere).map((view) => view.id);
}

function tooMuchHistory(rows: number, heldBytesMax: number): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    'edge',
    `the history of these labels is longer than fits ${Math.round(heldBytesMax / 2 ** 20)} MiB (${rows} rows so far): split the labels by key, ask for fewer views, or give --memory-mb`,
  );
}
