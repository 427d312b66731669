/** A model-worker: one device, the models loaded on it, and the actor that runs them. */
import { join } from 'node:path';
import { formatDevice, parseDevice, pinToCores } from '../actors/model-worker/device.ts';
import {
  allowsThreads,
  type Engines,
  INLINE_RUN_MS_MAX,
  loadInPlace,
  SHARED_INLINE_RUN_MS_MAX,
} from '../actors/model-worker/model-placement.ts';
import { scanModels } from '../actors/model-worker/model-repository.ts';
import { modelWorker } from '../actors/model-worker/model-worker.ts';
import { onnxEngine } from '../actors/model-worker/onnx-engine.ts';
import type { ServedModel } from '../actors/model-worker/served-model.ts';
import { ThreadedEngine } from '../actors/model-worker/threaded-engine.ts';
import { ACTOR_NAMES } from '../actors/router/routing-table.ts';
import { decodeModelSpec, encodeModelSpec, type ModelSpec, modelKey } from '../cluster/catalog/model-spec.ts';
import { sleep } from '../cluster/clock.ts';
import type { Log } from '../cluster/log.ts';
import { asServingError, ServingError } from '../proto/errors.ts';
import { isName } from '../proto/names.ts';
import type { ClusterProcess } from './cluster-process.ts';
import type { RunningRole } from './gateway-role.ts';
import { workerObserver } from './observers.ts';

/** What an answer has beside its outputs, bytes: ids, freshness, timings. */
const ANSWER_MARGIN_BYTES = 4_096;

export async function startWorkerRole(cluster: ClusterProcess, deviceText: string): Promise<RunningRole> {
  const { config, clock, log, registry, standing } = cluster;
  const device = parseDevice(deviceText);
  if (device.kind === 'cpu' && device.cores !== null) await pinToCores(device.cores);
  const threaded = allowsThreads(device) ? new ThreadedEngine({ device, threads: config.workerThreads, clock }) : null;
  if (threaded === null)
    log.warn({ device: deviceText }, 'models of this device run on the main thread: a long run delays heartbeats');
  else endHardWhileBusy(threaded, log);
  const engines: Engines = { inline: onnxEngine(device, config.workerThreads, clock), threaded };
  const limits = {
    queueRowsMax: config.queueRowsMax,
    queueItemsMax: config.queueRowsMax,
    answerBytesMax: cluster.transport.letterBytesMax - ANSWER_MARGIN_BYTES,
  };
  const inlineRunMsMax = cluster.sharesProcess ? SHARED_INLINE_RUN_MS_MAX : INLINE_RUN_MS_MAX;
  const escalate = engineGuard(cluster);
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
  if (models.length + unusable.length === 0)
    log.warn({}, `no models in ${join(config.app, 'models')}: serving features alone`);
  for (const { name, version, problem } of unusable) {
    log.error({ model: name, version }, problem.message);
    if (isName(name)) await publishProblem(cluster, name, version ?? '1', problem.message);
  }
  // All at once, ahead of the first: what was said of models that have been mended since must not stand while others load.
  for (const file of models) await publishLoading(cluster, file.name, file.version);
  for (const file of models) {
    try {
      const model = await loadInPlace(file, engines, limits, clock, log, inlineRunMsMax);
      await publishSpec(cluster, model.spec);
      served.set(model.key, model);
      void model.lost.then(escalate);
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
      while (isWorking(served) && clock.nowMs() < untilMs) await sleep(clock, 5);
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

function isWorking(served: ReadonlyMap<string, ServedModel>): boolean {
  for (const { batcher } of served.values()) if (batcher.running || batcher.queuedItems > 0) return true;
  return false;
}

/** Ends the process when an engine is lost: what it left behind is unknown, and a new process loads everything anew. */
export function engineGuard(cluster: Pick<ClusterProcess, 'system'>): (error: ServingError) => void {
  let escalate: (error: ServingError) => void = () => {};
  const atOnce = { restartsMax: 0, windowMs: 1, backoffMs: 0, backoffMsMax: 0 };
  cluster.system.spawn('engine-guard', { mailboxMessagesMax: 1, supervision: atOnce }, (context) => {
    escalate = (error) =>
      context.endOfTurn(() => {
        throw new Error(error.message, { cause: error });
      });
    return { receive() {} };
  });
  return (error) => escalate(error);
}

/**
 * A process that ends the usual way waits for its threads, however long a run is, and ONNX Runtime then aborts it. By
 * the time of this event everything has been said and closed, so a hard end loses nothing.
 */
export function endHardWhileBusy(threaded: Pick<ThreadedEngine, 'isBusy'>, log: Log): void {
  process.once('exit', () => {
    if (!threaded.isBusy) return;
    log.warn({}, 'a run did not end in time for the shutdown: the process ends itself (SIGKILL)');
    process.kill(process.pid, 'SIGKILL');
  });
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

/** Takes back what an earlier attempt to load the version said of it, or says of a new one that it is on its way. */
async function publishLoading(cluster: ClusterProcess, name: string, version: string): Promise<void> {
  const key = registryKey(name, version);
  const bytes = failedEntry(`is being loaded by ${cluster.name}; ask again in a moment`);
  const entry = await cluster.models.get(key);
  // In place of what was read and of nothing newer: another worker may have loaded it by now.
  if (entry === null) await cluster.models.create(key, bytes);
  else if (saysFailed(entry.value)) await cluster.models.update(key, bytes, entry.revision);
}

function saysFailed(registered: Uint8Array): boolean {
  try {
    decodeModelSpec(registered);
    return false;
  } catch {
    return true;
  }
}

/** Makes the reason visible to callers, unless another worker serves the version. */
async function publishProblem(cluster: ClusterProcess, name: string, version: string, problem: string): Promise<void> {
  if (servedElsewhere(cluster, modelKey(name, version))) return;
  const key = registryKey(name, version);
  const bytes = failedEntry(problem);
  const entry = await cluster.models.get(key);
  if (entry === null) await cluster.models.create(key, bytes);
  else await cluster.models.update(key, bytes, entry.revision);
}

/** A registry entry that says why a version cannot be served. */
function failedEntry(why: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ failed: why.slice(0, 2_000) }));
}
