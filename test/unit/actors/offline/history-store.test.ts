/** What a replay keeps of the log, how it knows history that was loaded late, and which features may be asked for. */
import { describe, expect, it } from 'vitest';
import { chooseFeatures, keyFieldsOf } from '../../../../actors/offline/feature-columns.ts';
import { HistoryStore } from '../../../../actors/offline/history-store.ts';
import { RowTable } from '../../../../actors/offline/row-table.ts';
import { encodeRecord } from '../../../../cluster/catalog/record.ts';
import { defineApp, entity, float32, view } from '../../../../cluster/catalog/views.ts';

const user = entity({ name: 'user', key: 'user_id' });
const old = view({ name: 'profile', entity: user, features: { a: float32() } });
const profile = view({ name: 'profile', version: 2, entity: user, features: { a: float32(), b: float32() } });
const shop = view({
  name: 'shop',
  entity: entity({ name: 'merchant', key: 'merchant_id' }),
  features: { risk: float32() },
});
const app = defineApp({ views: [old, profile, shop] });
const key = (text: string) => new TextEncoder().encode(text);
const row = (eventMs: number) => encodeRecord(profile, eventMs, 1, new Uint8Array(16));

describe('the store of a replay', () => {
  it('keeps only what is wanted, and only where it belongs', () => {
    const store = new HistoryStore();
    const slot = store.want(profile, key('u1'), 3);
    for (const [partition, id, of, kept] of [
      [3, profile.id, 'u1', true],
      [2, profile.id, 'u1', false],
      [3, old.id, 'u1', false],
      [3, profile.id, 'u2', false],
    ] as const) {
      store.enter(partition);
      expect(store.wants(id, key(of))).toBe(kept);
    }
    store.enter(2);
    store.replace(profile.id, key('u1'), null, row(1));
    expect(slot.record).toBeNull();
    store.enter(3);
    store.replace(profile.id, key('u1'), null, row(1));
    expect(store.stored(profile, 3, key('u1'))).toBe(slot.record);
    expect(store.stored(profile, 2, key('u1'))).toBeNull();
    store.replace(profile.id, key('u1'), slot.record, null);
    expect(slot.record).toBeNull();
  });

  it('counts what was missed and came later although it had been true by then', () => {
    const store = new HistoryStore();
    store.enter(0);
    const [late, future, never] = ['late', 'future', 'never'].map((name) => store.want(profile, key(name), 0));
    for (const slot of [late, late, future, never]) store.missed(slot!, 1_000);
    store.replace(profile.id, key('late'), null, row(1_000));
    store.replace(profile.id, key('late'), late!.record, row(1_000));
    store.replace(profile.id, key('future'), null, row(1_001));
    expect(store.missedReads).toBe(4);
    expect(store.loadedLater).toBe(2);
  });
});

describe('the features of a training set', () => {
  it('are named one by one or by view, each once, in the order given', () => {
    const chosen = chooseFeatures(app, ['shop', 'profile.b', 'profile', 'profile@1.a', 'shop.risk']);
    expect(chosen.map(({ name, features }) => [name, features.map((feature) => feature.name)])).toEqual([
      ['shop', ['risk']],
      ['profile', ['b', 'a']],
      ['profile@1', ['a']],
    ]);
    expect(keyFieldsOf(chosen)).toEqual(['merchant_id', 'user_id']);
  });

  it.each([
    ['nope.a', 'no such view'],
    ['profile.c', "view 'profile' has a, b"],
    ['a', 'no such view'],
    ['', 'no such view'],
  ])('are refused where the app does not have them: "%s"', (reference, message) => {
    expect(() => chooseFeatures(app, [reference])).toThrow(message);
  });
});

describe('the table of what is worked out', () => {
  it('keeps rows apart, over pages', () => {
    const table = new RowTable(3_000, 700, 2 ** 30);
    for (let i = 0; i < 3_000; i++) {
      const { cells, at } = table.row(i);
      cells.setUint32(at, i, true);
      cells.setUint32(at + 696, i * 7, true);
    }
    for (let i = 0; i < 3_000; i++) {
      const { cells, at } = table.row(i);
      expect([cells.getUint32(at, true), cells.getUint32(at + 696, true)]).toEqual([i, i * 7]);
    }
  });

  it('refuses what would not fit, and says what to do', () => {
    expect(() => new RowTable(1_000_000, 3_000, 2 ** 30)).toThrow(/need 2862 MiB; at most 1024 are allowed: split/);
  });
});
