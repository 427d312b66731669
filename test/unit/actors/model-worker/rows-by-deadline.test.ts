import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowsByDeadline } from '../../../../actors/model-worker/rows-by-deadline.ts';

describe('rows by deadline', () => {
  it('stops at the millisecond asked for, also just before a whole block of buckets is over', () => {
    const counts = new RowsByDeadline();
    counts.add(32, 63.5, 7);
    expect(counts.upTo(32, 62.9)).toBe(0);
    expect(counts.upTo(32, 63)).toBe(7);
  });

  it('counts the rows up to any deadline within a second as a plain list does, while time goes on', () => {
    const steps = fc.array(
      fc.record({
        passMs: fc.double({ min: 0, max: 60, noNaN: true }),
        slackMs: fc.oneof(fc.double({ min: 0, max: 900, noNaN: true }), fc.constantFrom(0.5, 31.5, 32, 5000, Infinity)),
        rows: fc.integer({ min: 1, max: 9 }),
        leaves: fc.nat(),
        askedMs: fc.integer({ min: 0, max: 200 }),
      }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const counts = new RowsByDeadline();
        let inside: { deadlineMs: number; rows: number; bucket: number }[] = [];
        let nowMs = 0;
        for (const { passMs, slackMs, rows, leaves, askedMs: aheadMs } of all) {
          nowMs += passMs;
          // What is past its deadline has left the queue.
          for (const gone of inside.filter(({ deadlineMs }) => deadlineMs <= nowMs))
            counts.remove(gone.bucket, gone.rows);
          inside = inside.filter(({ deadlineMs }) => deadlineMs > nowMs);
          const deadlineMs = nowMs + slackMs;
          inside.push({ deadlineMs, rows, bucket: counts.add(nowMs, deadlineMs, rows) });
          const [left] = inside.splice(leaves % (2 * inside.length), 1);
          if (left !== undefined) counts.remove(left.bucket, left.rows);
          for (const askedMs of [nowMs, nowMs + aheadMs, nowMs + 31, nowMs + 500]) {
            const upTo = inside.filter((entry) => Math.floor(entry.deadlineMs) <= Math.floor(askedMs));
            expect(counts.upTo(nowMs, askedMs)).toBe(upTo.reduce((sum, entry) => sum + entry.rows, 0));
          }
          const total = inside.reduce((sum, entry) => sum + entry.rows, 0);
          expect(counts.total).toBe(total);
          expect(counts.upTo(nowMs, nowMs + 60_000)).toBe(total);
        }
      }),
      { numRuns: 200 },
    );
  });
});
