/**
 * How fast the simulated machine is over time. A run of nominal cost `c` that starts at `t` ends when the machine has
 * done `c` of work since `t`. So noise belongs to the machine, not to the run: every policy meets the same noise at
 * the same instant, and the offline bound can be exact about it by counting in work instead of in time.
 */
import type { Random } from '../../cluster/random.ts';

export type SpeedOptions = {
  readonly durationMs: number;
  readonly random: Random;
  /** Multiplies the noise at an instant; 1 is nominal. */
  readonly baseAt: (ms: number) => number;
};

const SEGMENT_MS_MEAN = 2;
const NOISE = 0.06;
/** Now and then the machine is nearly taken away: by the host, a collection, another process. */
const STALL_SHARE = 0.01;
const STALL_SPEED = 0.25;

export class MachineSpeed {
  /** When each segment begins; the last one never ends. */
  readonly #startMs: number[] = [];
  readonly #speed: number[] = [];
  /** Work done before each segment. */
  readonly #workBefore: number[] = [];

  /** Throws RangeError unless segments are given, begin at 0, ascend, and have speeds above 0. */
  constructor(segments: readonly { readonly startMs: number; readonly speed: number }[]) {
    if (segments[0]?.startMs !== 0) throw new RangeError('the first segment must begin at 0');
    let work = 0;
    segments.forEach(({ startMs, speed }, i) => {
      if (!(speed > 0 && speed < Infinity)) throw new RangeError(`speed must be above 0, got ${speed}`);
      if (i > 0) {
        const lengthMs = startMs - this.#startMs[i - 1]!;
        if (!(lengthMs > 0)) throw new RangeError('segments must begin one after another');
        work += lengthMs * this.#speed[i - 1]!;
      }
      this.#startMs.push(startMs);
      this.#speed.push(speed);
      this.#workBefore.push(work);
    });
  }

  /** Work done from 0 to `ms`, in nominal ms. */
  workAt(ms: number): number {
    const segment = lastAtMost(this.#startMs, ms);
    return this.#workBefore[segment]! + (ms - this.#startMs[segment]!) * this.#speed[segment]!;
  }

  /** When a run of nominal `costMs` ends that starts at `startMs`. */
  endMs(startMs: number, costMs: number): number {
    const work = this.workAt(startMs) + costMs;
    const segment = lastAtMost(this.#workBefore, work);
    return this.#startMs[segment]! + (work - this.#workBefore[segment]!) / this.#speed[segment]!;
  }
}

/** Segments of random length and speed: a few per cent of noise, and rare stalls. */
export function noisySpeed(options: SpeedOptions): MachineSpeed {
  const { durationMs, random, baseAt } = options;
  const segments: { startMs: number; speed: number }[] = [];
  let startMs = 0;
  while (startMs < durationMs) {
    const stalled = random.next() < STALL_SHARE;
    const noise = stalled ? STALL_SPEED : 1 + NOISE * (2 * random.next() - 1);
    segments.push({ startMs, speed: noise * baseAt(startMs) });
    startMs += 0.05 - Math.log(1 - random.next()) * SEGMENT_MS_MEAN;
  }
  segments.push({ startMs, speed: baseAt(startMs) });
  return new MachineSpeed(segments);
}

/** Index of the last value that is not above `value`; the values ascend. */
function lastAtMost(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (values[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
