import { describe, expect, it } from 'vitest';
import { admit } from '../../../../actors/router/admit.ts';
import type { ServingPlan } from '../../../../cluster/catalog/serving-plan.ts';
import { ServingError } from '../../../../proto/errors.ts';
import { DATA_TYPE_BYTES, DATA_TYPES, type DataType, packBytes, type Tensor } from '../../../../proto/tensor.ts';
import { fp32 } from '../../../support/fake-gateway.ts';
import { featurePlan, planOf, tensor } from '../../../support/plans.ts';

const LIMITS = { rowsMax: 8, elementsMax: 64 };
const encoder = new TextEncoder();

function texts(name: string, values: readonly (string | Uint8Array)[], shape: number[] = [values.length, 1]): Tensor {
  const elements = values.map((value) => (typeof value === 'string' ? encoder.encode(value) : value));
  return { name, datatype: 'BYTES', shape, data: packBytes(elements) };
}

function zeros(name: string, datatype: DataType, shape: number[]): Tensor {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  return { name, datatype, shape, data: new Uint8Array(count * (DATA_TYPE_BYTES[datatype] || 4)) };
}

/** What the refusal says; a failure of the test where there is none. */
function refusal(plan: ServingPlan, tensors: readonly Tensor[], limits = LIMITS): string {
  let thrown: unknown;
  try {
    admit(plan, tensors, limits);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ServingError);
  expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
  return (thrown as ServingError).message;
}

const good = (rows = 2): Tensor[] => [
  texts(
    'user_id',
    Array.from({ length: rows }, (_, i) => `u${i}`),
  ),
  fp32(
    'amount',
    [rows, 1],
    Array.from({ length: rows }, (_, i) => i),
  ),
  texts(
    'shop_id',
    Array.from({ length: rows }, (_, i) => `s${i}`),
  ),
];

/** `good` with one tensor replaced. */
function withTensor(changed: Tensor, rows = 2): Tensor[] {
  return good(rows).map((one) => (one.name === changed.name ? changed : one));
}

describe('a request that fits', () => {
  it('comes out as keys and inputs in the order of the plan, whatever order it came in', () => {
    const plan = featurePlan();
    const admitted = admit(plan, good().reverse(), LIMITS);
    expect(admitted.rows).toBe(2);
    expect(admitted.keys.map((key) => new TextDecoder().decode(key))).toEqual(['u0', 'u1']);
    const [amount, shop] = [good()[1]!.data, good()[2]!.data];
    expect(plan.requestInputs.map((input) => input.name)).toEqual(['amount', 'shop_id']);
    expect(admitted.inputs).toEqual([amount, shop]);
    expect(admitted.dims).toEqual([]);
  });

  it('may give one value a row as [n] or as [n,1]', () => {
    const flat = good().map((one) => ({ ...one, shape: [2] }));
    expect(admit(featurePlan(), flat, LIMITS).rows).toBe(2);
  });

  it.each(DATA_TYPES.map((datatype) => [datatype]))(
    'may hold %s, and is refused with a byte too few or too many',
    (datatype) => {
      const plan = planOf({}, [tensor('x', datatype, -1, 3)]);
      const x = zeros('x', datatype, [2, 3]);
      expect(admit(plan, [x], LIMITS).inputs[0]).toBe(x.data);
      for (const bytes of [x.data.byteLength - 1, x.data.byteLength + 1]) {
        const message = refusal(plan, [{ ...x, data: new Uint8Array(bytes) }]);
        expect(message).toMatch(
          new RegExp(`^tensor 'x': ${datatype} of shape \\[2,3\\] needs .*, got ${bytes} bytes$`),
        );
      }
      const other = datatype === 'FP32' ? 'INT32' : 'FP32';
      expect(refusal(plan, [zeros('x', other, [2, 3])])).toBe(`input 'x' must be ${datatype}, got ${other}`);
    },
  );

  it('tells the sizes of the dimensions that the model leaves free', () => {
    const plan = planOf({}, [tensor('a', 'FP32', -1, -1, 2), tensor('b', 'FP32', -1, 2), tensor('c', 'INT64', -1, -1)]);
    const tensors = [zeros('a', 'FP32', [2, 5, 2]), zeros('b', 'FP32', [2, 2]), zeros('c', 'INT64', [2, 3])];
    expect(admit(plan, tensors, LIMITS).dims).toEqual([5, 2, 3]);
  });

  it('may leave the rows out where the model takes one row a run, and has one row then', () => {
    const plan = planOf({}, [tensor('x', 'FP32', 4, 3)], [tensor('y', 'FP32', 4, 3)], { batched: false });
    expect(admit(plan, [zeros('x', 'FP32', [4, 3])], LIMITS).rows).toBe(1);
    expect(admit(plan, [zeros('x', 'FP32', [1, 4, 3])], LIMITS).rows).toBe(1);
    expect(refusal(plan, [zeros('x', 'FP32', [2, 4, 3])])).toBe('model m/1 takes one row a request, got 2');
  });
});

