/** Data frames that are pushed to a stream of events; frames of views are in the integration tests of Feast's routes. */
import { describe, expect, it } from 'vitest';
import type { FeastCatalog } from '../../../../actors/edge/feast-read.ts';
import { parsePushRequest, parseWriteRequest } from '../../../../actors/edge/feast-write.ts';
import { aggregate, count, stream } from '../../../../cluster/catalog/streams.ts';
import { defineApp, entity, float32 } from '../../../../cluster/catalog/views.ts';

const payments = stream({ name: 'payments', fields: { amount: float32() } });
const views = ['user', 'shop'].map((name) =>
  aggregate({
    name: `${name}_payments`,
    entity: entity({ name, key: `${name}_id` }),
    stream: payments,
    bucket: '1m',
    features: { n: count('1h') },
  }),
);
const catalog = { views: () => defineApp({ views }).views } as unknown as FeastCatalog;
const push = (df: object) => parsePushRequest({ push_source_name: 'payments', df }, catalog);
const df = {
  user_id: ['u1', 7],
  shop_id: ['s1', null],
  amount: [3, 4],
  id: ['p1', null],
  event_timestamp: ['2026-02-28 12:00:00', '2026-02-28T12:00:01Z'],
  created: [null, null],
};

describe('a frame for a stream', () => {
  it('becomes events with the keys of every entity that they concern, their time and their id', () => {
    expect(push(df)).toEqual({
      view: 'payments',
      rows: [
        { user_id: 'u1', shop_id: 's1', amount: 3, id: 'p1', event_time: '2026-02-28 12:00:00Z' },
        { user_id: '7', shop_id: null, amount: 4, id: null, event_time: '2026-02-28T12:00:01Z' },
      ],
      refusals: [null, null],
    });
  });

  it('needs every key, and no column that is not known', () => {
    const { shop_id: _, ...without } = df;
    expect(() => push(without)).toThrow("df has no column 'shop_id'");
    expect(() => push({ ...df, colour: [1, 2] })).toThrow(
      '"colour" that stream \'payments\' has not; it has amount, id',
    );
  });

  it('is pushed, not written to an online store, which streams have none of', () => {
    expect(() => parseWriteRequest({ feature_view_name: 'payments', df }, catalog)).toThrow(
      'user_payments, shop_payments',
    );
    expect(() => parsePushRequest({ push_source_name: 'nope', df }, catalog)).toThrow('shop_payments, payments');
  });
});
