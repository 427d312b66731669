/** The way in for features: rows are checked one by one, grouped by partition, acknowledged once the log has them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePush, pushReply } from '../../../../actors/edge/feature-api.ts';
import { parseJsonObject } from '../../../../actors/edge/json-text.ts';
import { checkRow } from '../../../../actors/feature-ingest/check-rows.ts';
import { FeatureIngest, type IngestOptions } from '../../../../actors/feature-ingest/feature-ingest.ts';
import { encodeRecord, readValue, recordBytes } from '../../../../cluster/catalog/record.ts';
import { bool, defineApp, entity, float32, int64, view } from '../../../../cluster/catalog/views.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import { partitionOfText } from '../../../../cluster/hash.ts';
import { ServingError } from '../../../../proto/errors.ts';
import { decodeRowBatch } from '../../../../proto/row-batch.ts';

const PARTITIONS = 16;
const user = entity({ name: 'user', key: 'user_id' });
const merchant = entity({ name: 'merchant', key: 'merchant_id' });
const profile = view({ name: 'profile', entity: user, features: { age: int64(), spend: float32(), vip: bool() } });
const shops = view({ name: 'shops', entity: merchant, placement: 'everywhere', features: { risk: float32() } });
const app = defineApp({ views: [profile, shops] });
const NOW_MS = 1_700_000_000_000;

describe('a row', () => {
  const check = (row: unknown) => checkRow(profile, row, PARTITIONS, NOW_MS);

  it('goes to the partition of its key, or of everywhere', () => {
    expect(check({ user_id: 'u1', age: 3 }).partition).toBe(partitionOfText('u1', PARTITIONS));
    expect(checkRow(shops, { merchant_id: 'm1', risk: 1 }, PARTITIONS, NOW_MS).partition).toBe(PARTITIONS);
  });

  it('holds its values, and null for what it leaves out', () => {
    const { row } = check({ user_id: 'u1', age: '9007199254740993', vip: true });
    const record = recordBytes(encodeRecord(profile, row.eventMs, 1, row.values));
    expect(profile.features.map((feature) => readValue(profile, feature, record))).toEqual([
      9007199254740993n,
      null,
      true,
    ]);
  });

  it('is as of its event_time, in either form, else as of now', () => {
    expect(check({ user_id: 'u1' }).row.eventMs).toBe(NOW_MS);
    expect(check({ user_id: 'u1', event_time: 5 }).row.eventMs).toBe(5);
    expect(check({ user_id: 'u1', event_time: '2023-11-14T22:13:20Z' }).row.eventMs).toBe(NOW_MS);
    expect(check({ user_id: 'u1', event_time: NOW_MS + 300_000 }).row.eventMs).toBe(NOW_MS + 300_000);
  });

  it.each([
    [null, 'a row must be an object of fields'],
    [['u1'], 'a row must be an object of fields'],
    [{ age: 1 }, "the row has no 'user_id'"],
    [{ user_id: 7 }, "'user_id' must be text, got number"],
    [{ user_id: '' }, 'user_id must not be empty'],
    [{ user_id: 'x'.repeat(513) }, 'user_id has 513 bytes; at most 512 are allowed'],
    [{ user_id: '\ud800' }, "'user_id' is not well-formed Unicode"],
    [{ user_id: 'u1', ages: 1 }, 'view \'profile\' has no feature "ages"; it has age, spend, vip'],
    [{ user_id: 'u1', age: 1.5 }, "'profile.age' must be a whole number"],
    [{ user_id: 'u1', spend: 1e39 }, "'profile.spend' must be a finite 32-bit float"],
    [{ user_id: 'u1', spend: '1' }, "'profile.spend' must be a number"],
    [{ user_id: 'u1', vip: 1 }, "'profile.vip' must be true or false"],
    [{ user_id: 'u1', event_time: 'yesterday' }, '\'event_time\' "yesterday" must be RFC 3339 text, such as'],
    [{ user_id: 'u1', event_time: '2026-02-30T00:00:00Z' }, 'has day 30; 2026-02 has 01 to 28'],
    [{ user_id: 'u1', event_time: '1969-12-31T23:59:59Z' }, "'event_time' must be RFC 3339 text"],
    [{ user_id: 'u1', event_time: -1 }, "'event_time' must be RFC 3339 text, such as"],
    [{ user_id: 'u1', event_time: { toString: 1 } }, 'or milliseconds since 1970, got an object'],
    [{ user_id: 'u1', event_time: [] }, 'or milliseconds since 1970, got a list'],
    [{ user_id: 'u1', age: 2 ** 53 }, "'profile.age' must be a whole number"],
    [{ user_id: 'u1', age: '-9223372036854775809' }, "'profile.age' must be a whole number"],
    [{ user_id: 'u1', event_time: NOW_MS + 300_001 }, "ahead of this machine's clock; at most 300 s are allowed"],
  ])('such as %j is refused with what to change', (row, message) => {
    expect(() => check(row)).toThrow(ServingError);
    expect(() => check(row)).toThrow(message);
  });

  it('with a whole number past what its field holds is refused, however it was written', () => {
    expect(() => check({ user_id: 'u1', event_time: 2n ** 70n })).toThrow('since 1970, got 1180591620717411303424');
    for (const age of [2n ** 63n, -(2n ** 63n) - 1n, '9223372036854775808', 1e19]) {
      expect(() => check({ user_id: 'u1', age })).toThrow("'profile.age' must be a whole number");
    }
    expect(check({ user_id: 'u1', age: 2n ** 63n - 1n }).row.values).toHaveLength(8 + 13);
  });
});

type Appended = { partition: number; view: string; keys: string[] };

function ingestOver(options: Partial<IngestOptions> = {}) {
  const appended: Appended[] = [];
  const clock = new ManualClock(0, NOW_MS);
  const ingest = new FeatureIngest({
    app,
    clock,
    sink: {
      append: async (partition, bytes) => {
        const batch = decodeRowBatch(bytes)!;
        appended.push({ partition, view: batch.view, keys: batch.rows.map((row) => Buffer.from(row.key).toString()) });
        return appended.length;
      },
    },
    partitions: () => PARTITIONS,
    rowsPerMessageMax: 3,
    bytesPerMessageMax: 1_000,
    rowsInFlightMax: 100,
    ...options,
  });
  return { ingest, appended };
}

describe('a push', () => {
  it('acknowledges each good row with where it stands in the log, and says why each bad one does not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.constant(null)), { maxLength: 40 }),
        async (keys) => {
          const { ingest, appended } = ingestOver();
          const acks = await ingest.push(
            'profile',
            keys.map((key) => (key === null ? { age: 1 } : { user_id: key, age: 1 })),
          );
          expect(acks).toHaveLength(keys.length);
          const expected = new Map<number, string[]>();
          keys.forEach((key, i) => {
            const ack = acks[i]!;
            if (key === null) {
              expect(ack).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
              return;
            }
            if ('error' in ack) throw new Error(ack.error.message);
            const message = appended[ack.seq - 1]!;
            expect(message.partition).toBe(ack.partition);
            expect(message.keys).toContain(key);
            expected.set(ack.partition, [...(expected.get(ack.partition) ?? []), key]);
          });
          // Within a partition the log has the rows in the order in which they were pushed, none twice.
          for (const [partition, rows] of expected) {
            expect(
              appended.filter((message) => message.partition === partition).flatMap((message) => message.keys),
            ).toEqual(rows);
          }
          for (const message of appended) expect(message.keys.length).toBeLessThanOrEqual(3);
        },
      ),
    );
  });

  it('refuses a row by its number, as the caller’s mistake, whatever JSON stands in it, and keeps the one beside it', async () => {
    const written = fc.oneof(
      fc.constantFrom('1e400', '-1e400', '1e39', '9223372036854775808', '-9223372036854775809', '99999999999999999999'),
      fc.constantFrom('1e30', '3.7', '3.0', '1e-400', '-0', '9007199254740993', '"9223372036854775808"', '8.64e15'),
      fc.constantFrom(
        '"+275760-09-13T00:00:00Z"',
        '"2026-02-30T00:00:00Z"',
        '{"toString":1}',
        '{"valueOf":null}',
        '[[1]]',
      ),
      fc.json(),
    );
    const field = fc.constantFrom('user_id', 'age', 'spend', 'vip', 'event_time', 'toString', 'constructor', 'x');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(field, written), { minLength: 1, maxLength: 5 }), async (fields) => {
        fc.pre(!fields.some(([, text]) => text.includes('__proto__')));
        const odd = ['"user_id":"u2"', ...fields.map(([name, text]) => `"${name}":${text}`)].join();
        const request = parsePush(
          parseJsonObject(Buffer.from(`{"rows":[{"user_id":"u1","age":1},{${odd}},{"user_id":"u3"}]}`), 'the body'),
        );
        const { status, body } = pushReply(request, await ingestOver().ingest.push('profile', request.rows));
        const { acks, rejected } = JSON.parse(body) as {
          acks: { seq?: number; row?: number; error?: { code: string; message: string } }[];
          rejected: number;
        };
        expect(status).toBe(200);
        expect([acks[0]!.error, acks[2]!.error]).toEqual([undefined, undefined]);
        if (rejected > 0) {
          expect(acks[1]).toMatchObject({ row: 1, error: { code: 'INVALID_ARGUMENT' } });
          expect(acks[1]!.error!.message.length).toBeLessThan(400);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses the rows of a message that the log did not take, and only those', async () => {
    const bad = partitionOfText('a', PARTITIONS);
    const { ingest } = ingestOver({
      sink: {
        append: async (partition) => {
          if (partition === bad) throw new ServingError('UNAVAILABLE', 'log', 'the log is away');
          return 9;
        },
      },
    });
    const other = ['b', 'c', 'd', 'e'].find((key) => partitionOfText(key, PARTITIONS) !== bad)!;
    expect(await ingest.push('profile', [{ user_id: 'a' }, { user_id: other }])).toEqual([
      { error: { code: 'UNAVAILABLE', message: 'the log is away' } },
      { partition: partitionOfText(other, PARTITIONS), seq: 9 },
    ]);
  });

  it('of an unknown view, before the cluster is known, or past what may be under way is refused whole', async () => {
    await expect(ingestOver().ingest.push('nope', [])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(ingestOver({ partitions: () => 0 }).ingest.push('profile', [])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    let release: (seq: number) => void = () => {};
    const { ingest } = ingestOver({
      rowsInFlightMax: 2,
      sink: { append: () => new Promise((resolve) => (release = resolve)) },
    });
    const first = ingest.push('profile', [{ user_id: 'a' }, { user_id: 'a' }]);
    await expect(ingest.push('profile', [{ user_id: 'b' }])).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    release(1);
    await first;
    const second = ingest.push('profile', [{ user_id: 'b' }]);
    release(2);
    expect(await second).toHaveLength(1);
  });
});
