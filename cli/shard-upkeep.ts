/** What a feature-shard does beside applying the log and answering: parking poison, sweeping, saying how applying goes. */
import type { RowTally } from '../actors/feature-shard/apply-message.ts';
import { Parking } from '../actors/feature-shard/dead-letters.ts';
import { LagWatch } from '../actors/feature-shard/lag-watch.ts';
import type { LogFollower } from '../actors/feature-shard/log-follower.ts';
import type { Replica } from '../actors/feature-shard/replica.ts';
import { Sweep, type SweepOptions } from '../actors/feature-shard/sweep.ts';
import { LATENCY_BOUNDARIES_SECONDS } from '../cluster/telemetry/metrics.ts';
import type { ClusterProcess } from './cluster-process.ts';

export async function startParking({ nats, config, registry, clock, log }: ClusterProcess): Promise<Parking> {
  const bounds = {
    replicas: config.logReplicas,
    ageMsMax: config.deadLetterAgeMs,
    bytesMax: config.deadLetterBytesMax,
  };
  const letters = registry.counter(
    'dovetail_replica_dead_letters_total',
    'Log messages with poison, by what became of them: parked, known to be parked, owed to the stream, lost to it.',
    ['outcome'],
  );
  const parking = new Parking({
    sink: await nats.deadLetters(bounds),
    clock,
    log,
    onLetter: (outcome) => letters.with(outcome).add(),
  });
  registry.observeGauge(
    'dovetail_replica_dead_letters_owed',
    'Entries that the dead-letter stream has not taken yet.',
    [],
    (say) => say(parking.owed),
  );
  return parking;
}

/** Sweeps the partitions of which this shard is the first owner, while its replica stands where the log does. */
export function startSweep(
  cluster: ClusterProcess,
  replica: Replica,
  follower: LogFollower,
  sink: SweepOptions['sink'],
): Sweep {
  const { app, clock, random, log, config, registry, name } = cluster;
  const rows = registry.counter('dovetail_sweep_rows_total', 'Stored rows, by what a sweep did with them.', [
    'outcome',
  ]);
  const seconds = registry.histogram(
    'dovetail_sweep_duration_seconds',
    'One pass over the partitions that this shard sweeps.',
    [1, 5, 15, 60, 300, 900, 3_600],
  );
  const sweep = new Sweep({
    app,
    replica,
    sink,
    clock,
    random,
    log,
    partitions: () =>
      (cluster.placement()?.owners ?? []).flatMap((owners, partition) =>
        owners[0] === name && follower.isCaughtUp(partition) && !follower.isUnconfirmed(partition) ? [partition] : [],
      ),
    intervalMs: config.sweepIntervalMs,
    tombstoneRetentionMs: config.tombstoneRetentionMs,
    onSwept: (seen, expired, took) => {
      rows.with('seen').add(seen);
      if (expired > 0) rows.with('expired').add(expired);
      seconds.record(took);
    },
  });
  sweep.start();
  return sweep;
}

/** How long a partition may be over the bound: a bulk load leaves more waiting for a moment. */
const LAG_GRACE_MS = 10_000;
const LAG_PERIOD_MS = 1_000;

/** Watches how far the replica is behind the log; `onChange` when routers should think otherwise of it. */
export function watchLag(
  { clock, config, registry, log }: ClusterProcess,
  follower: LogFollower,
  onChange: () => void,
): { readonly behind: ReadonlySet<number>; stop(): void } {
  const watch = new LagWatch({ messagesMax: config.lagMessagesMax, graceMs: LAG_GRACE_MS });
  registry.observeGauge(
    'dovetail_replica_lag_messages',
    'Messages in the log that this replica has not applied.',
    [],
    (say) => say(follower.lag()),
  );
  registry.observeGauge(
    'dovetail_replica_lagging_partitions',
    'Partitions that are too far behind the log for routers to prefer this shard.',
    [],
    (say) => say(watch.behind.size),
  );
  registry.observeGauge(
    'dovetail_replica_confirmed_age_seconds',
    'Time since the log last confirmed that nothing is missing here, of the partition where that is longest ago.',
    [],
    (say) => say(follower.confirmedAgeMs() / 1_000),
  );
  const timer = clock.every(LAG_PERIOD_MS, () => {
    if (!watch.observe(follower.lags(), clock.nowMs())) return;
    if (watch.behind.size > 0)
      log.warn({ partitions: watch.behind.size }, 'this replica is far behind the feature log');
    onChange();
  });
  return {
    get behind() {
      return watch.behind;
    },
    stop: () => timer.cancel(),
  };
}

/** Returns what counts a transaction of the replica. */
export function applyMetrics({ registry }: ClusterProcess) {
  const rows = registry.counter('dovetail_replica_rows_total', 'Rows of the log, by what became of them.', ['outcome']);
  const parked = registry.counter(
    'dovetail_replica_parked_messages_total',
    'Log messages of which something could not be applied.',
  );
  const seconds = registry.histogram(
    'dovetail_replica_apply_duration_seconds',
    'One transaction of the replica.',
    LATENCY_BOUNDARIES_SECONDS,
  );
  return (result: Readonly<RowTally>, _messages: number, took: number) => {
    rows.with('applied').add(result.rowsApplied);
    if (result.rowsStale > 0) rows.with('stale').add(result.rowsStale);
    if (result.rowsLate > 0) rows.with('late').add(result.rowsLate);
    if (result.rowsDuplicate > 0) rows.with('duplicate').add(result.rowsDuplicate);
    if (result.messagesParked > 0) parked.add(result.messagesParked);
    seconds.record(took);
  };
}
