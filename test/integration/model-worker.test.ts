/** The model-worker on real ONNX Runtime: whose rows come back, what bad files and bad requests do, and pinning. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pinToCores } from '../../actors/model-worker/device.ts';
import { type ModelFile, scanModels } from '../../actors/model-worker/model-repository.ts';
import { modelWorker } from '../../actors/model-worker/model-worker.ts';
import { cudaProviderInstalled, onnxEngine } from '../../actors/model-worker/onnx-engine.ts';
import { type BatchLimits, loadModel, type ServedModel } from '../../actors/model-worker/served-model.ts';
import { ActorSystem } from '../../cluster/actors/actor-system.ts';
import { defaultManifest } from '../../cluster/catalog/manifest.ts';
import { compilePlan } from '../../cluster/catalog/serving-plan.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { below, type Random, seededRandom } from '../../cluster/random.ts';
import { seededMlp } from '../../examples/support/onnx-writer.ts';
import { ServingError } from '../../proto/errors.ts';
import { type Answer, type Compute, errorOf } from '../../proto/letters.ts';
import { bytesElements, packBytes } from '../../proto/tensor.ts';
import { app } from '../support/feature-log-writer.ts';
import { dynamicModel, fixedModel, mixedModel, TABLE, tableModel, writeModel } from '../support/onnx-models.ts';
import { spawnScript } from '../support/run-script.ts';

const LIMITS: BatchLimits = { queueRowsMax: 4_096, queueItemsMax: 4_096, answerBytesMax: 1_048_576 };
const engine = onnxEngine({ kind: 'cpu', cores: null }, 1, systemClock);
let directory: string;
let workers: Worker[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'models-'));
  workers = [];
});

afterEach(async () => {
  for (const worker of workers) await worker.stop();
  await rm(directory, { recursive: true, force: true });
});

function fileOf(name: string, path: string, batchRowsMax = 64): ModelFile {
  return { name, version: '1', path, manifest: { ...defaultManifest(name), batchRowsMax } };
}

async function load(name: string, bytes: Uint8Array, batchRowsMax = 64, limits = LIMITS): Promise<ServedModel> {
  const path = await writeModel(directory, name, '1', bytes);
  return loadModel(fileOf(name, path, batchRowsMax), engine, limits, systemClock);
}

/** The actor, and whoever asks it: keeps answers by id and how many rows each run had. */
class Worker {
  readonly runs: { model: string; rows: number; requests: number }[] = [];
  readonly escalated: unknown[] = [];
  readonly #system: ActorSystem;
  readonly #models: readonly ServedModel[];
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  answersTwice = 0;
  #nextId = 1;

  constructor(models: readonly ServedModel[]) {
    this.#models = models;
    this.#system = new ActorSystem({
      node: 'n',
      clock: systemClock,
      log: silentLog,
      remote: { tell: () => 'unreachable' },
      onEscalate: (_, cause) => this.escalated.push(cause),
    });
    this.#system.spawn('asker', { mailboxMessagesMax: 10_000 }, () => ({
      receive: (message) => {
        if (message.kind !== 'answer') return;
        const settle = this.#waiting.get(message.body.id);
        if (settle === undefined) this.answersTwice++;
        this.#waiting.delete(message.body.id);
        settle?.(message.body);
      },
    }));
    this.#system.spawn(
      'model-worker',
      { mailboxMessagesMax: 10_000 },
      modelWorker(new Map(models.map((model) => [model.key, model])), {
        ran: (model, rows, requests) => this.runs.push({ model, rows, requests }),
        failed() {},
        batchFailed() {},
        batchSpans() {},
      }),
    );
    workers.push(this);
  }

  ask(model: string, rows: number, inputs: Uint8Array[], extra: Partial<Compute> = {}): Promise<Answer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      const body: Compute = {
        id,
        replyTo: 'n/asker',
        model,
        budgetUs: 20_000_000,
        rows,
        inputs,
        trace: null,
        dims: [],
        freshness: null,
        shardUs: 0,
        ...extra,
      };
      this.#system.tell({ node: 'n', actor: 'model-worker' }, { kind: 'compute', body });
    });
  }

  stopActors(): void {
    this.#system.stop();
  }

  async stop(): Promise<void> {
    this.#system.stop();
    await Promise.all(this.#models.map((model) => model.release()));
  }
}

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function longs(...values: (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}

function texts(...values: string[]): Uint8Array {
  return packBytes(values.map((value) => Buffer.from(value, 'utf8')));
}

function floatsOf(bytes: Uint8Array): number[] {
  return [...new Float32Array(bytes.slice().buffer)];
}

function longsOf(bytes: Uint8Array): bigint[] {
  return [...new BigInt64Array(bytes.slice().buffer)];
}

function textsOf(bytes: Uint8Array): string[] {
  return bytesElements(bytes).map((element) => Buffer.from(element).toString('utf8'));
}

function failureOf(answer: Answer): ServingError {
  expect(answer.failure).not.toBeNull();
  return errorOf(answer.failure!);
}

async function rejection(promise: Promise<unknown>): Promise<ServingError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ServingError);
  return thrown as ServingError;
}

