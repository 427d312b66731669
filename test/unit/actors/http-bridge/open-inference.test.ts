/** Infer requests and answers of the Open Inference Protocol, read and written without a server. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type InferRequest,
  parseInferRequest,
  parseRawRequest,
} from '../../../../actors/http-bridge/open-inference.ts';
import { encodeInferReply } from '../../../../actors/http-bridge/open-inference-reply.ts';
import type { PredictResult } from '../../../../actors/router/gateway-port.ts';
import { ServingError } from '../../../../proto/errors.ts';
import { bytesElements, type Tensor } from '../../../../proto/tensor.ts';
import { FakeGateway, fp32, fp32Values } from '../../../support/fake-gateway.ts';

const gateway = new FakeGateway();

function parse(json: unknown, ...binary: Uint8Array[]): InferRequest {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return parseInferRequest(Buffer.concat([text, ...binary]), binary.length === 0 ? undefined : text.byteLength);
}

const amount = { name: 'amount', shape: [2, 1], datatype: 'FP32', data: [1, 2] };

function result(outputs: readonly Tensor[]): PredictResult {
  return {
    requestId: 'r',
    traceId: '0'.repeat(32),
    spanId: 'b7ad6b7169203331',
    sampled: false,
    model: { name: 'add', version: '2' },
    outputs,
    features: [],
    timingsUs: { total: 1, shard: 0, queue: 0, run: 1, batchRows: 1 },
  };
}

describe('an infer request', () => {
  it('may ask for freshness in its parameters, whose values are single: lists come as JSON text', () => {
    const boundOf = (parameters: object) => parse({ parameters, inputs: [amount] }).bound;
    expect(boundOf({ min_seq: 95, max_age_ms: 60_000 })).toEqual({ minSeq: [95], minPartitions: [], maxAgeMs: 60_000 });
    const pasted = { minSeq: [95], minPartitions: [3], maxAgeMs: 0 };
    expect(boundOf({ min_seq: '[{"partition":3,"seq":95}]' })).toEqual(pasted);
    expect(boundOf({ min_seq: [{ partition: 3, seq: 95 }] })).toEqual(pasted);
    expect(boundOf({ min_seq: '[1,2]' })).toMatchObject({ minSeq: [1, 2] });
    expect(boundOf({})).toBeUndefined();
    expect(() => boundOf({ min_seq: '3:95' })).toThrow(/parameter 'min_seq' is not JSON/);
    expect(() => boundOf({ min_seq: '-1' })).toThrow(/'min_seq' must be a whole number/);
    expect(() => boundOf({ max_age_ms: '5' })).toThrow(/'max_age_ms' must be a number of milliseconds/);
  });

  it('in JSON gives its tensors, id and deadline', () => {
    const request = parse({ id: 'r1', parameters: { timeout: 1500, priority: 3, mine: 'x' }, inputs: [amount] });
    expect(request.id).toBe('r1');
    expect(request.timeoutMs).toBe(1.5);
    expect(request.outputs).toBeUndefined();
    expect(request.binaryByDefault).toBe(false);
    expect(request.inputs.map((tensor) => [tensor.name, tensor.datatype, tensor.shape, fp32Values(tensor)])).toEqual([
      ['amount', 'FP32', [2, 1], [1, 2]],
    ]);
  });

  it('takes binary tensors in the order of the inputs, between JSON ones, without copying', () => {
    const a = fp32('a', [1], [7]).data;
    const key = Buffer.from([2, 0, 0, 0, 0x75, 0x31]);
    const inputs = [
      { name: 'a', shape: [1], datatype: 'FP32', parameters: { binary_data_size: 4 } },
      amount,
      { name: 'key', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 6 } },
    ];
    const text = Buffer.from(JSON.stringify({ inputs }));
    const body = Buffer.concat([text, a, key]);
    const request = parseInferRequest(body, text.byteLength);
    expect(fp32Values(request.inputs[0]!)).toEqual([7]);
    expect(fp32Values(request.inputs[1]!)).toEqual([1, 2]);
    expect(Buffer.from(bytesElements(request.inputs[2]!.data)[0]!).toString()).toBe('u1');
    expect(request.inputs[0]!.data.buffer).toBe(body.buffer);
  });

  it('takes zero, empty and false for "no sequence", "no deadline" and "no classification"', () => {
    const parameters = { sequence_id: 0, sequence_start: false, timeout: 0 };
    const request = parse({
      id: '',
      parameters,
      inputs: [amount],
      outputs: [{ name: 's', parameters: { classification: 0 } }],
    });
    expect([request.id, request.timeoutMs]).toEqual([undefined, undefined]);
  });

  it('says for each output whether it goes as binary, the request being the default', () => {
    const outputs = [{ name: 'a' }, { name: 'b', parameters: { binary_data: false } }];
    const request = parse({ parameters: { binary_data_output: true }, inputs: [amount], outputs });
    expect(request.outputs).toEqual([
      { name: 'a', binary: true },
      { name: 'b', binary: false },
    ]);
  });

  const binary = (size: unknown) => ({
    name: 'x',
    shape: [1],
    datatype: 'FP32',
    parameters: { binary_data_size: size },
  });
  const four = Buffer.alloc(4);
  it.each<[string, () => unknown, RegExp]>([
    ['without inputs', () => parse({}), /needs 'inputs'/],
    ['with no input', () => parse({ inputs: [] }), /needs 'inputs'/],
    ['with inputs that are no list', () => parse({ inputs: { a: 1 } }), /needs 'inputs'/],
    ['with an input that is null', () => parse({ inputs: [null] }), /inputs\[0\] must be an object, got null/],
    ['with 65 inputs', () => parse({ inputs: new Array(65).fill(amount) }), /at most 64/],
    ['with one name twice', () => parse({ inputs: [amount, amount] }), /inputs\[1\]: the name "amount" is there twice/],
    ['with a nameless input', () => parse({ inputs: [{ ...amount, name: '' }] }), /needs a 'name'/],
    ['with a number for a name', () => parse({ inputs: [{ ...amount, name: 7 }] }), /needs a 'name'/],
    ['with an unknown datatype', () => parse({ inputs: [{ ...amount, datatype: 'FLOAT' }] }), /datatype "FLOAT"/],
    ['with the datatype toString', () => parse({ inputs: [{ ...amount, datatype: 'toString' }] }), /datatype/],
    ['without a shape', () => parse({ inputs: [{ ...amount, shape: undefined }] }), /needs a 'shape'/],
    [
      'with a negative dimension',
      () => parse({ inputs: [{ ...amount, shape: [-1, 1] }] }),
      /whole numbers of 0 or more/,
    ],
    ['with half a dimension', () => parse({ inputs: [{ ...amount, shape: [1.5] }] }), /whole numbers/],
    ['with a dimension as text', () => parse({ inputs: [{ ...amount, shape: ['2'] }] }), /is not a dimension/],
    ['with a dimension past 2^31', () => parse({ inputs: [{ ...amount, shape: [2 ** 32, 0] }] }), /is not a dimension/],
    [
      'with a product that overflows',
      () => parse({ inputs: [{ ...amount, shape: [65536, 65536, 65536, 65536] }] }),
      /more than/,
    ],
    ['with 17 dimensions', () => parse({ inputs: [{ ...amount, shape: new Array(17).fill(1) }] }), /at most 16/],
    ['with neither data nor size', () => parse({ inputs: [{ ...amount, data: undefined }] }), /neither 'data' nor/],
    ['with both', () => parse({ inputs: [{ ...binary(4), data: [1] }] }, four), /both/],
    ['with a size that is text', () => parse({ inputs: [binary('4')] }, four), /whole number of bytes/],
    ['with a size below zero', () => parse({ inputs: [binary(-4)] }, four), /whole number of bytes/],
    ['with a size beyond the body', () => parse({ inputs: [binary(8)] }, four), /4 bytes are left/],
    ['with a size that the shape denies', () => parse({ inputs: [binary(3)] }, Buffer.alloc(3)), /needs 4 bytes/],
    ['with bytes left over', () => parse({ inputs: [binary(4)] }, Buffer.alloc(5)), /1 bytes follow the last/],
    [
      'with a header beyond the body',
      () => parseInferRequest(Buffer.from('{}'), 3),
      /is 3, but the body has only 2 bytes/,
    ],
    ['that is a list', () => parse([]), /must be a JSON object/],
    [
      'with parameters that are no object',
      () => parse({ inputs: [amount], parameters: [] }),
      /'parameters' must be an object/,
    ],
    [
      'with a timeout as text',
      () => parse({ inputs: [amount], parameters: { timeout: '5' } }),
      /whole number of microseconds/,
    ],
    ['with a timeout of two hours', () => parse({ inputs: [amount], parameters: { timeout: 7.2e9 } }), /an hour/],
    ['with an id that is a number', () => parse({ id: 7, inputs: [amount] }), /'id' must be a string/],
    ['with outputs that are no list', () => parse({ inputs: [amount], outputs: {} }), /'outputs' must be a list/],
    [
      'with an output asked for twice',
      () => parse({ inputs: [amount], outputs: [{ name: 's' }, { name: 's' }] }),
      /twice/,
    ],
    [
      'with binary_data as text',
      () => parse({ inputs: [amount], outputs: [{ name: 's', parameters: { binary_data: 'yes' } }] }),
      /true or false/,
    ],
    [
      'with BYTES cut short',
      () => parse({ inputs: [{ ...binary(6), datatype: 'BYTES' }] }, Buffer.from([9, 0, 0, 0, 1, 2])),
      /length-prefixed/,
    ],
  ])('%s is INVALID_ARGUMENT', (_, call, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it.each<[string, unknown]>([
    ['sequences', { inputs: [amount], parameters: { sequence_id: 'abc' } }],
    ['shared memory for inputs', { inputs: [{ ...amount, parameters: { shared_memory_region: 'r' } }] }],
    [
      'shared memory for outputs',
      { inputs: [amount], outputs: [{ name: 's', parameters: { shared_memory_region: 'r' } }] },
    ],
    ['classification', { inputs: [amount], outputs: [{ name: 's', parameters: { classification: 2 } }] }],
  ])('with %s is UNIMPLEMENTED', (_, json) => {
    expect(() => parse(json)).toThrow(expect.objectContaining({ code: 'UNIMPLEMENTED' }));
  });

  it('of random JSON or bytes is refused with a ServingError, never otherwise', () => {
    const field = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('FP32', 'BYTES', [1], [2, 1], -1, { binary_data_size: 4 }),
    );
    const input = fc.dictionary(fc.constantFrom('name', 'shape', 'datatype', 'data', 'parameters'), field);
    const request = fc.record(
      { inputs: fc.array(fc.oneof(input, field)), outputs: field, parameters: field, id: field },
      { requiredKeys: [] },
    );
    const header = fc.option(fc.nat(400), { nil: undefined });
    fc.assert(
      fc.property(
        fc.oneof(request, fc.jsonValue()),
        fc.uint8Array({ maxLength: 40 }),
        header,
        (json, tail, jsonBytes) => {
          try {
            parseInferRequest(Buffer.concat([Buffer.from(JSON.stringify(json)), tail]), jsonBytes);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ServingError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a raw request', () => {
  it('fills the only input, its rows following from the length', () => {
    const request = parseRawRequest(Buffer.alloc(24), gateway.describe('echo_FP32'));
    expect(request.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [3, 2], data: Buffer.alloc(24) }]);
    expect(request.binaryByDefault).toBe(true);
  });

  it('of BYTES is one element', () => {
    const model = {
      ...gateway.describe('echo_BYTES'),
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [-1, 1] }],
    } as const;
    const [tensor] = parseRawRequest(Buffer.from('u42'), model).inputs;
    expect(tensor?.shape).toEqual([1, 1]);
    expect(Buffer.from(bytesElements(tensor!.data)[0]!).toString()).toBe('u42');
  });

  it.each<[string, number, string, RegExp]>([
    ['for a model of several inputs', 4, 'fraud', /needs a model of one input; 'fraud' has 3/],
    ['that fills no whole row', 12, 'echo_FP32', /12 bytes does not fill 'x' of shape \[-1,2\]/],
    ['for a model with two free dimensions', 8, 'wide', /does not fill/],
    ['of BYTES for more than one element', 8, 'echo_BYTES', /length-prefixed/],
  ])('%s is refused', (_, bytes, model, message) => {
    expect(() => parseRawRequest(Buffer.alloc(bytes), gateway.describe(model))).toThrow(message);
  });
});

describe('an infer answer', () => {
  it('says in its parameters how fresh the features were, over all rows: the least sequence, the greatest age', () => {
    const of = (features: PredictResult['features']) => {
      const answer = encodeInferReply(parse({ inputs: [amount] }), { ...result([]), features });
      return (JSON.parse(answer.body as string) as { parameters?: object }).parameters;
    };
    const none = { ageMs: null, defaulted: ['p.a', 'p.b'], expired: ['p.b'] };
    const first = { appliedSeq: 7, everywhereSeq: 9, asOfMs: 1_000, ...none };
    const second = {
      appliedSeq: 5,
      everywhereSeq: 8,
      asOfMs: 1_002,
      ageMs: 12,
      defaulted: ['p.a', 's.c'],
      expired: [],
    };
    expect(of([first])).toEqual({
      applied_seq: 7,
      as_of_ms: 1_000,
      everywhere_seq: 9,
      defaulted: 'p.a,p.b',
      expired: 'p.b',
    });
    const both = { applied_seq: 5, as_of_ms: 1_000, everywhere_seq: 8, age_ms: 12, defaulted: 'p.a,p.b,s.c' };
    expect(of([first, second])).toEqual({ ...both, expired: 'p.b' });
    expect(of([{ ...second, everywhereSeq: null, defaulted: [] }])).toEqual({
      applied_seq: 5,
      as_of_ms: 1_002,
      age_ms: 12,
    });
    expect(of([])).toBeUndefined();
  });

  const outputs = [fp32('sum', [2], [3, 5.5]), fp32('pair', [1, 2], [1, 2])];

  it('has every output as JSON when none was asked for', () => {
    const { body, jsonBytes } = encodeInferReply(parse({ id: 'r1', inputs: [amount] }), result(outputs));
    expect(jsonBytes).toBeUndefined();
    expect(JSON.parse(body as string)).toEqual({
      model_name: 'add',
      model_version: '2',
      id: 'r1',
      outputs: [
        { name: 'sum', datatype: 'FP32', shape: [2], data: [3, 5.5] },
        { name: 'pair', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
      ],
    });
  });

  it('has the outputs in the order asked for, binary ones after the JSON', () => {
    const asked = [{ name: 'pair', parameters: { binary_data: true } }, { name: 'sum' }];
    const { body, jsonBytes } = encodeInferReply(parse({ inputs: [amount], outputs: asked }), result(outputs));
    const bytes = body as Buffer;
    expect(JSON.parse(bytes.toString('utf8', 0, jsonBytes)).outputs).toEqual([
      { name: 'pair', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
      { name: 'sum', datatype: 'FP32', shape: [2], data: [3, 5.5] },
    ]);
    expect(bytes.subarray(jsonBytes)).toEqual(Buffer.from(outputs[1]!.data));
  });

  it('names the outputs there are when another is asked for', () => {
    const request = parse({ inputs: [amount], outputs: [{ name: 'total' }] });
    expect(() => encodeInferReply(request, result(outputs))).toThrow(/no output "total"; it has sum, pair/);
  });

  it('refuses FP16 as JSON and sends it as binary', () => {
    const half: Tensor = { name: 'h', datatype: 'FP16', shape: [1], data: Uint8Array.of(0, 0x3c) };
    expect(() => encodeInferReply(parse({ inputs: [amount] }), result([half]))).toThrow(/must travel as binary/);
    const asked = parse({ inputs: [amount], parameters: { binary_data_output: true } });
    expect((encodeInferReply(asked, result([half])).body as Buffer).subarray(-2)).toEqual(Buffer.of(0, 0x3c));
  });

  it('is valid JSON whatever the caller’s id holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }), (id) => {
        const { body } = encodeInferReply(parse({ id, inputs: [amount] }), result(outputs));
        expect(JSON.parse(body as string).id).toBe(id);
      }),
    );
  });
});
