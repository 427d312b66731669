import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../../../cluster/actors/supervision.ts';
import { ServingError } from '../../../../proto/errors.ts';

const OPTIONS = { restartsMax: 4, windowMs: 1_000, backoffMs: 10, backoffMsMax: 50 };
const bug = new TypeError('x is undefined');

describe('Supervisor', () => {
  it('resumes after a verdict on one message, as often as it comes', () => {
    const supervisor = new Supervisor(OPTIONS);
    for (let i = 0; i < 100; i++) {
      expect(supervisor.decide(new ServingError('INVALID_ARGUMENT', 'run', 'bad row'), i)).toEqual({ kind: 'resume' });
    }
    // Those did not use up restarts.
    expect(supervisor.decide(bug, 100)).toEqual({ kind: 'restart', delayMs: 10 });
  });

  it('restarts after anything else, doubling the delay up to its limit, then escalates', () => {
    const supervisor = new Supervisor(OPTIONS);
    const directives = [0, 1, 2, 3, 4].map((atMs) => supervisor.decide(bug, atMs));
    expect(directives).toEqual([
      { kind: 'restart', delayMs: 10 },
      { kind: 'restart', delayMs: 20 },
      { kind: 'restart', delayMs: 40 },
      { kind: 'restart', delayMs: 50 },
      { kind: 'escalate' },
    ]);
  });

  it('forgets failures that are older than the window', () => {
    const supervisor = new Supervisor(OPTIONS);
    for (const atMs of [0, 0, 0, 0]) supervisor.decide(bug, atMs);
    expect(supervisor.decide(bug, 999)).toEqual({ kind: 'escalate' });
    expect(supervisor.decide(bug, 1_000)).toEqual({ kind: 'restart', delayMs: 10 });
  });

  it('never escalates a failure that comes less often than the window allows', () => {
    const supervisor = new Supervisor(OPTIONS);
    for (let i = 0; i < 50; i++) expect(supervisor.decide('text', i * 300).kind).toBe('restart');
  });
});
