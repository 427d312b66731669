/** An answer that comes when its request is long over must not be taken for another request's. */
import { expect, it } from 'vitest';
import { SlotTable } from '../../cluster/slot-table.ts';

/** A process may be frozen for seconds and answer then; a router gives out this many numbers in ten seconds. */
const NUMBERS_MEANWHILE = 1_000_000;

it('a number is not given out again while an answer to it may still be on its way', () => {
  const table = new SlotTable<object>();
  const late = table.add({});
  table.remove(late);
  for (let i = 0; i < NUMBERS_MEANWHILE; i++) {
    const number = table.add({});
    if (number === late) expect.fail(`the number is given out again after ${i + 1} others`);
    table.remove(number);
  }
});
