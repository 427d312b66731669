/** `dovetail rollout`: changing the version of a model that serves, in steps that go back by themselves. */
import type { RolloutView } from '../actors/router/rollout/rollout-port.ts';
import { ServingError } from '../proto/errors.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { askGateway, GATEWAY_FLAGS, gatewayUrl } from './gateway-client.ts';

const ACTIONS = ['start', 'status', 'promote', 'abort', 'pin'];

export const rolloutCommand: Command = {
  name: 'rollout',
  summary: 'change a model’s version in steps, judged against the old one',
  usage: 'rollout start|status|promote|abort|pin <model> [options] [--url <gateway>]',
  text: [
    'start    gives the candidate to a growing share of the users (canary), to a fixed share (ab), or copies of requests',
    '         (shadow; blue-green: copies first, then everybody at once). Errors, latency and scores are compared with the',
    '         baseline at the same time; a candidate that does harm is rolled back by itself.',
    'status   shows where it stands and why. Exit code 1 when it was rolled back or aborted.',
    'promote  gives everybody the candidate now; abort gives everybody the baseline.',
    'pin      makes a version the champion at once, without a rollout: do so before the next version is loaded.',
  ].join('\n'),
  examples: [
    'dovetail rollout pin fraud --version 1',
    'dovetail rollout start fraud --candidate 2 --steps 1,5,25,50 --hold-ms 60000',
    'dovetail rollout status fraud',
  ],
  settings: ['host', 'httpPort'],
  flags: {
    ...GATEWAY_FLAGS,
    candidate: { type: 'string', help: 'start: the version to roll out' },
    baseline: { type: 'string', help: 'start: the version to compare with [default: the champion, or the one before]' },
    kind: { type: 'string', help: 'start: canary, blue-green, ab or shadow [default: canary]' },
    steps: { type: 'string', help: 'start: percent of the users, rising [canary: 1,5,25,50]' },
    'hold-ms': { type: 'string', help: 'start: how long a step lasts at the least [60000]' },
    'limit-ms': { type: 'string', help: 'start: a step not shown to be good by then is rolled back [600000]' },
    policy: { type: 'string', help: 'start: limits of the verdicts, a JSON object, e.g. {"min_requests":1000}' },
    version: { type: 'string', help: 'pin: a version, an alias, or newest to follow the newest again' },
    json: { type: 'boolean', help: 'the whole answer as JSON' },
  },
  positionals: ['action', 'model'],
  run: runRollout,
};

async function runRollout(input: CommandInput): Promise<number> {
  const [action, model] = input.positionals as [string, string];
  if (!ACTIONS.includes(action)) throw new UsageError(`no action '${action}'; there are: ${ACTIONS.join(', ')}`);
  const path = `/v1/models/${encodeURIComponent(model)}`;
  let view: RolloutView;
  try {
    view = (await askGateway(gatewayUrl(input), ...requestOf(action, path, input.flags))) as RolloutView;
  } catch (thrown) {
    if (!(thrown instanceof ServingError && thrown.code === 'FAILED_PRECONDITION')) throw thrown;
    // Not the app or the settings contradict the cluster, but the state of this rollout does.
    process.stderr.write(`dovetail rollout: ${thrown.message}\n`);
    return EXIT.failed;
  }
  process.stdout.write(input.switches.has('json') ? `${JSON.stringify(view, null, 2)}\n` : render(view));
  const status = view.rollout?.status;
  const failed = action === 'status' && (status === 'rolled_back' || status === 'aborted');
  return failed ? EXIT.failed : EXIT.ok;
}

function requestOf(action: string, path: string, flags: CommandInput['flags']): ['GET' | 'POST', string, unknown] {
  if (action === 'status') return ['GET', `${path}/rollout`, undefined];
  if (action === 'start') return ['POST', `${path}/rollout`, startBody(flags)];
  if (action !== 'pin') return ['POST', `${path}/rollout/${action}`, undefined];
  const version = flags['version'];
  if (version === undefined) throw new UsageError('pin needs --version');
  return ['POST', `${path}/champion`, { version }];
}

function startBody(flags: CommandInput['flags']): Record<string, unknown> {
  if (flags['candidate'] === undefined) throw new UsageError('start needs --candidate');
  const body: Record<string, unknown> = {};
  for (const name of ['kind', 'candidate', 'baseline']) if (flags[name] !== undefined) body[name] = flags[name];
  const steps = flags['steps'];
  if (steps !== undefined) body['steps'] = steps.split(',').map((step) => numberOf('--steps', step));
  for (const name of ['hold-ms', 'limit-ms']) {
    const text = flags[name];
    if (text !== undefined) body[name.replace('-', '_')] = numberOf(`--${name}`, text);
  }
  const policy = flags['policy'];
  if (policy !== undefined) body['policy'] = jsonOf(policy);
  return body;
}

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`${flag} must be a number, got "${text}"`);
  return value;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('--policy must be a JSON object');
  }
}

function render({ model, aliases, rollout, verdict }: RolloutView): string {
  const named = Object.entries(aliases).map(([alias, version]) => `${alias} ${version}`);
  const lines = [`${model}: ${named.join(', ') || 'no aliases, the newest version serves'}`];
  if (rollout !== null) {
    const { id, kind, baseline, candidate, status, percent, step, steps, reason, events } = rollout;
    lines.push(
      `rollout ${id}: ${kind} from ${baseline} to ${candidate}, ${status}${reason === '' ? '' : `: ${reason}`}`,
    );
    if (verdict !== null) {
      lines.push(`step ${step + 1} of ${steps.length}, ${percent} %: ${verdict.outcome}`);
      for (const check of verdict.checks)
        lines.push(`  ${check.name.padEnd(12)}  ${check.outcome.padEnd(9)}  ${check.detail}`);
    }
    for (const event of events) {
      lines.push(
        `${new Date(event.at_ms).toISOString()}  ${event.kind.padEnd(11)}  ${event.percent} %  ${event.reason}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
