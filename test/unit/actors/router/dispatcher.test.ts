import { describe, expect, it } from 'vitest';
import { Dispatcher, type RetryReason } from '../../../../actors/router/dispatcher.ts';
import type { RouterRequest } from '../../../../actors/router/request.ts';
import type { RoutingTable } from '../../../../actors/router/routing-table.ts';
import { partitionOf } from '../../../../cluster/hash.ts';
import type { Member } from '../../../../cluster/membership/member-table.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import { type Answer, type Enrich, failedAnswer, failure } from '../../../../proto/letters.ts';
import { packBytes } from '../../../../proto/tensor.ts';
import { fp32 } from '../../../support/fake-gateway.ts';
import { featurePlan } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';
import { member, routingOf, table } from '../../../support/routing.ts';

const PARTITIONS = 4;
const OPTIONS = { attemptTimeoutMs: 150, attemptsMax: 3, partBytesMax: 1_000_000 };
const SHARDS = ['a', 'b', 'c'].map((name) => member(name, 'shard'));
const WORKERS = ['v', 'w'].map((name) => member(name, 'worker', { models: ['m/1'] }));
const ALL = [...SHARDS, ...WORKERS];
const EVERYWHERE = ['a', 'b', 'c'];

/** A key of each partition. */
const keys = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let i = 0; ; i++) {
    const key = new TextEncoder().encode(`k${i}`);
    if (partitionOf(key, PARTITIONS) === partition) return key;
  }
});

type Asked = { readonly shard: string; readonly worker: string; readonly body: Enrich };

class Bench {
  readonly context = new RecordingContext();
  readonly routing: RoutingTable;
  readonly retries: RetryReason[] = [];
  readonly dispatcher: Dispatcher;
  #epoch = 1;

  /** `owners`: of each partition. */
  constructor(owners: readonly (readonly string[])[], members: readonly Member[] = ALL, options = OPTIONS) {
    this.routing = routingOf(members, table(1, [...owners, EVERYWHERE]));
    this.dispatcher = new Dispatcher(this.context, this.routing, options, seededRandom(1), (reason) => {
      this.retries.push(reason);
    });
  }

  start(partitions: readonly number[], timeoutMs = 1_000): RouterRequest {
    const rows = partitions.length;
    const own = partitions.map((partition) => keys[partition]!);
    const plan = featurePlan();
    const amounts = fp32(
      'amount',
      [rows, 1],
      partitions.map((_, row) => row),
    ).data;
    const nowMs = this.context.clock.nowMs();
    const request: RouterRequest = {
      openId: 1,
      callerId: 1,
      replyTo: 'n/a',
      requestId: 'r',
      requestNumber: 0,
      traceId: 't',
      trace: null,
      plan,
      admitted: { rows, keys: own, inputs: [amounts, packBytes(own)], dims: [] },
      bound: null,
      arm: null,
      startMs: nowMs,
      deadlineMs: nowMs + timeoutMs,
      deadline: 0,
      parts: [],
      partsLeft: 0,
      done: false,
    };
    this.dispatcher.start(request, request.admitted);
    return request;
  }

