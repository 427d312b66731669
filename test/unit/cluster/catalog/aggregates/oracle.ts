/** Windowed aggregations in the obvious way: keep every event, work everything out from scratch. */
import type { AggregateEvent } from '../../../../../cluster/catalog/aggregates/apply.ts';
import type { AggregateOp, AggregationDefinition } from '../../../../../cluster/catalog/aggregates/definition.ts';
import { hashBytes } from '../../../../../cluster/hash.ts';

type Taken = AggregateEvent & { readonly order: number };

export class Oracle {
  readonly #definition: AggregationDefinition;
  readonly #taken: Taken[] = [];
  /** Ids with their event's time. */
  #ids: { id: string; eventMs: number }[] = [];
  #newestMs = Number.NEGATIVE_INFINITY;
  floorMs = Number.NEGATIVE_INFINITY;

  constructor(definition: AggregationDefinition) {
    this.#definition = definition;
  }

  apply(event: AggregateEvent): 'applied' | 'duplicate' | 'late' {
    const { allowedLatenessMs, idsMax = 1_024 } = this.#definition;
    const id = `${event.idA}/${event.idB}`;
    if (event.eventMs <= this.floorMs) return 'late';
    if (this.#ids.some((known) => known.id === id)) return 'duplicate';
    this.#taken.push({ ...event, order: this.#taken.length });
    this.#newestMs = Math.max(this.#newestMs, event.eventMs);
    this.floorMs = Math.max(this.floorMs, this.#newestMs - allowedLatenessMs);
    if (id !== '0/0') this.#ids.push({ id, eventMs: event.eventMs });
    this.#forgetUpTo(this.floorMs);
    while (this.#ids.length > idsMax) {
      this.floorMs = Math.max(this.floorMs, Math.min(...this.#ids.map(({ eventMs }) => eventMs)));
      this.#forgetUpTo(this.floorMs);
    }
    return 'applied';
  }

  #forgetUpTo(timeMs: number): void {
    this.#ids = this.#ids.filter(({ eventMs }) => eventMs > timeMs);
  }

  evaluate(tMs: number): (number | null)[] {
    const { bucketMs, allowedLatenessMs, fields, features } = this.#definition;
    const bucket = (timeMs: number) => Math.floor(timeMs / bucketMs);
    const longest = Math.max(...features.map(({ windowMs }) => windowMs));
    const kept = bucket(this.#newestMs) - longest / bucketMs - Math.ceil(allowedLatenessMs / bucketMs);
    return features.map(({ op, field, windowMs }): number | null => {
      const inWindow = this.#taken.filter(({ eventMs }) => {
        const index = bucket(eventMs);
        return index <= bucket(tMs) && index > bucket(tMs) - windowMs / bucketMs && index >= kept;
      });
      const at = fields.findIndex(({ name }) => name === field);
      const having = inWindow.filter(({ values }) => at !== -1 && values[at] !== null);
      const read = ({ values }: AggregateEvent) => values[at]!;
      return aggregate(op, inWindow, having, read, fields[at]?.kind === 'hash', tMs);
    });
  }
}

function aggregate(
  op: AggregateOp,
  inWindow: readonly Taken[],
  having: readonly Taken[],
  read: (event: AggregateEvent) => number,
  isHash: boolean,
  tMs: number,
): number | null {
  const values = having.map(read);
  const sum = values.reduce((total, value) => total + value, 0);
  switch (op) {
    case 'count':
      return inWindow.length;
    case 'sum':
      return sum;
    case 'mean':
      return values.length === 0 ? null : sum / values.length;
    case 'min':
      return values.length === 0 ? null : Math.min(...values);
    case 'max':
      return values.length === 0 ? null : Math.max(...values);
    case 'last': {
      const ordered = [...having].sort((a, b) => a.eventMs - b.eventMs || a.order - b.order);
      return ordered.length === 0 ? null : read(ordered.at(-1)!);
    }
    case 'since_last':
      if (inWindow.length === 0) return null;
      return Math.max(0, tMs - Math.max(...inWindow.map(({ eventMs }) => eventMs))) / 1_000;
    case 'distinct':
      return distinct(isHash ? values : values.map(hashFloat));
  }
}

export function hashFloat(value: number): number {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return hashBytes(bytes);
}

function distinct(hashes: readonly number[]): number {
  const smallest = [...new Set(hashes)].sort((a, b) => a - b).slice(0, 256);
  return smallest.length < 256 ? smallest.length : Math.round(255 / (smallest[255]! / 2 ** 32));
}
