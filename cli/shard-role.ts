/** A feature-shard: its replica, kept up with the log, and the actor that reads it. */
import { join } from 'node:path';
import { featureShard, type ShardState } from '../actors/feature-shard/feature-shard.ts';
import { LogFollower } from '../actors/feature-shard/log-follower.ts';
import { isCommitFailure } from '../actors/feature-shard/replica.ts';
import { openReplica } from '../actors/feature-shard/replica-file.ts';
import { ACTOR_NAMES } from '../actors/router/routing-table.ts';
import { bitset, setBit } from '../cluster/membership/bitset.ts';
import { openedWhenAsked } from '../cluster/nats/feature-log.ts';
import type { ClusterProcess } from './cluster-process.ts';
import type { RunningRole } from './gateway-role.ts';
import { shardObserver } from './observers.ts';
import { shardSnapshots } from './shard-snapshots.ts';
import { applyMetrics, roomOf, startParking, startScrub, startSweep, watchLag } from './shard-upkeep.ts';

export async function startShardRole(cluster: ClusterProcess): Promise<RunningRole> {
  const { config, app, clock, log, nats, registry, standing, name } = cluster;
  const partitions = cluster.settings.partitions;
  const directory = join(config.dataDir, name);
  const damaged = (why: string) => cluster.raiseFatal(new Error(`the replica is damaged: ${why}`));
  const opened = await openReplica({ directory, app, clock, log, onDamage: damaged });
  const { replica } = opened;
  const room = roomOf(cluster, replica, directory);
  const countApplied = applyMetrics(cluster);
  let wakeReads = () => {};
  let suspect: (partition: number) => void = () => {};
  let assigned = new Set<number>();
  /** 1 for each partition that this shard serves at the epoch it acts on. */
  let owned = new Uint8Array(partitions + 1);
  // Not waited for: a shard whose replica holds data serves it, whether or not the log answers.
  const source = openedWhenAsked(() => nats.featureLog({ replicas: config.logReplicas }));
  const snapshots = shardSnapshots(cluster, replica, source, room);
  const follower = new LogFollower({
    replica,
    source,
    bootstrap: snapshots.bootstrap,
    room,
    onDamage: (why) => replica.reportDamage(why),
    clock,
    log,
    // Below that, reading everybody's messages would cost more than a consumer a partition.
    togetherMin: Math.ceil((partitions + 1) / 8),
    transactionMessagesMax: 1_024,
    waitingMessagesMax: 16_384,
    onApplied: (result, messages, seconds) => {
      countApplied(result, messages, seconds);
      wakeReads();
    },
    onCaughtUp: () => report(),
    parking: await startParking(cluster),
  });
  const lag = watchLag(cluster, follower, () => report());
  registry.observeGauge('dovetail_replica_partitions', 'Partitions followed here, by state.', ['state'], (say) => {
    const caughtUp = [...assigned].filter((partition) => follower.isCaughtUp(partition)).length;
    const unconfirmed = [...assigned].filter((partition) => follower.isUnconfirmed(partition)).length;
    say(caughtUp - unconfirmed, 'caught_up');
    // Served from what is applied, since the log does not say whether there is more.
    say(unconfirmed, 'unconfirmed');
    const refused = [...follower.starting().values()].filter((why) => why !== null).length;
    say(refused, 'refused');
    say(follower.starting().size - refused, 'copying');
    say(assigned.size - caughtUp - follower.starting().size, 'catching_up');
  });

  const report = () => {
    const caughtUp = bitset(partitions + 1);
    let all = assigned.size > 0;
    for (const partition of assigned) {
      if (follower.isCaughtUp(partition)) setBit(caughtUp, partition);
      else all = false;
    }
    standing.caughtUp = caughtUp;
    standing.ready = all && lag.behind.size === 0;
    standing.lagging = lag.behind.size > 0;
    const refused = [...follower.starting().values()].find((why) => why !== null);
    standing.trouble = follower.fault ?? refused ?? follower.shortage ?? '';
    cluster.heartbeats.announce();
  };

  const state: ShardState = {
    partitions,
    get epoch() {
      return cluster.placement()?.epoch ?? 0;
    },
    serves: (partition, routerEpoch) => {
      if (owned[partition] === 1) return follower.mayServe(partition);
      // A router ahead of us has been told by the leader that we own it, which we believe once our replica agrees.
      return routerEpoch > (cluster.placement()?.epoch ?? 0) && follower.isCaughtUp(partition);
    },
    plan: (model) => cluster.directory.plan(model),
    lookup: (view, partition, key) => replica.lookup(view, partition, key),
    appliedSeq: (partition) => replica.appliedSeq(partition),
    suspect: (suspects) => {
      for (const partition of suspects) suspect(partition);
    },
    onApplied: (listener) => {
      wakeReads = listener;
    },
  };
  cluster.system.spawn(
    ACTOR_NAMES.shard,
    { mailboxMessagesMax: config.mailboxMessagesMax },
    featureShard(state, app, shardObserver(registry, cluster.tracer)),
  );
  standing.queueDepth = () => cluster.system.mailboxLength(ACTOR_NAMES.shard);
  cluster.transport.listen();
  await snapshots.start((partition) => follower.isCaughtUp(partition) && !follower.isUnconfirmed(partition));

  process.on('unhandledRejection', onCommitFailure);

  const follow = (act: () => Promise<void>) => {
    act().catch((thrown: unknown) => log.error({ err: thrown }, 'following the feature log failed'));
  };
  cluster.onChange((what) => {
    const table = cluster.placement();
    if (what !== 'placement' || table === null) return;
    const mine = new Set<number>();
    owned = Uint8Array.from(table.owners, (owners) => (owners.includes(name) ? 1 : 0));
    for (let partition = 0; partition <= partitions; partition++) {
      if (table.targets[partition]?.includes(name) === true || table.owners[partition]?.includes(name) === true)
        mine.add(partition);
    }
    assigned = mine;
    follow(() => follower.assign(mine));
    // Also at once, since a log that does not answer keeps the line above waiting.
    report();
  });
  nats.onConnectionChange((connected) => {
    if (connected) follow(() => follower.restart());
  });
  const sweep = startSweep(cluster, replica, follower, source);
  const scrub = startScrub(cluster, replica, follower);
  suspect = (partition) => scrub.suspect(partition);
  for (const partition of opened.mismatched) scrub.suspect(partition);
  return {
    stop: async () => {
      standing.ready = false;
      cluster.heartbeats.announce();
      lag.stop();
      await Promise.all([sweep.stop(), scrub.stop()]);
      await Promise.all([follower.stop(), snapshots.stop()]);
      cluster.transport.flush();
      await opened.close();
      process.off('unhandledRejection', onCommitFailure);
    },
  };
}

/** Keeps the process alive when a commit fails: `apply` has been told too, and tries again. */
function onCommitFailure(reason: unknown): void {
  if (!isCommitFailure(reason)) throw reason;
}
