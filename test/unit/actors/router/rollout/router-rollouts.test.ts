import { describe, expect, it } from 'vitest';
import { NOT_FINITE } from '../../../../../actors/router/rollout/request-arm.ts';
import { RouterRollouts } from '../../../../../actors/router/rollout/router-rollouts.ts';
import { Router, type RouterObserver } from '../../../../../actors/router/router.ts';
import type { RoutingTable } from '../../../../../actors/router/routing-table.ts';
import { seededRandom } from '../../../../../cluster/random.ts';
import type { ArmCounts } from '../../../../../cluster/rollout/arm-counts.ts';
import { armOf, bucketOf, saltSeed } from '../../../../../cluster/rollout/assignment.ts';
import { type Aliases, NO_ENTRY, type Rollout } from '../../../../../cluster/rollout/rollout.ts';
import { TRACING_OFF } from '../../../../../cluster/telemetry/tracing.ts';
import { type Message, UNBOUND } from '../../../../../proto/letters.ts';
import { packBytes } from '../../../../../proto/tensor.ts';
import { fp32 } from '../../../../support/fake-gateway.ts';
import { specOf, tensor } from '../../../../support/plans.ts';
import { RecordingContext, type Sent } from '../../../../support/recording-context.ts';
import { rolloutOf } from '../../../../support/rollouts.ts';
import { member, routingOf, table } from '../../../../support/routing.ts';

const OPTIONS = {
  requestTimeoutMs: 1_000,
  requestTimeoutMsMax: 60_000,
  requestsInFlightMax: 40,
  requestRowsMax: 100,
  requestElementsMax: 1_000,
  attemptTimeoutMs: 150,
  attemptsMax: 3,
  partBytesMax: 1_000_000,
};
const COPIES_MAX = 5;

const version = (one: string) =>
  specOf(
    {
      entity: 'user',
      request: { amount: { datatype: 'FP32' } },
      inputs: [{ name: 'x', columns: [{ feature: 'profile.spend' }, { request: 'amount' }] }],
    },
    [tensor('x', 'FP32', -1, 2)],
    undefined,
    { version: one },
  );

type World = {
  readonly context: RecordingContext;
  readonly routing: RoutingTable;
  readonly router: Router;
  readonly rollouts: RouterRollouts;
  /** What the router's own observer was told: outcomes by version. */
  readonly answered: string[];
  readonly shed: string[];
};

function world(served: readonly string[] = ['m/1', 'm/2']): World {
  const context = new RecordingContext();
  const answered: string[] = [];
  const shed: string[] = [];
  const observer: RouterObserver = {
    answered: (_model, one, code) => answered.push(`${one} ${code}`),
    stages: () => {},
    retried: () => {},
    lateAnswer: () => {},
    fault: (thrown) => {
      throw thrown;
    },
  };
  const members = [member('a', 'shard'), ...served.map((key, i) => member(`w${i}`, 'worker', { models: [key] }))];
  const routing = routingOf(members, table(1, [['a'], ['a'], ['a'], ['a']]), version('1'), version('2'));
  const rollouts = new RouterRollouts({
    routing,
    random: seededRandom(1),
    node: 'here.1',
    observer: { arm: () => ({ answered: () => {} }), shed: (_model, reason) => shed.push(reason) },
    copiesMax: COPIES_MAX,
  });
  const router = new Router(context, routing, OPTIONS, observer, TRACING_OFF, seededRandom(1), rollouts);
  return { context, routing, router, rollouts, answered, shed };
}

function begin({ rollouts }: World, change: Partial<Rollout> = {}, aliases: Aliases = { champion: '1' }): Rollout {
  const rollout = rolloutOf({ steps: [30], ...change });
  rollouts.update('m', { aliases, rollout });
  return rollout;
}

function predict(id: number, user: string, asked = '', model = 'm'): Message {
  return {
    kind: 'predict',
    body: {
      id,
      replyTo: 'client.1/client',
      requestId: '',
      model,
      version: asked,
      inputs: [
        { name: 'user_id', datatype: 'BYTES', shape: [1], data: packBytes([new TextEncoder().encode(user)]) },
        fp32('amount', [1], [3]),
      ],
      budgetUs: 0,
      trace: null,
      traceId: '',
      ...UNBOUND,
    },
  };
}

/** Model key of each attempt that was sent to a shard. */
const asked = (sent: readonly Sent[]) =>
  sent.map(({ message }) => (message.kind === 'enrich' ? message.body.model : message.kind));

