import { describe, expect, it } from 'vitest';
import { GrowthTable } from '../../../../bench/features/growth-table.ts';
import { Figures } from '../../../../bench/figures.ts';

function table(): GrowthTable {
  const made = new GrowthTable('replica', 'rows');
  made.add(1000, { lookup_us: 2, file_bytes: 1_234_567 });
  made.add(10_000, { lookup_us: 2, file_bytes: 12_345_670, moved: 0.25 });
  return made;
}

describe('a table of growth', () => {
  it('has a row a size, a column a cost, and the law below', () => {
    expect(table().toRows()).toEqual([
      ['replica: rows', 'lookup_us', 'file_bytes', 'moved'],
      ['1,000', '2', '1,234,567', '–'],
      ['10,000', '2', '12,345,670', '0.25'],
      ['growth', 'n^0.00', 'n^1.00', '–'],
    ]);
  });

  it('is JSON with the sizes, the costs and the exponents', () => {
    expect(table().toJson()).toEqual({
      points: [
        { rows: 1000, lookup_us: 2, file_bytes: 1_235_000 },
        { rows: 10_000, lookup_us: 2, file_bytes: 12_350_000, moved: 0.25 },
      ],
      exponents: { lookup_us: 0, file_bytes: 1, moved: null },
    });
  });

  it('stands below the figures, and beside them in the JSON', () => {
    const figures = new Figures();
    figures.add('cores', [2]);
    figures.addGrowth(table());
    expect(figures.toTable()).toMatch(/^cores +2[\s\S]*\nreplica: rows {2}lookup_us[\s\S]*\ngrowth +n\^0\.00/m);
    expect(figures.toJson()).toEqual({ cores: 2 });
    expect(Object.keys(figures.growthJson())).toEqual(['replica']);
  });
});
