import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../../cluster/catalog/manifest.ts';
import type { ModelSpec, TensorSpec } from '../../../../cluster/catalog/model-spec.ts';
import { valueOffset } from '../../../../cluster/catalog/record.ts';
import { compilePlan, rowsMaxOf, type ServingPlan } from '../../../../cluster/catalog/serving-plan.ts';
import { bool, defineApp, entity, float32, int64, view } from '../../../../cluster/catalog/views.ts';
import { ServingError } from '../../../../proto/errors.ts';

const user = entity({ name: 'user', key: 'user_id' });
const merchant = entity({ name: 'merchant', key: 'merchant_id' });
const shop = entity({ name: 'shop', key: 'merchant_id' });
const profile = view({
  name: 'profile',
  entity: user,
  features: { a: float32(), b: float32(), n: int64(), vip: bool() },
});
const store = view({ name: 'store', entity: merchant, placement: 'everywhere', features: { risk: float32() } });
const outlet = view({ name: 'outlet', entity: shop, placement: 'everywhere', features: { size: float32() } });
const ledger = view({ name: 'ledger', entity: merchant, features: { sum: float32() } });
const app = defineApp({ views: [profile, store, outlet, ledger] });

const X: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 2] };
const Y: TensorSpec = { name: 'y', datatype: 'FP32', shape: [-1, 1] };

function specOf(manifest: object, inputs: readonly TensorSpec[] = [X], changes: Partial<ModelSpec> = {}): ModelSpec {
  return {
    manifest: parseManifest(JSON.stringify(manifest), 'fraud'),
    version: '1',
    sha256: '',
    platform: 'onnxruntime_onnx',
    inputs,
    outputs: [Y],
    batched: true,
    ...changes,
  };
}

const compile = (...args: Parameters<typeof specOf>): ServingPlan => compilePlan(specOf(...args), app);

const columns = (...list: string[]) => list.map((one) => (one.includes('.') ? { feature: one } : { request: one }));
const FP32 = { datatype: 'FP32' };

