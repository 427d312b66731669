/** When an open-loop load means to send: instants drawn from a seeded generator, whatever the system does. */
import type { Random } from '../cluster/random.ts';

export type ArrivalProcess = 'poisson' | 'constant';

export type ArrivalOptions = {
  readonly process: ArrivalProcess;
  /** Offered load in requests a second, above 0. */
  readonly ratePerS: number;
  readonly random: Random;
};

/**
 * Yields intended send times in ms after the start, ascending, without end. Poisson arrivals have exponential gaps,
 * drawn by inversion: −ln(1 − u) / rate. Throws RangeError for a rate that is not above zero.
 */
export function* arrivalTimesMs(options: ArrivalOptions): Generator<number, never, undefined> {
  const { process, ratePerS, random } = options;
  if (!(ratePerS > 0) || !Number.isFinite(ratePerS)) throw new RangeError(`ratePerS must be above 0, got ${ratePerS}`);
  const meanGapMs = 1000 / ratePerS;
  if (process === 'constant') {
    for (let index = 0; ; index++) yield index * meanGapMs;
  }
  let atMs = 0;
  for (;;) {
    atMs += -Math.log(1 - random.next()) * meanGapMs;
    yield atMs;
  }
}
