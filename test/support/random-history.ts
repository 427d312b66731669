/** Random histories of features, as fast-check makes them: an app with every kind of view, and logs that spare it nothing. */
import fc from 'fast-check';
import { ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import { packValues } from '../../cluster/catalog/record.ts';
import { aggregate, count, distinct, last, mean, min, sinceLast, stream, sum } from '../../cluster/catalog/streams.ts';
import { feature, now, onDemand, request } from '../../cluster/catalog/transforms.ts';
import {
  bool,
  defineApp,
  entity,
  float32,
  int64,
  type Placement,
  string,
  type View,
  vector,
  view,
} from '../../cluster/catalog/views.ts';
import { partitionOf } from '../../cluster/hash.ts';
import type { LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { encodeRowBatch, type RowBatchToWrite } from '../../proto/row-batch.ts';
import { anyFloat32, anyInt64, WORDS } from './arbitrary-views.ts';

export const PARTITIONS = 4;
export const T0 = 1_700_000_000_000;
const TTL_MS = 4_000;
const WINDOW_MS = 10_000;

const user = entity({ name: 'user', key: 'user_id' });
const merchant = entity({ name: 'merchant', key: 'merchant_id' });

const profileFeatures = {
  score: float32({ default: 9 }),
  visits: int64({ default: 7n }),
  vip: bool({ default: true }),
  tier: string({ vocabulary: WORDS, default: 'bank' }),
  town: string({ buckets: 1_000 }),
  taste: vector(3, { default: 0.5 }),
};
/** The same view before it grew: rows written under it are read under the other. */
const youngProfile = view({ name: 'profile', entity: user, ttl: TTL_MS, features: profileFeatures });
const profile = view({
  name: 'profile',
  entity: user,
  ttl: TTL_MS,
  features: { ...profileFeatures, late: float32({ default: -1 }) },
});
const shop = view({
  name: 'shop',
  entity: merchant,
  placement: 'everywhere',
  features: { risk: float32(), open: bool() },
});
const fields = { amount: float32(), place: string() };
const youngPayments = stream({ name: 'payments', allowedLateness: '5m', fields });
const payments = stream({ name: 'payments', allowedLateness: '5m', fields: { ...fields, tip: int64() } });
const features = {
  count_3s: count('3s'),
  sum_3s: sum('amount', '3s'),
  sum_10s: sum('amount', '10s'),
  mean_10s: mean('amount', '10s', { default: 3 }),
  min_3s: min('amount', '3s'),
  last_10s: last('tip', '10s'),
  places_10s: distinct('place', '10s'),
  since_s: sinceLast('10s', { default: 99 }),
};
const spend = aggregate({ name: 'spend', entity: user, stream: payments, bucket: '1s', features });
const takings = aggregate({
  name: 'takings',
  entity: merchant,
  stream: payments,
  bucket: '1s',
  ttl: TTL_MS,
  placement: 'everywhere',
  features: { sum_3s: sum('amount', '3s'), count_10s: count('10s') },
});

const blend = onDemand({
  name: 'blend',
  inputs: {
    score: feature(profile, 'score'),
    spent: feature(spend, 'sum_3s'),
    amount: request('amount'),
    note: request('note', 'text'),
    at: now(),
  },
  default: -7,
  compute: ({ score, spent, amount, note, at }) => (score - spent) / amount + note.length + (at % 1_000),
});

export const app = defineApp({ views: [profile, shop, spend, takings], transforms: [blend] });
export const views: readonly View[] = [profile, shop, spend, takings];
export { payments, profile, shop, spend };

export const USERS = ['u1', 'u2', 'ü3', 'nobody'];
export const MERCHANTS = ['m1', 'm2', 'never'];

const utf8 = new TextEncoder();

export function placeOf(of: { readonly placement: Placement }, key: string): number {
  return of.placement === 'everywhere' ? PARTITIONS : partitionOf(utf8.encode(key), PARTITIONS);
}

/** Few times, so that rows tie, come late and lie on the edges of buckets and times to live. */
const anyEventMs = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 14 }).map((n) => T0 + n * 1_000) },
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 14_000 }).map((n) => T0 + n) },
  { weight: 1, arbitrary: fc.constant(T0 + 0.5) },
  // After which most others are too late to count.
  { weight: 1, arbitrary: fc.integer({ min: 300_000, max: 312_000 }).map((n) => T0 + n) },
);