describe('names', () => {
  it('that the model does not have are refused with those that it has', () => {
    expect(refusal(featurePlan(), [...good(), fp32('extra', [2, 1], [0, 0])])).toBe(
      'model m/1 has no input "extra"; it needs user_id (BYTES), amount (FP32), shop_id (BYTES)',
    );
  });

  it.each(['user_id', 'amount', 'shop_id'])('that are missing, such as %s, are named', (name) => {
    const without = good().filter((one) => one.name !== name);
    const wanted = `input '${name}' is missing; model m/1 needs user_id (BYTES), amount (FP32), shop_id (BYTES)`;
    expect(refusal(featurePlan(), without)).toBe(wanted);
    expect(refusal(featurePlan(), [...without, fp32('amont', [2, 1], [0, 0])])).toMatch(/no input "amont"/);
  });

  it.each(['user_id', 'amount'])('given twice, such as %s, are refused, in place of a missing one too', (name) => {
    const twice = good().find((one) => one.name === name)!;
    expect(refusal(featurePlan(), [...good(), twice])).toBe(`input '${name}' is given twice`);
    const instead = good().filter((one) => one.name !== 'shop_id');
    expect(refusal(featurePlan(), [...instead, twice])).toBe(`input '${name}' is given twice`);
  });

  it('are quoted and cut in the message', () => {
    const message = refusal(featurePlan(), [...good().slice(0, 2), fp32(`a"\n${'b'.repeat(500)}`, [2, 1], [0, 0])]);
    expect(message.length).toBeLessThan(250);
    expect(message).not.toContain('\n');
  });
});

describe('shapes', () => {
  it.each<[string, number[], RegExp]>([
    ['of the wrong width', [2, 2], /^input 'amount' must have shape \[rows,1\], got \[2,2\]$/],
    ['of the wrong rank', [2, 1, 1], /^input 'amount' must have shape \[rows,1\], got \[2,1,1\]$/],
    ['of a scalar', [], /^input 'amount' must have shape \[rows,1\], got \[\]$/],
    ['with a negative dimension', [-1, 1], /^input 'amount': shape \[-1,1\] must hold whole numbers of 0 or more$/],
    ['with a fraction', [1.5, 1], /must hold whole numbers of 0 or more$/],
    ['with NaN', [Number.NaN, 1], /must hold whole numbers of 0 or more$/],
    ['with more elements than allowed', [65, 1], /^input 'amount': shape \[65,1\] has more than 64 elements$/],
    ['whose product overflows', [2 ** 31, 2 ** 31, 2 ** 31], /has more than 64 elements$/],
  ])('%s are refused', (_, shape, message) => {
    expect(
      refusal(featurePlan(), withTensor({ name: 'amount', datatype: 'FP32', shape, data: new Uint8Array(8) })),
    ).toMatch(message);
  });

  it('must agree on the number of rows', () => {
    expect(refusal(featurePlan(), withTensor(fp32('amount', [3, 1], [1, 2, 3])))).toBe(
      "input 'amount' has 3 rows, the others 2; give all inputs the same number",
    );
  });

  it('must have at least one row, and at most as many as allowed', () => {
    expect(refusal(featurePlan(), good(0))).toBe('a request for m/1 needs at least one row');
    expect(refusal(featurePlan(), good(9))).toBe('9 rows in one request; at most 8 are allowed');
    expect(admit(featurePlan(), good(8), LIMITS).rows).toBe(8);
  });

  it('may fill free dimensions with any size, but not fixed ones', () => {
    const plan = planOf({}, [tensor('x', 'FP32', -1, -1, 2)]);
    expect(refusal(plan, [zeros('x', 'FP32', [2, 5, 3])])).toBe("input 'x' must have shape [rows,any,2], got [2,5,3]");
  });
});

