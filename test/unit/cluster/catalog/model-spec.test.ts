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

  it('comes back with everything that a manifest can say', () => {
    const full: ModelSpec = {
      ...spec,
      manifest: {
        name: 'fraud',
        description: 'Scores.',
        engine: 'onnxruntime',
        entity: 'user',
        request: [
          { name: 'amount', datatype: 'FP32', shape: null, nonFinite: 'allow' },
          { name: 'place', datatype: 'INT64', shape: [-1, 2], nonFinite: 'refuse' },
        ],
        inputs: [
          { kind: 'request', name: 'raw input', request: 'place' },
          {
            kind: 'columns',
            name: 'x',
            columns: [
              { kind: 'feature', view: 'user_profile', feature: 'age' },
              { kind: 'request', request: 'amount' },
              { kind: 'transform', transform: 'amount_deviations' },
            ],
          },
        ],
        batchRowsMax: 65_536,
        latencyObjectiveMs: 3,
      },
    };
    expect(decodeModelSpec(encodeModelSpec(full))).toEqual(full);
  });

  const manifest = defaultManifest('fraud');
  const tensor = spec.inputs[0]!;
  it.each<[string, unknown]>([
    ['no rows in a batch', { ...spec, manifest: { ...manifest, batchRowsMax: 0 } }],
    ['rows beyond all memory', { ...spec, manifest: { ...manifest, batchRowsMax: 1e12 } }],
    ['a number of rows that is text', { ...spec, manifest: { ...manifest, batchRowsMax: '9' } }],
    ['an objective that is none', { ...spec, manifest: { ...manifest, latencyObjectiveMs: -1 } }],
    ['another engine', { ...spec, manifest: { ...manifest, engine: 'shell' } }],
    ['a name that is a path', { ...spec, manifest: { ...manifest, name: '../fraud' } }],
    ['requests that are no list', { ...spec, manifest: { ...manifest, request: {} } }],
    ['a request of no datatype', { ...spec, manifest: { ...manifest, request: [{ name: 'a' }] } }],
    [
      'a request named twice',
      {
        ...spec,
        manifest: {
          ...manifest,
          request: ['a', 'a'].map((name) => ({ name, datatype: 'FP32', shape: null, nonFinite: 'allow' })),
        },
      },
    ],
    [
      'a request named as what objects inherit',
      {
        ...spec,
        manifest: { ...manifest, request: [{ name: '__proto__', datatype: 'FP32', shape: null, nonFinite: 'allow' }] },
      },
    ],
    ['inputs that are null', { ...spec, manifest: { ...manifest, inputs: [null] } }],
    ['columns that are none', { ...spec, manifest: { ...manifest, inputs: [{ kind: 'columns', name: 'x' }] } }],
    [
      'a binding to a request that is not declared',
      { ...spec, manifest: { ...manifest, inputs: [{ kind: 'request', name: 'x', request: 'y' }] } },
    ],
    ['a version that is none', { ...spec, version: '0' }],
    ['a digest that is none', { ...spec, sha256: 'x'.repeat(64) }],
    ['a platform without end', { ...spec, platform: 'p'.repeat(2_000) }],
    ['batching that is unclear', { ...spec, batched: 'yes' }],
    ['batching without free rows', { ...spec, inputs: [{ ...tensor, shape: [1, 4] }] }],
    ['batching of a scalar', { ...spec, outputs: [{ ...tensor, shape: [] }] }],
    ['a tensor without a name', { ...spec, inputs: [{ ...tensor, name: 7 }] }],
    ['a fraction of a dimension', { ...spec, inputs: [{ ...tensor, shape: [-1, 1.5] }] }],
    ['a dimension of text', { ...spec, inputs: [{ ...tensor, shape: [-1, '4'] }] }],
    ['a dimension below free', { ...spec, inputs: [{ ...tensor, shape: [-1, -2] }] }],
    ['rows that no memory holds', { ...spec, inputs: [{ ...tensor, shape: [-1, 1e9, 1e9] }] }],
    ['dimensions without end', { ...spec, inputs: [{ ...tensor, shape: new Array(100).fill(-1) }] }],
    ['tensors without end', { ...spec, inputs: new Array(5_000).fill(tensor) }],
    ['a description without end', { ...spec, manifest: { ...manifest, description: 'd'.repeat(1_100_000) } }],
  ])('is refused with %s', (_, json) => {
    expect(() => decodeModelSpec(bytesOf(json))).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('registry entry is no model'),
      }),
    );
  });

  it('is taken or refused as INVALID_ARGUMENT when any part of it is replaced by anything', () => {
    const parts = ['manifest', 'version', 'sha256', 'platform', 'inputs', 'outputs', 'batched'] as const;
    const inner = Object.keys(manifest);
    const place = fc.oneof(
      fc.constantFrom(...parts).map((part) => [part]),
      fc.constantFrom(...inner).map((part) => ['manifest', part]),
    );
    fc.assert(
      fc.property(place, fc.jsonValue(), ([part, field], value) => {
        const changed =
          field === undefined ? { ...spec, [part!]: value } : { ...spec, manifest: { ...manifest, [field]: value } };
        try {
          const taken = decodeModelSpec(bytesOf(changed));
          expect(taken.manifest.batchRowsMax).toBeGreaterThan(0);
          expect(Array.isArray(taken.inputs)).toBe(true);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
