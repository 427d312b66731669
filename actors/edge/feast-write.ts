/**
 * `POST /push` and `POST /write-to-online-store` as Feast defines them: a data frame by column, into rows for the log.
 * Feast writes all or nothing; the log takes row by row, so that an answer other than 200 says which rows are missing.
 */
import { EVENT_ID_FIELD } from '../../cluster/catalog/streams.ts';
import { EVENT_TIME_FIELD, type View } from '../../cluster/catalog/views.ts';
import { ERROR_RULES, type ErrorCode } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';
import type { FeatureRow, PushAck } from '../router/gateway-port.ts';
import { FeastBodyFault, FeastRefusal, feastInvalid, type RefusedRow } from './feast-errors.ts';
import { type FeastCatalog, keyText, someNames } from './feast-read.ts';
import { describeJson, isJsonObject, type JsonObject } from './json-text.ts';
import { FEATURE_ROWS_MAX } from './limits.ts';

export type FrameWrite = {
  readonly view: string;
  /** Rows in order, less those refused here. */
  readonly rows: readonly FeatureRow[];
  /** For each row of the frame: why it was refused here, or null when it is among `rows`. */
  readonly refusals: readonly (string | null)[];
};

/** Feast's column for a row's time, and the one that says when the row was computed: kept by Feast, not by the log. */
const TIME_COLUMN = 'event_timestamp';
const CREATED_COLUMN = 'created';
/** Python's `str(datetime)` and `isoformat()` without a zone, which Feast takes for UTC. */
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?$/;
const DATE_ALONE = /^\d{4}-\d\d-\d\d$/;
const ROWS_TOLD_MAX = 100;

/** `{push_source_name, df, to?}`: a view's push source is named as the view. Throws FeastRefusal or FeastBodyFault. */
export function parsePushRequest(body: JsonObject, catalog: FeastCatalog): FrameWrite {
  const name = text(body, 'push_source_name');
  const frame = frameOf(body);
  const to = body['to'] ?? 'online';
  if (to === 'offline') {
    throw new FeastRefusal(
      'UNIMPLEMENTED',
      'FeastError',
      "rows cannot go to the offline store alone, since both are fed by one log; push to 'online' or 'online_and_offline'",
    );
  }
  if (to !== 'online' && to !== 'online_and_offline') {
    throw feastInvalid(
      `${describeJson(to)} is not a supported push format; specify 'online' or 'online_and_offline' as 'to'`,
    );
  }
  const views = catalog.views();
  const view = views.get(name);
  if (view !== undefined) return rowsOf(targetOf(view), frame);
  const streams = streamsOf(views);
  const stream = streams.get(name);
  if (stream !== undefined) return rowsOf(stream, frame);
  throw new FeastRefusal(
    'NOT_FOUND',
    'PushSourceNotFoundException',
    `Unable to find push source ${quoteShort(name)}; push sources are named as the views and streams here: ${someNames([...views.keys(), ...streams.keys()])}`,
  );
}

/** `{feature_view_name, df}`. Throws FeastRefusal or FeastBodyFault. */
export function parseWriteRequest(body: JsonObject, catalog: FeastCatalog): FrameWrite {
  const name = text(body, 'feature_view_name');
  const frame = frameOf(body);
  const view = catalog.views().get(name);
  if (view !== undefined) return rowsOf(targetOf(view), frame);
  throw new FeastRefusal(
    'NOT_FOUND',
    'FeastObjectNotFoundException',
    `Can't recognize feast object with a name ${quoteShort(name)}; this app defines: ${someNames(catalog.views().keys())}`,
  );
}

/** Throws where any row was refused, with the first of them; a code that a retry may cure comes before the others. */
export function checkWritten(write: FrameWrite, acks: readonly PushAck[]): void {
  const refused: RefusedRow[] = [];
  let next = 0;
  write.refusals.forEach((reason, row) => {
    if (reason !== null) refused.push({ row, code: 'INVALID_ARGUMENT', message: reason });
    else {
      const ack = acks[next++] ?? NO_ACK;
      if ('error' in ack) refused.push({ row, ...ack.error });
    }
  });
  const [first] = refused;
  if (first === undefined) return;
  const worst = refused.find(({ code }) => code !== 'INVALID_ARGUMENT') ?? first;
  const total = write.refusals.length;
  const accepted = total - refused.length;
  throw new FeastRefusal(
    errorCode(worst.code),
    'FeastError',
    `${refused.length} of ${total} rows were refused and ${accepted} are stored; row ${worst.row}: ${worst.message}`,
    { accepted, rejected: refused.length, rows: refused.slice(0, ROWS_TOLD_MAX) },
  );
}

const NO_ACK: PushAck = { error: { code: 'INTERNAL', message: 'the row was not acknowledged; write it again' } };

function errorCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_RULES, code) ? (code as ErrorCode) : 'INTERNAL';
}

