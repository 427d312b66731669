/** House rules that a reader would otherwise have to check by hand, over every file that is written here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../cluster/config.ts';
import { ERROR_RULES } from '../../proto/errors.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** This file names what it forbids. */
const SELF = relative(ROOT, fileURLToPath(import.meta.url))
  .split(sep)
  .join('/');
const LINES_MAX = 400;
const TEST_LINES_MAX = 600;

type File = { readonly path: string; readonly text: string };

/** What .gitignore names: made here, not written here. */
const IGNORED = new Set(['node_modules', 'dist', '.git', '.dovetail', 'coverage', '.venv', '__pycache__']);

/** Every file under the root, as paths with slashes. Asks no git: an unpacked archive is checked too. */
function walk(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (IGNORED.has(entry.name)) return [];
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() && !/\.(log|cpuprofile)$/.test(entry.name) ? [path] : [];
  });
}

const paths = walk();
const read = (path: string): File => ({ path, text: readFileSync(join(ROOT, path), 'utf8') });
const binary = /\.(onnx|png|gz|wasm)$/;
const texts = paths.filter((path) => !binary.test(path)).map(read);
const generated = (path: string) => path.startsWith('proto/generated/');
const sources = texts.filter(({ path }) => /\.(ts|js|mjs)$/.test(path) && !generated(path));
const inFolder = (...folders: string[]) => sources.filter(({ path }) => folders.includes(path.split('/')[0]!));
const product = [
  ...inFolder('proto', 'cluster', 'actors', 'cli'),
  ...sources.filter(({ path }) => path === 'index.ts'),
];

/** Source without its comments; lines keep their numbers. */
function code(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/[^\n]*/g, '$1');
}

/** `path:line` of each match. */
function places(files: readonly File[], pattern: RegExp, strip = true): string[] {
  return files.flatMap(({ path, text }) =>
    (strip ? code(text) : text).split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
  );
}

/** What a file imports, for its types or its values, at the top or later. */
function imports({ text }: File): string[] {
  const found = code(text).matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\1/g);
  return [...found].map((match) => match[2]!);
}

