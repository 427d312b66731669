import { expect, it } from 'vitest';
import { engineGuard } from '../../../cli/worker-role.ts';
import { ActorSystem } from '../../../cluster/actors/actor-system.ts';
import { ManualClock } from '../../../cluster/clock.ts';
import { silentLog } from '../../../cluster/log.ts';
import { ServingError } from '../../../proto/errors.ts';

it('an engine that is lost ends the process, at once and once', () => {
  const clock = new ManualClock();
  const escalated: string[] = [];
  const system = new ActorSystem({
    node: 'n',
    clock,
    log: silentLog,
    remote: { tell: () => 'unreachable' },
    onEscalate: (actor, cause) => escalated.push(`${actor}: ${(cause as Error).message}`),
  });
  const escalate = engineGuard({ system });
  clock.advance(10_000);
  expect(escalated).toEqual([]);
  escalate(new ServingError('UNAVAILABLE', 'run', 'the thread has ended'));
  escalate(new ServingError('UNAVAILABLE', 'run', 'another, too'));
  clock.finishTurn();
  expect(escalated).toEqual(['engine-guard: the thread has ended']);
});
