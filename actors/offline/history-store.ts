/**
 * The rows of chosen entities as a replay goes through the log: what a replica would hold of them, in memory. Only what
 * was asked for is kept, so that a log of any length can be read past a few labels.
 */
import { type RecordBytes, recordBytes, recordEventMs } from '../../cluster/catalog/record.ts';
import type { View } from '../../cluster/catalog/views.ts';
import type { RowStore } from '../feature-shard/apply-message.ts';

/** What is stored for one entity in one view at this point of the replay. */
export type Slot = {
  readonly partition: number;
  record: RecordBytes | null;
  /** Reads that found nothing here so far, and the last moment of one. */
  missed: number;
  missedUntilMs: number;
};

export class HistoryStore implements RowStore {
  readonly #slots = new Map<number, Map<string, Slot>>();
  #partition = -1;
  #loadedLater = 0;
  #missedReads = 0;
  #lastId = -1;
  #lastKey: Uint8Array | null = null;
  #lastSlot: Slot | undefined = undefined;

  /** Keeps the rows of `key` in `view` from here on, as far as they come in its partition; elsewhere nobody reads them. */
  want(view: View, key: Uint8Array, partition: number): Slot {
    let slots = this.#slots.get(view.id);
    if (slots === undefined) {
      slots = new Map();
      this.#slots.set(view.id, slots);
    }
    const text = textOf(key);
    let slot = slots.get(text);
    if (slot === undefined) {
      slot = { partition, record: null, missed: 0, missedUntilMs: 0 };
      slots.set(text, slot);
    }
    this.#lastKey = null;
    return slot;
  }

  /** Notes that a read at a moment found nothing. */
  missed(slot: Slot, atMs: number): void {
    slot.missed++;
    this.#missedReads++;
    slot.missedUntilMs = Math.max(slot.missedUntilMs, atMs);
  }

  /** Of the reads that found nothing, those whose entity got a row later that was true by then: history loaded after. */
  get loadedLater(): number {
    return this.#loadedLater;
  }

  /** Reads that found nothing. */
  get missedReads(): number {
    return this.#missedReads;
  }

  /** What follows is of this partition. */
  enter(partition: number): void {
    this.#partition = partition;
    this.#lastKey = null;
  }

  wants(id: number, key: Uint8Array): boolean {
    return this.#slot(id, key) !== undefined;
  }

  lookup(id: number, key: Uint8Array): RecordBytes | null {
    return this.#slot(id, key)?.record ?? null;
  }

  replace(id: number, key: Uint8Array, _stored: RecordBytes | null, record: Uint8Array | null): void {
    const slot = this.#slot(id, key);
    if (slot === undefined) return;
    slot.record = record === null ? null : recordBytes(record);
    if (slot.missed === 0 || slot.record === null) return;
    if (recordEventMs(slot.record) <= slot.missedUntilMs) this.#loadedLater += slot.missed;
    slot.missed = 0;
  }

  /** What is stored for a wanted entity, as `assemble` asks for it. */
  stored(view: View, partition: number, key: Uint8Array): RecordBytes | null {
    const slot = this.#slots.get(view.id)?.get(textOf(key));
    return slot !== undefined && slot.partition === partition ? slot.record : null;
  }

  #slot(id: number, key: Uint8Array): Slot | undefined {
    if (key === this.#lastKey && id === this.#lastId) return this.#lastSlot;
    const found = this.#slots.get(id)?.get(textOf(key));
    this.#lastId = id;
    this.#lastKey = key;
    this.#lastSlot = found !== undefined && found.partition === this.#partition ? found : undefined;
    return this.#lastSlot;
  }
}

/** A character a byte, so that keys that are no text stay apart too. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
