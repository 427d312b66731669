/** One message of the feature log: rows of a view, or events of a stream, in one partition, from one push. */
import { dovetail } from './generated/messages.js';

export type LogRow = {
  key: Uint8Array;
  /** When the row was true, ms since the Unix epoch. */
  eventMs: number;
  /** Null bitmap and packed values (`cluster/catalog/record.ts`); empty where a row is deleted or expires. */
  values: Uint8Array;
  /** 0 put, 1 delete, 2 expire. */
  op: number;
  /** 64-bit hash of an event's id; both 0: none. */
  idA: number;
  idB: number;
};

export type RowBatch = {
  /** Empty for events. */
  view: string;
  schemaHash: number;
  rows: LogRow[];
  version: number;
  /** Empty for rows. */
  stream: string;
  /** The entity whose keys the events carry. */
  entity: string;
  /** Whether the views that the events feed live everywhere. */
  everywhere: boolean;
};

/** What is left out is the default: a put, without an id, of a view's rows. */
export type RowBatchToWrite = Omit<Partial<RowBatch>, 'rows'> & {
  readonly rows: readonly (Partial<LogRow> & Pick<LogRow, 'key' | 'eventMs' | 'values'>)[];
};

export function encodeRowBatch(batch: RowBatchToWrite): Uint8Array {
  return dovetail.RowBatch.encode(batch as Partial<RowBatch>).finish();
}

/** Null for bytes that are no row batch. Byte fields are views into `bytes`. */
export function decodeRowBatch(bytes: Uint8Array): RowBatch | null {
  try {
    return dovetail.RowBatch.decode(bytes) as unknown as RowBatch;
  } catch {
    return null;
  }
}
