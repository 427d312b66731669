/** The compiler's side of pushing and reading by definition; what goes over the wire is for the e2e tests. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { aggregate, count, stream } from '../../../cluster/catalog/streams.ts';
import { entity, float32, int64, string, vector, view } from '../../../cluster/catalog/views.ts';
import { FeatureClient } from '../../../cluster/feature-client.ts';
import type { NatsLink } from '../../../cluster/nats/nats-link.ts';

const user = entity({ name: 'user', key: 'user_id' });
const profile = view({
  name: 'profile',
  version: 2,
  entity: user,
  features: { age: int64(), score: float32(), plan: string({ vocabulary: ['free'] }), taste: vector(2) },
});
const payments = stream({ name: 'payments', fields: { amount: float32() } });
const spending = aggregate({
  name: 'spending',
  entity: user,
  stream: payments,
  bucket: '1m',
  features: { n: count('1h') },
});

/** What a client asks, and canned answers. */
function recording(reply: object) {
  const asked: { subject: string; body: unknown }[] = [];
  const request = async (subject: string, bytes: Uint8Array) => {
    asked.push({ subject, body: JSON.parse(new TextDecoder().decode(bytes)) });
    return { bytes: new TextEncoder().encode(JSON.stringify(reply)) };
  };
  const nats = { request, payloadBytesMax: 1_000_000 } as unknown as NatsLink;
  return { asked, client: new FeatureClient(nats, 100) };
}

describe('the client', () => {
  it('pushes to a definition, by its name and version, what the definition says', async () => {
    const { asked, client } = recording({ acks: [{ partition: 1, seq: 2 }] });
    await client.push(profile, [{ user_id: 'u1', age: 2n ** 60n, taste: [1, 2], event_time: 5 }]);
    await client.push(payments, [{ user_id: 'u1', amount: 3, id: 'p1' }]);
    await client.push('anything', [{ whatever: 1 }]);
    expect(asked).toEqual([
      {
        subject: 'dovetail.features.push.profile@2',
        body: { rows: [{ user_id: 'u1', age: '1152921504606846976', taste: [1, 2], event_time: 5 }] },
      },
      { subject: 'dovetail.features.push.payments', body: { rows: [{ user_id: 'u1', amount: 3, id: 'p1' }] } },
      { subject: 'dovetail.features.push.anything', body: { rows: [{ whatever: 1 }] } },
    ]);
    // @ts-expect-error a feature of another type
    await client.push(profile, [{ user_id: 'u1', age: 'old' }]);
    // @ts-expect-error no key
    await client.push(profile, [{ age: 3 }]);
    // @ts-expect-error a field of another type
    await client.push(payments, [{ user_id: 'u1', amount: 'much' }]);
  });

  it('reads a definition with the types of its values', async () => {
    const { asked, client } = recording({ rows: [{ key: 'u1', values: { age: 3 } }] });
    const [row] = await client.get(profile, ['u1'], { minSeq: 7 });
    expectTypeOf(row!.values.age).toEqualTypeOf<number | string | null>();
    expectTypeOf(row!.values.score).toEqualTypeOf<number | null>();
    expectTypeOf(row!.values.taste).toEqualTypeOf<readonly number[] | null>();
    // @ts-expect-error a feature that the view does not have
    expect(row!.values.height).toBeUndefined();
    const [aggregated] = await client.get(spending, ['u1']);
    expectTypeOf(aggregated!.values['n']).toEqualTypeOf<
      number | boolean | string | readonly number[] | null | undefined
    >();
    expect(asked.map(({ subject }) => subject)).toEqual([
      'dovetail.features.get.profile@2',
      'dovetail.features.get.spending@1',
    ]);
    expect(asked[0]!.body).toEqual({ keys: ['u1'], min_seq: 7, timeout_ms: 100 });
  });
});
