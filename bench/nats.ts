/** The nats-server of the limits: the same binary and the same start as the system's, on a port of its own. */
import { join } from 'node:path';
import type { Clock } from '../cluster/clock.ts';
import { type NatsServerProcess, startNatsServer } from '../cluster/nats-server/launch.ts';
import { locateNatsServer } from '../cluster/nats-server/locate.ts';
import { freePort } from './ports.ts';

export async function startBenchNats(clock: Clock, workDir: string): Promise<NatsServerProcess> {
  const located = await locateNatsServer({ clock, progress: (line) => process.stderr.write(`${line}\n`) });
  return startNatsServer({
    path: located.path,
    port: await freePort(),
    dataDir: join(workDir, 'limits-nats'),
    clock,
  });
}
