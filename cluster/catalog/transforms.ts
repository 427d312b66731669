/**
 * On-demand transforms: columns of a model that are worked out at the moment of the request, from features, from what the
 * request carries and from the time. The same functions run in the shard, in training sets and in replay, so they must
 * be pure: the same arguments give the same result.
 */
import { invalid } from '../../proto/errors.ts';
import { checkName } from '../../proto/names.ts';
import type { DataType } from '../../proto/tensor.ts';
import { versionKey } from './app.ts';
import type { Feature, View } from './views.ts';

/** One argument of `compute`; `Value` is only for the compiler. */
export type TransformInput<Value = unknown> = (
  | { readonly kind: 'feature'; readonly view: string; readonly feature: string }
  | { readonly kind: 'request'; readonly request: string }
  | { readonly kind: 'now' }
) & { readonly value?: Value };

export type Transform = {
  readonly name: string;
  readonly inputs: Readonly<Record<string, TransformInput>>;
  /** Given to the model where the result is not a finite number. */
  readonly default: number;
  readonly description: string;
  readonly compute: (values: never) => number | boolean;
};

/** What a model's input may be made of, for the compiler: the field names of a view. */
type FeatureName<V> =
  V extends View<infer Row> ? ([Row] extends [never] ? string : Exclude<keyof Row, 'event_time'>) : string;

type FeatureValueOf<V, Name> =
  V extends View<infer Row>
    ? [Row] extends [never]
      ? number
      : Name extends keyof Row
        ? Widened<NonNullable<Row[Name]>>
        : number
    : number;

/** Whole numbers arrive as numbers (exact up to 2^53), coded text as its word or its code. */
type Widened<T> = T extends readonly number[]
  ? readonly number[]
  : T extends boolean
    ? boolean
    : T extends string
      ? string | number
      : number;

/** A feature of a view, or its default where nothing is stored. */
export function feature<V extends View, Name extends FeatureName<V> & string>(
  view: V,
  name: Name,
): TransformInput<FeatureValueOf<V, Name>> {
  if (!view.featureByName.has(name)) throw invalid(`view '${view.name}' has no feature '${name}' for a transform`);
  return { kind: 'feature', view: versionKey(view), feature: name };
}

/** A request input, one value a row, whose type the model's manifest says; `as` tells the compiler what it will be. */
export function request(name: string, as?: 'number'): TransformInput<number>;
export function request(name: string, as: 'boolean'): TransformInput<boolean>;
export function request(name: string, as: 'text'): TransformInput<string>;
export function request(name: string): TransformInput<never> {
  checkName('request input', name);
  return { kind: 'request', request: name };
}

/** The moment as of which features are read, ms since 1970. */
export function now(): TransformInput<number> {
  return { kind: 'now' };
}

type Values<Inputs> = { readonly [K in keyof Inputs]: Inputs[K] extends TransformInput<infer Value> ? Value : never };

/**
 * A column for models, named by `{"transform": "<name>"}` among the columns of a manifest. `compute` returns a finite
 * number (or true, false for 1, 0); for anything else `default` (0 where not said) is used, and the answer says so.
 * Throws INVALID_ARGUMENT for a definition that can't be served.
 */
export function onDemand<const Inputs extends Readonly<Record<string, TransformInput>>>(definition: {
  name: string;
  inputs: Inputs;
  default?: number;
  description?: string;
  compute: (values: Values<Inputs>) => number | boolean;
}): Transform {
  const { name, inputs, compute, description = '' } = definition;
  checkName('transform', name);
  if (typeof compute !== 'function') throw invalid(`transform '${name}' needs a function 'compute'`);
  if (Object.prototype.toString.call(compute) === '[object AsyncFunction]')
    throw invalid(`transform '${name}': 'compute' must not be async; it has to return a number, not a promise of one`);
  const fallback = definition.default ?? 0;
  if (!Number.isFinite(Math.fround(fallback))) throw invalid(`transform '${name}': default must be a finite float32`);
  for (const argument of Object.keys(inputs)) checkName(`transform '${name}': input`, argument);
  return { name, inputs, default: fallback, description, compute: compute as Transform['compute'] };
}

/** One argument with the place that its values come from. */
export type PlannedArgument =
  | {
      readonly name: string;
      readonly kind: 'feature';
      readonly read: number;
      readonly feature: Feature;
      readonly bit: number;
    }
  | { readonly name: string; readonly kind: 'request'; readonly from: number; readonly datatype: DataType }
  | { readonly name: string; readonly kind: 'now' };

/** A transform whose result fills one column of a model's input. */
export type PlannedTransform = {
  readonly transform: Transform;
  readonly arguments: readonly PlannedArgument[];
  readonly input: number;
  readonly targetOffset: number;
  readonly targetType: DataType;
  /** Bit in the row's `defaulted` bitmap. */
  readonly bit: number;
};
