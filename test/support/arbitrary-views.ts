/** Any view, and rows for it, for property tests. */
import fc from 'fast-check';
import type { FeatureValue, RecordBytes } from '../../cluster/catalog/record.ts';
import {
  bool,
  type Entity,
  type Feature,
  type FeatureDefinition,
  float32,
  int64,
  type Placement,
  string,
  type View,
  vector,
  view,
} from '../../cluster/catalog/views.ts';
import { hashText } from '../../cluster/hash.ts';

export const anyFloat32 = fc.float({ noNaN: true, noDefaultInfinity: true });
export const anyInt64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

export const WORDS = ['card', 'bank', 'cash'];

const anyFeature: fc.Arbitrary<FeatureDefinition> = fc.oneof(
  anyFloat32.map((value) => float32({ default: value })),
  anyInt64.map((value) => int64({ default: value })),
  fc.boolean().map((value) => bool({ default: value })),
  fc.option(fc.constantFrom(...WORDS), { nil: undefined }).map((word) => {
    return string({ vocabulary: WORDS, ...(word === undefined ? {} : { default: word }) });
  }),
  fc.integer({ min: 2, max: 2 ** 24 }).map((buckets) => string({ buckets })),
  fc.array(anyFloat32, { minLength: 1, maxLength: 5 }).map((value) => vector(value.length, { default: value })),
);

export function anyView(name: string, entity: Entity, placement: Placement = 'sharded'): fc.Arbitrary<View> {
  return fc
    .record({
      features: fc.array(anyFeature, { minLength: 1, maxLength: 20 }),
      ttl: fc.constantFrom(0, 1_000),
    })
    .map(({ features, ttl }) =>
      view({
        name,
        entity,
        placement,
        ttl,
        features: Object.fromEntries(features.map((feature, i) => [`f${i}`, feature])),
      }),
    );
}

function anyValue(feature: Feature): fc.Arbitrary<FeatureValue> {
  switch (feature.type) {
    case 'float32':
      return anyFloat32;
    case 'int64':
      return anyInt64;
    case 'bool':
      return fc.boolean();
    case 'string':
      return feature.vocabulary === null
        ? fc.string({ maxLength: 12 })
        : fc.constantFrom(...feature.vocabulary, 'gold');
    case 'vector': {
      const length = feature.defaultCells.length;
      return fc.array(anyFloat32, { minLength: length, maxLength: length });
    }
  }
}

/** What is read back of a value: text that is coded comes back as far as the code says. */
export function readBack(feature: Feature, value: FeatureValue): FeatureValue {
  if (feature.type !== 'string' || typeof value !== 'string') return value;
  if (feature.vocabulary === null) return hashText(value, 0) % feature.buckets;
  return feature.vocabulary.includes(value) ? value : '';
}

/** A value for each feature of the view, some of them null. */
export function anyRow(one: View): fc.Arbitrary<Record<string, FeatureValue>> {
  const values = one.features.map((feature) => {
    return [feature.name, fc.option(anyValue(feature), { nil: null, freq: 6 })] as const;
  });
  return fc.record(Object.fromEntries(values));
}

/** The record in a larger buffer with other bytes around, as LMDB's shared read buffer holds it. */
export function shared(record: Uint8Array): RecordBytes {
  const buffer = new Uint8Array(record.byteLength + 40).fill(0xee);
  buffer.set(record);
  return { bytes: buffer, view: new DataView(buffer.buffer), length: record.byteLength };
}