describe('the source', () => {
  it('is there to be checked', () => {
    expect(product.length).toBeGreaterThan(80);
    expect(inFolder('test').length).toBeGreaterThan(40);
    expect(product.flatMap(imports).length).toBeGreaterThan(300);
  });

  it('takes time and chance as arguments in cluster/ and actors/', () => {
    const keepers = ['cluster/clock.ts', 'cluster/random.ts'];
    const files = inFolder('cluster', 'actors').filter(({ path }) => !keepers.includes(path));
    const banned =
      /\b(Date\.now|new Date\(\)|performance\.now|process\.hrtime|Math\.random|randomUUID|randomBytes|(?<![.\w])(?:setTimeout|setInterval|setImmediate)\s*\()/;
    expect(places(files, banned)).toEqual([]);
    // The check can see what it forbids.
    expect(
      places(
        sources.filter(({ path }) => keepers.includes(path)),
        banned,
      ).length,
    ).toBeGreaterThan(4);
  });

  it('is imported one way: proto, cluster, actors, cli', () => {
    const order = ['proto', 'cluster', 'actors', 'cli'];
    const allowed = new Map(order.map((folder, i) => [folder, order.slice(0, i + 1)]));
    // `demo` plays the fraud example, which the package brings along.
    allowed.get('cli')!.push('examples');
    const folderOf = (path: string) => path.split(sep)[0]!;
    const wrong = inFolder(...order).flatMap((file) =>
      imports(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => folderOf(relative(ROOT, resolve(ROOT, dirname(file.path), specifier))))
        .filter((target) => !allowed.get(folderOf(file.path))!.includes(target))
        .map((target) => `${file.path} imports ${target}/`),
    );
    expect(wrong).toEqual([]);
  });

  it('imports only files that are there', () => {
    const missing = sources.flatMap((file) =>
      imports(file)
        .filter((specifier) => /^\.{1,2}\//.test(specifier) && /\.(ts|js)$/.test(specifier))
        .filter((specifier) => !existsSync(resolve(ROOT, dirname(file.path), specifier)))
        .map((specifier) => `${file.path} imports ${specifier}`),
    );
    // Files of an app that a test writes, or names for an error.
    expect(missing.filter((line) => !line.startsWith('test/'))).toEqual([]);
  });

  it('keeps each engine behind one door', () => {
    const importers = (name: string) => product.filter((file) => imports(file).includes(name)).map(({ path }) => path);
    expect(importers('onnxruntime-node')).toEqual(['actors/model-worker/onnx-engine.ts']);
    expect(importers('lmdb')).toEqual(['actors/feature-shard/replica.ts']);
    expect(importers('@grpc/grpc-js').length).toBeGreaterThan(0);
    expect(importers('@grpc/grpc-js').filter((path) => !path.startsWith('actors/grpc-bridge/'))).toEqual([]);
    expect(importers('nats').length).toBeGreaterThan(0);
    expect(importers('nats').filter((path) => !path.startsWith('cluster/nats/'))).toEqual([]);
  });

  it('has no file that is long enough to hold two jobs', () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > (path.startsWith('test/') ? TEST_LINES_MAX : LINES_MAX))
      .map(({ path, lines }) => `${path} has ${lines} lines`);
    expect(long).toEqual([]);
  });

  it('says at the top of each product file what its job is', () => {
    const silent = product.filter(
      ({ text }) => !/^(#![^\n]*\n)?\/(\*\*|\/) /.test(text.replace(/^\/\*\*\n \*/, '/** ')),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('holds nothing unfinished', () => {
    const files = texts.filter(({ path }) => path !== SELF && !generated(path) && path !== 'package-lock.json');
    expect(places(files, /\b(TODO|FIXME|XXX|HACK)\b/, false)).toEqual([]);
  });

  it('runs every test: none is singled out, none is left out', () => {
    const tests = inFolder('test').filter(({ path }) => path !== SELF);
    expect(places(tests, /\b(it|test|describe|bench)(\.\w+)*\.(only|skip|todo|fails)\b/)).toEqual([]);
  });

  it('leaves no debugging output in the product, but for what the commands print', () => {
    expect(places(inFolder('proto', 'cluster', 'actors'), /\bconsole\.|\bdebugger\b/)).toEqual([]);
  });
});

describe('every file', () => {
  it('is free of registries and of paths of one machine', () => {
    const files = texts.filter(({ path }) => path !== SELF && !generated(path));
    const registry = /registry\.(npmjs|yarnpkg)|npm\.pkg\.github|artifactory|verdaccio|pypi\.org|files\.pythonhosted/i;
    expect(places(files, registry, false)).toEqual([]);
    // Tests make up paths; nobody else has a reason to.
    const machine = /(^|[\s"'`=(:])\/(home|root|Users|work|mnt)\/[A-Za-z0-9._-]+/;
    const elsewhere = files.filter(({ path }) => !path.startsWith('test/'));
    expect(places(elsewhere, machine, false)).toEqual([]);
    expect(places(files, /(^|[\s"'`=(:])\/work\//, false)).toEqual([]);
  });

  it('locks packages by content, not by where they were fetched from', () => {
    const lock = read('package-lock.json').text;
    expect(lock).not.toContain('"resolved"');
    expect(lock.match(/"integrity": "sha512-/g)!.length).toBeGreaterThan(50);
  });
});

describe('the README', () => {
  const readme = existsSync(join(ROOT, 'README.md')) ? readFileSync(join(ROOT, 'README.md'), 'utf8') : '';
  const errors = readme.slice(readme.indexOf('### Errors'), readme.indexOf('## Calling it'));
  const rows = [...errors.matchAll(/^\| `([A-Z_]+)` \|([^\n]*)$/gm)].map(([, code, rest]) => ({
    code: code!,
    rest: rest!,
  }));

  it('has a row for every error code, with its status, and for no other', () => {
    expect(rows.map(({ code: one }) => one).sort()).toEqual(Object.keys(ERROR_RULES).sort());
    for (const { code: one, rest } of rows) {
      expect(rest, one).toContain(` ${ERROR_RULES[one as keyof typeof ERROR_RULES].http} |`);
    }
  });

  it('names only settings that exist', () => {
    const flags = new Set<string>(Object.values(SETTINGS).map(({ flag }) => flag));
    const variables = new Set<string>(Object.values(SETTINGS).map(({ env }) => env));
    const unknown = [...readme.matchAll(/\bDOVETAIL_[A-Z_]+\b/g)]
      .map(([name]) => name)
      .filter((name) => !variables.has(name));
    expect(unknown).toEqual([]);
    expect(
      [...readme.matchAll(/--((?:http|metrics|nats)-port|data-dir|nats-url)\b/g)].every(([, flag]) => flags.has(flag!)),
    ).toBe(true);
  });

  it('links to files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!);
    const local = links.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(ROOT, target)))).toEqual([]);
    // Files and folders named in code spans, as the map of the source does.
    const named = [...readme.matchAll(/`((?:proto|cluster|actors|cli|bench|test|examples)\/[A-Za-z0-9_./-]*)`/g)];
    expect(named.length).toBeGreaterThan(5);
    expect(named.map(([, path]) => path!).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
