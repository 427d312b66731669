import { describe, expect, it } from 'vitest';
import {
  bool,
  defineApp,
  entity,
  FEATURES_PER_VIEW_MAX,
  float32,
  int64,
  view,
} from '../../../../cluster/catalog/views.ts';

const user = entity({ name: 'user', key: 'user_id' });
const features = { age: int64(), score: float32({ default: 0.5 }), vip: bool({ default: true, description: 'pays' }) };

describe('features', () => {
  it('have the defaults of their type, held to what is stored', () => {
    expect([float32().default, int64().default, bool().default]).toEqual([0, 0n, false]);
    expect(float32({ default: 0.1 }).default).toBe(Math.fround(0.1));
    expect(int64({ default: -3 }).default).toBe(-3n);
    expect(int64({ default: 2n ** 63n - 1n }).default).toBe(2n ** 63n - 1n);
  });

  it('refuse defaults that cannot be stored', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e39, -1e300]) {
      expect(() => float32({ default: value })).toThrow(`float32 default ${value} must be a finite 32-bit float`);
    }
    for (const value of [0.5, Number.NaN, 2 ** 53]) {
      expect(() => int64({ default: value })).toThrow(`int64 default ${value} must be a whole number`);
    }
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
      expect(() => int64({ default: value })).toThrow(`int64 default ${value} must fit 64 bits`);
    }
  });
});

describe('a view', () => {
  it('lays its features out one behind the other, in the order they are written', () => {
    const one = view({ name: 'profile', entity: user, features });
    expect(one.features.map(({ name, index, offset }) => [name, index, offset])).toEqual([
      ['age', 0, 0],
      ['score', 1, 8],
      ['vip', 2, 12],
    ]);
    expect([one.valuesBytes, one.bitmapBytes, one.version, one.placement, one.ttlMs]).toEqual([13, 8, 1, 'sharded', 0]);
    expect(one.featureByName.get('vip')).toBe(one.features[2]);
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`f${i}`, bool()]));
    expect(view({ name: 'v', entity: user, features: many }).bitmapBytes).toBe(16);
  });

  it('reads ttl in milliseconds or as text with a unit', () => {
    const ttlMs = (ttl: number | string) => view({ name: 'v', entity: user, ttl, features }).ttlMs;
    expect(['90d', '12h', '30m', '10s', '250ms', '1.5s', 0, 77].map(ttlMs)).toEqual([
      7_776_000_000, 43_200_000, 1_800_000, 10_000, 250, 1_500, 0, 77,
    ]);
    for (const ttl of ['', '90', 'd', '-1d', '1 d', '1w', '1e3s', -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => ttlMs(ttl)).toThrow(`view 'v': ttl ${JSON.stringify(ttl)} must be milliseconds or text`);
    }
  });

  it('has another schema hash exactly when stored bytes would mean something else', () => {
    const hash = (changes: Partial<Parameters<typeof view>[0]>) =>
      view({ name: 'v', entity: user, features, ...changes }).schemaHash;
    const base = hash({});
    expect(hash({ ttl: '1d' })).toBe(base);
    expect(hash({ features: { ...features, score: float32({ default: 7 }) } })).toBe(base);
    const meanings = [
      hash({ name: 'w' }),
      hash({ version: 2 }),
      hash({ placement: 'everywhere' }),
      hash({ entity: entity({ name: 'other', key: 'user_id' }) }),
      hash({ features: { score: float32(), age: int64(), vip: bool() } }),
      hash({ features: { ...features, age: float32() } }),
      hash({ features: { ...features, more: bool() } }),
    ];
    expect(new Set([base, ...meanings]).size).toBe(meanings.length + 1);
  });

  it('is refused, with the reason, when it cannot be served', () => {
    const define = (changes: Partial<Parameters<typeof view>[0]>) => () =>
      view({ name: 'v', entity: user, features, ...changes });
    expect(define({ name: '../v' })).toThrow('view name "../v" must start with a letter');
    for (const version of [0, 1.5, -1]) expect(define({ version })).toThrow("view 'v': version must be a whole number");
    expect(define({ features: {} })).toThrow("view 'v' has 0 features");
    const many = Object.fromEntries(Array.from({ length: FEATURES_PER_VIEW_MAX + 1 }, (_, i) => [`f${i}`, bool()]));
    expect(define({ features: many })).toThrow("view 'v' has 4097 features; 1 to 4096 are allowed");
    expect(define({ features: { 'a.b': bool() } })).toThrow('feature name "a.b"');
    for (const taken of ['user_id', 'event_time']) {
      expect(define({ features: { [taken]: bool() } })).toThrow(`'${taken}' is taken by the row's key, time or id`);
    }
  });
});

describe('an app', () => {
  it('knows its views by name, and takes no two of one name', () => {
    const one = view({ name: 'v', entity: user, features });
    expect(defineApp({ views: [one] }).views.get('v')).toBe(one);
    expect(() => defineApp({ views: [one, one] })).toThrow("two views are named 'v'");
  });

  it('names entities and their keys like everything else', () => {
    expect(() => entity({ name: 'a b', key: 'id' })).toThrow('entity name "a b"');
    expect(() => entity({ name: 'user', key: '' })).toThrow('entity key name ""');
  });
});
