/**
 * Bulk bodies of `/v1/features/{view}:push`: JSON lines (`application/x-ndjson`), a row a line, and an answer that names
 * what was refused instead of acknowledging each row: what loading millions of rows needs, and no more. Pure.
 */
import { EVENT_TIME_FIELD } from '../../cluster/catalog/views.ts';
import { asServingError, invalid } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';
import type { FeatureRow, PushAck } from '../router/gateway-port.ts';
import { ackStatus, NO_ACK, type PushReply, type PushRequest } from './feature-api.ts';
import { describeJson, isJsonObject, parseJson } from './json-text.ts';
import { FEATURE_ROWS_MAX } from './limits.ts';

const NEWLINE = 0x0a;
const TYPES = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines']);

/** True for a Content-Type that says JSON lines. */
export function isRowLines(contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  const semicolon = contentType.indexOf(';');
  return TYPES.has((semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase());
}

/**
 * A row a line, 1 to 10,000 lines; the last may go without its newline. A line that is no JSON object, an empty one
 * included, is refused by itself. `asOfMs`: the event time of rows that name none; undefined leaves it to whoever takes
 * the rows.
 */
export function parseRowLines(body: Buffer, asOfMs: number | undefined): PushRequest {
  const rows: FeatureRow[] = [];
  const refusals: (PushAck | null)[] = [];
  for (let start = 0; start < body.byteLength; ) {
    if (refusals.length === FEATURE_ROWS_MAX) {
      throw invalid(`over ${FEATURE_ROWS_MAX} lines; at most ${FEATURE_ROWS_MAX} are allowed, so split them`);
    }
    let end = body.indexOf(NEWLINE, start);
    if (end < 0) end = body.byteLength;
    const row = parseLine(body.subarray(start, end));
    if (isRefusal(row)) refusals.push(row);
    else {
      if (asOfMs !== undefined && (row[EVENT_TIME_FIELD] ?? null) === null) row[EVENT_TIME_FIELD] = asOfMs;
      rows.push(row);
      refusals.push(null);
    }
    start = end + 1;
  }
  if (refusals.length === 0) throw invalid(`the body is empty; it must be 1 to ${FEATURE_ROWS_MAX} lines of JSON`);
  return { rows, refusals };
}

/** `as_of` of the query: milliseconds since 1970. Throws INVALID_ARGUMENT for anything else. */
export function parseAsOf(query: unknown): number | undefined {
  const text = (query as Readonly<Record<string, unknown>> | undefined)?.['as_of'];
  if (text === undefined) return undefined;
  if (typeof text === 'string' && /^\d{1,15}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw invalid(`'as_of' must be milliseconds since 1970, got ${quoteShort(String(text))}`);
}

/**
 * `refused`: each refused row by its line in the body, from 0. `sequences`: for each partition that took rows its
 * highest sequence, which a later read may ask for. The status is `pushReply`'s.
 */
export function rowLinesReply(request: PushRequest, acks: readonly PushAck[]): PushReply {
  const refused: object[] = [];
  const codes = new Set<string>();
  const sequences = new Map<number, number>();
  let next = 0;
  let last: PushAck | null = null;
  request.refusals.forEach((refusal, row) => {
    const ack = refusal ?? acks[next++] ?? NO_ACK;
    // Rows of one message share their acknowledgement.
    if (ack === last && !('error' in ack)) return;
    last = ack;
    if ('error' in ack) {
      codes.add(ack.error.code);
      refused.push({ row, error: ack.error });
      return;
    }
    // An event that concerns several entities is in the log once for each.
    for (const { partition, seq } of [ack, ...(ack.also ?? [])]) {
      if (seq > (sequences.get(partition) ?? 0)) sequences.set(partition, seq);
    }
  });
  const accepted = request.refusals.length - refused.length;
  const body = { accepted, rejected: refused.length, refused, sequences: Object.fromEntries(sequences) };
  return { status: accepted > 0 ? 200 : ackStatus(codes), body: JSON.stringify(body) };
}

type Refusal = Extract<PushAck, { error: unknown }>;

function parseLine(line: Buffer): Record<string, unknown> | Refusal {
  try {
    const value = parseJson(line, 'the row');
    if (isJsonObject(value)) return value as Record<string, unknown>;
    return refusal(`a row must be an object of the key and features, got ${describeJson(value)}`);
  } catch (thrown) {
    return refusal(asServingError(thrown, 'edge').message);
  }
}

/** No row of JSON can pass for one: what is refused here is known by identity. */
const REFUSALS = new WeakSet<object>();

function refusal(message: string): Refusal {
  const made: Refusal = { error: { code: 'INVALID_ARGUMENT', message } };
  REFUSALS.add(made);
  return made;
}

function isRefusal(row: Record<string, unknown> | Refusal): row is Refusal {
  return REFUSALS.has(row);
}
