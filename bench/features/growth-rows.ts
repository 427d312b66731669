/** How a replica's costs grow with its rows: looking up, applying, bytes on disk. Narrow rows, so that many fit. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../cluster/clock.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { seededRandom } from '../../cluster/random.ts';
import type { GrowthReach } from '../options.ts';
import { median } from '../statistics.ts';
import { FilledReplica, replicaKey } from './filled-replica.ts';
import { GrowthTable } from './growth-table.ts';
import { countersView, PARTITIONS } from './workload.ts';

const SIZES: Readonly<Record<GrowthReach, readonly number[]>> = {
  short: [10_000, 30_000, 100_000],
  usual: [100_000, 300_000, 1_000_000],
  full: [100_000, 1_000_000, 10_000_000],
};
const LOOKUPS = 100_000;
/** Reads timed together; the median block counts. */
const BLOCK = 500;
const TRANSACTIONS = 10;
/** As many as a shard's follower applies at once. */
const ROWS_PER_TRANSACTION = 1_000;

export async function growthOfRows(clock: Clock, workDir: string, reach: GrowthReach): Promise<GrowthTable> {
  const table = new GrowthTable('replica', 'rows');
  const directory = join(workDir, 'growth-rows');
  const filled = new FilledReplica(clock, directory, countersView, PARTITIONS);
  try {
    const sizes = SIZES[reach];
    // Compilers warm up on half of the smallest.
    await filled.growTo(sizes[0]! / 2);
    lookupUs(clock, filled);
    await applyUs(clock, filled);
    for (const size of sizes) {
      const fillUs = await filled.growTo(size);
      table.add(size, {
        lookup_us: lookupUs(clock, filled),
        apply_us_per_row: await applyUs(clock, filled),
        fill_us_per_row: fillUs,
        file_bytes: statSync(join(directory, 'replica.lmdb')).size,
      });
    }
  } finally {
    await filled.close();
  }
  return table;
}

function drawn(filled: FilledReplica, count: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Math.floor(random.next() * filled.keys));
}

function lookupUs(clock: Clock, filled: FilledReplica): number {
  const { replica, view, partitions } = filled;
  const keys = drawn(filled, LOOKUPS, 5).map(replicaKey);
  const at = keys.map((key) => partitionOf(key, partitions));
  const read = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      if (replica.lookup(view, at[i]!, keys[i]!) === null) throw new Error('a row that was applied is not there');
    }
  };
  read(0, LOOKUPS / 10);
  const blocks: number[] = [];
  for (let from = 0; from < LOOKUPS; from += BLOCK) {
    const startMs = clock.nowMs();
    read(from, from + BLOCK);
    blocks.push(((clock.nowMs() - startMs) / BLOCK) * 1000);
  }
  return median(blocks);
}

/** New values for rows that are there, anywhere, a message each. */
async function applyUs(clock: Clock, filled: FilledReplica): Promise<number> {
  const keys = drawn(filled, TRANSACTIONS * ROWS_PER_TRANSACTION, 6);
  const transactions: number[] = [];
  for (let from = 0; from < keys.length; from += ROWS_PER_TRANSACTION) {
    const startMs = clock.nowMs();
    await filled.applyRows(keys.slice(from, from + ROWS_PER_TRANSACTION));
    transactions.push(((clock.nowMs() - startMs) / ROWS_PER_TRANSACTION) * 1000);
  }
  return median(transactions);
}
