import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../../actors/router/retry-budget.ts';

function spendAll(budget: RetryBudget): number {
  let spent = 0;
  while (budget.spend()) spent++;
  return spent;
}

describe('a retry budget', () => {
  it('starts full, and is then empty', () => {
    const budget = new RetryBudget({ tokensMax: 3, earnedPerRequest: 0.5 });
    expect(spendAll(budget)).toBe(3);
    expect(budget.spend()).toBe(false);
  });

  it('gives a retry once enough requests have earned a whole one', () => {
    const budget = new RetryBudget({ tokensMax: 3, earnedPerRequest: 0.5 });
    spendAll(budget);
    budget.earn();
    expect(budget.spend()).toBe(false);
    budget.earn();
    expect(budget.spend()).toBe(true);
    expect(budget.spend()).toBe(false);
  });

  it('never holds more than its most, however long all goes well', () => {
    const budget = new RetryBudget({ tokensMax: 3, earnedPerRequest: 0.5 });
    for (let i = 0; i < 1_000; i++) budget.earn();
    expect(spendAll(budget)).toBe(3);
  });

  it('allows no more than the start and the share of requests in the long run', () => {
    const budget = new RetryBudget({ tokensMax: 10, earnedPerRequest: 0.1 });
    let retries = 0;
    for (let i = 0; i < 10_000; i++) {
      budget.earn();
      if (budget.spend()) retries++;
    }
    expect(retries).toBeGreaterThan(990);
    expect(retries).toBeLessThanOrEqual(1_010);
  });
});
