import { describe, expect, it } from 'vitest';
import { Batcher, type BatcherOptions } from '../../../../actors/model-worker/batcher.ts';
import type { ServiceTime } from '../../../../actors/model-worker/service-time.ts';
import { seededRandom } from '../../../../cluster/random.ts';

const LIMITS: BatcherOptions = { batchRowsMax: 8, queueRowsMax: 256, queueItemsMax: 256, concurrency: 1 };

/** A machine without noise, fully known: 2 ms a batch and 1 ms a row, so 10 ms for a full batch. */
const KNOWN: ServiceTime = {
  observe: () => {},
  predictMs: (rows) => 2 + rows,
  typicalMs: (rows) => 2 + rows,
  hopefulMs: (rows) => 2 + rows,
};

function enqueue(batcher: Batcher<number>, nowMs: number, slackMs: number, priority = 0, rows = 1): boolean {
  const request = { item: 0, rows, arrivedMs: nowMs, deadlineMs: nowMs + slackMs, shapeKey: '', priority };
  return batcher.enqueue(request) === 'queued';
}

/** Offers 3 rows a ms, of which the device does 0.8, for two seconds. Returns what each priority got in time, rows. */
function overload(shareOfLow: number, priorityOfLow: number, slackMs = 40) {
  const random = seededRandom(7);
  const batcher = new Batcher<number>(LIMITS, KNOWN);
  const inTime = [0, 0];
  let refusedAtOnce = 0;
  let refusedLater = 0;
  let endMs = Infinity;
  let running: readonly { readonly deadlineMs: number; readonly item: number }[] = [];
  for (let i = 0; i < 6000; i++) {
    const nowMs = i / 3;
    if (nowMs >= endMs) {
      for (const { deadlineMs, item } of running) if (deadlineMs >= endMs) inTime[item]!++;
      batcher.completed(endMs, running.length, 2 + running.length);
      endMs = Infinity;
    }
    const item = random.next() < shareOfLow ? 1 : 0;
    const deadlineMs = nowMs + slackMs * (0.7 + 0.3 * random.next());
    const priority = item === 1 ? priorityOfLow : 0;
    if (batcher.enqueue({ item, rows: 1, arrivedMs: nowMs, deadlineMs, shapeKey: '', priority }) !== 'queued')
      refusedAtOnce++;
    const decision = batcher.decide(nowMs);
    refusedLater += decision.late.length;
    if (decision.kind !== 'dispatch') continue;
    running = decision.items;
    endMs = nowMs + 2 + running.length;
  }
  return { inTime, refusedAtOnce, refusedLater };
}

describe('admission', () => {
  it('refuses at once what is too late behind those of earlier deadlines, in full batches', () => {
    const batcher = new Batcher<number>(LIMITS, KNOWN);
    for (let i = 0; i < 16; i++) expect(enqueue(batcher, 0, 29)).toBe(true);
    // Two full batches are ahead of it, 20 ms; alone it takes 3.
    expect(enqueue(batcher, 0, 22.9)).toBe(true); // ahead of them
    expect(enqueue(batcher, 0, 30.5, 0, 8)).toBe(false); // behind 17 rows: 20 + 2 + 1 + 8
    expect(enqueue(batcher, 0, 32.5, 0, 7)).toBe(true);
  });

  it('lets an urgent request in though much is queued behind it', () => {
    const batcher = new Batcher<number>(LIMITS, KNOWN);
    for (let i = 0; i < 64; i++) expect(enqueue(batcher, 0, 500)).toBe(true);
    expect(enqueue(batcher, 0, 4)).toBe(true);
    expect(batcher.decide(0)).toMatchObject({ kind: 'dispatch', rows: 2 });
  });

  it('learns how long the device is with other models between two batches', () => {
    const batcher = new Batcher<number>(LIMITS, KNOWN);
    let nowMs = 0;
    for (let i = 0; i < 16; i++) enqueue(batcher, nowMs, 40);
    expect(enqueue(batcher, nowMs, 42, 0, 8)).toBe(true); // 10 + 10 + 10
    // Each batch waits 10 ms for another model's.
    for (let run = 0; run < 30; run++) {
      const decision = batcher.decide(nowMs);
      if (decision.kind !== 'dispatch') throw new Error(decision.kind);
      nowMs += 2 + decision.rows;
      for (let i = 0; i < 8; i++) enqueue(batcher, nowMs, 500);
      batcher.completed(nowMs, decision.rows, 2 + decision.rows);
      nowMs += 10;
    }
    batcher.drain();
    for (let i = 0; i < 16; i++) expect(enqueue(batcher, nowMs, 200)).toBe(true);
    expect(batcher.backlogMs(nowMs)).toBeGreaterThan(20 + 2 * 9);
    expect(enqueue(batcher, nowMs, 201, 0, 8)).toBe(true);
    expect(enqueue(batcher, nowMs, 42, 0, 8)).toBe(true); // ahead of all of them
    const other = batcher.drain().length;
    expect(other).toBe(18);
    for (let i = 0; i < 16; i++) enqueue(batcher, nowMs, 41);
    expect(enqueue(batcher, nowMs, 42, 0, 8)).toBe(false); // 20 + 20 + 10
  });

  it('refuses the excess of a lasting overload as it comes, and still fills the device', () => {
    const { inTime, refusedAtOnce, refusedLater } = overload(0, 0);
    expect(refusedLater).toBeLessThan(0.1 * refusedAtOnce);
    expect(inTime[0]!).toBeGreaterThan(0.95 * 0.8 * 2000);
  });

  it('keeps the device for the first priority under overload, but never starves the others', () => {
    const equal = overload(0.5, 0);
    const yielding = overload(0.5, 2);
    expect(equal.inTime[1]! / equal.inTime[0]!).toBeGreaterThan(0.8);
    expect(yielding.inTime[0]!).toBeGreaterThan(5 * yielding.inTime[1]!);
    expect(yielding.inTime[1]!).toBeGreaterThan(0.03 * yielding.inTime[0]!);
    // Nothing is lost by it.
    const total = ({ inTime }: typeof equal) => inTime[0]! + inTime[1]!;
    expect(total(yielding)).toBeGreaterThan(0.95 * total(equal));
  });

  it('gives a lower priority all it asks for while the first asks for nothing', () => {
    expect(overload(1, 3).inTime[1]!).toBeGreaterThan(0.9 * 0.8 * 2000);
  });
});
