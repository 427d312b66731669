/**
 * The placement table as bytes in the key-value store: JSON that a person can read, with member names written once and
 * referred to by number. `targets` lists only the partitions whose targets differ from their owners, which in a
 * settled cluster is none:
 *
 *   {"format":1,"epoch":7,"partitions":2,"replicas":2,"members":["shard-1","shard-2"],"owners":[[0,1],[1,0],[0,1]],"targets":{}}
 */
import { ServingError } from '../../proto/errors.ts';
import { isName, quoteShort } from '../../proto/names.ts';
import { PARTITIONS_MAX } from '../hash.ts';
import { EPOCH_MAX, type PlacementTable } from './placement-table.ts';
import { REPLICAS_MAX } from './rendezvous.ts';

const FORMAT = 1;
export const PLACEMENT_MEMBERS_MAX = 10_000;
/** NATS refuses messages over 1 MiB unless configured otherwise. */
export const PLACEMENT_TABLE_BYTES_MAX = 1_048_576;

/** Throws RESOURCE_EXHAUSTED when the table does not fit PLACEMENT_TABLE_BYTES_MAX. */
export function encodeTable(table: PlacementTable): Uint8Array {
  const members = [...new Set([...table.owners, ...table.targets].flat())].sort();
  const numbers = new Map(members.map((name, number) => [name, number]));
  const numbered = (names: readonly string[]): number[] => names.map((name) => numbers.get(name)!);
  const owners = table.owners.map(numbered);
  const targets: Record<string, number[]> = {};
  for (const [partition, names] of table.targets.entries()) {
    const list = numbered(names);
    if (list.join() !== owners[partition]!.join()) targets[partition] = list;
  }
  const { epoch, partitions, replicas } = table;
  const bytes = Buffer.from(JSON.stringify({ format: FORMAT, epoch, partitions, replicas, members, owners, targets }));
  if (bytes.byteLength > PLACEMENT_TABLE_BYTES_MAX) {
    throw new ServingError(
      'RESOURCE_EXHAUSTED',
      'route',
      `the placement table has ${bytes.byteLength} bytes; at most ${PLACEMENT_TABLE_BYTES_MAX} can be published: create the cluster with fewer partitions or replicas`,
    );
  }
  return bytes;
}

/** Throws DATA_LOSS for anything that `encodeTable` could not have written; the message says what is wrong. */
export function decodeTable(bytes: Uint8Array): PlacementTable {
  if (bytes.byteLength > PLACEMENT_TABLE_BYTES_MAX) {
    throw corrupt(`it has ${bytes.byteLength} bytes, at most ${PLACEMENT_TABLE_BYTES_MAX} are allowed`);
  }
  const fields = asObject('the table', parse(bytes));
  const format = fields['format'];
  if (format !== FORMAT) throw corrupt(`format is ${shown(format)}, this version reads ${FORMAT}`);
  const epoch = asInteger('epoch', fields['epoch'], 1, EPOCH_MAX);
  const partitions = asInteger('partitions', fields['partitions'], 1, PARTITIONS_MAX);
  const replicas = asInteger('replicas', fields['replicas'], 1, REPLICAS_MAX);
  const members = asMembers(fields['members']);
  const lists = asArray('owners', fields['owners'], partitions + 1);
  if (lists.length !== partitions + 1) throw corrupt(`owners has ${lists.length} entries for ${partitions} partitions`);
  const owners = lists.map((list, partition) => asNames(`owners[${partition}]`, list, members));
  const targets: string[][] = [...owners];
  for (const [key, list] of Object.entries(asObject('targets', fields['targets']))) {
    if (!/^(0|[1-9][0-9]{0,5})$/.test(key) || Number(key) > partitions) throw corrupt(`targets has key ${shown(key)}`);
    targets[Number(key)] = asNames(`targets[${key}]`, list, members);
  }
  return { epoch, partitions, replicas, owners, targets };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt('it is not JSON in UTF-8', cause);
  }
}

function asObject(what: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw corrupt(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function asArray(what: string, value: unknown, lengthMax: number): unknown[] {
  if (!Array.isArray(value) || value.length > lengthMax) {
    throw corrupt(`${what} is not a list of at most ${lengthMax} entries`);
  }
  return value;
}

function asInteger(what: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw corrupt(`${what} is ${shown(value)}, not a whole number from ${least} to ${most}`);
  }
  return value;
}

function asMembers(value: unknown): string[] {
  const members = asArray('members', value, PLACEMENT_MEMBERS_MAX).map((name) => {
    if (typeof name !== 'string' || !isName(name)) throw corrupt(`members has the name ${shown(name)}`);
    return name;
  });
  if (new Set(members).size !== members.length) throw corrupt('members has a name twice');
  return members;
}

function asNames(what: string, value: unknown, members: readonly string[]): string[] {
  const names = asArray(what, value, members.length).map(
    (number) => members[asInteger(`an entry of ${what}`, number, 0, members.length - 1)]!,
  );
  if (new Set(names).size !== names.length) throw corrupt(`${what} has a member twice`);
  return names;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quoteShort(value);
  return typeof value === 'object' && value !== null ? 'a list or object' : String(value);
}

function corrupt(why: string, cause?: unknown): ServingError {
  return new ServingError('DATA_LOSS', 'route', `the stored placement table cannot be read: ${why}`, { cause });
}
