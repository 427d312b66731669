/** Requests that are wrong in one way each, with the code and the words that whoever sent them must get back. */
import type { Tensor } from '../../proto/tensor.ts';
import { golden, tensorsOf } from './golden.ts';

const { request } = golden.rows[0]!;

/** A request for people with some of it replaced; undefined takes a field away. */
export function person(
  changes: Record<string, unknown>,
  inputs: Record<string, unknown> = {},
): Record<string, unknown> {
  return { ...request, inputs: { ...request.inputs, ...inputs }, ...changes };
}

const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
export const long = 'k'.repeat(513);

type Case = readonly [what: string, body: unknown, code: string, words: string];

/** The same bodies go to both edges, which share one form. */
export const personCases: readonly Case[] = [
  ['no entity', person({ user_id: undefined }), 'INVALID_ARGUMENT', "'user_id' is missing"],
  ['an empty key', person({ user_id: '' }), 'INVALID_ARGUMENT', 'user_id must not be empty'],
  ['a key over 512 bytes', person({ user_id: long }), 'INVALID_ARGUMENT', '513 bytes; at most 512'],
  ['a key over 512 bytes in UTF-8', person({ user_id: 'é'.repeat(300) }), 'INVALID_ARGUMENT', '600 bytes'],
  ['a key that is a number', person({ user_id: 17 }), 'INVALID_ARGUMENT', "'user_id' must be a string"],
  [
    'a key that is half a character',
    `{"user_id":"\\ud800","inputs":${JSON.stringify(request.inputs)}}`,
    'INVALID_ARGUMENT',
    'surrogate',
  ],
  ['an empty key of the other entity', person({}, { merchant_id: '' }), 'INVALID_ARGUMENT', 'merchant_id'],
  ['no rows', person({ user_id: [] }), 'INVALID_ARGUMENT', 'no rows'],
  ['a missing input', person({}, { amount: undefined }), 'INVALID_ARGUMENT', 'inputs.amount (FP32) is missing'],
  ['an input that the model has not', person({}, { colour: 1 }), 'INVALID_ARGUMENT', 'colour'],
  ['a field that is unknown', person({ inputz: {} }), 'INVALID_ARGUMENT', 'inputz'],
  ['text for a number', person({}, { amount: 'much' }), 'INVALID_ARGUMENT', 'inputs.amount'],
  ['null for a number', person({}, { amount: null }), 'INVALID_ARGUMENT', 'inputs.amount'],
  ['a list for a single value', person({}, { amount: [1, 2] }), 'INVALID_ARGUMENT', 'inputs.amount'],
  ['lists of different lengths', person({ user_id: ['a', 'b'] }), 'INVALID_ARGUMENT', 'must be a list of 2'],
  ['a number beyond FP32', person({}, { amount: 1e39 }), 'INVALID_ARGUMENT', 'amount'],
  ['NaN, which is no JSON', '{"user_id":"u","inputs":{"amount":NaN}}', 'INVALID_ARGUMENT', 'JSON'],
  ['a deadline of no time', person({ timeout_ms: 0 }), 'INVALID_ARGUMENT', 'timeout_ms'],
  ['a deadline of text', person({ timeout_ms: '1s' }), 'INVALID_ARGUMENT', 'timeout_ms'],
  ['a request id with spaces', person({ request_id: 'a b' }), 'INVALID_ARGUMENT', 'request_id'],
  ['inputs that are a list', person({ inputs: [] }), 'INVALID_ARGUMENT', "'inputs' must be an object"],
  ['a body that is a list', '[]', 'INVALID_ARGUMENT', 'object'],
  ['a body cut off', '{"user_id":"u4', 'INVALID_ARGUMENT', 'JSON'],
  ['an empty body', '', 'INVALID_ARGUMENT', ''],
  [
    'a body that is not UTF-8',
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    'INVALID_ARGUMENT',
    'UTF-8',
  ],
  ['a body nested 50,000 deep', `{"user_id":"u","inputs":${deep}}`, 'INVALID_ARGUMENT', ''],
  [
    'keys that reach for the prototype',
    '{"user_id":"u","__proto__":{"x":1},"inputs":{"__proto__":1}}',
    'INVALID_ARGUMENT',
    '',
  ],
];

