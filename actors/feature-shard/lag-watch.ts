/**
 * Which partitions have been too far behind the log for too long. A burst that a replica works off in seconds is no
 * reason for routers to turn to another one; and once they have, not before half of it is worked off do they come back.
 * Pure: time is an argument.
 */

export type LagBounds = {
  /** Messages of one partition. */
  readonly messagesMax: number;
  readonly graceMs: number;
};

export class LagWatch {
  readonly #bounds: LagBounds;
  /** By partition: since when it has been over the bound. */
  readonly #overSinceMs = new Map<number, number>();
  #behind: ReadonlySet<number> = new Set();

  constructor(bounds: LagBounds) {
    this.#bounds = bounds;
  }

  /** Partitions that routers should ask others for. */
  get behind(): ReadonlySet<number> {
    return this.#behind;
  }

  /** `lags`: messages by partition; those left out have none. Returns whether `behind` changed. */
  observe(lags: ReadonlyMap<number, number>, nowMs: number): boolean {
    const { messagesMax, graceMs } = this.#bounds;
    for (const partition of this.#overSinceMs.keys()) {
      const lag = lags.get(partition) ?? 0;
      const enough = this.#behind.has(partition) ? messagesMax / 2 : messagesMax;
      if (lag <= enough) this.#overSinceMs.delete(partition);
    }
    for (const [partition, lag] of lags) {
      if (lag > messagesMax && !this.#overSinceMs.has(partition)) this.#overSinceMs.set(partition, nowMs);
    }
    const behind = new Set(
      [...this.#overSinceMs].filter(([, sinceMs]) => nowMs - sinceMs > graceMs).map(([partition]) => partition),
    );
    const changed = behind.size !== this.#behind.size || [...behind].some((partition) => !this.#behind.has(partition));
    this.#behind = behind;
    return changed;
  }
}
