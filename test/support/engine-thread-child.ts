/**
 * A process that ends with a model in a thread: `engine-thread-child.ts <how> <model.onnx> [<device>]`. `how`: `idle`
 * (nothing runs), `released` (nor is the thread left), `running` (a run goes on that the release does not wait for),
 * `exit` (process.exit in the middle of a run). Says when it is done, as worker processes are when they stop.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseDevice, pinToCores } from '../../actors/model-worker/device.ts';
import { ThreadedEngine } from '../../actors/model-worker/threaded-engine.ts';
import { endHardWhileBusy } from '../../cli/worker-role.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';

const [how, path, deviceText = 'cpu'] = process.argv.slice(2);
const device = parseDevice(deviceText);
if (device.kind === 'cpu' && device.cores !== null) await pinToCores(device.cores);
const threaded = new ThreadedEngine({ device, threads: 2, clock: systemClock, releaseMsMax: 50 });
endHardWhileBusy(threaded, silentLog);
const loaded = await threaded.load(path!);
const cores = readdirSync('/proc/self/task').map((thread) => {
  const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
  return /Cpus_allowed_list:\s*(\S+)/.exec(status)?.[1] ?? 'unknown';
});
const run = () => loaded.run([{ datatype: 'FP32', shape: [1, 1], data: new Uint8Array(4) }]);
if (how === 'idle') await run();
else if (how !== 'released') void run().catch(() => {});
if (how === 'released' || how === 'running') await loaded.release();
process.stdout.write(JSON.stringify({ done: how, busy: threaded.isBusy, cores }));
if (how !== 'released' && how !== 'running') process.exit(0);
