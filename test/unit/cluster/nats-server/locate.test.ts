import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../cluster/clock.ts';
import type { FetchLike } from '../../../../cluster/nats-server/download.ts';
import { cacheDirectory, type LocateOptions, locateNatsServer } from '../../../../cluster/nats-server/locate.ts';
import type { ReleaseArchive } from '../../../../cluster/nats-server/release.ts';
import { type CommandResult, type RunCommand, runCommand } from '../../../../cluster/nats-server/run-command.ts';
import { ServingError } from '../../../../proto/errors.ts';

const NAME = 'nats-server-v2.11.9-linux-amd64';
const URL = `https://releases.test/v2.11.9/${NAME}.tar.gz`;

let root: string;
let binDir: string;
let cacheDir: string;
let archive: ReleaseArchive;
let archiveBytes: Buffer;
let commands: string[];
let fetched: string[];

/** Stands in for a binary: a script that says its version, so that real execution and real tar are used. */
async function writeBinary(path: string, version: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'locate-'));
  binDir = join(root, 'bin');
  cacheDir = join(root, 'cache');
  await mkdir(binDir);
  await mkdir(join(root, NAME));
  await writeBinary(join(root, NAME, 'nats-server'), '2.11.9');
  const tar = await runCommand('tar', ['-czf', join(root, 'a.tgz'), '-C', root, NAME], { timeoutMs: 10_000 });
  expect(tar.failure).toBe('');
  archiveBytes = await readFile(join(root, 'a.tgz'));
  archive = {
    name: NAME,
    sha256: createHash('sha256').update(archiveBytes).digest('hex'),
    urlPath: `v2.11.9/${NAME}.tar.gz`,
    member: `${NAME}/nats-server`,
  };
  commands = [];
  fetched = [];
});

afterEach(() => rm(root, { recursive: true, force: true }));

const serveArchive: FetchLike = async (url) => {
  fetched.push(url);
  return new Response(new Uint8Array(archiveBytes));
};

const closedNetwork: FetchLike = async (url) => {
  fetched.push(url);
  throw new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND releases.test') });
};

const ok: CommandResult = { code: 0, stdout: '', stderr: '', failure: '' };

/** Runs everything for real except apt-get and systemctl, which `install` answers for. */
function recordingRun(install: (command: string) => Promise<CommandResult> | CommandResult): RunCommand {
  return async (file, args, options) => {
    if (file !== 'apt-get' && file !== 'systemctl') return await runCommand(file, args, options);
    const command = [file, ...args.filter((arg, i) => arg !== '-o' && args[i - 1] !== '-o')].join(' ');
    commands.push(command);
    return await install(command);
  };
}

function locate(overrides: Partial<LocateOptions> = {}) {
  return locateNatsServer({
    clock: systemClock,
    env: { PATH: binDir, DOVETAIL_CACHE_DIR: cacheDir },
    platform: 'linux',
    arch: 'x64',
    isRoot: false,
    homeDir: root,
    extraPath: [],
    archive,
    releaseBaseUrl: 'https://releases.test',
    fetch: serveArchive,
    run: recordingRun(() => ok),
    systemdRuns: () => false,
    ...overrides,
  });
}

async function failure(promise: Promise<unknown>): Promise<ServingError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ServingError);
  return thrown as ServingError;
}

