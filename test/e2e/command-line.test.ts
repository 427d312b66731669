/** The command line as people and scripts meet it: what it prints, where, and its exit codes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dovetail, eventually, freePorts, TestCluster } from '../support/cluster.ts';
import { golden } from '../support/golden.ts';

// Each starts a process, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const COMMANDS =
  'up node predict push status rollout archive training-set snapshot restore replay dead-letters demo'.split(' ');
const { request } = golden.rows[0]!;

let cluster: TestCluster;
let directory: string;
let url: string[];

beforeAll(async () => {
  cluster = await TestCluster.start();
  url = ['--url', cluster.url];
  directory = mkdtempSync(join(tmpdir(), 'dovetail-cli-'));
});

afterAll(async () => {
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
    rmSync(directory, { recursive: true, force: true });
  }
});

describe('help', () => {
  it.each(['--help', '-h', 'help'])('by "dovetail %s" lists every command on standard output', async (flag) => {
    const { code, stdout, stderr } = await dovetail([flag]);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} +\\S`, 'm'));
  });

  it.each(COMMANDS)('of %s shows its usage, options, examples and exit codes', async (command) => {
    const { code, stdout } = await dovetail([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: dovetail ${command}`);
    expect(stdout).toContain('Options:');
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('Exit codes:');
  });

  it('without any command is shown too, as an error of use', async () => {
    expect(await dovetail([])).toMatchObject({ code: 2, stdout: expect.stringContaining('Commands:') });
  });

  it('says the version of the package', async () => {
    expect(await dovetail(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe('a wrong command line exits with 2 and says what is wrong with', () => {
  it.each([
    ['an unknown command', ['predcit'], 'predict'],
    ['an unknown flag', ['up', '--http-prot', '1'], '--http-prot'],
    ['a port that is no number', ['up', '--http-port', 'eighty'], '--http-port'],
    ['a port out of range', ['up', '--http-port', '70000'], '65535'],
    ['a port that nobody could find', ['up', '--http-port', '0'], '--http-port'],
    ['a flag without its value', ['up', '--http-port'], '--http-port'],
    ['a log level that is none', ['up', '--log-level', 'loud'], 'silent'],
    ['a number of shards that is zero', ['up', '--shards', '0'], '--shards'],
    [
      'deadlines that contradict',
      ['up', '--request-timeout-ms', '5000', '--request-timeout-ms-max', '10'],
      '--request-timeout-ms-max',
    ],
    ['an app that is no directory', ['up', '--app', '/nowhere/at/all'], '--app'],
    ['a device that is none', ['up', '--devices', 'tpu:0'], '--device'],
    ['an argument too many', ['status', 'now'], 'now'],
    ['a missing argument', ['predict'], '<model>'],
    ['inputs that are no JSON', ['predict', 'fraud', '--inputs', '{amount}'], '--inputs'],
    ['inputs that are no object', ['predict', 'fraud', '--inputs', '[1]'], '--inputs'],
    ['a deadline that is no number', ['predict', 'fraud', '--timeout-ms', 'soon'], '--timeout-ms'],
    ['neither row nor file', ['push', 'user_profile'], '--row'],
    ['both row and file', ['push', 'user_profile', '--row', '{}', '--file', 'x'], '--row'],
    ['a row that is no JSON', ['push', 'user_profile', '--row', 'u1'], '--row'],
    ['a role that is none', ['node', '--role', 'cook'], '--role'],
    ['a node without NATS', ['node', '--role', 'shard'], '--nats-url'],
  ] as const)('%s', async (_what, args, named) => {
    const { code, stdout, stderr } = await dovetail(args);
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('predict', () => {
  const inputs = JSON.stringify(request.inputs);

  it('prints the answer as JSON', async () => {
    const { code, stdout } = await dovetail([
      'predict',
      'fraud',
      '--user',
      request.user_id,
      '--inputs',
      inputs,
      ...url,
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outputs: { score: expect.any(Number) },
      model: { name: 'fraud', version: '1' },
    });
  });

  it('describes a model', async () => {
    const { code, stdout } = await dovetail(['predict', 'fraud', '--describe', ...url]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'fraud',
      inputs: expect.arrayContaining([expect.objectContaining({ name: 'amount' })]),
    });
  });

  it.each([
    ['a model that is not there', ['predict', 'fruad', '--user', 'u1', ...['--inputs', '{}']], 1, "no model 'fruad'"],
    [
      'a version that is not there',
      ['predict', 'fraud', '--version', '9', '--user', 'u1', '--inputs', inputs],
      1,
      'version 9',
    ],
    ['an input that is missing', ['predict', 'fraud', '--user', 'u1', '--inputs', '{"amount":1}'], 1, 'missing'],
    [
      'an input of the wrong kind',
      ['predict', 'fraud', '--user', 'u1', '--inputs', inputs.replace('"amount":1.72', '"amount":"much"')],
      1,
      'amount',
    ],
  ] as const)('exits with 1 for %s and says so on standard error', async (_what, args, code, words) => {
    const result = await dovetail([...args, ...url]);
    expect(result.stderr).toContain(words);
    expect(result).toMatchObject({ code, stdout: '' });
  });

  it('exits with 3 where no gateway listens, and says how to start one', async () => {
    const { http } = await freePorts();
    const result = await dovetail(['predict', 'fraud', '--describe', '--url', `http://127.0.0.1:${http}`]);
    expect(result).toMatchObject({ code: 3, stderr: expect.stringContaining('dovetail up') });
  });

  it('finds the gateway by --http-port and by the environment as well', async () => {
    const port = String(cluster.ports.http);
    expect((await dovetail(['predict', 'fraud', '--describe', '--http-port', port])).code).toBe(0);
    expect((await dovetail(['predict', 'fraud', '--describe'], { env: { DOVETAIL_HTTP_PORT: port } })).code).toBe(0);
  });
});

describe('push', () => {
  it('acknowledges a row with its partition and sequence', async () => {
    const { code, stdout } = await dovetail([
      'push',
      'user_profile',
      '--row',
      '{"user_id":"cli-1","payments_total":7}',
      ...url,
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ partition: expect.any(Number), seq: expect.any(Number) });
    await eventually(
      async () => {
        const { json } = await cluster.post('/v1/features/user_profile:get', { keys: ['cli-1'] });
        return (json['rows'] as { values: { payments_total: number } }[])[0]!.values.payments_total === 7;
      },
      () => 'the pushed row is not read',
    );
  });

  it('refuses a bad row with 1 and says why', async () => {
    const { code, stdout, stderr } = await dovetail([
      'push',
      'user_profile',
      '--row',
      '{"user_id":"cli-2","payments_total":"x"}',
      ...url,
    ]);
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('payments_total');
  });

  it('takes a file, keeps the good rows and names the lines of the bad ones', async () => {
    const rows = Array.from({ length: 1_500 }, (_, i) => JSON.stringify({ user_id: `file-${i}`, payments_total: i }));
    rows[700] = JSON.stringify({ user_id: 'file-700', payments_total: 'seven hundred' });
    rows[1_200] = '';
    const path = join(directory, 'rows.jsonl');
    writeFileSync(path, `${rows.join('\n')}\n`);
    const { code, stdout, stderr } = await dovetail(['push', 'user_profile', '--file', path, ...url]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ accepted: 1_498, refused: 1 });
    expect(stderr).toContain('line 701');
  });

  it('takes rows from standard input', async () => {
    const input = '{"user_id":"in-1"}\n{"user_id":"in-2","is_new":false}\n';
    const { code, stdout } = await dovetail(['push', 'user_profile', '--file', '-', ...url], { input });
    expect({ code, tally: JSON.parse(stdout) }).toEqual({ code: 0, tally: { accepted: 2, refused: 0 } });
  });

  it('exits with 1 for a view that is not there, and with 1 or 2 for a file that is not', async () => {
    const unknown = await dovetail(['push', 'user_profil', '--row', '{"user_id":"u1"}', ...url]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('user_profile') });
    const file = await dovetail(['push', 'user_profile', '--file', join(directory, 'absent.jsonl'), ...url]);
    expect(file.stderr).toContain('absent.jsonl');
    expect(file.stderr).not.toMatch(/^\s+at /m);
    expect(file.code).toBe(2);
  });
});

describe('status', () => {
  it('shows every member, and exits with 0 while all are alive and ready', async () => {
    const { code, stdout } = await dovetail(['status', ...url]);
    expect(code).toBe(0);
    for (const name of ['gateway-1', 'shard-1', 'shard-2', 'worker-1'])
      expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'));
    expect(stdout).toContain('fraud/1');
  });

  it('prints the whole answer as JSON on request', async () => {
    const { code, stdout } = await dovetail(['status', '--json', ...url]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { members: unknown[] }).members).toHaveLength(4);
  });

  it('exits with 3 where the address is no gateway', async () => {
    const metrics = await dovetail(['status', '--url', `http://127.0.0.1:${cluster.ports.metrics}`]);
    expect(metrics).toMatchObject({ code: 3, stderr: expect.stringContaining('no Dovetail gateway') });
  });
});

describe('demo', () => {
  it('sends a stretch of the example and says how fast and how well it was answered', async () => {
    const { code, stdout, stderr } = await dovetail([
      'demo',
      '--seed',
      '3',
      '--users',
      '40',
      '--requests',
      '60',
      ...url,
    ]);
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout) as { requests: number; latency_ms: { p50: number; p99: number } };
    expect(summary.requests).toBe(60);
    expect(summary.latency_ms.p50).toBeGreaterThan(0);
    expect(summary.latency_ms.p99).toBeGreaterThanOrEqual(summary.latency_ms.p50);
  });
});
