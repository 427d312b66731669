import { describe, expect, it } from 'vitest';
import type { Replica } from '../../../../actors/feature-shard/replica.ts';
import { Scrub } from '../../../../actors/feature-shard/scrub.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import { silentLog } from '../../../../cluster/log.ts';
import { seededRandom } from '../../../../cluster/random.ts';

const HOUR_MS = 3_600_000;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A replica of empty partitions, which says which of them were read. */
function world(intervalMs: number) {
  const clock = new ManualClock();
  const read: number[] = [];
  const partitions = {
    isRestoring: () => false,
    read: (partition: number) => {
      read.push(partition);
      return { cursor: null, next: () => true, close: () => {} };
    },
  };
  let timers = 0;
  const scrub = new Scrub({
    replica: { partitions } as unknown as Replica,
    clock: {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs(),
      every: (...args) => clock.every(...args),
      endOfTurn: (callback) => clock.endOfTurn(callback),
      afterInput: (callback) => clock.afterInput(callback),
      after: (delayMs, callback) => {
        timers++;
        const timer = clock.after(delayMs, () => {
          timers--;
          callback();
        });
        return {
          cancel: () => {
            timers--;
            timer.cancel();
          },
        };
      },
    },
    random: seededRandom(1),
    log: silentLog,
    intervalMs,
    partitions: () => [3, 1, 7, 5],
    onMismatch: () => {},
    onVerified: () => {},
  });
  return { scrub, clock, read, timers: () => timers };
}

describe('a scrub', () => {
  it('reads each partition once an interval, in turn', async () => {
    const { scrub, clock, read } = world(HOUR_MS);
    scrub.start();
    for (let minute = 0; minute < 120; minute++) {
      clock.advance(60_000);
      await settle();
    }
    await scrub.stop();
    expect(read.length).toBeGreaterThanOrEqual(4);
    expect(read.length).toBeLessThanOrEqual(8);
    expect(read.slice(0, 4)).toEqual([1, 3, 5, 7]);
  });

  it('reads a suspect at once, even where it reads nothing else', async () => {
    for (const intervalMs of [0, HOUR_MS]) {
      const { scrub, read } = world(intervalMs);
      scrub.start();
      await settle();
      scrub.suspect(5);
      await settle();
      expect(read).toEqual([5]);
      await scrub.stop();
    }
  });

  it('leaves no timer behind when it is stopped: one would keep the process alive', async () => {
    const { scrub, timers } = world(HOUR_MS);
    scrub.start();
    await settle();
    expect(timers()).toBe(1);
    await scrub.stop();
    expect(timers()).toBe(0);
  });
});
