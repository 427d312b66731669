import { describe, expect, it } from 'vitest';
import { FeatureReads } from '../../../../actors/router/feature-reads.ts';
import type { FeatureReadRow } from '../../../../actors/router/gateway-port.ts';
import type { RoutingTable } from '../../../../actors/router/routing-table.ts';
import { encodeRecord, packValues } from '../../../../cluster/catalog/record.ts';
import { defineApp, entity, float32, int64, vector, view } from '../../../../cluster/catalog/views.ts';
import { partitionOf } from '../../../../cluster/hash.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import type { ErrorCode } from '../../../../proto/errors.ts';
import { failure, type ReadFeatures, ROW_STATUS } from '../../../../proto/letters.ts';
import { app, profile } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';
import { member, routingOf, table } from '../../../support/routing.ts';

const PARTITIONS = 4;
const EMPTY = new Uint8Array(0);

/** Partitions 0 and 1 with a and b, 2 with b, 3 with c; everywhere with all. */
const OWNERS = [['a', 'b'], ['a', 'b'], ['b'], ['c'], ['a', 'b', 'c']];
const SHARDS = ['a', 'b', 'c'].map((name) => member(name, 'shard'));

function start(routing: RoutingTable = routingOf(SHARDS, table(3, OWNERS))) {
  const context = new RecordingContext();
  const reads = new FeatureReads(context, app, routing, seededRandom(1));
  return { context, reads, routing };
}

/** A key of each partition. */
const keys = Array.from({ length: PARTITIONS }, (_, partition) => keyIn(partition));

function keyIn(partition: number): string {
  for (let i = 0; ; i++) {
    if (partitionOf(Buffer.from(`k${i}`), PARTITIONS) === partition) return `k${i}`;
  }
}

type Outcome = { rows?: readonly FeatureReadRow[]; error?: { code: ErrorCode; message: string } };

