/**
 * Streams of events, and views whose features are aggregations over them: counts, sums, extremes and more over sliding
 * windows, kept up as events arrive. One event may feed views of several entities.
 */
import { invalid, ServingError } from '../../proto/errors.ts';
import { hashText } from '../hash.ts';
import type { AggregateOp, AggregationDefinition } from './aggregates/definition.ts';
import { type AggregationPlan, compileAggregation } from './aggregates/plan.ts';
import { type FeatureDefinition, float32, int64 } from './feature-types.ts';
import { durationMs, type Schema, schemaOf } from './schema.ts';
import { type Entity, EVENT_TIME_FIELD, type Placement, type View, viewOf } from './views.ts';

/** `Fields`: names of the event's fields; `Event`: what a pushed event may look like. Both only for the compiler. */
export type Stream<Fields extends string = string, Event = unknown> = Schema & {
  /** How much older than the newest event of its entity an event may be and still count. */
  readonly allowedLatenessMs: number;
  /** Ids that are remembered of each entity, 16 bytes each, as far as its events lie within the lateness. */
  readonly idsPerEntity: number;
  readonly fields?: Fields;
  readonly event?: Event;
};

const IDS_PER_ENTITY = 4_096;
const IDS_PER_ENTITY_MAX = 65_536;

/** How far an event or row may lie ahead of the clock of whoever takes it. */
export const EVENT_AHEAD_MS_MAX = 5 * 60_000;

/** Field of a pushed event under which it is counted once, however often it is sent. */
export const EVENT_ID_FIELD = 'id';

type PushedEvent<Fields> = Readonly<Record<string, unknown>> & {
  readonly event_time?: string | number;
  readonly id?: string;
} & { readonly [K in keyof Fields]?: (Fields[K] extends FeatureDefinition<infer T> ? T : never) | null };

/**
 * A stream of events with these fields; the keys of the entities that its views are about are carried beside them.
 * `allowedLateness`: as `ttl` of a view; default `1h`. `idsPerEntity`: an entity with more events with ids than this within
 * the lateness takes later ones only; default 4,096, at most 65,536 (each event copies what its entity remembers). Fields may be added at the end; any other change needs a new
 * `version`. Throws INVALID_ARGUMENT for a definition that can't be served.
 */
export function stream<Fields extends Readonly<Record<string, FeatureDefinition>>>(definition: {
  name: string;
  version?: number;
  allowedLateness?: number | string;
  idsPerEntity?: number;
  fields: Fields;
}): Stream<Extract<keyof Fields, string>, PushedEvent<Fields>> {
  const { name, version, fields } = definition;
  for (const [field, { type }] of Object.entries(fields)) {
    if (type === 'vector') throw invalid(`stream '${name}': '${field}' is a vector, which cannot be aggregated`);
  }
  const schema = schemaOf('stream', name, version, ['stream'], fields, [EVENT_TIME_FIELD, EVENT_ID_FIELD]);
  const allowedLatenessMs = durationMs(`stream '${name}': allowedLateness`, definition.allowedLateness ?? '1h');
  if (allowedLatenessMs < EVENT_AHEAD_MS_MAX) {
    throw invalid(
      `stream '${name}': allowedLateness must be at least ${EVENT_AHEAD_MS_MAX / 60_000}m: one event whose clock is that far ahead would make all others late`,
    );
  }
  const { idsPerEntity = IDS_PER_ENTITY } = definition;
  if (!Number.isInteger(idsPerEntity) || idsPerEntity < 1 || idsPerEntity > IDS_PER_ENTITY_MAX)
    throw invalid(`stream '${name}': idsPerEntity must be a whole number from 1 to ${IDS_PER_ENTITY_MAX}`);
  return { ...schema, allowedLatenessMs, idsPerEntity };
}

/** One aggregation: `field` is null where the events themselves are counted. */
export type AggregateDefinition<Field extends string = string> = {
  readonly op: AggregateOp;
  readonly field: Field | null;
  readonly window: number | string;
  readonly feature: FeatureDefinition;
};

type AggregateOptions = { readonly default?: number; readonly description?: string };

/** Events in the window. */
export function count(window: number | string, options: AggregateOptions = {}): AggregateDefinition<never> {
  return { op: 'count', field: null, window, feature: int64(options) };
}

/** Sum of a field, as a float32; 0 where there is no event. Summed in doubles: whole numbers are exact up to 2^53. */
export function sum<F extends string>(field: F, window: number | string, options: AggregateOptions = {}) {
  return aggregateOf('sum', field, window, float32(options));
}

/** Mean of a field over the events that have it. */
export function mean<F extends string>(field: F, window: number | string, options: AggregateOptions = {}) {
  return aggregateOf('mean', field, window, float32(options));
}

