/** `dovetail snapshot`: takes snapshots of a running cluster's partitions now, lists what is stored, exports it to files. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { verifySnapshot } from '../actors/feature-shard/snapshot-format.ts';
import type { Taken } from '../actors/feature-shard/snapshot-keeper.ts';
import type { SnapshotShelf, StoredSnapshot } from '../actors/feature-shard/snapshot-shelf.ts';
import { readReply } from '../actors/feature-shard/snapshot-source.ts';
import { readPieces } from '../actors/feature-shard/spool-snapshot.ts';
import { systemClock } from '../cluster/clock.ts';
import { readConfig } from '../cluster/config.ts';
import { silentLog } from '../cluster/log.ts';
import type { NatsLink } from '../cluster/nats/nats-link.ts';
import type { PlacementTable } from '../cluster/placement/placement-table.ts';
import { asServingError, ServingError } from '../proto/errors.ts';
import { snapshotSubject } from '../proto/subjects.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import {
  connectOperator,
  eachOf,
  NATS_SETTINGS,
  operatorNatsUrl,
  parsePartitions,
  placementOn,
  sayProgress,
} from './operator-nats.ts';
import { shelfOf } from './shard-snapshots.ts';

export const snapshotCommand: Command = {
  name: 'snapshot',
  summary: 'store snapshots of the features now, list or export what is stored',
  usage: 'snapshot [--list [--json] | --out <directory>] [--partitions <0,4-7>] [--nats-url <url>]',
  text: [
    'Asks an owner of each partition for a snapshot, which it reads back before it counts. A partition that has not changed',
    'since the last one is left alone. Shards do the same on their own every --snapshot-interval.',
    'With --list: what is stored. With --out: writes the newest whole snapshot of each partition to a file, checked.',
  ].join('\n'),
  examples: [
    'dovetail snapshot',
    'dovetail snapshot --list',
    'dovetail snapshot --out /backup/features --nats-url nats://nats-1:4222',
  ],
  settings: [...NATS_SETTINGS, 'snapshotsKept'],
  flags: {
    partitions: { type: 'string', help: 'only these: numbers and ranges by comma [default: all]' },
    list: { type: 'boolean', help: 'show what is stored' },
    json: { type: 'boolean', help: 'with --list: as JSON' },
    out: { type: 'string', help: 'export to files in this directory' },
  },
  positionals: [],
  run: runSnapshot,
};

/** Shards take one at a time; asking a few ahead keeps several of them busy. */
const ASKED_AT_ONCE = 16;
const LISTED_AT_ONCE = 64;
const EXPORTED_AT_ONCE = 2;
const TAKE_TIMEOUT_MS = 600_000;
const FAILURES_SHOWN = 20;

async function runSnapshot(input: CommandInput): Promise<number> {
  // The same flag says how many there are to the commands that start a cluster.
  const config = readConfig({ ...input.flags, partitions: undefined }, input.env);
  const out = input.flags['out'];
  if (input.switches.has('list') && out !== undefined) throw new UsageError('give either --list or --out');
  const wanted = parsePartitions(input.flags['partitions']);
  const nats = await connectOperator(config);
  try {
    const table = await placementOn(nats, operatorNatsUrl(config));
    const partitions = wanted ?? table.owners.map((_, partition) => partition);
    const unknown = partitions.find((partition) => partition > table.partitions);
    if (unknown !== undefined)
      throw new UsageError(`--partitions: there is no ${unknown}; the last is ${table.partitions}`);
    const shelf = shelfOf({ nats, config, clock: systemClock, log: silentLog });
    if (input.switches.has('list')) return await list(shelf, partitions, input.switches.has('json'));
    return out === undefined ? await take(nats, table, partitions) : await exportTo(out, shelf, partitions);
  } finally {
    await nats.close();
  }
}

