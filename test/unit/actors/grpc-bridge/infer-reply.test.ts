import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InferReplyWriter } from '../../../../actors/grpc-bridge/infer-reply.ts';
import type { PredictResult } from '../../../../actors/router/gateway-port.ts';
import { inference } from '../../../../proto/generated/inference.js';
import { DATA_TYPES, type Tensor } from '../../../../proto/tensor.ts';

const tensors: fc.Arbitrary<Tensor[]> = fc.uniqueArray(
  fc.record({
    name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
    datatype: fc.constantFrom(...DATA_TYPES),
    shape: fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { maxLength: 5 }),
    data: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 5, selector: ({ name }) => name },
);

function resultOf(outputs: Tensor[], version = '3'): PredictResult {
  return { model: { name: 'fraud', version }, outputs, features: [] } as unknown as PredictResult;
}

function readBack({ outputs = [], raw_output_contents: raw = [] }: inference.IModelInferResponse) {
  return outputs!.map(({ name, datatype, shape }, i) => ({
    name,
    datatype,
    shape: shape!.map((size) => Number(String(size))),
    data: [...raw![i]!],
  }));
}

const plain = (tensor: Tensor) => ({ ...tensor, data: [...tensor.data] });

describe('writing infer responses', () => {
  it('writes what generated code reads as the same outputs, all raw and in order', () => {
    const writer = new InferReplyWriter();
    fc.assert(
      fc.property(
        tensors,
        fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }), { nil: undefined }),
        (outputs, id) => {
          const response = inference.ModelInferResponse.decode(writer.response(resultOf(outputs), id, undefined));
          expect(response).toMatchObject({ model_name: 'fraud', model_version: '3', id: id ?? '' });
          expect(readBack(response)).toEqual(outputs.map(plain));
          const inStream = inference.ModelStreamInferResponse.decode(
            writer.streamResponse(resultOf(outputs), id, undefined, false),
          );
          expect(inStream.error_message).toBe('');
          expect(readBack(inStream.infer_response!)).toEqual(outputs.map(plain));
          expect(inStream.infer_response!.parameters).toEqual({});
        },
      ),
      { numRuns: 100 },
    );
  });

  it('gives the outputs that were asked for, in that order', () => {
    const [a, b, c] = ['a', 'b', 'c'].map(
      (name, i): Tensor => ({ name, datatype: 'UINT8', shape: [1], data: Uint8Array.of(i) }),
    );
    const bytes = new InferReplyWriter().response(resultOf([a!, b!, c!]), undefined, [{ name: 'c' }, { name: 'a' }]);
    expect(readBack(inference.ModelInferResponse.decode(bytes))).toEqual([plain(c!), plain(a!)]);
  });

  it('refuses an output that is not there, and writes the next answer whole', () => {
    const writer = new InferReplyWriter();
    const output: Tensor = { name: 'a', datatype: 'UINT8', shape: [1], data: Uint8Array.of(9) };
    expect(() => writer.response(resultOf([output]), undefined, [{ name: 'z' }])).toThrow('no output "z"');
    expect(() => writer.streamResponse(resultOf([output]), undefined, [{ name: 'z' }], true)).toThrow('z');
    expect(readBack(inference.ModelInferResponse.decode(writer.response(resultOf([output]), '', undefined)))).toEqual([
      plain(output),
    ]);
  });

  it('says in a stream that an answer is the last one of its request', () => {
    const { infer_response: response } = inference.ModelStreamInferResponse.decode(
      new InferReplyWriter().streamResponse(resultOf([]), 'a', undefined, true),
    );
    expect(response?.parameters?.['triton_final_response']?.bool_param).toBe(true);
    expect(response?.id).toBe('a');
  });

  it('says how fresh the features were, as over HTTP', () => {
    const row = {
      appliedSeq: 2 ** 40 + 1,
      everywhereSeq: 127,
      asOfMs: 1_790_000_000_123,
      ageMs: 12,
      defaulted: [],
      expired: [],
    };
    const fresh = {
      ...resultOf([]),
      features: [row, { ...row, appliedSeq: 5, ageMs: 128, defaulted: ['v.a', 'v.b'] }],
    };
    const { parameters } = inference.ModelInferResponse.decode(
      new InferReplyWriter().response(fresh as PredictResult, undefined, undefined),
    );
    const whole = (name: string) => String(parameters?.[name]?.int64_param);
    expect(['applied_seq', 'everywhere_seq', 'as_of_ms', 'age_ms'].map(whole)).toEqual([
      '5',
      '127',
      '1790000000123',
      '128',
    ]);
    expect(parameters?.['defaulted']?.string_param).toBe('v.a,v.b');
    expect(parameters).not.toHaveProperty('expired');
    const alone = { ...fresh, features: [row] };
    const again = inference.ModelInferResponse.decode(
      new InferReplyWriter().response(alone as PredictResult, undefined, undefined),
    );
    expect(String(again.parameters?.['applied_seq']?.int64_param)).toBe(String(2 ** 40 + 1));
  });

  it('writes an error of a stream with whose it was', () => {
    const { error_message: message, infer_response: response } = inference.ModelStreamInferResponse.decode(
      new InferReplyWriter().streamError('no such thing: ü', 'order-1', 'fraud'),
    );
    expect(message).toBe('no such thing: ü');
    expect(response).toMatchObject({ id: 'order-1', model_name: 'fraud' });
  });

  it('keeps no memory of a large answer, and moves the lengths that it had left too little room for', () => {
    const writer = new InferReplyWriter();
    const output: Tensor = {
      name: 'a',
      datatype: 'UINT8',
      shape: [3_000_000],
      data: new Uint8Array(3_000_000).fill(7),
    };
    const large = inference.ModelStreamInferResponse.decode(
      writer.streamResponse(resultOf([output]), 'x', undefined, true),
    );
    expect(large.infer_response?.raw_output_contents?.[0]?.length).toBe(3_000_000);
    expect(large.infer_response?.raw_output_contents?.[0]?.every((byte) => byte === 7)).toBe(true);
    const small = inference.ModelStreamInferResponse.decode(writer.streamError('e', '', ''));
    expect(small.error_message).toBe('e');
  });
});
