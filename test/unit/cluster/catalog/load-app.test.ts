import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadApp } from '../../../../cluster/catalog/load-app.ts';
import { ServingError } from '../../../../proto/errors.ts';

const PACKAGE = fileURLToPath(new URL('../../../../index.ts', import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dovetail-app-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFile(join(directory, name), text);

async function refusal(path = directory): Promise<string> {
  const thrown: unknown = await loadApp(path, PACKAGE).then(
    () => new Error('accepted'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ServingError);
  expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
  return (thrown as ServingError).message;
}

const PROFILE = `
  import { defineApp, entity, int64, view } from 'dovetail';
  const user = entity({ name: 'user', key: 'user_id' });
  const days: number = 90;
  export default defineApp({
    views: [view({ name: 'profile', entity: user, ttl: \`\${days}d\`, features: { age: int64() } })],
  });
`;

describe('loading an app', () => {
  it('reads features.ts as TypeScript, with the package under its own name', async () => {
    await write('features.ts', PROFILE);
    const app = await loadApp(directory, PACKAGE);
    expect(app.views.get('profile')?.ttlMs).toBe(7_776_000_000);
    expect(app.views.get('profile')?.features.map(({ name }) => name)).toEqual(['age']);
  });

  it('takes modules that the features are spread over', async () => {
    await write(
      'user.ts',
      `import { entity } from 'dovetail';\nexport const user = entity({ name: 'user', key: 'user_id' });`,
    );
    const rest = PROFILE.replace(/const user = .*/, "import { user } from './user.ts';");
    await write('features.ts', rest);
    expect((await loadApp(directory, PACKAGE)).views.get('profile')?.entity.key).toBe('user_id');
  });

  it('takes features.js as well', async () => {
    await write('features.mjs', PROFILE.replace(': number', ''));
    expect((await loadApp(directory, PACKAGE)).views.size).toBe(1);
  });

  it('has no views without a features file', async () => {
    expect((await loadApp(directory, PACKAGE)).views.size).toBe(0);
  });

  it('refuses a directory that is not there, and a file in its place', async () => {
    const missing = join(directory, 'nowhere');
    expect(await refusal(missing)).toBe(
      `--app ${missing} is not a directory; give one that holds features.ts and models/`,
    );
    await write('features.ts', PROFILE);
    expect(await refusal(join(directory, 'features.ts'))).toContain('is not a directory');
  });

  it.each([
    ['does not parse', 'export default {'],
    ['throws', "throw new Error('no licence');"],
    ['imports what is not there', "import './gone.ts'; export default {};"],
    ['defines what cannot be served', PROFILE.replace("'profile'", "'../profile'")],
  ])('says which file cannot be loaded, and why, when it %s', async (_what, source) => {
    await write('features.ts', source);
    const message = await refusal();
    expect(message).toContain(`${join(directory, 'features.ts')} cannot be loaded: `);
    expect(message.split('cannot be loaded: ')[1]!.length).toBeGreaterThan(5);
  });

  it.each(['export default 5;', 'export default { views: [] };', 'export const app = 1;', ''])(
    'says what to export when a file exports something else: %s',
    async (source) => {
      await write('features.ts', source);
      expect(await refusal()).toContain('must export default defineApp({ views: [...] })');
    },
  );
});
