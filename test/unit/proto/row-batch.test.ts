import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRowBatch, encodeRowBatch, type RowBatch } from '../../../proto/row-batch.ts';
import { plain } from '../../support/arbitrary-messages.ts';

const anyUint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const anyBatch: fc.Arbitrary<RowBatch> = fc.record({
  view: fc.string({ unit: 'binary', maxLength: 10 }),
  schemaHash: anyUint32,
  version: anyUint32,
  stream: fc.string({ unit: 'binary', maxLength: 10 }),
  entity: fc.string({ unit: 'binary', maxLength: 10 }),
  everywhere: fc.boolean(),
  rows: fc.array(
    fc.record({
      key: fc.uint8Array({ maxLength: 20 }),
      eventMs: fc.double({ noNaN: true, noDefaultInfinity: true }).map((ms) => ms + 0),
      values: fc.uint8Array({ maxLength: 20 }),
      op: fc.nat({ max: 3 }),
      idA: anyUint32,
      idB: anyUint32,
    }),
    { maxLength: 5 },
  ),
});

describe('a row batch', () => {
  it('comes back from the log as it went in', () => {
    fc.assert(
      fc.property(anyBatch, (batch) => {
        expect(plain(batch, decodeRowBatch(encodeRowBatch(batch)))).toEqual(batch);
      }),
    );
  });

  it('is null for bytes that are none, never an exception', () => {
    expect(decodeRowBatch(Uint8Array.of(0x0a, 0x7f, 1))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const batch = decodeRowBatch(bytes);
        if (batch !== null) expect(Array.isArray(batch.rows)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('that was cut off is null, unless it was cut between two rows', () => {
    fc.assert(
      fc.property(anyBatch, fc.nat(), (batch, cut) => {
        const bytes = encodeRowBatch(batch);
        fc.pre(bytes.byteLength > 0);
        const decoded = decodeRowBatch(bytes.subarray(0, cut % bytes.byteLength));
        if (decoded !== null) expect(decoded.rows.length).toBeLessThanOrEqual(batch.rows.length);
        if (decoded !== null && decoded.rows.length > 0) {
          const whole = batch.rows.slice(0, decoded.rows.length);
          expect(decoded.rows.map((row, i) => plain(whole[i], row))).toEqual(whole);
        }
      }),
    );
  });
});
