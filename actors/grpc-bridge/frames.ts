/**
 * Follows gRPC's framing (a flag, a length of 4 bytes, so many bytes of message) through a stream's pieces, to tell what
 * each whole message took and whether one is under way. What is in the messages is not looked at.
 */

const HEADER_BYTES = 5;

export class Frames {
  /** What each piece takes beside its bytes: messages may come in pieces of one byte. */
  readonly #pieceBytes: number;
  /** Of whole messages that nobody has taken yet, in order. */
  #whole: number[] = [];
  #cost = 0;
  #headerSeen = 0;
  #length = 0;
  #left = 0;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  /** Whether a message has begun and is not complete. */
  get partial(): boolean {
    return this.#headerSeen > 0;
  }

  push(piece: Buffer): void {
    this.#cost += this.#pieceBytes;
    let at = 0;
    while (at < piece.length) {
      if (this.#headerSeen < HEADER_BYTES) {
        if (this.#headerSeen > 0) this.#length = this.#length * 256 + piece[at]!;
        this.#headerSeen++;
        at++;
        this.#cost++;
        if (this.#headerSeen === HEADER_BYTES) this.#left = this.#length;
      } else {
        const taken = Math.min(this.#left, piece.length - at);
        at += taken;
        this.#left -= taken;
        this.#cost += taken;
      }
      if (this.#headerSeen === HEADER_BYTES && this.#left === 0) {
        this.#whole.push(this.#cost);
        this.#cost = 0;
        this.#headerSeen = 0;
        this.#length = 0;
      }
    }
  }

  /** What the next whole message took, header and pieces included; 0 where there is none. */
  take(): number {
    return this.#whole.shift() ?? 0;
  }
}
