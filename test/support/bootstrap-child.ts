/**
 * A shard that takes partition 0 from elsewhere and kills itself on the way:
 * `bootstrap-child.ts <directory> <nats url> <step> <owners by comma>`. A step is one transaction of the replica.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { connectNats } from '../../cluster/nats/nats-link.ts';
import { SnapshotShard } from './snapshot-shards.ts';

const [directory, url, step, owners] = process.argv.slice(2);
const nats = await connectNats({
  url: url!,
  name: 'child',
  clock: systemClock,
  log: silentLog,
  connectTimeoutMs: 5_000,
});
const source = await nats.featureLog({ replicas: 1 });
const asked = owners === '' ? [] : owners!.split(',');
const shard = await SnapshotShard.start({
  name: 'child',
  directory: directory!,
  nats,
  source,
  owners: asked,
  pieceBytes: 3_000,
});
const { partitions } = shard.replica;
let steps = 0;

function dying<A extends unknown[], R>(act: (...given: A) => Promise<R>): (...given: A) => Promise<R> {
  return async (...given) => {
    const acting = act(...given);
    if (++steps === Number(step)) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return acting;
  };
}

partitions.beginRestore = dying(partitions.beginRestore.bind(partitions));
partitions.removeSome = dying(partitions.removeSome.bind(partitions));
partitions.putSome = dying(partitions.putSome.bind(partitions));
partitions.endRestore = dying(partitions.endRestore.bind(partitions));
await shard.follower.assign(new Set([0]));
while (!shard.follower.isCaughtUp(0)) await new Promise((resolve) => setTimeout(resolve, 5));
await shard.stop();
await nats.close();
writeSync(1, `done ${steps}\n`);
