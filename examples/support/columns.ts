/**
 * Column arithmetic written once and run in two places: on rows in the training script, and as nodes of the ONNX graph
 * when the model serves. What the model was trained on and what it is served with cannot drift apart.
 *
 * An expression stands for a group of columns of a [batch, width] table; one operator works on a whole group, because
 * a runtime pays per node, not per number.
 */
import type { InitializerSpec, NodeSpec } from './onnx-model.ts';

type UnaryName = 'Log' | 'Exp' | 'Sin' | 'Cos';
type BinaryName = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min';

export type Columns = { readonly width: number } & (
  | { readonly kind: 'pick'; readonly indices: readonly number[] }
  | { readonly kind: 'constant'; readonly values: readonly number[] }
  | { readonly kind: 'unary'; readonly op: UnaryName; readonly of: Columns }
  | { readonly kind: 'binary'; readonly op: BinaryName; readonly left: Columns; readonly right: Columns }
  | { readonly kind: 'concat'; readonly parts: readonly Columns[] }
);

/** Columns of the input table by position. */
export function pick(...indices: number[]): Columns {
  return { kind: 'pick', width: indices.length, indices };
}

/** The same numbers in every row. */
export function constant(...values: number[]): Columns {
  return { kind: 'constant', width: values.length, values };
}

/** Groups side by side. Throws RangeError for a constant among them: it has no rows of its own to stand beside others. */
export function concat(...parts: Columns[]): Columns {
  if (parts.some((part) => part.kind === 'constant')) throw new RangeError('concat cannot hold a constant');
  return { kind: 'concat', width: parts.reduce((sum, part) => sum + part.width, 0), parts };
}

const unary =
  (op: UnaryName) =>
  (of: Columns): Columns => ({ kind: 'unary', op, of, width: of.width });

export const log = unary('Log');
export const exp = unary('Exp');
export const sin = unary('Sin');
export const cos = unary('Cos');

/** Widths must be equal, or one of them 1 (that column then goes with each of the other's). Throws RangeError. */
const binary =
  (op: BinaryName) =>
  (left: Columns, right: Columns): Columns => {
    if (left.width !== right.width && left.width !== 1 && right.width !== 1) {
      throw new RangeError(`${op} of ${left.width} and ${right.width} columns: widths must be equal, or one of them 1`);
    }
    return { kind: 'binary', op, left, right, width: Math.max(left.width, right.width) };
  };

export const add = binary('Add');
export const sub = binary('Sub');
export const mul = binary('Mul');
export const div = binary('Div');
export const max = binary('Max');
export const min = binary('Min');

/** log(1 + x), with x below 0 taken as 0: for counts and amounts. */
export function log1p(of: Columns): Columns {
  return log(add(max(of, constant(0)), constant(1)));
}

const UNARY: Readonly<Record<UnaryName, (x: number) => number>> = {
  Log: Math.log,
  Exp: Math.exp,
  Sin: Math.sin,
  Cos: Math.cos,
};

const BINARY: Readonly<Record<BinaryName, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Max: Math.max,
  Min: Math.min,
};

/** The expression's `width` numbers for one row of the input table. */
export function evaluateColumns(columns: Columns, row: ArrayLike<number>): Float64Array {
  switch (columns.kind) {
    case 'pick':
      return Float64Array.from(columns.indices, (index) => row[index]!);
    case 'constant':
      return Float64Array.from(columns.values, Math.fround);
    case 'unary':
      return evaluateColumns(columns.of, row).map(UNARY[columns.op]);
    case 'binary': {
      const left = evaluateColumns(columns.left, row);
      const right = evaluateColumns(columns.right, row);
      const combine = BINARY[columns.op];
      const result = new Float64Array(columns.width);
      for (let i = 0; i < result.length; i++) {
        result[i] = combine(left[left.length === 1 ? 0 : i]!, right[right.length === 1 ? 0 : i]!);
      }
      return result;
    }
    case 'concat': {
      const result = new Float64Array(columns.width);
      let offset = 0;
      for (const part of columns.parts) {
        result.set(evaluateColumns(part, row), offset);
        offset += part.width;
      }
      return result;
    }
  }
}

export type EmittedColumns = {
  readonly nodes: readonly NodeSpec[];
  readonly initializers: readonly InitializerSpec[];
  /** Name of the [batch, width] float32 value that holds the result. */
  readonly output: string;
};

/** The expression as ONNX nodes on the [batch, n] float32 value `input`; a shared sub-expression becomes one node. */
export function emitColumns(columns: Columns, input: string): EmittedColumns {
  const nodes: NodeSpec[] = [];
  const initializers: InitializerSpec[] = [];
  const nameOf = new Map<Columns, string>();

  const emit = (expression: Columns): string => {
    const known = nameOf.get(expression);
    if (known !== undefined) return known;
    const name = emitNew(expression);
    nameOf.set(expression, name);
    return name;
  };
  const emitNew = (expression: Columns): string => {
    if (expression.kind === 'constant') {
      const name = `constant_${initializers.length}`;
      initializers.push({ name, shape: [expression.width], values: Float32Array.from(expression.values) });
      return name;
    }
    if (expression.kind === 'pick') {
      const indices = `indices_${initializers.length}`;
      initializers.push({
        name: indices,
        shape: [expression.width],
        values: BigInt64Array.from(expression.indices, BigInt),
      });
      return push('Gather', [input, indices], { axis: 1 });
    }
    if (expression.kind === 'unary') return push(expression.op, [emit(expression.of)]);
    if (expression.kind === 'binary') return push(expression.op, [emit(expression.left), emit(expression.right)]);
    return push('Concat', expression.parts.map(emit), { axis: 1 });
  };
  const push = (op: string, inputs: string[], attributes: Record<string, number> = {}): string => {
    const name = `columns_${nodes.length}`;
    nodes.push({ op, inputs, outputs: [name], attributes });
    return name;
  };

  const output = emit(columns);
  return { nodes, initializers, output };
}
