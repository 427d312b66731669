/** A bounded first-in first-out queue on a ring that grows by doubling up to its capacity. Pure. */

const START_SLOTS = 16;

export class Mailbox<T> {
  readonly #capacity: number;
  #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`mailbox capacity ${capacity} must be at least 1`);
    this.#capacity = capacity;
    this.#slots = new Array<T | undefined>(Math.min(START_SLOTS, nextPowerOfTwo(capacity)));
  }

  get length(): number {
    return this.#length;
  }

  /** False when full: the caller refuses the message. */
  push(item: T): boolean {
    if (this.#length === this.#capacity) return false;
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length++;
    return true;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    return item;
  }

  #grow(): void {
    const grown = new Array<T | undefined>(this.#slots.length * 2);
    for (let i = 0; i < this.#length; i++) grown[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    this.#slots = grown;
    this.#head = 0;
  }
}

function nextPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}
