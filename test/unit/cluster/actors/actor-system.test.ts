import { describe, expect, it } from 'vitest';
import { ActorSystem } from '../../../../cluster/actors/actor-system.ts';
import type { Address } from '../../../../cluster/actors/address.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import { silentLog } from '../../../../cluster/log.ts';
import { ServingError } from '../../../../proto/errors.ts';
import type { Message } from '../../../../proto/letters.ts';
import { actorWorld, ids, RESOURCE_EXHAUSTED, SENDER, UNAVAILABLE } from '../../../support/actor-world.ts';
import { answer, compute } from '../../../support/arbitrary-messages.ts';

describe('delivery', () => {
  it('hands a message to an actor in the same process as the same object, after the sender is done', async () => {
    const { spawn, system } = actorWorld();
    const got: Message[] = [];
    const to = spawn('a', (message) => got.push(message));
    const message = answer(1);
    expect(system.tell(to, message)).toBe(true);
    expect(got).toEqual([]);
    await Promise.resolve();
    expect(got).toHaveLength(1);
    expect(got[0]).toBe(message);
  });

  it('gives a message for another process to the link, and passes on what the link says', () => {
    const { system, sent } = actorWorld();
    expect(system.tell({ node: 'there.1', actor: 'b' }, answer(1))).toBe(true);
    expect(sent).toEqual([{ to: { node: 'there.1', actor: 'b' }, message: answer(1) }]);
    const cut = new ActorSystem({
      node: 'here.1',
      clock: new ManualClock(),
      log: silentLog,
      remote: { tell: () => 'unreachable' },
      onEscalate: () => {},
    });
    expect(cut.tell({ node: 'there.1', actor: 'b' }, answer(1))).toBe(false);
  });

  it('answers what is too large to travel: a request to its sender, a reply with a failure in its place', () => {
    const carried: { to: Address; message: Message }[] = [];
    const system = new ActorSystem({
      node: 'here.1',
      clock: new ManualClock(),
      log: silentLog,
      remote: {
        tell(to, message) {
          if ('failure' in message.body && message.body.failure !== null) carried.push({ to, message });
          else return 'too_large';
          return 'sent';
        },
      },
      onEscalate: () => {},
    });
    const there = { node: 'there.1', actor: 'b' };
    expect(system.tell(there, compute(7, 'third.1/router'))).toBe(true);
    expect(system.tell(there, answer(8, [new Uint8Array(9)]))).toBe(true);
    expect(carried.map(({ to, message }) => [to, message.kind, message.body.id])).toEqual([
      [{ node: 'third.1', actor: 'router' }, 'answer', 7],
      [there, 'answer', 8],
    ]);
    for (const { message } of carried) {
      expect(message.body).toMatchObject({
        failure: { code: 3, message: expect.stringMatching(/ask for fewer rows/) },
      });
    }
  });

  it('goes no deeper where what is sent instead is too large as well, and goes on with the next message', async () => {
    let tries = 0;
    const escalated: unknown[] = [];
    const system = new ActorSystem({
      node: 'here.1',
      clock: new ManualClock(),
      log: silentLog,
      remote: {
        tell() {
          tries++;
          return 'too_large';
        },
      },
      onEscalate: (_actor, cause) => escalated.push(cause),
    });
    const got: number[] = [];
    const to = system.spawn('a', { mailboxMessagesMax: 8 }, () => ({
      receive(message) {
        got.push(message.body.id);
        if (message.body.id === 1) throw new ServingError('INVALID_ARGUMENT', 'route', 'no');
      },
    }));
    for (const id of [1, 2]) system.tell(to, compute(id, 'there.1/router'));
    await Promise.resolve();
    expect([got, tries, escalated]).toEqual([[1, 2], 2, []]);
  });

  it('ends the process rather than stand still when delivering itself fails, and is not stuck until then', async () => {
    const escalated: unknown[] = [];
    const fault = new Error('a bug on the way');
    let broken = true;
    const system = new ActorSystem({
      node: 'here.1',
      clock: new ManualClock(),
      log: silentLog,
      remote: {
        tell() {
          if (broken) throw fault;
          return 'sent';
        },
      },
      onEscalate: (_actor, cause) => escalated.push(cause),
    });
    const got: number[] = [];
    const to = system.spawn('a', { mailboxMessagesMax: 8 }, () => ({
      receive(message) {
        got.push(message.body.id);
        throw new ServingError('INVALID_ARGUMENT', 'route', 'no');
      },
    }));
    system.tell(to, compute(1, 'there.1/router'));
    await Promise.resolve();
    expect(escalated).toEqual([fault]);
    broken = false;
    system.tell(to, compute(2, 'there.1/router'));
    await Promise.resolve();
    expect(got).toEqual([1, 2]);
  });

  it('handles one message at a time, in order, also when handling one sends more', () => {
    const { system, spawn } = actorWorld();
    const log: string[] = [];
    let inside = 0;
    const a = spawn('a', (message, context) => {
      expect(++inside).toBe(1);
      log.push(`a${message.body.id}`);
      if (message.body.id < 3) {
        context.tell(a, answer(message.body.id + 10));
        context.tell(b, answer(message.body.id));
        // Running again from inside a message must not start the next one.
        system.run();
      }
      inside--;
    });
    const b: Address = spawn('b', (message) => {
      expect(inside).toBe(0);
      log.push(`b${message.body.id}`);
    });
    for (const id of [1, 2, 3]) system.deliver('a', answer(id));
    system.run();
    expect(log.filter((entry) => entry.startsWith('a'))).toEqual(['a1', 'a2', 'a3', 'a11', 'a12']);
    expect(log.filter((entry) => entry.startsWith('b'))).toEqual(['b1', 'b2']);
  });

  it('gives the event loop a turn in an endless exchange, and goes on at the end of it', () => {
    const { clock, system, spawn } = actorWorld();
    let handled = 0;
    const a = spawn('a', (message, context) => {
      handled++;
      if (handled < 20_000) context.tell(a, message);
    });
    system.deliver('a', answer(1));
    system.run();
    expect(handled).toBeGreaterThan(1_000);
    expect(handled).toBeLessThan(10_000);
    clock.finishTurn();
    expect(handled).toBe(20_000);
  });

  it('knows its own address in text, and replies to text that is an address only', () => {
    const { system, spawn, sent } = actorWorld();
    const told: boolean[] = [];
    spawn('a', (_message, context) => {
      expect(context.selfText).toBe('here.1/a');
      told.push(context.reply(SENDER, answer(1)), context.reply('nonsense', answer(2)), context.reply('', answer(3)));
    });
    system.deliver('a', answer(0));
    system.run();
    expect(told).toEqual([true, false, false]);
    expect(ids(sent.map(({ message }) => message))).toEqual([1]);
  });

  it('refuses a second actor of the same name', () => {
    const { spawn } = actorWorld();
    spawn('a', () => {});
    expect(() => spawn('a', () => {})).toThrow("actor 'a' exists already");
  });

  it('keeps no actor whose start failed: its messages are refused, its name is free', () => {
    const { system, spawn, answers } = actorWorld();
    const start = () => {
      throw new Error('no disk');
    };
    expect(() => spawn('a', () => {}, { onStart: start })).toThrow('no disk');
    system.deliver('a', compute(1, SENDER));
    expect(answers()).toEqual([[1, UNAVAILABLE]]);
    expect(() => spawn('a', () => {})).not.toThrow();
  });
});