/** Tensors of a sound request with one of them changed, left out (null) or added. */
function tensorsWith(name: string, change: Partial<Tensor> | null): Tensor[] {
  const sound = tensorsOf([request]);
  if (change === null) return sound.filter((tensor) => tensor.name !== name);
  if (!sound.some((tensor) => tensor.name === name)) return [...sound, { ...sound.at(-1)!, ...change, name }];
  return sound.map((tensor) => (tensor.name === name ? { ...tensor, ...change } : tensor));
}

const float = (value: number) => new Uint8Array(Float32Array.of(value).buffer);
const keyed = (bytes: number[]) => Uint8Array.of(bytes.length, 0, 0, 0, ...bytes);

type TensorCase = readonly [what: string, tensors: () => Tensor[], words: string];
export const tensorCases: readonly TensorCase[] = [
  ['a missing input', () => tensorsWith('amount', null), 'amount'],
  ['a missing key', () => tensorsWith('user_id', null), 'user_id'],
  ['an input too many', () => tensorsWith('colour', {}), 'colour'],
  ['an input given twice', () => [...tensorsOf([request]), tensorsOf([request]).at(-1)!], 'new_device'],
  ['the wrong datatype', () => tensorsWith('amount', { datatype: 'INT32' }), 'must be FP32, got INT32'],
  [
    'a key that is no BYTES',
    () => tensorsWith('user_id', { datatype: 'UINT8', shape: [1, 1], data: Uint8Array.of(7) }),
    'must be BYTES',
  ],
  ['one row too many in one input', () => tensorsWith('amount', { shape: [2, 1], data: new Uint8Array(8) }), 'rows'],
  ['two columns', () => tensorsWith('amount', { shape: [1, 2], data: new Uint8Array(8) }), 'shape'],
  ['a dimension too many', () => tensorsWith('amount', { shape: [1, 1, 1], data: new Uint8Array(4) }), 'shape'],
  [
    'no rows at all',
    () => tensorsOf([request]).map((one) => ({ ...one, shape: [0, 1], data: new Uint8Array(0) })),
    'at least one row',
  ],
  ['NaN', () => tensorsWith('amount', { data: float(Number.NaN) }), 'not finite'],
  ['an infinity', () => tensorsWith('hour', { data: float(Number.POSITIVE_INFINITY) }), 'not finite'],
  ['minus infinity', () => tensorsWith('new_device', { data: float(Number.NEGATIVE_INFINITY) }), 'not finite'],
  ['an empty key', () => tensorsWith('user_id', { data: keyed([]) }), 'must not be empty'],
  ['a key that is not UTF-8', () => tensorsWith('user_id', { data: keyed([0xc3, 0x28]) }), 'not valid UTF-8'],
  [
    'another entity’s key that is not UTF-8',
    () => tensorsWith('merchant_id', { data: keyed([0xff]) }),
    'not valid UTF-8',
  ],
  [
    'a key of 513 bytes',
    () => tensorsWith('user_id', { data: Uint8Array.of(1, 2, 0, 0, ...new Uint8Array(513).fill(97)) }),
    'at most 512',
  ],
];
/** What the binary form itself cannot express in a well-formed JSON part. */
export const brokenTensorCases: readonly TensorCase[] = [
  ['too few bytes', () => tensorsWith('amount', { data: new Uint8Array(3) }), 'amount'],
  ['too many bytes', () => tensorsWith('amount', { data: new Uint8Array(5) }), 'amount'],
  ['no bytes', () => tensorsWith('amount', { data: new Uint8Array(0) }), 'amount'],
  [
    'a length prefix that points past the end',
    () => tensorsWith('user_id', { data: Uint8Array.of(200, 0, 0, 0, 97) }),
    'user_id',
  ],
  [
    'a length prefix of four gigabytes',
    () => tensorsWith('user_id', { data: Uint8Array.of(255, 255, 255, 255, 97) }),
    'user_id',
  ],
  ['half a length prefix', () => tensorsWith('user_id', { data: Uint8Array.of(1, 0) }), 'user_id'],
];
