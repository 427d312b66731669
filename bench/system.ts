/** The seam between the bench and the system: everything else here knows the cluster by this interface alone. */
import type { BenchContext } from './context.ts';
import type { HttpTarget } from './http-load.ts';

export interface SystemUnderTest {
  /**
   * Starts the cluster as a user would, with a nats-server of its own, serving the model and users of `workload.ts`:
   * `benchModel()` behind stored features `featureTable()` and request inputs `requestInputs()`. Resolves once a
   * prediction about any user is answered with its stored features.
   */
  start(context: BenchContext): Promise<void>;
  /** One prediction by the NATS client about `user` (0 to USERS − 1): its score. Rejects where the answer is an error. */
  natsPredict(user: number): Promise<number>;
  /** Where the HTTP bridge listens and what is sent to it. Read after `start`. */
  readonly http: HttpTarget;
  /** Stops every process. Also called after a failed `start`. */
  stop(): Promise<void>;
}

export class SystemNotWiredError extends Error {}

/** Throws SystemNotWiredError where the cluster cannot be driven yet: the bench then measures limits and peer only. */
export function createSystem(): SystemUnderTest {
  throw new SystemNotWiredError('bench/system.ts is not wired to the cluster yet');
}
