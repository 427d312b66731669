import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultManifest } from '../../../../cluster/catalog/manifest.ts';
import {
  decodeModelSpec,
  encodeModelSpec,
  type ModelSpec,
  modelKey,
  rowShape,
} from '../../../../cluster/catalog/model-spec.ts';
import { ServingError } from '../../../../proto/errors.ts';

const spec: ModelSpec = {
  manifest: defaultManifest('fraud'),
  version: '3',
  sha256: 'ab',
  platform: 'onnxruntime_onnx',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
  batched: true,
};

const bytesOf = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

describe('a model spec', () => {
  it('comes back from the registry as it went in', () => {
    expect(decodeModelSpec(encodeModelSpec(spec))).toEqual(spec);
  });

  it('knows the dimensions of one row: without the first where rows are batched', () => {
    expect(rowShape(spec.inputs[0]!, true)).toEqual([4]);
    expect(rowShape(spec.inputs[0]!, false)).toEqual([-1, 4]);
    expect(modelKey('fraud', '3')).toBe('fraud/3');
  });

  it('is refused as INVALID_ARGUMENT when the entry is something else, whatever it is', () => {
    const broken: Uint8Array[] = [
      new Uint8Array(0),
      Uint8Array.of(0xff, 0xfe),
      new TextEncoder().encode('{'),
      ...[null, 5, 'x', [], {}, { ...spec, manifest: null }, { ...spec, manifest: {} }, { ...spec, version: 3 }].map(
        bytesOf,
      ),
      bytesOf({ ...spec, inputs: {} }),
      bytesOf({ ...spec, outputs: [null] }),
      bytesOf({ ...spec, inputs: [{ name: 'x', datatype: 'FLOAT', shape: [1] }] }),
      bytesOf({ ...spec, inputs: [{ name: 'x', datatype: 'FP32', shape: 4 }] }),
    ];
    for (const bytes of broken) {
      expect(() => decodeModelSpec(bytes)).toThrow(ServingError);
      expect(() => decodeModelSpec(bytes)).toThrow('registry entry is no model');
    }
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(() => decodeModelSpec(new TextEncoder().encode(json))).toThrow('registry entry is no model');
      }),
    );
  });
});
