/** One message of the feature log: rows of one partition and one view, from one push. */
import { dovetail } from './generated/messages.js';

export type LogRow = {
  key: Uint8Array;
  /** When the row was true, ms since the Unix epoch. */
  eventMs: number;
  /** Null bitmap and packed values (`cluster/catalog/record.ts`). */
  values: Uint8Array;
};

export type RowBatch = { view: string; schemaHash: number; rows: LogRow[] };

export function encodeRowBatch(batch: RowBatch): Uint8Array {
  return dovetail.RowBatch.encode(batch).finish();
}

/** Null for bytes that are no row batch. Byte fields are views into `bytes`. */
export function decodeRowBatch(bytes: Uint8Array): RowBatch | null {
  try {
    return dovetail.RowBatch.decode(bytes) as unknown as RowBatch;
  } catch {
    return null;
  }
}