function answerAll({ context, router }: World, score: number): Sent[] {
  for (const { message } of context.take()) {
    if (message.kind !== 'enrich') continue;
    router.receive({
      kind: 'answer',
      body: {
        id: message.body.id,
        failure: null,
        outputs: [fp32('y', [1, 1], [score]).data],
        dims: [],
        freshness: null,
        shardUs: 1,
        queueUs: 1,
        runUs: 1,
        batchRows: 1,
        backlogUs: 0,
        epoch: 1,
      },
    });
  }
  return context.take();
}

const counted = ({ rollouts }: World): { baseline: ArmCounts; candidate: ArmCounts } => rollouts.reports()[0]!;

describe('a router with a canary', () => {
  it('gives each user the version of its arm, every time, and counts it there', () => {
    const here = world();
    const rollout = begin(here);
    const users = Array.from({ length: 30 }, (_, i) => `user-${i}`);
    const expected = users.map((user) => {
      const bucket = bucketOf(saltSeed(rollout.salt), new TextEncoder().encode(user));
      return armOf(bucket, 30) === 'candidate' ? 'm/2' : 'm/1';
    });
    for (let round = 0; round < 2; round++) {
      users.forEach((user, i) => {
        here.router.receive(predict(i + 1, user));
      });
      expect(asked(here.context.sent)).toEqual(expected);
      const replies = answerAll(here, 0.5).map(
        ({ message }) => message.kind === 'predictReply' && message.body.version,
      );
      expect(replies).toEqual(expected.map((key) => key.slice(2)));
    }
    const inside = expected.filter((key) => key === 'm/2').length;
    expect([counted(here).candidate.requests, counted(here).baseline.requests]).toEqual([2 * inside, 60 - 2 * inside]);
    expect(inside).toBeGreaterThan(3);
  });

  it('leaves alone who asks for a version, by number or alias, and other models', () => {
    const here = world();
    begin(here, {}, { champion: '1', challenger: '2' });
    for (let i = 0; i < 20; i++) here.router.receive(predict(i + 1, `user-${i}`, i % 2 === 0 ? '1' : 'challenger'));
    expect(asked(here.context.sent)).toEqual(Array.from({ length: 20 }, (_, i) => `m/${1 + (i % 2)}`));
    here.router.receive(predict(21, 'user-1', '', 'm@challenger'));
    expect(asked(here.context.sent).at(-1)).toBe('m/2');
    expect(counted(here).baseline.assigned + counted(here).candidate.assigned).toBe(0);
    expect(() => here.router.receive(predict(22, 'user-1', '', 'm@previous'))).toThrow(/has no version previous/);
  });

  it('serves the baseline where nobody serves the candidate, and counts none of that', () => {
    const here = world(['m/1']);
    begin(here, { steps: [99] });
    for (let i = 0; i < 20; i++) here.router.receive(predict(i + 1, `user-${i}`));
    expect(new Set(asked(here.context.sent))).toEqual(new Set(['m/1']));
    answerAll(here, 0.5);
    expect(here.answered).toEqual(new Array(20).fill('1 OK'));
    expect(counted(here).candidate.assigned).toBe(0);
  });

  it('goes on counting when its status changes, and begins anew with a step', () => {
    const here = world();
    const rollout = begin(here);
    here.router.receive(predict(1, 'user-1'));
    answerAll(here, 0.5);
    here.rollouts.update('m', { aliases: {}, rollout: { ...rollout, status: 'paused' } });
    const total = () => counted(here).baseline.requests + counted(here).candidate.requests;
    expect(total()).toBe(1);
    here.rollouts.update('m', { aliases: {}, rollout: { ...rollout, steps: [30, 60], step: 1 } });
    expect(total()).toBe(0);
    here.rollouts.update('m', { aliases: {}, rollout: { ...rollout, status: 'promoted' } });
    expect([here.rollouts.size, here.rollouts.reports()]).toEqual([0, []]);
  });

  it('counts what is refused, what fails and what is no number as failures', () => {
    const here = world();
    begin(here, { steps: [99.99] });
    const bad = predict(1, 'user-1');
    if (bad.kind === 'predict') bad.body.inputs = bad.body.inputs.slice(0, 1);
    expect(() => here.router.receive(bad)).toThrow(/amount/);
    here.router.receive(predict(2, 'user-2'));
    answerAll(here, Number.NaN);
    here.router.receive(predict(3, 'user-3'));
    here.context.take();
    here.context.clock.advance(2_000);
    const { candidate } = counted(here);
    expect(candidate.failures).toBe(3);
    expect([...candidate.codes.keys()].sort()).toEqual(['DEADLINE_EXCEEDED', 'INVALID_ARGUMENT', NOT_FINITE]);
    // The caller gets what the model said: whether that is a number is not the router's to judge.
    expect(here.answered).toContain('2 OK');
  });
});

