import { describe, expect, it } from 'vitest';
import { assertClean, closedLoop, openLoop, type Send } from '../../../bench/load.ts';
import { ManualClock } from '../../../cluster/clock.ts';
import { seededRandom } from '../../../cluster/random.ts';

/** Moves the clock in small steps and lets promises settle between them. */
async function pass(clock: ManualClock, ms: number, stepMs = 1): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

/** A server that answers each request `serviceMs` after it came. */
function delayed(clock: ManualClock, serviceMs: number): Send {
  return () => new Promise<void>((resolve) => clock.after(serviceMs, resolve));
}

describe('closed loop', () => {
  it('counts an answer that is not what it must be as failed, and goes on', async () => {
    const clock = new ManualClock();
    let sent = 0;
    const send: Send = async (index) => {
      sent++;
      await new Promise<void>((resolve) => clock.after(10, resolve));
      return index;
    };
    const check = (index: number, answer: unknown) => {
      expect(answer).toBe(index);
      if (index === 3) throw new Error('answer 3 is wrong');
    };
    const running = closedLoop({ clock, send, check, outstanding: 1, warmUpMs: 0, durationMs: 100 });
    await pass(clock, 200);
    const result = await running;
    expect([result.failed, result.failures]).toEqual([1, ['answer 3 is wrong']]);
    expect(result.completed).toBeGreaterThan(7);
    expect(sent).toBeGreaterThanOrEqual(result.completed + result.failed);
  });

  it('keeps exactly the asked number outstanding and counts only the measured time', async () => {
    const clock = new ManualClock();
    let outstanding = 0;
    let mostOutstanding = 0;
    const send: Send = async () => {
      mostOutstanding = Math.max(mostOutstanding, ++outstanding);
      await new Promise<void>((resolve) => clock.after(10, resolve));
      outstanding--;
    };
    const running = closedLoop({ clock, send, outstanding: 4, warmUpMs: 100, durationMs: 1000 });
    await pass(clock, 1200);
    const result = await running;
    expect(mostOutstanding).toBe(4);
    // 4 requests every 10 ms for 1000 ms; those of the 100 ms before are not counted.
    expect(result.completed).toBe(400);
    expect(result.ratePerS).toBe(400);
    expect(result.latency.quantileMs(0.5)).toBeCloseTo(10, 0);
  });

  it('counts failures, keeps going after them, and assertClean refuses such a run', async () => {
    const clock = new ManualClock();
    const ok = delayed(clock, 5);
    const send: Send = (index) => (index === 3 ? Promise.reject(new Error('refused')) : ok(index));
    const running = closedLoop({ clock, send, outstanding: 1, warmUpMs: 0, durationMs: 100 });
    await pass(clock, 200);
    const result = await running;
    expect(result.failed).toBe(1);
    expect(result.completed).toBeGreaterThan(15);
    expect(() => assertClean('server', result)).toThrow('server: 1 requests failed, first: refused');
  });

  it('waits for the requests under way when the time is up', async () => {
    const clock = new ManualClock();
    let settled = false;
    const send = delayed(clock, 500);
    const running = closedLoop({ clock, send, outstanding: 2, warmUpMs: 0, durationMs: 100 });
    running.then(() => {
      settled = true;
    });
    await pass(clock, 400);
    expect(settled).toBe(false);
    await pass(clock, 200);
    expect(settled).toBe(true);
  });
});

describe('open loop', () => {
  const base = { arrivals: 'constant', ratePerS: 100, durationMs: 1000, outstandingMax: 1000 } as const;

  it('sends at the offered rate whatever the answers do', async () => {
    const clock = new ManualClock();
    const sentMs: number[] = [];
    const send: Send = () => {
      sentMs.push(clock.nowMs());
      return new Promise<void>((resolve) => clock.after(5000, resolve));
    };
    const running = openLoop({ clock, random: seededRandom(1), send, ...base });
    await pass(clock, 1000);
    expect(sentMs).toHaveLength(100);
    expect(sentMs[50]).toBeCloseTo(500, 6);
    await pass(clock, 6000, 100);
    expect((await running).completed).toBe(100);
  });

  it('counts latency from the intended time, so requests that a stall held back carry the stall', async () => {
    const clock = new ManualClock();
    const send: Send = async () => undefined;
    const running = openLoop({ clock, random: seededRandom(1), send, ...base, durationMs: 300 });
    stallFor(clock, 300);
    await pass(clock, 10);
    const result = await running;
    // Answered in no time once sent; the second was meant for 10 ms and left after the stall.
    expect(result.completed).toBe(30);
    expect(result.latency.maxMs).toBeGreaterThanOrEqual(300);
    expect(result.latency.maxMs).toBeLessThan(311);
    expect(result.latency.quantileMs(0.5)).toBeGreaterThan(150);
    expect(result.sendLag.maxMs).toBeGreaterThanOrEqual(299);
  });

  it('is bounded: arrivals beyond outstandingMax are counted as skipped, and assertClean refuses the run', async () => {
    const clock = new ManualClock();
    const send = delayed(clock, 10_000);
    const running = openLoop({ clock, random: seededRandom(1), send, ...base, outstandingMax: 7 });
    await pass(clock, 1000);
    await pass(clock, 11_000, 100);
    const result = await running;
    expect(result.completed).toBe(7);
    expect(result.skipped).toBe(93);
    expect(() => assertClean('server', result)).toThrow('93 requests could not be sent');
  });
});

/** Time passes with no timer firing in between, as when a long task blocks the event loop. */
function stallFor(clock: ManualClock, ms: number): void {
  const nowMs = clock.nowMs.bind(clock);
  clock.nowMs = () => nowMs() + ms;
}
