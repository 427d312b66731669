/**
 * What the leader does: looks at the members, works out the next placement table and publishes it by compare-and-set,
 * so that a leader that lost its lease without noticing cannot overwrite its successor's table.
 */
import { asServingError, type ServingError } from '../../proto/errors.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import type { KeyValue } from '../key-value.ts';
import { hasBit } from '../membership/bitset.ts';
import type { Member } from '../membership/member-table.ts';
import { nextTable, type PlacementSettings, type PlacementTable } from './placement-table.ts';
import { decodeTable, encodeTable } from './table-codec.ts';

export type PublisherOptions = {
  readonly keyValue: KeyValue;
  readonly key: string;
  readonly clock: Clock;
  readonly isLeader: () => boolean;
  /** Shards that are not dead. */
  readonly shards: () => readonly Member[];
  readonly settings: PlacementSettings;
  readonly periodMs: number;
  readonly onPublished?: (table: PlacementTable) => void;
  readonly onError?: (error: ServingError) => void;
};

export class PlacementPublisher {
  readonly #options: PublisherOptions;
  #timer: TimerHandle | null = null;
  #busy = false;

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
    const { keyValue, key, isLeader, shards, settings, onPublished, onError } = this.#options;
    if (this.#busy || !isLeader()) return;
    this.#busy = true;
    try {
      const entry = await keyValue.get(key);
      const previous = entry === null ? null : decodeTable(entry.value);
      const members = shards().map(({ heartbeat }) => ({
        name: heartbeat.name,
        weight: heartbeat.leaving ? 0 : heartbeat.weight,
        alive: true,
        caughtUp: (partition: number) => hasBit(heartbeat.caughtUp, partition),
      }));
      // An empty list is more likely our own view just after a start than the loss of every shard at once; and with
      // nobody left there is nobody to place on.
      if (members.length === 0) return;
      const table = nextTable(previous, members, settings);
      if (table === null || !isLeader()) return;
      const bytes = encodeTable(table);
      const revision =
        entry === null ? await keyValue.create(key, bytes) : await keyValue.update(key, bytes, entry.revision);
      if (revision !== null) onPublished?.(table);
    } catch (thrown) {
      onError?.(asServingError(thrown, 'route'));
    } finally {
      this.#busy = false;
    }
  }
}