const ROW_BYTES = profile.bitmapBytes + profile.valuesBytes;

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 5 });
const anyProfile = fc.record({
  score: nullable(anyFloat32),
  visits: nullable(anyInt64),
  vip: nullable(fc.boolean()),
  tier: nullable(fc.constantFrom(...WORDS, 'gold')),
  town: nullable(fc.string({ maxLength: 6 })),
  taste: nullable(fc.array(anyFloat32, { minLength: 3, maxLength: 3 })),
});
const anyUser = fc.constantFrom('u1', 'u2', 'ü3');
const anyMerchant = fc.constantFrom('m1', 'm2');
const anyAmount = nullable(
  fc.oneof(
    fc.integer({ min: -5, max: 50 }),
    anyFloat32.filter((n) => Math.abs(n) < 1e6),
  ),
);

type Rows = { readonly partition: number; readonly batch: RowBatchToWrite };
type Step = Rows | { readonly partition: number; readonly bytes: Uint8Array } | (Rows & { readonly expires: number });

function rowsOf(of: View, key: string, rows: RowBatchToWrite['rows']): Rows {
  const { name, version, schemaHash } = of;
  return { partition: placeOf(of, key), batch: { view: name, version, schemaHash, rows } };
}

const profileStep = fc
  .tuple(
    anyUser,
    fc.boolean(),
    fc.array(fc.tuple(anyEventMs, anyProfile, nullable(anyFloat32)), { minLength: 1, maxLength: 3 }),
  )
  .map(([key, young, rows]) => {
    const under = young ? youngProfile : profile;
    const packed = rows.map(([eventMs, values, late]) => {
      return { key: utf8.encode(key), eventMs, values: packValues(under, young ? values : { ...values, late }, []) };
    });
    return rowsOf(under, key, packed);
  });

const shopStep = fc
  .tuple(anyMerchant, anyEventMs, nullable(anyFloat32), nullable(fc.boolean()))
  .map(([key, eventMs, risk, open]) => {
    return rowsOf(shop, key, [{ key: utf8.encode(key), eventMs, values: packValues(shop, { risk, open }, []) }]);
  });

/** Ids recur, so that events come twice. */
const anyEvent = fc.record({
  eventMs: anyEventMs,
  id: fc.integer({ min: 0, max: 6 }),
  amount: anyAmount,
  place: nullable(fc.constantFrom('a', 'b', 'c')),
  tip: nullable(fc.integer({ min: 0, max: 9 })),
});

const eventStep = fc
  .tuple(anyUser, anyMerchant, fc.boolean(), fc.boolean(), fc.array(anyEvent, { minLength: 1, maxLength: 4 }))
  .map(([userKey, merchantKey, toMerchant, young, events]): Step => {
    const under = young ? youngPayments : payments;
    const key = utf8.encode(toMerchant ? merchantKey : userKey);
    const rows = events.map(({ eventMs, id, tip, ...values }) => {
      const body = packValues(under, young ? values : { ...values, tip }, []);
      return { key, eventMs, values: body, idA: id === 0 ? 0 : 1, idB: id };
    });
    const { name, version, schemaHash } = under;
    const where = { entity: toMerchant ? 'merchant' : 'user', everywhere: toMerchant };
    const partition = toMerchant ? PARTITIONS : placeOf(spend, userKey);
    return { partition, batch: { stream: name, version, schemaHash, ...where, rows } };
  });

const removeStep = fc
  .tuple(fc.constantFrom(...views), fc.nat(2), anyEventMs, fc.constantFrom(ROW_OPS.delete, ROW_OPS.expire))
  .map(([of, n, eventMs, op]) => {
    const key = of.entity.name === 'user' ? USERS[n]! : MERCHANTS[n % 2]!;
    return rowsOf(of, key, [{ key: utf8.encode(key), eventMs, values: new Uint8Array(0), op }]);
  });

