import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceTimeModel } from '../../../../actors/model-worker/service-time.ts';
import { type Random, seededRandom } from '../../../../cluster/random.ts';

/** Exponential tail over a base: the 95th percentile is known in closed form, base + mean·ln 20. */
function drawMs(random: Random, baseMs: number, tailMeanMs: number): number {
  return baseMs - tailMeanMs * Math.log(1 - random.next());
}

describe('service-time model', () => {
  it('predicts nothing before it has observed anything', () => {
    const model = new ServiceTimeModel();
    expect(model.predictMs(1)).toBe(0);
    expect(model.typicalMs(64)).toBe(0);
  });

  it('learns the 95th percentile and the median, not the mean', () => {
    const random = seededRandom(7);
    const model = new ServiceTimeModel();
    let highSum = 0;
    let medianSum = 0;
    const rounds = 2000;
    for (let i = 0; i < 200; i++) model.observe(16, drawMs(random, 2, 1));
    for (let i = 0; i < rounds; i++) {
      model.observe(16, drawMs(random, 2, 1));
      highSum += model.predictMs(16);
      medianSum += model.typicalMs(16);
    }
    expect(highSum / rounds).toBeCloseTo(2 + Math.log(20), 0);
    expect(medianSum / rounds).toBeCloseTo(2 + Math.log(2), 1);
    expect(medianSum / rounds).toBeLessThan(2.95);
  });

  it('interpolates between row counts and continues the last line above them', () => {
    const model = new ServiceTimeModel();
    for (let i = 0; i < 10; i++) {
      for (const rows of [1, 8, 32]) model.observe(rows, 1 + rows / 10);
    }
    for (const rows of [1, 3, 8, 20, 32, 48, 128]) expect(model.predictMs(rows)).toBeCloseTo(1 + rows / 10, 9);
  });

  it('assumes no more than proportional time above the only row count it knows', () => {
    const model = new ServiceTimeModel();
    model.observe(4, 2);
    expect(model.predictMs(4)).toBe(2);
    expect(model.predictMs(8)).toBe(4);
    expect(model.predictMs(1)).toBe(2);
  });

  it('keeps row counts inside one bucket apart from the next bucket', () => {
    const model = new ServiceTimeModel();
    for (let i = 0; i < 20; i++) {
      model.observe(4, 1);
      model.observe(5, 9);
    }
    expect(model.predictMs(4)).toBe(1);
    expect(model.predictMs(5)).toBe(9);
  });

  it('is not fooled by a cold first run once a second one was seen', () => {
    const model = new ServiceTimeModel();
    model.observe(1, 500);
    model.observe(1, 0.5);
    expect(model.predictMs(1)).toBe(0.5);
  });

  it('does not let one cold run lift the row counts above it', () => {
    const model = new ServiceTimeModel();
    model.observe(1, 500);
    for (const rows of [2, 4, 8]) model.observe(rows, rows);
    expect(model.predictMs(1)).toBe(2);
    expect(model.predictMs(8)).toBe(8);
  });

  it('adapts within 200 runs when the machine becomes half as fast, and again when it recovers', () => {
    const random = seededRandom(11);
    const model = new ServiceTimeModel();
    const run = (factor: number) => model.observe(8, factor * drawMs(random, 1, 0.1));
    for (let i = 0; i < 1000; i++) run(1);
    const before = model.predictMs(8);
    for (let i = 0; i < 200; i++) run(2);
    expect(model.predictMs(8) / before).toBeGreaterThan(1.8);
    expect(model.predictMs(8) / before).toBeLessThan(2.2);
    for (let i = 0; i < 200; i++) run(1);
    expect(model.predictMs(8) / before).toBeGreaterThan(0.9);
    expect(model.predictMs(8) / before).toBeLessThan(1.1);
  });

  it('carries a slow-down over to row counts that traffic has not used since', () => {
    const model = new ServiceTimeModel();
    for (let i = 0; i < 20; i++) {
      for (const rows of [1, 4, 16, 64]) model.observe(rows, 1 + rows / 8);
    }
    expect(model.predictMs(64)).toBeCloseTo(9, 9);
    for (let i = 0; i < 200; i++) model.observe(1, 2 * (1 + 1 / 8));
    expect(model.predictMs(64)).toBeCloseTo(18, 6);
    // The first run of the unused size meets no values of the old speed any more.
    model.observe(64, 18);
    expect(model.predictMs(64)).toBeCloseTo(18, 6);
  });

  it('does not take a change of sizes inside a bucket for a change of speed', () => {
    const model = new ServiceTimeModel();
    for (let i = 0; i < 20; i++) {
      model.observe(1, 1);
      model.observe(17, 17);
    }
    for (let i = 0; i < 300; i++) model.observe(32, 32);
    expect(model.predictMs(1)).toBe(1);
  });

  it('stays near the truth for every row count while sizes change from run to run', () => {
    for (const seed of [1, 2, 3]) {
      const random = seededRandom(seed);
      const model = new ServiceTimeModel();
      let rowsMax = 4;
      for (let run = 0; run < 20_000; run++) {
        // Busy and quiet spells move the sizes within and between buckets; a run in fifty takes twice as long.
        if (run % 150 === 0) rowsMax = 1 + Math.floor(random.next() * 32);
        const rows = 1 + Math.floor(random.next() * rowsMax);
        model.observe(rows, (1 + 0.1 * rows) * (0.9 + 0.2 * random.next()) * (random.next() < 0.02 ? 2 : 1));
        if (run < 500 || run % 50 > 0) continue;
        for (const asked of [1, 4, 8, 16, 32]) {
          const ratio = model.typicalMs(asked) / (1 + 0.1 * asked);
          expect(ratio).toBeGreaterThan(0.6);
          expect(ratio).toBeLessThan(1.7);
        }
      }
    }
  });

  it('never predicts less time for more rows, whatever was observed', () => {
    const runs = fc.array(
      fc.record({
        rows: fc.integer({ min: 1, max: 300 }),
        ms: fc.integer({ min: 0, max: 1e7 }).map((us) => us / 1000),
      }),
      { minLength: 1, maxLength: 300 },
    );
    fc.assert(
      fc.property(runs, (observed) => {
        const model = new ServiceTimeModel({ window: 16 });
        for (const { rows, ms } of observed) model.observe(rows, ms);
        let before = 0;
        for (let rows = 1; rows <= 600; rows += 7) {
          const ms = model.predictMs(rows);
          expect(ms).toBeGreaterThanOrEqual(before - before * 1e-12);
          expect(ms).toBeGreaterThanOrEqual(model.typicalMs(rows) * (1 - 1e-12));
          before = ms;
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives the exact quantile of the newest runs, against sorting them', () => {
    const runs = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 200 });
    fc.assert(
      fc.property(runs, (observed) => {
        const model = new ServiceTimeModel({ window: 32, quantile: 0.9 });
        for (const ms of observed) model.observe(3, ms);
        const newest = observed.slice(-32).sort((a, b) => a - b);
        expect(model.predictMs(3)).toBe(newest[Math.floor(0.9 * (newest.length - 1))]);
      }),
    );
  });

  it('promises more than it has seen while it has seen little, and the median as it is', () => {
    const model = new ServiceTimeModel({ headroom: 0.5 });
    const promised: number[] = [];
    for (let runs = 1; runs <= 128; runs++) {
      model.observe(8, 100);
      promised.push(model.predictMs(8));
      expect(model.typicalMs(8)).toBe(100);
    }
    expect(promised[2]).toBeCloseTo(128.87, 2);
    expect(promised[127]).toBeCloseTo(104.42, 2);
    expect([...promised].sort((a, b) => b - a)).toEqual(promised);
    expect(() => new ServiceTimeModel({ headroom: -1 })).toThrow(/headroom/);
  });

  it('follows a sudden change of speed within five runs, at sizes that have not run since too', () => {
    const random = seededRandom(5);
    const model = new ServiceTimeModel({ shiftRuns: 5 });
    const run = (rows: number, factor: number) =>
      model.observe(rows, factor * (1 + rows / 8) * (0.95 + 0.1 * random.next()));
    for (let i = 0; i < 100; i++) for (const rows of [1, 8, 64]) run(rows, 1);
    for (let i = 0; i < 5; i++) run(8, 2);
    expect(model.typicalMs(8) / 4).toBeCloseTo(1, 1);
    expect(model.typicalMs(64) / 18).toBeCloseTo(1, 1);
    expect(model.predictMs(64)).toBeGreaterThan(17);
    for (let i = 0; i < 5; i++) run(64, 1);
    expect(model.typicalMs(64) / 9).toBeCloseTo(1, 1);
    expect(model.typicalMs(1) / 1.125).toBeCloseTo(1, 1);
    expect(() => new ServiceTimeModel({ shiftRuns: 4 })).toThrow(/shiftRuns/);
  });

  it('takes slow runs here and there for what they are, and no shift', () => {
    const model = new ServiceTimeModel({ shiftRuns: 5 });
    for (let i = 0; i < 500; i++) {
      model.observe(8, i % 5 < 2 ? 6 : 2);
      if (i > 10) expect(model.typicalMs(8)).toBe(2);
    }
  });

  it('is not lifted at all sizes by a small one that was seen in a slow moment', () => {
    const model = new ServiceTimeModel();
    for (let i = 0; i < 3; i++) model.observe(1, 5.6);
    for (const rows of [2, 4, 8, 16]) for (let i = 0; i < 100; i++) model.observe(rows, 5);
    expect(model.typicalMs(16)).toBeLessThan(5.02);
    expect(model.typicalMs(1)).toBeLessThan(5.02);
  });

  it('knows the time of a full batch though most runs of its bucket are smaller', () => {
    const random = seededRandom(9);
    const model = new ServiceTimeModel();
    for (let i = 0; i < 400; i++) {
      const rows = random.next() < 0.55 ? 64 : 33 + Math.floor(random.next() * 31);
      model.observe(rows, 0.3 + 0.12 * rows);
      model.observe(20, 0.3 + 0.12 * 20);
    }
    expect(model.typicalMs(64) / (0.3 + 0.12 * 64)).toBeCloseTo(1, 1.5);
    expect(model.predictMs(64) / (0.3 + 0.12 * 64)).toBeCloseTo(1, 1.5);
  });

  it('hopes for less than is typical, the more so the less it has seen', () => {
    const model = new ServiceTimeModel();
    for (let i = 0; i < 100; i++) model.observe(8, 2 + (i % 10) / 10);
    for (let i = 0; i < 4; i++) model.observe(64, 20);
    expect(model.hopefulMs(8)).toBeGreaterThan(1.9);
    expect(model.hopefulMs(8)).toBeLessThan(2.2);
    expect(model.hopefulMs(64)).toBeCloseTo(18, 9);
    expect(model.typicalMs(64)).toBe(20);
  });

  it('refuses times and row counts that are no measurements', () => {
    const model = new ServiceTimeModel();
    for (const [rows, ms] of [
      [0, 1],
      [1.5, 1],
      [1, -1],
      [1, Number.NaN],
      [1, Infinity],
    ] as const) {
      expect(() => model.observe(rows, ms)).toThrow(RangeError);
    }
    expect(() => new ServiceTimeModel({ quantile: 1 })).toThrow(RangeError);
    expect(() => new ServiceTimeModel({ window: 2 })).toThrow(RangeError);
  });
});
