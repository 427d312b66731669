/** Streams, aggregated views, and what a row of each becomes on its way through the log. */
import { describe, expect, it } from 'vitest';
import { FeatureIngest, type RowAck } from '../../../../actors/feature-ingest/feature-ingest.ts';
import {
  applyMessage,
  emptyTally,
  type RowStore,
  readMessage,
} from '../../../../actors/feature-shard/apply-message.ts';
import { ROW_OPS } from '../../../../cluster/catalog/apply-row.ts';
import { cutTo, materialize } from '../../../../cluster/catalog/materialize.ts';
import {
  type FeatureValue,
  isTombstone,
  matchesSchema,
  packValues,
  readValue,
  recordBytes,
  recordEventMs,
} from '../../../../cluster/catalog/record.ts';
import {
  aggregate,
  count,
  distinct,
  last,
  max,
  mean,
  min,
  sinceLast,
  stream,
  sum,
} from '../../../../cluster/catalog/streams.ts';
import {
  type App,
  defineApp,
  entity,
  float32,
  int64,
  type RowOf,
  string,
  type View,
  vector,
  view,
} from '../../../../cluster/catalog/views.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import { hashText, partitionOfText } from '../../../../cluster/hash.ts';
import { encodeRowBatch } from '../../../../proto/row-batch.ts';

const user = entity({ name: 'user', key: 'user_id' });
const merchant = entity({ name: 'merchant', key: 'merchant_id' });
const fields = { amount: float32(), merchant_id: string() };
const payments = stream({ name: 'payments', allowedLateness: '10m', fields });
const MINUTE = 60_000;
const PARTITIONS = 16;
const T0 = 1_700_000_000_000 - (1_700_000_000_000 % MINUTE);

const spending = aggregate({
  name: 'spending',
  entity: user,
  stream: payments,
  bucket: '1m',
  features: {
    payments_10m: count('10m'),
    spend_10m: sum('amount', '10m'),
    spend_1h: sum('amount', '1h'),
    mean_1h: mean('amount', '1h', { default: 7 }),
    least_1h: min('amount', '1h'),
    most_1h: max('amount', '1h'),
    last_amount: last('amount', '1h'),
    merchants_1h: distinct('merchant_id', '1h'),
    since_s: sinceLast('1h', { default: 3_600 }),
  },
});
const shops = aggregate({
  name: 'shops',
  entity: merchant,
  stream: payments,
  bucket: '1m',
  placement: 'everywhere',
  features: { takings_1h: sum('amount', '1h') },
});
const app = defineApp({ views: [spending, shops] });

/** A log and one replica of it, in memory. */
class World {
  readonly clock: ManualClock;
  readonly log: { partition: number; bytes: Uint8Array }[] = [];
  readonly rows = new Map<string, Uint8Array>();
  readonly tally = emptyTally();
  readonly ingest: FeatureIngest;
  readonly app: App;

  constructor(of: App, wallMs = T0) {
    this.app = of;
    this.clock = new ManualClock(0, wallMs);
    this.ingest = new FeatureIngest({
      app: of,
      clock: this.clock,
      partitions: () => PARTITIONS,
      rowsPerMessageMax: 100,
      bytesPerMessageMax: 10_000,
      rowsInFlightMax: 1_000,
      sink: { append: async (partition, bytes) => this.log.push({ partition, bytes }) },
    });
  }

  async push(name: string, ...rows: Record<string, unknown>[]): Promise<RowAck[]> {
    const acks = await this.ingest.push(name, rows);
    this.apply();
    return acks;
  }

  apply(of: App = this.app, from = 0): void {
    this.log.splice(0).forEach(({ partition, bytes }, i) => {
      applyMessage(of, { seq: from + i + 1, bytes }, this.store(partition), this.tally);
    });
  }

  store(partition: number): RowStore {
    const name = (id: number, key: Uint8Array) => `${partition} ${id} ${Buffer.from(key)}`;
    return {
      lookup: (id, key) => {
        const bytes = this.rows.get(name(id, key));
        return bytes === undefined ? null : recordBytes(bytes);
      },
      replace: (id, key, _, record) => {
        if (record === null) this.rows.delete(name(id, key));
        else this.rows.set(name(id, key), record);
      },
    };
  }

