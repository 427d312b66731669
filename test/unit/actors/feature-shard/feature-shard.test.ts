import { describe, expect, it } from 'vitest';
import { featureShard, type ShardState } from '../../../../actors/feature-shard/feature-shard.ts';
import { encodeRecord, packValues, recordBytes } from '../../../../cluster/catalog/record.ts';
import { codeFromNumber, ServingError } from '../../../../proto/errors.ts';
import { decodeFreshness } from '../../../../proto/freshness.ts';
import { type Enrich, type Message, type ReadFeatures, ROW_STATUS, UNBOUND } from '../../../../proto/letters.ts';
import { packBytes } from '../../../../proto/tensor.ts';
import { app, featurePlan, profile } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';

const KEY = new TextEncoder().encode('u1');
/** What a recording context's clock says. */
const WALL_MS = new RecordingContext().clock.wallMs();
const OBSERVER = {
  enriched() {},
  read() {},
  refused() {},
  span: () => {
    throw new Error('nothing here is sampled');
  },
};

/** What the shard sends when it is told `message`. */
function ask(message: Message, changes: Partial<ShardState> = {}): Message {
  const context = new RecordingContext();
  const plan = featurePlan();
  const state: ShardState = {
    partitions: 4,
    epoch: 3,
    serves: () => true,
    plan: (model) => (model === plan.key ? plan : undefined),
    lookup: () => null,
    appliedSeq: (partition) => 10 + partition,
    onApplied: () => {},
    ...changes,
  };
  featureShard(state, app, OBSERVER)(context).receive(message);
  const [sent, ...more] = context.take();
  expect(more).toEqual([]);
  return sent!.message;
}

function enrich(changes: Partial<Enrich> = {}): Message {
  return {
    kind: 'enrich',
    body: {
      id: 7,
      replyTo: 'router.1/router',
      model: featurePlan().key,
      budgetUs: 1_000,
      epoch: 3,
      keys: [KEY, KEY],
      partitions: [1, 2],
      inputs: [new Uint8Array(8), packBytes([KEY, KEY])],
      worker: 'worker.1/model-worker',
      trace: null,
      dims: [],
      ...UNBOUND,
      ...changes,
    },
  };
}

function read(changes: Partial<ReadFeatures> = {}): Message {
  return {
    kind: 'readFeatures',
    body: {
      id: 9,
      replyTo: 'router.1/gateway',
      view: 'profile',
      keys: [KEY],
      partitions: [1],
      epoch: 3,
      budgetUs: 1_000,
      trace: null,
      schemaHash: 0,
      ...UNBOUND,
      ...changes,
    },
  };
}

/** A replica that holds one row of the user's profile, `ageMs` old, and nothing else. */
function holding(ageMs: number): Pick<ShardState, 'lookup'> {
  const record = encodeRecord(profile, WALL_MS - ageMs, 5, packValues(profile, { spend: 2.5, visits: 3 }, []));
  return { lookup: (view) => (view === profile ? recordBytes(record) : null) };
}

function failureIn(message: Message): { code: string; message: string } {
  if (!('failure' in message.body) || message.body.failure === null) throw new Error('no failure');
  return { code: codeFromNumber(message.body.failure.code), message: message.body.failure.message };
}

