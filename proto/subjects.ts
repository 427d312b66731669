/** Every NATS subject, stream and bucket in one place. Tokens are checked names, so none can smuggle in a dot or a wildcard. */

export const HEARTBEAT_SUBJECT = 'dovetail.heartbeat';

/** Envelopes from callers outside the cluster (the client in the package), to any gateway. */
export const CALL_SUBJECT = 'dovetail.call';
/** Where such callers say what they do not wait for any more. Every gateway listens: whose request it is, only that one knows. */
export const CANCEL_SUBJECT = 'dovetail.cancel';

export const GATEWAY_QUEUE_GROUP = 'dovetail-gateway';

/** One request a message, JSON or protobuf by `Content-Type`: `dovetail.predict.<model>`. */
export const PREDICT_SUBJECT_ROOT = 'dovetail.predict';
export const PUSH_SUBJECT_ROOT = 'dovetail.features.push';
export const GET_SUBJECT_ROOT = 'dovetail.features.get';

export function nodeSubject(node: string): string {
  return `dovetail.node.${node.replaceAll('.', '_')}`;
}

/** Where the process that holds a name is asked whether it does. */
export function nameSubject(name: string): string {
  return `dovetail.name.${name}`;
}

/** What each router counted of the rollouts that go on, for whoever watches over them. */
export const ROLLOUT_REPORT_SUBJECT = 'dovetail.rollout.report';

/** Every step of a model's rollouts, JSON, at least once. */
export function rolloutEventSubject(model: string): string {
  return `dovetail.events.rollout.${model}`;
}

/** Where a shard is asked for snapshots of its partitions, and for what it has to copy. */
export function snapshotSubject(shard: string): string {
  return `dovetail.snapshot.${shard}`;
}

export const FEATURE_LOG_STREAM = 'DOVETAIL_FEATURES';

/** Partition of the log; the number of partitions itself stands for the views that live everywhere. */
export function featureLogSubject(partition: number): string {
  return `dovetail.log.${partition}`;
}

export const FEATURE_LOG_SUBJECTS = 'dovetail.log.*';

/** What of the log could not be applied. */
export const DEAD_LETTER_STREAM = 'DOVETAIL_DEAD_LETTERS';

/** One subject a message of the log, however many replicas park it. */
export function deadLetterSubject(partition: number, seq: number): string {
  return `dovetail.dead.${partition}.${seq}`;
}

export const DEAD_LETTER_SUBJECTS = 'dovetail.dead.*.*';

export const BUCKETS = {
  /** Cluster settings, placement table. */
  cluster: 'dovetail_cluster',
  /** Leadership lease. */
  lease: 'dovetail_lease',
  /** One entry a model version: manifest, inputs, outputs, digest. */
  models: 'dovetail_models',
  /** One entry a model: aliases and its rollout. */
  rollouts: 'dovetail_rollouts',
  /** Which snapshots of each partition there are, and how far its log has been trimmed. */
  snapshots: 'dovetail_snapshots',
} as const;

/** Bucket of the object store that holds the snapshots themselves. */
export const SNAPSHOT_OBJECTS = 'dovetail_snapshot_objects';

export const PLACEMENT_KEY = 'placement';
export const SETTINGS_KEY = 'settings';
export const LEASE_KEY = 'leader';
/** In the lease bucket too: whoever starts a cluster's processes on this NATS just now. */
export const START_LEASE_KEY = 'up';
/** In the lease bucket as well: which gateway moves rollouts on. */
export const ROLLOUT_LEASE_KEY = 'rollouts';
