/** Rollouts and the counts of their arms, for tests. */
import { type Random, seededRandom } from '../../cluster/random.ts';
import { ArmCounts } from '../../cluster/rollout/arm-counts.ts';
import { POLICY_DEFAULT, type Rollout } from '../../cluster/rollout/rollout.ts';

export function rolloutOf(change: Partial<Rollout> = {}): Rollout {
  return {
    id: 'r1',
    kind: 'canary',
    baseline: '1',
    candidate: '2',
    salt: 'salt',
    steps: [10, 50],
    step: 0,
    hold_ms: 10_000,
    limit_ms: 60_000,
    policy: { ...POLICY_DEFAULT, min_requests: 200 },
    status: 'running',
    reason: '',
    started_ms: 0,
    step_started_ms: 0,
    events: [],
    ...change,
  };
}

export type ArmBehaviour = {
  readonly requests: number;
  readonly failing?: number;
  readonly slower?: number;
  readonly shift?: number;
  /** Prefix of the users' keys; null: requests without users. */
  readonly users?: string | null;
};

/** An arm that behaved so: each request another user's, one every 10 ms, 2 ms and some spread, scores in [0, 1]. */
export function armWith(behaviour: ArmBehaviour, random: Random = seededRandom(behaviour.requests + 1)): ArmCounts {
  const { requests, failing = 0, slower = 1, shift = 0, users = 'user' } = behaviour;
  const counts = new ArmCounts();
  for (let i = 0; i < requests; i++) {
    const key = users === null ? null : new TextEncoder().encode(`${users}-${i}`);
    const failed = random.next() < failing;
    counts.answered(failed ? 'INTERNAL' : 'OK', 2_000 * slower * (0.8 + 0.4 * random.next()), key, 10 * i);
    if (!failed) counts.scored(Math.min(1, random.next() * 0.8 + shift), key);
  }
  return counts;
}
