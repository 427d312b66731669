/** Loads a user's app: `features.ts` in the app's directory, whose default export is what `defineApp` returned. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import { invalid } from '../../proto/errors.ts';
import { type App, defineApp } from './views.ts';

const FILES = ['features.ts', 'features.mts', 'features.js', 'features.mjs'];

/**
 * `packageEntry`: file that `import … from 'dovetail'` means in the app. An app without a features file defines no
 * views. Rejects with INVALID_ARGUMENT for a directory that is missing or a file that can't be loaded.
 */
export async function loadApp(directory: string, packageEntry: string): Promise<App> {
  const root = resolve(directory);
  const entry = await stat(root).catch(() => null);
  if (entry === null || !entry.isDirectory())
    throw invalid(`--app ${directory} is not a directory; give one that holds features.ts and models/`);
  for (const name of FILES) {
    const path = join(root, name);
    if ((await stat(path).catch(() => null)) !== null) return importApp(path, packageEntry);
  }
  return defineApp({ views: [] });
}

async function importApp(path: string, packageEntry: string): Promise<App> {
  const jiti = createJiti(pathToFileURL(path).href, { alias: { dovetail: packageEntry }, interopDefault: true });
  let loaded: { default?: unknown };
  try {
    loaded = await jiti.import<{ default?: unknown }>(path);
  } catch (thrown) {
    throw invalid(`${path} cannot be loaded: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const app = (loaded.default ?? loaded) as Partial<App>;
  if (!(app.versions instanceof Map)) throw invalid(`${path} must export default defineApp({ views: [...] })`);
  return app as App;
}