describe('locating nats-server', () => {
  it('takes the one on PATH before anything else, and touches neither network nor cache', async () => {
    await writeBinary(join(binDir, 'nats-server'), '2.9.10');
    await mkdir(cacheDir);
    await writeBinary(join(cacheDir, NAME), '2.11.9');
    expect(await locate()).toEqual({ path: join(binDir, 'nats-server'), source: 'path' });
    expect(fetched).toEqual([]);
  });

  it('finds a binary in the folders that are searched after PATH', async () => {
    const sbin = join(root, 'sbin');
    await mkdir(sbin);
    await writeBinary(join(sbin, 'nats-server'), '2.10.7');
    expect(await locate({ extraPath: [sbin] })).toEqual({ path: join(sbin, 'nats-server'), source: 'path' });
  });

  it('takes the cached binary before the network', async () => {
    await mkdir(cacheDir);
    await writeBinary(join(cacheDir, NAME), '2.11.9');
    expect(await locate()).toEqual({ path: join(cacheDir, NAME), source: 'cache' });
    expect(fetched).toEqual([]);
  });

  it('passes over a server on PATH that is too old', async () => {
    await writeBinary(join(binDir, 'nats-server'), '2.1.9');
    expect((await locate()).source).toBe('release');
  });

  it('passes over a cached file that does not run', async () => {
    await mkdir(cacheDir);
    await writeFile(join(cacheDir, NAME), 'not a program');
    await chmod(join(cacheDir, NAME), 0o755);
    expect((await locate()).source).toBe('release');
  });

  it('downloads the pinned release, keeps only the binary, and finds it in the cache the next time', async () => {
    const lines: string[] = [];
    const first = await locate({ progress: (line) => lines.push(line) });
    expect(first).toEqual({ path: join(cacheDir, NAME), source: 'release' });
    expect(fetched).toEqual([URL]);
    expect(await readdir(cacheDir)).toEqual([NAME]);
    expect(lines[0]).toBe(`downloading ${URL}`);
    expect(await locate()).toEqual({ path: join(cacheDir, NAME), source: 'cache' });
    expect(fetched).toHaveLength(1);
  });

  it('refuses an archive with another checksum before unpacking it, and leaves nothing in the cache', async () => {
    archiveBytes = Buffer.concat([archiveBytes, Buffer.from('x')]);
    const unpacked: string[] = [];
    const run: RunCommand = (file, args, options) => {
      unpacked.push(file);
      return runCommand(file, args, options);
    };
    const error = await failure(locate({ run }));
    expect(error.message).toContain(`not the pinned ${archive.sha256}`);
    expect(unpacked).not.toContain('tar');
    await expect(readdir(cacheDir)).rejects.toThrow('ENOENT');
  });

  it('refuses an archive that does not hold the binary, and leaves nothing in the cache', async () => {
    const error = await failure(locate({ archive: { ...archive, member: 'elsewhere/nats-server' } }));
    expect(error.message).toContain('tar cannot unpack');
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it("falls through to Debian's package where the network is closed and we are root", async () => {
    await writeBinary(join(binDir, 'apt-get'), '0.0.0');
    const run = recordingRun(async (command) => {
      if (command.includes(' install ')) await writeBinary(join(binDir, 'nats-server'), '2.9.10');
      return ok;
    });
    const found = await locate({ fetch: closedNetwork, isRoot: true, run });
    expect(found).toEqual({ path: join(binDir, 'nats-server'), source: 'debian' });
    expect(fetched).toEqual([URL]);
    expect(commands).toEqual(['apt-get update', 'apt-get install -y --no-install-recommends nats-server']);
  });

  it('stops the service that the package starts under systemd', async () => {
    await writeBinary(join(binDir, 'apt-get'), '0.0.0');
    const run = recordingRun(async (command) => {
      if (command.includes(' install ')) await writeBinary(join(binDir, 'nats-server'), '2.9.10');
      return ok;
    });
    await locate({ fetch: closedNetwork, isRoot: true, run, systemdRuns: () => true });
    expect(commands.at(-1)).toBe('systemctl disable --now nats-server.service');
  });

  it('installs even where the update before failed', async () => {
    await writeBinary(join(binDir, 'apt-get'), '0.0.0');
    const run = recordingRun(async (command) => {
      if (command.endsWith('update')) return { ...ok, code: 100, failure: 'exit status 100: no such source' };
      await writeBinary(join(binDir, 'nats-server'), '2.9.10');
      return ok;
    });
    expect((await locate({ fetch: closedNetwork, isRoot: true, run })).source).toBe('debian');
  });

  it('leaves apt-get alone where we are not root', async () => {
    await writeBinary(join(binDir, 'apt-get'), '0.0.0');
    const error = await failure(locate({ fetch: closedNetwork }));
    expect(commands).toEqual([]);
    expect(error.message).toContain('needs root');
  });

  it('says in one error what each step met, how to install it on each platform, and the alternative', async () => {
    await writeBinary(join(binDir, 'nats-server'), '2.1.9');
    await writeBinary(join(binDir, 'apt-get'), '0.0.0');
    const run = recordingRun(() => ({ ...ok, code: 100, failure: 'exit status 100: Unable to locate package' }));
    const error = await failure(locate({ fetch: closedNetwork, isRoot: true, run }));
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.stage).toBe('edge');
    expect(error.message).toMatch(/ {2}path .*is 2\.1\.9; 2\.9\.0 or newer is needed/);
    expect(error.message).toMatch(/ {2}cache .*is not there/);
    expect(error.message).toMatch(/ {2}release .*getaddrinfo ENOTFOUND releases\.test/);
    expect(error.message).toMatch(/ {2}debian .*Unable to locate package/);
    for (const text of ['apt-get install', 'dnf install', 'brew install', 'winget install', 'docker run']) {
      expect(error.message).toContain(text);
    }
    expect(error.message).toContain('--nats-url');
    expect(error.message).toContain('NATS_URL');
  });

  it('downloads nothing for a platform without a pinned sum, and names its install line first', async () => {
    const error = await failure(locate({ platform: 'win32', archive: undefined }));
    expect(fetched).toEqual([]);
    expect(error.message).toContain('no release is pinned for win32 on x64');
    expect(error.message.indexOf('winget')).toBeLessThan(error.message.indexOf('apt-get install'));
  });

  it('goes on where the cache directory cannot be made', async () => {
    await writeFile(cacheDir, 'a file where the directory should be');
    const error = await failure(locate());
    expect(error.message).toMatch(/ {2}release .*(EEXIST|ENOTDIR)/);
    expect(error.message).toMatch(/ {2}debian /);
  });
});

describe('the cache directory', () => {
  it('is DOVETAIL_CACHE_DIR, else under XDG_CACHE_HOME, else under ~/.cache', () => {
    expect(cacheDirectory({ DOVETAIL_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' }, '/home/u')).toBe('/a');
    expect(cacheDirectory({ DOVETAIL_CACHE_DIR: '', XDG_CACHE_HOME: '/b' }, '/home/u')).toBe('/b/dovetail');
    expect(cacheDirectory({}, '/home/u')).toBe('/home/u/.cache/dovetail');
  });
});
