/** The traceparent header, by the rules of W3C Trace Context. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../../../actors/http-bridge/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('traceparent', () => {
  it('gives trace, parent and the sampled flag', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, parentSpanId: SPAN, sampled: true });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled).toBe(true);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)?.sampled).toBe(false);
  });

  it('of a later version is read by its first four fields', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01`)?.traceId).toBe(TRACE);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`)?.traceId).toBe(TRACE);
  });

  it.each([
    ['absent', undefined],
    ['sent twice', [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]],
    ['joined from two headers', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ['in upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['of version ff', `ff-${TRACE}-${SPAN}-01`],
    ['of version 00 with more fields', `00-${TRACE}-${SPAN}-01-more`],
    ['of a later version with more and no dash', `01-${TRACE}-${SPAN}-01more`],
    ['with trace id zero', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['with parent id zero', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['with a space before it', ` 00-${TRACE}-${SPAN}-01`],
    ['empty', ''],
  ])('%s is ignored', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('that we write is read back as it was', () => {
    const hex = (length: number) =>
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
    fc.assert(
      fc.property(hex(31), hex(15), fc.boolean(), (trace, span, sampled) => {
        const wanted = { traceId: `${trace}1`, parentSpanId: `${span}1`, sampled };
        expect(parseTraceparent(formatTraceparent(wanted.traceId, wanted.parentSpanId, sampled))).toEqual(wanted);
      }),
    );
  });

  it('never throws, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => void parseTraceparent(text)));
  });
});