describe('a serving plan', () => {
  it('hands every input of the file through where the manifest binds none', () => {
    const plan = compile({}, [X, { name: 'text', datatype: 'BYTES', shape: [-1, -1] }]);
    expect(plan.key).toBe('fraud/1');
    expect(plan.entityInput).toBeNull();
    expect(plan.requestInputs).toEqual([
      { name: 'x', datatype: 'FP32', shape: [2], rowBytes: 8, refuseNonFinite: true, entityName: null },
      { name: 'text', datatype: 'BYTES', shape: [-1], rowBytes: 0, refuseNonFinite: true, entityName: null },
    ]);
    expect(plan.modelInputs).toEqual([
      { kind: 'request', from: 0 },
      { kind: 'request', from: 1 },
    ]);
    expect([plan.reads, plan.requestCells, plan.featureNames]).toEqual([[], [], []]);
  });

  it('asks once for an input that is declared and handed through, and keeps what was declared of it', () => {
    const plan = compile({ request: { x: { datatype: 'FP32', non_finite: 'allow' } } });
    expect(plan.requestInputs.map(({ name, refuseNonFinite }) => [name, refuseNonFinite])).toEqual([['x', false]]);
    expect(plan.modelInputs).toEqual([{ kind: 'request', from: 0 }]);
  });

  it('says for each column where its bytes come from and go to', () => {
    const manifest = {
      entity: 'user',
      request: { amount: { datatype: 'FP32', shape: [2] } },
      inputs: [{ name: 'x', columns: columns('amount', 'profile.b', 'store.risk') }],
    };
    const plan = compile(manifest, [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }]);
    expect(plan.entityInput).toBe('user_id');
    expect(plan.modelInputs).toEqual([{ kind: 'columns', rowBytes: 16 }]);
    expect(plan.requestCells).toEqual([{ from: 0, input: 0, targetOffset: 0, bytes: 8 }]);
    expect(plan.featureNames).toEqual(['profile.b', 'store.risk']);
    expect(plan.reads.map(({ view: { name }, keyInput }) => [name, keyInput])).toEqual([
      ['profile', -1],
      ['store', 1],
    ]);
    expect(plan.reads[0]!.cells).toEqual([
      {
        feature: profile.features[1],
        sourceOffset: valueOffset(profile, profile.features[1]!),
        input: 0,
        targetOffset: 8,
        targetType: 'FP32',
        targetBytes: 4,
        bit: 0,
      },
    ]);
    // The key of the other entity is one more input of the request.
    expect(plan.requestInputs[1]).toEqual({
      name: 'merchant_id',
      datatype: 'BYTES',
      shape: [1],
      rowBytes: 0,
      refuseNonFinite: false,
      entityName: 'merchant',
    });
  });

  it('copies neighbours in one go, and converts what needs it', () => {
    const inputs = [{ name: 'x', columns: columns('profile.a', 'profile.b', 'profile.n', 'profile.b', 'profile.a') }];
    const plan = compile({ entity: 'user', inputs }, [{ name: 'x', datatype: 'FP32', shape: [-1, 5] }]);
    const [read] = plan.reads;
    expect(read!.runs.map(({ targetOffset, bytes }) => [targetOffset, bytes])).toEqual([
      [0, 8],
      [12, 4],
      [16, 4],
    ]);
    expect(read!.converted.map(({ feature }) => feature.name)).toEqual(['n']);
    expect(read!.cells).toHaveLength(5);
  });

  it('does not copy over what lies between neighbours of the record in the row', () => {
    const manifest = joined('profile.a', 'amount', 'profile.b');
    const plan = compile(manifest, [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }]);
    expect(plan.reads[0]!.runs.map(({ targetOffset, bytes }) => [targetOffset, bytes])).toEqual([
      [0, 4],
      [8, 4],
    ]);
    // Nor over the end of one input into the next, where offsets go on by chance.
    const two = {
      ...manifest,
      inputs: [
        { name: 'x', columns: columns('profile.a') },
        { name: 'y', columns: columns('amount', 'profile.b') },
      ],
    };
    const inputs: TensorSpec[] = [1, 2].map((n) => ({ name: n === 1 ? 'x' : 'y', datatype: 'FP32', shape: [-1, n] }));
    expect(compile(two, inputs).reads[0]!.runs.map(({ input, targetOffset }) => [input, targetOffset])).toEqual([
      [0, 0],
      [1, 4],
    ]);
  });

  it('takes the key of a joined entity where the manifest declares it, as the key that it is', () => {
    const manifest = {
      entity: 'user',
      request: { merchant_id: { datatype: 'BYTES' }, amount: FP32 },
      inputs: [{ name: 'x', columns: columns('amount', 'store.risk') }],
    };
    const plan = compile(manifest);
    expect(plan.requestInputs.map(({ name, entityName }) => [name, entityName])).toEqual([
      ['merchant_id', 'merchant'],
      ['amount', null],
    ]);
    expect(plan.reads[0]!.keyInput).toBe(0);
  });

  it('needs no key where nothing of the entity is used', () => {
    expect(compile({ entity: 'user' }).entityInput).toBeNull();
  });

  it('limits rows to what the model takes: one where it does not batch', () => {
    expect(rowsMaxOf(compile({ batch: { rows_max: 7 } }))).toBe(7);
    const single = compile({ batch: { rows_max: 7 } }, [{ ...X, shape: [1, 2] }], { batched: false });
    expect(rowsMaxOf(single)).toBe(1);
    expect(single.requestInputs[0]!.shape).toEqual([1, 2]);
  });
});

const joined = (...list: string[]) => ({
  entity: 'user',
  request: { amount: FP32 },
  inputs: [{ name: 'x', columns: columns(...list) }],
});
const through = (changes: object) => ({
  request: { amount: { ...FP32, ...changes } },
  inputs: [{ name: 'x', request: 'amount' }],
});

