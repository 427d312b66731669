/** The feature platform's part of the bench: which jobs there are, and what they share. A job a file. */
import { FEATURE_SECTIONS, type FeatureSection } from '../options.ts';
import { bootstrapJob } from './bootstrap-job.ts';
import { bulkJob } from './bulk.ts';
import { feastJob } from './feast-compare.ts';
import type { FeatureBench } from './feature-bench.ts';
import { type FeatureCluster, startFeatureCluster } from './feature-cluster.ts';
import { growthJob } from './growth.ts';
import { httpReadsJob } from './http-reads.ts';
import { lookupJob } from './lookup.ts';
import { visibleJob } from './visible.ts';

const JOBS: Readonly<Record<FeatureSection, (bench: FeatureBench) => Promise<void>>> = {
  'feature-lookup': lookupJob,
  'feature-reads': httpReadsJob,
  'feature-visible': visibleJob,
  'feature-bulk': bulkJob,
  'feature-bootstrap': bootstrapJob,
  'feature-growth': growthJob,
  'feature-feast': feastJob,
};

/** Runs the jobs that were asked for, one after the other. */
export async function featureSections(shared: Omit<FeatureBench, 'cluster'>): Promise<void> {
  let starting: Promise<FeatureCluster> | null = null;
  const bench: FeatureBench = {
    ...shared,
    cluster: () => {
      starting ??= startFeatureCluster(shared.context, { name: 'feature-cluster' }, shared.stopLater);
      return starting;
    },
  };
  for (const name of FEATURE_SECTIONS) {
    if (!shared.options.sections.has(name)) continue;
    shared.note(name);
    await JOBS[name](bench);
  }
}
