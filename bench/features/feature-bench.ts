/** What each job of the feature bench is handed. */
import type { BenchContext } from '../context.ts';
import type { Figures } from '../figures.ts';
import type { BenchOptions } from '../options.ts';
import type { FeatureCluster } from './feature-cluster.ts';

export type FeatureBench = {
  readonly context: BenchContext;
  readonly options: BenchOptions;
  readonly figures: Figures;
  readonly stopLater: (stop: () => Promise<void>) => void;
  /** A line for people: what was left out and why, what was measured under which settings. */
  readonly note: (line: string) => void;
  /** The cluster that jobs share, holding the rows of `workload.ts`; started by the first that asks. */
  readonly cluster: () => Promise<FeatureCluster>;
};
