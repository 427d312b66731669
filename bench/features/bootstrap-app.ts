/** What the bootstrap bench stores: rows of fifty floats, in partitions that the source has and the target lacks. */
import { defineApp, entity, float32, view } from '../../index.ts';

export const FEATURES = 50;

export const bootstrapView = view({
  name: 'profile',
  entity: entity({ name: 'user', key: 'user_id' }),
  features: Object.fromEntries(Array.from({ length: FEATURES }, (_, i) => [`f${i}`, float32()])),
});

export const bootstrapApp = defineApp({ views: [bootstrapView] });

/** When the stream of these rows was created, as far as anybody is told. */
export const STREAM = '2026-01-01T00:00:00Z';

export type SourceArgument = { readonly natsUrl: string; readonly directory: string; readonly name: string };
