import { describe, expect, it } from 'vitest';
import { parseGreeting } from '../../../../cluster/nats-server/probe.ts';
import { RELEASE_VERSION, releaseArchive } from '../../../../cluster/nats-server/release.ts';
import { type ServerConfig, serverConfigText } from '../../../../cluster/nats-server/server-config.ts';
import { isAtLeast, parseVersion, VERSION_MIN } from '../../../../cluster/nats-server/version.ts';
import { ServingError } from '../../../../proto/errors.ts';

const CONFIG: ServerConfig = {
  serverName: 'one',
  host: '127.0.0.1',
  port: 4222,
  storeDir: '/data',
  pidFile: '/data/nats-server.pid',
  maxPayloadBytes: 8_388_608,
  version: [2, 11, 9],
};

describe('versions', () => {
  it('are read from what nats-server prints, pre-releases included', () => {
    expect(parseVersion('nats-server: v2.9.10\n')).toEqual([2, 9, 10]);
    expect(parseVersion('nats-server: v2.11.0-RC.3')).toEqual([2, 11, 0]);
    expect(parseVersion('nats-server: dev')).toBeUndefined();
  });

  it('compare by number, not by text', () => {
    expect(isAtLeast([2, 10, 0], [2, 9, 10])).toBe(true);
    expect(isAtLeast([2, 9, 10], [2, 10, 0])).toBe(false);
    expect(isAtLeast([2, 9, 10], [2, 9, 10])).toBe(true);
    expect(isAtLeast([3, 0, 0], [2, 99, 99])).toBe(true);
  });
});

describe('the pinned release', () => {
  it('has a well-formed, distinct sum for each supported platform', () => {
    const targets = [
      ['linux', 'x64', 'linux-amd64'],
      ['linux', 'arm64', 'linux-arm64'],
      ['darwin', 'x64', 'darwin-amd64'],
      ['darwin', 'arm64', 'darwin-arm64'],
    ] as const;
    const sums = new Set<string>();
    for (const [platform, arch, target] of targets) {
      const archive = releaseArchive(platform, arch);
      expect(archive?.urlPath).toBe(`v${RELEASE_VERSION.join('.')}/${archive?.name}.tar.gz`);
      expect(archive?.name.endsWith(target)).toBe(true);
      expect(archive?.sha256).toMatch(/^[0-9a-f]{64}$/);
      sums.add(archive?.sha256 ?? '');
    }
    expect(sums.size).toBe(4);
    expect(isAtLeast(RELEASE_VERSION, VERSION_MIN)).toBe(true);
  });

  it('does not exist for platforms without a sum', () => {
    expect(releaseArchive('win32', 'x64')).toBeUndefined();
    expect(releaseArchive('linux', 'ia32')).toBeUndefined();
  });
});

describe('the configuration file', () => {
  it('asks for a sync of every write from 2.10 on, and not of older servers, which refuse the field', () => {
    expect(serverConfigText(CONFIG)).toContain('sync_interval: always');
    expect(serverConfigText({ ...CONFIG, version: [2, 10, 0] })).toContain('sync_interval: always');
    expect(serverConfigText({ ...CONFIG, version: [2, 9, 25] })).not.toContain('sync_interval');
  });

  it('refuses a data directory that would break out of its line', () => {
    expect(() => serverConfigText({ ...CONFIG, storeDir: '/data\nport: 1' })).toThrow(ServingError);
    expect(serverConfigText({ ...CONFIG, storeDir: '/a"b\\c' })).toContain('store_dir: "/a\\"b\\\\c"');
  });
});

describe('a server greeting', () => {
  it('is read from INFO, and anything else is not one', () => {
    expect(parseGreeting('INFO {"server_name":"a","version":"2.9.10","jetstream":true}')).toEqual({
      serverName: 'a',
      version: '2.9.10',
      jetstream: true,
    });
    expect(parseGreeting('INFO {}')).toEqual({ serverName: '', version: '', jetstream: false });
    expect(parseGreeting('INFO null')).toBeUndefined();
    expect(parseGreeting('INFO {')).toBeUndefined();
    expect(parseGreeting('HTTP/1.1 400 Bad Request')).toBeUndefined();
  });
});
