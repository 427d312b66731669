import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import * as columns from '../../../../examples/support/columns.ts';
import { model } from '../../../../examples/support/onnx-writer.ts';

const WIDTH = 4;

/** Expressions over a table of 4 columns, with values that stay in float32's comfort. */
const expressions = fc.letrec<{ any: columns.Columns }>((tie) => {
  const inner = tie('any');
  const squeeze = (of: columns.Columns) => columns.min(columns.max(of, columns.constant(-3)), columns.constant(3));
  return {
    any: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc
        .array(fc.integer({ min: 0, max: WIDTH - 1 }), { minLength: 1, maxLength: 3 })
        .map((indices) => columns.pick(...indices)),
      fc
        .tuple(fc.constantFrom(columns.sin, columns.cos, columns.exp, columns.log1p), inner)
        .map(([apply, of]) => apply(squeeze(of))),
      fc
        .tuple(fc.constantFrom(columns.add, columns.sub, columns.mul, columns.max, columns.min), inner, fc.integer())
        .map(([apply, of, number]) => apply(of, columns.constant((number % 100) / 8))),
      fc.tuple(inner, inner).map(([left, right]) => columns.concat(left, right)),
      inner.map((of) => columns.div(of, columns.add(columns.exp(squeeze(of)), columns.constant(1)))),
    ),
  };
}).any;

describe('columns', () => {
  it('computes the same on a row in the script as in the graph in ONNX Runtime', async () => {
    await fc.assert(
      fc.asyncProperty(
        expressions,
        fc.array(fc.integer({ min: -800, max: 800 }), { minLength: 2 * WIDTH, maxLength: 2 * WIDTH }),
        async (expression, cells) => {
          const data = Float32Array.from(cells, (cell) => cell / 100);
          const { nodes, initializers, output } = columns.emitColumns(expression, 'x');
          const bytes = model({
            inputs: [{ name: 'x', type: 'float32', shape: ['batch', WIDTH] }],
            outputs: [{ name: output, type: 'float32', shape: ['batch', expression.width] }],
            nodes,
            initializers,
          });
          const session = await InferenceSession.create(bytes);
          const result = (await session.run({ x: new Tensor('float32', data, [2, WIDTH]) }))[output]!;
          await session.release();
          expect(result.dims).toEqual([2, expression.width]);
          [0, 1].forEach((row) => {
            const wanted = columns.evaluateColumns(expression, data.subarray(row * WIDTH, (row + 1) * WIDTH));
            wanted.forEach((value, i) => {
              const got = Number(result.data[row * expression.width + i]);
              expect(Math.abs(got - value)).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
            });
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('emits a shared part once', () => {
    const shared = columns.exp(columns.pick(0));
    const { nodes } = columns.emitColumns(columns.concat(shared, columns.sin(shared)), 'x');
    expect(nodes.filter((node) => node.op === 'Exp')).toHaveLength(1);
  });

  it('takes the logarithm of numbers below 0 as that of 0', () => {
    expect([...columns.evaluateColumns(columns.log1p(columns.pick(0, 1)), [-5, Math.E - 1])]).toEqual([0, 1]);
  });

  it('refuses widths that do not go together, and constants beside columns', () => {
    expect(() => columns.add(columns.pick(0, 1), columns.pick(0, 1, 2))).toThrow(/Add of 2 and 3 columns/);
    expect(() => columns.concat(columns.pick(0), columns.constant(1))).toThrow(/cannot hold a constant/);
  });
});