  read(of: View, key: string, atMs: number): Record<string, FeatureValue> | null {
    const partition = of.placement === 'everywhere' ? PARTITIONS : partitionOfText(key, PARTITIONS);
    const row = materialize(of, this.store(partition).lookup(of.id, Buffer.from(key)), atMs);
    return row === null ? null : Object.fromEntries(of.features.map((one) => [one.name, readValue(of, one, row)]));
  }
}

const payment = (amount: number, atMs: number, more: Record<string, unknown> = {}) => {
  return { user_id: 'u1', merchant_id: 'm1', amount, event_time: atMs, ...more };
};

describe('events of a stream', () => {
  it('become the features of every view that aggregates them, as of the read', async () => {
    const world = new World(app, T0 + 30 * MINUTE);
    const acks = await world.push('payments', payment(10, T0), payment(5, T0 + 25 * MINUTE, { merchant_id: 'm2' }));
    expect(acks.map((ack) => ('error' in ack ? ack.error : ack.also?.length))).toEqual([1, 1]);
    expect(world.read(spending, 'u1', T0 + 30 * MINUTE)).toEqual({
      payments_10m: 1n,
      spend_10m: 5,
      spend_1h: 15,
      mean_1h: 7.5,
      least_1h: 5,
      most_1h: 10,
      last_amount: 5,
      merchants_1h: 2n,
      since_s: 300,
    });
    expect(world.read(shops, 'm1', T0 + 30 * MINUTE)).toEqual({ takings_1h: 10 });
    expect(world.read(shops, 'm2', T0 + 30 * MINUTE)).toEqual({ takings_1h: 5 });
    expect(world.read(spending, 'u1', T0 + 90 * MINUTE)).toMatchObject({ payments_10m: 0n, mean_1h: null });
    expect(world.read(spending, 'u2', T0)).toBeNull();
  });

  it('count once under an id, however often and late they are sent again', async () => {
    const world = new World(app);
    await world.push('payments', payment(10, T0, { id: 'p1' }), payment(10, T0, { id: 'p1' }));
    await world.push('payments', payment(10, T0, { id: 'p1' }), payment(10, T0));
    expect(world.read(spending, 'u1', T0)).toMatchObject({ spend_10m: 20, payments_10m: 2n });
    // Each concerns a user and a merchant.
    expect(world.tally).toEqual({ ...emptyTally(), rowsApplied: 4, rowsDuplicate: 4 });
  });

  it('of a busy entity are all counted, out of order too, as far as its ids are remembered', async () => {
    for (const [idsPerEntity, counted] of [
      [undefined, 300n],
      [100, 101n],
    ] as const) {
      const busy = stream({ name: 'payments', allowedLateness: '10m', fields, ...(idsPerEntity && { idsPerEntity }) });
      const features = { n: count('1h') };
      const view = aggregate({ name: 'busy', entity: user, stream: busy, bucket: '1m', features });
      const world = new World(defineApp({ views: [view] }));
      // Newest first, which is as far out of order as can be.
      const events = Array.from({ length: 300 }, (_, i) => payment(1, T0 - i * 1_000, { id: `e${i}` }));
      for (const some of [events, events]) {
        for (let i = 0; i < 300; i += 50) await world.push('payments', ...some.slice(i, i + 50));
      }
      expect(world.read(view, 'u1', T0)).toEqual({ n: counted });
    }
    expect(() => stream({ name: 'payments', idsPerEntity: 0, fields })).toThrow('idsPerEntity must be a whole number');
  });

  it('that are older than the allowance are dropped, those within it land in their bucket', async () => {
    const world = new World(app, T0 + 60 * MINUTE);
    await world.push('payments', payment(1, T0 + 60 * MINUTE));
    await world.push('payments', payment(2, T0 + 51 * MINUTE), payment(4, T0 + 49 * MINUTE));
    expect(world.read(spending, 'u1', T0 + 60 * MINUTE)).toMatchObject({ spend_10m: 3, spend_1h: 3 });
    expect(world.tally).toMatchObject({ rowsApplied: 4, rowsLate: 2 });
  });

  it('concern only the entities whose keys they carry', async () => {
    const world = new World(app);
    const [ack] = await world.push('payments', payment(3, T0, { merchant_id: null }));
    expect(ack).toEqual({ partition: partitionOfText('u1', PARTITIONS), seq: 1 });
    const [none, missing] = await world.push('payments', payment(3, T0, { user_id: null, merchant_id: null }), {
      user_id: 'u1',
    });
    expect(none).toMatchObject({ error: { message: expect.stringContaining('belongs to nobody') } });
    expect(missing).toMatchObject({ error: { message: expect.stringContaining("no 'merchant_id'") } });
  });

  it.each([
    [{ amount: '3' }, "'payments.amount' must be a number"],
    [{ id: 7 }, "'id' must be text of 1 to 512 bytes"],
    [{ id: '' }, "'id' must be text of 1 to 512 bytes"],
    [{ colour: 'red' }, 'stream \'payments\' has no field "colour"; it has amount, merchant_id'],
    [{ event_time: T0 + 301_000 }, 'ahead of this machine'],
  ])('are refused one by one: %j', async (wrong, message) => {
    const world = new World(app);
    const [bad, good] = await world.push('payments', payment(1, T0, wrong), payment(2, T0));
    expect(bad).toMatchObject({ error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) } });
    expect(good).toMatchObject({ seq: 1 });
    expect(world.read(spending, 'u1', T0)).toMatchObject({ spend_10m: 2 });
  });

  it('that hold text give its code as a whole number, and more different values than a sketch holds an estimate', async () => {
    const seen = aggregate({
      name: 'seen',
      entity: user,
      stream: payments,
      bucket: '1m',
      features: { last_shop: last('merchant_id', '1h'), shops: distinct('merchant_id', '1h') },
    });
    const world = new World(defineApp({ views: [seen] }));
    for (let i = 0; i < 400; i += 100) {
      const events = Array.from({ length: 100 }, (_, j) => payment(1, T0, { merchant_id: `m${i + j}` }));
      await world.push('payments', ...events);
    }
    const { last_shop: code, shops: different } = world.read(seen, 'u1', T0)!;
    expect(code).toBe(BigInt(hashText('m399')));
    expect(Number(different)).toBeGreaterThan(300);
    expect(Number(different)).toBeLessThan(500);
  });

  it('are pushed to the stream, not to its views', async () => {
    const world = new World(app);
    await expect(world.push('spending', { user_id: 'u1' })).rejects.toThrow(
      "filled by the events of stream 'payments'",
    );
    await expect(world.push('nobody', {})).rejects.toThrow('defines: spending, shops, and streams: payments');
  });

  it('of a stream that grew are read with the fields that they had; those of another one are poison', () => {
    const grown = stream({ name: 'payments', allowedLateness: '10m', fields: { ...fields, tip: float32() } });
    const tips = aggregate({
      name: 'tips',
      entity: user,
      stream: grown,
      bucket: '1m',
      features: { tip_1h: sum('tip', '1h'), spend_1h: sum('amount', '1h') },
    });
    const world = new World(defineApp({ views: [tips] }));
    const row = { key: Buffer.from('u1'), eventMs: T0, values: packValues(payments, { amount: 3 }, []) };
    const batch = { stream: 'payments', entity: 'user', version: 1, rows: [row] };
    world.log.push({ partition: 0, bytes: encodeRowBatch({ ...batch, schemaHash: payments.schemaHash }) });
    world.apply();
    const stored = materialize(tips, world.store(0).lookup(tips.id, row.key), T0)!;
    expect(tips.features.map((one) => readValue(tips, one, stored))).toEqual([0, 3]);
    for (const [changes, why] of [
      [{ schemaHash: payments.schemaHash ^ 1 }, 'another definition'],
      [{ entity: 'merchant', schemaHash: grown.schemaHash }, 'no view aggregates'],
      [{ stream: 'clicks', schemaHash: grown.schemaHash }, 'does not define'],
    ] as const) {
      const { batch: none, poison } = readMessage(world.app, encodeRowBatch({ ...batch, ...changes }));
      expect(none).toBeNull();
      expect(poison[0]!.why).toContain(why);
    }
    const short = encodeRowBatch({ ...batch, schemaHash: grown.schemaHash });
    expect(readMessage(world.app, short).poison).toEqual([{ row: 0, why: 'an event of another length' }]);
  });
});

