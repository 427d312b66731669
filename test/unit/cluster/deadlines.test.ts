import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../cluster/clock.ts';
import { Deadlines, TICK_MS } from '../../../cluster/deadlines.ts';
import { seededRandom } from '../../../cluster/random.ts';

describe('deadlines', () => {
  it('come out once each, never early and at most one tick late, wherever between two ticks they were set', () => {
    const random = seededRandom(1);
    const clock = new ManualClock(random.next() * 100);
    const lateMs: number[] = [];
    const deadlines = new Deadlines<number>(clock, (dueMs) => lateMs.push(clock.nowMs() - dueMs));
    for (let i = 0; i < 500; i++) {
      const dueMs = clock.nowMs() + random.next() * 30;
      deadlines.schedule(dueMs, dueMs);
      // Long gaps too, in which nothing is scheduled and the wheel stands still.
      clock.advance(random.next() < 0.2 ? 50 * random.next() : random.next());
    }
    clock.advance(100);
    expect(lateMs).toHaveLength(500);
    expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
    // Timers are set in whole milliseconds, as real ones are.
    expect(Math.max(...lateMs)).toBeLessThanOrEqual(TICK_MS + 1);
  });

  it('that are cancelled do not come out', () => {
    const clock = new ManualClock();
    const out: string[] = [];
    const deadlines = new Deadlines<string>(clock, (item) => out.push(item));
    const entry = deadlines.schedule('cancelled', 10);
    deadlines.schedule('kept', 10);
    deadlines.cancel(entry);
    clock.advance(20);
    expect(out).toEqual(['kept']);
  });
});
