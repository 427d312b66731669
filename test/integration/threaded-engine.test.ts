/** Models in threads of their own, on real ONNX Runtime: what they answer, what goes on meanwhile, and how they end. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineTensor } from '../../actors/model-worker/engine.ts';
import { type Engines, loadInPlace } from '../../actors/model-worker/model-placement.ts';
import type { ModelFile } from '../../actors/model-worker/model-repository.ts';
import { onnxEngine } from '../../actors/model-worker/onnx-engine.ts';
import { loadModel } from '../../actors/model-worker/served-model.ts';
import { ThreadedEngine } from '../../actors/model-worker/threaded-engine.ts';
import { defaultManifest } from '../../cluster/catalog/manifest.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { ServingError } from '../../proto/errors.ts';
import type { Compute } from '../../proto/letters.ts';
import { packBytes } from '../../proto/tensor.ts';
import { dynamicModel, mixedModel, tableModel, writeModel } from '../support/onnx-models.ts';
import { spawnScript } from '../support/run-script.ts';
import { chainModel, productsFor } from '../support/slow-models.ts';

const LIMITS = { queueRowsMax: 4_096, queueItemsMax: 4_096, answerBytesMax: 1_048_576 };
const CPU = { kind: 'cpu', cores: null } as const;
const threaded = new ThreadedEngine({ device: CPU, threads: 1, clock: systemClock });
const inline = onnxEngine(CPU, 1, systemClock);
const engines: Engines = { inline, threaded };

let directory: string;
/** About 300 ms a run. */
let slowPath: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'threads-'));
  slowPath = await writeModel(directory, 'slow', '1', chainModel(await productsFor(300, directory)));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const write = (name: string, bytes: Uint8Array | string) => writeModel(directory, name, '1', bytes);

async function fileOf(name: string, bytes: Uint8Array, batchRowsMax = 64): Promise<ModelFile> {
  const path = await write(name, bytes);
  return { name, version: '1', path, manifest: { ...defaultManifest(name), batchRowsMax } };
}

