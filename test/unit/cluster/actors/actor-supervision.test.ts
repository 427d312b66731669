/** Failures and the end of actors; deciding what follows a failure is in supervision.test.ts. */
import { describe, expect, it } from 'vitest';
import { ServingError } from '../../../../proto/errors.ts';
import type { Message } from '../../../../proto/letters.ts';
import { actorWorld, INTERNAL, SENDER, UNAVAILABLE } from '../../../support/actor-world.ts';
import { answer, compute } from '../../../support/arbitrary-messages.ts';

describe('supervision', () => {
  it('answers a ServingError with its own code and goes on with the same behaviour', () => {
    const { system, spawn, answers, failures } = actorWorld();
    let starts = 0;
    const got: number[] = [];
    const receive = (message: Message) => {
      if (message.body.id === 2) throw new ServingError('INVALID_ARGUMENT', 'run', 'row 3 is bad');
      got.push(message.body.id);
    };
    spawn('a', receive, { onStart: () => starts++ });
    for (const id of [1, 2, 3]) system.deliver('a', compute(id, SENDER));
    system.run();
    expect(got).toEqual([1, 3]);
    expect(starts).toBe(1);
    expect(answers()).toEqual([[2, 3]]);
    expect(failures()).toEqual(['row 3 is bad']);
  });

  it('restarts after a bug with back-off, keeps the messages meanwhile, and answers only the one that failed', () => {
    const { clock, system, spawn, answers, dead } = actorWorld();
    let starts = 0;
    let stops = 0;
    const got: number[] = [];
    const receive = (message: Message) => {
      if (message.body.id === 2) throw new TypeError('bug');
      got.push(message.body.id);
    };
    spawn('a', receive, { onStart: () => starts++, stop: () => stops++ });
    for (const id of [1, 2, 3]) system.deliver('a', compute(id, SENDER));
    system.run();
    expect([starts, stops]).toEqual([1, 1]);
    // Down: messages wait.
    system.deliver('a', compute(4, SENDER));
    system.run();
    expect(got).toEqual([1]);
    clock.advance(9.9);
    expect(starts).toBe(1);
    clock.advance(0.1);
    system.run();
    expect(starts).toBe(2);
    expect(got).toEqual([1, 3, 4]);
    expect(answers()).toEqual([[2, INTERNAL]]);
    expect(dead).toEqual(['crashed']);
  });

  it('wakes the restarted actor for what waited, without anybody running it', async () => {
    const { clock, system, spawn } = actorWorld();
    const got: number[] = [];
    spawn('a', (message) => {
      if (message.body.id === 1) throw new Error('bug');
      got.push(message.body.id);
    });
    for (const id of [1, 2]) system.deliver('a', answer(id));
    system.run();
    clock.advance(10);
    await Promise.resolve();
    expect(got).toEqual([2]);
  });

  it('escalates when restarting does not help, and refuses what was left', () => {
    const { clock, system, spawn, answers, escalated } = actorWorld();
    spawn('a', () => {
      throw new Error('always');
    });
    for (const id of [1, 2, 3, 4, 5, 6]) system.deliver('a', compute(id, SENDER));
    for (let i = 0; i < 10; i++) {
      system.run();
      clock.advance(1_000);
    }
    expect(escalated).toEqual([{ actor: 'a', cause: new Error('always') }]);
    expect(
      answers()
        .map(([id]) => id)
        .sort(),
    ).toEqual([1, 2, 3, 4, 5, 6]);
    expect(answers().filter(([, code]) => code === INTERNAL)).toHaveLength(4);
    system.deliver('a', compute(7, SENDER));
    expect(answers().at(-1)).toEqual([7, UNAVAILABLE]);
  });

  it('tries again, later each time, when the start itself fails, and escalates in the end', () => {
    const { clock, system, spawn, escalated, answers } = actorWorld();
    const startsAt: number[] = [];
    const onStart = () => {
      startsAt.push(clock.nowMs());
      if (startsAt.length > 1) throw new Error('still no disk');
    };
    const receive = () => {
      throw new Error('bug');
    };
    spawn('a', receive, { onStart });
    for (const id of [1, 2]) system.deliver('a', compute(id, SENDER));
    system.run();
    clock.advance(1_000);
    expect(startsAt).toEqual([100, 110, 130, 170]);
    expect(escalated.map(({ actor }) => actor)).toEqual(['a']);
    expect(answers()).toEqual([
      [1, INTERNAL],
      [2, UNAVAILABLE],
    ]);
  });

  it('does not leave an actor down for good when its restart fails with a ServingError', () => {
    const { clock, system, spawn, answers } = actorWorld();
    let starts = 0;
    const onStart = () => {
      starts++;
      if (starts === 2) throw new ServingError('UNAVAILABLE', 'log', 'the log cannot be reached');
    };
    const got: number[] = [];
    const receive = (message: Message) => {
      if (message.body.id === 1) throw new Error('bug');
      got.push(message.body.id);
    };
    spawn('a', receive, { onStart });
    for (const id of [1, 2]) system.deliver('a', compute(id, SENDER));
    system.run();
    clock.advance(5_000);
    system.run();
    // Started again, or given up with an answer: anything but silence.
    expect(got.length + answers().filter(([id]) => id === 2).length).toBe(1);
  });

  it('supervises timers and ends of turns as it does messages', () => {
    const { clock, system, spawn } = actorWorld();
    let starts = 0;
    const fired: string[] = [];
    spawn('a', () => {}, {
      onStart: (context) => {
        starts++;
        if (starts > 1) return;
        context.after(5, () => {
          fired.push('after');
          throw new Error('bug in a timer');
        });
        context.every(4, () => fired.push('every'));
        context.endOfTurn(() => fired.push('end of turn'));
      },
    });
    clock.finishTurn();
    clock.advance(5);
    expect(fired).toEqual(['end of turn', 'every', 'after']);
    // Down until the back-off is over: nothing fires into it.
    clock.advance(9);
    expect(fired).toHaveLength(3);
    expect(starts).toBe(1);
    clock.advance(1);
    expect(starts).toBe(2);
    system.stop();
    clock.advance(100);
    expect(fired.filter((name) => name === 'after')).toHaveLength(1);
  });

  it('lives through a stop that fails', () => {
    const { clock, system, spawn } = actorWorld();
    let starts = 0;
    const receive = () => {
      throw new Error('bug');
    };
    const stop = () => {
      throw new Error('no clean end');
    };
    spawn('a', receive, { onStart: () => starts++, stop });
    system.deliver('a', answer(1));
    system.run();
    clock.advance(10);
    expect(starts).toBe(2);
    expect(() => system.stop()).not.toThrow();
  });
});

