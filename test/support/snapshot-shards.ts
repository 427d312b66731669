/** Shards as far as snapshots concern them, on a real nats-server: replica, follower, bootstrap, and copies for others. */
import { join } from 'node:path';
import { Bootstrap } from '../../actors/feature-shard/bootstrap.ts';
import { copyFromOwner } from '../../actors/feature-shard/copy-from-owner.ts';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { SnapshotShelf } from '../../actors/feature-shard/snapshot-shelf.ts';
import { SnapshotSource } from '../../actors/feature-shard/snapshot-source.ts';
import { type SpooledSnapshot, spoolSnapshot } from '../../actors/feature-shard/spool-snapshot.ts';
import { systemClock } from '../../cluster/clock.ts';
import { type Log, silentLog } from '../../cluster/log.ts';
import type { FeatureLog } from '../../cluster/nats/feature-log.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import { BUCKETS, SNAPSHOT_OBJECTS, snapshotSubject } from '../../proto/subjects.ts';
import { app } from './feature-log-writer.ts';

export type ShardOptions = {
  readonly name: string;
  readonly directory: string;
  readonly nats: NatsLink;
  readonly source: FeatureLog;
  /** Whom it may ask, in this order. */
  readonly owners?: readonly string[];
  readonly pieceBytes?: number;
  /** Called with each piece that this shard hands out. */
  readonly onPiece?: (bytes: number) => void;
};

export function shelfOn(nats: NatsLink, keep = 2): SnapshotShelf {
  const open = async () => ({
    keyValue: await nats.keyValue(BUCKETS.snapshots),
    objects: await nats.objectStore(SNAPSHOT_OBJECTS, { replicas: 1 }),
  });
  return new SnapshotShelf({ open, clock: systemClock, log: silentLog, keep });
}

export class SnapshotShard {
  readonly replica: Replica;
  readonly follower: LogFollower;
  readonly shelf: SnapshotShelf;
  /** Where each partition came from that was not just followed. */
  readonly bootstraps: string[] = [];
  readonly errors: string[] = [];
  readonly #options: ShardOptions;
  readonly #copies: SnapshotSource;
  #service: { stop(): Promise<void> } | null = null;
  #open = true;

  private constructor(options: ShardOptions) {
    const { name, directory, nats, source, owners = [], pieceBytes = 100_000 } = options;
    this.#options = options;
    const log: Log = {
      ...silentLog,
      error: (fields, message) => this.errors.push(`${message} ${JSON.stringify(fields)}`),
    };
    this.replica = new Replica({ directory: join(directory, name), app, log: silentLog });
    this.shelf = shelfOn(nats);
    const bootstrap = new Bootstrap({
      replica: this.replica,
      source,
      clock: systemClock,
      log: silentLog,
      owners: () => owners,
      copyFrom: (owner, partition, stream, minSeq) => {
        const request = async (bytes: Uint8Array, timeoutMs: number) =>
          (await nats.request(snapshotSubject(owner), bytes, { timeoutMs })).bytes;
        return copyFromOwner({ request, partition, stream, minSeq, pieceBytes });
      },
      shelf: this.shelf,
      copiesMax: 2,
      onDone: (from) => this.bootstraps.push(from),
    });
    this.follower = new LogFollower({
      replica: this.replica,
      source,
      bootstrap,
      clock: systemClock,
      log,
      transactionMessagesMax: 64,
      waitingMessagesMax: 256,
      onApplied: () => {},
      onCaughtUp: () => {},
    });
    this.#copies = new SnapshotSource({
      replica: this.replica,
      clock: systemClock,
      views: [],
      directory: join(directory, name, 'copies'),
      mayServe: (partition) => this.follower.isCaughtUp(partition),
      ...(options.onPiece === undefined ? {} : { onBytes: options.onPiece }),
    });
  }

  static async start(options: ShardOptions): Promise<SnapshotShard> {
    const shard = new SnapshotShard(options);
    shard.#service = await options.nats.service({
      name: 'dovetail-snapshots',
      version: '1.0.0',
      description: 'test',
      queueGroup: options.name,
      endpoints: [
        {
          name: 'snapshots',
          subject: snapshotSubject(options.name),
          handle: (request) => {
            void shard.#copies.answer(request.bytes).then((bytes) => shard.#open && request.respond(bytes));
          },
        },
      ],
    });
    return shard;
  }

  spool(partition: number): Promise<SpooledSnapshot> {
    const path = join(this.#options.directory, `${this.#options.name}.p${partition}`);
    return spoolSnapshot({ replica: this.replica, partition, path, views: [], clock: systemClock });
  }

  /** Answers nothing more, like one that died; its replica stays open. */
  fallSilent(): void {
    this.#open = false;
  }

  async stop(): Promise<void> {
    if (this.#service === null) return;
    const service = this.#service;
    this.#service = null;
    await service.stop();
    await this.follower.stop();
    await this.#copies.stop();
    await this.replica.close();
  }
}
