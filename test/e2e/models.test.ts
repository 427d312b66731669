/** An app of one's own: a good model among ones that cannot be served, each with its reason, and the good one serving. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { model } from '../../examples/support/onnx-writer.ts';
import { connectClient, type DovetailClient, floatTensor } from '../../index.ts';
import { dovetail, freePorts, TestCluster } from '../support/cluster.ts';
import { golden } from '../support/golden.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const FRAUD = fileURLToPath(new URL('../../examples/fraud/', import.meta.url));

/** y = 2x + k, over rows of three: an answer that shows which row and which version it belongs to. */
function affine(k: number): Uint8Array {
  return model({
    inputs: [{ name: 'x', type: 'float32', shape: ['rows', 3] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['rows', 3] }],
    nodes: [
      { op: 'Mul', inputs: ['x', 'two'], outputs: ['doubled'] },
      { op: 'Add', inputs: ['doubled', 'k'], outputs: ['y'] },
    ],
    initializers: [
      { name: 'two', shape: [1], values: [2] },
      { name: 'k', shape: [1], values: [k] },
    ],
  });
}

/** Runs for one row only: a reshape of its input to a fixed three values. */
function brokenGraph(): Uint8Array {
  return model({
    inputs: [{ name: 'x', type: 'float32', shape: ['rows', 3] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['rows', 3] }],
    nodes: [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
  });
}

let app: string;
let cluster: TestCluster;
let client: DovetailClient;

function put(path: string, content: string | Uint8Array): void {
  const file = join(app, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const fraudModel = (changes: Record<string, unknown>) => JSON.stringify({ engine: 'onnxruntime', ...changes });

/** What lies in `models/`, and what its owner must be told. */
const BROKEN: readonly [name: string, put: () => void, words: string][] = [
  ['not-onnx', () => put('models/not-onnx/1/model.onnx', 'this is no model\n'.repeat(50)), 'not-onnx/1'],
  ['empty', () => put('models/empty/1/model.onnx', ''), 'empty/1/model.onnx is empty'],
  ['no-file', () => put('models/no-file/1/readme.txt', 'later'), 'no-file/1/model.onnx is missing'],
  [
    'no-version',
    () => put('models/no-version/model.json', '{}'),
    'no version directory such as no-version/1/model.onnx',
  ],
  ['bad-operator', () => put('models/bad-operator/1/model.onnx', brokenGraph()), 'NoSuchOperator'],
  [
    'bad-json',
    () => {
      put('models/bad-json/model.json', '{"batch": ');
      put('models/bad-json/1/model.onnx', affine(0));
    },
    "model.json of 'bad-json': is not JSON",
  ],
  [
    'bad-field',
    () => {
      put('models/bad-field/model.json', fraudModel({ batch: { row_max: 4 } }));
      put('models/bad-field/1/model.onnx', affine(0));
    },
    'unknown field "row_max"; known are rows_max',
  ],
  [
    'other-name',
    () => {
      put('models/other-name/model.json', fraudModel({ name: 'fraud' }));
      put('models/other-name/1/model.onnx', affine(0));
    },
    "says name 'fraud' but lies in directory 'other-name'",
  ],
  [
    'wrong-input',
    () => {
      put(
        'models/wrong-input/model.json',
        fraudModel({ request: { z: { datatype: 'FP32', shape: [3] } }, inputs: [{ name: 'z', request: 'z' }] }),
      );
      put('models/wrong-input/1/model.onnx', affine(0));
    },
    "binds input 'z', but the file has 'x'",
  ],
  [
    'wrong-type',
    () => {
      put(
        'models/wrong-type/model.json',
        fraudModel({ request: { x: { datatype: 'INT64', shape: [3] } }, inputs: [{ name: 'x', request: 'x' }] }),
      );
      put('models/wrong-type/1/model.onnx', affine(0));
    },
    "declares request input 'x' as INT64, but the file's 'x' is FP32",
  ],
  [
    'wrong-view',
    () => {
      put(
        'models/wrong-view/model.json',
        fraudModel({
          entity: 'user',
          inputs: [
            {
              name: 'x',
              columns: [
                { feature: 'user_profile.is_new' },
                { feature: 'user_profile.no_such_feature' },
                { feature: 'user_profile.avg_amount' },
              ],
            },
          ],
        }),
      );
      put('models/wrong-view/1/model.onnx', affine(0));
    },
    'no_such_feature',
  ],
  [
    'wrong-width',
    () => {
      put(
        'models/wrong-width/model.json',
        fraudModel({ entity: 'user', inputs: [{ name: 'x', columns: [{ feature: 'user_profile.is_new' }] }] }),
      );
      put('models/wrong-width/1/model.onnx', affine(0));
    },
    'x',
  ],
];

beforeAll(async () => {
  app = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
  cpSync(join(FRAUD, 'features.ts'), join(app, 'features.ts'));
  cpSync(join(FRAUD, 'models'), join(app, 'models'), { recursive: true });
  put('models/affine/1/model.onnx', affine(1));
  put('models/affine/2/model.onnx', affine(2));
  put('models/affine/3/model.onnx', 'half written');
  put('models/2bad name/1/model.onnx', affine(0));
  put('models/readme.md', 'a stray file');
  for (const [, place] of BROKEN) place();
  cluster = await TestCluster.start({ flags: ['--app', app] });
  client = await connectClient({ url: cluster.natsUrl, timeoutMs: 10_000 });
});

afterAll(async () => {
  await client?.close();
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
    rmSync(app, { recursive: true, force: true });
  }
});

describe('a model that cannot be served', () => {
  it.each(BROKEN)('(%s) is answered with the reason, on both APIs and in the status', async (name, _place, words) => {
    const { json, status } = await cluster.post(`/v1/predict/${name}`, { inputs: { x: [1, 2, 3] } });
    expect(json).toMatchObject({ error: { code: 'UNAVAILABLE', message: expect.stringContaining(words) } });
    expect(status).toBe(503);
    const ready = await cluster.get(`/v2/models/${name}/ready`);
    expect(ready).toMatchObject({ status: 400, json: { error: expect.stringContaining(words) } });
    const { models_with_problems } = await cluster.status();
    expect(models_with_problems.find((one) => one.model === name)?.problem).toContain(words);
    await expect(client.predict(name, [floatTensor('x', 1, [1, 2, 3])])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(words),
    });
  });

  it('shows in the worker’s log and in "dovetail status"', async () => {
    expect(cluster.stderr).toContain('2bad name');
    expect(cluster.stderr).toMatch(/empty\/1\/model\.onnx is empty/);
    const { stdout } = await dovetail(['status', '--url', cluster.url]);
    expect(stdout).toMatch(/! bad-json\/1: model\.json of 'bad-json': is not JSON/);
  });
});

describe('beside them', () => {
  it('the fraud model answers as ever', async () => {
    const row = golden.rows.findIndex((one) => one.user !== null && one.merchant !== null);
    const { user, merchant, request, score } = golden.rows[row]!;
    await cluster.post('/v1/features/user_profile:push', { rows: [user] });
    await cluster.post('/v1/features/merchant_profile:push', { rows: [merchant] });
    await expect
      .poll(
        async () => {
          const { json } = await cluster.post('/v1/predict/fraud', request);
          return Math.abs((json['outputs'] as { score: number }).score - score);
        },
        { timeout: 20_000 },
      )
      .toBeLessThan(golden.tolerance);
  });

  it('a model without features is served without a shard, by its newest good version or the one asked for', async () => {
    const newest = (await cluster.post('/v1/predict/affine', { inputs: { x: [1, 2, 3] } })).json;
    expect(newest).toMatchObject({ outputs: { y: [4, 6, 8] }, model: { name: 'affine', version: '2' } });
    expect(newest).not.toHaveProperty('features');
    const older = await cluster.post('/v1/predict/affine/versions/1', { inputs: { x: [1, 2, 3] } });
    expect(older.json).toMatchObject({ outputs: { y: [3, 5, 7] }, model: { version: '1' } });
    const broken = await cluster.post('/v1/predict/affine/versions/3', { inputs: { x: [1, 2, 3] } });
    expect(broken).toMatchObject({ status: 503, json: { error: { message: expect.stringContaining('affine/3') } } });
  });

  it('its manifest-less description is read from the file', async () => {
    expect((await cluster.get('/v2/models/affine')).json).toMatchObject({
      name: 'affine',
      versions: ['1', '2'],
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
    });
  });

  it('many callers in one batch each get exactly their own rows', async () => {
    const calls = Array.from({ length: 200 }, (_, i) => {
      const rows = 1 + (i % 4);
      return Float32Array.from({ length: rows * 3 }, (_, j) => i * 100 + j);
    });
    const answers = await Promise.all(
      calls.map((values) => client.predict('affine', [floatTensor('x', values.length / 3, values)])),
    );
    answers.forEach(({ outputs }, i) => {
      const data = Buffer.from(outputs[0]!.data);
      const got = Float32Array.from({ length: data.byteLength / 4 }, (_, j) => data.readFloatLE(j * 4));
      expect(got).toEqual(calls[i]!.map((value) => 2 * value + 2));
    });
  });

  it('wrong widths are refused with the shape that is wanted', async () => {
    await expect(client.predict('affine', [floatTensor('x', 1, [1, 2])])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('[rows,3], got [1,2]'),
    });
    const { status, json } = await cluster.post('/v1/predict/affine', { inputs: { x: [1, 2] } });
    expect({ status, text: JSON.stringify(json) }).toMatchObject({ status: 400, text: expect.stringContaining('x') });
  });
});

