/** What a feature-shard does beside applying the log and answering: parking poison, and saying how applying goes. */
import type { RowTally } from '../actors/feature-shard/apply-message.ts';
import { Parking } from '../actors/feature-shard/dead-letters.ts';
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
