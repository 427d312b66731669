/**
 * One metric with labels: a handle for each combination of label values, made on first use and bounded in number,
 * so that no caller can fill the process, or Prometheus, with series.
 */
import { invalid } from '../../proto/errors.ts';
import type { Counter } from './metric-handles.ts';

/** What stands in every label of the shared handle that takes what no longer fits. */
export const OTHER = 'other';

/** Longer label values are not worth a series; they count as not fitting. */
const LABEL_VALUE_LENGTH_MAX = 128;

export type Series<Handle> = { readonly labels: Readonly<Record<string, string>>; readonly handle: Handle };

/** A level of the tree of label values, one level a label. */
class Node<Handle> {
  readonly next = new Map<string, Node<Handle>>();
  handle: Handle | undefined = undefined;
}

export class Labelled<Handle, Names extends readonly string[] = readonly string[]> {
  readonly #metric: string;
  readonly #names: Names;
  readonly #make: () => Handle;
  readonly #seriesMax: number;
  readonly #dropped: Counter;
  readonly #root = new Node<Handle>();
  readonly #series: Series<Handle>[] = [];
  #other: Handle | undefined = undefined;

  constructor(metric: string, names: Names, make: () => Handle, seriesMax: number, dropped: Counter) {
    this.#metric = metric;
    this.#names = names;
    this.#make = make;
    this.#seriesMax = seriesMax;
    this.#dropped = dropped;
  }

  /**
   * The handle for these label values, in the order of the label names. Some tens of nanoseconds: code that records
   * often under the same labels keeps the handle. Past the bound, one shared handle labelled `other` is returned.
   */
  with(...values: { [Index in keyof Names]: string }): Handle {
    let node: Node<Handle> | undefined = this.#root;
    for (let i = 0; i < values.length; i++) {
      node = node.next.get(values[i]!);
      if (node === undefined) return this.#create(values);
    }
    return node.handle ?? this.#create(values);
  }

  /** Every handle made so far, the oldest first. */
  series(): readonly Series<Handle>[] {
    return this.#series;
  }

  #create(values: readonly string[]): Handle {
    if (values.length !== this.#names.length) {
      throw invalid(`metric ${this.#metric} takes ${this.#names.length} label values, not ${values.length}`);
    }
    // The shared handle comes on top of the bound: what does not fit must always have somewhere to go.
    const full = this.#series.length - (this.#other === undefined ? 0 : 1) >= this.#seriesMax;
    if (full || values.some((value) => value.length > LABEL_VALUE_LENGTH_MAX)) {
      this.#dropped.add(1);
      this.#other ??= this.#place(this.#names.map(() => OTHER));
      return this.#other;
    }
    const handle = this.#place(values);
    if (values.every((value) => value === OTHER)) this.#other = handle;
    return handle;
  }

  #place(values: readonly string[]): Handle {
    let node = this.#root;
    for (const value of values) {
      let next = node.next.get(value);
      if (next === undefined) {
        next = new Node();
        node.next.set(value, next);
      }
      node = next;
    }
    if (node.handle === undefined) {
      node.handle = this.#make();
      this.#series.push({ labels: labelsOf(this.#names, values), handle: node.handle });
    }
    return node.handle;
  }
}

export function labelsOf(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
}
