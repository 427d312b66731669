import { describe, expect, it } from 'vitest';
import type { EngineTensor } from '../../../../actors/model-worker/engine.ts';
import { fromThreadError, movable, toThreadError } from '../../../../actors/model-worker/thread-messages.ts';
import { ServingError } from '../../../../proto/errors.ts';

const tensor = (data: Uint8Array): EngineTensor => ({ datatype: 'UINT8', shape: [data.byteLength], data });

describe('tensors on their way to another thread', () => {
  it('take along memory that is theirs alone', () => {
    const data = Uint8Array.of(1, 2, 3);
    const { tensors, memory } = movable([tensor(data)]);
    expect(memory).toEqual([data.buffer]);
    structuredClone(null, { transfer: memory });
    expect(data.byteLength).toBe(0);
    expect(tensors[0]!.data).toBe(data);
  });

  it.each<[string, (memory: Uint8Array) => Uint8Array]>([
    ['an array', (memory) => memory.subarray(1, 3)],
    ['a Buffer', (memory) => Buffer.from(memory.buffer, 1, 2)],
  ])('leave alone the memory of which %s covers a part', (_, viewOf) => {
    const whole = Uint8Array.of(9, 1, 2, 9);
    const { tensors, memory } = movable([tensor(viewOf(whole))]);
    expect(memory).not.toContain(whole.buffer);
    const arrived = structuredClone(tensors, { transfer: memory });
    expect([...arrived[0]!.data]).toEqual([1, 2]);
    expect(arrived[0]!.data.buffer.byteLength).toBe(2);
    expect([...whole]).toEqual([9, 1, 2, 9]);
  });

  it('may share memory, which goes along once', () => {
    const data = Uint8Array.of(1, 2);
    const { tensors, memory } = movable([tensor(data), tensor(data)]);
    const arrived = structuredClone(tensors, { transfer: memory });
    expect(arrived.map(({ data }) => [...data])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('errors on their way from another thread', () => {
  it('keep code, stage and words', () => {
    const sent = new ServingError('UNAVAILABLE', 'run', 'no such device');
    const arrived = fromThreadError(structuredClone(toThreadError(sent))) as ServingError;
    expect(arrived).toBeInstanceOf(ServingError);
    expect([arrived.code, arrived.stage, arrived.message]).toEqual(['UNAVAILABLE', 'run', 'no such device']);
  });

  it('of the engine keep their words and get no code', () => {
    expect(fromThreadError(toThreadError(new Error('index 99 out of bounds')))).not.toBeInstanceOf(ServingError);
    expect(fromThreadError(toThreadError(new Error('index 99 out of bounds'))).message).toBe('index 99 out of bounds');
    expect(fromThreadError(toThreadError('words')).message).toBe('words');
  });
});