/** What no edge would let into the log, and what newer apps write. */
const oddStep = fc.oneof(
  fc
    .tuple(fc.nat(PARTITIONS), fc.uint8Array({ maxLength: 30 }))
    .map(([partition, bytes]): Step => ({ partition, bytes })),
  fc.tuple(anyUser, anyEventMs, fc.uint8Array({ maxLength: 60 })).map(([key, eventMs, values]): Step => {
    return {
      partition: placeOf(profile, key),
      batch: { view: 'profile', version: 1, schemaHash: 77, rows: [{ key: utf8.encode(key), eventMs, values }] },
    };
  }),
  fc.tuple(anyUser, anyEventMs).map(([key, eventMs]): Step => {
    return rowsOf(profile, key, [{ key: utf8.encode(key), eventMs, values: Uint8Array.of(1, 2, 3) }]);
  }),
  // Of the right length, and no values that anybody would write: what lies under a null, no word, no truth value.
  fc
    .tuple(anyUser, anyEventMs, fc.uint8Array({ minLength: ROW_BYTES, maxLength: ROW_BYTES }))
    .map(([key, eventMs, values]): Step => rowsOf(profile, key, [{ key: utf8.encode(key), eventMs, values }])),
  // In a partition where nobody looks for it.
  fc.tuple(anyUser, anyEventMs, anyProfile).map(([key, eventMs, values]): Step => {
    const { batch } = rowsOf(youngProfile, key, [
      { key: utf8.encode(key), eventMs, values: packValues(youngProfile, values, []) },
    ]) as { batch: RowBatchToWrite };
    return { partition: (placeOf(profile, key) + 1) % PARTITIONS, batch };
  }),
);

/** What a sweep writes: removes a row that an earlier message brought, if it is still that one. */
const expireStep = fc.nat(100).map((back): Step => ({ partition: -1, batch: { rows: [] }, expires: back }));

const anyStep = fc.oneof(
  { weight: 4, arbitrary: profileStep },
  { weight: 2, arbitrary: shopStep },
  { weight: 6, arbitrary: eventStep },
  { weight: 2, arbitrary: removeStep },
  { weight: 2, arbitrary: oddStep },
  { weight: 1, arbitrary: expireStep },
);

function expiryOf(before: readonly (readonly [number, Step])[], expiry: Step & { readonly expires: number }): Step {
  const rows = before.flatMap(([, step]) => ('batch' in step && step.batch.rows.length > 0 ? [step] : []));
  if (rows.length === 0) return { partition: 0, bytes: new Uint8Array(0) };
  const { partition, batch } = rows[expiry.expires % rows.length]!;
  const { key, eventMs } = batch.rows.at(-1)!;
  const of = batch.stream === undefined ? batch : rowsOf(batch.everywhere ? takings : spend, '', []).batch;
  return { partition, batch: { ...of, rows: [{ key, eventMs, values: new Uint8Array(0), op: ROW_OPS.expire }] } };
}

/** A log of up to `length` messages; several may be of one millisecond. */
export function anyHistory(length: number): fc.Arbitrary<LoggedMessage[]> {
  const anyGapMs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_500 }));
  return fc.array(fc.tuple(anyGapMs, anyStep), { maxLength: length, size: 'max' }).map((steps) => {
    let createdMs = T0;
    return steps.map(([gapMs, given], i) => {
      createdMs += gapMs;
      const step = 'expires' in given ? expiryOf(steps.slice(0, i), given) : given;
      const bytes = 'bytes' in step ? step.bytes : encodeRowBatch(step.batch);
      return { partition: step.partition, seq: i + 1, createdMs, bytes };
    });
  });
}

export type Question = { readonly user: string | null; readonly merchant: string | null; readonly atMs: number };

/** Moments beside what happens in the log, at its times to live and windows, and anywhere. */
export function anyQuestions(history: readonly LoggedMessage[], length: number): fc.Arbitrary<Question[]> {
  const created = history.map((message) => message.createdMs);
  const anyAtMs = fc.oneof(
    fc.tuple(fc.constantFrom(T0, ...created), fc.integer({ min: -1, max: 1 })).map(([ms, by]) => ms + by),
    fc
      .tuple(fc.integer({ min: 0, max: 14 }), fc.constantFrom(0, TTL_MS, WINDOW_MS), fc.integer({ min: -1, max: 1 }))
      .map(([n, after, by]) => T0 + n * 1_000 + after + by),
    fc.integer({ min: T0 - 5_000, max: T0 + 60_000 }),
    fc.integer({ min: T0 + 300_000, max: T0 + 320_000 }),
    fc.constant(0),
  );
  return fc.array(
    fc.record({
      user: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...USERS) }, { weight: 1, arbitrary: fc.constant(null) }),
      merchant: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...MERCHANTS) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      atMs: anyAtMs,
    }),
    { minLength: 1, maxLength: length, size: 'max' },
  );
}
