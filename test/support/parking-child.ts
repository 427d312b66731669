/**
 * A replica that follows the log and dies, as by kill -9, between parking a message and moving its cursor past it:
 * `parking-child.ts <nats url> <directory>`.
 */
import { Parking } from '../../actors/feature-shard/dead-letters.ts';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { connectNats } from '../../cluster/nats/nats-link.ts';
import { BOUNDS, oldApp } from './dead-letter-world.ts';

const [url, directory] = process.argv.slice(2);
const nats = await connectNats({
  url: url!,
  name: 'parking-child',
  clock: systemClock,
  log: silentLog,
  connectTimeoutMs: 5_000,
});
const stream = await nats.deadLetters(BOUNDS);
const sink = {
  park: async (...call: Parameters<typeof stream.park>) => {
    await stream.park(...call);
    process.kill(process.pid, 'SIGKILL');
    return new Promise<never>(() => {});
  },
};
const follower = new LogFollower({
  replica: new Replica({ directory: directory!, app: oldApp, log: silentLog }),
  source: await nats.featureLog({ replicas: 1 }),
  clock: systemClock,
  log: silentLog,
  transactionMessagesMax: 64,
  waitingMessagesMax: 256,
  onApplied: () => {},
  onCaughtUp: () => {},
  parking: new Parking({ sink, clock: systemClock, log: silentLog, onLetter: () => {} }),
});
await follower.assign(new Set([0]));
