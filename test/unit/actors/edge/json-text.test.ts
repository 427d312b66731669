/** JSON from untrusted bytes: what is accepted is what JSON.parse gives, what is not has a position. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonFault } from '../../../../actors/edge/json-fault.ts';
import { parseJson, parseJsonObject } from '../../../../actors/edge/json-text.ts';

const parse = (text: string): unknown => parseJson(Buffer.from(text), 'the body');

const rounded = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

describe('a JSON body', () => {
  it('is read as JSON.parse reads it, but for rounding long whole numbers', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        fc.pre(!text.includes('__proto__'));
        expect(JSON.stringify(parse(text), rounded)).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps whole numbers beyond 2^53 exact, and leaves strings and other numbers alone', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.string(), (whole, text) => {
        const json = `{"é":[${whole}, {"s": ${JSON.stringify(`${text}${whole}`)}}, -0.12345678901234567890, ${whole}e0]}`;
        const back = parse(json) as { é: [number | bigint, { s: string }, number, number] };
        const safe = Number.isSafeInteger(Number(whole));
        expect(back.é[0]).toBe(safe ? Number(whole) : whole);
        expect(back.é[1].s).toBe(`${text}${whole}`);
        expect(back.é[2]).toBe(-0.12345678901234568);
        expect(back.é[3]).toBe(Number(whole));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['{"a": NaN}', 'line 1, column 7: NaN is not JSON; for FP32 and FP64 write "NaN" in quotes or send binary'],
    ['{"a": -Infinity}', 'column 7: -Infinity is not JSON'],
    ['{\n  "a": 1,\n}', 'line 3, column 1: "}" where a field\'s name in quotes must stand'],
    ['{"a" 1}', 'column 6: "1" where \':\' must stand'],
    ['[1 2]', "column 4: \"2\" where ',' or ']' must stand"],
    ['{"a": 1', "column 8: the text ends where ',' or '}' must stand"],
    ['[1] x', 'column 5: "x" after the end of the value'],
    ['["\n"]', 'column 3: a control character'],
    ['["\\x"]', 'column 3: an escape that JSON does not have'],
    ['[01234567890123456789]', "column 3: \"1\" where ',' or ']' must stand"],
    ["{'a': 1}", 'column 2: "\'" where a field'],
    ['', 'column 1: the text ends where a value must stand'],
  ])('%j is refused with the position', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('is refused exactly when JSON.parse refuses it, however one byte was changed', () => {
    const byte = fc.constantFrom(...'{}[]":,\\-+.eE019 tfnu\n');
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(), byte, (text, at, changed) => {
        const cut = at % (text.length + 1);
        const mutated = text.slice(0, cut) + changed + text.slice(cut + 1);
        let valid = true;
        try {
          JSON.parse(mutated);
        } catch {
          valid = false;
        }
        expect(findJsonFault(mutated) === null).toBe(valid);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused when nested deeper than 32, before it is parsed', () => {
    expect(parse('['.repeat(32) + ']'.repeat(32))).toBeDefined();
    expect(() => parse('['.repeat(33) + ']'.repeat(33))).toThrow(/deeper than 32 levels at byte 32/);
    expect(() => parse('{"a":'.repeat(2_000_000))).toThrow(/deeper than 32/);
    expect(parse(JSON.stringify({ text: '['.repeat(500) }))).toBeDefined();
  });

  it.each(['{"__proto__": {"admin": true}}', '{"a": [{"__proto__": 1}]}', '{"\\u005f_proto__": 1}'])(
    '%s is refused for its field name',
    (text) => {
      expect(() => parse(text)).toThrow(/__proto__/);
    },
  );

  it('may hold __proto__ as a value', () => {
    expect(parse('{"user_id": "__proto__"}')).toEqual({ user_id: '__proto__' });
  });

  it('must be UTF-8', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]), 'the body')).toThrow('the body is not UTF-8');
  });

  it.each([
    ['', 'is empty'],
    ['[]', 'must be a JSON object, got a list'],
    ['null', 'got null'],
    ['"x"', 'got "x"'],
  ])('%j is refused where an object must stand', (text, message) => {
    expect(() => parseJsonObject(Buffer.from(text), 'the body')).toThrow(message);
  });
});
