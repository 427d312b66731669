import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeInferRequest, idAndModelOf } from '../../../../actors/grpc-bridge/infer-request.ts';
import { ServingError } from '../../../../proto/errors.ts';
import { inference } from '../../../../proto/generated/inference.js';
import { DATA_TYPE_BYTES, DATA_TYPES, type DataType, packBytes, type Tensor } from '../../../../proto/tensor.ts';
import { contentsOf, encoded, parametersOf, rawRequest, typedRequest } from '../../../support/inference-messages.ts';

/** NaN has many forms, of which a number keeps one; so floats are made from numbers. */
function elementBytes(datatype: DataType): fc.Arbitrary<Uint8Array> {
  if (datatype === 'BOOL') return fc.boolean().map((value) => Uint8Array.of(value ? 1 : 0));
  if (datatype === 'FP32') return fc.float().map((value) => new Uint8Array(Float32Array.of(value).buffer));
  if (datatype === 'FP64') return fc.double().map((value) => new Uint8Array(Float64Array.of(value).buffer));
  const width = DATA_TYPE_BYTES[datatype];
  return fc.uint8Array({ minLength: width, maxLength: width });
}

const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 });

function tensorOf(datatype: DataType, name = 'x'): fc.Arbitrary<Tensor> {
  return shapes.chain((shape): fc.Arbitrary<Tensor> => {
    const length = shape.reduce((product, size) => product * size, 1);
    const size = { minLength: length, maxLength: length };
    if (datatype === 'BYTES') {
      return fc
        .array(fc.uint8Array({ maxLength: 9 }), size)
        .map((elements) => ({ name, datatype, shape, data: packBytes(elements) }));
    }
    return fc
      .array(elementBytes(datatype), size)
      .map((elements) => ({ name, datatype, shape, data: new Uint8Array(Buffer.concat(elements)) }));
  });
}

const anyTensors = fc
  .array(fc.constantFrom(...DATA_TYPES), { minLength: 1, maxLength: 4 })
  .chain((types) => fc.tuple(...types.map((datatype, i) => tensorOf(datatype, `x${i}`))));

const plain = (tensor: Tensor) => ({ ...tensor, data: [...tensor.data] });

function refusal(request: inference.IModelInferRequest | Buffer): ServingError {
  try {
    decodeInferRequest(Buffer.isBuffer(request) ? request : encoded(request));
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ServingError);
    return thrown as ServingError;
  }
  throw new Error('it was taken');
}

const fp32 = (values: number[], shape = [values.length]): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const one = fp32([1]);

