/**
 * The published placement: who serves each partition, who should, and under which epoch. The leader computes the next
 * table from the last one and the members it sees; every router and shard acts on the published one, so that the same
 * epoch means the same owners everywhere.
 *
 * A partition moves by overlap: its targets change at once, a target becomes an owner when it has caught up, and an
 * owner that is no target leaves once every target has. Entry `partitions`, one past the last, is the `everywhere`
 * log, which each shard applies in full: every live shard is its target.
 */
import { invalid, ServingError } from '../../proto/errors.ts';
import { placePartitions, WEIGHT_MAX, WEIGHT_MIN, type WeightedMember } from './rendezvous.ts';

export type PlacementTable = {
  /** Grows with every change; from 1, at most EPOCH_MAX. */
  readonly epoch: number;
  readonly partitions: number;
  /** Owners wanted per partition; `everywhere` has as many as there are shards. */
  readonly replicas: number;
  /** Serving owners by member name, index = partition (partitions + 1 entries): alive and caught up, targets first. */
  readonly owners: readonly (readonly string[])[];
  /** Who should own, nearest first. Those that are not owners are catching up. */
  readonly targets: readonly (readonly string[])[];
};

export type PlacementSettings = {
  /** Fixed when the cluster is created. */
  readonly partitions: number;
  readonly replicas: number;
  readonly loadFactor?: number;
};

/** A shard as the leader sees it. */
export type PlacementMember = {
  /** Stable across restarts. */
  readonly name: string;
  /** Relative share; 0 hands over everything it owns and takes nothing new. Others are held to the allowed range. */
  readonly weight: number;
  readonly alive: boolean;
  /** Whether its replica of the partition is fit to serve; asked for 0 … partitions, the last being `everywhere`. */
  readonly caughtUp: (partition: number) => boolean;
};

/** Epochs travel as 32 bits. */
export const EPOCH_MAX = 0xffff_ffff;

/** Index of the `everywhere` log in `owners` and `targets`. */
export function everywhereIndex(table: Pick<PlacementTable, 'partitions'>): number {
  return table.partitions;
}

/**
 * The table that follows `previous`, or null when nothing changes. A pure function of its arguments; the order of
 * `members` does not matter. Without a previous table the first one has epoch 1.
 *
 * - An owner that is dead or no longer caught up leaves at once; nobody is an owner who has not caught up.
 * - An owner that is no longer a target stays until every target has caught up: as long as one live owner remains
 *   caught up, the partition can be read.
 *
 * Throws FAILED_PRECONDITION when `partitions` differs from the previous table's, INVALID_ARGUMENT for settings out of
 * range and names that appear twice.
 */
export function nextTable(
  previous: PlacementTable | null,
  members: readonly PlacementMember[],
  settings: PlacementSettings,
): PlacementTable | null {
  if (previous !== null && previous.partitions !== settings.partitions) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      'route',
      `this cluster has ${previous.partitions} partitions and cannot change to ${settings.partitions}: the number is fixed when a cluster is created`,
    );
  }
  const alive = members.filter((member) => member.alive);
  const byName = new Map(alive.map((member) => [member.name, member]));
  if (byName.size < alive.length) throw invalid('two live shards have the same name; every process needs its own');
  const targets = targetsOf(alive, settings);
  const owners = targets.map((wanted, partition) => {
    const serves = (name: string): boolean => byName.get(name)?.caughtUp(partition) === true;
    return ownersOf(previous?.owners[partition] ?? [], wanted, serves);
  });
  if (previous !== null && previous.replicas === settings.replicas) {
    if (sameLists(previous.owners, owners) && sameLists(previous.targets, targets)) return null;
  }
  const epoch = (previous?.epoch ?? 0) + 1;
  if (epoch > EPOCH_MAX) throw new ServingError('INTERNAL', 'route', `placement epoch passed ${EPOCH_MAX}`);
  return { epoch, partitions: settings.partitions, replicas: settings.replicas, owners, targets };
}

function targetsOf(alive: readonly PlacementMember[], settings: PlacementSettings): string[][] {
  const { partitions, replicas, loadFactor } = settings;
  const taking = alive.map(weighted).filter((member) => member.weight > 0);
  const targets = placePartitions({ members: taking, partitions, replicas, loadFactor });
  // A shard that hands over still reads `everywhere` rows until it is done.
  targets.push(alive.map((member) => member.name).sort());
  return targets;
}

/** One shard's odd weight must not stop the leader from placing everybody else's partitions. */
function weighted({ name, weight }: PlacementMember): WeightedMember {
  if (!(weight > 0)) return { name, weight: 0 };
  return { name, weight: Math.min(WEIGHT_MAX, Math.max(WEIGHT_MIN, weight)) };
}

function ownersOf(
  previous: readonly string[],
  targets: readonly string[],
  serves: (name: string) => boolean,
): readonly string[] {
  const owners = targets.filter(serves);
  if (targets.length > 0 && owners.length === targets.length) return owners;
  for (const name of previous) if (!targets.includes(name) && serves(name)) owners.push(name);
  return owners;
}

function sameLists(a: readonly (readonly string[])[], b: readonly (readonly string[])[]): boolean {
  return a.length === b.length && a.every((list, i) => sameList(list, b[i]!));
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
