/** Rollouts over HTTP and from the command line: a real edge and the real command, over a desk that says what it was told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RolloutPort, RolloutView } from '../../actors/router/rollout/rollout-port.ts';
import { readArguments, UsageError } from '../../cli/command.ts';
import { rolloutCommand } from '../../cli/rollout.ts';
import { parseStart } from '../../cluster/rollout/commands.ts';
import { notFound, ServingError } from '../../proto/errors.ts';
import { rolloutOf } from '../support/rollouts.ts';
import { TestEdge } from '../support/test-edge.ts';

const VIEW: RolloutView = {
  model: 'm',
  aliases: { champion: '1', challenger: '2' },
  rollout: {
    ...rolloutOf({ events: [{ seq: 1, kind: 'started', percent: 10, reason: 'canary from 1 to 2', at_ms: 0 }] }),
    percent: 10,
  },
  verdict: {
    outcome: 'undecided',
    reason: 'traffic: few',
    checks: [{ name: 'traffic', outcome: 'undecided', detail: 'few' }],
  },
};

let edge: TestEdge;
let told: unknown[];
let view: RolloutView;

beforeEach(async () => {
  told = [];
  view = VIEW;
  const rollouts: RolloutPort = {
    start: async (model, body) => {
      told.push(['start', model, parseStart(body)]);
      return view;
    },
    show: (model) => {
      if (model !== 'm') throw notFound(`no model '${model}'`);
      return view;
    },
    promote: async (model) => {
      told.push(['promote', model]);
      return view;
    },
    abort: async () => {
      throw new ServingError('FAILED_PRECONDITION', 'route', 'rollout r1 is aborted already');
    },
    pin: async (model, version) => {
      told.push(['pin', model, version]);
      return view;
    },
  };
  edge = await TestEdge.start({ rollouts });
});
afterEach(() => edge.bridge.close());

describe('over HTTP', () => {
  it('a rollout is started, shown and promoted, and a champion pinned', async () => {
    const started = await edge.post('/v1/models/m/rollout', { candidate: '2', steps: [5, 50], hold_ms: 1_000 });
    expect(started).toMatchObject({ status: 200, json: { model: 'm', rollout: { id: 'r1', percent: 10 } } });
    expect((await edge.call('/v1/models/m/rollout')).json).toMatchObject({ verdict: { outcome: 'undecided' } });
    expect(await edge.post('/v1/models/m/rollout/promote', '')).toMatchObject({ status: 200 });
    expect(await edge.post('/v1/models/m/champion', { version: 'previous' })).toMatchObject({ status: 200 });
    expect(told).toMatchObject([
      ['start', 'm', { kind: 'canary', candidate: '2', steps: [5, 50], hold_ms: 1_000, limit_ms: 600_000 }],
      ['promote', 'm'],
      ['pin', 'm', 'previous'],
    ]);
    expect(edge.ended.map(({ route }) => route)).toContain('/v1/models/{model}/rollout');
  });

  it.each([
    ['POST', '/v1/models/m/rollout', '{"candidate":', 400, 'INVALID_ARGUMENT'],
    ['POST', '/v1/models/m/rollout', '{}', 400, 'INVALID_ARGUMENT'],
    ['POST', '/v1/models/7m/rollout', '{"candidate":"2"}', 400, 'INVALID_ARGUMENT'],
    ['GET', '/v1/models/other/rollout', undefined, 404, 'NOT_FOUND'],
    ['POST', '/v1/models/m/rollout/promote', '{"to":"3"}', 400, 'INVALID_ARGUMENT'],
    ['POST', '/v1/models/m/rollout/abort', '', 409, 'FAILED_PRECONDITION'],
    ['POST', '/v1/models/m/champion', '{"version":1}', 400, 'INVALID_ARGUMENT'],
    ['POST', '/v1/models/m/champion', '{"version":"1","also":2}', 400, 'INVALID_ARGUMENT'],
    ['DELETE', '/v1/models/m/rollout', undefined, 405, 'INVALID_ARGUMENT'],
  ] as const)('%s %s of %s is answered %d', async (method, path, body, status, code) => {
    const answer = await edge.call(path, { method, ...(body === undefined ? {} : { body }) });
    expect(answer).toMatchObject({ status, json: { error: { code } } });
    expect(told).toEqual([]);
  });
});

describe('`dovetail rollout`', () => {
  async function run(...args: string[]): Promise<{ code: number; stdout: string }> {
    const write = process.stdout.write;
    let stdout = '';
    process.stdout.write = ((text: string) => {
      stdout += text;
      return true;
    }) as typeof write;
    try {
      const code = await rolloutCommand.run(readArguments(rolloutCommand, [...args, '--url', edge.bridge.url], {}));
      return { code, stdout };
    } finally {
      process.stdout.write = write;
    }
  }

  it('says what it was told to start, and where it stands', async () => {
    const flags = ['--candidate', '2', '--kind', 'ab', '--steps', '30', '--hold-ms', '5000', '--limit-ms', '9000'];
    const { code, stdout } = await run('start', 'm', ...flags, '--policy', '{"psi_max":0.5}');
    expect(code).toBe(0);
    expect(told).toMatchObject([
      ['start', 'm', { kind: 'ab', steps: [30], hold_ms: 5_000, limit_ms: 9_000, policy: { psi_max: 0.5 } }],
    ]);
    expect(stdout).toContain('m: champion 1, challenger 2\nrollout r1: canary from 1 to 2, running');
    expect(stdout).toMatch(/step 1 of 2, 10 %: undecided\n {2}traffic {7}undecided {2}few/);
  });

  it('ends with 1 where the rollout was rolled back', async () => {
    expect((await run('status', 'm')).code).toBe(0);
    view = { ...VIEW, rollout: { ...VIEW.rollout!, status: 'rolled_back', reason: 'errors: 9 %' }, verdict: null };
    const { code, stdout } = await run('status', 'm');
    expect([code, stdout]).toEqual([1, expect.stringContaining('rolled_back: errors: 9 %')]);
    view = { model: 'm', aliases: {}, rollout: null, verdict: null };
    expect((await run('status', 'm')).stdout).toBe('m: no aliases, the newest version serves\n');
  });

  it.each([
    [['begin', 'm'], /no action 'begin'/],
    [['start', 'm'], /--candidate/],
    [['pin', 'm'], /--version/],
    [['start', 'm', '--candidate', '2', '--steps', '5,x'], /--steps must be a number/],
    [['start', 'm', '--candidate', '2', '--policy', '{'], /--policy must be a JSON object/],
    [['status'], /missing <model>/],
  ])('%j is refused', async (args, words) => {
    const refused = await run(...args).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as Error).message).toMatch(words);
  });

  it('says what stands against it, and ends with 1', async () => {
    expect((await run('abort', 'm')).code).toBe(1);
    expect((await run('pin', 'm', '--version', 'newest')).code).toBe(0);
    expect(told).toEqual([['pin', 'm', 'newest']]);
    await expect(run('status', 'other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
