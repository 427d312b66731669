/** Bodies of `/v1/features`: rows to push, keys to read, and the answers to both. */
import { EVENT_TIME_FIELD } from '../../cluster/catalog/views.ts';
import { ERROR_RULES, type ErrorCode, invalid } from '../../proto/errors.ts';
import type { ReadBound } from '../../proto/letters.ts';
import { ENTITY_KEY_BYTES_MAX, quoteShort } from '../../proto/names.ts';
import { parseReadBound } from '../../proto/read-bound.ts';
import type { FeatureReadRow, FeatureRow, PushAck } from '../router/gateway-port.ts';
import { describeJson, isJsonObject, type JsonObject } from './json-text.ts';
import { FEATURE_ROWS_MAX } from './limits.ts';
import { timeoutMsOf } from './person-api.ts';

export type PushRequest = {
  /** Rows that are objects, in order. */
  readonly rows: readonly FeatureRow[];
  /** For each given row: its acknowledgement when it was refused here, or null when it is among `rows`. */
  readonly refusals: readonly (PushAck | null)[];
};

/** `{"rows": [{…}, …]}`, 1 to 10,000 rows. A row that is no object is refused by itself, not the push. */
export function parsePush(body: JsonObject): PushRequest {
  const given = listOf(body, 'rows', ['rows']);
  const rows: FeatureRow[] = [];
  const refusals = given.map((row): PushAck | null => {
    if (isJsonObject(row)) {
      rows.push(row);
      return null;
    }
    return {
      error: {
        code: 'INVALID_ARGUMENT',
        message: `a row must be an object of the key and features, got ${describeJson(row)}`,
      },
    };
  });
  return { rows, refusals };
}

export type PushReply = { readonly status: number; readonly body: string };

/**
 * One entry a given row, in order. 200 when any row was accepted. When none was: the status of their common error code,
 * so that a log that cannot be reached is 503 and worth a retry; 400 when the reasons differ.
 */
export function pushReply(request: PushRequest, acks: readonly PushAck[]): PushReply {
  const codes = new Set<string>();
  let accepted = 0;
  let next = 0;
  const all = request.refusals.map((refusal, row) => {
    const ack = refusal ?? acks[next++] ?? NO_ACK;
    if (!('error' in ack)) {
      accepted++;
      return ack;
    }
    codes.add(ack.error.code);
    return { error: ack.error, row };
  });
  const status = accepted > 0 ? 200 : ackStatus(codes);
  return { status, body: JSON.stringify({ acks: all, accepted, rejected: all.length - accepted }) };
}

/** For a row that was not spoken of. */
export const NO_ACK: PushAck = { error: { code: 'INTERNAL', message: 'the row was not acknowledged; push it again' } };

/** The status of an answer none of whose rows was accepted. */
export function ackStatus(codes: ReadonlySet<string>): number {
  const [only] = codes;
  if (codes.size !== 1 || only === undefined || !Object.hasOwn(ERROR_RULES, only)) return 400;
  return ERROR_RULES[only as ErrorCode].http;
}

export type ReadRequest = {
  readonly keys: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly bound: ReadBound | undefined;
};

/** `{"keys": ["u1", …], "timeout_ms"?, "min_seq"?, "max_age_ms"?}`, 1 to 10,000 keys. */
export function parseRead(body: JsonObject): ReadRequest {
  return {
    keys: keysOf(body, ['keys', 'timeout_ms', 'min_seq', 'max_age_ms']),
    timeoutMs: timeoutMsOf(body['timeout_ms'], "'timeout_ms'"),
    bound: parseReadBound(body['min_seq'], body['max_age_ms']),
  };
}

export type DeleteRequest = { readonly keys: readonly string[]; readonly eventTime: unknown };

/** `{"keys": ["u1", …], "event_time"?}`, 1 to 10,000 keys. */
export function parseDelete(body: JsonObject): DeleteRequest {
  return { keys: keysOf(body, ['keys', EVENT_TIME_FIELD]), eventTime: body[EVENT_TIME_FIELD] };
}

function keysOf(body: JsonObject, fields: readonly string[]): readonly string[] {
  const keys = listOf(body, 'keys', fields);
  keys.forEach((key, i) => {
    if (typeof key !== 'string') throw invalid(`keys[${i}] must be a string, got ${describeJson(key)}`);
    if (!key.isWellFormed()) throw invalid(`keys[${i}] holds half of a surrogate pair, which is not text`);
    const bytes = Buffer.byteLength(key);
    if (bytes === 0 || bytes > ENTITY_KEY_BYTES_MAX) {
      throw invalid(`keys[${i}] has ${bytes} bytes; 1 to ${ENTITY_KEY_BYTES_MAX} are allowed`);
    }
  });
  return keys as string[];
}

/** A function called for each of thousands of values costs more than writing them. */
function rowJson(row: FeatureReadRow): string {
  for (const name in row.values) {
    if (typeof row.values[name] === 'bigint') return JSON.stringify(row, plainIntegers);
  }
  return JSON.stringify(row);
}

export function readReplyJson(rows: readonly FeatureReadRow[]): string {
  return `{"rows":[${rows.map(rowJson).join(',')}]}`;
}

/** A bigint as a number where a double holds it exactly, else as a string of digits. */
export function plainIntegers(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function listOf(body: JsonObject, field: string, fields: readonly string[]): readonly unknown[] {
  for (const name of Object.keys(body)) {
    if (!fields.includes(name)) throw invalid(`unknown field ${quoteShort(name)}; there are: ${fields.join(', ')}`);
  }
  const list = body[field];
  if (!Array.isArray(list) || list.length === 0) {
    throw invalid(
      `'${field}' must be a list of 1 to ${FEATURE_ROWS_MAX}, got ${Array.isArray(list) ? 'none' : describeJson(list)}`,
    );
  }
  if (list.length > FEATURE_ROWS_MAX) {
    throw invalid(`${list.length} ${field}; at most ${FEATURE_ROWS_MAX} are allowed, so split them`);
  }
  return list;
}
