/**
 * Moves rollouts on: looks at what routers reported, decides, writes the entry by compare-and-set and tells of it. The
 * lease only keeps gateways from doing the same work: two that decide at once write the same entry, and one of them
 * finds the revision gone. Nothing is kept here that a successor needs: the step is in the entry, the counts come again
 * with every report.
 */
import type { Clock, TimerHandle } from '../../../cluster/clock.ts';
import type { KeyValue } from '../../../cluster/key-value.ts';
import { decide, eventOf } from '../../../cluster/rollout/decide.ts';
import type { Reports } from '../../../cluster/rollout/report.ts';
import { encodeEntry, isActive, type RolloutEntry } from '../../../cluster/rollout/rollout.ts';
import { asServingError, type ServingError } from '../../../proto/errors.ts';
import type { RolloutEntries } from './rollout-entries.ts';

/** The election among gateways; `Leader` is one. */
export type Lease = { isLeader(): boolean; start(): void; stop(): Promise<void> };

export type ControllerOptions = {
  readonly entries: RolloutEntries;
  readonly keyValue: KeyValue;
  readonly reports: Reports;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly periodMs: number;
  /** Publishes a model's latest event; `event-teller.ts` makes up for what dies before it gets there. */
  readonly publish: (model: string, entry: RolloutEntry) => void;
  readonly onError: (error: ServingError) => void;
};

/** How long a process that has just begun to lead listens before it decides: each router has reported by then. */
const LISTEN_PERIODS = 3;

export class RolloutController {
  readonly #options: ControllerOptions;
  readonly #busy = new Set<string>();
  #timer: TimerHandle | null = null;
  #electing = false;
  #ledPeriods = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= this.#options.clock.every(this.#options.periodMs, () => void this.look());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#electing) await this.#options.lease.stop();
    this.#electing = false;
  }

  /** One look at every rollout that goes on. Never rejects. */
  async look(): Promise<void> {
    const { entries, lease } = this.#options;
    const watched = [...entries.all()].filter(([, { entry }]) => isActive(entry.rollout));
    if (!this.#mayLead(watched.length > 0) || !lease.isLeader()) {
      this.#ledPeriods = 0;
      return;
    }
    this.#ledPeriods++;
    if (this.#ledPeriods <= LISTEN_PERIODS) return;
    await Promise.all(watched.map(([model]) => this.#move(model)));
  }

  /** Without rollouts nobody writes leases. */
  #mayLead(needed: boolean): boolean {
    const { lease } = this.#options;
    if (needed && !this.#electing) lease.start();
    else if (!needed && this.#electing) void lease.stop();
    this.#electing = needed;
    return needed;
  }

  async #move(model: string): Promise<void> {
    const { entries, keyValue, reports, lease, clock, publish, onError } = this.#options;
    const known = entries.get(model);
    if (known === undefined || !isActive(known.entry.rollout) || this.#busy.has(model)) return;
    const next = decide(known.entry, reports.sumOf(model, known.entry.rollout), clock.wallMs());
    if (next === null) return;
    this.#busy.add(model);
    try {
      if (!lease.isLeader()) return;
      const bytes = encodeEntry(next);
      const revision = await keyValue.update(model, bytes, known.revision);
      if (revision === null) return;
      entries.heard(model, bytes, revision);
      if (eventOf(next) !== null) publish(model, next);
    } catch (thrown) {
      onError(asServingError(thrown, 'route'));
    } finally {
      this.#busy.delete(model);
    }
  }
}
