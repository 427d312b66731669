/**
 * A feature log from a seed, and what must be in a replica that has applied it: an oracle on plain maps, written from
 * the rule (a row is kept unless the stored one is of a later event time) and not from the replica's code.
 */
import type { LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import { ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import { encodeRecord, packValues } from '../../cluster/catalog/record.ts';
import { bool, defineApp, entity, float32, int64, type View, view } from '../../cluster/catalog/views.ts';
import { below, type Random, seededRandom } from '../../cluster/random.ts';
import { encodeRowBatch, type LogRow } from '../../proto/row-batch.ts';

const user = entity({ name: 'user', key: 'user_id' });
export const wide = view({
  name: 'wide',
  entity: user,
  features: { score: float32(), count: int64(), on: bool() },
});
export const narrow = view({ name: 'narrow', entity: user, features: { score: float32() } });
export const app = defineApp({ views: [wide, narrow] });

export const PARTITIONS = 4;
const KEYS = 40;

export type Oracle = Map<string, { readonly eventMs: number; readonly record: Uint8Array }>;

const encoder = new TextEncoder();

export function keyOf(number: number): Uint8Array {
  // Lengths differ, and some hold bytes that are no text.
  return Uint8Array.from([
    ...encoder.encode(`u${number}`.padEnd(2 + (number % 5) * 30, '.')),
    number % 7 === 0 ? 0 : 255,
  ]);
}

function row(random: Random, of: View): LogRow {
  const values =
    of === narrow
      ? { score: Math.fround(random.next()) }
      : {
          score: below(random, 1_000),
          count: random.next() < 0.3 ? null : below(random, 1_000),
          on: random.next() < 0.5,
        };
  // Few distinct times, so that ties are common.
  return {
    key: keyOf(below(random, KEYS)),
    eventMs: 1_000 + below(random, 60),
    values: packValues(of, values, []),
    op: ROW_OPS.put,
    idA: 0,
    idB: 0,
  };
}

function otherHash(of: View): number {
  return (of.schemaHash ^ 1) >>> 0;
}

/** `messages` messages of all partitions, in the log's order; some of schemas that nobody knows, some poison. */
export function seededLog(seed: number, messages: number): LogMessage[] {
  const random = seededRandom(seed);
  return Array.from({ length: messages }, (_, i) => {
    const of = random.next() < 0.7 ? wide : narrow;
    const rows = Array.from({ length: 1 + below(random, 5) }, () => row(random, of));
    const odd = random.next();
    // No view can be named so: poison.
    const name = odd < 0.03 ? 'no view!' : of.name;
    const schemaHash = odd > 0.97 ? otherHash(of) : of.schemaHash;
    return {
      partition: below(random, PARTITIONS),
      seq: i + 1,
      bytes: encodeRowBatch({ view: name, schemaHash, rows }),
    };
  });
}

/** The same rows without their encoding, applied to plain maps up to and including `seq` of each partition. */
export function oracleOf(seed: number, messages: number, seqOf: (partition: number) => number): Oracle {
  const random = seededRandom(seed);
  const oracle: Oracle = new Map();
  for (let seq = 1; seq <= messages; seq++) {
    const of = random.next() < 0.7 ? wide : narrow;
    const rows = Array.from({ length: 1 + below(random, 5) }, () => row(random, of));
    const odd = random.next();
    const partition = below(random, PARTITIONS);
    if (odd < 0.03 || seq > seqOf(partition)) continue;
    for (const { key, eventMs, values } of rows) {
      const id = `${partition} ${of.name} ${Buffer.from(key).toString('hex')}`;
      const stored = oracle.get(id);
      if (stored !== undefined && stored.eventMs > eventMs) continue;
      // Rows of a definition that nobody knows are kept as they came.
      const schemaHash = odd > 0.97 ? otherHash(of) : of.schemaHash;
      oracle.set(id, { eventMs, record: encodeRecord({ schemaHash }, eventMs, seq, values) });
    }
  }
  return oracle;
}

/** Everything that the replica holds under the keys and partitions of `seededLog`, in the oracle's form. */
export function contentsOf(replica: Replica): Map<string, string> {
  const found = new Map<string, string>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const of of [wide, narrow]) {
      for (let number = 0; number < KEYS; number++) {
        const key = keyOf(number);
        const record = replica.lookup(of, partition, key);
        if (record === null) continue;
        const id = `${partition} ${of.name} ${Buffer.from(key).toString('hex')}`;
        found.set(id, Buffer.from(record.bytes.slice(0, record.length)).toString('hex'));
      }
    }
  }
  return found;
}

export function textOf(oracle: Oracle): Map<string, string> {
  return new Map([...oracle].map(([id, { record }]) => [id, Buffer.from(record).toString('hex')]));
}

export function digestsOf(replica: Replica): string[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const { seq, digest } = replica.cursor(partition);
    return `${seq} ${digest}`;
  });
}

const BIG_MESSAGE_ROWS = 40;

/** Message `seq` of partition 0: rows with long keys that no other message has, for filling a disk. */
export function bigMessage(seq: number): LogMessage {
  const values = packValues(narrow, { score: seq }, []);
  const rows = Array.from({ length: BIG_MESSAGE_ROWS }, (_, i) => ({
    key: i === 0 ? bigMessageKey(seq) : encoder.encode(`${seq}.${i}.`.padEnd(500, 'x')),
    eventMs: 1_000,
    values,
  }));
  return { partition: 0, seq, bytes: encodeRowBatch({ view: 'narrow', schemaHash: narrow.schemaHash, rows }) };
}

/** Key of the first row of `bigMessage(seq)`. */
export function bigMessageKey(seq: number): Uint8Array {
  return encoder.encode(`${seq}.first`);
}
