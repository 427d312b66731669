/** Limit: bare session.run of the bench's model, by rows. */
import type { Clock } from '../../cluster/clock.ts';
import { loadBareModel } from '../bare-model.ts';
import { Histogram } from '../histogram.ts';
import { ROW_WIDTH } from '../workload.ts';

export const SESSION_RUN_ROWS = [1, 8, 32, 128, 256] as const;

/** Median ms of one run, for each of SESSION_RUN_ROWS, after a tenth as many unmeasured runs. */
export async function measureSessionRun(clock: Clock, runs: number): Promise<ReadonlyMap<number, number>> {
  const model = await loadBareModel();
  const medians = new Map<number, number>();
  for (const count of SESSION_RUN_ROWS) {
    const rows = new Float32Array(count * ROW_WIDTH).fill(0.25);
    const latency = new Histogram();
    for (let i = -Math.ceil(runs / 10); i < runs; i++) {
      const startMs = clock.nowMs();
      await model.run(rows, count);
      if (i >= 0) latency.record(clock.nowMs() - startMs);
    }
    medians.set(count, latency.quantileMs(0.5));
  }
  await model.release();
  return medians;
}
