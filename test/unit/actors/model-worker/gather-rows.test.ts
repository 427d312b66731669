import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CallerRows,
  RowGatherer,
  type RowTensor,
  rowWidths,
  scatterRows,
} from '../../../../actors/model-worker/gather-rows.ts';
import { packBytes } from '../../../../proto/tensor.ts';

const AMOUNT: RowTensor = { name: 'amount', datatype: 'FP32' };
const COUNT: RowTensor = { name: 'count', datatype: 'INT64' };
const CITY: RowTensor = { name: 'city', datatype: 'BYTES' };

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(new Float32Array(values).buffer);
}

function texts(...values: string[]): Uint8Array {
  return packBytes(values.map((value) => new TextEncoder().encode(value)));
}

/** The same bytes at an odd offset of a larger buffer with other bytes around, as a decoder hands them over. */
function embedded(data: Uint8Array): Uint8Array {
  const around = new Uint8Array(data.byteLength + 7).fill(0xee);
  around.set(data, 3);
  return around.subarray(3, 3 + data.byteLength);
}

describe('gathering rows', () => {
  it('joins the rows of all callers in order, aligned for any typed array', () => {
    const gatherer = new RowGatherer([AMOUNT, CITY]);
    const { rows, inputs } = gatherer.gather([
      { rows: 2, inputs: [embedded(floats(1, 2, 3, 4)), texts('a', 'bcd')] },
      { rows: 1, inputs: [embedded(floats(5, 6)), texts('')] },
    ]);
    expect(rows).toBe(3);
    const amounts = inputs[0]!;
    expect(amounts.byteOffset % 8).toBe(0);
    expect([...new Float32Array(amounts.buffer, amounts.byteOffset, amounts.byteLength / 4)]).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(inputs[1]).toEqual(texts('a', 'bcd', ''));
  });

  it('shows nothing of an earlier, larger batch in a smaller one', () => {
    const gatherer = new RowGatherer([AMOUNT]);
    gatherer.gather([{ rows: 4, inputs: [floats(9, 9, 9, 9)] }]);
    expect(gatherer.gather([{ rows: 1, inputs: [floats(1)] }]).inputs[0]).toEqual(floats(1));
  });

  it('reuses its buffers, and keeps no more than it may', () => {
    const gatherer = new RowGatherer([AMOUNT], 8192);
    const first = gatherer.gather([{ rows: 1, inputs: [floats(1)] }]).inputs[0]!;
    const second = gatherer.gather([{ rows: 2, inputs: [floats(1, 2)] }]).inputs[0]!;
    expect(second.buffer).toBe(first.buffer);
    const large = gatherer.gather([{ rows: 1, inputs: [new Uint8Array(100_000).fill(7)] }]).inputs[0]!;
    expect(large).toEqual(new Uint8Array(100_000).fill(7));
    expect(gatherer.retainedBytes).toBeLessThanOrEqual(8192);
    gatherer.gather([{ rows: 1, inputs: [new Uint8Array(5000)] }]);
    expect(gatherer.retainedBytes).toBe(8192);
  });

  it('refuses bytes that are not whole rows of whole elements, naming the input', () => {
    const gatherer = new RowGatherer([AMOUNT]);
    expect(() => gatherer.gather([{ rows: 2, inputs: [floats(1, 2, 3)] }])).toThrow(/'amount' has 12 bytes.*2 rows/);
    expect(() => rowWidths([AMOUNT], { rows: 1, inputs: [new Uint8Array(6)] })).toThrow(/'amount'/);
    expect(() => rowWidths([AMOUNT, CITY], { rows: 1, inputs: [floats(1)] })).toThrow(
      /2 inputs \(amount, city\), got 1/,
    );
    expect(() => rowWidths([AMOUNT], { rows: 0, inputs: [floats()] })).toThrow(/rows must be/);
  });

  it('refuses a BYTES element whose length reaches beyond its own caller', () => {
    const cut = texts('abcdef').subarray(0, 8);
    expect(() => rowWidths([CITY], { rows: 1, inputs: [cut] })).toThrow(/'city' has 8 bytes/);
    const huge = new Uint8Array([0xff, 0xff, 0xff, 0xff, 1, 2]);
    expect(() => rowWidths([CITY], { rows: 1, inputs: [huge] })).toThrow(/'city'/);
    expect(() => rowWidths([CITY], { rows: 2, inputs: [texts('a', 'b', 'c')] })).toThrow(/'city'/);
  });

  it('refuses to join rows of different widths', () => {
    const gatherer = new RowGatherer([AMOUNT]);
    const callers = [
      { rows: 1, inputs: [floats(1, 2)] },
      { rows: 2, inputs: [floats(3, 4)] },
    ];
    expect(() => gatherer.gather(callers)).toThrow(/width 4 and 8/);
  });
});

