/**
 * Where a model runs: on the worker's own thread, which also sends heartbeats and serves other models, or on a thread of
 * its own. Each is loaded and warmed up on its own thread first, and moves to the worker's if it is cheap there.
 */
import { stat } from 'node:fs/promises';
import { modelKey } from '../../cluster/catalog/model-spec.ts';
import type { Clock } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import type { Device } from './device.ts';
import type { Engine } from './engine.ts';
import type { ModelFile } from './model-repository.ts';
import { type BatchLimits, loadModel, type ServedModel } from './served-model.ts';

/**
 * A run longer than this does not block the worker's thread. A hop to another thread and back adds 55 µs (median; p95
 * 62 µs; Node 20, two cores), which a model of 50 µs would feel and one of 20 ms does not. Twenty milliseconds are also
 * the most that another model's request should wait, and far below the 300 ms of silence that make a worker suspect.
 */
export const INLINE_RUN_MS_MAX = 20;
/** As much where the gateway's thread is the worker's too (`--colocate`): every caller would wait for the run. */
export const SHARED_INLINE_RUN_MS_MAX = 2;
/** Loading once more must not block the worker's thread for longer than two heartbeats. */
export const INLINE_LOAD_MS_MAX = 200;
/** Larger files stay where they were loaded, whatever it took: a second copy costs their memory, too. */
export const INLINE_FILE_BYTES_MAX = 64 * 1024 * 1024;

export type Measured = {
  readonly fileBytes: number;
  readonly loadMs: number;
  /** Of a full batch. */
  readonly runMs: number;
  /** Whether requests choose more than the rows, so that warm-up has seen the smallest run only. */
  readonly freeInputs: boolean;
};

/**
 * Whether a device's models can run on threads of their own. ONNX Runtime's WebGPU provider has one command encoder for
 * the whole process: with two threads its runs fail ("Command encoding already finished") and end in an abort.
 */
export function allowsThreads(device: Device): boolean {
  return device.kind !== 'webgpu';
}

/** Where a model belongs that was loaded and warmed up on a thread of its own. */
export function placeOf(
  { fileBytes, loadMs, runMs, freeInputs }: Measured,
  inlineRunMsMax = INLINE_RUN_MS_MAX,
): 'inline' | 'thread' {
  if (freeInputs || fileBytes > INLINE_FILE_BYTES_MAX) return 'thread';
  return runMs < inlineRunMsMax && loadMs <= INLINE_LOAD_MS_MAX ? 'inline' : 'thread';
}

export type Engines = {
  /** Runs on the caller's thread. */
  readonly inline: Engine;
  /** Gives each model a thread; null where the device does not allow it. */
  readonly threaded: Engine | null;
};

/** Loads and warms up a model where it belongs; `inlineRunMsMax`: see above. Rejects as `loadModel` does. */
export async function loadInPlace(
  file: ModelFile,
  engines: Engines,
  limits: BatchLimits,
  clock: Clock,
  log: Log,
  inlineRunMsMax = INLINE_RUN_MS_MAX,
): Promise<ServedModel> {
  if (engines.threaded === null) return loadModel(file, engines.inline, limits, clock);
  const apart = await loadModel(file, engines.threaded, limits, clock);
  const fileBytes = await stat(file.path).then(
    ({ size }) => size,
    () => Infinity,
  );
  const measured = { fileBytes, loadMs: apart.loadMs, runMs: apart.fullRunMs, freeInputs: apart.hasFreeInputs };
  const place = placeOf(measured, inlineRunMsMax);
  log.info({ model: modelKey(file.name, file.version), place, ...measured }, 'model placed');
  if (place === 'thread') return apart;
  await apart.release();
  return loadModel(file, engines.inline, limits, clock);
}
