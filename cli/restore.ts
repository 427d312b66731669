/** `dovetail restore`: fills a stopped shard's replica from stored or exported snapshots. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { restorePartition } from '../actors/feature-shard/partition-restore.ts';
import { Replica } from '../actors/feature-shard/replica.ts';
import { openSnapshot, type SnapshotHeader, verifySnapshot } from '../actors/feature-shard/snapshot-format.ts';
import { readPieces } from '../actors/feature-shard/spool-snapshot.ts';
import { defineApp } from '../cluster/catalog/views.ts';
import { systemClock } from '../cluster/clock.ts';
import { type Config, readConfig } from '../cluster/config.ts';
import { silentLog } from '../cluster/log.ts';
import type { LogState } from '../cluster/nats/feature-log.ts';
import type { NatsLink } from '../cluster/nats/nats-link.ts';
import { asServingError, ServingError } from '../proto/errors.ts';
import { checkName } from '../proto/names.ts';
import { refuseTakenNames } from './claim-names.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import {
  connectOperator,
  NATS_SETTINGS,
  operatorNatsUrl,
  parsePartitions,
  placementOn,
  sayProgress,
} from './operator-nats.ts';
import { shelfOf } from './shard-snapshots.ts';

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'fill a stopped shard’s replica from snapshots',
  usage:
    'restore --node <shard> [--data-dir <directory>] [--from <directory>] [--partitions <0,4-7>] [--nats-url <url>]',
  text: [
    'For a shard that is not running. Puts the newest whole snapshot of each partition that the shard is to have into its',
    'replica, where that is newer than what is there; the shard takes the log from there when it starts. Every snapshot is',
    'read and checked to its end before anything is replaced. Refuses snapshots that the log contradicts.',
    'Running shards need no such help: they copy what they lack from each other, or from what is stored, by themselves.',
    'With --from: takes files that `snapshot --out` wrote, and asks NATS nothing unless --nats-url is given.',
  ].join('\n'),
  examples: [
    'dovetail restore --node shard-1 --data-dir /var/lib/dovetail --nats-url nats://nats-1:4222',
    'dovetail restore --node shard-1 --from /backup/features',
  ],
  settings: ['dataDir', 'heartbeatMs', 'suspectAfterMs', 'deadAfterMs', 'drainMs', ...NATS_SETTINGS],
  flags: {
    node: { type: 'string', help: 'name of the shard, as in `node --name`' },
    from: { type: 'string', help: 'directory of exported snapshots [default: what the cluster has stored]' },
    partitions: { type: 'string', help: 'only these [default: those placed on the shard, or all there are]' },
  },
  positionals: [],
  run: runRestore,
};

const FILE = /^p(\d+)\.s(\d+)\.snapshot$/;

type Candidate = { readonly what: string; readonly seq: number; read(): AsyncIterable<Uint8Array> };
/** Newest first. */
type Candidates = (partition: number) => Promise<readonly Candidate[]>;
type Tally = { restored: number; kept: number; missing: number; failed: number; rows: number };

async function runRestore(input: CommandInput): Promise<number> {
  // The same flag says how many there are to the commands that start a cluster.
  const config = readConfig({ ...input.flags, partitions: undefined }, input.env);
  const { node, from } = input.flags;
  if (node === undefined) throw new UsageError('--node is missing: the name of the shard');
  checkName('--node', node);
  const wanted = parsePartitions(input.flags['partitions']);
  const nats = from !== undefined && config.natsUrl === '' ? null : await connectOperator(config);
  try {
    if (nats !== null) {
      const advice = 'stop it before you restore its replica';
      await refuseTakenNames({ nats, clock: systemClock, config, names: [node], advice });
    }
    const state = nats === null ? null : await logStateOn(nats, config);
    const files = from === undefined ? null : await filesIn(from);
    const partitions = wanted ?? (await partitionsOf(node, nats, config)) ?? [...files!.keys()].sort((a, b) => a - b);
    const candidates: Candidates =
      files === null ? stored(nats!, config) : async (partition) => files.get(partition) ?? [];
    return await restoreAll(config, node, partitions, candidates, state);
  } finally {
    await nats?.close();
  }
}

/** Never makes a log where there is none: a log made anew would contradict every snapshot. */
async function logStateOn(nats: NatsLink, config: Config): Promise<LogState> {
  const state = await nats.featureLogState();
  if (state !== null) return state;
  throw new ServingError(
    'FAILED_PRECONDITION',
    'log',
    `there is no feature log at ${operatorNatsUrl(config)}: what is restored could not be brought up to date`,
  );
}

