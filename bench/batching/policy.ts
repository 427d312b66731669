/** What the simulator asks of a batching policy: one that decides for the whole device, or for one model on it. */
import type { SimRequest, Trace } from './traces.ts';

/** Rows of one request in a batch: all of them, unless the policy splits requests. */
export type Piece = { readonly request: SimRequest; readonly rows: number };

export interface Policy {
  /** A request comes in; false: it is refused at once. */
  arrive(request: SimRequest, nowMs: number): boolean;
  /**
   * Called after every event while the device is free, and at `askAtMs` whether it is or not. Returns the batch to
   * start, all of one model; none where the device is not free, or the policy holds back.
   */
  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null;
  /** The batch that `next` returned has run for `serviceMs`. */
  finished(batch: readonly Piece[], nowMs: number, serviceMs: number): void;
  /** When to call `next` though nothing has happened; Infinity: never. */
  readonly askAtMs: number;
  /** Requests given up since it was last read: answered with an error now. */
  takeDropped(): readonly SimRequest[];
}

export type PolicyChoice = {
  /** Whose policy: the column of the report. */
  readonly system: string;
  /** Parameters, as the system itself spells them. */
  readonly parameters: string;
  /** What the system does when nobody sets anything. */
  readonly isDefault: boolean;
  /**
   * Whether the caller is answered at its deadline while its batch still runs. Then a batch that ends too late is
   * wasted work, but not a late answer.
   */
  readonly answersAtDeadline: boolean;
  readonly make: (trace: Trace) => Policy;
};

export const NOTHING: readonly never[] = Object.freeze([]);

/** First come first served, without shifting an array. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  first(): T | undefined {
    return this.#items[this.#head];
  }

  last(): T | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes one out of the middle; takes time by how far from the head it is. Throws RangeError where there is none. */
  removeAt(index: number): T {
    const removed = this.at(index);
    if (removed === undefined) throw new RangeError(`nothing at ${index}`);
    for (let i = this.#head + index; i > this.#head; i--) this.#items[i] = this.#items[i - 1]!;
    this.shift();
    return removed;
  }

  /** For what has been served in part. */
  replaceFirst(item: T): void {
    this.#items[this.#head] = item;
  }
}

/**
 * Several models on one device, each with a policy of its own, asked in turn behind the one that ran last. TF Serving's
 * SharedBatchScheduler does this; to the others, whose models would run beside each other and slow each other down,
 * it is a kindness: a batch is made only when the device is free for it.
 */
export function inTurn(trace: Trace, make: (model: number) => Policy): Policy {
  return trace.curves.length === 1 ? make(0) : new InTurn(trace.curves.map((_, model) => make(model)));
}

class InTurn implements Policy {
  readonly #policies: readonly Policy[];
  #last = 0;

  constructor(policies: readonly Policy[]) {
    this.#policies = policies;
  }

  get askAtMs(): number {
    return Math.min(...this.#policies.map((policy) => policy.askAtMs));
  }

  arrive(request: SimRequest, nowMs: number): boolean {
    return this.#policies[request.model]!.arrive(request, nowMs);
  }

  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null {
    let free = deviceFree;
    let batch: readonly Piece[] | null = null;
    const start = this.#last;
    for (let i = 1; i <= this.#policies.length; i++) {
      const model = (start + i) % this.#policies.length;
      if (!free && this.#policies[model]!.askAtMs > nowMs) continue;
      const got = this.#policies[model]!.next(nowMs, free);
      if (got === null) continue;
      batch = got;
      free = false;
      this.#last = model;
    }
    return batch;
  }

  finished(batch: readonly Piece[], nowMs: number, serviceMs: number): void {
    this.#policies[batch[0]!.request.model]!.finished(batch, nowMs, serviceMs);
  }

  takeDropped(): readonly SimRequest[] {
    return this.#policies.flatMap((policy) => policy.takeDropped());
  }
}

/**
 * Refuses what would be more than `requestsMax` requests taken and not yet ended, as many servers can be told to.
 * Infinity: no limit.
 */
export function withLimit(policy: Policy, requestsMax: number): Policy {
  return requestsMax === Infinity ? policy : new Limited(policy, requestsMax);
}

class Limited implements Policy {
  readonly #policy: Policy;
  readonly #requestsMax: number;
  #open = 0;

  constructor(policy: Policy, requestsMax: number) {
    this.#policy = policy;
    this.#requestsMax = requestsMax;
  }

  get askAtMs(): number {
    return this.#policy.askAtMs;
  }

  arrive(request: SimRequest, nowMs: number): boolean {
    if (this.#open >= this.#requestsMax || !this.#policy.arrive(request, nowMs)) return false;
    this.#open++;
    return true;
  }

  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null {
    return this.#policy.next(nowMs, deviceFree);
  }

  finished(batch: readonly Piece[], nowMs: number, serviceMs: number): void {
    for (const piece of batch) if (piece.rows === piece.request.rows) this.#open--;
    this.#policy.finished(batch, nowMs, serviceMs);
  }

  takeDropped(): readonly SimRequest[] {
    const dropped = this.#policy.takeDropped();
    this.#open -= dropped.length;
    return dropped;
  }
}
