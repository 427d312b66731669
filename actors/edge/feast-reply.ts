/**
 * The answer of `POST /get-online-features`: a column a feature, each value with its status and the time of the row it
 * came from. Only what is PRESENT has a value: a default or an expired value never passes for one that was found.
 */
import type { FeatureReadRow, FeatureValue } from '../router/gateway-port.ts';
import type { OnlineRequest, ViewRead } from './feast-read.ts';

/** What Feast says where there is no time: the zero of its timestamp. */
const NO_TIME = '"1970-01-01T00:00:00Z"';
/** The last moment that a Date holds. */
const TIME_MS_MAX = 8.64e15;

/** `answers[i]` holds the rows of `request.reads[i]`, in the order of its keys. */
export function onlineReplyJson(request: OnlineRequest, answers: readonly (readonly FeatureReadRow[])[]): string {
  const { entities, reads, rows, withVersions } = request;
  const names: string[] = [];
  const results: string[] = [];
  const noTimes = `[${new Array<string>(rows).fill(NO_TIME).join(',')}]`;
  const present = `[${new Array<string>(rows).fill('"PRESENT"').join(',')}]`;
  for (const { name, values } of entities) {
    names.push(name);
    results.push(vector(values.map(echo).join(','), present, noTimes));
  }
  reads.forEach((read, i) => {
    names.push(...read.names);
    results.push(...viewVectors(read, answers[i]!));
  });
  let metadata = `{"feature_names":${JSON.stringify(names)}`;
  if (withVersions) metadata += `,"feature_view_metadata":${JSON.stringify(versions(reads))}`;
  return `{"metadata":${metadata}},"results":[${results.join(',')}]}`;
}

/** Written cell by cell into text: at 100 rows of 50 features, objects and a stringify would cost several times as much. */
function viewVectors({ view, features }: ViewRead, rows: readonly FeatureReadRow[]): string[] {
  const times = `[${rows.map((row) => timeJson(row.event_time_ms)).join(',')}]`;
  // Per row where every value has the same status; rows with nulls are looked at value by value.
  const statuses = rows.map(statusOf);
  const withoutNulls = `[${statuses.map((status) => `"${status}"`).join(',')}]`;
  const nulls = rows.map(({ found, defaulted }) => (found && defaulted.length > 0 ? new Set(defaulted) : null));
  const hasNulls = nulls.some((names) => names !== null);
  return features.map((feature) => {
    const fullName = hasNulls ? `${view.name}.${feature}` : '';
    let values = '';
    let own = '';
    for (let i = 0; i < rows.length; i++) {
      const status = hasNulls && nulls[i]?.has(fullName) ? 'NULL_VALUE' : statuses[i]!;
      const comma = i === 0 ? '' : ',';
      values += comma + (status === 'PRESENT' ? valueJson(rows[i]!.values[feature] ?? null) : 'null');
      if (hasNulls) own += `${comma}"${status}"`;
    }
    return vector(values, hasNulls ? `[${own}]` : withoutNulls, times);
  });
}

function vector(values: string, statuses: string, times: string): string {
  return `{"values":[${values}],"statuses":${statuses},"event_timestamps":${times}}`;
}

function statusOf(row: FeatureReadRow): 'PRESENT' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE' {
  if (row.found) return 'PRESENT';
  return row.age_ms === null ? 'NOT_FOUND' : 'OUTSIDE_MAX_AGE';
}

/** A float always says that it is one (`5.0`), since Feast's SDK takes `5` for an int64; an int64 is exact. */
function valueJson(value: FeatureValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(valueJson).join(',')}]`;
  if (typeof value !== 'number') return JSON.stringify(value);
  if (!Number.isInteger(value)) return Number.isFinite(value) ? String(value) : `"${value}"`;
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.includes('e') ? text : `${text}.0`;
}

/** An entity's key as it was given, which is text or a whole number. */
function echo(value: unknown): string {
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}

/** RFC 3339 in UTC, with milliseconds where there are any. */
function timeJson(ms: number | null): string {
  if (ms === null || !(Math.abs(ms) <= TIME_MS_MAX)) return NO_TIME;
  return `"${new Date(ms).toISOString().replace('.000Z', 'Z')}"`;
}

function versions(reads: readonly ViewRead[]): { name: string; version: number }[] {
  const byName = new Map(reads.map(({ view }) => [view.name, view.version]));
  return [...byName].map(([name, version]) => ({ name, version }));
}