/** Those placed on the shard; null where that cannot be known without NATS. */
async function partitionsOf(node: string, nats: NatsLink | null, config: Config): Promise<number[] | null> {
  if (nats === null) return null;
  const { targets, owners } = await placementOn(nats, operatorNatsUrl(config));
  const all = targets.map((_, partition) => partition);
  const mine = all.filter((partition) => targets[partition]!.includes(node) || owners[partition]!.includes(node));
  // One that has been away holds nothing by the table, and will again what it held before.
  return mine.length > 1 ? mine : all;
}

function stored(nats: NatsLink, config: Config): Candidates {
  const shelf = shelfOf({ nats, config, clock: systemClock, log: silentLog });
  return async (partition) =>
    (await shelf.list(partition)).map((one) => ({ what: one.object, seq: one.seq, read: () => shelf.read(one) }));
}

async function filesIn(directory: string): Promise<Map<number, Candidate[]>> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (thrown) {
    throw new UsageError(`--from cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const files = new Map<number, Candidate[]>();
  for (const name of names) {
    const [, partition, seq] = FILE.exec(name) ?? [];
    if (partition === undefined) continue;
    const path = join(directory, name);
    const candidate = { what: name, seq: Number(seq), read: () => readPieces(path) };
    files.set(
      Number(partition),
      [...(files.get(Number(partition)) ?? []), candidate].sort((a, b) => b.seq - a.seq),
    );
  }
  if (files.size === 0)
    throw new UsageError(`--from: no file in ${directory} is named as a snapshot (p<n>.s<n>.snapshot)`);
  return files;
}

async function restoreAll(
  config: Config,
  node: string,
  partitions: readonly number[],
  candidates: Candidates,
  state: LogState | null,
): Promise<number> {
  const tally: Tally = { restored: 0, kept: 0, missing: 0, failed: 0, rows: 0 };
  // Rows are put as they are, so their definitions are not needed.
  const replica = new Replica({ directory: join(config.dataDir, node), app: defineApp({ views: [] }), log: silentLog });
  try {
    for (const partition of partitions) {
      const outcome = await restoreOne(replica, partition, await candidates(partition), state, tally);
      tally[outcome]++;
      const done = tally.restored + tally.kept + tally.missing + tally.failed;
      sayProgress(`${done} of ${partitions.length} partitions, ${tally.rows} rows restored`);
    }
  } finally {
    await replica.close();
  }
  sayProgress('');
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  return tally.failed === 0 ? EXIT.ok : EXIT.failed;
}

async function restoreOne(
  replica: Replica,
  partition: number,
  candidates: readonly Candidate[],
  state: LogState | null,
  tally: Tally,
): Promise<'restored' | 'kept' | 'missing' | 'failed'> {
  if (candidates.length === 0) return 'missing';
  for (const candidate of candidates) {
    try {
      const { header } = await verifySnapshot(candidate.read());
      checkFits(replica, partition, header, state);
      if (replica.appliedSeq(partition) >= header.seq) return 'kept';
      if (replica.streamIdentity === null) await replica.setStreamIdentity(header.stream);
      const { rows } = await restorePartition(replica, await openSnapshot(candidate.read()), systemClock);
      tally.rows += rows;
      return 'restored';
    } catch (thrown) {
      sayProgress('');
      process.stderr.write(`partition ${partition}, ${candidate.what}: ${asServingError(thrown, 'log').message}\n`);
    }
  }
  return 'failed';
}

/** Throws FAILED_PRECONDITION where the snapshot is of another history than the replica or the log. */
function checkFits(replica: Replica, partition: number, header: SnapshotHeader, state: LogState | null): void {
  const refuse = (why: string) => new ServingError('FAILED_PRECONDITION', 'log', why);
  const known = replica.streamIdentity;
  if (header.partition !== partition) throw refuse(`it is of partition ${header.partition}`);
  if (known !== null && known !== header.stream)
    throw refuse(
      `this replica follows the log created ${known}, the snapshot that of ${header.stream}; remove the replica’s directory to restore into a new one`,
    );
  if (state === null) return;
  if (state.createdText !== header.stream)
    throw refuse(`it is of the log created ${header.stream}, but this cluster’s was created ${state.createdText}`);
  if (header.seq > state.lastSeq)
    throw refuse(`it ends at ${header.seq}, but the log at ${state.lastSeq}: it was rolled back`);
}
