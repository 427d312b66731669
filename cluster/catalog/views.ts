/**
 * Features as the user's app defines them: entities, and views that hold an entity's features. One definition serves
 * pushing, storing, reading, assembling model inputs, training sets and replay.
 */
import { checkName } from '../../proto/names.ts';
import { hashText } from '../hash.ts';
import type { AggregationPlan } from './aggregates/plan.ts';
import type { FeatureDefinition } from './feature-types.ts';
import { durationMs, FEATURES_MAX, type Feature, type Schema, schemaOf } from './schema.ts';
import type { Stream } from './streams.ts';

export { type App, defineApp, findView } from './app.ts';
export { bool, type FeatureDefinition, type FeatureType, float32, int64, string, vector } from './feature-types.ts';
export type { Feature };
export const FEATURES_PER_VIEW_MAX = FEATURES_MAX;

export type Entity<Key extends string = string> = {
  readonly name: string;
  /** Field that carries the entity's key in rows and in requests, e.g. `user_id`. */
  readonly key: Key;
};

/** `sharded`: each row lives with its entity's partition. `everywhere`: small reference data, copied to every shard. */
export type Placement = 'sharded' | 'everywhere';

/** How the features of a view come from a stream's events; what is stored is the state that `plan` keeps. */
export type Aggregation = {
  readonly stream: Stream;
  readonly plan: AggregationPlan;
  /** Changes whenever the meaning of the stored state does; another window over what is kept already does not. */
  readonly stateHash: number;
};

/** `Row`: what a pushed row may look like; only for the compiler. */
export type View<Row = unknown> = Schema & {
  /** Of name and version: part of the keys under which its rows are stored. */
  readonly id: number;
  readonly entity: Entity;
  /** Age in ms past which a row counts as missing; 0: never. */
  readonly ttlMs: number;
  readonly placement: Placement;
  /** Null for views whose rows are pushed as they are. */
  readonly aggregation: Aggregation | null;
  readonly row?: Row;
};

/** A row of a view, as `push` takes it. A feature that is left out or null has its default. */
export type RowOf<V> = V extends View<infer Row> ? Row : never;

type PushedRow<Key extends string, Features> = { readonly [K in Key]: string } & {
  readonly event_time?: string | number;
} & { readonly [K in keyof Features]?: (Features[K] extends FeatureDefinition<infer T> ? T : never) | null };

export function entity<Key extends string>(definition: { name: string; key: Key }): Entity<Key> {
  checkName('entity', definition.name);
  checkName('entity key', definition.key);
  return { name: definition.name, key: definition.key };
}

/** Field of a pushed row that says when it was true. */
export const EVENT_TIME_FIELD = 'event_time';

/**
 * A view whose rows are pushed. Throws INVALID_ARGUMENT for a definition that can't be served. `ttl`: milliseconds, or
 * text such as `90d`, `12h`, `30m`, `10s`. Features may be added at the end; any other change of names, types or order
 * needs a new `version`, under which rows are stored anew.
 */
export function view<Key extends string, Features extends Readonly<Record<string, FeatureDefinition>>>(definition: {
  name: string;
  version?: number;
  entity: Entity<Key>;
  ttl?: number | string;
  placement?: Placement;
  features: Features;
}): View<PushedRow<Key, Features>> {
  const { name, version, features } = definition;
  const taken = [definition.entity.key, EVENT_TIME_FIELD];
  const meaning = [definition.entity.name, definition.placement ?? 'sharded'];
  const schema = schemaOf('view', name, version, meaning, features, taken);
  const ttlMs = durationMs(`view '${name}': ttl`, definition.ttl ?? 0);
  return viewOf(schema, definition.entity, ttlMs, definition.placement, null);
}

export function viewOf(
  schema: Schema,
  ofEntity: Entity,
  ttlMs: number,
  placement: Placement | undefined,
  aggregation: Aggregation | null,
): View<never> {
  const id = viewId(schema.name, schema.version);
  return { ...schema, id, entity: ofEntity, ttlMs, placement: placement ?? 'sharded', aggregation };
}

export function viewId(name: string, version: number): number {
  return hashText(`${name}@${version}`, 0);
}