describe('keys', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['empty', '', 'must not be empty'],
    ['over 512 bytes', 'k'.repeat(513), 'has 513 bytes; at most 512 are allowed'],
    ['not UTF-8', Uint8Array.of(0xc3, 0x28), 'is not valid UTF-8'],
    ['a surrogate in UTF-8', Uint8Array.of(0xed, 0xa0, 0x80), 'is not valid UTF-8'],
  ])('that are %s are refused, of the routing entity and of any other', (_, key, message) => {
    for (const name of ['user_id', 'shop_id']) {
      expect(refusal(featurePlan(), withTensor(texts(name, ['ok', key])))).toBe(`${name} ${message}`);
    }
  });

  it('of 512 bytes, and of any Unicode, are taken', () => {
    const keys = ['k'.repeat(512), 'ключ🔑'];
    expect(admit(featurePlan(), withTensor(texts('user_id', keys)), LIMITS).keys).toHaveLength(2);
  });

  it('must be BYTES of one key a row', () => {
    expect(refusal(featurePlan(), withTensor(fp32('user_id', [2, 1], [1, 2])))).toBe(
      "input 'user_id' must be BYTES, got FP32",
    );
    const pairs = texts('user_id', ['a', 'b', 'c', 'd'], [2, 2]);
    expect(refusal(featurePlan(), withTensor(pairs))).toBe("input 'user_id' must have shape [rows,1], got [2,2]");
  });

  it('whose lengths run past the end of the tensor are refused', () => {
    const lying: Tensor = {
      name: 'user_id',
      datatype: 'BYTES',
      shape: [2, 1],
      data: Uint8Array.of(1, 0, 0, 0, 97, 255, 255, 255, 255, 98),
    };
    expect(refusal(featurePlan(), withTensor(lying))).toMatch(
      /^tensor 'user_id': BYTES of shape \[2,1\] needs 2 length-prefixed elements/,
    );
  });
});

describe('numbers that are not finite', () => {
  const bits: Record<string, (bits: string) => Uint8Array> = {
    FP16: (kind) =>
      new Uint8Array(
        Uint16Array.of(0x3c00, { nan: 0x7e01, inf: 0x7c00, '-inf': 0xfc00, largest: 0x7bff }[kind]!).buffer,
      ),
    FP32: (kind) =>
      new Uint8Array(
        Float32Array.of(1, { nan: Number.NaN, inf: Infinity, '-inf': -Infinity, largest: 3.4e38 }[kind]!).buffer,
      ),
    FP64: (kind) =>
      new Uint8Array(
        Float64Array.of(1, { nan: Number.NaN, inf: Infinity, '-inf': -Infinity, largest: 1.7e308 }[kind]!).buffer,
      ),
  };

  for (const datatype of ['FP16', 'FP32', 'FP64'] as const) {
    it.each(['nan', 'inf', '-inf'])(`are refused in ${datatype} where the manifest does (%s)`, (kind) => {
      const refusing = planOf({}, [tensor('x', datatype, -1, 2)]);
      const x: Tensor = { name: 'x', datatype, shape: [1, 2], data: bits[datatype]!(kind) };
      expect(refusal(refusing, [x])).toBe(
        "input 'x' is not finite at element 1; the model's manifest refuses NaN and infinities (non_finite)",
      );
      const manifest = {
        request: { x: { datatype, shape: [2], non_finite: 'allow' } },
        inputs: [{ name: 'x', request: 'x' }],
      };
      expect(admit(planOf(manifest, [tensor('x', datatype, -1, 2)]), [x], LIMITS).rows).toBe(1);
    });

    it(`leave the largest ${datatype} alone`, () => {
      const x: Tensor = { name: 'x', datatype, shape: [1, 2], data: bits[datatype]!('largest') };
      expect(admit(planOf({}, [tensor('x', datatype, -1, 2)]), [x], LIMITS).rows).toBe(1);
    });
  }

  it('are found in data that is not aligned in its buffer', () => {
    const buffer = new Uint8Array(9);
    buffer.set(bits['FP32']!('nan'), 1);
    const x: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 2], data: buffer.subarray(1) };
    expect(refusal(planOf({}, [tensor('x', 'FP32', -1, 2)]), [x])).toMatch(/not finite at element 1/);
  });
});