const float = (shape: number[], ...values: number[]): EngineTensor => ({
  datatype: 'FP32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const floatsOf = (tensor: EngineTensor) => [...new Float32Array(tensor.data.slice().buffer)];

const mixedInputs = (): EngineTensor[] => [
  float([2, 2], 1, 2, 3, 4),
  { datatype: 'INT64', shape: [2, 1], data: new Uint8Array(BigInt64Array.of(5n, 6n).buffer) },
  { datatype: 'BYTES', shape: [2, 1], data: packBytes([Buffer.from('größer'), Buffer.from('')]) },
];

async function rejection(promise: Promise<unknown>): Promise<ServingError> {
  const thrown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ServingError);
  return thrown as ServingError;
}

describe('a model in a thread', () => {
  it('says of itself and answers what it does on the main thread, texts too', async () => {
    const path = await write('mixed', mixedModel());
    const [apart, here] = [await threaded.load(path), await inline.load(path)];
    expect([apart.platform, apart.inputs, apart.outputs]).toEqual([here.platform, here.inputs, here.outputs]);
    expect([apart.ownThread, here.ownThread]).toEqual([true, false]);
    expect(apart.loadMs).toBeGreaterThan(0);
    const plain = (outputs: EngineTensor[]) => outputs.map((one) => ({ ...one, data: [...one.data] }));
    expect(plain(await apart.run(mixedInputs()))).toEqual(plain(await here.run(mixedInputs())));
    await Promise.all([apart.release(), here.release()]);
    expect(threaded.isBusy).toBe(false);
  });

  it('takes the inputs’ memory along, and hands out outputs that nobody else holds', async () => {
    const model = await threaded.load(await write('mixed', mixedModel()));
    const inputs = mixedInputs();
    const outputs = await model.run(inputs);
    expect(inputs.map(({ data }) => data.byteLength)).toEqual([0, 0, 0]);
    for (const { data } of outputs) expect(data.buffer.byteLength).toBe(data.byteLength);
    await model.release();
  });

  it('leaves the event loop free while it loads and runs, and others run beside it', async () => {
    let lateMs = 0;
    let beforeMs = systemClock.nowMs();
    const ticks = systemClock.every(10, () => {
      lateMs = Math.max(lateMs, systemClock.nowMs() - beforeMs);
      beforeMs = systemClock.nowMs();
    });
    const model = await threaded.load(slowPath);
    const quick = await threaded.load(await write('mixed', mixedModel()));
    const startMs = systemClock.nowMs();
    const slow = model.run([float([1, 1], 2)]);
    let quickRuns = 0;
    let over = false;
    void slow.then(() => {
      over = true;
    });
    while (!over) {
      await quick.run(mixedInputs());
      quickRuns++;
    }
    const tookMs = systemClock.nowMs() - startMs;
    ticks.cancel();
    expect(floatsOf((await slow)[0]!)[0]).toBeCloseTo(3, 3);
    expect(tookMs).toBeGreaterThan(150);
    expect(quickRuns).toBeGreaterThan(20);
    expect(lateMs).toBeLessThan(150);
    await Promise.all([model.release(), quick.release()]);
  });

  it('that fails one run says why, and runs the next', async () => {
    const model = await threaded.load(await write('table', tableModel()));
    const index = (value: bigint): EngineTensor[] => [
      { datatype: 'INT64', shape: [1, 1], data: new Uint8Array(BigInt64Array.of(value).buffer) },
    ];
    await expect(model.run(index(99n))).rejects.toThrow(/out of data bounds|out of bounds/);
    expect(floatsOf((await model.run(index(1n)))[0]!)).toEqual([20]);
    await model.release();
  });

  it('that is no model is told apart, and leaves no thread', async () => {
    const error = await rejection(threaded.load(await write('text', 'this is no model')));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(/^not a loadable ONNX model: /);
  });

  it('finishes what was asked before it is released, and nothing afterwards', async () => {
    const model = await threaded.load(slowPath);
    const asked = model.run([float([1, 1], 1)]);
    await model.release();
    expect(floatsOf((await asked)[0]!)[0]).toBeCloseTo(2, 3);
    expect((await rejection(model.run([float([1, 1], 1)]))).code).toBe('UNAVAILABLE');
    await model.release();
  });
});

describe('a thread that ends by itself', () => {
  /** Says that it has loaded something, and does `then` when asked to run it. */
  const pretending = (then: string) =>
    new ThreadedEngine({
      device: CPU,
      threads: 1,
      clock: systemClock,
      program: {
        file: new URL(
          `data:text/javascript,${encodeURIComponent(`
            import { parentPort } from 'node:worker_threads';
            parentPort.on('message', () => { ${then} });
            parentPort.postMessage({ kind: 'loaded', platform: 'p', inputs: [], outputs: [], loadMs: 1 });`)}`,
        ),
        execArgv: [],
      },
    });

  it.each([
    ['crashes', 'throw new Error("out of luck")', /^the thread that holds some\.onnx has ended: out of luck$/],
    ['exits', 'process.exit(7)', /has ended: exit code 7$/],
  ])('and %s fails what it was asked, and says that it is lost', async (_, then, words) => {
    const model = await pretending(then).load('some.onnx');
    const failed = await Promise.all([rejection(model.run([])), rejection(model.run([]))]);
    for (const error of failed) {
      expect(error.code).toBe('UNAVAILABLE');
      expect(error.message).toMatch(words);
    }
    expect((await model.lost).message).toMatch(words);
    expect((await rejection(model.run([]))).message).toMatch(words);
    await model.release();
  });

  it('as it was asked to is not lost', async () => {
    const model = await pretending('parentPort.close()').load('some.onnx');
    await model.release();
    expect(await Promise.race([model.lost, Promise.resolve('not lost')])).toBe('not lost');
  });
});

describe('the place of a model', () => {
  const place = async (file: ModelFile) => {
    const model = await loadInPlace(file, engines, LIMITS, systemClock, silentLog);
    await model.release();
    return model.ownThread ? 'thread' : 'inline';
  };

  it('is a thread for one that takes long or whose runs can be of any size, else the caller’s', async () => {
    expect(await place(await fileOf('mixed', mixedModel()))).toBe('inline');
    expect(await place(await fileOf('dynamic', dynamicModel()))).toBe('thread');
    const takes60Ms = chainModel(await productsFor(60, directory));
    expect(await place(await fileOf('takes-long', takes60Ms))).toBe('thread');
    expect(threaded.isBusy).toBe(false);
  }, 30_000);

  it('is the caller’s thread where the device allows no other', async () => {
    const model = await loadInPlace(
      await fileOf('dynamic', dynamicModel()),
      { inline, threaded: null },
      LIMITS,
      systemClock,
      silentLog,
    );
    expect(model.ownThread).toBe(false);
    await model.release();
  });

  it('makes no difference to whose rows come back', async () => {
    const model = await loadModel(await fileOf('mixed', mixedModel()), threaded, LIMITS, systemClock);
    const ask = (rows: number, first: number) =>
      ({
        rows,
        dims: [],
        inputs: [
          float([rows, 2], ...Array.from({ length: 2 * rows }, (_, i) => first + i)).data,
          new Uint8Array(new BigInt64Array(rows).fill(BigInt(first)).buffer),
          packBytes(Array.from({ length: rows }, (_, i) => Buffer.from(`${first}/${i}`))),
        ],
      }) as unknown as Compute;
    const requests = [ask(2, 10), ask(1, 20)];
    for (let again = 0; again < 2; again++) {
      const shares = await model.run(requests, 3);
      expect(shares.map(({ outputs }) => [...new Float32Array(outputs[0]!.slice().buffer)])).toEqual([
        [20, 22, 24, 26],
        [40, 42],
      ]);
      expect(Buffer.from(shares[1]!.outputs[2]!).toString('utf8')).toContain('20/0');
    }
    await model.release();
  });
});

describe('a process with a model in a thread', () => {
  type End = { readonly code: number | null; readonly signal: string | null; readonly ms: number; said: string };

  async function end(how: string, path: string, device = 'cpu'): Promise<End> {
    const child = spawnScript('engine-thread-child.ts', [how, path, device]);
    let said = '';
    let saidAtMs = 0;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      saidAtMs = systemClock.nowMs();
    });
    return new Promise((resolve) =>
      child.once('close', (code, signal) => resolve({ code, signal, said, ms: systemClock.nowMs() - saidAtMs })),
    );
  }

  it.each(['idle', 'released'])('ends well when it is %s', async (how) => {
    const { code, signal, said } = await end(how, slowPath);
    expect(JSON.parse(said)).toMatchObject({ done: how, busy: false });
    expect([code, signal]).toEqual([0, null]);
  });

  it.each(['running', 'exit'])('ends at once in the middle of a run (%s)', async (how) => {
    const long = await write('long', chainModel((await productsFor(300, directory)) * 30));
    const { signal, said, ms } = await end(how, long);
    expect(JSON.parse(said)).toMatchObject({ done: how, busy: true });
    expect(signal).toBe('SIGKILL');
    expect(ms).toBeLessThan(2_000);
  });

  it.runIf(process.platform === 'linux')('keeps the thread on its cores', async () => {
    const allowed = /Cpus_allowed_list:\s*(\S+)/.exec(await readFile('/proc/self/status', 'utf8'))![1]!;
    const core = allowed.split(/[,-]/).at(-1)!;
    const { said } = await end('released', slowPath, `cpu:${core}`);
    expect(new Set((JSON.parse(said) as { cores: string[] }).cores)).toEqual(new Set([core]));
  });
});
