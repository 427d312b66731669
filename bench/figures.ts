/** What a bench run found: named figures, each of a few runs; as a flat JSON object and as a table for people. */
import type { GrowthTable } from './features/growth-table.ts';
import { pairRatios, type Summary, summarise } from './statistics.ts';

type Bound = { readonly atLeast: number } | { readonly atMost: number };

/** What the project asks of its figures on two cores. */
export const TARGETS: Readonly<Record<string, Bound>> = {
  nats_throughput_vs_bare_chain: { atLeast: 0.35 },
  nats_p50_vs_limit: { atMost: 1.6 },
  lookup_vs_bare_get: { atMost: 1.5 },
  get_1x50_p99_over_noop_ms: { atMost: 1 },
  get_100x50_p99_over_noop_ms: { atMost: 3 },
  written_to_visible_p99_ms: { atMost: 100 },
  bootstrap_lookup_p99_vs_before: { atMost: 2 },
  bulk_rows_per_s: { atLeast: 100_000 },
};

export class Figures {
  readonly #absolutes = new Map<string, Summary>();
  readonly #ratios = new Map<string, Summary>();
  readonly #growth: GrowthTable[] = [];

  /** A figure with its unit in the name, one value a run. */
  add(name: string, values: readonly number[]): void {
    this.#absolutes.set(name, summarise(values));
  }

  /** The ratio of runs that stood next to each other, run by run. */
  ratio(name: string, numerators: readonly number[], denominators: readonly number[]): void {
    this.#ratios.set(name, summarise(pairRatios(numerators, denominators)));
  }

  addGrowth(table: GrowthTable): void {
    this.#growth.push(table);
  }

  /** Numbers only: each figure's median, and for ratios the least and greatest run too. */
  toJson(): Record<string, number> {
    const flat: Record<string, number> = {};
    for (const [name, summary] of this.#ratios) {
      flat[name] = rounded(summary.median);
      flat[`${name}_min`] = rounded(summary.min);
      flat[`${name}_max`] = rounded(summary.max);
    }
    for (const [name, summary] of this.#absolutes) flat[name] = rounded(summary.median);
    return flat;
  }

  /** The tables of growth by their name; empty where none was made. */
  growthJson(): Record<string, object> {
    return Object.fromEntries(this.#growth.map((table) => [table.name, table.toJson()]));
  }

  toTable(): string {
    const rows = [['', 'median', 'least', 'greatest', 'runs', 'target']];
    for (const [name, summary] of [...this.#ratios, ...this.#absolutes]) {
      const { median, min, max, runs } = summary;
      rows.push([name, readable(median), readable(min), readable(max), String(runs), verdict(name, median)]);
    }
    return [aligned(rows, 'text'), ...this.#growth.map((table) => aligned(table.toRows(), 'number'))].join('\n');
  }
}

/** Four significant digits are more than a shared machine repeats. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function readable(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

function verdict(name: string, value: number): string {
  const bound = TARGETS[name];
  if (bound === undefined) return '';
  const [text, reached] =
    'atLeast' in bound ? [`≥ ${bound.atLeast}`, value >= bound.atLeast] : [`≤ ${bound.atMost}`, value <= bound.atMost];
  return `${text} ${reached ? 'reached' : 'missed'}`;
}

function aligned(rows: readonly (readonly string[])[], last: 'text' | 'number'): string {
  const columns = rows[0]!.length;
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 || (column === columns - 1 && last === 'text')
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
