/**
 * What a running cluster served, recomputed from its log: the model, fed with what replay and the training set say, gives
 * the very score that the caller got.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parseDevice } from '../../actors/model-worker/device.ts';
import type { LoadedModel } from '../../actors/model-worker/engine.ts';
import { onnxEngine } from '../../actors/model-worker/onnx-engine.ts';
import { ParquetInput } from '../../cli/offline/parquet-input.ts';
import { systemClock } from '../../cluster/clock.ts';
import { dovetail, eventually, TestCluster } from '../support/cluster.ts';
import { golden, merchantRows, userRows } from '../support/golden.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let cluster: TestCluster;
let scratch: string;
let model: LoadedModel;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'served-features-'));
  cluster = await TestCluster.start({ flags: ['--shards', '1', '--replicas', '1', '--partitions', '8'] });
  const engine = onnxEngine(parseDevice('cpu'), 1, systemClock);
  model = await engine.load('examples/fraud/models/fraud/1/model.onnx');
});

afterAll(async () => {
  await model?.release();
  await rm(scratch, { recursive: true, force: true });
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
  }
});

async function scoreOf(columns: readonly number[]): Promise<number> {
  const data = new Uint8Array(Float32Array.from(columns).buffer);
  const [output] = await model.run([{ datatype: 'FP32', shape: [1, columns.length], data }]);
  return new DataView(output!.data.buffer, output!.data.byteOffset).getFloat32(0, true);
}

type Answer = {
  readonly outputs: { readonly score: number };
  readonly features: { readonly applied_seq: number; readonly everywhere_seq: number; readonly as_of_ms: number };
};

async function predict(request: unknown): Promise<Answer> {
  return (await cluster.post('/v1/predict/fraud', request)).json as unknown as Answer;
}

/** The highest sequence of a push. */
async function push(view: string, rows: readonly unknown[]): Promise<number> {
  const { json } = await cluster.post(`/v1/features/${view}:push`, { rows });
  return Math.max(...(json['acks'] as { readonly seq: number }[]).map((ack) => ack.seq));
}

it('gives the same scores, and the same rows, once more from the log', async () => {
  const requests = golden.rows.slice(0, 6).map((row) => row.request);
  const answers: Answer[] = [];
  // Each before, between and after the rows that it is about.
  for (const request of requests) {
    answers.push(await predict(request));
    // A push within the millisecond of the answer would count as there already.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const own = userRows.filter((row) => row.user_id === request.user_id);
    const users = own.length === 0 ? 0 : await push('user_profile', own);
    const merchants = await push('merchant_profile', merchantRows);
    // What a training set says of a moment is what a replica answers that keeps up.
    await eventually(
      async () => {
        const { features } = await predict(request);
        return features.everywhere_seq >= merchants && features.applied_seq >= users;
      },
      () => 'the replica does not apply what was pushed',
    );
    answers.push(await predict(request));
  }
  const nats = ['--nats-url', cluster.natsUrl];
  const archive = join(scratch, 'archive');
  expect(await dovetail(['archive', '--out', archive, ...nats])).toMatchObject({ code: 0 });
  for (const i of [1, 2, answers.length - 1]) {
    const { user_id, inputs } = requests[Math.floor(i / 2)]!;
    const { outputs, features } = answers[i]!;
    const given = Object.entries(inputs).map(([name, value]) => `${name}=${value}`);
    const at = ['--seq', `${features.applied_seq}`, '--everywhere-seq', `${features.everywhere_seq}`];
    const asked = ['--key', user_id, '--at', `${features.as_of_ms}`, '--input', given.join(',')];
    const replay = await dovetail(['replay', '--model', 'fraud', ...at, ...asked, ...nats]);
    expect(replay.code, replay.stderr).toBe(0);
    const { columns } = JSON.parse(replay.stdout) as { columns: Record<string, number> };
    expect(await scoreOf(Object.values(columns))).toBe(Math.fround(outputs.score));
  }
  const labels = join(scratch, 'labels.jsonl');
  const lines = answers.map(({ features }, i) => {
    const { user_id, inputs } = requests[Math.floor(i / 2)]!;
    return JSON.stringify({ user_id, ...inputs, event_time: features.as_of_ms, label: i });
  });
  await writeFile(labels, lines.join('\n'));
  const out = join(scratch, 'train.parquet');
  const made = await dovetail([
    'training-set',
    '--labels',
    labels,
    '--model',
    'fraud',
    '--archive',
    archive,
    '--out',
    out,
  ]);
  expect(made.code, made.stderr).toBe(0);
  const rows = await columnsOf(out);
  expect(rows).toHaveLength(answers.length);
  for (const [i, row] of rows.entries()) expect(await scoreOf(row)).toBe(Math.fround(answers[i]!.outputs.score));
});

/** The model's columns of each row, in the file's order. */
async function columnsOf(path: string): Promise<number[][]> {
  const input = await ParquetInput.open(path);
  const names = input.columns.map((column) => column.name);
  const wanted = names.slice(names.indexOf('user_profile__payments_total'), names.indexOf('defaulted'));
  const rows: number[][] = [];
  for await (const slice of input.slices(wanted)) {
    const columns = wanted.map((name) => slice.column(name));
    for (let i = 0; i < slice.rows; i++) rows.push(columns.map((column) => column[i] as number));
  }
  await input.close();
  return rows;
}
