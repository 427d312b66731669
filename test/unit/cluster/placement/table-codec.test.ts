/** The placement table as bytes: what is written is read back, and anything else is a typed error. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTable, type PlacementTable } from '../../../../cluster/placement/placement-table.ts';
import { decodeTable, encodeTable, PLACEMENT_TABLE_BYTES_MAX } from '../../../../cluster/placement/table-codec.ts';
import { ServingError } from '../../../../proto/errors.ts';

const members = (count: number, caughtUp: (name: string, partition: number) => boolean) =>
  Array.from({ length: count }, (_, i) => ({
    name: `shard-${i}`,
    weight: 1,
    alive: true,
    caughtUp: (partition: number) => caughtUp(`shard-${i}`, partition),
  }));

const settled = nextTable(
  null,
  members(10, () => true),
  { partitions: 256, replicas: 2 },
)!;
const fields = (): Record<string, unknown> => JSON.parse(Buffer.from(encodeTable(small())).toString());
const encoded = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function small(): PlacementTable {
  return nextTable(
    null,
    members(3, () => true),
    { partitions: 4, replicas: 2 },
  )!;
}

describe('encodeTable and decodeTable', () => {
  it('give back the same table, settled or with shards still catching up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        (count, partitions, replicas, modulus) => {
          const shards = members(count, (name, partition) => (partition + name.charCodeAt(6)) % modulus !== 0);
          const table = nextTable(null, shards, { partitions, replicas })!;
          expect(decodeTable(encodeTable(table))).toEqual(table);
        },
      ),
    );
  });

  it('keep the common case compact: 256 partitions on 10 shards in under 2 KiB', () => {
    expect(encodeTable(settled).byteLength).toBeLessThan(2048);
  });

  it('refuse to write a table that NATS would not carry', () => {
    const huge = Array.from({ length: 65_537 }, () => members(10, () => true).map((member) => member.name));
    const table = { epoch: 1, partitions: 65_536, replicas: 10, owners: huge, targets: huge };
    expect(() => encodeTable(table)).toThrow(expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }));
  });

  it.each<[string, () => unknown]>([
    ['another format', () => ({ ...fields(), format: 2 })],
    ['epoch 0', () => ({ ...fields(), epoch: 0 })],
    ['an epoch over 32 bits', () => ({ ...fields(), epoch: 2 ** 32 })],
    ['a fractional epoch', () => ({ ...fields(), epoch: 1.5 })],
    ['no partitions', () => ({ ...fields(), partitions: 0 })],
    ['more partitions than owners', () => ({ ...fields(), partitions: 5 })],
    ['fewer partitions than owners', () => ({ ...fields(), partitions: 3 })],
    ['replicas as text', () => ({ ...fields(), replicas: '2' })],
    ['a member name that is no name', () => ({ ...fields(), members: ['../../etc', 'b', 'c'] })],
    ['a member name twice', () => ({ ...fields(), members: ['a', 'a', 'c'] })],
    ['members that are no list', () => ({ ...fields(), members: { length: 3 } })],
    ['an owner number past the members', () => ({ ...fields(), owners: [[0], [1], [2], [3], [0]] })],
    ['a negative owner number', () => ({ ...fields(), owners: [[0], [1], [2], [-1], [0]] })],
    ['an owner twice', () => ({ ...fields(), owners: [[0, 0], [1], [2], [0], [0]] })],
    ['an owner entry that is no list', () => ({ ...fields(), owners: [[0], [1], 2, [0], [0]] })],
    ['targets of a partition past the last', () => ({ ...fields(), targets: { 5: [0] } })],
    ['targets under a key that is no number', () => ({ ...fields(), targets: { '01': [0] } })],
    ['targets as a list', () => ({ ...fields(), targets: [] })],
    ['no targets', () => ({ ...fields(), targets: undefined })],
    ['a list instead of a table', () => []],
    ['null', () => null],
  ])('refuses %s with DATA_LOSS', (_, value) => {
    expect(() => decodeTable(encoded(value()))).toThrow(
      expect.objectContaining({ code: 'DATA_LOSS', message: expect.stringMatching(/^the stored placement table/) }),
    );
  });

  it.each([
    ['empty bytes', Buffer.alloc(0)],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    [
      'a prototype for targets',
      Buffer.from(JSON.stringify(fields()).replace('"targets":{', '"targets":{"__proto__":[0]')),
    ],
    ['deep nesting', Buffer.from(`{"format":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)],
    ['too many bytes', Buffer.alloc(PLACEMENT_TABLE_BYTES_MAX + 1, ' ')],
  ])('refuses %s with DATA_LOSS', (_, bytes) => {
    expect(() => decodeTable(bytes)).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
  });

  it('answers any damage to the bytes with a table or DATA_LOSS, nothing else', () => {
    const good = encodeTable(small());
    const damage = fc.array(fc.tuple(fc.nat({ max: good.byteLength - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, fc.nat({ max: good.byteLength }), (changes, length) => {
        const bytes = good.slice(0, length % 5 === 0 ? length : good.byteLength);
        for (const [at, value] of changes) if (at < bytes.byteLength) bytes[at] = value;
        try {
          const table = decodeTable(bytes);
          expect(table.owners).toHaveLength(table.partitions + 1);
          expect(table.targets).toHaveLength(table.partitions + 1);
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
          expect((error as ServingError).code).toBe('DATA_LOSS');
        }
      }),
      { numRuns: 1000 },
    );
  });
});
