import { describe, expect, it } from 'vitest';
import { Router, type RouterObserver } from '../../../../actors/router/router.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import { TRACING_OFF } from '../../../../cluster/telemetry/tracing.ts';
import { type Message, type ReadBound, UNBOUND } from '../../../../proto/letters.ts';
import { packBytes } from '../../../../proto/tensor.ts';
import { fp32 } from '../../../support/fake-gateway.ts';
import { featurePlan } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';
import { member, routingOf, table } from '../../../support/routing.ts';

const OPTIONS = {
  requestTimeoutMs: 1_000,
  requestTimeoutMsMax: 60_000,
  requestsInFlightMax: 100,
  requestRowsMax: 100,
  requestElementsMax: 1_000,
  attemptTimeoutMs: 150,
  attemptsMax: 3,
  partBytesMax: 1_000_000,
};

function started(): { context: RecordingContext; router: Router; codes: string[]; late: () => number } {
  const context = new RecordingContext();
  const codes: string[] = [];
  let late = 0;
  const observer: RouterObserver = {
    answered: (_model, _version, code) => codes.push(code),
    stages: () => {},
    retried: () => {},
    lateAnswer: () => {
      late++;
    },
    fault: (thrown) => {
      throw thrown;
    },
  };
  const plan = featurePlan();
  const routing = routingOf(
    [member('a', 'shard'), member('w', 'worker', { models: [plan.key] })],
    table(1, [['a'], ['a'], ['a'], ['a']]),
    plan.spec,
  );
  const router = new Router(context, routing, OPTIONS, observer, TRACING_OFF, seededRandom(1));
  return { context, router, codes, late: () => late };
}

function predict(id: number, replyTo = 'client.1/client', bound: ReadBound = UNBOUND): Message {
  const key = packBytes([new TextEncoder().encode('u1')]);
  return {
    kind: 'predict',
    body: {
      id,
      replyTo,
      requestId: '',
      model: featurePlan().spec.manifest.name,
      version: '',
      inputs: [
        { name: 'user_id', datatype: 'BYTES', shape: [1], data: key },
        fp32('amount', [1], [3]),
        { name: 'shop_id', datatype: 'BYTES', shape: [1], data: key },
      ],
      budgetUs: 0,
      trace: null,
      traceId: '',
      ...bound,
    },
  };
}

describe('a request whose caller has gone away', () => {
  it('is forgotten at once and not answered; its worker is told, those of others go on', () => {
    const { context, router, codes, late } = started();
    for (const id of [1, 2]) router.receive(predict(id));
    router.receive(predict(1, 'other.1/client'));
    const asked = context.take().map(({ message }) => message.body.id);
    expect([router.inFlight, asked.length]).toEqual([3, 3]);

    router.receive({ kind: 'cancel', body: { id: 1, replyTo: 'client.1/client' } });
    context.clock.finishTurn();
    expect(router.inFlight).toBe(2);
    expect(codes).toEqual(['CANCELLED']);
    expect(context.take()).toEqual([
      {
        to: expect.stringMatching(/^w.*\/model-worker$/),
        message: { kind: 'cancel', body: { id: asked[0], replyTo: context.selfText } },
      },
    ]);

    // What its worker had made already comes to nothing.
    const answer = (id: number): Message => ({
      kind: 'answer',
      body: {
        id,
        failure: { code: 8, stage: 'queue', message: 'full' },
        outputs: [],
        dims: [],
        freshness: null,
        shardUs: 0,
        queueUs: 0,
        runUs: 0,
        batchRows: 0,
        backlogUs: 0,
        epoch: 0,
      },
    });
    router.receive(answer(asked[0]!));
    expect([context.take(), late()]).toEqual([[], 1]);
    for (const id of asked.slice(1)) router.receive(answer(id));
    expect(context.take().map(({ to, message }) => [to, message.body.id])).toEqual([
      ['client.1/client', 2],
      ['other.1/client', 1],
    ]);
    expect(router.inFlight).toBe(0);
  });

  it('that was answered already is none', () => {
    const { context, router, codes } = started();
    router.receive({ kind: 'cancel', body: { id: 7, replyTo: 'client.1/client' } });
    context.clock.finishTurn();
    expect([codes, context.take()]).toEqual([[], []]);
  });
});