  place(owners: readonly (readonly string[])[]): void {
    this.#epoch++;
    this.routing.setPlacement(table(this.#epoch, [...owners, EVERYWHERE]));
    this.#changed(ALL);
  }

  members(members: readonly Member[]): void {
    this.routing.setMembers(members);
    this.#changed(members);
  }

  #changed(members: readonly Member[]): void {
    const live = members.filter((one) => one.state !== 'dead').map((one) => one.heartbeat.node);
    this.dispatcher.routingChanged(new Set(live));
  }

  asked(): Asked[] {
    return this.context.take().map(({ to, message }) => {
      if (message.kind !== 'enrich') throw new Error(message.kind);
      return { shard: to[0]!, worker: message.body.worker[0]!, body: message.body };
    });
  }

  /** As the router does with a good answer. */
  answer({ body }: Asked): void {
    const attempt = this.dispatcher.settle(body.id);
    if (attempt === null || attempt.part.answer !== null) return;
    attempt.part.answer = { id: body.id } as Answer;
    this.dispatcher.forgetPart(attempt.part);
    attempt.part.request.partsLeft--;
  }

  refuse({ body }: Asked, stage: 'lookup' | 'queue'): void {
    const attempt = this.dispatcher.settle(body.id)!;
    const message = failedAnswer(body.id, failure('FAILED_PRECONDITION', stage, 'no'));
    if (message.kind === 'answer') this.dispatcher.retry(attempt, message.body.failure!);
  }

  outstanding(): number {
    const targets = [...this.routing.owners(PARTITIONS), ...this.routing.workers('m/1')];
    return targets.reduce((sum, target) => sum + target.outstanding, 0);
  }
}

describe('a request', () => {
  it('for users who live together goes out once, whole', () => {
    const bench = new Bench([['a', 'b'], ['a', 'c'], [], []]);
    const request = bench.start([0, 1, 0]);
    const sent = bench.asked();
    expect(sent.map(({ shard, body }) => [shard, body.partitions])).toEqual([['a', [0, 1, 0]]]);
    expect(sent[0]!.body).toMatchObject({ replyTo: 'here.1/me', model: 'm/1', epoch: 1, budgetUs: 1_000_000 });
    expect(bench.outstanding()).toBe(2);
    bench.answer(sent[0]!);
    expect([request.partsLeft, bench.outstanding()]).toEqual([0, 0]);
  });

  it('whose rows are too large for one message goes out in several, none of them too large', () => {
    const bench = new Bench([['a'], ['a'], ['a']], ALL, { ...OPTIONS, partBytesMax: 40 });
    bench.start([0, 1, 2, 0, 1, 2, 0]);
    const asked = bench.asked();
    // A row is 12 bytes as the model sees it: three of them fit.
    expect(asked.map(({ body }) => body.keys.length)).toEqual([3, 3, 1]);
    const huge = new Bench([['a'], ['a'], ['a']], ALL, { ...OPTIONS, partBytesMax: 1 });
    huge.start([0, 1]);
    expect(huge.asked().map(({ body }) => body.keys.length)).toEqual([1, 1]);
  });

  it('for users who live apart is scattered, each row with its own key and inputs', () => {
    const bench = new Bench([['a'], ['b'], ['c'], []]);
    const request = bench.start([1, 0, 2, 1]);
    const sent = bench.asked().sort((x, y) => x.shard.localeCompare(y.shard));
    expect(sent.map(({ shard, body }) => [shard, body.partitions])).toEqual([
      ['a', [0]],
      ['b', [1, 1]],
      ['c', [2]],
    ]);
    expect(request.parts.map((part) => part.rows)).toEqual([[0, 3], [1], [2]]);
    const b = sent[1]!.body;
    expect(b.inputs[0]).toEqual(fp32('', [], [0, 3]).data);
    expect(b.inputs[1]).toEqual(packBytes([keys[1]!, keys[1]!]));
    expect(b.keys).toEqual([keys[1], keys[1]]);
  });
});

describe('silence', () => {
  it('has another shard and another worker asked, and the first to answer wins', () => {
    const bench = new Bench([['a', 'b'], [], [], []]);
    bench.start([0]);
    const [first] = bench.asked();
    bench.context.clock.advance(160);
    const [second] = bench.asked();
    expect([second!.shard, second!.worker]).not.toContain(first!.shard);
    expect(second!.worker).not.toBe(first!.worker);
    expect(bench.retries).toEqual(['silent']);
    bench.answer(first!);
    expect(bench.outstanding()).toBe(0);
    expect(bench.dispatcher.settle(second!.body.id)).toBeNull();
    bench.context.clock.advance(1_000);
    expect(bench.asked()).toEqual([]);
  });

  it('of the only process that owns all users has their rows taken to other owners, each to its own', () => {
    const bench = new Bench([['a', 'b'], ['a', 'c'], [], []]);
    const request = bench.start([0, 1]);
    const [whole] = bench.asked();
    expect(whole!.shard).toBe('a');
    bench.context.clock.advance(160);
    const apart = bench.asked();
    expect(apart.map(({ shard, body }) => [shard, body.partitions]).sort()).toEqual([
      ['b', [0]],
      ['c', [1]],
    ]);
    expect([request.parts.length, request.partsLeft]).toEqual([2, 2]);
    // What the silent one says after all would count for a part that is no more.
    bench.answer(whole!);
    expect(request.partsLeft).toBe(2);
    for (const one of apart) bench.answer(one);
    expect([request.partsLeft, bench.outstanding()]).toEqual([0, 0]);
  });

  it('is borne where there is nobody else, and ends with the limit on attempts', () => {
    const alone = new Bench([['a'], [], [], []], [SHARDS[0]!, WORKERS[0]!]);
    alone.start([0]);
    alone.asked();
    alone.context.clock.advance(500);
    expect(alone.asked()).toEqual([]);
    const many = new Bench([['a', 'b', 'c'], [], [], []]);
    many.start([0], 5_000);
    many.context.clock.advance(3_000);
    expect(many.asked()).toHaveLength(OPTIONS.attemptsMax);
  });

  it('counts from half the time left where that is less', () => {
    const bench = new Bench([['a', 'b'], [], [], []]);
    bench.start([0], 100);
    bench.asked();
    bench.context.clock.advance(45);
    expect(bench.asked()).toEqual([]);
    bench.context.clock.advance(10);
    expect(bench.asked()).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it.each<['lookup' | 'queue', 'shard' | 'worker']>([
    ['lookup', 'shard'],
    ['queue', 'worker'],
  ])('in %s has another %s asked at once', (stage, side) => {
    const bench = new Bench([['a', 'b'], [], [], []]);
    bench.start([0]);
    const [first] = bench.asked();
    bench.refuse(first!, stage);
    const [second] = bench.asked();
    expect(second![side]).not.toBe(first![side]);
    expect(bench.retries).toEqual(['refused']);
    // A second one gives the cluster a moment.
    bench.refuse(second!, stage);
    expect(bench.asked()).toEqual([]);
    bench.context.clock.advance(20);
    expect(bench.asked()).toHaveLength(1);
  });
});

describe('a process that leaves', () => {
  it('has its requests go to another at once, and does not count as silent', () => {
    const bench = new Bench([['a', 'b'], [], [], []]);
    bench.start([0], 5_000);
    const [first] = bench.asked();
    bench.members(ALL.filter((one) => one.name !== first!.shard));
    const [second] = bench.asked();
    expect(second!.shard).not.toBe(first!.shard);
    expect(bench.retries).toEqual(['left']);
    bench.members(ALL);
    bench.context.clock.advance(3_000);
    expect(bench.asked()).toHaveLength(OPTIONS.attemptsMax - 1);
  });
});

describe('a part that waits for an owner', () => {
  /** Silent where it went, and then nobody owns its users: it waits, with its attempt still under way. */
  function waiting(): { bench: Bench; request: RouterRequest; first: Asked } {
    const bench = new Bench([['a', 'b'], ['a', 'b'], [], []]);
    const request = bench.start([0, 1]);
    const first = bench.asked()[0]!;
    bench.place([[], [], [], []]);
    bench.context.clock.advance(152);
    expect(bench.asked()).toEqual([]);
    expect(request.parts[0]!.parked).toBe(true);
    return { bench, request, first };
  }

  it('goes out as soon as there is one', () => {
    const bench = new Bench([[], [], [], []]);
    bench.start([2]);
    expect(bench.asked()).toEqual([]);
    bench.place([[], [], ['c'], []]);
    expect(bench.asked().map(({ shard }) => shard)).toEqual(['c']);
  });

  it('does not go out any more once it is answered after all', () => {
    const { bench, request, first } = waiting();
    // Another part of the request may keep it open.
    request.partsLeft = 2;
    bench.answer(first);
    bench.place([['a'], ['b'], [], []]);
    bench.context.clock.advance(100);
    expect(bench.asked()).toEqual([]);
    expect([request.parts.length, request.partsLeft]).toEqual([1, 1]);
  });

  it('goes out once only, where it is refused in between and its users live apart by then', () => {
    const { bench, request, first } = waiting();
    bench.routing.setPlacement(table(9, [['a'], ['b'], [], [], EVERYWHERE]));
    bench.refuse(first, 'queue');
    const apart = bench.asked();
    expect(apart.map(({ shard }) => shard).sort()).toEqual(['a', 'b']);
    bench.context.clock.advance(60);
    expect(bench.asked()).toEqual([]);
    expect([request.parts.length, request.partsLeft]).toEqual([2, 2]);
    for (const one of apart) bench.answer(one);
    expect([request.partsLeft, bench.outstanding()]).toEqual([0, 0]);
  });

  it('is forgotten with its request', () => {
    const { bench, request } = waiting();
    bench.dispatcher.forgetRequest(request);
    request.done = true;
    bench.place([['a'], ['b'], [], []]);
    bench.context.clock.advance(100);
    expect(bench.asked()).toEqual([]);
    expect(bench.outstanding()).toBe(0);
  });
});

it('sends again what could not be handed on', () => {
  const bench = new Bench([['a'], [], [], []]);
  bench.context.reachable = false;
  bench.start([0]);
  expect(bench.outstanding()).toBe(0);
  bench.context.reachable = true;
  bench.context.clock.advance(20);
  expect(bench.asked()).toHaveLength(1);
});

it('spends no more on silence than its budget, however many requests meet it', () => {
  const bench = new Bench([['a', 'b'], [], [], []]);
  for (let i = 0; i < 1_000; i++) bench.start([0], 10_000);
  bench.asked();
  bench.context.clock.advance(5_000);
  expect(bench.retries.length).toBeGreaterThanOrEqual(256);
  expect(bench.retries.length).toBeLessThanOrEqual(256 + 100);
});
