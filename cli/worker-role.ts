/** A model-worker: one device, the models loaded on it, and the actor that runs them. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatDevice, parseDevice, pinToCores } from '../actors/model-worker/device.ts';
import {
  allowsThreads,
  type Engines,
  INLINE_RUN_MS_MAX,
  loadInPlace,
  SHARED_INLINE_RUN_MS_MAX,
} from '../actors/model-worker/model-placement.ts';
import { type ModelFile, scanModels } from '../actors/model-worker/model-repository.ts';
import { modelWorker } from '../actors/model-worker/model-worker.ts';
import { onnxEngine } from '../actors/model-worker/onnx-engine.ts';
import type { ServedModel } from '../actors/model-worker/served-model.ts';
import { ThreadedEngine } from '../actors/model-worker/threaded-engine.ts';
import { ACTOR_NAMES } from '../actors/router/routing-table.ts';
import { modelKey } from '../cluster/catalog/model-spec.ts';
import { sleep } from '../cluster/clock.ts';
import type { Log } from '../cluster/log.ts';
import { asServingError, type ServingError } from '../proto/errors.ts';
import { isName } from '../proto/names.ts';
import type { ClusterProcess } from './cluster-process.ts';
import type { RunningRole } from './gateway-role.ts';
import { loadOrder } from './load-order.ts';
import { ModelRegistry } from './model-registry.ts';
import { workerObserver } from './observers.ts';

/** What an answer has beside its outputs, bytes: ids, freshness, timings. */
const ANSWER_MARGIN_BYTES = 4_096;
/** How long a stop waits for the model that is being loaded. */
const STOPPED_LOAD_MS_MAX = 1_000;

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

  const models = new ModelRegistry({
    entries: cluster.models,
    clock,
    log,
    name: cluster.name,
    workers: () => cluster.members.live('worker'),
  });
  cluster.onModelEntry((key, value) => models.heard(key, value));
  cluster.system.spawn(
    ACTOR_NAMES.worker,
    { mailboxMessagesMax: config.mailboxMessagesMax },
    modelWorker(served, workerObserver(registry, cluster.tracer, log, clock)),
  );
  cluster.transport.listen();
  await cluster.nats.flush();

  let stopping = false;
  const announce = () => {
    if (stopping) return;
    standing.models = [...served.keys()];
    cluster.heartbeats.announce();
  };
  const load = async (file: ModelFile) => {
    try {
      const model = await loadInPlace(file, engines, limits, clock, log, inlineRunMsMax);
      if (stopping) return await model.release();
      await models.enter(model.spec).catch(async (thrown: unknown) => {
        await model.release();
        throw thrown;
      });
      models.keep(model.spec);
      served.set(model.key, model);
      void model.lost.then(escalate);
      // A thread that loads the next model answers nobody meanwhile: it takes requests once it has loaded all.
      if (threaded !== null) announce();
    } catch (thrown) {
      const error = asServingError(thrown, 'run');
      if (error.code === 'UNAVAILABLE' && device.kind !== 'cpu') throw error;
      log.error({ model: modelKey(file.name, file.version) }, error.message);
      await models.enterProblem(file.name, file.version, error.message);
    }
  };
  const loadAll = async () => {
    const files = await filesToLoad(cluster, models);
    for (const file of files) {
      if (stopping) return;
      await load(file);
    }
    if (stopping) return;
    standing.ready = true;
    announce();
  };
  // Not waited for: what is loaded serves while the rest is loading.
  const loading = loadAll().catch((thrown: unknown) => cluster.raiseFatal(asServingError(thrown, 'run')));
  return {
    stop: async () => {
      stopping = true;
      standing.ready = false;
      standing.models = [];
      models.stop();
      cluster.heartbeats.announce();
      const untilMs = clock.nowMs() + config.drainMs;
      while (isWorking(served) && clock.nowMs() < untilMs) await sleep(clock, 5);
      cluster.transport.flush();
      // A load cannot be broken off. One that takes longer than this ends with the process (`endHardWhileBusy`).
      await Promise.race([loading, sleep(clock, STOPPED_LOAD_MS_MAX)]);
      await Promise.all([...served.values()].map((model) => model.release()));
    },
  };
}

/** What the app has, in the order to load it in, and entered as such; what is unusable is entered with the reason. */
async function filesToLoad({ config, log }: ClusterProcess, registry: ModelRegistry): Promise<ModelFile[]> {
  const directory = join(config.app, 'models');
  const { models, unusable } = await scanModels(directory);
  if (models.length + unusable.length === 0) log.warn({}, `no models in ${directory}: serving features alone`);
  for (const { name, version, problem } of unusable) {
    log.error({ model: name, version }, problem.message);
    if (isName(name)) await registry.enterProblem(name, version ?? '1', problem.message);
  }
  // All at once, ahead of the first: what was said of models that have been mended since must not stand while others load.
  for (const file of models) await registry.enterLoading(file.name, file.version);
  const bytes = new Map<ModelFile, number>();
  for (const file of models) {
    const size = await stat(file.path).then(
      (entry) => entry.size,
      // Loading it says what is wrong.
      () => 0,
    );
    bytes.set(file, size);
  }
  return loadOrder(models, (file) => bytes.get(file)!);
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