describe('deleting', () => {
  const profile = view({ name: 'profile', entity: user, features: { age: int64() } });
  const both = defineApp({ views: [profile, spending] });

  it('hides what is older for good, and not what is newer', async () => {
    const world = new World(both);
    await world.push('profile', { user_id: 'u1', age: 3, event_time: T0 - 10 });
    await world.ingest.delete('profile', ['u1'], T0 - 5);
    world.apply(both, 1);
    expect(world.read(profile, 'u1', T0)).toBeNull();
    await world.push('profile', { user_id: 'u1', age: 4, event_time: T0 - 6 });
    expect(world.read(profile, 'u1', T0)).toBeNull();
    await world.push('profile', { user_id: 'u1', age: 5, event_time: T0 - 4 });
    await world.ingest.delete('profile', ['u1'], T0 - 5);
    world.apply(both);
    expect(world.read(profile, 'u1', T0)).toEqual({ age: 5n });
  });

  it('of an aggregated view starts it anew: older events are stale', async () => {
    const world = new World(both);
    await world.push('payments', payment(10, T0 - 10));
    await world.ingest.delete('spending', ['u1'], T0 - 5);
    world.apply(both, 5);
    expect(world.read(spending, 'u1', T0)).toBeNull();
    await world.push('payments', payment(20, T0 - 6), payment(40, T0 - 4));
    // Nor do they come back behind one that is newer, although lateness would allow it.
    await world.push('payments', payment(80, T0 - 7), payment(160, T0 - 3));
    expect(world.read(spending, 'u1', T0)).toMatchObject({ spend_10m: 200 });
  });

  it('leaves a tombstone, which expires like any row when the log says so', async () => {
    const world = new World(both);
    await world.ingest.delete('profile', ['u1'], T0 - 5);
    world.apply();
    const partition = partitionOfText('u1', PARTITIONS);
    const key = Buffer.from('u1');
    expect(isTombstone(world.store(partition).lookup(profile.id, key)!)).toBe(true);
    const expire = (eventMs: number) => {
      const row = { key, eventMs, values: new Uint8Array(0), op: ROW_OPS.expire };
      world.log.push({ partition, bytes: encodeRowBatch({ view: 'profile', version: 1, rows: [row] }) });
      world.apply();
      return world.store(partition).lookup(profile.id, key);
    };
    expect(expire(T0 - 4)).not.toBeNull();
    expect(expire(T0 - 5)).toBeNull();
  });
});

