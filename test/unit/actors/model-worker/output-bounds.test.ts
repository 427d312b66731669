import { describe, expect, it } from 'vitest';
import {
  BATCH_OUTPUT_BYTES_MAX,
  batchRowsWithin,
  checkAnswerFits,
  checkOneRowFits,
  outputRowBytes,
} from '../../../../actors/model-worker/output-bounds.ts';
import { defaultManifest } from '../../../../cluster/catalog/manifest.ts';
import type { ModelSpec, TensorSpec } from '../../../../cluster/catalog/model-spec.ts';
import type { ServingError } from '../../../../proto/errors.ts';

const output = (shape: number[], datatype: TensorSpec['datatype'] = 'FP32'): TensorSpec => ({
  name: 'y',
  datatype,
  shape,
});

function spec(outputs: TensorSpec[], batchRowsMax = 64, batched = true): ModelSpec {
  const manifest = { ...defaultManifest('m'), batchRowsMax };
  return { manifest, version: '1', sha256: '', platform: '', inputs: [], outputs, batched };
}

function thrownBy(action: () => void): ServingError {
  try {
    action();
  } catch (thrown) {
    return thrown as ServingError;
  }
  throw new Error('nothing was thrown');
}

describe('what a row of outputs weighs', () => {
  it('is the sum over the outputs, without the rows', () => {
    expect(outputRowBytes([output([-1, 3]), output([-1, 2, 5], 'INT64')], true)).toBe(3 * 4 + 10 * 8);
    expect(outputRowBytes([output([4, 3])], false)).toBe(48);
  });

  it('is unknown where the shape leaves it open, or elements have lengths of their own', () => {
    expect(outputRowBytes([output([-1, -1])], true)).toBeNull();
    expect(outputRowBytes([output([-1])], false)).toBeNull();
    expect(outputRowBytes([output([-1, 1], 'BYTES')], true)).toBeNull();
  });
});

describe('a batch', () => {
  it('has as many rows as the manifest says while their outputs are small', () => {
    expect(batchRowsWithin(spec([output([-1, 8])]), 1_000)).toBe(64);
    expect(batchRowsWithin(spec([output([-1, -1])]), 1_000)).toBe(64);
    expect(batchRowsWithin(spec([output([-1, 0])]), 1_000)).toBe(64);
  });

  it('has fewer where their outputs would fill the memory, and never none', () => {
    const row = output([-1, BATCH_OUTPUT_BYTES_MAX / 4 / 10]);
    expect(batchRowsWithin(spec([row]), 1_000)).toBe(10);
    expect(batchRowsWithin(spec([row, row, row]), 1_000)).toBe(3);
    expect(batchRowsWithin(spec([output([-1, BATCH_OUTPUT_BYTES_MAX])]), 1_000)).toBe(1);
  });

  it('has one row of a model that does not batch', () => {
    expect(batchRowsWithin(spec([output([1, 8])], 64, false), 1_000)).toBe(1);
  });
});

describe('an answer', () => {
  it('that fits is nobody’s concern', () => {
    expect(() => checkAnswerFits('m/1', 10, 1_000, 1_000)).not.toThrow();
    expect(() => checkOneRowFits([output([-1, 250])], true, 1_000)).not.toThrow();
    expect(() => checkOneRowFits([output([-1, -1])], true, 1)).not.toThrow();
  });

  it('that does not is refused with the number of rows that would', () => {
    const error = thrownBy(() => checkAnswerFits('m/1', 10, 1_001, 1_000));
    expect(error.code).toBe('RESOURCE_EXHAUSTED');
    expect(error.message).toBe(
      'm/1: the outputs of 10 rows have 1001 bytes, and an answer holds at most 1000; ask for at most 9 rows at a time',
    );
    expect(thrownBy(() => checkAnswerFits('m/1', 1, 1_001, 1_000)).message).toMatch(/ask for less/);
  });

  it('that no number of rows could fit makes the model unusable', () => {
    const error = thrownBy(() => checkOneRowFits([output([-1, 251])], true, 1_000));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(/one row has 1004 bytes of outputs, and an answer holds at most 1000/);
  });
});
