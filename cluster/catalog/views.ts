/**
 * Features as the user's app defines them: entities, and views that hold an entity's features. One definition serves
 * pushing, storing, reading and assembling model inputs.
 */
import { invalid } from '../../proto/errors.ts';
import { checkName } from '../../proto/names.ts';
import { hashText } from '../hash.ts';

export type Entity = {
  readonly name: string;
  /** Field that carries the entity's key in rows and in requests, e.g. `user_id`. */
  readonly key: string;
};

export type FeatureType = 'float32' | 'int64' | 'bool';

/** Bytes of a stored value. */
export const FEATURE_BYTES: Readonly<Record<FeatureType, number>> = { float32: 4, int64: 8, bool: 1 };

export type FeatureDefinition = {
  readonly type: FeatureType;
  /** Served where nothing is stored, the row has expired or the value is null. */
  readonly default: number | bigint | boolean;
  readonly description: string;
};

export type Feature = FeatureDefinition & {
  readonly name: string;
  /** Position in the view, which is also its bit in the record's null bitmap. */
  readonly index: number;
  /** Byte offset among the record's packed values. */
  readonly offset: number;
};

/** `sharded`: each row lives with its entity's partition. `everywhere`: small reference data, copied to every shard. */
export type Placement = 'sharded' | 'everywhere';

export type View = {
  readonly name: string;
  readonly version: number;
  readonly entity: Entity;
  /** Age in ms past which a row counts as missing; 0: never. */
  readonly ttlMs: number;
  readonly placement: Placement;
  readonly features: readonly Feature[];
  readonly featureByName: ReadonlyMap<string, Feature>;
  /** Bytes of the null bitmap and of the packed values behind it. */
  readonly bitmapBytes: number;
  readonly valuesBytes: number;
  /** Changes whenever the meaning of stored bytes does. */
  readonly schemaHash: number;
};

export type App = { readonly views: ReadonlyMap<string, View> };

export const FEATURES_PER_VIEW_MAX = 4_096;

export function entity(definition: { name: string; key: string }): Entity {
  checkName('entity', definition.name);
  checkName('entity key', definition.key);
  return { name: definition.name, key: definition.key };
}

type FeatureOptions<T> = { readonly default?: T; readonly description?: string };

/** A 32-bit float; default 0. */
export function float32(options: FeatureOptions<number> = {}): FeatureDefinition {
  const value = Math.fround(options.default ?? 0);
  if (!Number.isFinite(value)) throw invalid(`float32 default ${options.default} must be a finite 32-bit float`);
  return { type: 'float32', default: value, description: options.description ?? '' };
}

/** A 64-bit signed integer; default 0. */
export function int64(options: FeatureOptions<number | bigint> = {}): FeatureDefinition {
  const value = options.default ?? 0n;
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw invalid(`int64 default ${value} must be a whole number (a bigint beyond 2^53)`);
  const whole = BigInt(value);
  if (BigInt.asIntN(64, whole) !== whole) throw invalid(`int64 default ${value} must fit 64 bits`);
  return { type: 'int64', default: whole, description: options.description ?? '' };
}

/** True or false; default false. */
export function bool(options: FeatureOptions<boolean> = {}): FeatureDefinition {
  return { type: 'bool', default: options.default ?? false, description: options.description ?? '' };
}

/** Throws INVALID_ARGUMENT for a definition that can't be served. `ttl`: milliseconds, or text such as `90d`, `12h`, `30m`, `10s`. */
export function view(definition: {
  name: string;
  version?: number;
  entity: Entity;
  ttl?: number | string;
  placement?: Placement;
  features: Readonly<Record<string, FeatureDefinition>>;
}): View {
  checkName('view', definition.name);
  const version = definition.version ?? 1;
  if (!Number.isInteger(version) || version < 1)
    throw invalid(`view '${definition.name}': version must be a whole number from 1`);
  const entries = Object.entries(definition.features);
  if (entries.length === 0 || entries.length > FEATURES_PER_VIEW_MAX) {
    throw invalid(
      `view '${definition.name}' has ${entries.length} features; 1 to ${FEATURES_PER_VIEW_MAX} are allowed`,
    );
  }
  const features: Feature[] = [];
  let offset = 0;
  for (const [index, [name, feature]] of entries.entries()) {
    checkName('feature', name);
    if (name === definition.entity.key || name === EVENT_TIME_FIELD) {
      throw invalid(
        `view '${definition.name}': '${name}' is taken by the row's key or time; name the feature otherwise`,
      );
    }
    features.push({ ...feature, name, index, offset });
    offset += FEATURE_BYTES[feature.type];
  }
  const placement = definition.placement ?? 'sharded';
  const canonical = JSON.stringify([
    definition.name,
    version,
    definition.entity.name,
    features.map((feature) => [feature.name, feature.type]),
  ]);
  return {
    name: definition.name,
    version,
    entity: definition.entity,
    ttlMs: parseTtlMs(definition.name, definition.ttl ?? 0),
    placement,
    features,
    featureByName: new Map(features.map((feature) => [feature.name, feature])),
    // Whole words, so that values lie aligned behind it and are copied word by word.
    bitmapBytes: Math.ceil(features.length / 64) * 8,
    valuesBytes: offset,
    schemaHash: hashText(canonical, 0),
  };
}

/** Field of a pushed row that says when it was true. */
export const EVENT_TIME_FIELD = 'event_time';

export function defineApp(definition: { views: readonly View[] }): App {
  const views = new Map<string, View>();
  for (const one of definition.views) {
    if (views.has(one.name)) throw invalid(`two views are named '${one.name}'`);
    views.set(one.name, one);
  }
  return { views };
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseTtlMs(viewName: string, ttl: number | string): number {
  if (typeof ttl === 'number') {
    if (Number.isFinite(ttl) && ttl >= 0) return ttl;
  } else {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(ttl);
    if (match !== null) return Number(match[1]) * UNIT_MS[match[2]!]!;
  }
  throw invalid(
    `view '${viewName}': ttl ${JSON.stringify(ttl)} must be milliseconds or text such as "90d", "12h", "30m", "10s"`,
  );
}
