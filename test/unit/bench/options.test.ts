import { describe, expect, it } from 'vitest';
import { parseOptions, SECTIONS, UsageError } from '../../../bench/options.ts';

describe('bench command line', () => {
  it('measures every section by default, in more and longer rounds than --quick', () => {
    const full = parseOptions([]);
    const quick = parseOptions(['--quick', '--json', 'out.json']);
    expect([...full.sections]).toEqual([...SECTIONS]);
    expect(quick.sections.size).toBeLessThan(full.sections.size);
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

  it('leaves out of a short run what takes long, unless it is asked for by name', () => {
    expect(parseOptions(['--quick']).sections).not.toContain('feature-feast');
    expect(parseOptions(['--quick', '--only', 'features']).sections).not.toContain('feature-feast');
    expect([...parseOptions(['--quick', '--only', 'feature-feast']).sections]).toEqual(['feature-feast']);
    expect(parseOptions(['--only', 'features']).sections).toContain('feature-feast');
  });

  it('takes all sections of a kind by one name', () => {
    const serving = parseOptions(['--only', 'serving']).sections;
    const features = parseOptions(['--only', 'features']).sections;
    expect([...serving, ...features]).toEqual([...SECTIONS]);
    expect([...serving].filter((name) => features.has(name))).toEqual([]);
    expect([...features].every((name) => name.startsWith('feature-'))).toBe(true);
  });

  it('grows further the longer it may take', () => {
    expect([['--quick'], [], ['--full']].map((args) => parseOptions(args).growth)).toEqual(['short', 'usual', 'full']);
  });

  it.each([
    [['--quick', '--full'], 'exclude each other'],
    [['--only', 'toString'], 'there is no such section'],
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
