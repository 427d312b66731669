/**
 * A lookup in the shard, from key to fifty floats in the model's row, against a bare `getBinaryFast` of the same bytes
 * in the same file, while rows are applied to it in the same process: the same keys are drawn for all, contenders take
 * turns in blocks of reads, and every block begins in a turn of the event loop of its own, as a shard's do. What counts
 * is the median block, since in some the machine runs somebody else; the mean, which holds those and every collection of
 * garbage, is drawn beside it.
 */
import { join } from 'node:path';
import { open } from 'lmdb';
import { assemble } from '../../cluster/catalog/assemble.ts';
import { parseManifest } from '../../cluster/catalog/manifest.ts';
import { recordLength } from '../../cluster/catalog/record.ts';
import { RowMemory } from '../../cluster/catalog/row-memory.ts';
import { compilePlan, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { type Clock, sleep } from '../../cluster/clock.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { seededRandom } from '../../cluster/random.ts';
import { median } from '../statistics.ts';
import { STORED_FEATURES } from '../workload.ts';
import type { FeatureBench } from './feature-bench.ts';
import { FilledReplica, replicaKey, replicaValue } from './filled-replica.ts';
import { featureApp, PARTITIONS, PROFILE, profileView } from './workload.ts';

/** Rows applied a second meanwhile, a message each. */
const APPLIED_PER_S = 10_000;
const APPLIED_PER_S_LEAST = 9_000;
/** As a shard's follower does: one transaction for what has come since the last, up to so many messages. */
const ROWS_PER_APPLY_MAX = 1_024;
/** Reads of one turn. */
const BLOCK_READS = 100;
const KEYS_DRAWN = 50_000;

/** Draws `lookup_vs_bare_get` and its parts. */
export async function lookupJob({ context, options, figures, note }: FeatureBench): Promise<void> {
  const { clock, workDir } = context;
  const directory = join(workDir, 'lookup-replica');
  const filled = new FilledReplica(clock, directory, profileView, PARTITIONS);
  try {
    await filled.growTo(options.lmdbKeys);
    const readers = readersOf(filled, directory);
    const byReader = () => new Map<string, number[]>(readers.map(({ name }) => [name, []]));
    const [found, means] = [byReader(), byReader()];
    const appliedPerS: number[] = [];
    for (let round = -1; round < options.rounds; round++) {
      const result = await measureRound(clock, filled, readers, options.lookupMs);
      if (round < 0) continue;
      for (const [name, blocks] of result.usPerRead) {
        found.get(name)!.push(median(blocks));
        means.get(name)!.push(blocks.reduce((sum, us) => sum + us, 0) / blocks.length);
      }
      appliedPerS.push(result.appliedPerS);
    }
    const bare = found.get('bare')!;
    figures.ratio('lookup_vs_bare_get', found.get('row')!, bare);
    figures.ratio('lookup_mean_vs_bare_get', means.get('row')!, means.get('bare')!);
    figures.ratio('lookup_in_100_vs_bare_get', found.get('rows')!, bare);
    figures.ratio('replica_lookup_vs_bare_get', found.get('record')!, bare);
    figures.add('bare_get_us', bare);
    figures.add('lookup_us', found.get('row')!);
    figures.add('lookup_in_100_us', found.get('rows')!);
    figures.add('lookup_applied_rows_per_s', appliedPerS);
    if (Math.min(...appliedPerS) < APPLIED_PER_S_LEAST) {
      note(
        `only ${Math.round(Math.min(...appliedPerS))} rows a second were applied beside the lookups: a busy machine`,
      );
    }
    for (const { close } of readers) await close?.();
  } finally {
    await filled.close();
  }
}

/** Reads `BLOCK_READS` records, from draw `at` on. */
type Reader = { readonly name: string; read(at: number): void; readonly close?: () => Promise<void> };

type Draws = { readonly keys: readonly Uint8Array[]; readonly partitions: readonly number[]; readonly of: number[] };

function drawsOf({ keys: count, partitions }: FilledReplica): Draws {
  const random = seededRandom(3);
  const of = Array.from({ length: KEYS_DRAWN }, () => Math.floor(random.next() * count));
  const keys = of.map(replicaKey);
  return { of, keys, partitions: keys.map((key) => partitionOf(key, partitions)) };
}

function readersOf(filled: FilledReplica, directory: string): Reader[] {
  const draws = drawsOf(filled);
  const { keys, partitions, of } = draws;
  const { replica, view } = filled;
  const plan = profilePlan();
  const memory = new RowMemory();
  const lookup: Parameters<typeof assemble>[3] = (ofView, partition, key) => replica.lookup(ofView, partition, key);
  const assembled = (own: readonly Uint8Array[], at: readonly number[]) =>
    assemble(
      plan,
      { keys: own, partitions: at, inputs: [], rows: own.length, wallMs: Date.now(), maxAgeMs: 0 },
      filled.partitions,
      lookup,
      memory,
    );
  const check = (row: Uint8Array, draw: number): void => {
    const last = new DataView(row.buffer, row.byteOffset).getFloat32((STORED_FEATURES - 1) * 4, true);
    if (last !== replicaValue(of[draw]!)) throw new Error(`key ${of[draw]} reads ${last}`);
  };
  return [
    bareReader(draws, directory),
    {
      name: 'record',
      read(at) {
        for (let i = at; i < at + BLOCK_READS; i++) {
          if (replica.lookup(view, partitions[i]!, keys[i]!) === null) throw new Error(`key ${of[i]} is not there`);
        }
      },
    },
    {
      name: 'row',
      read(at) {
        let row: Uint8Array | undefined;
        for (let i = at; i < at + BLOCK_READS; i++) row = assembled([keys[i]!], [partitions[i]!]).inputs[0];
        check(row!, at + BLOCK_READS - 1);
      },
    },
    {
      name: 'rows',
      read(at) {
        const own = keys.slice(at, at + BLOCK_READS);
        check(assembled(own, partitions.slice(at, at + BLOCK_READS)).inputs[0]!, at);
      },
    },
  ];
}

/** The library alone, on the replica's own file and with its keys. */
function bareReader({ keys, partitions, of }: Draws, directory: string): Reader {
  const db = open<Buffer, Buffer>({
    path: join(directory, 'replica.lmdb'),
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: true,
    noSubdir: true,
  });
  const length = recordLength(profileView);
  const stored = keys.map((key, draw) => {
    const full = Buffer.alloc(8 + key.byteLength);
    full.writeUInt32BE(partitions[draw]!, 0);
    full.writeUInt32BE(profileView.id, 4);
    full.set(key, 8);
    return full;
  });
  return {
    name: 'bare',
    read(at) {
      for (let i = at; i < at + BLOCK_READS; i++) {
        if (db.getBinaryFast(stored[i]!)?.length !== length) throw new Error(`key ${of[i]} is not in the file`);
      }
    },
    close: () => db.close(),
  };
}

/** A model that takes the fifty features as they lie. */
function profilePlan(): ServingPlan {
  const columns = profileView.features.map(({ name }) => ({ feature: `${PROFILE}.${name}` }));
  const manifest = { name: 'm', entity: 'user', inputs: [{ name: 'x', columns }] };
  return compilePlan(
    {
      manifest: parseManifest(JSON.stringify(manifest), 'm'),
      version: '1',
      sha256: '0'.repeat(64),
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, STORED_FEATURES] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
      batched: true,
    },
    featureApp,
  );
}