describe('contradictions', () => {
  const cases: [string, object, readonly TensorSpec[] | undefined, string][] = [
    [
      'the manifest binds an input that the file does not have',
      { request: { amount: FP32 }, inputs: [{ name: 'z', request: 'amount' }] },
      [X, Y],
      "binds input 'z', but the file has 'x', 'y'",
    ],
    [
      'the manifest leaves an input of the file out',
      through({}),
      [{ ...X, shape: [-1, 1] }, Y],
      "leaves the file's input 'y' unbound; add it to \"inputs\"",
    ],
    [
      'datatypes differ',
      through({ datatype: 'INT64' }),
      undefined,
      "declares request input 'amount' as INT64, but the file's 'x' is FP32",
    ],
    [
      'shapes differ',
      through({ shape: [3] }),
      undefined,
      "declares shape [3] a row for 'amount', but the file's 'x' has [2]",
    ],
    [
      'the app has no such entity',
      { entity: 'driver' },
      undefined,
      "names entity 'driver', but the app's views know user, merchant, shop",
    ],
    [
      'the routing key is handed to the model',
      { entity: 'user', request: { user_id: FP32 }, inputs: [{ name: 'x', request: 'user_id' }] },
      [{ ...X, shape: [-1, 1] }],
      "uses 'user_id' both as the routing key and as a request input",
    ],
    [
      'the routing key is a column',
      {
        entity: 'user',
        request: { user_id: FP32 },
        inputs: [{ name: 'x', columns: columns('user_id', 'profile.a') }],
      },
      undefined,
      "uses 'user_id' both as the routing key and as a request input",
    ],
    [
      'the app has no such view',
      joined('profil.a', 'amount'),
      undefined,
      "uses 'profil.a', which the app does not define",
    ],
    [
      'the view has no such feature',
      joined('profile.z', 'amount'),
      undefined,
      "uses 'profile.z', which the app does not define",
    ],
    [
      'a sharded view is joined by another key',
      joined('ledger.sum', 'amount'),
      undefined,
      "reads view 'ledger' of entity 'merchant' beside 'user': only views placed everywhere can be joined by another key",
    ],
    [
      'two entities have keys of one name',
      joined('store.risk', 'outlet.size'),
      undefined,
      "joins 'merchant' and 'shop', whose keys are both named 'merchant_id'",
    ],
    [
      'the key of a joined entity is declared as a number',
      {
        entity: 'user',
        request: { merchant_id: { datatype: 'INT64' } },
        inputs: [{ name: 'x', columns: columns('store.risk', 'profile.a') }],
      },
      undefined,
      "declares request input 'merchant_id' as INT64 [1], but it is the key of 'merchant', which is BYTES [1]",
    ],
    [
      'the key of a joined entity is declared as several',
      {
        entity: 'user',
        request: { merchant_id: { datatype: 'BYTES', shape: [2] } },
        inputs: [{ name: 'x', columns: columns('store.risk', 'profile.a') }],
      },
      undefined,
      "declares request input 'merchant_id' as BYTES [2], but it is the key of 'merchant'",
    ],
    ['there are too few columns', joined('profile.a'), undefined, "gives 'x' 1 columns, but the file wants 2"],
    [
      'there are too many columns',
      joined('profile.a', 'profile.b', 'amount'),
      undefined,
      "gives 'x' 3 columns, but the file wants 2",
    ],
    [
      'a column has another datatype than its input',
      {
        entity: 'user',
        request: { amount: { datatype: 'FP64' } },
        inputs: [{ name: 'x', columns: columns('profile.a', 'amount') }],
      },
      undefined,
      "puts request input 'amount' (FP64 [1]) among the columns of 'x', which needs FP32 of a fixed size",
    ],
    [
      'a column has no fixed size',
      {
        entity: 'user',
        request: { amount: { datatype: 'FP32', shape: [-1] } },
        inputs: [{ name: 'x', columns: columns('profile.a', 'amount') }],
      },
      undefined,
      "puts request input 'amount' (FP32 [-1]) among the columns",
    ],
    ...(
      [
        { ...X, datatype: 'BYTES' },
        { ...X, datatype: 'BOOL' },
        { ...X, shape: [-1] },
        { ...X, shape: [-1, 1, 2] },
      ] as TensorSpec[]
    ).map((tensor): [string, object, TensorSpec[], string] => [
      `columns are to make ${tensor.datatype} [${tensor.shape.join(',')}]`,
      joined('profile.a', 'amount'),
      [tensor],
      `builds 'x' from columns, but the file has it as ${tensor.datatype} [${tensor.shape.join(',')}]`,
    ]),
    [
      'a float32 feature among whole numbers',
      { entity: 'user', inputs: [{ name: 'x', columns: [{ feature: 'profile.a' }] }] },
      [{ name: 'x', datatype: 'INT64', shape: [-1, 1] }],
      "puts 'profile.a', a float32, among columns of INT64",
    ],
  ];

  it.each(cases)('are refused, naming both sides: %s', (_what, manifest, inputs, message) => {
    let thrown: unknown;
    try {
      compile(manifest, inputs);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeInstanceOf(ServingError);
    expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
    expect((thrown as ServingError).message).toContain(message);
    expect((thrown as ServingError).message).toMatch(/^model fraud\/1: the manifest /);
  });

  it('are refused for an app without views', () => {
    expect(() => compilePlan(specOf({ entity: 'user' }), defineApp({ views: [] }))).toThrow(
      "the app's views know none",
    );
  });

  it('are not seen in shapes that a free dimension allows', () => {
    const free = { ...X, shape: [-1, -1] };
    expect(compile(through({ shape: [3] }), [free]).requestInputs[0]!.rowBytes).toBe(12);
    expect(compile(joined('profile.a'), [free]).modelInputs).toEqual([{ kind: 'columns', rowBytes: 4 }]);
  });
});
