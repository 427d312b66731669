/**
 * Stores a snapshot and kills itself on the way: `shelf-child.ts <nats url> <snapshot file> <step> <before|after>`. A step
 * is one call of a store or one piece of the upload; `done` on standard output says that there were fewer.
 */
import { writeSync } from 'node:fs';
import { verifySnapshot } from '../../actors/feature-shard/snapshot-format.ts';
import { SnapshotShelf } from '../../actors/feature-shard/snapshot-shelf.ts';
import { readPieces } from '../../actors/feature-shard/spool-snapshot.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { connectNats } from '../../cluster/nats/nats-link.ts';
import type { ObjectStore } from '../../cluster/object-store.ts';
import { BUCKETS, SNAPSHOT_OBJECTS } from '../../proto/subjects.ts';

const [url, path, step, when] = process.argv.slice(2);
let steps = 0;

function dying<A extends unknown[], R>(act: (...given: A) => Promise<R>): (...given: A) => Promise<R> {
  return async (...given) => {
    const last = ++steps === Number(step);
    const die = () => process.kill(process.pid, 'SIGKILL');
    if (last && when === 'before') die();
    const result = await act(...given);
    if (last && when === 'after') die();
    return result;
  };
}

async function* counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pass = dying(async (piece: Uint8Array) => piece);
  for await (const piece of pieces) yield await pass(piece);
}

const nats = await connectNats({
  url: url!,
  name: 'child',
  clock: systemClock,
  log: silentLog,
  connectTimeoutMs: 5_000,
});
const keyValue = await nats.keyValue(BUCKETS.snapshots);
const objects = await nats.objectStore(SNAPSHOT_OBJECTS, { replicas: 1 });
const { create, update } = keyValue;
keyValue.create = dying(create.bind(keyValue));
keyValue.update = dying(update.bind(keyValue));
const mortal: ObjectStore = {
  put: dying((name, pieces) => objects.put(name, counted(pieces))),
  read: (name) => counted(objects.read(name)),
  list: () => objects.list(),
  removeUnfinished: (beforeMs) => objects.removeUnfinished(beforeMs),
  delete: dying((name) => objects.delete(name)),
};
const shelf = new SnapshotShelf({
  open: async () => ({ keyValue, objects: mortal }),
  clock: systemClock,
  log: silentLog,
  keep: 2,
});
const { header, rows } = await verifySnapshot(readPieces(path!));
await shelf.store({ path: path!, header, rows, bytes: 0 }, 'child');
await nats.close();
writeSync(1, `done ${steps}\n`);
