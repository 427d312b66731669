/** A replica of a shard in this process, filled with rows by `apply` as the log would bring them. */
import { Replica } from '../../actors/feature-shard/replica.ts';
import { packValues } from '../../cluster/catalog/record.ts';
import type { View } from '../../cluster/catalog/views.ts';
import type { Clock } from '../../cluster/clock.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { silentLog } from '../../cluster/log.ts';
import { encodeRowBatch, type RowBatchToWrite } from '../../proto/row-batch.ts';
import { featureApp } from './workload.ts';

const ROWS_PER_TRANSACTION = 20_000;

type LogRow = RowBatchToWrite['rows'][number];
type Message = { readonly partition: number; readonly seq: number; readonly bytes: Uint8Array };

export function replicaKey(key: number): Uint8Array {
  return Buffer.from(`u${key}`);
}

/** Holds keys 0 to `keys` − 1 in `view`, every feature of row k being k mod 1024. */
export class FilledReplica {
  readonly replica: Replica;
  readonly view: View;
  readonly partitions: number;
  readonly #clock: Clock;
  readonly #messages: Messages;
  #keys = 0;

  constructor(clock: Clock, directory: string, view: View, partitions: number) {
    this.#clock = clock;
    this.replica = new Replica({ directory, app: featureApp, log: silentLog });
    this.view = view;
    this.partitions = partitions;
    this.#messages = new Messages(view, partitions);
  }

  get keys(): number {
    return this.#keys;
  }

  /** Applies what is missing up to `keys` keys. Resolves with the mean time of `apply` a row, in µs. */
  async growTo(keys: number): Promise<number> {
    const added = keys - this.#keys;
    let applyMs = 0;
    for (; this.#keys < keys; this.#keys = Math.min(keys, this.#keys + ROWS_PER_TRANSACTION)) {
      const messages = this.#messages.grouped(this.#keys, Math.min(keys, this.#keys + ROWS_PER_TRANSACTION));
      const startMs = this.#clock.nowMs();
      await this.replica.apply(messages);
      applyMs += this.#clock.nowMs() - startMs;
    }
    return (applyMs / added) * 1000;
  }

  /** Applies new rows for these keys, a message each. Rejects where one is not taken. */
  async applyRows(keys: readonly number[]): Promise<void> {
    const { rowsApplied } = await this.replica.apply(this.#messages.single(keys));
    if (rowsApplied !== keys.length) throw new Error(`${rowsApplied} of ${keys.length} rows were applied`);
  }

  close(): Promise<void> {
    return this.replica.close();
  }
}

/** The value that every feature of a key's row has. */
export function replicaValue(key: number): number {
  return key % 1024;
}

class Messages {
  readonly #view: View;
  readonly #partitions: number;
  readonly #values: readonly Uint8Array[];
  #seq = 0;
  #eventMs = 1;

  constructor(view: View, partitions: number) {
    this.#view = view;
    this.#partitions = partitions;
    this.#values = Array.from({ length: 1024 }, (_, value) => {
      const row = Object.fromEntries(view.features.map(({ name }) => [name, value]));
      return packValues(view, row, []);
    });
  }

  /** A message a partition, as a large push makes them. */
  grouped(from: number, to: number): Message[] {
    const rows = new Map<number, LogRow[]>();
    for (let key = from; key < to; key++) {
      const row = this.#row(key);
      const partition = partitionOf(row.key, this.#partitions);
      const own = rows.get(partition);
      if (own === undefined) rows.set(partition, [row]);
      else own.push(row);
    }
    return [...rows].map(([partition, own]) => this.#message(partition, own));
  }

  /** A message a row, as small pushes make them. */
  single(keys: readonly number[]): Message[] {
    return keys.map((key) => {
      const row = this.#row(key);
      return this.#message(partitionOf(row.key, this.#partitions), [row]);
    });
  }

  #row(key: number): LogRow {
    return { key: replicaKey(key), eventMs: this.#eventMs++, values: this.#values[replicaValue(key)]! };
  }

  #message(partition: number, rows: LogRow[]): Message {
    this.#seq++;
    const { name: view, schemaHash, version } = this.#view;
    return { partition, seq: this.#seq, bytes: encodeRowBatch({ view, schemaHash, version, rows }) };
  }
}
