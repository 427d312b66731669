/**
 * Finds a nats-server binary to run: on PATH, in the cache, from the pinned official release, from Debian's package.
 * Each step that fails says why; when all have, one error lists them and says how to install it.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { ServingError } from '../../proto/errors.ts';
import type { Clock } from '../clock.ts';
import { installDebianPackage, systemdRuns } from './debian.ts';
import { download, type FetchLike } from './download.ts';
import { installHelp } from './install-help.ts';
import { ARCHIVE_BYTES_MAX, RELEASE_BASE_URL, type ReleaseArchive, releaseArchive } from './release.ts';
import { type RunCommand, runCommand } from './run-command.ts';
import { checkBinary } from './version.ts';

export type LocatedNatsServer = {
  /** Absolute path of an executable that has answered `--version`. */
  readonly path: string;
  readonly source: 'path' | 'cache' | 'release' | 'debian';
};

/** Only `clock` is needed; the rest replaces a part of the surroundings, for tests and unusual machines. */
export type LocateOptions = {
  readonly clock: Clock;
  /** Told, in whole lines, what takes long or changes the machine. */
  readonly progress?: (line: string) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly platform?: string;
  readonly arch?: string;
  readonly isRoot?: boolean;
  readonly homeDir?: string;
  readonly fetch?: FetchLike;
  readonly run?: RunCommand;
  readonly systemdRuns?: () => boolean;
  /** Folders searched after PATH. */
  readonly extraPath?: readonly string[];
  /** What is downloaded; undefined where no release is pinned for the platform. */
  readonly archive?: ReleaseArchive | undefined;
  readonly releaseBaseUrl?: string;
};

const CONNECT_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** Debian puts the binary into /usr/sbin, which is not on the PATH of ordinary users; Homebrew's folder may be absent. */
const EXTRA_PATH_POSIX = ['/usr/local/bin', '/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin'];

type Surroundings = Required<Omit<LocateOptions, 'archive'>> & { readonly archive: ReleaseArchive | undefined };

/** A found binary's path, or why the step found none. */
type StepResult = { readonly path: string } | { readonly problem: string };

/**
 * The first usable nats-server, downloading or installing one if need be. Rejects with UNAVAILABLE, whose message has
 * a line for each step and the install line for each platform.
 */
export async function locateNatsServer(options: LocateOptions): Promise<LocatedNatsServer> {
  const around = withDefaults(options);
  const steps: readonly [LocatedNatsServer['source'], (around: Surroundings) => Promise<StepResult>][] = [
    ['path', findOnPath],
    ['cache', findInCache],
    ['release', fetchRelease],
    ['debian', installFromDebian],
  ];
  const problems: string[] = [];
  for (const [source, step] of steps) {
    const result = await step(around).catch((thrown: unknown): StepResult => ({ problem: messageOf(thrown) }));
    if ('path' in result) return { path: result.path, source };
    problems.push(`  ${source.padEnd(8)} ${result.problem}`);
  }
  throw new ServingError(
    'UNAVAILABLE',
    'edge',
    `no nats-server was found, and none could be fetched:\n${problems.join('\n')}\n${installHelp(around.platform)}`,
  );
}

function withDefaults(options: LocateOptions): Surroundings {
  const platform = options.platform ?? process.platform;
  const arch = options.arch ?? process.arch;
  return {
    clock: options.clock,
    progress: options.progress ?? (() => {}),
    env: options.env ?? process.env,
    platform,
    arch,
    isRoot: options.isRoot ?? process.getuid?.() === 0,
    homeDir: options.homeDir ?? homedir(),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    run: options.run ?? runCommand,
    systemdRuns: options.systemdRuns ?? systemdRuns,
    extraPath: options.extraPath ?? (platform === 'win32' ? [] : EXTRA_PATH_POSIX),
    archive: 'archive' in options ? options.archive : releaseArchive(platform, arch),
    releaseBaseUrl: options.releaseBaseUrl ?? RELEASE_BASE_URL,
  };
}