type Check = { readonly answer: Promise<Answer>; readonly verify: (answer: Answer) => void };

function askMixed(worker: Worker, random: Random, serial: number): Check {
  const rows = 1 + below(random, 9);
  const a = Array.from({ length: rows * 2 }, (_, i) => serial * 100 + i);
  const b = Array.from({ length: rows }, (_, i) => BigInt(serial) * 10_000_000_000n + BigInt(i));
  const text = Array.from({ length: rows }, (_, i) => `${serial}/${i} ${'ü'.repeat(below(random, 20))}`);
  return {
    answer: worker.ask('mixed/1', rows, [floats(...a), longs(...b), texts(...text)]),
    verify: ({ outputs }) => {
      expect(floatsOf(outputs[0]!)).toEqual(a.map((value) => value * 2));
      expect(longsOf(outputs[1]!)).toEqual(b.map((value) => value + 1n));
      expect(textsOf(outputs[2]!)).toEqual(text);
    },
  };
}

function askDynamic(worker: Worker, random: Random, serial: number): Check {
  const rows = 1 + below(random, 5);
  const length = 1 + below(random, 3);
  const x = Array.from({ length: rows * length }, (_, i) => serial + i);
  return {
    answer: worker.ask('dynamic/1', rows, [floats(...x)], { dims: [length] }),
    verify: ({ outputs, dims }) => {
      expect(dims).toEqual([length]);
      expect(floatsOf(outputs[0]!)).toEqual(x.map((value) => value * 2));
      const totals = Array.from({ length: rows }, (_, row) =>
        x.slice(row * length, (row + 1) * length).reduce((sum, value) => sum + value, 0),
      );
      expect(floatsOf(outputs[1]!)).toEqual(totals);
    },
  };
}

function askFixed(worker: Worker, _random: Random, serial: number): Check {
  const x = [serial, serial + 0.5, -serial];
  return {
    answer: worker.ask('fixed/1', 1, [floats(...x)]),
    verify: ({ outputs }) => expect(floatsOf(outputs[0]!)).toEqual(x.map((value) => value * 2)),
  };
}