describe('reading infer requests', () => {
  it.each(DATA_TYPES.filter((datatype) => datatype !== 'FP16'))('takes typed %s for what they are raw', (datatype) => {
    fc.assert(
      fc.property(tensorOf(datatype), (tensor) => {
        const { inputs } = decodeInferRequest(encoded(typedRequest({ model: 'm', inputs: [tensor] })));
        expect(inputs.map(plain)).toEqual([plain(tensor)]);
      }),
      { numRuns: 60 },
    );
  });

  it('takes raw tensors of every datatype, in the order of the inputs', () => {
    fc.assert(
      fc.property(anyTensors, (tensors) => {
        const { inputs } = decodeInferRequest(encoded(rawRequest({ model: 'm', inputs: tensors })));
        expect(inputs.map(plain)).toEqual(tensors.map(plain));
      }),
      { numRuns: 60 },
    );
  });

  it('reads everything beside the tensors', () => {
    const request = decodeInferRequest(
      encoded({
        ...rawRequest({ model: 'fraud', version: '7', id: 'order-1', inputs: [one], outputs: ['b', 'a'] }),
        parameters: {
          timeout: { int64_param: 2_500 },
          priority: { uint64_param: 3 },
          triton_enable_empty_final_response: { bool_param: true },
          min_seq: { string_param: '[7,0]' },
          max_age_ms: { int64_param: 500 },
          note: { string_param: 'ü' },
          half: { double_param: 0.5 },
        },
      }),
    );
    expect(request).toMatchObject({
      model: 'fraud',
      version: '7',
      id: 'order-1',
      outputs: [{ name: 'b' }, { name: 'a' }],
      timeoutMs: 2.5,
      bound: { minSeq: [7, 0], minPartitions: [], maxAgeMs: 500 },
      saysFinal: true,
    });
    expect(decodeInferRequest(encoded(rawRequest({ model: 'm', inputs: [one] })))).toMatchObject({
      version: undefined,
      id: undefined,
      outputs: undefined,
      timeoutMs: undefined,
      saysFinal: false,
    });
  });

  it('takes lists that are not packed, and contents in pieces', () => {
    const dimension = Buffer.from([0x18, 1, 0x18, 3]);
    const piece = (bytes: number[]) => Buffer.from([0x2a, bytes.length, ...bytes]);
    // Field 2 (int_contents): 5 alone, then [-1, 300] packed.
    const contents = [piece([0x10, 5]), piece([0x12, 12, ...Array(9).fill(0xff), 0x01, 0xac, 0x02])];
    const input = Buffer.concat([Buffer.from([0x0a, 1, 0x78, 0x12, 5]), Buffer.from('INT32'), dimension, ...contents]);
    const message = Buffer.concat([Buffer.from([0x0a, 1, 0x6d, 0x2a, input.length]), input]);
    expect(inference.ModelInferRequest.decode(message).inputs[0]?.shape?.map(String)).toEqual(['1', '3']);
    const [tensor] = decodeInferRequest(message).inputs;
    expect(tensor?.shape).toEqual([1, 3]);
    expect([...new Int32Array(Uint8Array.from(tensor!.data).buffer)]).toEqual([5, -1, 300]);
  });

  it('passes over fields that it does not know', () => {
    const unknown = Buffer.from([
      0x98, 0x06, 1, 0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xaa, 0x06, 2, 1, 2, 0xb5, 0x06, 1, 2, 3, 4,
    ]);
    const message = Buffer.concat([unknown, encoded(rawRequest({ model: 'm', inputs: [one] })), unknown]);
    expect(decodeInferRequest(message).inputs.map(plain)).toEqual([plain(one)]);
  });

  it('finds id and model of a request that is refused, and nothing in nonsense', () => {
    expect(idAndModelOf(encoded({ model_name: 'm', id: 'a-1' }))).toEqual({ id: 'a-1', model: 'm' });
    expect(idAndModelOf(Buffer.from([0x0a, 200]))).toEqual({ id: '', model: '' });
  });

  it('refuses any bytes that are no request with nothing but INVALID_ARGUMENT', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(refusal(Buffer.from(bytes)).code).toBe('INVALID_ARGUMENT');
      }),
      { numRuns: 500 },
    );
  });

  it('never fails otherwise on a request with some bytes changed or cut off', () => {
    const whole = encoded(typedRequest({ model: 'm', id: 'i', inputs: [fp32([1, 2]), { ...one, name: 'y' }] }));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, end) => {
        const bytes = Buffer.from(whole.subarray(0, end));
        if (at < end) bytes[at] = byte;
        try {
          decodeInferRequest(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ServingError);
          expect(['INVALID_ARGUMENT', 'UNIMPLEMENTED']).toContain((thrown as ServingError).code);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('infer requests that are refused', () => {
  const valid = rawRequest({ model: 'm', inputs: [one] });
  const typed = (datatype: string, contents: inference.IInferTensorContents, shape = [1]) => ({
    model_name: 'm',
    inputs: [{ name: 'x', datatype, shape, contents }],
  });
  const withInput = (input: inference.ModelInferRequest.IInferInputTensor) => ({ ...valid, inputs: [input] });

  it.each<[string, inference.IModelInferRequest, string]>([
    ['without a model', { ...valid, model_name: '' }, 'model name'],
    ['with a model that is no name', { ...valid, model_name: '../x' }, 'model name'],
    ['with a version that is none', { ...valid, model_version: 'latest' }, 'model version'],
    ['without inputs', { ...valid, inputs: [], raw_input_contents: [] }, "needs 'inputs'"],
    ['with an input without a name', withInput({ ...valid.inputs![0]!, name: '' }), 'inputs[0]'],
    ['with an input twice', rawRequest({ model: 'm', inputs: [one, one] }), 'there twice'],
    ['with a datatype that is none', withInput({ name: 'x', datatype: 'FP8', shape: [1] }), '"FP8"'],
    ['with BF16, which nothing here runs', withInput({ name: 'x', datatype: 'BF16', shape: [1] }), '"BF16"'],
    ['with a negative dimension', withInput({ name: 'x', datatype: 'FP32', shape: [-1] }), 'shape [-1]'],
    ['with a dimension of 2^31', withInput({ name: 'x', datatype: 'FP32', shape: [2 ** 31] }), '2^31 - 1'],
    ['with 17 dimensions', withInput({ name: 'x', datatype: 'FP32', shape: Array(17).fill(1) }), '17 dimensions'],
    ['with 100 dimensions', withInput({ name: 'x', datatype: 'FP32', shape: Array(100).fill(1) }), 'dimensions'],
    ['with too few raw bytes', { ...valid, raw_input_contents: [Buffer.alloc(3)] }, '4 bytes'],
    ['with too many raw bytes', { ...valid, raw_input_contents: [Buffer.alloc(5)] }, '4 bytes'],
    ['with one raw tensor too many', { ...valid, raw_input_contents: [one.data, one.data] }, '2 raw_input_contents'],
    ['with 200 raw tensors', { ...valid, raw_input_contents: Array(200).fill(one.data) }, 'more than 64'],
    ['with 65 inputs', { ...valid, inputs: Array(65).fill(valid.inputs![0]) }, 'at most 64'],
    [
      'with both kinds of contents',
      { ...typed('FP32', { fp32_contents: [1] }), raw_input_contents: [one.data] },
      'beside',
    ],
    ['with neither kind', { ...valid, raw_input_contents: [] }, 'has 0 elements'],
    ['with typed FP16', typed('FP16', { fp32_contents: [1] }), 'raw_input_contents'],
    ['with elements in another list', typed('FP32', { int_contents: [1] }), 'fp32_contents, not int_contents'],
    [
      'with elements in two lists',
      typed('FP32', { fp32_contents: [1], bytes_contents: [Buffer.of()] }),
      'bytes_contents',
    ],
    ['with too few elements', typed('INT32', { int_contents: [1] }, [2]), 'needs 2'],
    ['with too many elements', typed('INT32', { int_contents: [1, 2, 3] }, [2]), 'more than 2'],
    ['with too few texts', typed('BYTES', { bytes_contents: [Buffer.of(1)] }, [2]), 'has 1 elements'],
    ['with 2^31 - 1 claimed and one there', typed('UINT8', { uint_contents: [1] }, [2 ** 31 - 1]), 'at most 1'],
    ['with 128 as INT8', typed('INT8', { int_contents: [128] }), 'int_contents[0] is 128'],
    ['with -129 as INT8', typed('INT8', { int_contents: [-129] }), 'is -129'],
    ['with 65536 as UINT16', typed('UINT16', { uint_contents: [65_536] }), 'no UINT16'],
    ['with 32768 as INT16', typed('INT16', { int_contents: [0, 32_768] }, [2]), 'int_contents[1]'],
    ['with 256 as UINT8', typed('UINT8', { uint_contents: [256] }), 'no UINT8'],
    ['with an id of 300 characters', { ...valid, id: 'i'.repeat(300) }, "'id'"],
    ['with a timeout that is no number', { ...valid, parameters: { timeout: { string_param: '5' } } }, "'timeout'"],
    ['with a min_seq that is none', { ...valid, parameters: { min_seq: { string_param: 'x' } } }, 'min_seq'],
    ['with a negative timeout', { ...valid, parameters: { timeout: { int64_param: -5 } } }, 'got -5'],
    [
      'with 65 parameters',
      { ...valid, parameters: parametersOf(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, i]))) },
      'parameters',
    ],
  ])('%s', (_what, request, words) => {
    const { code, message } = refusal(request);
    expect(code).toBe('INVALID_ARGUMENT');
    expect(message).toContain(words);
  });

  it.each<[string, inference.IModelInferRequest]>([
    ['sequences', { ...valid, parameters: parametersOf({ sequence_id: 7 }) }],
    [
      'shared memory of an input',
      withInput({ ...valid.inputs![0]!, parameters: parametersOf({ shared_memory_region: 'r' }) }),
    ],
    [
      'shared memory of an output',
      { ...valid, outputs: [{ name: 'y', parameters: parametersOf({ shared_memory_region: 'r' }) }] },
    ],
    ['classification', { ...valid, outputs: [{ name: 'y', parameters: parametersOf({ classification: 3 }) }] }],
  ])('%s is UNIMPLEMENTED', (_what, request) => {
    expect(refusal(request).code).toBe('UNIMPLEMENTED');
  });

  it('a name of a parameter that objects have by themselves is an ordinary one', () => {
    const request = { ...valid, parameters: parametersOf({ constructor: 'x', toString: 1 }) };
    expect(decodeInferRequest(encoded(request)).timeoutMs).toBeUndefined();
  });

  it('an empty list of another kind is no second kind', () => {
    const input = { name: 'x', datatype: 'FP32', shape: [1], contents: contentsOf(one) };
    const message = Buffer.from(inference.ModelInferRequest.encode({ model_name: 'm', inputs: [input] }).finish());
    // An empty packed int_contents, which generated code would leave out, at the end of the one input's contents.
    const grown = Buffer.concat([message, Buffer.from([0x12, 0])]);
    grown[4] = message[4]! + 2;
    const contentsAt = message.indexOf(Buffer.from([0x2a, 6, 0x32, 4]));
    grown[contentsAt + 1] = 8;
    expect(decodeInferRequest(grown).inputs.map(plain)).toEqual([plain(one)]);
  });
});
