import { describe, expect, it } from 'vitest';
import { byTurns, type Contender } from '../../../bench/rounds.ts';

describe('rounds by turns', () => {
  it('runs all in every round, alternating the order, and leaves the warm-up round out', async () => {
    const order: string[] = [];
    const contender = (name: string): Contender => {
      let run = 0;
      return {
        name,
        run: async (durationMs) => {
          order.push(`${name}${durationMs}`);
          return { perS: run++ };
        },
      };
    };
    const figures = await byTurns([contender('a'), contender('b')], 2, 100);
    expect(order).toEqual(['b150', 'a150', 'a100', 'b100', 'b100', 'a100']);
    expect(figures.get('a.perS')).toEqual([1, 2]);
    expect(figures.get('b.perS')).toEqual([1, 2]);
  });
});
