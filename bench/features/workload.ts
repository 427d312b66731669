/**
 * What the feature benches store and read: a view of fifty floats, with the rows of `../workload.ts`, and a narrow one
 * of four for what is counted in rows alone. The definitions stand here twice, as an app's source and as views of this
 * process; the shards refuse rows whose schema differs, so the two cannot drift apart unnoticed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_TIME_FIELD } from '../../cluster/catalog/views.ts';
import { defineApp, entity, float32, view } from '../../index.ts';
import { featureTable, STORED_FEATURES, USERS, userKey } from '../workload.ts';

export const PROFILE = 'profile';
export const COUNTERS = 'counters';
export const COUNTER_FEATURES = 4;
/** As many as a cluster has unless told otherwise. */
export const PARTITIONS = 256;

const user = entity({ name: 'user', key: 'user_id' });

export const profileView = view({ name: PROFILE, entity: user, features: floats('f', STORED_FEATURES) });
export const countersView = view({ name: COUNTERS, entity: user, features: floats('c', COUNTER_FEATURES) });
export const featureApp = defineApp({ views: [profileView, countersView] });

function floats(prefix: string, count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [prefix + i, float32()]));
}

/** Writes the app of these views, without models, and returns its directory. */
export function writeFeatureApp(workDir: string): string {
  const app = join(workDir, 'feature-app');
  mkdirSync(app, { recursive: true });
  writeFileSync(
    join(app, 'features.mjs'),
    `import { defineApp, entity, float32, view } from 'dovetail';
const user = entity({ name: 'user', key: 'user_id' });
const floats = (prefix, count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [prefix + i, float32()]));
export default defineApp({ views: [
  view({ name: '${PROFILE}', entity: user, features: floats('f', ${STORED_FEATURES}) }),
  view({ name: '${COUNTERS}', entity: user, features: floats('c', ${COUNTER_FEATURES}) }),
] });
`,
  );
  return app;
}

const TABLE = featureTable();

/** Stored value `feature` of `user`, as float32. */
export function storedValue(user: number, feature: number): number {
  return TABLE[user * STORED_FEATURES + feature]!;
}

/** The row of a user as it is pushed. `first`: another value for the first feature; `eventMs`: when it was true. */
export function profileRow(user: number, first?: number, eventMs?: number): Record<string, unknown> {
  const row: Record<string, unknown> = { user_id: userKey(user) };
  if (eventMs !== undefined) row[EVENT_TIME_FIELD] = new Date(eventMs).toISOString();
  for (let feature = 0; feature < STORED_FEATURES; feature++) row[`f${feature}`] = storedValue(user, feature);
  if (first !== undefined) row['f0'] = first;
  return row;
}

/** Users of one push after another, each of `count`, walking over all of them. */
export function usersOfPush(push: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (push * count + i) % USERS);
}
