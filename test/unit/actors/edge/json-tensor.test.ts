/** JSON ↔ tensor data: every datatype exact both ways, everything inexact refused at its place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorFromJson } from '../../../../actors/edge/json-tensor.ts';
import { parseJson } from '../../../../actors/edge/json-text.ts';
import { elementTexts, flatJson, nestedJson } from '../../../../actors/edge/tensor-json.ts';
import { checkByteLength, type DataType, elementCount, packBytes, type Tensor } from '../../../../proto/tensor.ts';

const place = "input 'x': data";

function viaJson(datatype: DataType, shape: readonly number[], json: string): Tensor {
  return tensorFromJson('x', datatype, shape, parseJson(Buffer.from(json), 'the body'), place);
}

/** Little-endian bytes of 64-bit patterns, so that every bit pattern of a datatype is tried. */
function tensorOf(datatype: DataType, width: number, shape: readonly number[], patterns: readonly bigint[]): Tensor {
  const data = Buffer.alloc(patterns.length * width);
  patterns.forEach((pattern, i) => {
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64LE(BigInt.asUintN(64, pattern));
    eight.copy(data, i * width, 0, width);
  });
  return { name: 'x', datatype, shape, data };
}

const FIXED: readonly (readonly [DataType, number])[] = [
  ['UINT8', 1],
  ['UINT16', 2],
  ['UINT32', 4],
  ['UINT64', 8],
  ['INT8', 1],
  ['INT16', 2],
  ['INT32', 4],
  ['INT64', 8],
  ['FP32', 4],
  ['FP64', 8],
];

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });

/** The one loss allowed: NaN has many bit patterns and JSON one name for them. */
function canonical(tensor: Tensor): string {
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  if (tensor.datatype === 'FP32') {
    for (let i = 0; i < tensor.data.byteLength; i += 4) {
      if (Number.isNaN(view.getFloat32(i, true))) view.setFloat32(i, Number.NaN, true);
    }
  } else if (tensor.datatype === 'FP64') {
    for (let i = 0; i < tensor.data.byteLength; i += 8) {
      if (Number.isNaN(view.getFloat64(i, true))) view.setFloat64(i, Number.NaN, true);
    }
  }
  return Buffer.from(tensor.data).toString('hex');
}

