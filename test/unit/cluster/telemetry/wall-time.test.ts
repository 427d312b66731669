import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, ManualClock } from '../../../../cluster/clock.ts';
import { plusMs, toHrTime, WallAnchor } from '../../../../cluster/telemetry/wall-time.ts';

/** Two clocks in step, the wall clock read in whole milliseconds; each reading takes a microsecond. */
class TwoClocks implements Clock {
  monotonicMs = 0;
  offsetMs = 1_700_000_000_000.4321;
  nowMs = () => {
    this.monotonicMs += 0.001;
    return this.monotonicMs;
  };
  wallMs = () => Math.floor(this.offsetMs + this.monotonicMs);
  after = () => ({ cancel() {} });
  every = () => ({ cancel() {} });
  endOfTurn = () => {};
  afterInput = () => {};
}

describe('the anchor between the clocks', () => {
  it('finds the offset to some microseconds though the wall clock is read in milliseconds', () => {
    const clock = new TwoClocks();
    const anchor = new WallAnchor(clock);
    expect(Math.abs(anchor.offsetMs - clock.offsetMs)).toBeLessThan(0.03);
  });

  it('is exact on a clock that does not truncate', () => {
    const anchor = new WallAnchor(new ManualClock(123.456, 1_700_000_000_000.25));
    expect(anchor.offsetMs).toBeCloseTo(1_700_000_000_000.25, 3);
  });

  it('follows a clock that is slewed, and a clock that is set', () => {
    fc.assert(
      fc.property(fc.double({ min: -400e-6, max: 400e-6, noNaN: true }), fc.integer(), (slew, jumpMs) => {
        const clock = new TwoClocks();
        const anchor = new WallAnchor(clock);
        for (let i = 0; i < 2000; i++) {
          clock.monotonicMs += 3.7;
          clock.offsetMs += 3.7 * slew;
          anchor.refresh();
          expect(Math.abs(anchor.offsetMs - clock.offsetMs)).toBeLessThan(1.01);
        }
        clock.offsetMs += jumpMs;
        anchor.refresh();
        expect(Math.abs(anchor.offsetMs - clock.offsetMs)).toBeLessThan(2);
      }),
      { numRuns: 20 },
    );
  });
});

describe('times for OpenTelemetry', () => {
  it('split into seconds and nanoseconds, and keep a duration to the nanosecond', () => {
    const epochMs = fc.double({ min: 0, max: 4e12, noNaN: true });
    fc.assert(
      fc.property(epochMs, fc.nat(5_000_000_000), (startMs, nanoseconds) => {
        const start = toHrTime(startMs);
        const end = plusMs(start, nanoseconds / 1e6);
        for (const [, part] of [start, end]) expect(part >= 0 && part < 1e9 && Number.isInteger(part)).toBe(true);
        expect(Math.abs(start[0] * 1000 + start[1] / 1e6 - startMs)).toBeLessThan(0.001);
        expect((end[0] - start[0]) * 1e9 + end[1] - start[1]).toBe(nanoseconds);
      }),
    );
  });
});
