import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainJson, textCellJson, valueJson } from '../../../../cli/row-files/cell-json.ts';

describe('a cell of text', () => {
  it.each([
    ['float32', '1.5', '1.5'],
    ['float32', ' .5 ', '0.5'],
    ['float32', '+2.', '2'],
    ['float32', '007', '7'],
    ['float32', '-1e-3', '-1e-3'],
    ['float32', 'nan', '"nan"'],
    ['float32', '0x10', '"0x10"'],
    ['float32', '1,5', '"1,5"'],
    ['int64', '9223372036854775807', '9223372036854775807'],
    ['int64', '3.0', '3'],
    ['int64', '3.5', '3.5'],
    ['bool', 'TRUE', 'true'],
    ['bool', '0', 'false'],
    ['bool', 'maybe', '"maybe"'],
    ['string', '12', '"12"'],
    ['string', 'say "hi"', '"say \\"hi\\""'],
    ['vector', '[1, 2.5,\n3]', '[1, 2.5, 3]'],
    ['vector', '[1, 2', '"[1, 2"'],
    ['key', '42', '"42"'],
    ['time', '1760000000000', '1760000000000'],
    ['time', '2026-02-28T13:45:00Z', '"2026-02-28T13:45:00Z"'],
  ])('for %s: %s is %s', (type, text, json) => {
    expect(textCellJson(type, text)).toBe(json);
    expect(() => JSON.parse(json)).not.toThrow();
  });

  it('says nothing where it is empty', () => {
    for (const type of ['float32', 'int64', 'bool', 'string', 'key', 'time']) expect(textCellJson(type, '')).toBeNull();
  });

  it('is JSON on one line, whatever stands in it', () => {
    const types = fc.constantFrom('float32', 'int64', 'bool', 'string', 'vector', 'key', 'time', 'something new');
    fc.assert(
      fc.property(types, fc.string({ unit: 'grapheme' }), (type, text) => {
        const json = textCellJson(type, text);
        if (json === null) return;
        expect(() => JSON.parse(json)).not.toThrow();
        expect(json).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('keeps the value of every number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(JSON.parse(textCellJson('float32', String(value))!)).toBe(Number(String(value)));
        expect(JSON.parse(valueJson('float32', value)!)).toBe(value);
      }),
    );
  });
});

describe('a value', () => {
  it.each([
    ['float32', 1.5, '1.5'],
    ['float32', Number.NaN, '"NaN"'],
    ['int64', 2n ** 63n - 1n, '9223372036854775807'],
    ['bool', 1, 'true'],
    ['bool', 0n, 'false'],
    ['bool', 2, '2'],
    ['key', 42n, '"42"'],
    ['key', 'u1', '"u1"'],
    ['vector', [1, 2.5], '[1,2.5]'],
    ['vector', new Float32Array([1, 0.5]), '[1,0.5]'],
    ['vector', [1, null], '[1,null]'],
  ])('for %s: %s is %s', (type, value, json) => {
    expect(valueJson(type, value)).toBe(json);
  });

  it('that is not there is nothing', () => {
    expect(valueJson('float32', null)).toBeNull();
    expect(valueJson('float32', undefined)).toBeNull();
  });

  it('that JSON knows is read back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(plainJson(value)!)).toEqual(value);
      }),
    );
  });
});
