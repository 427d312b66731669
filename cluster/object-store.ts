/**
 * The port through which large things are kept: objects by name, written once and read as they come.
 * `nats-object-store.ts` implements it on a JetStream object store.
 */

export type StoredObject = {
  readonly name: string;
  readonly bytes: number;
  /** When it was written, ms since the Unix epoch by the writer's clock. */
  readonly writtenMs: number;
};

/** Every method rejects with ServingError only: UNAVAILABLE when the store cannot be reached or does not take more. */
export interface ObjectStore {
  /** Writes an object that is not there yet. It can be read once this has resolved, and not before. */
  put(name: string, pieces: AsyncIterable<Uint8Array>): Promise<StoredObject>;
  /** The object's bytes, in pieces; throws NOT_FOUND where there is none, while it is gone through. */
  read(name: string): AsyncIterable<Uint8Array>;
  list(): Promise<StoredObject[]>;
  /** An object that is not there is no error. */
  delete(name: string): Promise<void>;
  /** Deletes what is left of objects whose writing began before `beforeMs` and did not end; of how many. */
  removeUnfinished(beforeMs: number): Promise<number>;
}
