/**
 * Models on disk, in the layout people know:
 *
 *     models/<name>/model.json            manifest, optional
 *     models/<name>/<version>/model.onnx
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultManifest, type Manifest, parseManifest } from '../../cluster/catalog/manifest.ts';
import { byNumber } from '../../cluster/catalog/model-directory.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import { isName, isVersion } from '../../proto/names.ts';

export type ModelFile = {
  readonly name: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly path: string;
};

/** A directory that can't be served, and why. */
export type Unusable = { readonly name: string; readonly version: string | null; readonly problem: ServingError };

export const MODEL_FILE = 'model.onnx';
export const MODEL_BYTES_MAX = 2 * 1024 ** 3;
const MANIFEST_BYTES_MAX = 1024 ** 2;
/** Only the newest versions of a model are served. */
export const VERSIONS_SERVED_MAX = 8;

/**
 * Every servable version, and what is wrong with the rest; none where there is no directory: an app may be features alone.
 * Rejects with UNAVAILABLE where the directory can't be read.
 */
export async function scanModels(directory: string): Promise<{ models: ModelFile[]; unusable: Unusable[] }> {
  let entries: string[];
  try {
    entries = (await readdir(directory, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return { models: [], unusable: [] };
    throw new ServingError('UNAVAILABLE', 'run', `cannot read the model directory ${directory}: ${String(thrown)}`, {
      cause: thrown,
    });
  }
  const models: ModelFile[] = [];
  const unusable: Unusable[] = [];
  for (const name of entries.sort()) {
    try {
      models.push(...(await scanModel(join(directory, name), name, unusable)));
    } catch (thrown) {
      if (!(thrown instanceof ServingError)) throw thrown;
      unusable.push({ name, version: null, problem: thrown });
    }
  }
  return { models, unusable };
}

async function scanModel(directory: string, name: string, unusable: Unusable[]): Promise<ModelFile[]> {
  if (!isName(name))
    throw invalid(`directory '${name}' is no model name (a letter, then letters, digits, '_', '-')`, 'run');
  const manifest = await readManifest(directory, name);
  const versions = (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && isVersion(entry.name))
    .map((entry) => entry.name)
    .sort(byNumber)
    .slice(-VERSIONS_SERVED_MAX);
  if (versions.length === 0)
    throw invalid(`model '${name}' has no version directory such as ${name}/1/${MODEL_FILE}`, 'run');
  const found: ModelFile[] = [];
  for (const version of versions) {
    const path = join(directory, version, MODEL_FILE);
    const problem = await fileProblem(path);
    if (problem === null) found.push({ name, version, manifest, path });
    else unusable.push({ name, version, problem: invalid(`${name}/${version}/${MODEL_FILE} ${problem}`, 'run') });
  }
  return found;
}

async function readManifest(directory: string, name: string): Promise<Manifest> {
  const path = join(directory, 'model.json');
  const size = await stat(path).then(
    (entry) => entry.size,
    () => null,
  );
  if (size === null) return defaultManifest(name);
  if (size > MANIFEST_BYTES_MAX)
    throw invalid(`model.json of '${name}' has ${size} bytes; at most ${MANIFEST_BYTES_MAX}`, 'run');
  return parseManifest(await readFile(path, 'utf8'), name);
}

async function fileProblem(path: string): Promise<string | null> {
  const entry = await stat(path).catch(() => null);
  if (entry === null) return 'is missing';
  if (!entry.isFile()) return 'is not a file';
  if (entry.size === 0) return 'is empty';
  if (entry.size > MODEL_BYTES_MAX) return `has ${entry.size} bytes; at most ${MODEL_BYTES_MAX}`;
  return null;
}

/** SHA-256 of a file, hex, read in pieces. */
export function sha256Of(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    createReadStream(path)
      .on('data', (chunk) => hash.update(chunk))
      .on('error', reject)
      .on('end', () => resolve(hash.digest('hex')));
  });
}
