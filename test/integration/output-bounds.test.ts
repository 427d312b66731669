/** Models with very large outputs, on real ONNX Runtime: what is refused before it runs, and what after. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine, EngineTensor } from '../../actors/model-worker/engine.ts';
import { onnxEngine } from '../../actors/model-worker/onnx-engine.ts';
import { BATCH_OUTPUT_BYTES_MAX } from '../../actors/model-worker/output-bounds.ts';
import { loadModel, type ServedModel } from '../../actors/model-worker/served-model.ts';
import { defaultManifest } from '../../cluster/catalog/manifest.ts';
import { systemClock } from '../../cluster/clock.ts';
import { model } from '../../examples/support/onnx-writer.ts';
import { ServingError } from '../../proto/errors.ts';
import type { Compute } from '../../proto/letters.ts';
import { writeModel } from '../support/onnx-models.ts';

const ANSWER_BYTES_MAX = 1_048_576;
const LIMITS = { queueRowsMax: 4_096, queueItemsMax: 4_096, answerBytesMax: ANSWER_BYTES_MAX };
/** Rows of the largest run so far. */
let rowsMax = 0;
const real = onnxEngine({ kind: 'cpu', cores: null }, 1, systemClock);
const engine: Engine = {
  load: async (path) => {
    const loaded = await real.load(path);
    const run = (inputs: readonly EngineTensor[]) => {
      rowsMax = Math.max(rowsMax, inputs[0]!.shape[0]!);
      return loaded.run(inputs);
    };
    return {
      platform: loaded.platform,
      inputs: loaded.inputs,
      outputs: loaded.outputs,
      loadMs: loaded.loadMs,
      ownThread: false,
      lost: loaded.lost,
      run,
      release: () => loaded.release(),
    };
  },
};

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outputs-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** x [batch, 1] → y [batch, width] = x. */
const wideModel = (width: number) =>
  model({
    inputs: [{ name: 'x', type: 'float32', shape: ['batch', 1] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['batch', width] }],
    nodes: [{ op: 'Mul', inputs: ['x', 'ones'], outputs: ['y'] }],
    initializers: [{ name: 'ones', shape: [1, width], values: new Float32Array(width).fill(1) }],
  });

const COPIES = 64;
/** x [batch, length] → y [batch, 64 · length]. */
const repeatingModel = () =>
  model({
    inputs: [{ name: 'x', type: 'float32', shape: ['batch', 'length'] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['batch', 'longer'] }],
    nodes: [{ op: 'Concat', inputs: new Array<string>(COPIES).fill('x'), outputs: ['y'], attributes: { axis: 1 } }],
  });

async function load(name: string, bytes: Uint8Array): Promise<ServedModel> {
  rowsMax = 0;
  const path = await writeModel(directory, name, '1', bytes);
  const manifest = { ...defaultManifest(name), batchRowsMax: 4_096 };
  return loadModel({ name, version: '1', path, manifest }, engine, LIMITS, systemClock);
}

function ask(rows: number, length = 1): Compute {
  const x = new Float32Array(rows * length).fill(rows);
  return { rows, dims: [length], inputs: [new Uint8Array(x.buffer)] } as unknown as Compute;
}

async function refused(attempt: () => unknown): Promise<ServingError> {
  try {
    await attempt();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ServingError);
    return thrown as ServingError;
  }
  throw new Error('it was not refused');
}

it('refuses a request whose outputs fit no answer before it runs, and says how many rows do', async () => {
  const served = await load('wide', wideModel(65_536));
  const error = await refused(() => served.shapeKey(ask(5)));
  expect(error.code).toBe('RESOURCE_EXHAUSTED');
  expect(error.message).toMatch(
    /^wide\/1: the outputs of 5 rows have 1310720 bytes.*ask for at most 4 rows at a time$/,
  );
  expect(served.shapeKey(ask(4))).toBe('');
  await served.release();
});

it('forms no batch, not even at warm-up, whose outputs would fill the memory', async () => {
  const served = await load('wide-batch', wideModel(65_536));
  const rows = BATCH_OUTPUT_BYTES_MAX / 262_144;
  expect(rowsMax).toBe(rows);
  for (let i = 0; i < rows + 10; i++) {
    served.batcher.enqueue({
      item: { request: ask(1), arrivedMs: 0 },
      rows: 1,
      arrivedMs: 0,
      deadlineMs: Infinity,
      shapeKey: '',
    });
  }
  expect(served.batcher.decide(0)).toMatchObject({ kind: 'dispatch', rows });
  await served.release();
});

it('refuses to load a model that can answer nobody', async () => {
  const error = await refused(() => load('huge', wideModel(262_145)));
  expect(error.code).toBe('INVALID_ARGUMENT');
  expect(error.message).toMatch(/^model huge\/1: one row has 1048580 bytes of outputs/);
  expect(rowsMax).toBe(0);
});

it('refuses after the run what the file does not tell, and gives the others their rows', async () => {
  const served = await load('repeating', repeatingModel());
  const [small, large] = [ask(2, 1_024), ask(5, 1_024)];
  expect(served.shapeKey(large)).toBe('1024');
  const error = await refused(() => served.run([small, large], 7));
  expect([error.code, error.stage]).toEqual(['RESOURCE_EXHAUSTED', 'run']);
  expect(error.message).toMatch(/the outputs of 5 rows have 1310720 bytes.*at most 4 rows/);
  const [share] = await served.run([small], 2);
  expect(share!.outputs[0]!.byteLength).toBe(2 * 1_024 * COPIES * 4);
  await served.release();
});
