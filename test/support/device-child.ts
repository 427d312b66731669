/**
 * What a worker process does with its device, for tests that need a process of their own:
 * `device-child.ts <device> <model.onnx> <rows>` pins itself, runs the model on rows of 0, 1, 2, … and says as JSON what
 * came out and on which cores each of its threads may run. An error is said as {code, message}.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseDevice, pinToCores } from '../../actors/model-worker/device.ts';
import { onnxEngine } from '../../actors/model-worker/onnx-engine.ts';
import { systemClock } from '../../cluster/clock.ts';
import { asServingError } from '../../proto/errors.ts';
import { elementCount } from '../../proto/tensor.ts';

function coresOfThreads(): string[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
    return /Cpus_allowed_list:\s*(\S+)/.exec(status)?.[1] ?? 'unknown';
  });
}

async function run(deviceText: string, path: string, rows: number): Promise<object> {
  const device = parseDevice(deviceText);
  if (device.kind === 'cpu' && device.cores !== null) await pinToCores(device.cores);
  const loaded = await onnxEngine(device, 2, systemClock).load(path);
  const inputs = loaded.inputs.map((input) => {
    const shape = [rows, ...input.shape.slice(1)];
    const values = Float32Array.from({ length: elementCount(shape) }, (_, i) => (i % 17) / 8);
    return { datatype: input.datatype, shape, data: new Uint8Array(values.buffer) };
  });
  const [output] = await loaded.run(inputs);
  const { buffer, byteOffset, byteLength } = output!.data;
  const values = [...new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))];
  return { values, shape: output!.shape, cores: process.platform === 'linux' ? coresOfThreads() : [] };
}

const [device, path, rows] = process.argv.slice(2);
let said: object;
try {
  said = await run(device!, path!, Number(rows));
} catch (thrown) {
  const { code, message } = asServingError(thrown, 'run');
  said = { code, message };
}
process.stdout.write(JSON.stringify(said), () => process.exit(0));