describe('refusing', () => {
  it('answers the sender of what does not fit the mailbox, once, and handles the rest', () => {
    const { system, spawn, answers, failures, dead } = actorWorld();
    const got: Message[] = [];
    spawn('a', (message) => got.push(message), { mailboxMessagesMax: 2 });
    for (const id of [1, 2, 3, 4]) system.deliver('a', compute(id, SENDER));
    expect(system.mailboxLength('a')).toBe(2);
    system.run();
    system.run();
    expect(ids(got)).toEqual([1, 2]);
    expect(answers()).toEqual([
      [3, RESOURCE_EXHAUSTED],
      [4, RESOURCE_EXHAUSTED],
    ]);
    expect(failures()[0]).toBe("mailbox of 'a' is full");
    expect(dead).toEqual(['mailbox_full', 'mailbox_full']);
  });

  it('says false to a local sender whose message does not fit, and sends no second word', () => {
    const { system, spawn, sent } = actorWorld();
    const to = spawn('a', () => {}, { mailboxMessagesMax: 1 });
    expect(system.tell(to, compute(1, SENDER))).toBe(true);
    expect(system.tell(to, compute(2, SENDER))).toBe(false);
    expect(system.tell({ node: 'here.1', actor: 'nobody' }, compute(3, SENDER))).toBe(false);
    system.run();
    expect(sent).toEqual([]);
  });

  it('answers UNAVAILABLE for an actor that is not here, so that the router tries another process', () => {
    const { system, answers, failures, dead } = actorWorld();
    system.deliver('gone', compute(5, SENDER));
    expect(answers()).toEqual([[5, UNAVAILABLE]]);
    expect(failures()).toEqual(["no actor 'gone' on here.1"]);
    expect(dead).toEqual(['no_actor']);
  });

  it('answers nothing for answers and for senders that are no address', () => {
    const { system, sent } = actorWorld();
    system.deliver('gone', answer(5));
    system.deliver('gone', compute(6, 'nonsense'));
    system.deliver('gone', compute(7, 'x y\r\n/z'));
    expect(sent).toEqual([]);
  });

  it('reaches a sender in the same process through its mailbox', () => {
    const { system, spawn } = actorWorld();
    const got: Message[] = [];
    spawn('router', (message) => got.push(message));
    system.deliver('gone', compute(9, 'here.1/router'));
    system.run();
    expect(got.map(({ kind, body }) => [kind, body.id])).toEqual([['answer', 9]]);
  });
});
