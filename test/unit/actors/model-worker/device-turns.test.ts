import { describe, expect, it } from 'vitest';
import { DeviceTurns } from '../../../../actors/model-worker/device-turns.ts';

type Model = { batcher: { queuedItems: number; startByMs: number; nextRunMs: number } };

function model(startByMs: number, nextRunMs: number): Model {
  return { batcher: { queuedItems: 1, startByMs, nextRunMs } };
}

describe('device turns', () => {
  it('choose the one that has to start first, of those that have something queued', () => {
    const turns = new DeviceTurns<Model>();
    const [soon, later, empty] = [model(50, 5), model(80, 5), model(1, 5)];
    empty.batcher.queuedItems = 0;
    expect(turns.next([later, soon, empty], 0)).toBe(soon);
    expect(turns.next([soon, later], 0)).toBe(soon);
    expect(turns.next([empty], 0)).toBeUndefined();
  });

  it('let one go first that cannot wait for the other, who can wait for it', () => {
    const turns = new DeviceTurns<Model>();
    // Has to start at 10, but can wait for 5; the other has to start at 15, which a run of 20 would make impossible.
    const [long, short] = [model(10, 20), model(15, 5)];
    expect(turns.next([long, short], 0)).toBe(short);
    expect(turns.next([short, long], 0)).toBe(short);
  });

  it('share the time of an overloaded device equally, whatever a batch costs', () => {
    const turns = new DeviceTurns<Model>();
    const [cheap, dear] = [model(0, 2), model(0, 10)];
    const used = new Map([
      [cheap, 0],
      [dear, 0],
    ]);
    for (let nowMs = 0; nowMs < 2000; ) {
      const next = turns.next([cheap, dear], nowMs)!;
      const { nextRunMs } = next.batcher;
      turns.ran(next, nextRunMs);
      used.set(next, used.get(next)! + nextRunMs);
      nowMs += nextRunMs;
    }
    expect(Math.abs(used.get(cheap)! - used.get(dear)!)).toBeLessThanOrEqual(10);
  });

  it('owe nothing to a model for the time in which it had nothing queued', () => {
    const turns = new DeviceTurns<Model>();
    const [busy, idle] = [model(0, 5), model(0, 5)];
    idle.batcher.queuedItems = 0;
    for (let i = 0; i < 100; i++) turns.ran(turns.next([busy, idle], 5 * i)!, 5);
    idle.batcher.queuedItems = 1;
    let inARow = 0;
    while (turns.next([busy, idle], 500) === idle && inARow < 10) {
      turns.ran(idle, 5);
      inARow++;
    }
    expect(inARow).toBeLessThanOrEqual(2);
  });

  it('pass nobody over for long, though its requests could wait forever', () => {
    const turns = new DeviceTurns<Model>();
    const [busy, patient] = [model(0, 5), model(Infinity, 5)];
    let passedOver = 0;
    for (; turns.next([busy, patient], 0) === busy; passedOver++) {
      busy.batcher.startByMs = 20;
      turns.ran(busy, 5);
      if (passedOver > 1000) break;
    }
    expect(passedOver).toBeGreaterThan(10);
    expect(passedOver).toBeLessThanOrEqual(41);
  });
});