/** `usPerRead`: of each block, by reader. */
type RoundResult = { readonly usPerRead: ReadonlyMap<string, readonly number[]>; readonly appliedPerS: number };

async function measureRound(
  clock: Clock,
  filled: FilledReplica,
  readers: readonly Reader[],
  durationMs: number,
): Promise<RoundResult> {
  const blocks: number[][] = readers.map(() => []);
  const applier = startApplying(clock, filled);
  const startMs = clock.nowMs();
  let at = 0;
  for (let turn = 0; clock.nowMs() - startMs < durationMs; turn++) {
    const which = turn % readers.length;
    // Every reader gets every draw over the rounds, and none finds what the one before it has just warmed.
    at = (at + BLOCK_READS) % (KEYS_DRAWN - BLOCK_READS);
    const fromMs = clock.nowMs();
    readers[which]!.read(at);
    blocks[which]!.push(((clock.nowMs() - fromMs) / BLOCK_READS) * 1000);
    await nextTurn(clock);
  }
  const appliedPerS = await applier.stop();
  return { usPerRead: new Map(readers.map(({ name }, i) => [name, blocks[i]!])), appliedPerS };
}

/** Applies rows at a steady rate until stopped; resolves with how many a second it was. */
function startApplying(clock: Clock, filled: FilledReplica): { stop(): Promise<number> } {
  const random = seededRandom(9);
  const startMs = clock.nowMs();
  let stopped = false;
  let rows = 0;
  const run = async (): Promise<number> => {
    while (!stopped) {
      const due = Math.floor(((clock.nowMs() - startMs) / 1000) * APPLIED_PER_S) - rows;
      const count = Math.min(due, ROWS_PER_APPLY_MAX);
      if (count > 0) {
        await filled.applyRows(Array.from({ length: count }, () => Math.floor(random.next() * filled.keys)));
        rows += count;
      } else {
        await sleep(clock, 1);
      }
    }
    return (rows / (clock.nowMs() - startMs)) * 1000;
  };
  const running = run();
  running.catch(() => undefined);
  return {
    stop() {
      stopped = true;
      return running;
    },
  };
}

function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.afterInput(resolve));
}
