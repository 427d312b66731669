import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_ROWS_MAX_DEFAULT, defaultManifest, parseManifest } from '../../../../cluster/catalog/manifest.ts';
import { ServingError } from '../../../../proto/errors.ts';

const parse = (json: unknown) => parseManifest(JSON.stringify(json), 'fraud');

/** The message of the INVALID_ARGUMENT for this text. */
function refusal(text: string): string {
  try {
    parseManifest(text, 'fraud');
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ServingError);
    expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
    return (thrown as ServingError).message;
  }
  throw new Error(`accepted ${text.slice(0, 200)}`);
}

const request = { amount: { datatype: 'FP32' }, merchant: { datatype: 'BYTES', shape: [1] } };

describe('a manifest', () => {
  it('may say nothing at all', () => {
    expect(parse({})).toEqual(defaultManifest('fraud'));
    expect(defaultManifest('fraud').batchRowsMax).toBe(BATCH_ROWS_MAX_DEFAULT);
  });

  it('says how each input is made', () => {
    const manifest = parse({
      name: 'fraud',
      description: 'is it?',
      engine: 'onnxruntime',
      entity: 'user',
      request: { amount: { datatype: 'FP32', shape: [-1, 3], non_finite: 'allow' }, hour: { datatype: 'FP32' } },
      inputs: [
        { name: 'x', columns: [{ feature: 'profile.age' }, { request: 'hour' }] },
        { name: 'raw:0', request: 'amount' },
      ],
      batch: { rows_max: 32 },
      latency_objective_ms: 5,
    });
    expect(manifest).toEqual({
      name: 'fraud',
      description: 'is it?',
      engine: 'onnxruntime',
      entity: 'user',
      request: [
        { name: 'amount', datatype: 'FP32', shape: [-1, 3], nonFinite: 'allow' },
        { name: 'hour', datatype: 'FP32', shape: null, nonFinite: 'refuse' },
      ],
      inputs: [
        {
          kind: 'columns',
          name: 'x',
          columns: [
            { kind: 'feature', view: 'profile', feature: 'age' },
            { kind: 'request', request: 'hour' },
          ],
        },
        { kind: 'request', name: 'raw:0', request: 'amount' },
      ],
      batchRowsMax: 32,
      latencyObjectiveMs: 5,
    });
  });

  const column = (one: unknown) => ({ entity: 'user', request, inputs: [{ name: 'x', columns: [one] }] });
  const refused: [string, unknown, string][] = [
    ['is no object', [], 'the manifest must be an object'],
    ['is null', null, 'the manifest must be an object'],
    ['has a field that is not known', { entities: 'user' }, 'unknown field "entities"; known are name, description'],
    ['has another name than its directory', { name: 'other' }, "says name 'other' but lies in directory 'fraud'"],
    ['has a name that is no text', { name: 5 }, 'name must be text'],
    ['has a description that is no text', { description: {} }, 'description must be text'],
    ['wants an engine that is not there', { engine: 'torch' }, 'engine "torch" is not known; use "onnxruntime"'],
    ['names an entity that is no text', { entity: 7 }, 'entity must be text'],
    ['has a batch of nothing', { batch: { rows_max: 0 } }, 'batch.rows_max must be a whole number from 1 to 65536'],
    ['has half a row', { batch: { rows_max: 1.5 } }, 'batch.rows_max must be a whole number'],
    ['writes numbers as text', { batch: { rows_max: '8' } }, 'batch.rows_max must be a whole number'],
    ['misspells a batch limit', { batch: { row_max: 8 } }, 'batch has an unknown field "row_max"; known are rows_max'],
    ['has a list as batch', { batch: [] }, 'batch must be an object'],
    ['wants answers in no time', { latency_objective_ms: 0 }, 'latency_objective_ms must be a whole number from 1'],
    ['lists its request inputs', { request: [] }, 'request must be an object'],
    ['declares a request input badly', { request: { amount: 'FP32' } }, 'request.amount must be an object'],
    ['misspells in a request input', { request: { a: { dtype: 'FP32' } } }, 'request.a has an unknown field "dtype"'],
    ['has an unknown datatype', { request: { a: { datatype: 'fp32' } } }, 'request.a.datatype "fp32" is not one of'],
    ['has no datatype', { request: { a: {} } }, 'request.a.datatype undefined is not one of'],
    ['has a datatype of objects', { request: { a: { datatype: 'toString' } } }, '"toString" is not one of'],
    [
      'has a datatype whose text cannot be had',
      { request: { a: { datatype: { toString: 1 } } } },
      'request.a.datatype an object is not one of',
    ],
    ['names a request input with a path', { request: { '../a': { datatype: 'FP32' } } }, '"../a" is not a name'],
    [
      'says something else of NaN',
      { request: { a: { datatype: 'FP32', non_finite: 'maybe' } } },
      'request.a.non_finite must be "refuse" or "allow"',
    ],
    [
      'has a shape that is no list',
      { request: { a: { datatype: 'FP32', shape: 3 } } },
      'request.a.shape must be an array',
    ],
    ['has too many dimensions', { request: { a: { datatype: 'FP32', shape: new Array(9).fill(1) } } }, 'at most 8 dim'],
    [
      'has a dimension out of range',
      { request: { a: { datatype: 'FP32', shape: [-2] } } },
      'request.a.shape must be a whole number from -1 to 1000000',
    ],
    ['has inputs that are no list', { inputs: {} }, 'inputs must be an array'],
    ['has an input without a name', { inputs: [{ request: 'amount' }] }, 'inputs[0].name must be the name of a model'],
    [
      'names an input twice',
      {
        request,
        inputs: [
          { name: 'x', request: 'amount' },
          { name: 'x', request: 'amount' },
        ],
      },
      "inputs names 'x' twice",
    ],
    ['makes an input of nothing', { inputs: [{ name: 'x' }] }, `inputs[0] ('x') needs either "request" or "columns"`],
    [
      'makes an input of two things',
      { request, inputs: [{ name: 'x', request: 'amount', columns: [] }] },
      `needs either "request" or "columns"`,
    ],
    [
      'hands on a request input that it does not declare',
      { request, inputs: [{ name: 'x', request: 'amont' }] },
      'inputs[0].request "amont" is not declared under "request" (amount, merchant)',
    ],
    [
      'declares nothing',
      { inputs: [{ name: 'x', request: 'constructor' }] },
      '"constructor" is not declared under "request" (nothing is)',
    ],
    [
      'hands on what is no name',
      { request, inputs: [{ name: 'x', request: { toString: 1 } }] },
      'inputs[0].request an object is not declared',
    ],
    [
      'has no columns',
      { inputs: [{ name: 'x', columns: [] }] },
      'inputs[0].columns must be an array of 1 to 16384 columns',
    ],
    ['has a column that is text', column('profile.age'), 'inputs[0].columns[0] must be an object'],
    ['has a feature without its view', column({ feature: 'age' }), '.feature "age" must read "view.feature"'],
    ['has a feature with too many parts', column({ feature: 'a.b.c' }), '.feature "a.b.c" must read "view.feature"'],
    ['has a feature with a path', column({ feature: '../x.age' }), 'must read "view.feature"'],
    ['has a feature that is no text', column({ feature: 3 }), 'needs one of "feature", "request" and "transform"'],
    [
      'has a column of two things',
      column({ feature: 'p.age', request: 'amount' }),
      'needs one of "feature", "request" and "transform"',
    ],
    ['has a column of nothing', column({}), 'needs one of "feature", "request" and "transform"'],
    ['misspells in a column', column({ features: 'p.age' }), 'has an unknown field "features"'],
    [
      'uses features without an entity',
      { inputs: [{ name: 'x', columns: [{ feature: 'profile.age' }] }] },
      'uses features but names no "entity" whose key routes the request',
    ],
  ];
  it.each(refused)('is refused, with the reason, when it %s', (_what, json, message) => {
    const text = refusal(JSON.stringify(json));
    expect(text).toContain(message);
    expect(text).toMatch(/^model\.json of 'fraud': /);
  });

  it('is refused when its directory is no name', () => {
    expect(() => parseManifest('{}', '../fraud')).toThrow('model name "../fraud" must start with a letter');
  });

  it('is refused when it is not JSON', () => {
    for (const text of ['', '{', 'name: fraud', '{"name": }', '\u0000']) {
      expect(refusal(text)).toContain("model.json of 'fraud': is not JSON: ");
    }
  });

  it('does not mistake the prototype of objects for fields', () => {
    expect(refusal('{"__proto__": {"entity": "user"}}')).toContain('unknown field "__proto__"');
    expect(refusal('{"constructor": 1}')).toContain('unknown field "constructor"');
    expect(refusal('{"request": {"__proto__": {"datatype": "FP32"}}}')).toContain('"__proto__" is not a name');
    expect(parse({ request: { constructor: { datatype: 'FP32' } } }).request[0]!.name).toBe('constructor');
    expect(({} as Record<string, unknown>)['entity']).toBeUndefined();
  });

  it('is refused when it is nested without end, wherever', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const places = [
      deep,
      `{"name": ${deep}}`,
      `{"batch": {"rows_max": ${deep}}}`,
      `{"request": {"a": {"datatype": ${deep}}}}`,
      `{"inputs": ${deep}}`,
      `{"inputs": [{"name": "x", "request": ${deep}}]}`,
      `{"inputs": [{"name": "x", "columns": [{"request": ${deep}}]}]}`,
    ];
    for (const text of places) expect(refusal(text).length).toBeLessThan(500);
  });

  it('is either read or refused with INVALID_ARGUMENT, whatever JSON it is', () => {
    const names = [
      'name',
      'entity',
      'request',
      'inputs',
      'batch',
      'columns',
      'feature',
      'datatype',
      'shape',
      'rows_max',
    ];
    const anyJson = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.oneof(fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 'user', 'x', 'p.age', 'FP32'), fc.string()),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 4 })), tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(anyJson, (json) => {
        try {
          expect(parse(json).name).toBe('fraud');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ServingError);
          expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
