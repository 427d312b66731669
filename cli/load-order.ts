/** In what order a worker loads its models, so that as many as can be serve soon. Pure. */
import { byNumber } from '../cluster/catalog/model-directory.ts';

type Loadable = { readonly name: string; readonly version: string };

/**
 * Smallest file first, but no version ahead of a newer one of its model: who names no version gets the newest that is
 * served, and must not get an older one for a while because of how a worker loads. `bytes`: of a version's file.
 */
export function loadOrder<T extends Loadable>(files: readonly T[], bytes: (file: T) => number): T[] {
  const newestFirst = [...files].sort((a, b) => byNumber(b.version, a.version));
  const largest = new Map<string, number>();
  const weights = new Map<T, number>();
  for (const file of newestFirst) {
    const weight = Math.max(bytes(file), largest.get(file.name) ?? 0);
    largest.set(file.name, weight);
    weights.set(file, weight);
  }
  // Stable: of one model with equal weights the newest stays ahead.
  return newestFirst.sort(
    (a, b) => weights.get(a)! - weights.get(b)! || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}
