/**
 * The port through which the cluster keeps its few durable facts: a small key-value store with compare-and-set.
 * `nats.ts` implements it on a JetStream KV bucket; decisions are written against this interface alone.
 */

import type { ServingError } from '../proto/errors.ts';

/** A value as it was at one revision. Revisions grow with every change in the store, whatever the key. */
export type KeyValueEntry = { readonly value: Uint8Array; readonly revision: number };

/** Called with the value, or null when the key was deleted. */
export type KeyValueListener = (key: string, value: Uint8Array | null, revision: number) => void;

/**
 * Every method rejects with ServingError only: UNAVAILABLE when the store cannot be reached in time, and then a write
 * may or may not have happened. A conflict is an answer (null), not an error.
 *
 * Keys hold letters, digits, '_', '-', '/', '=' and '.', neither first nor last a dot.
 */
export interface KeyValue {
  /** The current entry, or null where there is none or it was deleted. May lag behind the latest write. */
  get(key: string): Promise<KeyValueEntry | null>;
  /** Writes a key that does not exist (or was deleted). The new revision, or null when the key exists. */
  create(key: string, value: Uint8Array): Promise<number | null>;
  /** Writes if the key's latest revision is `revision`. The new revision, or null when it is another. */
  update(key: string, value: Uint8Array, revision: number): Promise<number | null>;
  /** Deletes the key, if its latest revision is `revision` where that is given. A key that is not there is no error. */
  delete(key: string, revision?: number): Promise<void>;
  /**
   * Calls `onEntry` for the entry (of `key`, or of every key for '>') that is there now, then for each change in order
   * of revision. Intermediate values may be skipped after an interruption, the latest never is. `onEnded` is called once
   * if the watch ends without having been stopped, as when the store is lost: nothing is heard from then on.
   */
  watch(key: string, onEntry: KeyValueListener, onEnded?: (error: ServingError) => void): Promise<{ stop(): void }>;
}
