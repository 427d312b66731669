/**
 * Keeps the member table alive: sends this process's heartbeat, feeds it those of others, judges silence by the clock.
 * Bytes in and out are the caller's (`publish`, `receive`), and so is their encoding.
 */
import { asServingError, type ServingError } from '../../proto/errors.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import type { Heartbeat } from './heartbeat.ts';
import { incarnationOf } from './incarnation.ts';
import type { MemberEvent, MemberTable } from './member-table.ts';

export type HeartbeatsOptions = {
  readonly clock: Clock;
  readonly table: MemberTable;
  /** This process: name.incarnation, and the name. */
  readonly node: string;
  readonly name: string;
  /** What this process says of itself now. */
  readonly own: () => Heartbeat;
  readonly encode: (heartbeat: Heartbeat) => Uint8Array;
  /** May throw on bytes that are no heartbeat. */
  readonly decode: (bytes: Uint8Array) => Heartbeat;
  /** Sends to every process, this one included or not. A throw counts as a lost heartbeat. */
  readonly publish: (bytes: Uint8Array) => void;
  /** What changed in the table, in order; never empty. */
  readonly onEvents?: (events: readonly MemberEvent[]) => void;
  /** A newer start of this process's own name was heard: the two must not both serve, and the others follow it. */
  readonly onSuperseded?: (byNode: string) => void;
  /** A heartbeat that could not be sent, read or taken in; the next one is tried all the same. */
  readonly onError?: (error: ServingError) => void;
};

export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #sweepMs: number;
  #timers: TimerHandle[] = [];
  #announcement: TimerHandle | null = null;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #sweptAtMs = 0;
  #graceUntilMs = Number.NEGATIVE_INFINITY;
  #superseded = false;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    // Twice a beat, so that judging adds at most half a beat to the time it takes to see a death.
    this.#sweepMs = options.table.heartbeatMs / 2;
  }

  /** Sends the first heartbeat and starts the timers. */
  start(): void {
    if (this.#timers.length > 0) return;
    const { clock, table } = this.#options;
    this.#sweptAtMs = clock.nowMs();
    this.#timers = [
      clock.every(table.heartbeatMs, () => this.#send(this.#options.own())),
      clock.every(this.#sweepMs, () => this.#sweep()),
    ];
    this.#send(this.#options.own());
  }

  /** Says farewell, so that nobody waits for the silence, and stops. */
  stop(): void {
    if (this.#timers.length === 0) return;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    this.#announcement?.cancel();
    this.#announcement = null;
    this.#send({ ...this.#options.own(), ready: false, leaving: true });
  }

  /** Something others act on has changed: tells them before the next beat, at most five times a beat. */
  announce(): void {
    if (this.#timers.length === 0 || this.#announcement !== null) return;
    const { clock, table } = this.#options;
    const waitMs = Math.max(0, this.#sentAtMs + table.heartbeatMs / 5 - clock.nowMs());
    this.#announcement = clock.after(waitMs, () => {
      this.#announcement = null;
      this.#send(this.#options.own());
    });
  }

  /** Bytes of a heartbeat that came in. Never throws. */
  receive(bytes: Uint8Array): void {
    const { decode } = this.#options;
    this.#guarded(() => this.#hear(decode(bytes)));
  }

  /**
   * It was we who were away: for one beat nobody is judged, so that what waits in the socket is read first. Called here
   * after a stall of our own event loop; the caller should call it when a lost connection is back.
   */
  grace(): void {
    this.#graceUntilMs = this.#options.clock.nowMs() + this.#options.table.heartbeatMs;
  }

  #sweep(): void {
    const { clock, table } = this.#options;
    const nowMs = clock.nowMs();
    const lateMs = nowMs - this.#sweptAtMs - this.#sweepMs;
    this.#sweptAtMs = nowMs;
    if (lateMs > table.suspectAfterMs) this.grace();
    if (nowMs < this.#graceUntilMs) return;
    this.#guarded(() => this.#emit(table.sweep(nowMs)));
  }

  #send(heartbeat: Heartbeat): void {
    const { clock, encode, publish } = this.#options;
    this.#sentAtMs = clock.nowMs();
    this.#guarded(() => publish(encode(heartbeat)));
    // We know about ourselves without the network's help.
    this.#guarded(() => this.#take(heartbeat));
  }

  #hear(heartbeat: Heartbeat): void {
    const { node, name } = this.#options;
    if (heartbeat.node === node) return;
    this.#take(heartbeat);
    if (heartbeat.name !== name || this.#superseded) return;
    if ((incarnationOf(heartbeat.node, name) ?? '') > (incarnationOf(node, name) ?? '')) {
      this.#superseded = true;
      this.#options.onSuperseded?.(heartbeat.node);
    }
  }

  #take(heartbeat: Heartbeat): void {
    this.#emit(this.#options.table.hear(heartbeat, this.#options.clock.nowMs()));
  }

  #emit(events: readonly MemberEvent[]): void {
    if (events.length > 0) this.#options.onEvents?.(events);
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#options.onError?.(asServingError(error, 'route'));
    }
  }
}
