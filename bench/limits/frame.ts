/**
 * The hand-laid layout of the bare limits: what a request costs when nothing is encoded. A coalesced message is
 * rows, or answers, one after another; numbers are little-endian.
 *
 *   row     id u32 · user u32 · 36 bytes unused · 64 float32 (50 stored features, 14 request inputs)    300 bytes
 *   answer  id u32 · score float32                                                                        8 bytes
 */
import { ROW_WIDTH, STORED_FEATURES } from '../workload.ts';

export const ROW_BYTES = 300;
export const ID_OFFSET = 0;
export const USER_OFFSET = 4;
/** The part of the row that is the model's input. */
export const VALUES_OFFSET = 44;
export const VALUES_BYTES = ROW_WIDTH * 4;
export const INPUTS_OFFSET = VALUES_OFFSET + STORED_FEATURES * 4;
export const ANSWER_BYTES = 8;
export const SCORE_OFFSET = 4;

/** A view of the same bytes with Buffer's number readers. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Collects frames for one destination and publishes them as one message when the event loop's turn ends. The buffer
 * is used again once published: the NATS client copies it into its socket's chunk in the microtask that follows.
 */
export class Outbox {
  readonly #publish: (bytes: Uint8Array) => void;
  readonly #bytesMax: number;
  #buffer: Buffer;
  #length = 0;
  #armed = false;

  constructor(bytesMax: number, publish: (bytes: Uint8Array) => void) {
    this.#bytesMax = bytesMax;
    this.#publish = publish;
    this.#buffer = Buffer.allocUnsafe(bytesMax);
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Makes room for a frame and returns where in `buffer` it starts; `buffer` may be another one after the call. */
  reserve(bytes: number): number {
    if (this.#length + bytes > this.#bytesMax) {
      this.#publish(this.#buffer.subarray(0, this.#length));
      // In the middle of a turn the client has not copied yet.
      this.#buffer = Buffer.allocUnsafe(this.#bytesMax);
      this.#length = 0;
    }
    if (!this.#armed) {
      this.#armed = true;
      setImmediate(() => this.#flush());
    }
    const offset = this.#length;
    this.#length += bytes;
    return offset;
  }

  #flush(): void {
    this.#armed = false;
    if (this.#length === 0) return;
    this.#publish(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }
}
