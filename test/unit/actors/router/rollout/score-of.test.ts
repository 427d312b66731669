import { describe, expect, it } from 'vitest';
import { scoreOf } from '../../../../../actors/router/rollout/score-of.ts';
import type { DataType, Tensor } from '../../../../../proto/tensor.ts';

const of = (datatype: DataType, bytes: ArrayBufferView): Tensor => ({
  name: 'y',
  datatype,
  shape: [1],
  data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
});

describe('the score of an answer', () => {
  it.each([
    ['FP64', new Float64Array([0.25, 9]), 0.25],
    ['FP32', new Float32Array([-1.5]), -1.5],
    ['FP16', new Uint16Array([0x3c00]), 1],
    ['FP16', new Uint16Array([0xb800]), -0.5],
    ['FP16', new Uint16Array([1]), 2 ** -24],
    ['FP16', new Uint16Array([0x7c00]), Number.POSITIVE_INFINITY],
    ['FP16', new Uint16Array([0x7e00]), Number.NaN],
    ['INT64', new BigInt64Array([-3n]), -3],
    ['UINT8', new Uint8Array([200]), 200],
    ['BOOL', new Uint8Array([1]), 1],
  ] as const)('is the first element of a %s', (datatype, bytes, expected) => {
    expect(scoreOf([of(datatype, bytes)])).toBe(expected);
  });

  it('is a probability rather than a label, and null where there are no numbers', () => {
    const label = of('INT64', new BigInt64Array([4n]));
    const text = of('BYTES', new Uint8Array([1, 0, 0, 0, 65]));
    expect(scoreOf([text, label, of('FP32', new Float32Array([0.5]))])).toBe(0.5);
    expect(scoreOf([text, label])).toBe(4);
    expect([scoreOf([text]), scoreOf([]), scoreOf([of('FP32', new Uint8Array(0))])]).toEqual([null, null, null]);
  });
});
