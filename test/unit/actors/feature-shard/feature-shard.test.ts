import { describe, expect, it } from 'vitest';
import { featureShard, type ShardState } from '../../../../actors/feature-shard/feature-shard.ts';
import { codeFromNumber, ServingError } from '../../../../proto/errors.ts';
import { decodeFreshness } from '../../../../proto/freshness.ts';
import type { Enrich, Message, ReadFeatures } from '../../../../proto/letters.ts';
import { packBytes } from '../../../../proto/tensor.ts';
import { app, featurePlan } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';

const KEY = new TextEncoder().encode('u1');
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
      ...changes,
    },
  };
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
    expect(decodeFreshness(sent.body.freshness!)).toMatchObject({ appliedSeq: [11, 12], ageMs: [-1, -1] });
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
    const read: ReadFeatures = {
      id: 9,
      replyTo: 'router.1/gateway',
      view: 'profile',
      keys: [KEY],
      partitions: [1],
      epoch: 3,
      budgetUs: 1_000,
      trace: null,
    };
    const refused = { code: 'INVALID_ARGUMENT', message: 'the key is too long' };
    expect(failureIn(ask(enrich(), { lookup }))).toEqual(refused);
    expect(failureIn(ask({ kind: 'readFeatures', body: read }, { lookup }))).toEqual(refused);
    expect(failureIn(ask({ kind: 'readFeatures', body: { ...read, partitions: [] } })).code).toBe('INVALID_ARGUMENT');
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