describe('the feature-shard', () => {
  it('hands enriched rows on to the worker, with their freshness', () => {
    const sent = ask(enrich());
    if (sent.kind !== 'compute') throw new Error(sent.kind);
    expect(sent.body).toMatchObject({ id: 7, replyTo: 'router.1/router', rows: 2 });
    expect(decodeFreshness(sent.body.freshness!)).toMatchObject({
      appliedSeq: [11, 12],
      ageMs: [-1, -1],
      // What it takes to work the features out again: how far the views that live everywhere were, and at what time.
      everywhereSeq: [14],
      asOfMs: [WALL_MS],
    });
  });

  it.each([
    ['the ttl alone', 0, 3_600_000],
    ['max_age_ms below the ttl', 60_000, 60_000],
    ['max_age_ms above the ttl', 7_200_000, 3_600_000],
  ])('judges a row by %s, to the millisecond, in predictions and in reads alike', (_, maxAgeMs, limitMs) => {
    for (const [ageMs, old] of [
      [limitMs - 1, false],
      [limitMs, false],
      [limitMs + 1, true],
    ] as const) {
      const computed = ask(enrich({ maxAgeMs }), holding(ageMs));
      if (computed.kind !== 'compute') throw new Error(computed.kind);
      const { ageMs: ages, defaulted, expired } = decodeFreshness(computed.body.freshness!);
      // Bits: profile.spend, shops.risk, of which nothing is stored.
      expect([ages[0], defaulted[0], expired[0] ?? 0]).toEqual(old ? [-1, 0b11, 0b01] : [ageMs, 0b10, 0]);
      const answered = ask(read({ maxAgeMs }), holding(ageMs));
      if (answered.kind !== 'readFeaturesReply') throw new Error(answered.kind);
      expect(answered.body).toMatchObject({ eventMs: [WALL_MS - ageMs], asOfMs: WALL_MS, appliedSeq: [11] });
      expect(answered.body.statuses[0]).toBe(old ? ROW_STATUS.expired : ROW_STATUS.found);
      expect(answered.body.records[0]!.length > 0).toBe(!old);
    }
  });

  it('reads what is not stored, or was written for another schema, as missing', () => {
    const cut = { lookup: () => recordBytes(new Uint8Array(8)) };
    for (const state of [{}, cut]) {
      const answered = ask(read(), state);
      if (answered.kind !== 'readFeaturesReply') throw new Error(answered.kind);
      expect(answered.body).toMatchObject({ eventMs: [-1], failure: null });
      expect([...answered.body.statuses, answered.body.records[0]!.length]).toEqual([ROW_STATUS.missing, 0]);
    }
  });

  it.each<[string, Partial<Enrich>]>([
    ['too few inputs', { inputs: [] }],
    ['too many inputs', { inputs: [KEY, KEY, KEY] }],
    ['a key without a partition', { partitions: [1] }],
    ['no rows', { keys: [], partitions: [] }],
  ])('refuses %s as the mistake of whoever asked', (_, changes) => {
    expect(failureIn(ask(enrich(changes))).code).toBe('INVALID_ARGUMENT');
  });

  it('says DATA_LOSS where what is stored cannot be read, so that another replica is asked', () => {
    const lookup = () => {
      throw new Error('page is corrupt');
    };
    expect(failureIn(ask(enrich(), { lookup }))).toEqual({
      code: 'DATA_LOSS',
      message: 'reading features failed: Error: page is corrupt',
    });
  });

  it('passes on what the replica says of a key that it refuses, to either kind of read', () => {
    const lookup = () => {
      throw new ServingError('INVALID_ARGUMENT', 'lookup', 'the key is too long');
    };
    const refused = { code: 'INVALID_ARGUMENT', message: 'the key is too long' };
    expect(failureIn(ask(enrich(), { lookup }))).toEqual(refused);
    expect(failureIn(ask(read(), { lookup }))).toEqual(refused);
    expect(failureIn(ask(read({ partitions: [] }))).code).toBe('INVALID_ARGUMENT');
    expect(failureIn(ask(read({ minSeq: [1], minPartitions: [] }))).code).toBe('INVALID_ARGUMENT');
    expect(failureIn(ask(enrich({ minSeq: [1, 2], minPartitions: [1] }))).code).toBe('INVALID_ARGUMENT');
  });

  it('refuses a partition that it does not own, with its epoch', () => {
    const sent = ask(enrich(), { serves: (partition) => partition === 1 });
    expect(failureIn(sent)).toEqual({
      code: 'FAILED_PRECONDITION',
      message: 'this shard does not own partition 2 at epoch 3',
    });
    expect(sent.body).toMatchObject({ epoch: 3 });
  });
});
