import { describe, expect, it } from 'vitest';
import { parseOptions, SECTIONS, UsageError } from '../../../bench/options.ts';

describe('bench command line', () => {
  it('measures every section by default, in more and longer rounds than --quick', () => {
    const full = parseOptions([]);
    const quick = parseOptions(['--quick', '--json', 'out.json']);
    expect([...full.sections]).toEqual([...SECTIONS]);
    expect(full.jsonFile).toBeNull();
    expect(quick.jsonFile).toBe('out.json');
    expect(quick.rounds).toBeLessThan(full.rounds);
    expect(quick.throughputMs).toBeLessThan(full.throughputMs);
  });

  it('takes single sections and a number of runs', () => {
    const options = parseOptions(['--only', 'latency', '--only', 'lmdb-get', '--runs', '5']);
    expect([...options.sections]).toEqual(['latency', 'lmdb-get']);
    expect(options.rounds).toBe(5);
  });

  it.each([
    [['--only', 'speed'], 'there is no such section; choose from session-run'],
    [['--runs', '0'], 'a whole number from 1 to 100'],
    [['--runs', '2.5'], 'a whole number from 1 to 100'],
    [['--fast'], '--fast'],
    [['stray'], 'stray'],
  ])('refuses %j with what to change', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