describe('an app', () => {
  it.each([
    ['that cannot be compiled', 'export default {{{', 1, 'features.ts cannot be loaded'],
    ['that exports something else', 'export default 7;', 1, 'must export default defineApp'],
  ] as const)('%s ends the start with its file and the reason', async (_what, source, code, words) => {
    const other = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
    try {
      writeFileSync(join(other, 'features.ts'), source);
      const { http, metrics } = await freePorts();
      const ports = ['--http-port', String(http), '--grpc-port', '0', '--metrics-port', String(metrics)];
      const result = await dovetail(['up', '--app', other, '--data-dir', join(other, 'data'), ...ports]);
      expect(result).toMatchObject({ code, stdout: '' });
      expect(result.stderr).toContain(words);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  it.each([
    ['whose only model contradicts its manifest', true],
    ['without models', false],
  ])('%s starts and stays up', async (_what, contradictory) => {
    const other = mkdtempSync(join(tmpdir(), 'dovetail-app-'));
    let started: TestCluster | null = null;
    try {
      cpSync(join(FRAUD, 'features.ts'), join(other, 'features.ts'));
      cpSync(join(FRAUD, 'profile.ts'), join(other, 'profile.ts'));
      if (contradictory) {
        mkdirSync(join(other, 'models/aaa/1'), { recursive: true });
        const inputs = [{ name: 'not_there', request: 'x' }];
        writeFileSync(
          join(other, 'models/aaa/model.json'),
          JSON.stringify({ request: { x: { datatype: 'FP32' } }, inputs }),
        );
        writeFileSync(join(other, 'models/aaa/1/model.onnx'), affine(1));
      }
      started = await TestCluster.start({ flags: ['--app', other] });
      const { status, json } = await started.post('/v1/predict/aaa', { inputs: { x: [[1, 2, 3]] } });
      const said = contradictory ? "binds input 'not_there', but the file has 'x'" : 'known are: none';
      expect({ ok: status === 200, text: JSON.stringify(json) }).toEqual({
        ok: false,
        text: expect.stringContaining(said),
      });
      const pushed = await started.post('/v1/features/user_profile:push', { rows: [{ user_id: 'u1' }] });
      expect(pushed.status).toBe(200);
      await started.stop();
    } finally {
      await started?.kill();
      rmSync(other, { recursive: true, force: true });
    }
  });
});
