import { describe, expect, it } from 'vitest';
import { ManualClock, sleep, systemClock } from '../../../cluster/clock.ts';

describe('ManualClock', () => {
  it('stands still until it is moved, and keeps wall and monotonic time apart', () => {
    const clock = new ManualClock(5, 1_000);
    expect([clock.nowMs(), clock.wallMs()]).toEqual([5, 1_005]);
    clock.advance(2.5);
    expect([clock.nowMs(), clock.wallMs()]).toEqual([7.5, 1_007.5]);
  });

  it('fires timers at their own instants, in order of time, then of creation', () => {
    const clock = new ManualClock();
    const fired: [string, number][] = [];
    const note = (name: string) => () => fired.push([name, clock.nowMs()]);
    clock.after(20, note('late'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.every(8, note('every'));
    clock.advance(17);
    expect(fired).toEqual([
      ['every', 8],
      ['first', 10],
      ['second', 10],
      ['every', 16],
    ]);
    expect(clock.nowMs()).toBe(17);
  });

  it('fires timers that timers set, inside the same advance', () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    clock.after(1, () => {
      fired.push(clock.nowMs());
      clock.after(2, () => fired.push(clock.nowMs()));
    });
    clock.advance(3);
    expect(fired).toEqual([1, 3]);
  });

  it('forgets cancelled timers, also those cancelled by themselves', () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    clock.after(1, () => fired.push('a')).cancel();
    const every = clock.every(2, () => {
      fired.push('b');
      every.cancel();
    });
    clock.advance(10);
    expect(fired).toEqual(['b']);
  });

  it('finishes the turn after each timer, with what the end of a turn adds to it', () => {
    const clock = new ManualClock();
    const order: string[] = [];
    clock.after(1, () => {
      order.push('timer 1');
      clock.endOfTurn(() => {
        order.push('end');
        clock.endOfTurn(() => order.push('end of end'));
      });
    });
    clock.after(2, () => order.push('timer 2'));
    clock.advance(2);
    expect(order).toEqual(['timer 1', 'end', 'end of end', 'timer 2']);
  });

  it('lets a sleeper go on after its delay, not before', async () => {
    const clock = new ManualClock();
    let awake = false;
    const sleeping = sleep(clock, 5).then(() => {
      awake = true;
    });
    clock.advance(4.9);
    await Promise.resolve();
    expect(awake).toBe(false);
    clock.advance(0.1);
    await sleeping;
    expect(awake).toBe(true);
  });
});

describe('the system clock', () => {
  it('has monotonic time that moves with its timers, and the wall clock of the machine', async () => {
    const startMs = systemClock.nowMs();
    await sleep(systemClock, 20);
    const elapsedMs = systemClock.nowMs() - startMs;
    expect(elapsedMs).toBeGreaterThanOrEqual(19);
    expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1_000);
  });

  it('repeats and cancels', async () => {
    let ticks = 0;
    await new Promise<void>((resolve) => {
      const every = systemClock.every(1, () => {
        ticks++;
        if (ticks === 3) {
          every.cancel();
          resolve();
        }
      });
      systemClock.after(60_000, () => {}).cancel();
    });
    await sleep(systemClock, 10);
    expect(ticks).toBe(3);
  });

  it('ends a turn with the callback of now, and gets to input before later timers', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.afterInput(() => order.push('after input'));
      systemClock.endOfTurn(() => order.push('end of turn'));
      systemClock.after(20, () => {
        order.push('timer');
        resolve();
      });
      queueMicrotask(() => order.push('microtask'));
      order.push('now');
    });
    expect(order).toEqual(['now', 'end of turn', 'microtask', 'after input', 'timer']);
  });
});