function watch(promise: Promise<readonly FeatureReadRow[]>): Outcome {
  const outcome: Outcome = {};
  promise.then(
    (rows) => {
      outcome.rows = rows;
    },
    (error: { code: ErrorCode; message: string }) => {
      outcome.error = error;
    },
  );
  return outcome;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function asked(context: RecordingContext): { to: string; body: ReadFeatures }[] {
  return context.take().map(({ to, message }) => {
    if (message.kind !== 'readFeatures') throw new Error(message.kind);
    return { to, body: message.body };
  });
}

/** The record of a key: its spend is the number in the key. */
function record(key: Uint8Array, eventMs: number): Uint8Array {
  const spend = Number(Buffer.from(key).toString().slice(1));
  return encodeRecord(profile, eventMs, 5, packValues(profile, { spend, visits: 12 }, []));
}

function answer(reads: FeatureReads, context: RecordingContext, body: ReadFeatures): void {
  const records = body.keys.map((key) => record(key, context.clock.wallMs() - 1_000));
  const appliedSeq = body.partitions.map((partition) => 100 + partition);
  const asOfMs = context.clock.wallMs();
  const statuses = new Uint8Array(records.length).fill(ROW_STATUS.found);
  const eventMs = records.map(() => asOfMs - 1_000);
  reads.onReply({ id: body.id, failure: null, records, appliedSeq, epoch: 3, statuses, eventMs, asOfMs });
}

function refuse(reads: FeatureReads, body: ReadFeatures, code: ErrorCode): void {
  reads.onReply({
    id: body.id,
    failure: failure(code, 'lookup', 'for a reason'),
    records: [],
    appliedSeq: [],
    epoch: 3,
    statuses: EMPTY,
    eventMs: [],
    asOfMs: 0,
  });
}

function outstanding(routing: RoutingTable): number {
  return routing.owners(PARTITIONS).reduce((sum, target) => sum + target.outstanding, 0);
}

describe('values of reads', () => {
  const wide = view({
    name: 'wide',
    entity: entity({ name: 'user', key: 'user_id' }),
    features: { taste: vector(100) },
  });
  const many = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
  const begin = () => {
    const context = new RecordingContext();
    const owners = routingOf(SHARDS, table(3, OWNERS));
    return { context, reads: new FeatureReads(context, defineApp({ views: [wide] }), owners, seededRandom(1)) };
  };

  it('are bounded in one answer, a vector counting as its numbers, and the error says how many keys may be asked', async () => {
    const wider = view({ name: 'wide', entity: wide.entity, features: { taste: vector(101) } });
    const { context } = begin();
    const reads = new FeatureReads(
      context,
      defineApp({ views: [wider] }),
      routingOf(SHARDS, table(3, OWNERS)),
      seededRandom(1),
    );
    const outcome = watch(reads.read('wide', many, 500));
    await settled();
    expect(outcome.error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(outcome.error!.message).toContain('ask for at most 9900 keys');
    expect(asked(context)).toEqual([]);
  });

  it('are bounded over all that are under way, and free again once these are answered', async () => {
    const { context, reads } = begin();
    for (let i = 0; i < 4; i++) watch(reads.read('wide', many, 500));
    const refused = watch(reads.read('wide', ['k1'], 500));
    await settled();
    expect(refused.error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    context.clock.advance(500);
    const taken = watch(reads.read('wide', ['k1'], 500));
    await settled();
    expect(taken.error).toBeUndefined();
  });
});

describe('a read', () => {
  it('asks owners of the keys only, as few as can be, and gives the rows in the order asked', async () => {
    const { context, reads, routing } = start();
    const order = [keys[3]!, keys[0]!, keys[2]!, keys[1]!, keys[3]!];
    const outcome = watch(reads.read('profile', order, 500));
    const sent = asked(context);
    expect(sent.length).toBeLessThanOrEqual(3);
    for (const { to, body } of sent) {
      for (const partition of body.partitions) expect(OWNERS[partition]).toContain(to[0]);
      expect(body).toMatchObject({ view: 'profile@1', replyTo: 'here.1/me', epoch: 3, budgetUs: 500_000 });
    }
    for (const { body } of sent.reverse()) answer(reads, context, body);
    await settled();
    expect(outcome.rows!.map((row) => row.key)).toEqual(order);
    for (const row of outcome.rows!) {
      expect(row.values).toEqual({ spend: Number(row.key.slice(1)), visits: 12n, vip: false });
      expect(row).toMatchObject({ found: true, age_ms: 1_000, defaulted: ['profile.vip'] });
      expect(row.applied_seq).toBe(100 + row.partition);
    }
    expect(outstanding(routing)).toBe(0);
  });

  it('gives defaults, and says so, for keys that are not stored or expired', async () => {
    const { context, reads } = start();
    const outcome = watch(reads.read('profile', [keys[3]!, keys[3]!], 500));
    const { body } = asked(context)[0]!;
    const asOfMs = 1_700_000_000_000;
    reads.onReply({
      id: body.id,
      failure: null,
      records: [EMPTY, EMPTY],
      appliedSeq: [1, 1],
      epoch: 3,
      statuses: Uint8Array.of(ROW_STATUS.missing, ROW_STATUS.expired),
      eventMs: [-1, asOfMs - 3_600_001],
      asOfMs,
    });
    await settled();
    for (const row of outcome.rows!) {
      expect(row).toMatchObject({ found: false, values: { spend: 9, visits: 0n, vip: false } });
      expect(row.defaulted).toEqual(['profile.spend', 'profile.visits', 'profile.vip']);
    }
    expect(outcome.rows!.map((row) => row.age_ms)).toEqual([null, 3_600_001]);
    expect(outcome.rows!.map((row) => row.expired.length)).toEqual([0, 3]);
    expect(outcome.rows!.map((row) => [row.as_of_ms, row.everywhere_seq])).toEqual(new Array(2).fill([asOfMs, null]));
  });

  describe('while processes have different definitions of the view', () => {
    const user = entity({ name: 'user', key: 'user_id' });
    const before = view({ name: 'grown', entity: user, features: { a: int64() } });
    const after = view({ name: 'grown', entity: user, features: { a: int64(), b: float32({ default: 0.5 }) } });

    /** What a caller gets whose gateway has `mine`, from shards that have `theirs`. */
    async function ask(mine: typeof before | typeof after, theirs: typeof before | typeof after) {
      const context = new RecordingContext();
      const owners = routingOf(SHARDS, table(3, OWNERS));
      const reads = new FeatureReads(context, defineApp({ views: [mine] }), owners, seededRandom(1));
      const outcome = watch(reads.read('grown', [keys[3]!], 500));
      const { body } = asked(context)[0]!;
      const records = [encodeRecord(theirs, 1_000, 5, packValues(theirs, { a: 7 }, []))];
      const statuses = Uint8Array.of(ROW_STATUS.found);
      reads.onReply({
        id: body.id,
        failure: null,
        records,
        appliedSeq: [1],
        epoch: 3,
        statuses,
        eventMs: [1_000],
        asOfMs: 2_000,
      });
      context.clock.advance(500);
      await settled();
      return outcome;
    }

    it('a row of an older one has defaults for the features that it lacks', async () => {
      const { rows } = await ask(after, before);
      expect(rows![0]).toMatchObject({ found: true, values: { a: 7n, b: 0.5 }, defaulted: ['grown.b'] });
    });

    it('a row of a newer one is never passed off as missing', async () => {
      const { rows, error } = await ask(before, after);
      expect(rows).toBeUndefined();
      expect(error!.message).toContain('restart the gateway');
    });
  });

  it('of a view placed everywhere asks any shard, for the partition that stands for everywhere', () => {
    const { context, reads } = start();
    void reads.read('shops', ['x', 'y'], 500);
    const sent = asked(context);
    expect(sent).toHaveLength(1);
    expect(sent[0]!.body.partitions).toEqual([PARTITIONS, PARTITIONS]);
  });

  it('of many keys goes out in parts of at most 512', async () => {
    const { context, reads } = start();
    const outcome = watch(reads.read('profile', new Array<string>(1_200).fill(keys[2]!), 500));
    const sent = asked(context);
    expect(sent.map(({ body }) => body.keys.length)).toEqual([512, 512, 176]);
    for (const { body } of sent) answer(reads, context, body);
    await settled();
    expect(outcome.rows).toHaveLength(1_200);
  });

  it('of nothing asks nobody', async () => {
    const { context, reads } = start();
    expect(await reads.read('profile', [], 500)).toEqual([]);
    expect(context.sent).toEqual([]);
  });
});

describe('a shard that does not answer', () => {
  it.each<ErrorCode>(['FAILED_PRECONDITION', 'UNAVAILABLE', 'DATA_LOSS'])(
    'but refuses with %s costs another try elsewhere',
    async (code) => {
      const { context, reads } = start();
      const outcome = watch(reads.read('profile', [keys[0]!], 500));
      const [first] = asked(context);
      refuse(reads, first!.body, code);
      const [second] = asked(context);
      expect(second!.to).not.toBe(first!.to);
      answer(reads, context, second!.body);
      await settled();
      expect(outcome.rows).toHaveLength(1);
    },
  );

  it('but says that the request is wrong ends the read', async () => {
    const { context, reads } = start();
    const outcome = watch(reads.read('profile', [keys[0]!], 500));
    refuse(reads, asked(context)[0]!.body, 'INVALID_ARGUMENT');
    await settled();
    expect(outcome.error).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'for a reason' });
    expect(asked(context)).toEqual([]);
  });

  it('within a quarter of a second is passed over, and its late answer counts for nothing', async () => {
    const { context, reads, routing } = start();
    const outcome = watch(reads.read('profile', [keys[0]!], 900));
    const [first] = asked(context);
    context.clock.advance(249);
    expect(asked(context)).toEqual([]);
    context.clock.advance(1);
    const [second] = asked(context);
    expect(second!.to).not.toBe(first!.to);
    expect(second!.body.budgetUs).toBe(650_000);
    const statuses = Uint8Array.of(ROW_STATUS.missing);
    const late = { records: [EMPTY], appliedSeq: [1], epoch: 3, statuses, eventMs: [-1], asOfMs: 0 };
    reads.onReply({ id: first!.body.id, failure: null, ...late });
    await settled();
    expect(outcome.rows).toBeUndefined();
    answer(reads, context, second!.body);
    await settled();
    expect(outcome.rows![0]!.found).toBe(true);
    expect(outstanding(routing)).toBe(0);
  });

  it('is asked again after a moment where it is the only owner', async () => {
    const { context, reads } = start();
    const outcome = watch(reads.read('profile', [keys[3]!], 500));
    refuse(reads, asked(context)[0]!.body, 'UNAVAILABLE');
    expect(asked(context)).toEqual([]);
    context.clock.advance(20);
    const [again] = asked(context);
    expect(again!.to).toMatch(/^c\.1/);
    answer(reads, context, again!.body);
    await settled();
    expect(outcome.rows).toHaveLength(1);
  });

  it('nor can be reached ends in DEADLINE_EXCEEDED, at the deadline and with what was last said', async () => {
    const { context, reads, routing } = start();
    const outcome = watch(reads.read('profile', [keys[3]!, keys[2]!], 300));
    for (const { to, body } of asked(context)) {
      if (to.startsWith('b')) answer(reads, context, body);
      else refuse(reads, body, 'UNAVAILABLE');
    }
    context.clock.advance(299);
    await settled();
    expect(outcome.error).toBeUndefined();
    context.clock.advance(1);
    await settled();
    expect(outcome.error).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: "1 of 2 keys of 'profile' were not read within 300 ms; last refusal: for a reason",
    });
    context.clock.advance(1_000);
    expect(outstanding(routing)).toBe(0);
    context.take();
    context.clock.advance(1_000);
    expect(asked(context)).toEqual([]);
  });
});