describe('a definition', () => {
  const define = (changes: Record<string, unknown>) => () =>
    aggregate({ name: 'v', entity: user, stream: payments, bucket: '1m', features: { n: count('10m') }, ...changes });

  it('that cannot be served is refused, with what to change', () => {
    expect(define({ features: { n: sum('colour' as 'amount', '10m') } })).toThrow(
      "'n' aggregates 'colour', which stream",
    );
    expect(define({ features: { n: sum('merchant_id', '10m') } })).toThrow('which is text; there is distinct or last');
    expect(define({ features: { n: count('90s') } })).toThrow('whole multiple of the bucket');
    expect(define({ bucket: '1w' })).toThrow('bucket "1w" must be milliseconds or text');
    expect(define({ bucket: '0s' })).toThrow(/^view '\w+': bucketMs is 0/);
    expect(stream({ name: 's', allowedLateness: '1.1h', fields }).allowedLatenessMs).toBe(3_960_000);
    expect(() => stream({ name: 's', allowedLateness: '1m', fields })).toThrow('must be at least 5m');
    expect(() => stream({ name: 's', fields: { v: vector(3) } })).toThrow(
      "'v' is a vector, which cannot be aggregated",
    );
    const other = stream({ name: 'payments', fields: { amount: float32() } });
    const second = aggregate({ name: 'w', entity: user, stream: other, bucket: '1m', features: { n: count('10m') } });
    expect(() => defineApp({ views: [spending, second] })).toThrow("two streams are named 'payments' and differ");
    expect(() => defineApp({ views: [view({ name: 'payments', entity: user, features: fields }), spending] })).toThrow(
      "a stream and a view are both named 'payments'",
    );
  });

  it('keeps its stored state when a window over what it keeps is added, and not when it must keep more', () => {
    const base = define({ features: { a: sum('amount', '1h') } })().aggregation!.stateHash;
    const state = (features: Record<string, unknown>) => define({ features })().aggregation!.stateHash;
    expect(state({ a: sum('amount', '1h'), b: sum('amount', '10m') })).toBe(base);
    expect(state({ a: sum('amount', '2h') })).not.toBe(base);
    expect(state({ a: sum('amount', '1h'), b: max('amount', '1h') })).not.toBe(base);
  });

  it('is known to the compiler from end to end', () => {
    const typed = view({
      name: 'typed',
      entity: user,
      features: { age: int64(), plan: string({ vocabulary: ['free', 'paid'] }), taste: vector(2) },
    });
    const row: RowOf<typeof typed> = { user_id: 'u1', age: 3n, plan: 'paid', taste: [1, 2] };
    expect(packValues(typed, row, ['user_id']).byteLength).toBe(typed.bitmapBytes + 8 + 4 + 8);
    // @ts-expect-error a feature of another type
    const wrong: RowOf<typeof typed> = { user_id: 'u1', age: 'old' };
    expect(() => packValues(typed, wrong, ['user_id'])).toThrow("'typed.age' must be a whole number");
    const n = sum('colour', '10m');
    // @ts-expect-error a field that the stream does not have
    expect(() => aggregate({ name: 'v', entity: user, stream: payments, bucket: '1m', features: { n } })).toThrow();
  });
});

