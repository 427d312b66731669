/** The short JSON form: how people's values become tensors, and tensors people's values. */
import { describe, expect, it } from 'vitest';
import { parsePersonRequest, personReplyJson } from '../../../../actors/edge/person-api.ts';
import type { ModelDescription, PredictResult } from '../../../../actors/router/gateway-port.ts';
import { bytesElements, type Tensor } from '../../../../proto/tensor.ts';
import { FakeGateway, fp32, fp32Values } from '../../../support/fake-gateway.ts';

const gateway = new FakeGateway();
const fraud = gateway.describe('fraud');
const add = gateway.describe('add');
const wide = gateway.describe('wide');
/** An entity's key and a row of three numbers. */
const ranked: ModelDescription = {
  ...fraud,
  name: 'ranked',
  inputs: [
    { name: 'session', datatype: 'BYTES', shape: [-1] },
    { name: 'vector', datatype: 'FP32', shape: [-1, 3] },
  ],
  entityInput: 'session',
};

function texts(tensor: Tensor | undefined): string[] {
  return bytesElements(tensor!.data).map((element) => Buffer.from(element).toString());
}

describe('a predict request for people', () => {
  it('with one key is a single row', () => {
    const body = { user_id: 'u42', inputs: { merchant_id: 'm7', amount: 12.5 }, timeout_ms: 50, request_id: 'r-1' };
    const request = parsePersonRequest(body, fraud);
    expect(request).toMatchObject({ rows: 1, single: true, timeoutMs: 50, requestId: 'r-1' });
    expect(request.inputs.map((tensor) => [tensor.name, tensor.shape])).toEqual([
      ['user_id', [1, 1]],
      ['merchant_id', [1, 1]],
      ['amount', [1, 1]],
    ]);
    expect(texts(request.inputs[0])).toEqual(['u42']);
    expect(fp32Values(request.inputs[2]!)).toEqual([12.5]);
  });

  it('with a list of keys has a row for each, in order', () => {
    const body = { user_id: ['u1', 'u2'], inputs: { merchant_id: ['a', 'b'], amount: [1, 2] } };
    const request = parsePersonRequest(body, fraud);
    expect(request).toMatchObject({ rows: 2, single: false });
    expect(texts(request.inputs[1])).toEqual(['a', 'b']);
    expect(request.inputs[2]?.shape).toEqual([2, 1]);
  });

  it('takes the key under the name the model gives it, and wider rows as lists', () => {
    const one = parsePersonRequest({ session: 's', inputs: { vector: [1, 2, 3] } }, ranked);
    expect(one.inputs.map((tensor) => tensor.shape)).toEqual([[1], [1, 3]]);
    const two = parsePersonRequest(
      {
        session: ['s', 't'],
        inputs: {
          vector: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
      },
      ranked,
    );
    expect(fp32Values(two.inputs[1]!)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('of a model without features has as many rows as its first input', () => {
    expect(parsePersonRequest({ inputs: { a: 1, b: 2 } }, add)).toMatchObject({ rows: 1, single: true });
    expect(parsePersonRequest({ inputs: { a: [1, 2], b: [3, 4] } }, add)).toMatchObject({ rows: 2, single: false });
    expect(parsePersonRequest({ inputs: { a: [[1], [2]], b: [3, 4] } }, add).inputs[0]?.shape).toEqual([2, 1]);
  });

  it('gives free dimensions the size of the first row', () => {
    const rows = [[[1, 2]], [[3, 4]]];
    expect(parsePersonRequest({ inputs: { x: rows[0] } }, wide)).toMatchObject({ single: true });
    expect(parsePersonRequest({ inputs: { x: rows[0] } }, wide).inputs[0]?.shape).toEqual([1, 1, 2]);
    expect(parsePersonRequest({ inputs: { x: rows } }, wide).inputs[0]?.shape).toEqual([2, 1, 2]);
  });

  const inputs = { merchant_id: 'm', amount: 1 };
  it.each<[string, ModelDescription, Record<string, unknown>, string]>([
    ['without the key', fraud, { inputs }, "'user_id' is missing"],
    ['with a key that is a number', fraud, { user_id: 7, inputs }, "'user_id' must be a string or a list"],
    [
      'with a key in the list that is a number',
      fraud,
      { user_id: ['u', 7], inputs: { merchant_id: ['a', 'b'], amount: [1, 2] } },
      "'user_id'[1] must be a string, got 7",
    ],
    ['with no keys', fraud, { user_id: [], inputs: { merchant_id: [], amount: [] } }, 'no rows'],
    [
      'with more rows than the model takes',
      fraud,
      { user_id: new Array(65).fill('u'), inputs },
      "65 rows; model 'fraud' takes at most 64",
    ],
    [
      'with the key among the inputs',
      fraud,
      { user_id: 'u', inputs: { ...inputs, user_id: 'u' } },
      "'user_id' belongs beside 'inputs', not in it",
    ],
    [
      'with an input beside the key',
      fraud,
      { user_id: 'u', merchant_id: 'm', inputs: { amount: 1 } },
      "'merchant_id' belongs in 'inputs'",
    ],
    [
      'with an unknown field',
      fraud,
      { user_id: 'u', input: {} },
      "unknown field \"input\"; there are 'user_id', 'inputs'",
    ],
    [
      'with an unknown input',
      fraud,
      { user_id: 'u', inputs: { ...inputs, colour: 'red' } },
      'no input "colour"; it has merchant_id, amount',
    ],
    ['with an input missing', fraud, { user_id: 'u', inputs: { amount: 1 } }, 'inputs.merchant_id (BYTES) is missing'],
    ['without inputs', fraud, { user_id: 'u' }, 'inputs.merchant_id (BYTES) is missing'],
    ['with inputs that are a list', fraud, { user_id: 'u', inputs: [1] }, "'inputs' must be an object"],
    [
      'with text for a number',
      fraud,
      { user_id: 'u', inputs: { ...inputs, amount: '12' } },
      'inputs.amount must be a number',
    ],
    [
      'with a number for text',
      fraud,
      { user_id: 'u', inputs: { ...inputs, merchant_id: 7 } },
      'inputs.merchant_id must be a string, got 7',
    ],
    ['with null', fraud, { user_id: 'u', inputs: { ...inputs, amount: null } }, 'inputs.amount must be a number'],
    [
      'with too few values for its keys',
      fraud,
      { user_id: ['u', 'v'], inputs: { merchant_id: ['a', 'b'], amount: [1] } },
      'inputs.amount must be a list of 2, one entry a row, got a list of 1',
    ],
    [
      'with one value for several keys',
      fraud,
      { user_id: ['u', 'v'], inputs: { merchant_id: ['a', 'b'], amount: 1 } },
      'inputs.amount must be a list of 2, one entry a row, got 1',
    ],
    [
      'with a bad value in a row',
      fraud,
      { user_id: ['u', 'v'], inputs: { merchant_id: ['a', 'b'], amount: [1, {}] } },
      'inputs.amount[1] must be a number',
    ],
    [
      'with a row too short',
      ranked,
      { session: 's', inputs: { vector: [1, 2] } },
      'inputs.vector has 2 values; shape [1,3] needs 3',
    ],
    [
      'with a number for a row',
      ranked,
      { session: 's', inputs: { vector: 1 } },
      'inputs.vector must hold a list a row, of shape [3]',
    ],
    [
      'with rows of different widths',
      wide,
      {
        inputs: {
          x: [
            [[1, 2]],
            [
              [1, 2],
              [3, 4],
            ],
          ],
        },
      },
      'inputs.x[1] has 2 values; shape [2,1,2] needs 1',
    ],
    [
      'with a deadline of zero',
      fraud,
      { user_id: 'u', inputs, timeout_ms: 0 },
      "'timeout_ms' must be a number of milliseconds over 0",
    ],
    [
      'with a request id that breaks lines',
      fraud,
      { user_id: 'u', inputs, request_id: 'a\r\nb' },
      "'request_id' must be 1 to 128 printable",
    ],
  ])('%s is refused', (_, model, body, message) => {
    expect(() => parsePersonRequest(body, model)).toThrow(message);
  });
});

describe('the answer for people', () => {
  const fresh = {
    appliedSeq: 88,
    everywhereSeq: 91,
    asOfMs: 1_700_000_000_000,
    ageMs: 12,
    defaulted: ['user_profile.age', 'user_profile.old'],
    expired: ['user_profile.old'],
  };
  function answer(outputs: readonly Tensor[], features: PredictResult['features']): PredictResult {
    const timingsUs = { total: 900, shard: 100, queue: 200, run: 300, batchRows: 4 };
    return {
      requestId: 'r-1',
      traceId: 'ab'.repeat(16),
      spanId: 'b7ad6b7169203331',
      sampled: false,
      model: { name: 'm', version: '3' },
      outputs,
      features,
      timingsUs,
    };
  }

  it('for a single row is bare', () => {
    const outputs = [fp32('score', [1, 1], [0.12]), fp32('pair', [1, 2], [1, 2]), fp32('flat', [1], [7])];
    expect(JSON.parse(personReplyJson(true, 1, answer(outputs, [fresh])))).toEqual({
      outputs: { score: 0.12, pair: [1, 2], flat: 7 },
      model: { name: 'm', version: '3' },
      features: {
        applied_seq: 88,
        everywhere_seq: 91,
        as_of_ms: 1_700_000_000_000,
        age_ms: 12,
        defaulted: ['user_profile.age', 'user_profile.old'],
        expired: ['user_profile.old'],
      },
      request_id: 'r-1',
      trace_id: 'ab'.repeat(16),
      timings_us: { total: 900, shard: 100, queue: 200, run: 300, batch_rows: 4 },
    });
  });

  it('for several rows is lists, in order, also when there is one', () => {
    const outputs = [fp32('score', [2, 1], [0.5, 0.25]), fp32('pair', [2, 2], [1, 2, 3, 4])];
    const reply = JSON.parse(personReplyJson(false, 2, answer(outputs, [fresh, { ...fresh, ageMs: null }])));
    expect(reply.outputs).toEqual({
      score: [0.5, 0.25],
      pair: [
        [1, 2],
        [3, 4],
      ],
    });
    expect(reply.features.map((row: { age_ms: number | null }) => row.age_ms)).toEqual([12, null]);
    expect(JSON.parse(personReplyJson(false, 1, answer([fp32('s', [1, 1], [1])], [fresh]))).outputs).toEqual({
      s: [1],
    });
  });

  it('of a model without features says nothing about them', () => {
    expect(JSON.parse(personReplyJson(true, 1, answer([], [])))).not.toHaveProperty('features');
  });

  it('gives an output that is not one entry a row as it is', () => {
    const reply = JSON.parse(personReplyJson(false, 3, answer([fp32('matrix', [2, 2], [1, 2, 3, 4])], [])));
    expect(reply.outputs.matrix).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('says NaN and infinities as strings, since JSON has no numbers for them', () => {
    const output = fp32('score', [2], [Number.NaN, Number.NEGATIVE_INFINITY]);
    expect(JSON.parse(personReplyJson(false, 2, answer([output], []))).outputs).toEqual({
      score: ['NaN', '-Infinity'],
    });
  });
});
