/** An app: all that its `features.ts` defines, found by name. */
import { invalid } from '../../proto/errors.ts';
import type { Stream } from './streams.ts';
import type { Transform } from './transforms.ts';
import type { View } from './views.ts';

export type App = {
  /** By name: of several versions the newest. */
  readonly views: ReadonlyMap<string, View>;
  /** Every version, under `name@version`. */
  readonly versions: ReadonlyMap<string, View>;
  /** Streams of the aggregated views, by name. */
  readonly streams: ReadonlyMap<string, Stream>;
  readonly transforms: ReadonlyMap<string, Transform>;
};

/** Throws INVALID_ARGUMENT where two definitions contradict each other. */
export function defineApp(definition: { views: readonly View[]; transforms?: readonly Transform[] }): App {
  const views = new Map<string, View>();
  const versions = new Map<string, View>();
  const streams = new Map<string, Stream>();
  const byId = new Map<number, View>();
  for (const one of definition.views) {
    const key = versionKey(one);
    if (versions.has(key)) throw invalid(`two views are named '${one.name}'; give one another name or version`);
    const other = byId.get(one.id);
    if (other !== undefined) throw invalid(`views '${key}' and '${versionKey(other)}' have the same id; rename one`);
    byId.set(one.id, one);
    versions.set(key, one);
    if ((views.get(one.name)?.version ?? 0) < one.version) views.set(one.name, one);
    if (one.aggregation !== null) addStream(streams, one.aggregation.stream);
  }
  for (const name of streams.keys()) {
    if (views.has(name)) throw invalid(`a stream and a view are both named '${name}'; rename one`);
  }
  const transforms = new Map<string, Transform>();
  for (const one of definition.transforms ?? []) {
    if (transforms.has(one.name)) throw invalid(`two transforms are named '${one.name}'; rename one`);
    for (const input of Object.values(one.inputs)) {
      if (input.kind === 'feature' && !versions.has(input.view))
        throw invalid(
          `transform '${one.name}' takes '${input.view}.${input.feature}', whose view the app does not have`,
        );
    }
    transforms.set(one.name, one);
  }
  return { views, versions, streams, transforms };
}

function addStream(streams: Map<string, Stream>, one: Stream): void {
  const known = streams.get(one.name);
  if (known !== undefined && known.schemaHash !== one.schemaHash)
    throw invalid(`two streams are named '${one.name}' and differ; an app has one version of a stream at a time`);
  streams.set(one.name, one);
}

export function versionKey(one: { readonly name: string; readonly version: number }): string {
  return `${one.name}@${one.version}`;
}

/** The view named `name` (its newest version) or `name@version`. */
export function findView(app: Pick<App, 'views' | 'versions'>, reference: string): View | undefined {
  return app.views.get(reference) ?? app.versions.get(reference);
}

/** For errors: what there is instead. */
export function viewNames(app: Pick<App, 'views'>): string {
  return [...app.views.keys()].join(', ') || 'none';
}
