/**
 * What `GET /v1/features/{view}` says of a view, or of a stream that fills views: enough to write its rows or events, and
 * to tell two definitions apart. Pure.
 */
import { EVENT_ID_FIELD, type Stream } from '../../cluster/catalog/streams.ts';
import { type Entity, EVENT_TIME_FIELD, type Feature, type View } from '../../cluster/catalog/views.ts';
import { plainIntegers } from './feature-api.ts';
import { FEATURE_ROWS_MAX } from './limits.ts';

/** JSON, with what one push may have; null where there is no such view, and no stream of that name that a view is filled by. */
export function describeTarget(views: ReadonlyMap<string, View>, name: string, bodyBytesMax: number): string | null {
  const push = { rows_max: FEATURE_ROWS_MAX, body_bytes_max: bodyBytesMax };
  const view = views.get(name);
  if (view !== undefined) return JSON.stringify({ ...describeView(view), push }, plainIntegers);
  const filled = [...views.values()].filter(({ aggregation }) => aggregation?.stream.name === name);
  const stream = filled[0]?.aggregation?.stream;
  return stream === undefined ? null : JSON.stringify({ ...describeStream(stream, filled), push }, plainIntegers);
}

function describeView(view: View): object {
  const { name, version, entity, ttlMs, placement, features, schemaHash, aggregation } = view;
  return {
    name,
    kind: 'view',
    version,
    entity: describeEntity(entity),
    time_field: EVENT_TIME_FIELD,
    ttl_ms: ttlMs,
    placement,
    // What its rows come from, where they are not pushed.
    stream: aggregation === null ? null : aggregation.stream.name,
    schema_hash: hex(schemaHash),
    features: features.map(describeFeature),
  };
}

function describeStream(stream: Stream, filled: readonly View[]): object {
  const { name, version, allowedLatenessMs, features, schemaHash } = stream;
  const entities = new Map(filled.map(({ entity }) => [entity.name, describeEntity(entity)]));
  return {
    name,
    kind: 'stream',
    version,
    entities: [...entities.values()],
    time_field: EVENT_TIME_FIELD,
    id_field: EVENT_ID_FIELD,
    allowed_lateness_ms: allowedLatenessMs,
    views: filled.map((view) => view.name),
    schema_hash: hex(schemaHash),
    fields: features.map(describeFeature),
  };
}

function describeEntity({ name, key }: Entity): object {
  return { name, key };
}

function describeFeature({ name, type, default: value, description, vocabulary, buckets }: Feature): object {
  const words = vocabulary === null ? { buckets } : { vocabulary };
  const more = type === 'string' ? words : type === 'vector' ? { length: (value as readonly number[]).length } : {};
  return { name, type, default: value, description, ...more };
}

function hex(hash: number): string {
  return hash.toString(16).padStart(8, '0');
}
