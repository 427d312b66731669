import { describe, expect, it } from 'vitest';
import { configFlags, readConfig, SETTINGS, type SettingName } from '../../../cluster/config.ts';
import { ServingError } from '../../../proto/errors.ts';

const names = Object.keys(SETTINGS) as SettingName[];

function refusal(flags: Record<string, string>, env: Record<string, string> = {}): string {
  try {
    readConfig(flags, env);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ServingError);
    expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
    return (thrown as ServingError).message;
  }
  throw new Error(`accepted ${JSON.stringify({ flags, env })}`);
}

describe('the settings', () => {
  it('have defaults that hold together and are what their own flags take', () => {
    const config = readConfig({}, {});
    for (const name of names) expect(config[name]).toEqual(SETTINGS[name].default);
    const flags = Object.fromEntries(names.map((name) => [SETTINGS[name].flag, String(SETTINGS[name].default)]));
    expect(readConfig(flags, {})).toEqual(config);
  });

  it('have a flag, a variable and an explanation each, none twice', () => {
    const settings = Object.values(SETTINGS);
    expect(new Set(settings.map(({ flag }) => flag)).size).toBe(settings.length);
    expect(new Set(settings.map(({ env }) => env)).size).toBe(settings.length);
    for (const [name, { flag, env, help }] of Object.entries(SETTINGS)) {
      expect(flag).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(env).toMatch(/^(DOVETAIL|NATS)_[A-Z_]+$/);
      expect(help.length, name).toBeGreaterThan(10);
    }
  });

  it('say their unit in their name where they are times or sizes', () => {
    for (const name of names) {
      if (/timeout|after|drain|heartbeat|lease/i.test(name)) expect(name).toMatch(/Ms(Max)?$/);
      if (/body|envelope/i.test(name)) expect(name).toMatch(/Bytes(Max)?$/);
    }
  });

  it('come from the flag, else the environment, else the default', () => {
    expect(readConfig({}, { DOVETAIL_HTTP_PORT: '18000' }).httpPort).toBe(18_000);
    expect(readConfig({ 'http-port': '18001' }, { DOVETAIL_HTTP_PORT: '18000' }).httpPort).toBe(18_001);
    expect(readConfig({}, { DOVETAIL_HTTP_PORT: '' }).httpPort).toBe(SETTINGS.httpPort.default);
    expect(readConfig({}, { NATS_URL: 'nats://n:1' }).natsUrl).toBe('nats://n:1');
    expect(readConfig({ app: '' }, { DOVETAIL_APP: 'x' }).app).toBe('');
  });

  it('take whole numbers inside their range only, and say which flag or variable is wrong', () => {
    for (const text of ['', ' ', '-1', '1.5', '1e3', '0x10', 'eight', '65536', 'NaN', 'Infinity', '9'.repeat(400)]) {
      expect(refusal({ 'http-port': text })).toBe(
        `--http-port must be a whole number from 0 to 65535, got "${text.slice(0, 80)}"`,
      );
    }
    expect(refusal({}, { DOVETAIL_SHARDS: '0' })).toBe('DOVETAIL_SHARDS must be a whole number from 1 to 64, got "0"');
    expect(readConfig({ 'http-port': '0' }, {}).httpPort).toBe(0);
    expect(readConfig({ 'http-port': '65535' }, {}).httpPort).toBe(65_535);
  });

  it('take durations with a unit or in milliseconds, inside their range, and 0', () => {
    const interval = (text: string) => readConfig({ 'snapshot-interval': text }, {}).snapshotIntervalMs;
    expect(['0', '0m', '90s', '15m', '6h', '7d', '2500ms', '900000'].map(interval)).toEqual([
      0, 0, 90_000, 900_000, 21_600_000, 604_800_000, 2_500, 900_000,
    ]);
    for (const text of ['', '15', '-1m', '15 m', '1.5h', 'm', '15minutes', '400d', '9'.repeat(400)])
      expect(refusal({ 'snapshot-interval': text })).toMatch(
        /^--snapshot-interval must be 0, or a duration from 1s to 366d/,
      );
    expect(refusal({ 'log-retention': '59s' })).toContain('from 60s');
  });

  it('take one of a list exactly as it is written', () => {
    expect(readConfig({ 'log-level': 'debug' }, {}).logLevel).toBe('debug');
    expect(refusal({ 'log-level': 'DEBUG' })).toBe(
      '--log-level must be one of debug, info, warn, error, silent, got "DEBUG"',
    );
  });

  it.each([
    ['beats as slow as suspicion', { 'heartbeat-ms': '300' }, 'or healthy processes are given up'],
    ['suspicion as slow as death', { 'suspect-after-ms': '700' }, '--suspect-after-ms (700) < --dead-after-ms (700)'],
    [
      'a default deadline past the longest',
      { 'request-timeout-ms': '90000' },
      '--request-timeout-ms (90000) must not exceed --request-timeout-ms-max (60000)',
    ],
    ['a cluster name that is no name', { cluster: 'a b' }, '--cluster "a b" must start with a letter'],
  ])('are refused where they contradict each other: %s', (_what, flags, message) => {
    expect(refusal(flags)).toContain(message);
  });

  it('are handed to a child process as the flags that mean the same', () => {
    const config = readConfig({ 'http-port': '18001', app: 'my/app', cluster: 'prod' }, { DOVETAIL_DRAIN_MS: '7' });
    const flags = configFlags(config, names);
    const parsed: Record<string, string> = {};
    for (let i = 0; i < flags.length; i += 2) parsed[flags[i]!.replace(/^--/, '')] = flags[i + 1]!;
    expect(readConfig(parsed, {})).toEqual(config);
    expect(configFlags(config, ['natsUrl', 'httpPort'])).toEqual(['--http-port', '18001']);
  });

  it('that are durations are taken with their unit or in ms, and refused outside of their bounds', () => {
    const interval = (text: string) => readConfig({ 'sweep-interval': text }, {}).sweepIntervalMs;
    expect(readConfig({}, {})).toMatchObject({ sweepIntervalMs: 600_000, tombstoneRetentionMs: 604_800_000 });
    expect(['10m', '90s', '1.5h', '2000', ' 2d '].map(interval)).toEqual([
      600_000, 90_000, 5_400_000, 2_000, 172_800_000,
    ]);
    for (const text of ['', '10', '10 m', 'm', '-5s', '1e9d', '999ms', '21d', 'NaN'])
      expect(() => interval(text)).toThrow(/--sweep-interval must be a duration such as 7d/);
  });
});