describe('stopping', () => {
  it('stops the last started first, and refuses what waits, once', () => {
    const { system, spawn, answers, failures } = actorWorld();
    const stopped: string[] = [];
    for (const name of ['a', 'b', 'c']) spawn(name, () => {}, { stop: () => stopped.push(name) });
    for (const id of [1, 2]) system.deliver('b', compute(id, SENDER));
    system.stop();
    system.run();
    expect(stopped).toEqual(['c', 'b', 'a']);
    expect(answers()).toEqual([
      [1, UNAVAILABLE],
      [2, UNAVAILABLE],
    ]);
    expect(failures()[0]).toBe("actor 'b' on here.1 has stopped");
    system.stop();
    expect(stopped).toHaveLength(3);
  });

  it('does not start an actor again that was stopped while it waited for its restart', () => {
    const { clock, system, spawn, answers } = actorWorld();
    let starts = 0;
    const receive = () => {
      throw new Error('bug');
    };
    spawn('a', receive, { onStart: () => starts++ });
    for (const id of [1, 2]) system.deliver('a', compute(id, SENDER));
    system.run();
    system.stop();
    clock.advance(60_000);
    expect(starts).toBe(1);
    expect(answers()).toEqual([
      [1, INTERNAL],
      [2, UNAVAILABLE],
    ]);
  });

  it('from inside a message ends that actor after it, without handling the next', () => {
    const { system, spawn, answers } = actorWorld();
    const got: number[] = [];
    spawn('a', (message) => {
      got.push(message.body.id);
      system.stop();
    });
    for (const id of [1, 2]) system.deliver('a', compute(id, SENDER));
    system.run();
    expect(got).toEqual([1]);
    expect(answers()).toEqual([[2, UNAVAILABLE]]);
  });
});
