/** Costs by size, as a table for people and as JSON: a row a size, and the growth of each column below. */
import { growthExponent, growthText } from './growth-law.ts';

export class GrowthTable {
  readonly name: string;
  readonly #variable: string;
  readonly #rows: { readonly size: number; readonly costs: Readonly<Record<string, number>> }[] = [];

  /** `variable`: what the sizes count, and the name of the first column. */
  constructor(name: string, variable: string) {
    this.name = name;
    this.#variable = variable;
  }

  /** Costs at one size, units in their names. A cost that does not exist at a size is left out. */
  add(size: number, costs: Readonly<Record<string, number>>): void {
    this.#rows.push({ size, costs });
  }

  /** Exponent of each column, null where it has no fit. */
  exponents(): Record<string, number | null> {
    return Object.fromEntries(
      this.#columns().map((column) => [
        column,
        growthExponent(
          this.#rows
            .filter(({ costs }) => costs[column] !== undefined)
            .map(({ size, costs }) => ({ size, cost: costs[column]! })),
        ),
      ]),
    );
  }

  toJson(): object {
    const exponents = Object.entries(this.exponents()).map(([column, exponent]) => [
      column,
      exponent === null ? null : significant(exponent),
    ]);
    return {
      points: this.#rows.map(({ size, costs }) => ({
        [this.#variable]: size,
        ...Object.fromEntries(Object.entries(costs).map(([column, cost]) => [column, significant(cost)])),
      })),
      exponents: Object.fromEntries(exponents),
    };
  }

  /** Rows of cells, the heading first and the growth last. */
  toRows(): string[][] {
    const columns = this.#columns();
    const exponents = this.exponents();
    return [
      [`${this.name}: ${this.#variable}`, ...columns],
      ...this.#rows.map(({ size, costs }) => [
        size.toLocaleString('en-US'),
        ...columns.map((column) => (costs[column] === undefined ? '–' : readable(costs[column]))),
      ]),
      ['growth', ...columns.map((column) => growthText(exponents[column]!))],
    ];
  }

  #columns(): string[] {
    return [...new Set(this.#rows.flatMap(({ costs }) => Object.keys(costs)))];
  }
}

function significant(value: number): number {
  return Number(value.toPrecision(4));
}

function readable(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}
