/** The entry of a thread that holds one model: loads it, runs it as asked, one run after another, and lets it go. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../cluster/clock.ts';
import type { LoadedModel } from './engine.ts';
import { onnxEngine } from './onnx-engine.ts';
import { type FromThread, movable, type ThreadStart, type ToThread, toThreadError } from './thread-messages.ts';

const port = parentPort!;

function say(message: FromThread, memory: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, memory);
}

async function load({ device, threads, modelPath }: ThreadStart): Promise<LoadedModel | null> {
  try {
    const model = await onnxEngine(device, threads, systemClock).load(modelPath);
    const { platform, inputs, outputs, loadMs } = model;
    say({ kind: 'loaded', platform, inputs, outputs, loadMs });
    return model;
  } catch (thrown) {
    say({ kind: 'not_loaded', error: toThreadError(thrown) });
    return null;
  }
}

async function handle(model: LoadedModel, message: ToThread): Promise<void> {
  if (message.kind === 'release') {
    await model.release();
    port.close();
    return;
  }
  try {
    const { tensors, memory } = movable(await model.run(message.inputs));
    say({ kind: 'ran', id: message.id, outputs: tensors }, memory);
  } catch (thrown) {
    say({ kind: 'failed', id: message.id, error: toThreadError(thrown) });
  }
}

const model = await load(workerData as ThreadStart);
if (model !== null) {
  // One after another: a run gives the event loop a turn before it starts, and a release must not overtake it.
  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: ToThread) => {
    last = last.then(() => handle(model, message));
  });
}
