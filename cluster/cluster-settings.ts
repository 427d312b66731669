/** Facts fixed when a cluster is created, kept in its key-value store. The first process writes them, the rest follow. */
import { ServingError } from '../proto/errors.ts';
import { SETTINGS_KEY } from '../proto/subjects.ts';
import type { KeyValue } from './key-value.ts';

export type ClusterSettings = { readonly cluster: string; readonly partitions: number; readonly replicas: number };

/**
 * The cluster's settings, created from `wanted` where there are none. Rejects with FAILED_PRECONDITION where the cluster
 * was created with another number of partitions and `partitionsExplicit` says that the operator insists.
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
    const settings = JSON.parse(new TextDecoder().decode(entry.value)) as ClusterSettings;
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
