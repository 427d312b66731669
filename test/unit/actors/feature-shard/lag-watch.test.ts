/** When a partition counts as too far behind, and when no longer. */
import { describe, expect, it } from 'vitest';
import { LagWatch } from '../../../../actors/feature-shard/lag-watch.ts';

const lags = (...entries: [number, number][]) => new Map(entries);

describe('a lag watch', () => {
  it('says so only once a partition has been over the bound for longer than the grace', () => {
    const watch = new LagWatch({ messagesMax: 100, graceMs: 1_000 });
    expect(watch.observe(lags([1, 101], [2, 100]), 0)).toBe(false);
    expect(watch.observe(lags([1, 500], [2, 100]), 1_000)).toBe(false);
    expect(watch.observe(lags([1, 500], [2, 100]), 1_001)).toBe(true);
    expect([...watch.behind]).toEqual([1]);
    expect(watch.observe(lags([1, 500], [2, 100]), 9_000)).toBe(false);
  });

  it('forgets a burst that is worked off within the grace', () => {
    const watch = new LagWatch({ messagesMax: 100, graceMs: 1_000 });
    watch.observe(lags([1, 101]), 0);
    watch.observe(lags([1, 99]), 900);
    watch.observe(lags([1, 101]), 1_100);
    expect(watch.observe(lags([1, 101]), 2_000)).toBe(false);
    expect(watch.behind.size).toBe(0);
  });

  it('takes it back once half of the bound is left, or the partition is followed no longer', () => {
    const watch = new LagWatch({ messagesMax: 100, graceMs: 1_000 });
    watch.observe(lags([1, 200], [2, 200]), 0);
    watch.observe(lags([1, 200], [2, 200]), 2_000);
    expect([...watch.behind]).toEqual([1, 2]);
    expect(watch.observe(lags([1, 60], [2, 51]), 3_000)).toBe(false);
    expect(watch.observe(lags([1, 50]), 4_000)).toBe(true);
    expect(watch.behind.size).toBe(0);
  });
});
