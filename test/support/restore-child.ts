/**
 * Restores a snapshot into a replica and kills itself on the way:
 * `restore-child.ts <replica directory> <snapshot file> <step> <before|during|after>`. A step is one transaction; `done`
 * on standard output says that there were fewer.
 */
import { writeSync } from 'node:fs';
import { restorePartition } from '../../actors/feature-shard/partition-restore.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { openSnapshot } from '../../actors/feature-shard/snapshot-format.ts';
import { readPieces } from '../../actors/feature-shard/spool-snapshot.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { app } from './feature-log-writer.ts';

const [directory, path, step, when] = process.argv.slice(2);
const replica = new Replica({ directory: directory!, app, log: silentLog });
const partitions = replica.partitions;
let steps = 0;

function dying<A extends unknown[], R>(act: (...given: A) => Promise<R>): (...given: A) => Promise<R> {
  return async (...given) => {
    const last = ++steps === Number(step);
    const die = () => process.kill(process.pid, 'SIGKILL');
    if (last && when === 'before') die();
    const acting = act(...given);
    if (last && when === 'during') setImmediate(die);
    const result = await acting;
    if (last && when === 'after') die();
    return result;
  };
}

partitions.beginRestore = dying(partitions.beginRestore.bind(partitions));
partitions.removeSome = dying(partitions.removeSome.bind(partitions));
partitions.putSome = dying(partitions.putSome.bind(partitions));
partitions.endRestore = dying(partitions.endRestore.bind(partitions));
await restorePartition(replica, await openSnapshot(readPieces(path!)), systemClock);
await replica.close();
writeSync(1, `done ${steps}\n`);
