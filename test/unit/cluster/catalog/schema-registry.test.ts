/** What a cluster knows of its views, and the processes that may join it. */
import { describe, expect, it } from 'vitest';
import { registerSchemas } from '../../../../cluster/catalog/schema-registry.ts';
import { aggregate, count, max, stream, sum } from '../../../../cluster/catalog/streams.ts';
import { defineApp, entity, float32, int64, string, type View, view } from '../../../../cluster/catalog/views.ts';
import { MemoryKeyValue, MemoryStore } from '../../../support/memory-key-value.ts';

const user = entity({ name: 'user', key: 'user_id' });
const payments = stream({ name: 'payments', fields: { amount: float32() } });
const profile = (features: Parameters<typeof view>[0]['features'], changes: object = {}) =>
  view({ name: 'profile', entity: user, features, ...changes });
const spending = (features: Parameters<typeof aggregate<'user_id', 'amount'>>[0]['features']) =>
  aggregate({ name: 'spending', entity: user, stream: payments, bucket: '1m', features });

/** Definitions that join one cluster after the other; the last one's refusal, or null. */
async function join(...views: View[]): Promise<string | null> {
  const keyValue = new MemoryKeyValue(new MemoryStore());
  for (const [i, one] of views.entries()) {
    try {
      await registerSchemas(keyValue, defineApp({ views: [one] }));
    } catch (thrown) {
      expect(i).toBe(views.length - 1);
      expect(thrown).toMatchObject({ code: 'FAILED_PRECONDITION' });
      return (thrown as Error).message;
    }
  }
  return null;
}

describe('a cluster', () => {
  const first = { age: int64() };
  const grown = { age: int64(), score: float32() };

  it('takes the same definition again, one with features more at the end, and the older one beside it', async () => {
    expect(await join(profile(first), profile(first))).toBeNull();
    expect(await join(profile(first), profile(grown), profile(first), profile(grown))).toBeNull();
    expect(await join(profile(first, { ttl: '1d' }), profile({ age: int64({ default: 3 }) }))).toBeNull();
    expect(await join(profile(first), profile({ age: float32() }, { version: 2 }))).toBeNull();
  });

  it.each([
    ['another type', profile({ age: float32() }), "has 'age' as float32, but this cluster knows it as int64"],
    ['another name', profile({ years: int64() }), "has 'years' where this cluster knows 'age'"],
    [
      'a feature before others',
      profile({ score: float32(), age: int64() }),
      "has 'score' where this cluster knows 'age'",
    ],
    ['another placement', profile(first, { placement: 'everywhere' }), 'is about another entity, placement or stream'],
    ['another entity', profile(first, { entity: entity({ name: 'shop', key: 'user_id' }) }), 'is about another entity'],
  ])('refuses %s under the same version, and says what to do', async (_, second, message) => {
    const refusal = await join(profile(first), second);
    expect(refusal).toContain(`view 'profile' version 1 ${message}`);
    expect(refusal).toContain('needs another version (version: 2)');
  });

  it('tells two growths of one definition apart', async () => {
    const other = profile({ age: int64(), name: string() });
    expect(await join(profile(first), profile(grown), other)).toContain("has 'name' where this cluster knows 'score'");
  });

  it('refuses aggregations that need other state than is stored, and takes those that do not', async () => {
    const base = spending({ a: sum('amount', '1h') });
    expect(await join(base, spending({ a: sum('amount', '1h'), b: sum('amount', '5m') }))).toBeNull();
    expect(await join(base, spending({ a: sum('amount', '1h'), b: max('amount', '1h') }))).toContain(
      'keeps other state',
    );
    expect(await join(base, spending({ a: count('1h') }))).toContain("has 'a' as count(,3600000):int64");
  });

  it('remembers streams too', async () => {
    const other = stream({ name: 'payments', fields: { amount: int64() } });
    const second = aggregate({ name: 'w', entity: user, stream: other, bucket: '1m', features: { n: count('1h') } });
    expect(await join(spending({ a: count('1h') }), second)).toContain(
      "stream 'payments' version 1 has 'amount' as int64",
    );
  });
});
