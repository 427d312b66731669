import { describe, expect, it } from 'vitest';
import { Figures } from '../../../bench/figures.ts';

describe('figures', () => {
  it('writes one flat object of finite numbers, ratios with their spread', () => {
    const figures = new Figures();
    figures.add('bare_chain_256_outstanding_per_s', [100, 300, 200]);
    figures.ratio('nats_throughput_vs_bare_chain', [50, 120, 100], [100, 300, 200]);
    expect(figures.toJson()).toEqual({
      nats_throughput_vs_bare_chain: 0.5,
      nats_throughput_vs_bare_chain_min: 0.4,
      nats_throughput_vs_bare_chain_max: 0.5,
      bare_chain_256_outstanding_per_s: 200,
    });
  });

  it('says in the table whether a target is reached, in the right direction', () => {
    const figures = new Figures();
    figures.ratio('nats_throughput_vs_bare_chain', [34], [100]);
    figures.ratio('nats_p50_vs_limit', [150], [100]);
    const table = figures.toTable();
    expect(table).toMatch(/nats_throughput_vs_bare_chain .* ≥ 0.35 missed/);
    expect(table).toMatch(/nats_p50_vs_limit .* ≤ 1.6 reached/);
  });
});
