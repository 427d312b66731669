import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeRows, selectRows } from '../../../../cluster/catalog/select-rows.ts';
import { type DataType, packBytes } from '../../../../proto/tensor.ts';

/** Rows of raw tensor data, each as many elements as the others, and which part each row goes to. */
const anyTensor = fc
  .record({
    datatype: fc.constantFrom<DataType>('BYTES', 'FP32', 'INT8'),
    rows: fc.integer({ min: 1, max: 8 }),
    width: fc.integer({ min: 1, max: 3 }),
    parts: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ datatype, rows, width, parts }) => {
    const bytes = datatype === 'FP32' ? 4 : 1;
    const size = datatype === 'BYTES' ? { maxLength: 5 } : { minLength: bytes, maxLength: bytes };
    const element = fc.uint8Array(size);
    return fc.record({
      datatype: fc.constant(datatype),
      cells: fc.array(fc.array(element, { minLength: width, maxLength: width }), { minLength: rows, maxLength: rows }),
      partOf: fc.array(fc.nat({ max: parts - 1 }), { minLength: rows, maxLength: rows }),
    });
  });

function pack(datatype: DataType, rows: readonly (readonly Uint8Array[])[]): Uint8Array {
  return datatype === 'BYTES' ? packBytes(rows.flat()) : Uint8Array.from(rows.flat().flatMap((cell) => [...cell]));
}

describe('rows of a tensor', () => {
  it('are taken in the order asked, as often as asked', () => {
    const anyCase = anyTensor.chain((tensor) =>
      fc.tuple(fc.constant(tensor), fc.array(fc.nat({ max: tensor.cells.length - 1 }), { maxLength: 10 })),
    );
    fc.assert(
      fc.property(anyCase, ([{ datatype, cells }, indices]) => {
        const selected = selectRows(pack(datatype, cells), datatype, cells.length, indices);
        expect([...selected]).toEqual([
          ...pack(
            datatype,
            indices.map((index) => cells[index]!),
          ),
        ]);
      }),
    );
  });

  it('come back in order when they were scattered into parts and merged', () => {
    fc.assert(
      fc.property(anyTensor, ({ datatype, cells, partOf }) => {
        const data = pack(datatype, cells);
        const indices = [0, 1, 2]
          .map((part) => cells.flatMap((_, row) => (partOf[row] === part ? [row] : [])))
          .filter((rows) => rows.length > 0)
          // Parts answer in any order.
          .reverse();
        const parts = indices.map((rows) => selectRows(data, datatype, cells.length, rows));
        expect([...mergeRows(parts, datatype, cells.length, indices)]).toEqual([...data]);
      }),
    );
  });

  it('are copies: the source may change', () => {
    const data = Uint8Array.of(1, 2);
    const selected = selectRows(data, 'INT8', 2, [1]);
    data[1] = 9;
    expect([...selected]).toEqual([2]);
  });
});
