/**
 * A key-value store in memory, with the failures that the real one can have: requests or replies that get lost, errors,
 * delay, and reads that lag. One `MemoryStore` is the server; each process under test has a `MemoryKeyValue`, its
 * connection.
 */
import type { Clock } from '../../cluster/clock.ts';
import type { KeyValue, KeyValueEntry, KeyValueListener } from '../../cluster/key-value.ts';
import { ServingError } from '../../proto/errors.ts';

type Stored = { readonly value: Uint8Array | null; readonly revision: number };

export class MemoryStore {
  #revision = 0;
  readonly #entries = new Map<string, Stored>();
  readonly #previous = new Map<string, Stored>();
  readonly #listeners = new Set<(key: string, stored: Stored) => void>();

  read(key: string, options: { lagging?: boolean } = {}): Stored | undefined {
    return options.lagging ? this.#previous.get(key) : this.#entries.get(key);
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  /** Writes if `expected` holds for the key's state; null otherwise. */
  write(key: string, value: Uint8Array | null, expected: (stored: Stored | undefined) => boolean): number | null {
    const before = this.#entries.get(key);
    if (!expected(before)) return null;
    this.#revision++;
    const stored: Stored = { value: value === null ? null : value.slice(), revision: this.#revision };
    if (before !== undefined) this.#previous.set(key, before);
    this.#entries.set(key, stored);
    for (const listener of this.#listeners) listener(key, stored);
    return stored.revision;
  }

  listen(listener: (key: string, stored: Stored) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export type Faults = {
  /** Requests never arrive; their promises never settle. */
  loseRequests: boolean;
  /** Requests take effect, their replies never arrive. */
  loseReplies: boolean;
  /** Requests are refused with UNAVAILABLE. */
  refuse: boolean;
  /** Reads return the value before the latest. */
  laggingReads: boolean;
  /** One-way delay of requests, and again of replies, by `clock`. */
  delayMs: () => number;
};

export class MemoryKeyValue implements KeyValue {
  readonly faults: Faults;
  readonly #store: MemoryStore;
  readonly #clock: Clock | null;
  readonly #resync = new Set<() => void>();

  constructor(store: MemoryStore = new MemoryStore(), options: { clock?: Clock; faults?: Partial<Faults> } = {}) {
    this.#store = store;
    this.#clock = options.clock ?? null;
    this.faults = {
      loseRequests: false,
      loseReplies: false,
      refuse: false,
      laggingReads: false,
      delayMs: () => 0,
      ...options.faults,
    };
  }

  /** Ends all faults; watchers hear what they missed. */
  restore(): void {
    Object.assign(this.faults, { loseRequests: false, loseReplies: false, refuse: false, laggingReads: false });
    for (const resync of this.#resync) resync();
  }

  get(key: string): Promise<KeyValueEntry | null> {
    return this.#request(() => {
      const stored = this.#store.read(key, { lagging: this.faults.laggingReads });
      if (stored === undefined || stored.value === null) return null;
      return { value: stored.value.slice(), revision: stored.revision };
    });
  }

  create(key: string, value: Uint8Array): Promise<number | null> {
    return this.#request(() => this.#store.write(key, value, (stored) => (stored?.value ?? null) === null));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    return this.#request(() => this.#store.write(key, value, (stored) => stored?.revision === revision));
  }

  delete(key: string, revision?: number): Promise<void> {
    return this.#request(() => {
      this.#store.write(key, null, (stored) => {
        if (stored === undefined || stored.value === null) return false;
        return revision === undefined || stored.revision === revision;
      });
    });
  }

  watch(key: string, onEntry: KeyValueListener): Promise<{ stop(): void }> {
    return this.#request(() => {
      const heard = new Map<string, number>();
      const hear = (name: string, stored: Stored): void => {
        if (key !== '>' && key !== name) return;
        if (this.faults.loseReplies || this.faults.loseRequests || this.faults.refuse) return;
        if ((heard.get(name) ?? 0) >= stored.revision) return;
        heard.set(name, stored.revision);
        onEntry(name, stored.value, stored.revision);
      };
      const resync = (): void => {
        for (const name of this.#store.keys()) hear(name, this.#store.read(name)!);
      };
      const unlisten = this.#store.listen(hear);
      this.#resync.add(resync);
      resync();
      return {
        stop: () => {
          unlisten();
          this.#resync.delete(resync);
        },
      };
    });
  }

  async #request<T>(act: () => T): Promise<T> {
    if (this.faults.refuse) throw new ServingError('UNAVAILABLE', 'route', 'the key-value store refuses, as told to');
    if (this.faults.loseRequests) return await new Promise<never>(() => {});
    await this.#delay();
    const result = act();
    if (this.faults.loseReplies) return await new Promise<never>(() => {});
    await this.#delay();
    return result;
  }

  async #delay(): Promise<void> {
    const delayMs = this.faults.delayMs();
    if (this.#clock === null || delayMs <= 0) return;
    const clock = this.#clock;
    await new Promise<void>((resolve) => clock.after(delayMs, resolve));
  }
}
