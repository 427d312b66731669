import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mailbox } from '../../../../cluster/actors/mailbox.ts';

describe('Mailbox', () => {
  it('behaves as a plain array with a limit, whatever is pushed and taken', () => {
    const operations = fc.array(fc.constantFrom('push', 'push', 'push', 'shift', 'shift'), { maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), operations, (capacity, steps) => {
        const mailbox = new Mailbox<number>(capacity);
        const model: number[] = [];
        for (const [i, step] of steps.entries()) {
          if (step === 'push') {
            const room = model.length < capacity;
            expect(mailbox.push(i)).toBe(room);
            if (room) model.push(i);
          } else {
            expect(mailbox.shift()).toBe(model.shift());
          }
          expect(mailbox.length).toBe(model.length);
        }
        while (model.length > 0) expect(mailbox.shift()).toBe(model.shift());
        expect(mailbox.shift()).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('keeps order while it grows with its head in the middle', () => {
    const mailbox = new Mailbox<number>(1000);
    const out: (number | undefined)[] = [];
    for (let i = 0; i < 10; i++) mailbox.push(i);
    for (let i = 0; i < 8; i++) out.push(mailbox.shift());
    for (let i = 10; i < 200; i++) expect(mailbox.push(i)).toBe(true);
    while (mailbox.length > 0) out.push(mailbox.shift());
    expect(out).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('refuses a capacity that holds nothing', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) {
      expect(() => new Mailbox(capacity)).toThrow(`mailbox capacity ${capacity} must be at least 1`);
    }
  });
});
