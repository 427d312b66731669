/**
 * Models for the simulation, so simple that each row's answer tells which row it is of:
 *
 *     score   y = number of the user's row in `profile` × 4096 + amount
 *     plain   y = 3·x₀ + x₁ and echo = tag, without features
 *     single  as plain, one row a run
 */
import type { EngineTensor, LoadedModel } from '../../actors/model-worker/engine.ts';
import { ServedModel } from '../../actors/model-worker/served-model.ts';
import { ServiceTimeModel } from '../../actors/model-worker/service-time.ts';
import { defaultManifest, parseManifest } from '../../cluster/catalog/manifest.ts';
import type { ModelSpec } from '../../cluster/catalog/model-spec.ts';
import { encodeRecord, packValues, type RecordBytes } from '../../cluster/catalog/record.ts';
import { defineApp, entity, float32, view } from '../../cluster/catalog/views.ts';
import type { Clock } from '../../cluster/clock.ts';
import { below, type Random } from '../../cluster/random.ts';
import { packBytes, type Tensor } from '../../proto/tensor.ts';
import { fp32 } from './fake-gateway.ts';

const user = entity({ name: 'user', key: 'user_id' });
export const profile = view({ name: 'profile', entity: user, features: { number: float32() } });
export const app = defineApp({ views: [profile] });

export const USERS = 200;
export const SCORE_ROWS_MAX = 8;

const shared = { version: '1', sha256: 'f'.repeat(64), platform: 'onnxruntime_onnx' } as const;

export const SPECS: readonly ModelSpec[] = [
  {
    ...shared,
    manifest: parseManifest(
      JSON.stringify({
        entity: 'user',
        request: { amount: { datatype: 'FP32' } },
        inputs: [{ name: 'x', columns: [{ feature: 'profile.number' }, { request: 'amount' }] }],
        batch: { rows_max: SCORE_ROWS_MAX },
      }),
      'score',
    ),
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
    batched: true,
  },
  {
    ...shared,
    manifest: { ...defaultManifest('plain'), batchRowsMax: 16 },
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [-1, 2] },
      { name: 'tag', datatype: 'BYTES', shape: [-1, 1] },
    ],
    outputs: [
      { name: 'y', datatype: 'FP32', shape: [-1, 1] },
      { name: 'echo', datatype: 'BYTES', shape: [-1, 1] },
    ],
    batched: true,
  },
  {
    ...shared,
    manifest: { ...defaultManifest('single'), batchRowsMax: 1 },
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [1, 2] },
      { name: 'tag', datatype: 'BYTES', shape: [1, 1] },
    ],
    outputs: [
      { name: 'y', datatype: 'FP32', shape: [1, 1] },
      { name: 'echo', datatype: 'BYTES', shape: [1, 1] },
    ],
    batched: false,
  },
];

export function userKey(number: number): Uint8Array {
  return new TextEncoder().encode(`user-${number}`);
}

/** The stored record of `profile` for a key, by arithmetic instead of a database. */
export function storedProfile(key: Uint8Array, eventMs: number): RecordBytes | null {
  const number = Number(new TextDecoder().decode(key).slice('user-'.length));
  if (!(number < USERS)) return null;
  const bytes = encodeRecord(profile, eventMs, 7, packValues(profile, { number }, []));
  return { bytes, view: new DataView(bytes.buffer), length: bytes.byteLength };
}

export function scoreOf(userNumber: number, amount: number): number {
  return userNumber * 4096 + amount;
}

export type EngineFaults = {
  /** A run of `plain` for several requests fails with this probability: each of them then runs alone. */
  readonly failures: number;
  /** A run takes `stuckMs` with this probability. */
  stuck: number;
  readonly stuckMs: number;
};

/** All models of SPECS on an engine that takes 0.3 to 1.3 ms a run and some more a row. */
export function simulatedModels(clock: Clock, random: Random, faults: EngineFaults): Map<string, ServedModel> {
  const models = new Map<string, ServedModel>();
  for (const spec of SPECS) {
    const serviceTime = new ServiceTimeModel();
    for (let i = 0; i < 3; i++) serviceTime.observe(1, 1);
    const loaded = simulatedModel(spec, clock, random, faults);
    const served = new ServedModel(spec, loaded, serviceTime, {
      queueRowsMax: 512,
      queueItemsMax: 512,
      answerBytesMax: 1_048_576,
    });
    models.set(served.key, served);
  }
  return models;
}

