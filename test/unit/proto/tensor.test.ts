import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServingError } from '../../../proto/errors.ts';
import {
  bytesElements,
  checkByteLength,
  checkShape,
  DATA_TYPE_BYTES,
  DATA_TYPES,
  type DataType,
  elementCount,
  isDataType,
  packBytes,
} from '../../../proto/tensor.ts';

const anyDataType = fc.constantFrom(...DATA_TYPES);
const anyShape = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });

/** The message of the INVALID_ARGUMENT that `act` throws, or null. */
function refused(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ServingError);
    expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
    return (thrown as ServingError).message;
  }
}

/** Reads BYTES data one element after the other; whether exactly `count` fill it. */
function fillsExactly(data: Uint8Array, count: number): boolean {
  let rest = Buffer.from(data);
  for (let i = 0; i < count; i++) {
    if (rest.length < 4) return false;
    const length = rest.readUInt32LE(0);
    if (rest.length < 4 + length) return false;
    rest = rest.subarray(4 + length);
  }
  return rest.length === 0;
}

describe('checkByteLength', () => {
  it('passes fixed-width data of exactly the bytes that datatype and shape say, and no other', () => {
    fc.assert(
      fc.property(anyDataType, anyShape, fc.integer({ min: -9, max: 9 }), (datatype, shape, offBy) => {
        const width = DATA_TYPE_BYTES[datatype];
        fc.pre(width > 0);
        let wanted = width;
        for (const dimension of shape) wanted *= dimension;
        const length = Math.max(0, wanted + offBy);
        const tensor = { name: 'x', datatype, shape, data: new Uint8Array(length) };
        expect(refused(() => checkByteLength(tensor)) === null).toBe(length === wanted);
      }),
    );
  });

  it('passes BYTES exactly where a reader, element by element, ends at the last byte', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 6 }).map(packBytes),
      // Near misses: whole elements with some bytes cut off or added.
      fc
        .tuple(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 6 }), fc.integer({ min: -3, max: 3 }))
        .map(([elements, offBy]) => {
          const packed = packBytes(elements);
          const changed = new Uint8Array(Math.max(0, packed.byteLength + offBy));
          changed.set(packed.subarray(0, changed.byteLength));
          return changed;
        }),
    );
    let passed = 0;
    fc.assert(
      fc.property(anyBytes, fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }), (data, shape) => {
        const tensor = { name: 'x', datatype: 'BYTES' as const, shape, data };
        const sound = refused(() => checkByteLength(tensor)) === null;
        if (sound) passed++;
        expect(sound).toBe(fillsExactly(data, elementCount(shape)));
      }),
      { numRuns: 2000 },
    );
    expect(passed).toBeGreaterThan(50);
  });

  it('names the tensor, what it needs and what it got', () => {
    const float = { name: 'amount', datatype: 'FP32' as const, shape: [2, 3], data: new Uint8Array(20) };
    expect(refused(() => checkByteLength(float))).toBe(
      "tensor 'amount': FP32 of shape [2,3] needs 24 bytes (6 × 4), got 20 bytes",
    );
    const text = { name: 'key', datatype: 'BYTES' as const, shape: [2], data: packBytes([new Uint8Array(1)]) };
    expect(refused(() => checkByteLength(text))).toBe(
      "tensor 'key': BYTES of shape [2] needs 2 length-prefixed elements, got 5 bytes",
    );
  });

  it('is not led past the end by a length of 4 GiB', () => {
    const data = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2);
    expect(refused(() => checkByteLength({ name: 'k', datatype: 'BYTES', shape: [1], data }))).toContain('got 6 bytes');
  });
});

describe('checkShape', () => {
  it('passes whole dimensions up to the limit of elements', () => {
    expect(refused(() => checkShape('x', [], 1))).toBeNull();
    expect(refused(() => checkShape('x', [2, 3], 6))).toBeNull();
    expect(refused(() => checkShape('x', [2, 3], 5))).toContain('more than 5 elements');
    expect(refused(() => checkShape('x', [0, 7], 0))).toBeNull();
  });

  it('refuses what is not a count', () => {
    for (const dimension of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refused(() => checkShape('x', [2, dimension], 100))).toContain("input 'x': shape");
    }
  });

  it('refuses dimensions whose product overflows, even times zero', () => {
    expect(refused(() => checkShape('x', [1e200, 1e200], 100))).toContain('more than 100 elements');
    expect(refused(() => checkShape('x', [1e200, 1e200, 0], 100))).toContain('more than 100 elements');
  });
});

describe('packBytes', () => {
  it('is undone by bytesElements, whatever the elements', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (elements) => {
        const data = packBytes(elements);
        expect(bytesElements(data).map((element) => Uint8Array.from(element))).toEqual(elements);
        checkByteLength({ name: 'x', datatype: 'BYTES', shape: [elements.length], data });
      }),
    );
  });

  it('writes a 4-byte little-endian length before each element', () => {
    expect([...packBytes([Uint8Array.of(7), new Uint8Array(258)])].slice(0, 9)).toEqual([1, 0, 0, 0, 7, 2, 1, 0, 0]);
  });

  it('is read as views, not copies', () => {
    const data = packBytes([Uint8Array.of(7)]);
    data[4] = 9;
    expect(bytesElements(data)[0]![0]).toBe(9);
  });
});

describe('datatypes', () => {
  it('keep their numbers on the wire', () => {
    expect(DATA_TYPES.join(' ')).toBe('BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES');
  });

  it('are known by their exact names, and nothing an object happens to have is one', () => {
    for (const datatype of DATA_TYPES) expect(isDataType(datatype)).toBe(true);
    for (const other of ['fp32', 'toString', '__proto__', '', 7, null, undefined, ['FP32']]) {
      expect(isDataType(other)).toBe(false);
    }
  });

  it('are as wide as their names say', () => {
    for (const datatype of DATA_TYPES) {
      const bits = /\d+$/.exec(datatype)?.[0];
      const bytes =
        bits === undefined ? ({ BOOL: 1, BYTES: 0 } as Record<DataType, number>)[datatype] : Number(bits) / 8;
      expect(DATA_TYPE_BYTES[datatype]).toBe(bytes);
    }
  });
});