describe('a partition without an owner', () => {
  it('is waited for, and read once it has one', async () => {
    const { context, reads, routing } = start(routingOf(SHARDS, table(3, [[], [], [], [], []])));
    const outcome = watch(reads.read('profile', [keys[1]!], 500));
    expect(asked(context)).toEqual([]);
    routing.setPlacement(table(4, OWNERS));
    context.clock.advance(20);
    const [sent] = asked(context);
    answer(reads, context, sent!.body);
    await settled();
    expect(outcome.rows).toHaveLength(1);
  });

  it('is tried again where the message cannot be handed on', async () => {
    const { context, reads } = start();
    context.reachable = false;
    watch(reads.read('profile', [keys[1]!], 500));
    context.reachable = true;
    context.clock.advance(20);
    expect(asked(context)).toHaveLength(1);
  });
});

describe('a read that makes no sense', () => {
  it.each<[string, readonly string[], ErrorCode, RegExp]>([
    ['nobody', ['a'], 'NOT_FOUND', /no view 'nobody'; this app defines: profile, shops/],
    ['profile', [''], 'INVALID_ARGUMENT', /user_id must not be empty/],
    ['profile', ['k'.repeat(513)], 'INVALID_ARGUMENT', /user_id has 513 bytes; at most 512/],
    ['profile', ['\ud800'], 'INVALID_ARGUMENT', /user_id must be well-formed text/],
    ['profile', new Array<string>(10_001).fill('a'), 'INVALID_ARGUMENT', /10001 keys in one read; at most 10000/],
  ])('of %s is refused', async (view, texts, code, message) => {
    const { reads } = start();
    await expect(reads.read(view, texts, 500)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('before the placement is known is UNAVAILABLE', async () => {
    const { reads } = start(routingOf(SHARDS, null));
    await expect(reads.read('profile', ['a'], 500)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

it('answers reads under way with UNAVAILABLE when the gateway stops', async () => {
  const { reads } = start();
  const outcome = watch(reads.read('profile', [keys[0]!], 500));
  reads.stop();
  await settled();
  expect(outcome.error).toMatchObject({ code: 'UNAVAILABLE', message: 'this gateway is stopping' });
});