describe('a view of several versions', () => {
  const v1 = view({ name: 'profile', entity: user, features: { age: int64() } });
  const v2 = view({ name: 'profile', version: 2, entity: user, features: { age: float32() } });

  it('is the newest by its name, and each by its name and version', async () => {
    const world = new World(defineApp({ views: [v2, v1] }));
    await world.push('profile', { user_id: 'u1', age: 1.5 });
    await world.push('profile@1', { user_id: 'u1', age: 2 });
    expect([world.read(v1, 'u1', T0), world.read(v2, 'u1', T0)]).toEqual([{ age: 2n }, { age: 1.5 }]);
  });

  it('may grow by features at the end: rows of either definition are read by both', async () => {
    const grown = view({ name: 'profile', entity: user, features: { age: int64(), tall: float32({ default: 9 }) } });
    const world = new World(defineApp({ views: [v1] }));
    await world.push('profile', { user_id: 'u1', age: 2 });
    expect(world.read(grown, 'u1', T0)).toEqual({ age: 2n, tall: null });
    const later = new World(defineApp({ views: [grown] }));
    await later.push('profile', { user_id: 'u1', age: 2, tall: 3 });
    // A gateway that does not know it either is given what it knows of it.
    const row = materialize(
      grown,
      later.store(partitionOfText('u1', PARTITIONS)).lookup(grown.id, Buffer.from('u1')),
      T0,
    )!;
    const cut = cutTo(grown, v1.schemaHash, row);
    expect([matchesSchema(v1, cut), readValue(v1, v1.features[0]!, cut), recordEventMs(cut)]).toEqual([true, 2n, T0]);
    expect(cutTo(grown, grown.schemaHash, row)).toBe(row);
    expect(cutTo(grown, 0, row)).toBe(row);
    // A process that does not know the new definition yet keeps its rows, and reads none of them.
    const { rows } = later;
    expect(later.read(v1, 'u1', T0)).toBeNull();
    expect(rows.size).toBe(1);
  });
});
