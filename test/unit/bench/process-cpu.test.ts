import { describe, expect, it } from 'vitest';
import { cpuFigures, cpuUsEach, parseStat } from '../../../bench/process-cpu.ts';

describe('CPU time of processes', () => {
  it('is read past a name that looks like fields', () => {
    const stat = '4711 (a) S 1 (b) S 42 4711 4711 0 -1 4194304 900 0 0 0 150 25 3 4 20 0 11 0 5000 1000 200';
    expect(parseStat(stat)).toEqual({ parent: 42, ms: 1750 });
  });

  it('is what each of many cost, by role and in all', () => {
    const before = new Map([['shard', 100]]);
    const after = new Map([
      ['shard', 160],
      ['gateway', 40],
    ]);
    expect(cpuUsEach(before, after, 1000)).toEqual({
      byRole: new Map([
        ['shard', 60],
        ['gateway', 40],
      ]),
      all: 100,
    });
    expect(cpuFigures(before, after, 1000)).toEqual({
      cpu_us_per_row: 100,
      gateway_cpu_us_per_row: 40,
      shard_cpu_us_per_row: 60,
      nats_server_cpu_us_per_row: 0,
    });
    expect(cpuFigures(null, after, 1000)).toEqual({});
  });
});