function simulatedModel(spec: ModelSpec, clock: Clock, random: Random, faults: EngineFaults): LoadedModel {
  return {
    platform: spec.platform,
    inputs: spec.inputs,
    outputs: spec.outputs,
    loadMs: 0,
    ownThread: false,
    lost: new Promise(() => {}),
    release: () => Promise.resolve(),
    run: (inputs) => {
      const rows = inputs[0]!.shape[0]!;
      const outputs = compute(spec, inputs);
      const stuck = random.next() < faults.stuck;
      const tookMs = stuck ? faults.stuckMs : 0.3 + random.next() + rows * 0.02;
      const fails = callersIn(spec, inputs) > 1 && random.next() < faults.failures;
      return new Promise((resolve, reject) => {
        clock.after(tookMs, () => (fails ? reject(new Error('the simulated engine failed')) : resolve(outputs)));
      });
    },
  };
}

/** `plain` requests carry their own number in x₀. */
function callersIn(spec: ModelSpec, inputs: readonly EngineTensor[]): number {
  if (spec.manifest.name !== 'plain') return 1;
  const { buffer, byteOffset, byteLength } = inputs[0]!.data;
  const x = new Float32Array(buffer, byteOffset, byteLength / 4);
  return new Set(x.filter((_, i) => i % 2 === 0)).size;
}

function compute(spec: ModelSpec, inputs: readonly EngineTensor[]): EngineTensor[] {
  const x = inputs[0]!;
  const cells = new DataView(x.data.buffer, x.data.byteOffset, x.data.byteLength);
  const rows = x.shape[0]!;
  const score = spec.manifest.name === 'score';
  const y = Array.from({ length: rows }, (_, row) => {
    const first = cells.getFloat32(row * 8, true);
    const second = cells.getFloat32(row * 8 + 4, true);
    return score ? scoreOf(first, second) : 3 * first + second;
  });
  const outputs: EngineTensor[] = [fp32('y', [rows, 1], y)];
  if (!score) outputs.push({ datatype: 'BYTES', shape: [rows, 1], data: inputs[1]!.data.slice() });
  return outputs;
}

/** A request, and what must come back. */
export type Asked = {
  readonly model: string;
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  readonly y: readonly number[];
  /** BYTES data of the echo; null where the model has none. */
  readonly echo: Uint8Array | null;
  /** Code that a request made wrong on purpose must get. */
  readonly refusedAs: 'INVALID_ARGUMENT' | 'NOT_FOUND' | null;
};

export function randomRequest(random: Random, serial: number): Asked {
  const kind = random.next();
  if (kind < 0.65) return scoreRequest(random, serial);
  return plainRequest(random, serial, kind < 0.93 ? 'plain' : 'single');
}

function scoreRequest(random: Random, serial: number): Asked {
  // Up to three parts' worth of rows, users repeated.
  const rows = random.next() < 0.5 ? 1 : 1 + below(random, SCORE_ROWS_MAX * 3);
  const users = Array.from({ length: rows }, () => below(random, USERS));
  const amounts = users.map((_, row) => (serial * 31 + row) % 4096);
  const wrong = random.next() < 0.02;
  return {
    model: wrong && serial % 2 === 0 ? 'nobody' : 'score',
    inputs: [
      { name: 'user_id', datatype: 'BYTES', shape: [rows, 1], data: packBytes(users.map(userKey)) },
      { name: 'amount', datatype: 'FP32', shape: [wrong ? rows + 1 : rows, 1], data: fp32('', [], amounts).data },
    ],
    rows,
    y: users.map((number, row) => scoreOf(number, amounts[row]!)),
    echo: null,
    refusedAs: wrong ? (serial % 2 === 0 ? 'NOT_FOUND' : 'INVALID_ARGUMENT') : null,
  };
}

function plainRequest(random: Random, serial: number, model: 'plain' | 'single'): Asked {
  const rows = model === 'single' ? 1 : 1 + below(random, 40);
  const x = Array.from({ length: rows * 2 }, (_, i) => (i % 2 === 0 ? serial % 10_000 : i));
  const tags = Array.from({ length: rows }, (_, row) => new TextEncoder().encode(`${serial}.${row}`.repeat(row % 3)));
  const echo = packBytes(tags);
  return {
    model,
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [rows, 2], data: fp32('', [], x).data },
      { name: 'tag', datatype: 'BYTES', shape: [rows, 1], data: echo },
    ],
    rows,
    y: Array.from({ length: rows }, (_, row) => 3 * x[row * 2]! + x[row * 2 + 1]!),
    echo,
    refusedAs: null,
  };
}
