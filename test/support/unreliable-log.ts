/** A feature log in memory that can be made to misbehave, and where snapshots are stored beside it. */
import type { LogState, StartLog } from '../../actors/feature-shard/bootstrap.ts';
import type { LogSource } from '../../actors/feature-shard/log-source.ts';
import type { ObjectStore, StoredObject } from '../../cluster/object-store.ts';
import { below, type Random } from '../../cluster/random.ts';
import { ServingError } from '../../proto/errors.ts';

type Message = { readonly partition: number; readonly bytes: Uint8Array };

/** The log that every shard reads: all that it has, in order, but in pieces, late and again. */
export class UnreliableLog implements LogSource, StartLog {
  /** Null where a trim took it. */
  messages: (Message | null)[] = [];
  readonly #random: Random;
  readonly #wakers = new Set<() => void>();
  created = 'first';
  trims = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  async append(partition: number, bytes: Uint8Array): Promise<number> {
    this.messages.push({ partition, bytes });
    for (const wake of this.#wakers) wake();
    return this.messages.length;
  }

  async state(): Promise<LogState> {
    const first = this.messages.findIndex((one) => one !== null);
    const lastSeq = this.messages.length;
    return { createdText: this.created, firstSeq: first < 0 ? lastSeq + 1 : first + 1, lastSeq };
  }

  async lastSeqOf(partition: number): Promise<number> {
    return this.messages.findLastIndex((one) => one?.partition === partition) + 1;
  }

  async usedPartitions(): Promise<Set<number>> {
    return new Set((await this.messagesByPartition()).keys());
  }

  async messagesByPartition(): Promise<Map<number, number>> {
    const counts = new Map<number, number>();
    for (const one of this.messages) if (one !== null) counts.set(one.partition, (counts.get(one.partition) ?? 0) + 1);
    return counts;
  }

  async messageAt(seq: number): Promise<Message | null> {
    return this.messages[seq - 1] ?? null;
  }

  async lastSeqUntil(partition: number, seq: number): Promise<number> {
    return this.messages.slice(0, seq).findLastIndex((one) => one?.partition === partition) + 1;
  }

  async trim(partition: number, seq: number): Promise<void> {
    this.trims++;
    this.messages = this.messages.map((one, i) => (one?.partition === partition && i < seq ? null : one));
  }

  async follow(
    partition: number,
    fromSeq: number,
    onMessage: (seq: number, bytes: Uint8Array, pending: number) => Promise<void> | undefined,
  ): Promise<{ stop(): Promise<void> }> {
    // Now and then from further back than asked, as a consumer that was made again does.
    let next = this.#random.next() < 0.3 ? Math.max(1, fromSeq - below(this.#random, 20)) : fromSeq;
    let stopped = false;
    let wake = () => {};
    const deliver = async () => {
      while (!stopped) {
        for (; next <= this.messages.length && !stopped; next++) {
          const message = this.messages[next - 1] ?? null;
          if (message?.partition !== partition) continue;
          await onMessage(next, message.bytes, this.messages.length - next);
          if (this.#random.next() < 0.1) await new Promise((resolve) => setImmediate(resolve));
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#wakers.add(wake);
          if (stopped || next <= this.messages.length) resolve();
        });
        this.#wakers.delete(wake);
      }
    };
    const done = deliver();
    return {
      stop: async () => {
        stopped = true;
        wake();
        await done;
      },
    };
  }
}

/** Objects in memory, of which one can be spoilt. */
export class MemoryObjects implements ObjectStore {
  readonly #objects = new Map<string, Buffer>();

  async put(name: string, pieces: AsyncIterable<Uint8Array>): Promise<StoredObject> {
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(Buffer.from(piece));
    const bytes = Buffer.concat(all);
    this.#objects.set(name, bytes);
    return { name, bytes: bytes.length, writtenMs: 0 };
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    const bytes = this.#objects.get(name);
    if (bytes === undefined) throw new ServingError('NOT_FOUND', 'log', `no object ${name}`);
    for (let at = 0; at < bytes.length; at += 4_096) yield bytes.subarray(at, at + 4_096);
  }

  async delete(name: string): Promise<void> {
    this.#objects.delete(name);
  }

  async list(): Promise<StoredObject[]> {
    return [...this.#objects].map(([name, { length }]) => ({ name, bytes: length, writtenMs: 0 }));
  }

  async removeUnfinished(): Promise<number> {
    return 0;
  }

  /** Flips a byte of it. */
  spoil(name: string, random: Random): void {
    const bytes = this.#objects.get(name)!;
    bytes[below(random, bytes.length)]! ^= 1 << below(random, 8);
  }
}
