/** A model-worker: one device, the models loaded on it, and the actor that runs them. */
import { join } from 'node:path';
import { formatDevice, parseDevice, pinToCores } from '../actors/model-worker/device.ts';
import { scanModels } from '../actors/model-worker/model-repository.ts';
import { modelWorker } from '../actors/model-worker/model-worker.ts';
import { onnxEngine } from '../actors/model-worker/onnx-engine.ts';
import { loadModel, type ServedModel } from '../actors/model-worker/served-model.ts';
import { ACTOR_NAMES } from '../actors/router/routing-table.ts';
import { decodeModelSpec, encodeModelSpec, type ModelSpec, modelKey } from '../cluster/catalog/model-spec.ts';
import { asServingError, ServingError } from '../proto/errors.ts';
import { isName } from '../proto/names.ts';
import type { ClusterProcess } from './cluster-process.ts';
import type { RunningRole } from './gateway-role.ts';
import { workerObserver } from './observers.ts';

export async function startWorkerRole(cluster: ClusterProcess, deviceText: string): Promise<RunningRole> {
  const { config, clock, log, registry, standing } = cluster;
  const device = parseDevice(deviceText);
  if (device.kind === 'cpu' && device.cores !== null) await pinToCores(device.cores);
  const engine = onnxEngine(device, config.workerThreads);
  const limits = { queueRowsMax: config.queueRowsMax, queueItemsMax: config.queueRowsMax };
  const served = new Map<string, ServedModel>();
  standing.device = formatDevice(device);
  standing.queueDepth = () => queuedItems(served);
  registry.observeGauge('dovetail_queue_requests', 'Requests waiting for a run.', ['model'], (report) => {
    for (const model of served.values()) report(model.batcher.queuedItems, model.key);
  });
  registry.observeGauge('dovetail_queue_rows', 'Rows waiting for a run.', ['model'], (report) => {
    for (const model of served.values()) report(model.batcher.queuedRows, model.key);
  });

  const { models, unusable } = await scanModels(join(config.app, 'models'));
  for (const { name, version, problem } of unusable) {
    log.error({ model: name, version }, problem.message);
    if (isName(name)) await publishProblem(cluster, name, version ?? '1', problem.message);
  }
  for (const file of models) {
    try {
      const model = await loadModel(file, engine, limits, clock);
      await publishSpec(cluster, model.spec);
      served.set(model.key, model);
    } catch (thrown) {
      const error = asServingError(thrown, 'run');
      if (error.code === 'UNAVAILABLE' && device.kind !== 'cpu') throw error;
      log.error({ model: modelKey(file.name, file.version) }, error.message);
      await publishProblem(cluster, file.name, file.version, error.message);
    }
  }
  cluster.system.spawn(
    ACTOR_NAMES.worker,
    { mailboxMessagesMax: config.mailboxMessagesMax },
    modelWorker(served, workerObserver(registry, cluster.tracer, log)),
  );
  cluster.transport.listen();
  await cluster.nats.flush();
  standing.models = [...served.keys()];
  standing.ready = true;
  cluster.heartbeats.announce();
  return {
    stop: async () => {
      standing.ready = false;
      standing.models = [];
      cluster.heartbeats.announce();
      const untilMs = clock.nowMs() + config.drainMs;
      while (queuedItems(served) > 0 && clock.nowMs() < untilMs)
        await new Promise<void>((resolve) => clock.after(5, resolve));
      cluster.transport.flush();
      await Promise.all([...served.values()].map((model) => model.release()));
    },
  };
}

function queuedItems(served: ReadonlyMap<string, ServedModel>): number {
  let items = 0;
  for (const model of served.values()) items += model.batcher.queuedItems;
  return items;
}

function registryKey(name: string, version: string): string {
  return `${name}.${version}`;
}

/**
 * Enters a version in the registry. Versions are immutable: other bytes under the same number are taken only while no
 * other worker serves the old ones. Rejects with FAILED_PRECONDITION otherwise.
 */
async function publishSpec(cluster: ClusterProcess, spec: ModelSpec): Promise<void> {
  const key = registryKey(spec.manifest.name, spec.version);
  const bytes = encodeModelSpec(spec);
  for (;;) {
    const entry = await cluster.models.get(key);
    if (entry === null) {
      if ((await cluster.models.create(key, bytes)) !== null) return;
      continue;
    }
    if (Buffer.from(entry.value).equals(Buffer.from(bytes))) return;
    if (otherBytes(entry.value, spec) && servedElsewhere(cluster, modelKey(spec.manifest.name, spec.version))) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'run',
        `version ${spec.version} of '${spec.manifest.name}' is being served with other bytes; versions do not change: give the new file the next number`,
      );
    }
    if ((await cluster.models.update(key, bytes, entry.revision)) !== null) return;
  }
}

function otherBytes(registered: Uint8Array, spec: ModelSpec): boolean {
  try {
    return decodeModelSpec(registered).sha256 !== spec.sha256;
  } catch {
    return false;
  }
}

function servedElsewhere(cluster: ClusterProcess, key: string): boolean {
  return cluster.members
    .live('worker')
    .some(({ heartbeat }) => heartbeat.name !== cluster.name && heartbeat.models.includes(key));
}

/** Makes the reason visible to callers, unless another worker serves the version. */
async function publishProblem(cluster: ClusterProcess, name: string, version: string, problem: string): Promise<void> {
  if (servedElsewhere(cluster, modelKey(name, version))) return;
  const key = registryKey(name, version);
  const bytes = new TextEncoder().encode(JSON.stringify({ failed: problem.slice(0, 2_000) }));
  const entry = await cluster.models.get(key);
  if (entry === null) await cluster.models.create(key, bytes);
  else await cluster.models.update(key, bytes, entry.revision);
}
