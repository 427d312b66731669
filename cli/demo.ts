/** `dovetail demo`: the fraud example's payment stream as real requests, each payment's event and rows pushed after it. */

import { systemClock } from '../cluster/clock.ts';
import type { RowPush } from '../examples/fraud/replay.ts';
import { replayPlan } from '../examples/fraud/replay.ts';
import { auc } from '../examples/support/auc.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { askGateway, GATEWAY_FLAGS, gatewayUrl } from './gateway-client.ts';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'send a stretch of the fraud example’s payments as real requests',
  usage: 'demo [--seed <n>] [--users <n>] [--requests <n>] [--url <gateway>]',
  text: [
    'Pushes the features and the last day’s payments of a generated population, then asks the model about one payment',
    'after another and pushes it and what it changes, as a payment service would. Prints the latencies and how well the',
    'scores tell fraud (AUC).',
  ].join('\n'),
  examples: ['dovetail demo', 'dovetail demo --seed 11 --requests 2000'],
  settings: ['host', 'httpPort'],
  flags: {
    ...GATEWAY_FLAGS,
    seed: { type: 'string', help: 'of the generated stream [default 7]' },
    users: { type: 'string', help: 'people in it [default 20000]' },
    requests: { type: 'string', help: 'payments to send at the most [default 1000]' },
  },
  positionals: [],
  run: runDemo,
};

const ROWS_PER_PUSH = 1_000;
const PROGRESS_EVERY = 100;

async function runDemo(input: CommandInput): Promise<number> {
  const base = gatewayUrl(input);
  const requestsMax = wholeFlag(input, 'requests', 1_000);
  const plan = replayPlan({
    seed: wholeFlag(input, 'seed', 7),
    users: wholeFlag(input, 'users', 20_000),
    requestsMax,
    nowMs: systemClock.wallMs(),
  });
  let pushed = 0;
  for (const push of plan.initial) pushed += await pushRows(base, push);
  process.stderr.write(`${pushed} feature rows pushed; ${plan.steps.length} payments to send\n`);
  const latenciesMs: number[] = [];
  const scores: number[] = [];
  const truths: boolean[] = [];
  for (const [i, step] of plan.steps.entries()) {
    const startMs = systemClock.nowMs();
    const answer = (await askGateway(base, 'POST', '/v1/predict/fraud', step.request)) as {
      outputs: { score: number };
    };
    latenciesMs.push(systemClock.nowMs() - startMs);
    scores.push(answer.outputs.score);
    truths.push(step.is_fraud);
    for (const update of step.updates) await pushRows(base, update);
    if ((i + 1) % PROGRESS_EVERY === 0) process.stderr.write(`\r${i + 1} of ${plan.steps.length} payments`);
  }
  process.stderr.write('\n');
  latenciesMs.sort((a, b) => a - b);
  const frauds = truths.filter(Boolean).length;
  const summary = {
    requests: scores.length,
    frauds,
    auc: frauds > 0 && frauds < truths.length ? round(auc(scores, truths)) : null,
    latency_ms: { p50: round(quantile(latenciesMs, 0.5)), p99: round(quantile(latenciesMs, 0.99)) },
  };
  process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  return EXIT.ok;
}

async function pushRows(base: string, push: RowPush): Promise<number> {
  let accepted = 0;
  for (let from = 0; from < push.rows.length; from += ROWS_PER_PUSH) {
    const rows = push.rows.slice(from, from + ROWS_PER_PUSH);
    const answer = (await askGateway(base, 'POST', `/v1/features/${push.view}:push`, { rows })) as { accepted: number };
    accepted += answer.accepted;
  }
  return accepted;
}

function wholeFlag(input: CommandInput, flag: string, fallback: number): number {
  const text = input.flags[flag];
  if (text === undefined) return fallback;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${flag} must be a whole number over 0, got "${text}"`);
  return Number(text);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
