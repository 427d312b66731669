import { describe, expect, it } from 'vitest';
import { ActorSystem } from '../../../../cluster/actors/actor-system.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import { silentLog } from '../../../../cluster/log.ts';
import { Neighbours } from '../../../../cluster/transport/neighbours.ts';
import type { Message } from '../../../../proto/letters.ts';
import { answer, compute } from '../../../support/arbitrary-messages.ts';

function member(neighbours: Neighbours, node: string, carried: Message[] = []): ActorSystem {
  const system = new ActorSystem({
    node,
    clock: new ManualClock(),
    log: silentLog,
    remote: {
      tell(to, message) {
        const handed = neighbours.tell(to, message);
        if (handed !== null) return handed;
        carried.push(message);
        return 'sent';
      },
    },
    onEscalate: () => {},
  });
  neighbours.join(system);
  return system;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('members of one process', () => {
  it('hand each other messages as the objects that they are, in order, after the sender is done', async () => {
    const neighbours = new Neighbours();
    const [a, b] = [member(neighbours, 'a.1'), member(neighbours, 'b.1')];
    const got: Message[] = [];
    b.spawn('x', { mailboxMessagesMax: 8 }, () => ({ receive: (message) => got.push(message) }));
    const sent = [answer(1), answer(2)];
    for (const message of sent) expect(a.tell({ node: 'b.1', actor: 'x' }, message)).toBe(true);
    expect(got).toEqual([]);
    await turn();
    expect(got[0]).toBe(sent[0]);
    expect(got[1]).toBe(sent[1]);
  });

  it('say when a neighbour cannot take more, and leave others to the transport', async () => {
    const neighbours = new Neighbours();
    const carried: Message[] = [];
    const [a, b] = [member(neighbours, 'a.1', carried), member(neighbours, 'b.1')];
    b.spawn('x', { mailboxMessagesMax: 1 }, () => ({ receive: () => {} }));
    expect(a.tell({ node: 'b.1', actor: 'x' }, answer(1))).toBe(true);
    expect(a.tell({ node: 'b.1', actor: 'x' }, answer(2))).toBe(false);
    expect(a.tell({ node: 'b.1', actor: 'nobody' }, answer(3))).toBe(false);
    expect(a.tell({ node: 'c.1', actor: 'x' }, answer(4))).toBe(true);
    expect(carried.map((message) => message.body.id)).toEqual([4]);
    neighbours.leave(b);
    expect(neighbours.has('b.1')).toBe(false);
    expect(a.tell({ node: 'b.1', actor: 'x' }, answer(5))).toBe(true);
    expect(carried.map((message) => message.body.id)).toEqual([4, 5]);
  });

  it('refuse towards the sender what a stopped neighbour had in its mailbox', async () => {
    const neighbours = new Neighbours();
    const [a, b] = [member(neighbours, 'a.1'), member(neighbours, 'b.1')];
    const got: Message[] = [];
    a.spawn('router', { mailboxMessagesMax: 8 }, () => ({ receive: (message) => got.push(message) }));
    b.spawn('x', { mailboxMessagesMax: 8 }, () => ({ receive: () => {} }));
    expect(a.tell({ node: 'b.1', actor: 'x' }, compute(9, 'a.1/router'))).toBe(true);
    b.stop();
    await turn();
    expect(got.map((message) => [message.kind, message.body.id])).toEqual([['answer', 9]]);
  });
});
