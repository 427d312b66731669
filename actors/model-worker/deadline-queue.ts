/**
 * The batcher's queue: requests by deadline, apart for each shape, with the shapes ordered by their earliest request.
 * Adding and removing take O(log n). It knows nothing of time or policy.
 */
import { DeadlineHeap, type Ranked } from './deadline-heap.ts';
import { RowsByDeadline } from './rows-by-deadline.ts';

export type Queued<T> = {
  readonly item: T;
  /** Whole, at least 1. */
  readonly rows: number;
  /** When it came, on the monotonic clock; taken as "now" by `enqueue`. */
  readonly arrivedMs: number;
  /** On the same clock: at this instant the caller stops waiting. Infinity: never. */
  readonly deadlineMs: number;
  /** 0, or absent: first. Up to 3: under overload refused before those of lower numbers, though never all of them. */
  readonly priority?: number;
  /** Only requests of equal keys may share a batch; '' for models without dynamic dimensions. */
  readonly shapeKey: string;
};

type Entry<T> = Ranked & { readonly queued: Queued<T> /** Where its rows are counted. */; readonly bucket: number };

/** Requests that may share a batch; ranked as its earliest request. */
export type ShapeQueue<T> = Ranked & {
  readonly key: string;
  /** Of all its requests together. */
  rows: number;
  readonly entries: DeadlineHeap<Entry<T>>;
};

/** Shapes remembered while nothing of them is queued, to spare their allocation at each batch. */
const SHAPES_KEPT_MAX = 16;

export class DeadlineQueue<T> {
  readonly #byDeadline = new DeadlineHeap<ShapeQueue<T>>();
  readonly #byShape = new Map<string, ShapeQueue<T>>();
  #order = 0;
  readonly #rows = new RowsByDeadline();
  #items = 0;

  get rows(): number {
    return this.#rows.total;
  }

  get items(): number {
    return this.#items;
  }

  /** Shapes held in memory, empty ones included. */
  get shapes(): number {
    return this.#byShape.size;
  }

  /** The shape with the earliest deadline, which is its `deadlineMs`; undefined when nothing is queued. */
  first(): ShapeQueue<T> | undefined {
    return this.#byDeadline.first();
  }

  /** Rows of any shape that have their deadline before or about when `deadlineMs` is; to the millisecond. */
  rowsUpTo(nowMs: number, deadlineMs: number): number {
    return this.#rows.upTo(nowMs, deadlineMs);
  }

  isEmpty(shape: ShapeQueue<T>): boolean {
    return shape.entries.first() === undefined;
  }

  earliest(shape: ShapeQueue<T>): Queued<T> {
    return shape.entries.first()!.queued;
  }

  add(queued: Queued<T>): void {
    const { arrivedMs, rows } = queued;
    const bucket = this.#rows.add(arrivedMs, queued.deadlineMs, rows);
    const entry: Entry<T> = { deadlineMs: queued.deadlineMs, order: this.#order++, place: -1, queued, bucket };
    let shape = this.#byShape.get(queued.shapeKey);
    if (shape === undefined) {
      const { deadlineMs, order } = entry;
      shape = { deadlineMs, order, place: -1, key: queued.shapeKey, rows: 0, entries: new DeadlineHeap() };
      this.#byShape.set(queued.shapeKey, shape);
    }
    shape.entries.add(entry);
    this.#items++;
    this.#settle(shape, rows);
  }

  removeFirst(shape: ShapeQueue<T>): Queued<T> {
    const entry = shape.entries.removeFirst()!;
    this.#forget(entry);
    this.#settle(shape, -entry.queued.rows);
    return entry.queued;
  }

  /** Removes the earliest requests of a shape, `rowsMax` rows at most. */
  takeFirst(shape: ShapeQueue<T>, rowsMax: number): Queued<T>[] {
    const items: Queued<T>[] = [];
    let rows = 0;
    for (let entry = shape.entries.first(); entry !== undefined; entry = shape.entries.first()) {
      if (rows + entry.queued.rows > rowsMax) break;
      shape.entries.removeFirst();
      this.#forget(entry);
      rows += entry.queued.rows;
      items.push(entry.queued);
    }
    this.#settle(shape, -rows);
    return items;
  }

  /** Removes and returns every request that `matches`, whatever its shape. Looks at all of them. */
  removeWhere(matches: (queued: Queued<T>) => boolean): Queued<T>[] {
    const removed: Queued<T>[] = [];
    for (const shape of [...this.#byShape.values()]) {
      if (this.isEmpty(shape)) continue;
      const walk = this.walk(shape);
      for (let index = 0; walk.at(index) !== undefined; index++);
      walk.close((queued) => {
        if (!matches(queued)) return true;
        removed.push(queued);
        return false;
      });
    }
    return removed;
  }

  /** Looks along a shape's requests in order; until its `close` the queue must not be used otherwise. */
  walk(shape: ShapeQueue<T>): Walk<T> {
    return new Walk(shape, (left, rows) => {
      for (const entry of left) this.#forget(entry);
      this.#settle(shape, -rows);
    });
  }

  #forget(entry: Entry<T>): void {
    this.#items--;
    this.#rows.remove(entry.bucket, entry.queued.rows);
  }

  /** Brings the counts and the order of shapes up to date after requests came to or left `shape`. */
  #settle(shape: ShapeQueue<T>, rows: number): void {
    shape.rows += rows;
    const first = shape.entries.first();
    if (first === undefined) {
      this.#byDeadline.remove(shape);
      if (this.#byShape.size > SHAPES_KEPT_MAX) this.#byShape.delete(shape.key);
      return;
    }
    if (shape.place >= 0 && shape.order === first.order) return;
    shape.deadlineMs = first.deadlineMs;
    shape.order = first.order;
    if (shape.place < 0) this.#byDeadline.add(shape);
    else this.#byDeadline.moved(shape);
  }
}

/** The requests of a shape by deadline, taken out of its heap only as far as they are looked at. */
export class Walk<T> {
  readonly #shape: ShapeQueue<T>;
  readonly #settle: (left: readonly Entry<T>[], rows: number) => void;
  readonly #seen: Entry<T>[] = [];

  constructor(shape: ShapeQueue<T>, settle: (left: readonly Entry<T>[], rows: number) => void) {
    this.#shape = shape;
    this.#settle = settle;
  }

  at(index: number): Queued<T> | undefined {
    while (this.#seen.length <= index) {
      const entry = this.#shape.entries.removeFirst();
      if (entry === undefined) return undefined;
      this.#seen.push(entry);
    }
    return this.#seen[index]!.queued;
  }

  /** The requests from `start` on that have `rowsMax` rows at most, up to `end` (exclusive). */
  upTo(start: number, rowsMax: number): { readonly end: number; readonly rows: number } {
    let rows = 0;
    let end = start;
    for (let queued = this.at(end); queued !== undefined && rows + queued.rows <= rowsMax; queued = this.at(end)) {
      rows += queued.rows;
      end++;
    }
    return { end, rows };
  }

  /** Ends the walk: of the requests looked at, those that `keep` says stay queued in their old place, others leave. */
  close(keep: (queued: Queued<T>, index: number) => boolean): void {
    const left: Entry<T>[] = [];
    let rows = 0;
    this.#seen.forEach((entry, index) => {
      if (keep(entry.queued, index)) {
        this.#shape.entries.add(entry);
      } else {
        left.push(entry);
        rows += entry.queued.rows;
      }
    });
    this.#settle(left, rows);
  }
}
