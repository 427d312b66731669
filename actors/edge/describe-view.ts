/** What `GET /v1/features/{view}` says of a view: enough to write rows for it, and to tell two definitions apart. Pure. */
import { EVENT_TIME_FIELD, type Feature, type View } from '../../cluster/catalog/views.ts';
import { plainIntegers } from './feature-api.ts';

export function viewJson(view: View): string {
  const { name, version, entity, ttlMs, placement, features, schemaHash } = view;
  const described = {
    view: name,
    kind: 'view',
    version,
    entity: { name: entity.name, key: entity.key },
    time_field: EVENT_TIME_FIELD,
    ttl_ms: ttlMs,
    placement,
    schema_hash: schemaHash.toString(16).padStart(8, '0'),
    features: features.map(describeFeature),
  };
  return JSON.stringify(described, plainValues);
}

/** Everything that its definition says, whatever its type knows of; not where its value lies in a record. */
function describeFeature({ index: _index, offset: _offset, ...definition }: Feature): object {
  const { name, type, ...rest } = definition;
  return { name, type, ...rest };
}

/** Typed arrays, as defaults of vectors may be, as lists; bigints as numbers or digits. */
function plainValues(key: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as Iterable<unknown>);
  return plainIntegers(key, value);
}
