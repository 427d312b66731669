/** The table of what is under way, against a Map, and its promise about numbers that come late. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotTable } from '../../../cluster/slot-table.ts';

/** A process may be frozen for seconds and answer then; a router gives out this many numbers in ten seconds. */
const NUMBERS_MEANWHILE = 1_000_000;

describe('the table of what is under way', () => {
  it('holds, finds and forgets as a Map would, growing as it must', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(), { nil: null }), { maxLength: 600 }), (steps) => {
        const table = new SlotTable<{ n: number }>();
        const model = new Map<number, { n: number }>();
        for (const [n, step] of steps.entries()) {
          if (step === null) {
            const item = { n };
            const id = table.add(item);
            expect(id).toBeGreaterThan(0);
            expect(model.has(id)).toBe(false);
            model.set(id, item);
          } else {
            const id = [...model.keys()][step % Math.max(1, model.size)] ?? step;
            expect(table.remove(id)).toBe(model.get(id) ?? null);
            model.delete(id);
            expect(table.get(id)).toBeNull();
          }
          expect(table.size).toBe(model.size);
        }
        for (const [id, item] of model) expect(table.get(id)).toBe(item);
        expect(new Set(table.values())).toEqual(new Set(model.values()));
      }),
    );
  });

  it('keeps what stays long apart from what comes and goes around it', () => {
    const table = new SlotTable<object>();
    const old = {};
    const id = table.add(old);
    for (let i = 0; i < 10_000; i++) table.remove(table.add({}));
    expect(table.get(id)).toBe(old);
  });

  it('does not give a number out again while an answer to it may still be on its way', () => {
    const table = new SlotTable<object>();
    const late = table.add({});
    table.remove(late);
    for (let i = 0; i < NUMBERS_MEANWHILE; i++) {
      const number = table.add({});
      if (number === late) expect.fail(`the number is given out again after ${i + 1} others`);
      table.remove(number);
    }
  });
});