function text(body: JsonObject, field: string): string {
  const value = body[field];
  if (typeof value === 'string') return value;
  throw new FeastBodyFault([field], `'${field}' must be text, got ${describeJson(value)}`);
}

type Frame = { readonly columns: ReadonlyMap<string, readonly unknown[]>; readonly rows: number };

function frameOf(body: JsonObject): Frame {
  const given = body['df'];
  if (!isJsonObject(given)) {
    throw new FeastBodyFault(['df'], `'df' must be an object with a list for each column, got ${describeJson(given)}`);
  }
  const columns = new Map<string, readonly unknown[]>();
  for (const [name, values] of Object.entries(given)) {
    if (!Array.isArray(values)) {
      throw new FeastBodyFault(
        ['df', name],
        `df column ${quoteShort(name)} must be a list, as df.to_dict(orient="list") gives it, got ${describeJson(values)}`,
      );
    }
    columns.set(name, values);
  }
  const rows = columns.values().next().value?.length ?? 0;
  for (const [name, values] of columns) {
    if (values.length === rows) continue;
    throw feastInvalid(`df column ${quoteShort(name)} has ${values.length} values and the first one ${rows}`);
  }
  if (rows > FEATURE_ROWS_MAX) {
    throw feastInvalid(`df has ${rows} rows; at most ${FEATURE_ROWS_MAX} are allowed, so write it in parts`);
  }
  return { columns, rows };
}

/** What rows are written to: a view, or a stream of events, which carry a key for each entity that they concern. */
type Target = {
  readonly kind: string;
  readonly name: string;
  readonly keys: readonly string[];
  /** Columns that are handed on as they are. */
  readonly columns: ReadonlySet<string>;
};

function targetOf({ kind, name, entity, featureByName }: View): Target {
  return { kind, name, keys: [entity.key], columns: new Set(featureByName.keys()) };
}

function streamsOf(views: ReadonlyMap<string, View>): ReadonlyMap<string, Target> {
  const streams = new Map<string, Target>();
  for (const { aggregation, entity } of views.values()) {
    if (aggregation === null) continue;
    const { kind, name, featureByName } = aggregation.stream;
    const keys = new Set([...(streams.get(name)?.keys ?? []), entity.key]);
    streams.set(name, { kind, name, keys: [...keys], columns: new Set([...featureByName.keys(), EVENT_ID_FIELD]) });
  }
  return streams;
}

function rowsOf(target: Target, { columns, rows: total }: Frame): FrameWrite {
  for (const key of target.keys) {
    if (!columns.has(key))
      throw feastInvalid(`df has no column '${key}', which says whose rows of '${target.name}' they are`);
  }
  const timeColumn = timeColumnOf(columns);
  const features: [string, readonly unknown[]][] = [];
  for (const [name, values] of columns) {
    if (target.keys.includes(name) || name === timeColumn) continue;
    if (target.columns.has(name)) features.push([name, values]);
    else if (name !== CREATED_COLUMN) throw unknownColumn(target, name);
  }
  const times = timeColumn === null ? null : columns.get(timeColumn)!;
  const rows: FeatureRow[] = [];
  const refusals: (string | null)[] = [];
  for (let i = 0; i < total; i++) {
    const time = times === null ? undefined : eventTime(times[i]);
    if (time === null) {
      refusals.push(
        `'${timeColumn}' must be a time such as "2026-02-28T13:45:00.250Z", got ${describeJson(times![i])}`,
      );
      continue;
    }
    // What cannot be a key goes on as it is, to be refused with the other things that are wrong with rows.
    const row: Record<string, unknown> = {};
    for (const key of target.keys) {
      const given = columns.get(key)![i];
      row[key] = keyText(given) ?? given;
    }
    if (time !== undefined) row[EVENT_TIME_FIELD] = time;
    for (const [name, values] of features) row[name] = values[i];
    rows.push(row);
    refusals.push(null);
  }
  return { view: target.name, rows, refusals };
}

function timeColumnOf(columns: ReadonlyMap<string, unknown>): string | null {
  const found = [TIME_COLUMN, EVENT_TIME_FIELD].filter((name) => columns.has(name));
  if (found.length === 2) throw feastInvalid(`df has '${TIME_COLUMN}' and '${EVENT_TIME_FIELD}'; give one of them`);
  return found[0] ?? null;
}

/**
 * Null for what is no text: an empty time must not pass for now, and the unit of a number (pandas counts nanoseconds)
 * would be a guess. Whether a text is a time is for the log's own check to say.
 */
function eventTime(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (WITHOUT_ZONE.test(value)) return `${value}Z`;
  return DATE_ALONE.test(value) ? `${value}T00:00:00Z` : value;
}

function unknownColumn({ kind, name: of, keys, columns }: Target, name: string): FeastRefusal {
  return feastInvalid(
    `df has a column ${quoteShort(name)} that ${kind} '${of}' has not; it has ${someNames(columns)}, the key '${keys.join("', '")}' and the time '${TIME_COLUMN}'`,
  );
}
