/** A typed array that grows. Pure. */

type Typed = Float64Array | Int32Array | Uint8Array;

export class Grown<T extends Typed> {
  readonly #make: new (
    length: number,
  ) => T;
  #array: T;
  #length = 0;

  constructor(make: new (length: number) => T) {
    this.#make = make;
    this.#array = new make(1_024);
  }

  push(value: number): void {
    this.#reserve(1);
    this.#array[this.#length++] = value;
  }

  /** The next `count` elements, to be filled. */
  room(count: number): T {
    this.#reserve(count);
    this.#length += count;
    return this.#array.subarray(this.#length - count, this.#length) as T;
  }

  array(): T {
    return this.#array.subarray(0, this.#length) as T;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#array.length) return;
    const larger = new this.#make(Math.max(this.#array.length * 2, this.#length + count));
    larger.set(this.#array as never);
    this.#array = larger;
  }
}