describe('scattering rows', () => {
  it('gives each caller its own rows of every output', () => {
    const parts = scatterRows([AMOUNT, CITY], [floats(1, 2, 3), texts('x', '', 'zz')], [1, 2]);
    expect(parts).toEqual([
      [floats(1), texts('x')],
      [floats(2, 3), texts('', 'zz')],
    ]);
  });

  it('hands out copies that share no memory with the batch or with each other', () => {
    // A Node Buffer's own slice() would be a view; outputs may come as one.
    const output = Buffer.from(floats(1, 2));
    const [first, second] = scatterRows([AMOUNT], [output], [1, 1]);
    output.fill(0xff);
    expect(first).toEqual([floats(1)]);
    expect(second).toEqual([floats(2)]);
    expect(first![0]!.buffer).not.toBe(second![0]!.buffer);
    expect(first![0]!.buffer.byteLength).toBe(4);
  });

  it('refuses an output that is not as many rows as went in', () => {
    expect(() => scatterRows([AMOUNT], [floats(1, 2, 3)], [1, 1])).toThrow(/'amount' has 12 bytes.*2 rows/);
    expect(() => scatterRows([CITY], [texts('a')], [1, 1])).toThrow(/'city'/);
    expect(() => scatterRows([AMOUNT, CITY], [floats(1)], [1])).toThrow(/2 outputs/);
  });

  it('undoes gathering for any callers, rows, widths and datatypes, in any interleaving of reused buffers', () => {
    const tensors = [AMOUNT, COUNT, CITY];
    const batch = fc
      .record({
        widths: fc.tuple(
          fc.integer({ min: 0, max: 4 }),
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 1, max: 2 }),
        ),
        callers: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
      })
      .chain(({ widths: [amount, count, city], callers }) =>
        fc.tuple(
          ...callers.map((rows) =>
            fc
              .tuple(
                fc.uint8Array({ minLength: 4 * amount * rows, maxLength: 4 * amount * rows }),
                fc.uint8Array({ minLength: 8 * count * rows, maxLength: 8 * count * rows }),
                fc.array(fc.uint8Array({ maxLength: 9 }), { minLength: city * rows, maxLength: city * rows }),
              )
              .map(
                ([fp32, int64, elements]): CallerRows => ({
                  rows,
                  inputs: [embedded(fp32), embedded(int64), embedded(packBytes(elements))],
                }),
              ),
          ),
        ),
      );
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 6 }), (batches) => {
        const gatherer = new RowGatherer(tensors, 5000);
        // Answers are looked at only after all batches have passed through the same buffers.
        const answers = batches.map((callers) => {
          const gathered = gatherer.gather(callers);
          expect(gathered.rows).toBe(callers.reduce((sum, caller) => sum + caller.rows, 0));
          // A model that returns its inputs.
          return scatterRows(
            tensors,
            gathered.inputs,
            callers.map((caller) => caller.rows),
          );
        });
        batches.forEach((callers, at) => {
          callers.forEach((caller, index) => {
            const back = answers[at]![index]!.map((part) => Buffer.from(part).toString('hex'));
            expect(back).toEqual(caller.inputs.map((part) => Buffer.from(part).toString('hex')));
          });
        });
      }),
      { numRuns: 200 },
    );
  });
});
