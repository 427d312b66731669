/** On-demand transforms: from features, the request and the time to columns of a model. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../../cluster/catalog/assemble.ts';
import { parseManifest } from '../../../../cluster/catalog/manifest.ts';
import { encodeRecord, packValues, recordBytes } from '../../../../cluster/catalog/record.ts';
import { namesOfBits } from '../../../../cluster/catalog/row-freshness.ts';
import { compilePlan, type ServingPlan } from '../../../../cluster/catalog/serving-plan.ts';
import { feature, now, onDemand, request, type Transform } from '../../../../cluster/catalog/transforms.ts';
import {
  bool,
  defineApp,
  entity,
  float32,
  int64,
  string,
  type View,
  vector,
  view,
} from '../../../../cluster/catalog/views.ts';
import { type DataType, packBytes } from '../../../../proto/tensor.ts';

const user = entity({ name: 'user', key: 'user_id' });
const profile = view({
  name: 'profile',
  entity: user,
  ttl: 1_000,
  features: {
    mean: float32({ default: 4 }),
    seen_ms: int64(),
    vip: bool(),
    plan: string({ vocabulary: ['free', 'paid'] }),
    taste: vector(2),
  },
});
const WALL_MS = 10_000;

const ratio = onDemand({
  name: 'ratio',
  inputs: { amount: request('amount'), mean: feature(profile, 'mean') },
  compute: ({ amount, mean }) => amount / mean,
});
const everything = onDemand({
  name: 'everything',
  default: -1,
  inputs: {
    seenMs: feature(profile, 'seen_ms'),
    vip: feature(profile, 'vip'),
    plan: feature(profile, 'plan'),
    taste: feature(profile, 'taste'),
    note: request('note', 'text'),
    asOfMs: now(),
  },
  compute: ({ seenMs, vip, plan, taste, note, asOfMs }) =>
    (asOfMs - seenMs) * 1e-3 + (vip ? 10 : 0) + (plan === 'paid' ? 100 : 0) + taste[0]! + note.length * 1_000,
});

type Columns = readonly object[];

function planOf(
  columns: Columns,
  transforms: readonly Transform[],
  datatype: DataType = 'FP32',
  requests: object = { amount: { datatype: 'FP32' }, note: { datatype: 'BYTES' } },
): ServingPlan {
  const manifest = { entity: 'user', request: requests, inputs: [{ name: 'x', columns }] };
  return compilePlan(
    {
      manifest: parseManifest(JSON.stringify(manifest), 'm'),
      version: '1',
      sha256: '',
      platform: '',
      inputs: [{ name: 'x', datatype, shape: [-1, columns.length] }],
      outputs: [],
      batched: true,
    },
    defineApp({ views: [profile], transforms }),
  );
}

type Row = { stored: Record<string, unknown> | null; eventMs?: number; amount?: number; note?: string };

function run(plan: ServingPlan, rows: readonly Row[]) {
  const inputs = plan.requestInputs.map(({ name }) =>
    name === 'note'
      ? packBytes(rows.map((row) => Buffer.from(row.note ?? '')))
      : new Uint8Array(Float32Array.from(rows, (row) => row.amount ?? 0).buffer),
  );
  const buffer = recordBytes(new Uint8Array(256));
  const lookup = (of: View, _: number, key: Uint8Array) => {
    const row = rows[Number(Buffer.from(key).toString())]!;
    if (row.stored === null) return null;
    const bytes = encodeRecord(of, row.eventMs ?? WALL_MS, 1, packValues(of, row.stored, []));
    buffer.bytes.fill(0xee);
    buffer.bytes.set(bytes);
    return { ...buffer, length: bytes.byteLength };
  };
  const keys = rows.map((_, i) => Buffer.from(String(i)));
  const partitions = rows.map(() => 0);
  const { inputs: built, freshness } = assemble(
    plan,
    { keys, partitions, inputs, rows: rows.length, wallMs: WALL_MS, maxAgeMs: 0 },
    9,
    lookup,
  );
  const width = built[0]!.byteLength / 4 / rows.length;
  const cells = new Float32Array(built[0]!.buffer, built[0]!.byteOffset, built[0]!.byteLength / 4);
  return rows.map((_, row) => ({
    x: [...cells.subarray(row * width, (row + 1) * width)],
    defaulted: freshness === null ? [] : namesOfBits(plan.featureNames, freshness.defaulted, row),
  }));
}

describe('a transform', () => {
  it('takes features, request inputs and the time of each row', () => {
    const plan = planOf(
      [{ transform: 'ratio' }, { feature: 'profile.mean' }, { transform: 'everything' }],
      [ratio, everything],
    );
    const stored = { mean: 2, seen_ms: 4_000, vip: true, plan: 'paid', taste: [0.5, 9] };
    expect(
      run(plan, [
        { stored, amount: 3, note: 'ab' },
        { stored: { ...stored, mean: 8, vip: false }, amount: 4 },
      ]),
    ).toEqual([
      { x: [1.5, 2, 2116.5], defaulted: [] },
      { x: [0.5, 8, 106.5], defaulted: [] },
    ]);
  });

  it('takes defaults where nothing is stored, the row has expired or a value is null, and the answer says which', () => {
    const plan = planOf([{ transform: 'ratio' }], [ratio]);
    expect(
      run(plan, [
        { stored: null, amount: 2 },
        { stored: { mean: 2 }, eventMs: WALL_MS - 1_001, amount: 2 },
        { stored: { mean: null }, amount: 2 },
        { stored: { mean: 2 }, eventMs: WALL_MS - 1_000, amount: 2 },
      ]),
    ).toEqual([
      { x: [0.5], defaulted: ['profile.mean'] },
      { x: [0.5], defaulted: ['profile.mean'] },
      { x: [0.5], defaulted: ['profile.mean'] },
      { x: [1], defaulted: [] },
    ]);
  });

  it('whose result is no finite number gives its default, and the answer says so', () => {
    const results = [Number.NaN, 1e300, 'text' as unknown as number, true, 7];
    const odd = onDemand({
      name: 'odd',
      default: 5,
      inputs: { amount: request('amount') },
      compute: ({ amount }) => results[amount]!,
    });
    const plan = planOf([{ transform: 'odd' }, { feature: 'profile.mean' }], [odd]);
    const rows = run(
      plan,
      results.map((_, amount) => ({ stored: { mean: 1 }, amount })),
    );
    expect(rows.map(({ x }) => x[0])).toEqual([5, 5, 5, 1, 7]);
    expect(rows.map(({ defaulted }) => defaulted.length)).toEqual([1, 1, 1, 0, 0]);
    expect(rows[0]!.defaulted).toEqual(['odd']);
  });

  it('that throws fails the request, named', () => {
    const failing = onDemand({
      name: 'failing',
      inputs: { amount: request('amount') },
      compute: () => {
        throw new TypeError('no such table');
      },
    });
    const plan = planOf([{ transform: 'failing' }], [failing]);
    expect(() => run(plan, [{ stored: null }])).toThrow("transform 'failing' failed: no such table");
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['an object that cannot be text', Object.create(null)],
    ['an error whose message is no text', Object.assign(new Error('x'), { message: 5 })],
  ])('that throws %s fails the request, named', (_, thrown) => {
    const failing = onDemand({
      name: 'failing',
      inputs: { amount: request('amount') },
      compute: () => {
        throw thrown;
      },
    });
    const plan = planOf([{ transform: 'failing' }], [failing]);
    expect(() => run(plan, [{ stored: null }])).toThrow("transform 'failing' failed: ");
  });

  it('that changes what it is given changes nobody else’s values', () => {
    const greedy = onDemand({
      name: 'greedy',
      inputs: { taste: feature(profile, 'taste') },
      compute: ({ taste }) => {
        (taste as number[])[0]! += 5;
        return taste[0]!;
      },
    });
    const plan = planOf([{ transform: 'greedy' }], [greedy]);
    const rows = [{ stored: null }, { stored: null }, { stored: { taste: [1, 2] } }];
    expect(run(plan, rows).map(({ x }) => x[0])).toEqual([5, 5, 6]);
    expect(run(plan, rows).map(({ x }) => x[0])).toEqual([5, 5, 6]);
    expect(profile.featureByName.get('taste')!.default).toEqual([0, 0]);
  });

  it('that returns a promise gives its default, and a rejection ends no process', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const late = onDemand({
        name: 'late',
        default: 3,
        inputs: { amount: request('amount') },
        compute: () => Promise.reject(new Error('too late')) as never,
      });
      const plan = planOf([{ transform: 'late' }], [late]);
      expect(run(plan, [{ stored: null }])[0]!.x).toEqual([3]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('works for a model that takes no features at all', () => {
    const doubled = onDemand({
      name: 'doubled',
      inputs: { amount: request('amount') },
      compute: ({ amount }) => amount * 2,
    });
    const plan = planOf([{ transform: 'doubled' }], [doubled]);
    expect(plan.entityInput).toBeNull();
    expect(run(plan, [{ stored: null, amount: 4 }])).toEqual([{ x: [8], defaulted: [] }]);
  });

  it.each<[string, Columns, readonly Transform[], DataType, object | undefined, string]>([
    [
      'is not defined',
      [{ transform: 'nope' }],
      [ratio],
      'FP32',
      undefined,
      "uses transform 'nope', which the app does not define; it has ratio",
    ],
    ['fills whole numbers', [{ transform: 'ratio' }], [ratio], 'INT64', undefined, 'it needs FP32 or FP64'],
    [
      'needs an undeclared input',
      [{ transform: 'ratio' }],
      [ratio],
      'FP32',
      {},
      "request input 'amount' is not declared",
    ],
    [
      'needs one value of several',
      [{ transform: 'ratio' }],
      [ratio],
      'FP32',
      { amount: { datatype: 'FP32', shape: [2] } },
      "'amount' is FP32 [2]",
    ],
  ])('that %s is refused with the manifest', (_, columns, transforms, datatype, requests, message) => {
    expect(() => planOf(columns, transforms, datatype, requests)).toThrow(message);
  });

  it('is refused at its definition where it cannot be served', () => {
    expect(() => feature(profile, 'nope' as 'mean')).toThrow("has no feature 'nope'");
    expect(() => onDemand({ name: '../x', inputs: {}, compute: () => 1 })).toThrow('transform name');
    expect(() => onDemand({ name: 'x', inputs: {}, default: Number.NaN, compute: () => 1 })).toThrow('finite float32');
    expect(() => onDemand({ name: 'x', inputs: {}, compute: (async () => 1) as never })).toThrow('must not be async');
    expect(() => defineApp({ views: [profile], transforms: [ratio, ratio] })).toThrow(
      "two transforms are named 'ratio'",
    );
    expect(() => defineApp({ views: [], transforms: [ratio] })).toThrow(
      "takes 'profile@1.mean', whose view the app does not have",
    );
  });
});
