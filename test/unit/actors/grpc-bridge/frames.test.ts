import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frames } from '../../../../actors/grpc-bridge/frames.ts';

const PIECE_BYTES = 100;

function frame(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, 1);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe('following frames', () => {
  it('counts every byte and piece to one message, however the stream is cut', () => {
    const lengths = fc.array(fc.nat(40), { maxLength: 8 });
    fc.assert(
      fc.property(
        lengths,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
        (messages, cuts) => {
          const stream = Buffer.concat(messages.map(frame));
          const frames = new Frames(PIECE_BYTES);
          let pieces = 0;
          for (let at = 0; at < stream.length; pieces++) {
            const end = at + cuts[pieces % cuts.length]!;
            frames.push(stream.subarray(at, end));
            at = end;
          }
          expect(frames.partial).toBe(false);
          const taken = messages.map(() => frames.take());
          expect(taken.every((cost, i) => cost >= 5 + messages[i]!)).toBe(true);
          expect(taken.reduce((sum, cost) => sum + cost, 0)).toBe(stream.length + pieces * PIECE_BYTES);
          expect(frames.take()).toBe(0);
        },
      ),
    );
  });

  it('is partial from the first byte of a message to its last', () => {
    const frames = new Frames(0);
    const bytes = frame(3);
    for (let i = 0; i < bytes.length; i++) {
      frames.push(bytes.subarray(i, i + 1));
      expect(frames.partial).toBe(i < bytes.length - 1);
    }
    expect(frames.take()).toBe(8);
  });

  it('takes lengths of four bytes', () => {
    const frames = new Frames(0);
    frames.push(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
    expect(frames.partial).toBe(true);
    expect(frames.take()).toBe(0);
  });
});
