/** Facts fixed when a cluster is created, kept in its key-value store. The first process writes them, the rest follow. */
import { ServingError } from '../proto/errors.ts';
import { SETTINGS_KEY } from '../proto/subjects.ts';
import { PARTITIONS_MAX } from './hash.ts';
import type { KeyValue } from './key-value.ts';
import { REPLICAS_MAX } from './placement/rendezvous.ts';

export type ClusterSettings = { readonly cluster: string; readonly partitions: number; readonly replicas: number };

/**
 * The cluster's settings, created from `wanted` where there are none. Rejects with FAILED_PRECONDITION where the cluster
 * was created with another number of partitions and `partitionsExplicit` says that the operator insists, with DATA_LOSS
 * where the stored entry is no cluster settings.
 */
export async function joinSettings(
  keyValue: KeyValue,
  wanted: ClusterSettings,
  partitionsExplicit: boolean,
): Promise<ClusterSettings> {
  const bytes = new TextEncoder().encode(JSON.stringify(wanted));
  for (;;) {
    const entry = await keyValue.get(SETTINGS_KEY);
    if (entry === null) {
      if ((await keyValue.create(SETTINGS_KEY, bytes)) !== null) return wanted;
      continue;
    }
    const settings = decode(entry.value);
    if (partitionsExplicit && settings.partitions !== wanted.partitions) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'edge',
        `this cluster was created with ${settings.partitions} partitions; the number is fixed. Drop --partitions, or start a new cluster with another --data-dir`,
      );
    }
    return settings;
  }
}

/** The cluster's settings, or null where no cluster was created. Rejects with DATA_LOSS as `joinSettings`. */
export async function readSettings(keyValue: KeyValue): Promise<ClusterSettings | null> {
  const entry = await keyValue.get(SETTINGS_KEY);
  return entry === null ? null : decode(entry.value);
}

function decode(bytes: Uint8Array): ClusterSettings {
  let stored: Partial<ClusterSettings> | null;
  try {
    stored = JSON.parse(new TextDecoder().decode(bytes)) as Partial<ClusterSettings> | null;
  } catch {
    stored = null;
  }
  const { cluster, partitions, replicas } = stored ?? {};
  if (typeof cluster !== 'string' || !isCount(partitions, PARTITIONS_MAX) || !isCount(replicas, REPLICAS_MAX)) {
    throw new ServingError(
      'DATA_LOSS',
      'edge',
      `the cluster's stored settings ('${SETTINGS_KEY}') cannot be read; restore them, or start a new cluster with another --data-dir`,
    );
  }
  return { cluster, partitions, replicas };
}

function isCount(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max;
}