describe('a worker with several models', () => {
  it('gives each caller exactly its own rows, whatever arrives with them and in whichever order', async () => {
    const worker = new Worker([
      await load('mixed', mixedModel()),
      await load('dynamic', dynamicModel()),
      await load('fixed', fixedModel(1)),
    ]);
    const random = seededRandom(17);
    const kinds = [askMixed, askDynamic, askFixed];
    const checks: Check[] = [];
    for (let serial = 1; serial <= 400; serial++) {
      checks.push(kinds[below(random, kinds.length)]!(worker, random, serial));
      if (random.next() < 0.15) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { answer, verify } of checks) {
      const got = await answer;
      expect(got.failure).toBeNull();
      verify(got);
    }
    expect(worker.answersTwice).toBe(0);
    // Otherwise nobody's rows ever met anybody else's, and the test shows nothing.
    expect(worker.runs.filter((run) => run.model === 'mixed/1' && run.requests > 2).length).toBeGreaterThan(3);
    expect(worker.runs.filter((run) => run.model === 'dynamic/1' && run.requests > 1).length).toBeGreaterThan(3);
    expect(worker.runs.filter((run) => run.model === 'fixed/1').every((run) => run.rows === 1)).toBe(true);
  });

  it('never runs more rows than the manifest allows at a time', async () => {
    const worker = new Worker([await load('mixed', mixedModel(), 8)]);
    const random = seededRandom(2);
    const checks = Array.from({ length: 40 }, (_, i) => {
      const text = [`${i}`, 'x'];
      const rows = 1 + below(random, 2);
      return worker.ask('mixed/1', rows, [
        floats(...new Array<number>(rows * 2).fill(i)),
        longs(...new Array<number>(rows).fill(i)),
        texts(...text.slice(0, rows)),
      ]);
    });
    const answers = await Promise.all(checks);
    expect(answers.map((answer) => floatsOf(answer.outputs[0]!)[0])).toEqual(answers.map((_, i) => i * 2));
    expect(Math.max(...worker.runs.map((run) => run.rows))).toBe(8);
  });

  it('says how long a request waited and ran, and how many rows ran with it', async () => {
    const worker = new Worker([await load('table', tableModel())]);
    const answers = await Promise.all([0, 1, 2].map((index) => worker.ask('table/1', 1, [longs(index)])));
    for (const answer of answers) {
      expect(answer.batchRows).toBe(3);
      expect(answer.runUs).toBeGreaterThan(0);
      expect(answer.queueUs).toBeGreaterThanOrEqual(0);
      expect(answer.backlogUs).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('a bad request', () => {
  it('that makes the run fail is told so, and its batch mates are answered', async () => {
    const worker = new Worker([await load('table', tableModel())]);
    const indices = [0, 1, 99, 2, 3];
    const answers = await Promise.all(indices.map((index) => worker.ask('table/1', 1, [longs(index)])));
    answers.forEach((answer, i) => {
      if (indices[i] === 99) {
        const error = failureOf(answer);
        expect([error.code, error.stage]).toEqual(['INTERNAL', 'run']);
        expect(error.message).toMatch(/^model table\/1 failed to run: .*99/);
      } else {
        expect(answer.failure).toBeNull();
        expect(floatsOf(answer.outputs[0]!)).toEqual([TABLE[indices[i]!]]);
      }
    });
    const after = await worker.ask('table/1', 1, [longs(3)]);
    expect(floatsOf(after.outputs[0]!)).toEqual([40]);
  });

  it('whose text is cut off fails alone', async () => {
    const worker = new Worker([await load('mixed', mixedModel())]);
    const good = () => worker.ask('mixed/1', 1, [floats(1, 2), longs(3), texts('good')]);
    const [before, bad, two, after] = await Promise.all([
      good(),
      worker.ask('mixed/1', 1, [floats(1, 2), longs(3), Uint8Array.of(200, 0, 0, 0, 1)]),
      worker.ask('mixed/1', 1, [floats(1, 2), longs(3), texts('one', 'too many')]),
      good(),
    ]);
    expect(failureOf(bad).message).toMatch(/text/);
    expect(two.failure).not.toBeNull();
    for (const answer of [before, after]) expect(textsOf(answer.outputs[2]!)).toEqual(['good']);
  });

  it.each<[string, number, Uint8Array[], RegExp]>([
    ['has too few inputs', 1, [floats(1, 2)], /takes 3 inputs, got 1/],
    [
      'has too few bytes',
      2,
      [floats(1, 2), longs(3, 4), texts('a', 'b')],
      /'a' of mixed\/1 needs 8 bytes a row, got 8/,
    ],
    ['has no rows', 0, [floats(), longs(), texts()], /at least one row/],
    [
      'has more rows than a batch',
      65,
      [
        floats(...new Array<number>(130).fill(0)),
        longs(...new Array<number>(65).fill(0)),
        texts(...new Array<string>(65).fill('')),
      ],
      /65 rows .* at most 64/,
    ],
  ])('that %s is refused as INVALID_ARGUMENT, and those around it are answered', async (_, rows, inputs, message) => {
    const worker = new Worker([await load('mixed', mixedModel())]);
    const good = () => worker.ask('mixed/1', 1, [floats(1, 2), longs(3), texts('good')]);
    const [before, bad, after] = await Promise.all([good(), worker.ask('mixed/1', rows, inputs), good()]);
    expect(failureOf(bad).code).toBe('INVALID_ARGUMENT');
    expect(failureOf(bad).message).toMatch(message);
    for (const answer of [before, after]) expect(answer.failure).toBeNull();
  });

  it('for a model that is not loaded is refused so that the router asks another worker', async () => {
    const worker = new Worker([await load('table', tableModel())]);
    const error = failureOf(await worker.ask('table/2', 1, [longs(0)]));
    expect([error.code, error.message]).toEqual(['FAILED_PRECONDITION', 'model table/2 is not loaded on this worker']);
  });
});

describe('a worker with too much to do', () => {
  it('refuses at once what does not fit its queue, and answers the rest', async () => {
    const worker = new Worker([await load('table', tableModel(), 4, { ...LIMITS, queueRowsMax: 8, queueItemsMax: 6 })]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => worker.ask('table/1', 1, [longs(1)])));
    const refused = answers.filter((answer) => answer.failure !== null);
    expect(refused).toHaveLength(14);
    for (const answer of refused) {
      expect(failureOf(answer).code).toBe('RESOURCE_EXHAUSTED');
      expect(failureOf(answer).message).toMatch(/queue of table\/1 is full/);
    }
  });

  it('says DEADLINE_EXCEEDED for what it cannot answer in time', async () => {
    const worker = new Worker([await load('table', tableModel())]);
    const late = worker.ask('table/1', 1, [longs(1)], { budgetUs: 1 });
    const error = failureOf(await late);
    expect([error.code, error.stage]).toEqual(['DEADLINE_EXCEEDED', 'queue']);
  });

  it('refuses what is still queued when it stops', async () => {
    const worker = new Worker([await load('table', tableModel())]);
    const answers: Answer[] = [];
    for (let i = 0; i < 3; i++) void worker.ask('table/1', 1, [longs(1)]).then((answer) => answers.push(answer));
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    worker.stopActors();
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const answer of answers) expect(failureOf(answer).code).toBe('UNAVAILABLE');
  });
});

describe('loading a model', () => {
  it.each<[string, () => Uint8Array | string, RegExp]>([
    ['text', () => 'this is not a model', /not a loadable ONNX model/],
    ['random bytes', () => Uint8Array.from({ length: 500 }, (_, i) => (i * 37) % 251), /not a loadable ONNX model/],
    ['a model cut in half', () => mixedModel().subarray(0, 120), /not a loadable ONNX model/],
    ['nothing', () => '', /not a loadable ONNX model/],
  ])('from %s is INVALID_ARGUMENT and names the model', async (_, bytes, said) => {
    const path = await writeModel(directory, 'broken', '1', bytes());
    const error = await rejection(loadModel(fileOf('broken', path), engine, LIMITS, systemClock));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(/^model broken\/1: /);
    expect(error.message).toMatch(said);
  });

  it('learns from the file what its inputs and outputs are, and whether rows can share a run', async () => {
    const [mixed, dynamic, one, four] = [
      await load('mixed', mixedModel()),
      await load('dynamic', dynamicModel()),
      await load('fixed', fixedModel(1)),
      await load('four', fixedModel(4)),
    ];
    new Worker([mixed, dynamic, one, four]);
    expect(mixed.spec.batched).toBe(true);
    expect(mixed.spec.inputs.map((input) => [input.name, input.datatype, input.shape])).toEqual([
      ['a', 'FP32', [-1, 2]],
      ['b', 'INT64', [-1, 1]],
      ['text', 'BYTES', [-1, 1]],
    ]);
    expect(dynamic.spec.outputs.map((output) => output.shape)).toEqual([
      [-1, -1],
      [-1, 1],
    ]);
    expect([one.spec.batched, four.spec.batched]).toEqual([false, false]);
    expect(four.spec.inputs[0]!.shape).toEqual([4, 3]);
    expect(mixed.spec.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('runs a model of four fixed rows as one request of four rows', async () => {
    const worker = new Worker([await load('four', fixedModel(4))]);
    const x = Array.from({ length: 12 }, (_, i) => i);
    const answer = await worker.ask('four/1', 1, [floats(...x)]);
    expect(floatsOf(answer.outputs[0]!)).toEqual(x.map((value) => value * 2));
  });

  it.each<[string, object, RegExp]>([
    [
      'binds an input that the file lacks',
      { inputs: [{ name: 'z', request: 'a' }], request: { a: { datatype: 'FP32', shape: [2] } } },
      /binds input 'z', but the file has 'a', 'b', 'text'/,
    ],
    [
      'leaves an input unbound',
      { inputs: [{ name: 'a', request: 'a' }], request: { a: { datatype: 'FP32', shape: [2] } } },
      /leaves the file's input 'b' unbound/,
    ],
    [
      'declares another datatype',
      {
        inputs: ['a', 'b', 'text'].map((name) => ({ name, request: name })),
        request: { a: { datatype: 'FP64' }, b: { datatype: 'INT64' }, text: { datatype: 'BYTES' } },
      },
      /declares request input 'a' as FP64, but the file's 'a' is FP32/,
    ],
    [
      'declares another shape',
      {
        inputs: ['a', 'b', 'text'].map((name) => ({ name, request: name })),
        request: { a: { datatype: 'FP32', shape: [3] }, b: { datatype: 'INT64' }, text: { datatype: 'BYTES' } },
      },
      /declares shape \[3\] a row for 'a', but the file's 'a' has \[2\]/,
    ],
  ])('whose manifest %s gives no plan but the reason', async (_, manifest, said) => {
    await writeModel(directory, 'mixed', '1', mixedModel(), manifest);
    const { models, unusable } = await scanModels(directory);
    expect(unusable).toEqual([]);
    const served = await loadModel(models[0]!, engine, LIMITS, systemClock);
    new Worker([served]);
    expect(() => compilePlan(served.spec, app)).toThrow(said);
  });
});

describe('scanning a model directory', () => {
  it('finds the newest versions, and says of the rest what is wrong', async () => {
    for (let version = 1; version <= 10; version++) await writeModel(directory, 'many', String(version), fixedModel(1));
    await writeModel(directory, 'empty', '1', '');
    await writeModel(directory, 'typo', '1', fixedModel(1), { batch: { rowsmax: 3 } });
    await writeModel(directory, 'other', '1', fixedModel(1), { name: 'another' });
    await writeModel(directory, 'json', '1', fixedModel(1), '{"name": ');
    await writeModel(directory, 'versionless', 'latest', fixedModel(1));
    await writeModel(directory, '-dash', '1', fixedModel(1));
    await writeFile(join(directory, 'readme.txt'), 'not a model');
    const { models, unusable } = await scanModels(directory);
    expect(models.map((model) => `${model.name}/${model.version}`)).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10].map((version) => `many/${version}`),
    );
    const problems = new Map(unusable.map(({ name, problem }) => [name, problem.message]));
    expect([...problems.keys()].sort()).toEqual(['-dash', 'empty', 'json', 'other', 'typo', 'versionless']);
    expect(problems.get('empty')).toBe('empty/1/model.onnx is empty');
    expect(problems.get('typo')).toMatch(/rowsmax/);
    expect(problems.get('other')).toMatch(/says name 'another' but lies in directory 'other'/);
    expect(problems.get('json')).toMatch(/is not JSON/);
    expect(problems.get('versionless')).toMatch(/no version directory such as versionless\/1\/model.onnx/);
    expect(unusable.every(({ problem }) => problem.code === 'INVALID_ARGUMENT')).toBe(true);
  });

  it('that does not exist holds no models: an app may be features alone', async () => {
    expect(await scanModels(join(directory, 'nowhere'))).toEqual({ models: [], unusable: [] });
  });

  it('that cannot be read is UNAVAILABLE and named', async () => {
    const file = join(directory, 'no-directory');
    await writeFile(file, '');
    const error = await rejection(scanModels(file));
    expect([error.code, error.message]).toEqual(['UNAVAILABLE', expect.stringContaining('no-directory')]);
  });

  it('does not take a file that shrank to nothing after the scan for a model', async () => {
    const path = await writeModel(directory, 'shrinks', '1', fixedModel(1));
    const { models } = await scanModels(directory);
    await truncate(path, 0);
    const error = await rejection(loadModel(models[0]!, engine, LIMITS, systemClock));
    expect(error.code).toBe('INVALID_ARGUMENT');
  });
});

type ChildSaid = { values?: number[]; shape?: number[]; cores?: string[]; code?: string; message?: string };

async function onDevice(device: string, path: string, env: Readonly<Record<string, string>> = {}): Promise<ChildSaid> {
  const child = spawnScript('device-child.ts', [device, path, '5'], env);
  let text = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (text === '') throw new Error(`the child said nothing and ended with ${String(code)}`);
  return JSON.parse(text) as ChildSaid;
}

/** Debian's chromium brings a Vulkan driver that computes on the CPU, and Vulkan's loader beside it. */
const CHROMIUM = '/usr/lib/chromium';
const SWIFTSHADER = join(CHROMIUM, 'vk_swiftshader_icd.json');

describe('a device', () => {
  let path: string;

  beforeEach(async () => {
    path = await writeModel(directory, 'mlp', '1', seededMlp({ sizes: [16, 32, 4], seed: 5 }));
  });

  const pinnable = process.platform === 'linux';

  it.runIf(pinnable)(
    'of given cores keeps every thread of the process on them',
    async () => {
      const allowed = /Cpus_allowed_list:\s*(\S+)/.exec(await readFile('/proc/self/status', 'utf8'))![1]!;
      const core = allowed.split(/[,-]/).at(-1)!;
      const [pinned, loose] = [await onDevice(`cpu:${core}`, path), await onDevice('cpu', path)];
      expect(pinned.message).toBeUndefined();
      expect(new Set(pinned.cores)).toEqual(new Set([core]));
      expect(pinned.cores!.length).toBeGreaterThan(4);
      expect(pinned.values).toEqual(loose.values);
      if (availableParallelism() > 1) expect(new Set(loose.cores)).toEqual(new Set([allowed]));
    },
    60_000,
  );

  it('of cores that do not exist is UNAVAILABLE, and leaves the process as it was', async () => {
    const error = await rejection(pinToCores([4_000]));
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toMatch(/cannot pin to cores 4000: .*cores that exist; or use device "cpu"/s);
  });

  it('that needs libraries which are not installed is UNAVAILABLE, and says how to get them', async () => {
    const outcome = await onDevice('cuda:0', path);
    if (cudaProviderInstalled() && outcome.code === undefined) expect(outcome.shape).toEqual([5, 4]);
    else expect([outcome.code, outcome.message]).toEqual(['UNAVAILABLE', expect.stringMatching(/cuda/i)]);
  }, 60_000);

  it('of a second WebGPU adapter is UNAVAILABLE, since ONNX Runtime offers no choice of them', async () => {
    const outcome = await onDevice('webgpu:1', path);
    expect([outcome.code, outcome.message]).toEqual(['UNAVAILABLE', expect.stringMatching(/use "webgpu:0"$/)]);
  }, 60_000);

  it.skipIf(!existsSync(SWIFTSHADER))(
    `webgpu:0 gives the same numbers as cpu (skipped where there is no ${SWIFTSHADER}, which Debian's chromium brings)`,
    async () => {
      const cpu = await onDevice('cpu', path);
      const gpu = await onDevice('webgpu:0', path, { VK_ICD_FILENAMES: SWIFTSHADER, LD_LIBRARY_PATH: CHROMIUM });
      expect(gpu.message).toBeUndefined();
      expect(gpu.shape).toEqual([5, 4]);
      expect(gpu.values).toHaveLength(20);
      const apart = gpu.values!.map((value, i) => Math.abs(value - cpu.values![i]!));
      expect(Math.max(...apart)).toBeLessThanOrEqual(1e-5);
    },
    60_000,
  );
});
