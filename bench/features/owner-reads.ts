/**
 * Reads rows from each of their owners by itself, past the gateway: letters to the shards' actors over NATS, as a router
 * sends them. This process is a caller beside the cluster, so nothing of the cluster is changed to be looked at.
 */
import { ACTOR_NAMES } from '../../actors/router/routing-table.ts';
import { type RecordBytes, recordBytes } from '../../cluster/catalog/record.ts';
import { type Clock, sleep } from '../../cluster/clock.ts';
import { partitionOfText } from '../../cluster/hash.ts';
import { silentLog } from '../../cluster/log.ts';
import type { Heartbeat } from '../../cluster/membership/heartbeat.ts';
import { connectNats, type NatsLink } from '../../cluster/nats/nats-link.ts';
import type { PlacementTable } from '../../cluster/placement/placement-table.ts';
import { decodeTable } from '../../cluster/placement/table-codec.ts';
import { randomHex } from '../../cluster/random.ts';
import { Transport } from '../../cluster/transport/transport.ts';
import { dovetail } from '../../proto/generated/messages.js';
import { errorOf, type ReadBound, type ReadFeaturesReply, UNBOUND } from '../../proto/letters.ts';
import { BUCKETS, HEARTBEAT_SUBJECT, PLACEMENT_KEY } from '../../proto/subjects.ts';

const ACTOR = 'owner-reads';
const SETTLED_MS_MAX = 20_000;
/** A shard lets a read wait for half of this. */
const READ_MS_MAX = 40_000;

/** What one owner holds of a key: the record, or null, and the sequence up to which its partition is applied. */
export type OwnedRow = { readonly record: RecordBytes | null; readonly appliedSeq: number };

type Waiting = { resolve(rows: OwnedRow[]): void; reject(cause: Error): void };

export class OwnerReads {
  readonly #clock: Clock;
  readonly #nats: NatsLink;
  readonly #transport: Transport;
  readonly #replyTo: string;
  readonly #nodes = new Map<string, string>();
  readonly #waiting = new Map<number, Waiting>();
  #table: PlacementTable | null = null;
  #nextId = 1;

  /** Resolves once every partition has its owners, all of them heard of. */
  static async connect(clock: Clock, natsUrl: string): Promise<OwnerReads> {
    const nats = await connectNats({ url: natsUrl, name: 'bench', clock, log: silentLog, connectTimeoutMs: 5_000 });
    const reads = new OwnerReads(clock, nats);
    const store = await nats.keyValue(BUCKETS.cluster);
    await store.watch(PLACEMENT_KEY, (_key, value) => {
      if (value !== null) reads.#table = decodeTable(value);
    });
    const untilMs = clock.nowMs() + SETTLED_MS_MAX;
    while (!reads.#settled()) {
      if (clock.nowMs() > untilMs) throw new Error('the partitions of the cluster have not all their owners');
      await sleep(clock, 20);
    }
    return reads;
  }

  private constructor(clock: Clock, nats: NatsLink) {
    this.#clock = clock;
    this.#nats = nats;
    const node = `bench.${randomHex(8)}`;
    this.#replyTo = `${node}/${ACTOR}`;
    this.#transport = new Transport({
      node,
      wire: nats,
      clock,
      log: silentLog,
      envelopeBytesMax: 65_536,
      deliver: (_actor, message) => {
        if (message.kind === 'readFeaturesReply') this.#replied(message.body);
      },
      onTurnEnd: () => undefined,
    });
    this.#transport.listen();
    nats.subscribe(HEARTBEAT_SUBJECT, (bytes) => {
      const { name, node: sender, role } = dovetail.Heartbeat.decode(bytes) as unknown as Heartbeat;
      if (role === 'shard') this.#nodes.set(name, sender);
    });
  }

  /** Names of the shards, every one an owner of something. */
  get shards(): readonly string[] {
    return [...new Set(this.#table!.owners.flat())].sort();
  }

  partitionOf(key: string): number {
    return partitionOfText(key, this.#table!.partitions);
  }

  /** Names of the shards that hold the key's partition. */
  ownersOf(key: string): readonly string[] {
    return this.#table!.owners[this.partitionOf(key)]!;
  }

  /**
   * What this shard holds of these keys, in order, once it has applied `minSeq` of the first one's partition (0: at
   * once). Rejects where it refuses or does not answer.
   */
  read(shard: string, view: string, keys: readonly string[], minSeq = 0): Promise<OwnedRow[]> {
    const id = this.#nextId++;
    const bound: ReadBound =
      minSeq === 0 ? UNBOUND : { minSeq: [minSeq], minPartitions: [this.partitionOf(keys[0]!)], maxAgeMs: 0 };
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(READ_MS_MAX, () => {
        this.#waiting.delete(id);
        reject(new Error(`${shard} does not answer`));
      });
      const settle = (): void => {
        timer.cancel();
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        resolve: (rows) => {
          settle();
          resolve(rows);
        },
        reject: (cause) => {
          settle();
          reject(cause);
        },
      });
      this.#transport.tell(
        { node: this.#nodes.get(shard)!, actor: ACTOR_NAMES.shard },
        {
          kind: 'readFeatures',
          body: {
            id,
            replyTo: this.#replyTo,
            view,
            keys: keys.map((key) => Buffer.from(key)),
            partitions: keys.map((key) => this.partitionOf(key)),
            epoch: this.#table!.epoch,
            budgetUs: READ_MS_MAX * 1_000,
            trace: null,
            schemaHash: 0,
            ...bound,
          },
        },
      );
    });
  }

  async close(): Promise<void> {
    this.#transport.stop();
    await this.#nats.close();
  }

  #settled(): boolean {
    const table = this.#table;
    if (table === null) return false;
    return table.owners.every(
      (owners, partition) =>
        owners.length === Math.max(1, table.targets[partition]!.length) &&
        owners.every((name) => this.#nodes.has(name)),
    );
  }

  #replied(reply: ReadFeaturesReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.failure !== null) waiting.reject(errorOf(reply.failure));
    else {
      waiting.resolve(
        reply.records.map((bytes, i) => ({
          record: bytes.byteLength === 0 ? null : recordBytes(bytes),
          appliedSeq: reply.appliedSeq[i]!,
        })),
      );
    }
  }
}
