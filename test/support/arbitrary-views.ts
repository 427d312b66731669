/** Any view, and rows for it, for property tests. */
import fc from 'fast-check';
import type { FeatureValue, RecordBytes } from '../../cluster/catalog/record.ts';
import {
  bool,
  type Entity,
  type FeatureDefinition,
  float32,
  int64,
  type Placement,
  type View,
  view,
} from '../../cluster/catalog/views.ts';

export const anyFloat32 = fc.float({ noNaN: true, noDefaultInfinity: true });
export const anyInt64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

const anyFeature: fc.Arbitrary<FeatureDefinition> = fc.oneof(
  anyFloat32.map((value) => float32({ default: value })),
  anyInt64.map((value) => int64({ default: value })),
  fc.boolean().map((value) => bool({ default: value })),
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

/** A value for each feature of the view, some of them null. */
export function anyRow(one: View): fc.Arbitrary<Record<string, FeatureValue>> {
  const values = one.features.map((feature) => {
    const value: fc.Arbitrary<FeatureValue> =
      feature.type === 'float32' ? anyFloat32 : feature.type === 'int64' ? anyInt64 : fc.boolean();
    return [feature.name, fc.option(value, { nil: null, freq: 6 })] as const;
  });
  return fc.record(Object.fromEntries(values));
}

/** The record in a larger buffer with other bytes around, as LMDB's shared read buffer holds it. */
export function shared(record: Uint8Array): RecordBytes {
  const buffer = new Uint8Array(record.byteLength + 40).fill(0xee);
  buffer.set(record);
  return { bytes: buffer, view: new DataView(buffer.buffer), length: record.byteLength };
}