async function take(nats: NatsLink, table: PlacementTable, partitions: readonly number[]): Promise<number> {
  const tally = { stored: 0, unchanged: 0, empty: 0, failed: 0, rows: 0, bytes: 0 };
  await eachOf(partitions, ASKED_AT_ONCE, async (partition) => {
    try {
      const { outcome, rows, bytes } = await takeOne(nats, table.owners[partition] ?? [], partition);
      tally[outcome]++;
      if (outcome === 'stored') {
        tally.rows += rows;
        tally.bytes += bytes;
      }
    } catch (thrown) {
      sayFailure(++tally.failed, partition, thrown);
    }
    const done = tally.stored + tally.unchanged + tally.empty + tally.failed;
    sayProgress(`${done} of ${partitions.length} partitions, ${megabytes(tally.bytes)} stored`);
  });
  sayProgress('');
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  return tally.failed === 0 ? EXIT.ok : EXIT.failed;
}

async function takeOne(nats: NatsLink, owners: readonly string[], partition: number): Promise<Taken> {
  let failure = new ServingError('UNAVAILABLE', 'log', 'no shard owns it');
  for (const owner of owners) {
    try {
      const request = Buffer.from(JSON.stringify({ op: 'snapshot', partition }));
      const { bytes } = await nats.request(snapshotSubject(owner), request, { timeoutMs: TAKE_TIMEOUT_MS });
      return JSON.parse(Buffer.from(readReply(bytes)).toString('utf8')) as Taken;
    } catch (thrown) {
      failure = asServingError(thrown, 'log');
    }
  }
  throw failure;
}

type Listed = StoredSnapshot & { readonly partition: number };

async function listed(shelf: SnapshotShelf, partitions: readonly number[]): Promise<Listed[]> {
  const found: Listed[] = [];
  await eachOf(partitions, LISTED_AT_ONCE, async (partition) => {
    for (const stored of await shelf.list(partition)) found.push({ partition, ...stored });
  });
  return found.sort((a, b) => a.partition - b.partition || b.seq - a.seq);
}

async function list(shelf: SnapshotShelf, partitions: readonly number[], asJson: boolean): Promise<number> {
  const found = await listed(shelf, partitions);
  if (asJson) {
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return EXIT.ok;
  }
  const nowMs = systemClock.wallMs();
  const rows = [['PARTITION', 'SEQUENCE', 'ROWS', 'BYTES', 'AGE', 'VERIFIED', 'BY']];
  for (const { partition, seq, rows: count, bytes, writtenMs, verifiedMs, by } of found) {
    const age = `${Math.round((nowMs - writtenMs) / 1_000)} s`;
    rows.push([`${partition}`, `${seq}`, `${count}`, `${bytes}`, age, verifiedMs > 0 ? 'yes' : 'no', by]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd()}\n`,
    );
  return EXIT.ok;
}

async function exportTo(directory: string, shelf: SnapshotShelf, partitions: readonly number[]): Promise<number> {
  await mkdir(directory, { recursive: true });
  const tally = { exported: 0, missing: 0, failed: 0, bytes: 0 };
  await eachOf(partitions, EXPORTED_AT_ONCE, async (partition) => {
    const stored = await shelf.list(partition);
    if (stored.length === 0) tally.missing++;
    for (const [i, snapshot] of stored.entries()) {
      try {
        await exportOne(directory, shelf, partition, snapshot);
        tally.exported++;
        tally.bytes += snapshot.bytes;
        break;
      } catch (thrown) {
        sayFailure(tally.failed + 1, partition, thrown);
        if (i === stored.length - 1) tally.failed++;
      }
    }
    sayProgress(`${tally.exported} of ${partitions.length} partitions, ${megabytes(tally.bytes)}`);
  });
  sayProgress('');
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  return tally.failed === 0 ? EXIT.ok : EXIT.failed;
}

/** Under its name only once it is there as a whole. */
async function exportOne(
  directory: string,
  shelf: SnapshotShelf,
  partition: number,
  snapshot: StoredSnapshot,
): Promise<void> {
  const path = join(directory, `p${partition}.s${snapshot.seq}.snapshot`);
  const half = `${path}.part`;
  try {
    await pipeline(Readable.from(shelf.read(snapshot)), createWriteStream(half, { flush: true }));
    await verifySnapshot(readPieces(half));
    await rename(half, path);
  } finally {
    await rm(half, { force: true });
  }
}

function sayFailure(count: number, partition: number, thrown: unknown): void {
  if (count > FAILURES_SHOWN) return;
  sayProgress('');
  process.stderr.write(`partition ${partition}: ${asServingError(thrown, 'log').message}\n`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
