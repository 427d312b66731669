/**
 * Monotonic times as wall-clock times, for spans: measured on the monotonic clock, shown on the wall clock of every
 * machine that took part.
 */
import type { Clock } from '../clock.ts';

/** Seconds since the Unix epoch, and nanoseconds within the second, as OpenTelemetry wants it. */
export type HrTime = [seconds: number, nanoseconds: number];

/** The most by which a disciplined clock is slewed against the monotonic one (ntpd's limit, 500 ppm). */
const DRIFT_MAX = 500e-6;

/** Reads at the start until the millisecond turns; a bound for clocks that never do. */
const FIRST_READINGS_MAX = 20_000;
const SHARP_MS = 0.02;

/**
 * Keeps the offset between the two clocks.
 *
 * The wall clock is read in whole milliseconds, so one reading at monotonic `m` only says that the offset lies in
 * [wall − m, wall + 1 − m). Readings at different phases of the millisecond narrow the interval to microseconds, which
 * matters for spans of a tenth of a millisecond; time since the last reading widens it by the possible drift. When a
 * reading contradicts the interval, someone set the clock, and the anchor starts again from that reading.
 */
export class WallAnchor {
  readonly #clock: Clock;
  #low = Number.NEGATIVE_INFINITY;
  #high = Number.POSITIVE_INFINITY;
  #readAtMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#readAtMs = clock.nowMs();
    for (let i = 0; i < FIRST_READINGS_MAX && !(this.#high - this.#low < SHARP_MS); i++) this.refresh();
  }

  /** Takes one reading of both clocks. */
  refresh(): void {
    const nowMs = this.#clock.nowMs();
    const low = this.#clock.wallMs() - nowMs;
    const slackMs = (nowMs - this.#readAtMs) * DRIFT_MAX;
    this.#readAtMs = nowMs;
    this.#low = Math.max(this.#low - slackMs, low);
    this.#high = Math.min(this.#high + slackMs, low + 1);
    if (this.#low >= this.#high) {
      this.#low = low;
      this.#high = low + 1;
    }
  }

  /** What to add to monotonic ms to get ms since the Unix epoch. The low end: exact for clocks that do not truncate. */
  get offsetMs(): number {
    return this.#low;
  }
}

/** Ms since the Unix epoch, with fraction, as seconds and nanoseconds. */
export function toHrTime(epochMs: number): HrTime {
  return plusMs([Math.floor(epochMs / 1000), 0], epochMs - Math.floor(epochMs / 1000) * 1000);
}

/** `time` moved by `ms` ≥ 0 at nanosecond precision, which adding to epoch milliseconds would lose. */
export function plusMs(time: HrTime, ms: number): HrTime {
  const nanoseconds = time[1] + Math.round(ms * 1e6);
  return [time[0] + Math.floor(nanoseconds / 1e9), nanoseconds % 1e9];
}
