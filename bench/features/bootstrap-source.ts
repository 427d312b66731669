/** The shard that has the partitions: a process of its own that opens the replica it is given and hands out copies. */
import { join } from 'node:path';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { SnapshotSource } from '../../actors/feature-shard/snapshot-source.ts';
import { viewsOf } from '../../actors/feature-shard/spool-snapshot.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { connectNats } from '../../cluster/nats/nats-link.ts';
import { snapshotSubject } from '../../proto/subjects.ts';
import { childArgument, childReady } from '../child.ts';
import { bootstrapApp, type SourceArgument } from './bootstrap-app.ts';

const { natsUrl, directory, name } = childArgument<SourceArgument>();
const clock = systemClock;
const nats = await connectNats({ url: natsUrl, name, clock, log: silentLog, connectTimeoutMs: 5_000 });
const replica = new Replica({ directory, app: bootstrapApp, log: silentLog });
const copies = new SnapshotSource({
  replica,
  clock,
  views: viewsOf(bootstrapApp),
  directory: join(directory, 'copies'),
  mayServe: () => true,
});
await nats.service({
  name: 'dovetail-snapshots',
  version: '1.0.0',
  description: 'bench',
  queueGroup: name,
  endpoints: [
    {
      name: 'snapshots',
      subject: snapshotSubject(name),
      handle: (request) => {
        void copies.answer(request.bytes).then((bytes) => request.respond(bytes));
      },
    },
  ],
});
childReady(null, async () => {
  await copies.stop();
  await nats.close();
  await replica.close();
});
