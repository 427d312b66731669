import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../bench/limits/frame.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function collect(bytesMax: number): { outbox: Outbox; messages: string[]; write(text: string): void } {
  const messages: string[] = [];
  const held: Uint8Array[] = [];
  const outbox = new Outbox(bytesMax, (bytes) => {
    held.push(bytes);
    // As the NATS client does: the bytes are copied in the microtask after publish.
    queueMicrotask(() => messages.push(Buffer.from(held.shift()!).toString()));
  });
  const write = (text: string): void => {
    const at = outbox.reserve(text.length);
    outbox.buffer.write(text, at);
  };
  return { outbox, messages, write };
}

describe('outbox of the bare chain', () => {
  it('sends what was written in one turn as one message, and nothing twice', async () => {
    const { messages, write } = collect(64);
    write('one ');
    write('two');
    await turn();
    await turn();
    write('three');
    await turn();
    await turn();
    expect(messages).toEqual(['one two', 'three']);
  });

  it('splits at the bound in the middle of a turn without spoiling what the client has yet to copy', async () => {
    const { messages, write } = collect(8);
    write('aaaa');
    write('bbbb');
    write('cccc');
    await turn();
    await turn();
    expect(messages).toEqual(['aaaabbbb', 'cccc']);
  });
});
