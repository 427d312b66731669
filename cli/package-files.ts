/** Where the package's own files lie, compiled (`dist/`) or as source. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** What `import … from 'dovetail'` means. */
export function packageEntry(): string {
  const compiled = join(here, '..', 'index.js');
  return existsSync(compiled) ? compiled : join(here, '..', 'index.ts');
}

/** The directory that holds package.json. */
export function packageRoot(): string {
  let directory = here;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

/** The command-line program, for child processes: Node's arguments before its own. */
export function programArguments(): string[] {
  const compiled = join(here, 'main.js');
  if (existsSync(compiled)) return [compiled];
  return ['--import', 'jiti/register', join(here, 'main.ts')];
}
