import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineHeap, type Ranked } from '../../../../actors/model-worker/deadline-heap.ts';
import { DeadlineQueue } from '../../../../actors/model-worker/deadline-queue.ts';

describe('deadline heap', () => {
  it('gives its members in order, however they were added, removed and moved', () => {
    const operations = fc.array(
      fc.record({
        kind: fc.constantFrom('add', 'add', 'add', 'add', 'remove', 'move', 'first' as const),
        deadlineMs: fc.integer({ min: 0, max: 50 }),
        pick: fc.nat(),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(operations, (all) => {
        const heap = new DeadlineHeap<Ranked>();
        const inside: Ranked[] = [];
        const sorted = () => inside.sort((a, b) => a.deadlineMs - b.deadlineMs || a.order - b.order);
        all.forEach(({ kind, deadlineMs, pick }, order) => {
          const member = inside[pick % Math.max(1, inside.length)];
          if (kind === 'add') {
            const added = { deadlineMs, order, place: -1 };
            heap.add(added);
            inside.push(added);
          } else if (kind === 'first') {
            expect(heap.removeFirst()).toBe(sorted().shift());
          } else if (member !== undefined && kind === 'remove') {
            heap.remove(member);
            heap.remove(member); // no longer inside: changes nothing
            inside.splice(inside.indexOf(member), 1);
          } else if (member !== undefined) {
            member.deadlineMs = deadlineMs;
            heap.moved(member);
          }
          expect(heap.first()).toBe(sorted()[0]);
        });
        while (inside.length > 0) expect(heap.removeFirst()).toBe(sorted().shift());
        expect(heap.removeFirst()).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its order when the last member takes the place of one below a later parent', () => {
    const heap = new DeadlineHeap<Ranked>();
    const members = [0, 10, 1, 11, 12, 2, 3].map((deadlineMs, order) => ({ deadlineMs, order, place: -1 }));
    for (const member of members) heap.add(member);
    heap.remove(members[3]!); // under 10; 3 moves there from the other branch
    const left = [];
    for (let first = heap.removeFirst(); first !== undefined; first = heap.removeFirst()) left.push(first.deadlineMs);
    expect(left).toEqual([0, 1, 2, 3, 10, 12]);
  });
});

describe('deadline queue', () => {
  it('forgets shapes that have passed, so that callers cannot fill memory with new ones', () => {
    const queue = new DeadlineQueue<number>();
    for (let i = 0; i < 1000; i++) {
      queue.add({ item: i, rows: 1, arrivedMs: 0, deadlineMs: 1, shapeKey: `${i}` });
      queue.removeFirst(queue.first()!);
    }
    expect(queue.items).toBe(0);
    expect(queue.shapes).toBeLessThan(20);
  });
});
