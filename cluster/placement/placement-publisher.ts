/**
 * What the leader does: looks at the members, works out the next placement table and publishes it by compare-and-set,
 * so that a leader that lost its lease without noticing cannot overwrite its successor's table.
 *
 * The stored table may be gone, unreadable or older than the one that routers and shards act on: damage, or another
 * program's write. They ignore what is not newer than that one, so the leader replaces it, by compare-and-set too, with
 * a table of an epoch above every one that may have been acted on.
 */
import { asServingError, type ServingError } from '../../proto/errors.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import type { KeyValue, KeyValueEntry } from '../key-value.ts';
import { hasBit } from '../membership/bitset.ts';
import type { Member } from '../membership/member-table.ts';
import { nextTable, type PlacementMember, type PlacementSettings, type PlacementTable } from './placement-table.ts';
import { decodeTable, encodeTable } from './table-codec.ts';

export type PublisherOptions = {
  readonly keyValue: KeyValue;
  readonly key: string;
  readonly clock: Clock;
  readonly isLeader: () => boolean;
  /** Shards that are not dead. */
  readonly shards: () => readonly Member[];
  readonly settings: PlacementSettings;
  /** The table that this process acts on, if it has one. */
  readonly acting?: () => PlacementTable | null;
  readonly periodMs: number;
  readonly onPublished?: (table: PlacementTable) => void;
  /** The store failed, or what it holds makes no sense; the latter is said once a write, before it is replaced. */
  readonly onError?: (error: ServingError) => void;
};

export class PlacementPublisher {
  readonly #options: PublisherOptions;
  #timer: TimerHandle | null = null;
  #busy = false;
  /** The newest table that this process has seen. */
  #known: PlacementTable | null = null;
  #unreadableRevision = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= this.#options.clock.every(this.#options.periodMs, () => void this.publish());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Publishes the next table if this process leads and anything changed. Never rejects. */
  async publish(): Promise<void> {
    const { keyValue, key, isLeader, onPublished, onError } = this.#options;
    if (this.#busy || !isLeader()) return;
    this.#busy = true;
    try {
      const entry = await keyValue.get(key);
      const table = this.#next(entry);
      if (table === null || !isLeader()) return;
      const bytes = encodeTable(table);
      const revision =
        entry === null ? await keyValue.create(key, bytes) : await keyValue.update(key, bytes, entry.revision);
      if (revision === null) return;
      this.#learn(table);
      onPublished?.(table);
    } catch (thrown) {
      onError?.(asServingError(thrown, 'route'));
    } finally {
      this.#busy = false;
    }
  }

  #next(entry: KeyValueEntry | null): PlacementTable | null {
    const { settings, acting } = this.#options;
    this.#learn(acting?.() ?? null);
    const stored = entry === null ? null : this.#read(entry);
    this.#learn(stored);
    const known = this.#known;
    const members = this.#members();
    // An empty list is more likely our own view just after a start than the loss of every shard at once; and with
    // nobody left there is nobody to place on.
    if (members.length === 0) return null;
    // A read that lags looks like this as well: then the write below is refused, and nothing is lost.
    const sound = stored !== null && (known === null || follows(stored, known));
    if (sound) return nextTable(stored, members, settings);
    const next = nextTable(known, members, settings) ?? known!;
    return { ...next, epoch: this.#epochAboveAll(entry) };
  }

  /**
   * An epoch that nobody can have acted on. Above the newest that we know; and where an entry is in the way, no less
   * than its revision: revisions start at 1 and grow by one or more with every write, epochs by one with a write of the
   * table, so no epoch is ahead of the revision it was written at, and those of all tables before this entry are below
   * its own revision. That holds for this table too, whose revision will be higher still. (Not from heartbeats: one
   * with a wild epoch would use up all that are left.)
   */
  #epochAboveAll(entry: KeyValueEntry | null): number {
    return Math.max((this.#known?.epoch ?? 0) + 1, entry?.revision ?? 0);
  }

  /** Null for a table that cannot be read. */
  #read(entry: KeyValueEntry): PlacementTable | null {
    try {
      return decodeTable(entry.value);
    } catch (thrown) {
      // Said once, not at each look until a shard is there to place on.
      if (entry.revision !== this.#unreadableRevision) this.#options.onError?.(asServingError(thrown, 'route'));
      this.#unreadableRevision = entry.revision;
      return null;
    }
  }

  #learn(table: PlacementTable | null): void {
    // One of another number of partitions is not to be gone on from; where we know no other, `nextTable` refuses it.
    if (table === null || table.partitions !== this.#options.settings.partitions) return;
    if (table.epoch > (this.#known?.epoch ?? 0)) this.#known = table;
  }

  #members(): PlacementMember[] {
    return this.#options.shards().map(({ heartbeat }) => ({
      name: heartbeat.name,
      weight: heartbeat.leaving ? 0 : heartbeat.weight,
      alive: true,
      caughtUp: (partition: number) => hasBit(heartbeat.caughtUp, partition),
    }));
  }
}

function follows(stored: PlacementTable, known: PlacementTable): boolean {
  return stored.epoch >= known.epoch && stored.partitions === known.partitions;
}