/** DOVETAIL_CACHE_DIR, else the XDG base directory specification's place for caches. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>, homeDir: string): string {
  const own = env['DOVETAIL_CACHE_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homeDir, '.cache'), 'dovetail');
}

async function findOnPath(around: Surroundings): Promise<StepResult> {
  const file = around.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
  const problems: string[] = [];
  for (const path of await executablesNamed(around, file)) {
    const check = await checkBinary(around.run, path);
    if ('version' in check) return { path };
    problems.push(check.problem);
  }
  return { problem: problems.length > 0 ? problems.join('; ') : `${file} is not on PATH` };
}

async function executablesNamed(around: Surroundings, file: string): Promise<string[]> {
  const folders = [...(around.env['PATH'] ?? '').split(delimiter), ...around.extraPath];
  const found: string[] = [];
  for (const folder of new Set(folders)) {
    // An empty entry means the working directory to some shells; what lies there by chance is not run.
    if (folder !== '' && (await isExecutable(join(folder, file)))) found.push(resolve(folder, file));
  }
  return found;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function findInCache(around: Surroundings): Promise<StepResult> {
  if (around.archive === undefined) return { problem: noReleaseFor(around) };
  const path = join(cacheDirectory(around.env, around.homeDir), around.archive.name);
  if (!(await isExecutable(path))) return { problem: `${path} is not there` };
  const check = await checkBinary(around.run, path);
  return 'version' in check ? { path } : check;
}

function noReleaseFor(around: Surroundings): string {
  return `no release is pinned for ${around.platform} on ${around.arch}`;
}

async function fetchRelease(around: Surroundings): Promise<StepResult> {
  const { archive } = around;
  if (archive === undefined) return { problem: noReleaseFor(around) };
  const url = `${around.releaseBaseUrl}/${archive.urlPath}`;
  around.progress(`downloading ${url}`);
  let body: Uint8Array;
  try {
    body = await download(around.fetch, around.clock, url, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      totalTimeoutMs: DOWNLOAD_TIMEOUT_MS,
      bytesMax: ARCHIVE_BYTES_MAX,
    });
  } catch (thrown) {
    return { problem: `${url}: ${messageOf(thrown)}` };
  }
  const sha256 = createHash('sha256').update(body).digest('hex');
  if (sha256 !== archive.sha256) {
    return { problem: `${url} has SHA-256 ${sha256}, not the pinned ${archive.sha256}; it was thrown away` };
  }
  return await unpackIntoCache(around, archive, body);
}

/** Unpacks beside the final place and moves the binary there in one step: readers see all of it or nothing. */
async function unpackIntoCache(around: Surroundings, archive: ReleaseArchive, body: Uint8Array): Promise<StepResult> {
  const cacheDir = cacheDirectory(around.env, around.homeDir);
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  const workDir = await mkdtemp(join(cacheDir, '.unpack-'));
  try {
    const archivePath = join(workDir, 'archive.tar.gz');
    await writeFile(archivePath, body);
    const tar = await around.run('tar', ['-xzf', archivePath, '-C', workDir, archive.member], { timeoutMs: 60_000 });
    if (tar.code !== 0) return { problem: `tar cannot unpack ${archive.name}: ${tar.failure}` };
    const unpacked = join(workDir, archive.member);
    await chmod(unpacked, 0o755);
    const check = await checkBinary(around.run, unpacked);
    if ('problem' in check) return check;
    const path = join(cacheDir, archive.name);
    await rename(unpacked, path);
    around.progress(`nats-server is now at ${path}`);
    return { path };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function installFromDebian(around: Surroundings): Promise<StepResult> {
  if (around.platform !== 'linux' || (await executablesNamed(around, 'apt-get')).length === 0) {
    return { problem: 'this system has no apt-get' };
  }
  if (!around.isRoot) return { problem: 'apt-get needs root, and this is another user' };
  const problem = await installDebianPackage(around);
  return problem === undefined ? await findOnPath(around) : { problem };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