describe('tensor data through JSON and back', () => {
  it.each(FIXED)('keeps every bit pattern of %s, flat and nested', (datatype, width) => {
    fc.assert(
      fc.property(
        shapes.chain((shape) => {
          const count = elementCount(shape);
          const pattern = fc.oneof(
            fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
            fc.constantFrom(0n, 1n << 63n, (1n << 53n) + 1n),
          );
          return fc.tuple(fc.constant(shape), fc.array(pattern, { minLength: count, maxLength: count }));
        }),
        ([shape, patterns]) => {
          const tensor = tensorOf(datatype, width, shape, patterns);
          const flat = viaJson(datatype, shape, flatJson(tensor));
          const nested = viaJson(datatype, shape, nestedJson(elementTexts(tensor), shape));
          checkByteLength(flat);
          expect(canonical(flat)).toBe(canonical(tensor));
          expect(canonical(nested)).toBe(canonical(tensor));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps BOOL', () => {
    const tensor: Tensor = { name: 'x', datatype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) };
    expect(flatJson(tensor)).toBe('[true,false,true]');
    expect(Buffer.from(viaJson('BOOL', [3], '[true,false,true]').data)).toEqual(Buffer.of(1, 0, 1));
  });

  it('keeps every text as BYTES', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 6 }), (texts) => {
        const data = packBytes(texts.map((text) => Buffer.from(text)));
        const tensor: Tensor = { name: 'x', datatype: 'BYTES', shape: [texts.length], data };
        const back = viaJson('BYTES', [texts.length], flatJson(tensor));
        checkByteLength(back);
        expect(Buffer.from(back.data).equals(Buffer.from(data))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('writes FP32 with the fewest digits that read back as the same FP32', () => {
    const data = Buffer.alloc(12);
    data.writeFloatLE(0.12, 0);
    data.writeFloatLE(16_777_217.5, 4);
    data.writeFloatLE(1e-45, 8);
    expect(flatJson({ name: 'x', datatype: 'FP32', shape: [3], data })).toBe('[0.12,16777218,1.4013e-45]');
  });

  it('reads FP16 for answers: normal, subnormal, infinite, not a number', () => {
    const data = Buffer.alloc(12);
    [0x3c00, 0xc100, 0x0001, 0x7c00, 0xfc00, 0x7e00].forEach((bits, i) => void data.writeUInt16LE(bits, i * 2));
    const texts = elementTexts({ name: 'x', datatype: 'FP16', shape: [6], data });
    expect(texts).toEqual(['1', '-2.5', String(2 ** -24), '"Infinity"', '"-Infinity"', '"NaN"']);
  });

  it('refuses to write BYTES that are not UTF-8 as text', () => {
    const data = packBytes([Uint8Array.of(0xff, 0xfe)]);
    expect(() => flatJson({ name: 'y', datatype: 'BYTES', shape: [1], data })).toThrow(/not UTF-8.*binary_data/);
  });
});

describe('JSON that does not fit the datatype', () => {
  it.each<[DataType, string, RegExp]>([
    ['UINT8', '[256]', /data\[0\] must be a whole number from 0 to 255, got 256/],
    ['INT8', '[0,-129]', /data\[1\].*-128 to 127/],
    ['INT32', '[1.5]', /whole number/],
    ['INT32', '["1"]', /got "1"/],
    ['UINT32', '[12345678901234567890]', /got 12345678901234567890/],
    ['INT64', '[9223372036854775808]', /to 9223372036854775807/],
    ['INT64', '[9.3e18]', /without fraction or exponent/],
    ['UINT64', '[-1]', /from 0/],
    ['UINT64', '["18446744073709551616"]', /to 18446744073709551615/],
    ['FP32', '[3.5e38]', /within .*FP32/],
    ['FP32', '["nan"]', /must be a number, or "NaN"/],
    ['FP32', '[null]', /got null/],
    ['FP64', '[1e400]', /within .*FP64/],
    ['BOOL', '[1]', /true or false, got 1/],
    ['BYTES', '[7]', /must be a string, got 7/],
    ['BYTES', '["\\ud800"]', /surrogate/],
    ['FP16', '[1]', /FP16 has no JSON form; send it as a binary tensor/],
  ])('%s %s is refused', (datatype, json, message) => {
    const count = (parseJson(Buffer.from(json), 'the body') as unknown[]).length;
    expect(() => viaJson(datatype, [count], json)).toThrow(message);
  });

  it('reads 64-bit numbers from digits and from strings exactly', () => {
    const data = viaJson('UINT64', [3], '[18446744073709551615,"18446744073709551615",9007199254740993]').data;
    const view = Buffer.from(data);
    expect([0, 8, 16].map((at) => view.readBigUInt64LE(at))).toEqual([2n ** 64n - 1n, 2n ** 64n - 1n, 2n ** 53n + 1n]);
  });
});

describe('JSON that does not fit the shape', () => {
  it.each<[readonly number[], string, RegExp]>([
    [[2, 2], '[1,2,3]', /data has 3 values; shape \[2,2\] needs 4/],
    [[2, 2], '[[1,2],[3]]', /data\[1\] has 1 values; shape \[2,2\] needs 2 there/],
    [[2, 2], '[[1,2],[3,4],[5,6]]', /data has 3 values; shape \[2,2\] needs 2 there/],
    [[2, 2], '[[1,2],3]', /data\[1\] must be a list of 2/],
    [[2, 1, 2], '[[[1,2]],[[3,"x"]]]', /data\[1\]\[0\]\[1\] must be a number/],
    [[2, 2], '[[1,2],[3,[4]]]', /data\[1\]\[1\] must be a number.*got a list/],
    [[2_000_000_000], '[1]', /needs 2000000000/],
    [[40_000, 50_000], '[[1]]', /needs 40000 there/],
    [[1], '{"0":1}', /must be a list, got an object/],
  ])('shape %j with %s is refused at the exact place', (shape, json, message) => {
    expect(() => viaJson('FP32', shape, json)).toThrow(message);
  });

  it('takes flat data for any shape', () => {
    expect(viaJson('INT8', [2, 2], '[1,2,3,4]').data).toEqual(viaJson('INT8', [2, 2], '[[1,2],[3,4]]').data);
  });
});

describe('whole numbers', () => {
  const ranges: readonly (readonly [DataType, bigint, bigint])[] = [8, 16, 32, 64].flatMap(
    (bits): [DataType, bigint, bigint][] => {
      const half = 2n ** BigInt(bits - 1);
      return [
        [`INT${bits}` as DataType, -half, half - 1n],
        [`UINT${bits}` as DataType, 0n, 2n * half - 1n],
      ];
    },
  );

  it.each(ranges)('are taken for %s from %s to %s, and not one beyond: nothing wraps', (datatype, min, max) => {
    const read = (text: string) => elementTexts(viaJson(datatype, [1], `[${text}]`))[0];
    expect([read(`${min}`), read(`${max}`), read('3.0'), read('30e-1')]).toEqual([`${min}`, `${max}`, '3', '3']);
    for (const beyond of [min - 1n, max + 1n, max * 2n + 2n, 10n ** 25n]) {
      expect(() => read(`${beyond}`)).toThrow(new RegExp(`data\\[0\\] must be a whole number from ${min} to ${max}`));
    }
    for (const text of ['3.7', '-0.5', '0.1', '1e-7', '1e300', '9007199254740992.5', 'null', 'true', '"x"']) {
      expect(() => read(text)).toThrow(/data\[0\] must be a whole number/);
    }
  });

  it('and no other: a fraction is refused for every datatype of whole numbers, not cut off', () => {
    const fraction = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value));
    fc.assert(
      fc.property(fc.constantFrom(...ranges.map(([datatype]) => datatype)), fraction, (datatype, value) => {
        expect(() => viaJson(datatype, [1], `[${value}]`)).toThrow(/must be a whole number/);
      }),
    );
  });

  it('of 64 bits are kept to the last digit past 2^53, as a number or as text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.boolean(), (value, quoted) => {
        const text = quoted ? `"${value}"` : `${value}`;
        expect(elementTexts(viaJson('INT64', [1], `[${text}]`))).toEqual([`${value}`]);
      }),
    );
  });
});
