import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TimerId, TimerWheel } from '../../../cluster/timer-wheel.ts';

describe('TimerWheel', () => {
  it('brings out each item once unless cancelled, never early, at most one tick late, as a plain list would', () => {
    // Tenths: even over the range, which doubles are not.
    const ms = (min: number, max: number) => fc.integer({ min: min * 10, max: max * 10 }).map((tenths) => tenths / 10);
    const step = fc.oneof(
      fc.record({ scheduleInMs: fc.oneof(ms(-5, 20), ms(-5, 400)) }),
      fc.record({ advanceMs: fc.oneof(ms(0, 12), fc.constant(250)) }),
      fc.record({ cancel: fc.nat() }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2.5, 10),
        fc.integer({ min: 1, max: 16 }),
        ms(0, 1_000),
        fc.array(step, { maxLength: 400 }),
        (tickMs, slots, startMs, steps) => {
          const wheel = new TimerWheel<number>({ tickMs, slots, nowMs: startMs });
          const entries: TimerId[] = [];
          let nowMs = startMs;
          const waiting = new Map<number, { dueMs: number; sinceMs: number }>();
          for (const one of steps) {
            if ('scheduleInMs' in one) {
              const dueMs = Math.max(0, nowMs + one.scheduleInMs);
              waiting.set(entries.length, { dueMs, sinceMs: nowMs });
              entries.push(wheel.schedule(entries.length, dueMs));
            } else if ('cancel' in one) {
              // Any entry there ever was: waiting, out already, or cancelled before.
              const id = one.cancel % Math.max(1, entries.length);
              if (entries.length > 0) wheel.cancel(entries[id]!);
              waiting.delete(id);
            } else {
              nowMs += one.advanceMs;
              wheel.advance(nowMs, (item) => {
                expect(waiting.get(item)!.dueMs).toBeLessThanOrEqual(nowMs);
                expect(waiting.delete(item)).toBe(true);
              });
              for (const { dueMs, sinceMs } of waiting.values()) {
                expect(Math.max(dueMs, sinceMs) + tickMs).toBeGreaterThan(nowMs);
              }
            }
            expect(wheel.size).toBe(waiting.size);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keeps every slot whole while it grows and while places are taken again by others', () => {
    const wheel = new TimerWheel<string>({ tickMs: 1, slots: 4, nowMs: 0 });
    const kept: string[] = [];
    for (let i = 0; i < 300; i++) {
      wheel.schedule(`kept ${i}`, 5 + (i % 3));
      kept.push(`kept ${i}`);
      // Those that come and go use the places between the others, in the same slots, again and again.
      const churn = Array.from({ length: 7 }, (_, n) => wheel.schedule(`gone ${i}.${n}`, 5 + (n % 3)));
      for (const id of i % 2 === 0 ? churn : churn.reverse()) wheel.cancel(id);
    }
    expect(wheel.size).toBe(kept.length);
    const out: string[] = [];
    for (let nowMs = 1; nowMs <= 8; nowMs++) wheel.advance(nowMs, (item) => out.push(item));
    expect(out.sort()).toEqual(kept.sort());
    expect(wheel.size).toBe(0);
  });

  it('lets a callback cancel what is due in the same round, and itself', () => {
    const wheel = new TimerWheel<string>({ tickMs: 1, slots: 4, nowMs: 0 });
    const out: string[] = [];
    const entries = new Map(['a', 'b', 'c'].map((item) => [item, wheel.schedule(item, 2)]));
    const later = wheel.schedule('later', 3);
    wheel.advance(3, (item) => {
      out.push(item);
      if (item !== 'a') return;
      for (const entry of [entries.get('a')!, entries.get('b')!, later]) wheel.cancel(entry);
    });
    expect(out).toEqual(['a', 'c']);
    expect(wheel.size).toBe(0);
  });

  it('keeps what a callback schedules, for the next round even where it is due already', () => {
    const wheel = new TimerWheel<string>({ tickMs: 1, slots: 4, nowMs: 0 });
    const out: string[] = [];
    wheel.schedule('first', 2);
    const collect = (item: string) => {
      out.push(item);
      if (item === 'first') {
        wheel.schedule('overdue', 0);
        wheel.schedule('later', 9);
      }
    };
    wheel.advance(3, collect);
    expect(out).toEqual(['first']);
    expect(wheel.size).toBe(2);
    wheel.advance(4, collect);
    expect(out).toEqual(['first', 'overdue']);
    wheel.advance(9, collect);
    expect(out).toEqual(['first', 'overdue', 'later']);
    expect(wheel.size).toBe(0);
  });

  it('ends however often a callback schedules what is due at once', () => {
    const wheel = new TimerWheel<number>({ tickMs: 1, slots: 2, nowMs: 0 });
    wheel.schedule(0, 0);
    let calls = 0;
    wheel.advance(100, () => {
      calls++;
      wheel.schedule(calls, 0);
    });
    expect(calls).toBe(1);
    expect(wheel.size).toBe(1);
  });

  it('ignores time that stands still or runs backwards', () => {
    const wheel = new TimerWheel<string>({ tickMs: 1, slots: 4, nowMs: 10 });
    wheel.schedule('a', 12);
    const out: string[] = [];
    for (const nowMs of [10, 5, 11]) wheel.advance(nowMs, (item) => out.push(item));
    expect(out).toEqual([]);
    wheel.advance(12, (item) => out.push(item));
    expect(out).toEqual(['a']);
  });
});