export function min<F extends string>(field: F, window: number | string, options: AggregateOptions = {}) {
  return aggregateOf('min', field, window, float32(options));
}

export function max<F extends string>(field: F, window: number | string, options: AggregateOptions = {}) {
  return aggregateOf('max', field, window, float32(options));
}

/** Value of the field in the newest event that has it: a float32, of text its code or hash as an int64. */
export function last<F extends string>(field: F, window: number | string, options: AggregateOptions = {}) {
  return aggregateOf('last', field, window, float32(options));
}

/** Number of different values: exact to 255, within about 6 % beyond (a sketch of the 256 smallest hashes). */
export function distinct<F extends string>(field: F, window: number | string, options: AggregateOptions = {}) {
  return aggregateOf('distinct', field, window, int64(options));
}

/** Seconds since the newest event in the window, as of the read. */
export function sinceLast(window: number | string, options: AggregateOptions = {}): AggregateDefinition<never> {
  return { op: 'since_last', field: null, window, feature: float32(options) };
}

/** The plan; what is wrong with it is said of the view. */
function compiled(where: string, definition: AggregationDefinition): AggregationPlan {
  try {
    return compileAggregation(definition);
  } catch (thrown) {
    throw thrown instanceof ServingError ? invalid(`${where}: ${thrown.message}`) : thrown;
  }
}

/** Codes of text are whole numbers up to 2^32, which a float32 does not tell apart. */
function definitionOf({ op, field, feature }: AggregateDefinition, source: Stream): FeatureDefinition {
  const text = op === 'last' && field !== null && source.featureByName.get(field)?.type === 'string';
  return text ? int64({ default: feature.default as number, description: feature.description }) : feature;
}

function aggregateOf<F extends string>(
  op: AggregateOp,
  field: F,
  window: number | string,
  feature: FeatureDefinition,
): AggregateDefinition<F> {
  return { op, field, window, feature };
}

/**
 * A view whose features are aggregations. Events fall into time buckets `bucket` wide; a window covers whole buckets, the
 * one under way among them, so that one of 10 minutes over buckets of 1 covers the last 9 to 10. All windows are
 * multiples of the bucket and share one set of at most 1,500. `ttl`: default the longest window. Throws
 * INVALID_ARGUMENT for a definition that can't be served.
 */
export function aggregate<Key extends string, Fields extends string>(definition: {
  name: string;
  version?: number;
  entity: Entity<Key>;
  stream: Stream<Fields>;
  bucket: number | string;
  ttl?: number | string;
  placement?: Placement;
  features: Readonly<Record<string, AggregateDefinition<NoInfer<Fields>>>>;
}): View<never> {
  const { name, stream: source, features } = definition;
  const where = `view '${name}'`;
  const aggregations = Object.entries(features).map(([feature, one]) => {
    const field = one.field === null ? undefined : source.featureByName.get(one.field);
    if (one.field !== null && field === undefined)
      throw invalid(`${where}: '${feature}' aggregates '${one.field}', which stream '${source.name}' does not have`);
    if (field?.type === 'string' && one.op !== 'distinct' && one.op !== 'last')
      throw invalid(
        `${where}: '${feature}' is the ${one.op} of '${one.field}', which is text; there is distinct or last`,
      );
    return { op: one.op, field: one.field, windowMs: durationMs(`${where}: window of '${feature}'`, one.window) };
  });
  const plan = compiled(where, {
    bucketMs: durationMs(`${where}: bucket`, definition.bucket),
    allowedLatenessMs: source.allowedLatenessMs,
    idsMax: source.idsPerEntity,
    fields: source.features.map((field) => ({ name: field.name, kind: field.type === 'string' ? 'hash' : 'number' })),
    features: aggregations,
  });
  const meaning = [definition.entity.name, definition.placement ?? 'sharded', source.name, String(source.version)];
  const schema = schemaOf(
    'view',
    name,
    definition.version,
    meaning,
    Object.fromEntries(
      Object.entries(features).map(([feature, one], i) => {
        const { type } = definitionOf(one, source);
        const signature = `${one.op}(${one.field ?? ''},${aggregations[i]!.windowMs}):${type}`;
        return [feature, { ...definitionOf(one, source), signature }];
      }),
    ),
    [definition.entity.key, EVENT_TIME_FIELD],
  );
  const longestMs = Math.max(...aggregations.map((one) => one.windowMs));
  const ttlMs = definition.ttl === undefined ? longestMs : durationMs(`${where}: ttl`, definition.ttl);
  const state = JSON.stringify([name, schema.version, ...meaning, plan.stateSignature]);
  return viewOf(schema, definition.entity, ttlMs, definition.placement, {
    stream: source,
    plan,
    stateHash: hashText(state, 0),
  });
}
