import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTraceparent, idBytes, idHex, parseTraceparent } from '../../../../cluster/telemetry/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''))
    .filter((text) => /[^0]/.test(text));

describe('the traceparent header', () => {
  it('reads the examples of the specification', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, parentSpanId: SPAN, sampled: true });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)).toEqual({ traceId: TRACE, parentSpanId: SPAN, sampled: false });
  });

  it('takes only the lowest flag for sampling and ignores the others', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-ff`)?.sampled).toBe(true);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)?.sampled).toBe(false);
  });

  it('reads later versions, with or without more fields after a dash', () => {
    const expected = { traceId: TRACE, parentSpanId: SPAN, sampled: true };
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01`)).toEqual(expected);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-will-be`)).toEqual(expected);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01.what-the-future-will-not-be`)).toBeNull();
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01f`)).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['more after version 00', `00-${TRACE}-${SPAN}-01-more`],
    ['an empty field after version 00', `00-${TRACE}-${SPAN}-01-`],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a version that is not hex', `0x-${TRACE}-${SPAN}-01`],
    ['flags that are not hex', `00-${TRACE}-${SPAN}-0x`],
    ['flags of one digit', `00-${TRACE}-${SPAN}-1`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-010`],
    ['underscores for dashes', `00_${TRACE}_${SPAN}_01`],
    ['a space before', ` 00-${TRACE}-${SPAN}-01`],
    ['a line break after', `00-${TRACE}-${SPAN}-01\n`],
  ])('refuses %s', (_what, text) => {
    expect(parseTraceparent(text)).toBeNull();
  });

  it('gives back whatever ids and decision it was made from', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, parentSpanId, sampled) => {
        expect(parseTraceparent(formatTraceparent(traceId, parentSpanId, sampled))).toEqual({
          traceId,
          parentSpanId,
          sampled,
        });
      }),
    );
  });

  it('returns null or well-formed ids for any text, and never throws', () => {
    const nearly = fc
      .tuple(fc.nat(60), fc.string({ maxLength: 3 }))
      .map(([at, text]) => `00-${TRACE}-${SPAN}-01`.slice(0, at) + text + `00-${TRACE}-${SPAN}-01`.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 120 }), nearly), (text) => {
        const parsed = parseTraceparent(text);
        if (parsed === null) return;
        expect(parsed.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(parsed.parentSpanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
      }),
    );
  });
});

describe('ids as bytes', () => {
  it('come back as the same hex, from a view into a larger buffer too', () => {
    fc.assert(
      fc.property(hex(32), fc.nat(9), (id, offset) => {
        expect(idBytes(id)).toHaveLength(16);
        const larger = new Uint8Array(32);
        larger.set(idBytes(id), offset);
        expect(idHex(larger.subarray(offset, offset + 16))).toBe(id);
        expect(idHex(id)).toBe(id);
      }),
    );
  });
});
