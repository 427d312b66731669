/** The serving plan of a model of the app, from its files, without a cluster. */
import { join } from 'node:path';
import { parseDevice } from '../../actors/model-worker/device.ts';
import { scanModels } from '../../actors/model-worker/model-repository.ts';
import { onnxEngine } from '../../actors/model-worker/onnx-engine.ts';
import { loadModel } from '../../actors/model-worker/served-model.ts';
import { compilePlan, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { App } from '../../cluster/catalog/views.ts';
import { systemClock } from '../../cluster/clock.ts';
import { notFound } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';

const LIMITS = { queueRowsMax: 2, queueItemsMax: 2, answerBytesMax: 1024 ** 3 };

/** `reference`: `name`, meaning its newest version, or `name/version`. Rejects with NOT_FOUND, or why it cannot be loaded. */
export async function modelPlan(appDirectory: string, app: App, reference: string): Promise<ServingPlan> {
  const [name, version] = reference.split('/');
  const { models, unusable } = await scanModels(join(appDirectory, 'models'));
  const file = models.filter((one) => one.name === name && (version === undefined || one.version === version)).at(-1);
  if (file === undefined) {
    const broken = unusable.find((one) => one.name === name && (version === undefined || one.version === version));
    if (broken !== undefined) throw broken.problem;
    const known = models.map((one) => `${one.name}/${one.version}`).slice(0, 20);
    throw notFound(
      `no model ${quoteShort(reference)} in ${appDirectory}/models; there are ${known.join(', ') || 'none'}`,
    );
  }
  // What is wanted is what its inputs are; two rows tell whether it batches.
  const manifest = { ...file.manifest, batchRowsMax: Math.min(2, file.manifest.batchRowsMax) };
  const engine = onnxEngine(parseDevice('cpu'), 1, systemClock);
  const model = await loadModel({ ...file, manifest }, engine, LIMITS, systemClock);
  try {
    return compilePlan(model.spec, app);
  } finally {
    await model.release();
  }
}
