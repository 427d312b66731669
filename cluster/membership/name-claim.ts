/**
 * Whether a name is free, found out by listening before the first heartbeat of one's own. Two living processes under
 * one name would take turns at evicting each other: every member table follows the newer start, the older one ends,
 * whoever watches it starts it again, now as the newer.
 *
 * A living holder beats several times while we listen; a dead one is silent. One heartbeat is not enough to go by: it
 * may be the last of a process that was killed a moment ago, still on its way. Two that arrive at least half a beat
 * apart, without a farewell, are those of a living process.
 *
 * Two that start in the same instant hear nothing of each other. Then both beat, and the newer start wins
 * (`Heartbeats.onSuperseded`): that is what every other process's member table decides by itself, and after a partition
 * the newer is the one that the rest of the cluster works with. The older ends and, started again, finds the name taken.
 */
import { asServingError, type ServingError } from '../../proto/errors.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import { checkHeartbeat, type Heartbeat } from './heartbeat.ts';

export type NameClaimOptions = {
  readonly clock: Clock;
  /** The names wanted. */
  readonly names: readonly string[];
  readonly heartbeatMs: number;
  /** Silence after which a name counts as free; above `heartbeatMs`. */
  readonly listenMs: number;
  /** May throw on bytes that are no heartbeat. */
  readonly decode: (bytes: Uint8Array) => Heartbeat;
  /** Resolves once every heartbeat that has reached the server so far has been passed to `receive`. */
  readonly settle: () => Promise<void>;
  /** Bytes that are no heartbeat. */
  readonly onError?: (error: ServingError) => void;
};

/** Whoever says farewell more often than this and is still heard does not leave: bounds how long we listen. */
const FAREWELLS_MAX = 8;

type Heard = { readonly heartbeat: Heartbeat; readonly atMs: number };

export class NameClaim {
  readonly #options: NameClaimOptions;
  readonly #names: ReadonlySet<string>;
  readonly #heard = new Map<string, Heard>();
  #holder: Heartbeat | null = null;
  #farewells = 0;
  #sinceMs: number;
  #wake: () => void = () => {};

  constructor(options: NameClaimOptions) {
    this.#options = options;
    this.#names = new Set(options.names);
    this.#sinceMs = options.clock.nowMs();
  }

  /** Bytes of a heartbeat that came in. Never throws. */
  receive(bytes: Uint8Array): void {
    try {
      const heartbeat = this.#options.decode(bytes);
      if (!this.#names.has(heartbeat.name)) return;
      checkHeartbeat(heartbeat);
      this.#hear(heartbeat);
    } catch (error) {
      this.#options.onError?.(asServingError(error, 'route'));
    }
  }

  /** A lost connection is back: the silence so far was ours. Listens anew. */
  listenAnew(): void {
    this.#sinceMs = this.#options.clock.nowMs();
    this.#heard.clear();
  }

  /**
   * A living process that has one of the names, or null once all are free: after `listenMs` of silence, about
   * twice that where a dead process's last heartbeat came in meanwhile. Call once, after the subscription; rejects if `settle` does.
   */
  async holder(): Promise<Heartbeat | null> {
    const { clock, settle } = this.#options;
    // From here on nothing that is sent passes us by.
    await settle();
    this.#sinceMs = clock.nowMs();
    while (this.#holder === null) {
      const waitMs = this.#freeAtMs() - clock.nowMs();
      if (waitMs > 0) {
        await this.#sleep(waitMs);
        continue;
      }
      // Our own event loop may have been busy: what waits in the socket is read before silence is called silence.
      const freeAtMs = this.#freeAtMs();
      await settle();
      if (this.#holder === null && this.#freeAtMs() <= freeAtMs) return null;
    }
    return this.#holder;
  }

  #hear(heartbeat: Heartbeat): void {
    const { clock, heartbeatMs } = this.#options;
    const first = this.#heard.get(heartbeat.name);
    if (heartbeat.leaving) {
      if (first?.heartbeat.node !== heartbeat.node || ++this.#farewells > FAREWELLS_MAX) return;
      this.#heard.delete(heartbeat.name);
      return;
    }
    const nowMs = clock.nowMs();
    if (first === undefined) {
      this.#heard.set(heartbeat.name, { heartbeat, atMs: nowMs });
    } else if (nowMs - first.atMs >= heartbeatMs / 2) {
      this.#holder ??= heartbeat;
      this.#wake();
    }
  }

  /** When the names are free if nothing more is heard. */
  #freeAtMs(): number {
    let lastMs = this.#sinceMs;
    for (const { atMs } of this.#heard.values()) lastMs = Math.max(lastMs, atMs);
    return lastMs + this.#options.listenMs;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: TimerHandle | null = null;
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
      timer = this.#options.clock.after(ms, resolve);
    });
  }
}
