/** How fast a shard takes a set of partitions from another, and what its lookups feel of it, over a few runs. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GrowthReach } from '../options.ts';
import { type BootstrapFigures, measureBootstrap } from './bootstrap.ts';
import type { FeatureBench } from './feature-bench.ts';

type Extent = { readonly rows: number; readonly runs: number; readonly quietMs: number };

const EXTENTS: Readonly<Record<GrowthReach, Extent>> = {
  short: { rows: 50_000, runs: 1, quietMs: 1_000 },
  usual: { rows: 1_000_000, runs: 3, quietMs: 3_000 },
  full: { rows: 1_000_000, runs: 5, quietMs: 5_000 },
};
const PARTITIONS = 64;

/** Draws `bootstrap_mb_per_s` and `bootstrap_lookup_p99_vs_before`. */
export async function bootstrapJob({ context, options, figures }: FeatureBench): Promise<void> {
  const { rows, runs, quietMs } = EXTENTS[options.growth];
  const found: BootstrapFigures[] = [];
  for (let run = 0; run < runs; run++) {
    // A folder a run: what one has filled must not be there for the next, nor stay on the disk.
    const workDir = join(context.workDir, `bootstrap-${run}`);
    await mkdir(workDir, { recursive: true });
    found.push(await measureBootstrap({ ...context, workDir }, { rows, partitions: PARTITIONS, quietMs }));
    await rm(workDir, { recursive: true, force: true });
  }
  const all = (of: (figures: BootstrapFigures) => number): number[] => found.map(of);
  const [before, meanwhile] = [all((one) => one.lookupP99BeforeMs), all((one) => one.lookupP99MeanwhileMs)];
  figures.ratio('bootstrap_lookup_p99_vs_before', meanwhile, before);
  figures.add(
    'bootstrap_mb_per_s',
    all((one) => one.rowMegabytesPerSecond),
  );
  figures.add(
    'bootstrap_rows',
    all((one) => one.rows),
  );
  figures.add(
    'bootstrap_s',
    all((one) => one.seconds),
  );
  figures.add('bootstrap_lookup_before_p99_ms', before);
  figures.add('bootstrap_lookup_meanwhile_p99_ms', meanwhile);
}
