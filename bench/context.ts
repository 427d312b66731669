/** What every part of a bench run is handed. */
import type { Clock } from '../cluster/clock.ts';

export type BenchContext = {
  readonly clock: Clock;
  /** Scratch folder of this run, removed at its end. */
  readonly workDir: string;
  /** Address of the limits' nats-server. */
  readonly natsUrl: string;
  /** The model's score for each user: what every answer is checked against. */
  readonly expected: Float32Array;
  /** A process of the bench ended by itself: the run cannot go on. */
  readonly died: (cause: Error) => void;
};
