/** How cost grows: with rows, with partitions, with shards; a table each, with the exponent that fits best. */
import type { FeatureBench } from './feature-bench.ts';
import { growthOfPartitions } from './growth-partitions.ts';
import { growthOfRows } from './growth-rows.ts';
import { shardProcesses, simulatedShards } from './growth-shards.ts';

export async function growthJob(bench: FeatureBench): Promise<void> {
  const { context, options, figures } = bench;
  const { clock, workDir } = context;
  figures.addGrowth(await growthOfRows(clock, workDir, options.growth));
  figures.addGrowth(await growthOfPartitions(context, options.growth));
  figures.addGrowth(simulatedShards(clock));
  if (options.growth !== 'short') figures.addGrowth(await shardProcesses(bench));
}