describe('a router with a shadow', () => {
  it('answers with the baseline alone, and counts both', () => {
    const here = world();
    begin(here, { kind: 'shadow', steps: [100] });
    here.router.receive(predict(1, 'user-1'));
    expect(asked(here.context.sent)).toEqual(['m/1', 'm/2']);
    expect(here.router.inFlight).toBe(1);
    const replies = answerAll(here, 0.5);
    expect(replies.map(({ to, message }) => [to, message.kind])).toEqual([['client.1/client', 'predictReply']]);
    expect(here.answered).toEqual(['1 OK']);
    expect([counted(here).baseline.requests, counted(here).candidate.requests]).toEqual([1, 1]);
    expect([here.router.inFlight, here.rollouts.copies]).toEqual([0, 0]);
  });

  it('whose candidate fails, keeps silent or cannot take the request fails nobody', () => {
    const here = world(['m/1', 'm/2', 'm/2']);
    begin(here, { kind: 'shadow', steps: [100] });
    here.router.receive(predict(1, 'user-1'));
    const [own, copy] = here.context.take();
    const failure = { code: 13, stage: 'run', message: 'broken' };
    const answer = { outputs: [], dims: [], freshness: null, shardUs: 0, queueUs: 0, runUs: 0, batchRows: 0 };
    const body = { ...answer, backlogUs: 0, epoch: 1, id: (copy!.message.body as { id: number }).id, failure };
    here.router.receive({ kind: 'answer', body });
    expect(here.context.take()).toEqual([]);
    here.context.sent.push(own!);
    expect(answerAll(here, 0.5)).toHaveLength(1);
    // Silent to the deadline, and no second attempt is spent on it.
    here.router.receive(predict(2, 'user-2'));
    here.context.sent.splice(1);
    answerAll(here, 0.5);
    here.context.clock.advance(3_000);
    expect(here.context.take()).toEqual([]);
    expect(here.answered).toEqual(['1 OK', '1 OK']);
    expect(counted(here).candidate.failures).toBe(2);
    expect([here.router.inFlight, here.rollouts.copies]).toEqual([0, 0]);
  });

  it('makes few copies at a time, none when it has much to do, and takes as many requests as without', () => {
    const here = world();
    begin(here, { kind: 'shadow', steps: [100] });
    for (let i = 0; i < 10; i++) here.router.receive(predict(i + 1, `user-${i}`));
    expect(asked(here.context.sent).filter((key) => key === 'm/2')).toHaveLength(COPIES_MAX);
    expect(here.shed).toEqual(new Array(10 - COPIES_MAX).fill('full'));
    const loaded = world();
    for (let i = 0; i < 21; i++) loaded.router.receive(predict(i + 1, `user-${i}`));
    begin(loaded, { kind: 'shadow', steps: [100] });
    loaded.router.receive(predict(22, 'user-1'));
    expect(loaded.shed).toEqual(['busy']);
    for (let i = 10; i < OPTIONS.requestsInFlightMax; i++) here.router.receive(predict(i + 1, `user-${i}`));
    expect(here.router.inFlight).toBe(OPTIONS.requestsInFlightMax);
    expect(() => here.router.receive(predict(99, 'user-99'))).toThrow(/40 requests are in flight/);
  });

  it('makes none while the candidate’s workers have work queued, or are not there', () => {
    const here = world();
    begin(here, { kind: 'shadow', steps: [100] });
    for (const worker of here.routing.workers('m/2')) worker.backlogUs = 1e6;
    here.router.receive(predict(1, 'user-1'));
    const alone = world(['m/1']);
    begin(alone, { kind: 'blue-green', steps: [100] });
    alone.router.receive(predict(1, 'user-1'));
    expect([here.shed, alone.shed]).toEqual([['busy'], ['not_served']]);
    expect([...asked(here.context.sent), ...asked(alone.context.sent)]).toEqual(['m/1', 'm/1']);
    // Only what has a copy to be compared with is counted.
    answerAll(here, 0.5);
    expect(counted(here).baseline.assigned).toBe(0);
  });
});

describe('aliases', () => {
  it('decide what serves where no version is asked for: the champion, or what was it before', () => {
    const { routing, rollouts } = world();
    const version = () => routing.choosePlan('m', undefined).spec.version;
    expect(version()).toBe('2');
    rollouts.update('m', { ...NO_ENTRY, aliases: { champion: '1' } });
    expect(version()).toBe('1');
    rollouts.update('m', { ...NO_ENTRY, aliases: { champion: '7', previous: '1' } });
    expect(version()).toBe('1');
    rollouts.update('m', { ...NO_ENTRY, aliases: { champion: '7' } });
    expect(version()).toBe('2');
    rollouts.update('m', null);
    expect(version()).toBe('2');
  });
});
