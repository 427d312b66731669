import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../cluster/clock.ts';
import { silentLog } from '../../../../cluster/log.ts';
import { Transport, type TransportMetrics, type Wire } from '../../../../cluster/transport/transport.ts';
import type { Message } from '../../../../proto/letters.ts';
import { nodeSubject } from '../../../../proto/subjects.ts';
import { answer } from '../../../support/arbitrary-messages.ts';

const PAYLOAD_BYTES_MAX = 4_096;
const ENVELOPE_BYTES_MAX = 1_024;

type Subscription = { subject: string; queueGroup: string | undefined; onBytes: (bytes: Uint8Array) => void };

/** A server in memory: keeps what is published, and hands it out when told to. */
class FakeWire implements Wire {
  readonly payloadBytesMax = PAYLOAD_BYTES_MAX;
  readonly published: { subject: string; bytes: Uint8Array }[] = [];
  readonly subscriptions = new Set<Subscription>();
  connected = true;

  publish(subject: string, bytes: Uint8Array): boolean {
    if (!this.connected) return false;
    // As the server does.
    if (bytes.byteLength > PAYLOAD_BYTES_MAX) throw new Error('maximum payload exceeded');
    this.published.push({ subject, bytes });
    return true;
  }

  subscribe(subject: string, onBytes: (bytes: Uint8Array) => void, queueGroup?: string): { stop(): void } {
    const subscription = { subject, queueGroup, onBytes };
    this.subscriptions.add(subscription);
    return { stop: () => this.subscriptions.delete(subscription) };
  }

  /** Delivers everything published so far to everybody who listens. */
  carry(): void {
    for (const { subject, bytes } of this.published.splice(0)) {
      for (const one of this.subscriptions) if (one.subject === subject) one.onBytes(bytes);
    }
  }
}

function process(node: string, wire: FakeWire, clock = new ManualClock()) {
  const got: { to: string; message: Message }[] = [];
  const counts = { sentLetters: 0, sentEnvelopes: 0, receivedLetters: 0, dropped: [] as string[], turns: 0 };
  const metrics: TransportMetrics = {
    sent: (letters) => {
      counts.sentLetters += letters;
      counts.sentEnvelopes++;
    },
    received: (letters) => {
      counts.receivedLetters += letters;
    },
    dropped: (reason) => counts.dropped.push(reason),
  };
  const transport = new Transport({
    node,
    wire,
    clock,
    log: silentLog,
    envelopeBytesMax: ENVELOPE_BYTES_MAX,
    deliver: (to, message) => got.push({ to, message }),
    onTurnEnd: () => counts.turns++,
    metrics,
  });
  return { transport, clock, got, counts };
}

const received = (got: readonly { to: string; message: Message }[]) =>
  got.map(({ to, message }) => [to, message.body.id]);
const outputs = (bytes: number): Uint8Array[] => [new Uint8Array(bytes)];

describe('coalescing', () => {
  it('delivers every accepted message once, in order for each process, however sends and turns interleave', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          node: fc.constantFrom('b.1', 'c.1', 'd.1'),
          actor: fc.constantFrom('x', 'y'),
          bytes: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5_000 })),
        }),
      },
      { weight: 2, arbitrary: fc.constant('end of turn' as const) },
      { weight: 1, arbitrary: fc.constant('flush' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const wire = new FakeWire();
        const sender = process('a.1', wire);
        const receivers = new Map(['b.1', 'c.1', 'd.1'].map((node) => [node, process(node, wire)]));
        for (const { transport } of receivers.values()) transport.listen();
        const wanted = new Map<string, [string, number][]>([...receivers.keys()].map((node) => [node, []]));
        for (const [id, one] of steps.entries()) {
          if (one === 'end of turn') sender.clock.finishTurn();
          else if (one === 'flush') sender.transport.flush();
          else {
            const accepted = sender.transport.tell(
              { node: one.node, actor: one.actor },
              answer(id, outputs(one.bytes)),
            );
            if (one.bytes < sender.transport.letterBytesMax - 64) expect(accepted).toBe('sent');
            if (one.bytes > sender.transport.letterBytesMax) expect(accepted).toBe('too_large');
            if (accepted === 'sent') wanted.get(one.node)!.push([one.actor, id]);
          }
        }
        sender.clock.finishTurn();
        wire.carry();
        for (const [node, receiver] of receivers) expect(received(receiver.got)).toEqual(wanted.get(node));
        // Nothing is left behind.
        sender.clock.finishTurn();
        expect(wire.published).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('puts all letters of one turn for one process into one message, sent at the end of the turn', () => {
    const wire = new FakeWire();
    const { transport, clock, counts } = process('a.1', wire);
    for (let id = 0; id < 10; id++) transport.tell({ node: id % 2 === 0 ? 'b.1' : 'c.1', actor: 'x' }, answer(id));
    expect(wire.published).toEqual([]);
    clock.finishTurn();
    expect(wire.published.map(({ subject }) => subject).sort()).toEqual([nodeSubject('b.1'), nodeSubject('c.1')]);
    expect(counts).toMatchObject({ sentEnvelopes: 2, sentLetters: 10, dropped: [] });
  });

  it('sends an envelope that has grown past its limit without waiting', () => {
    const wire = new FakeWire();
    const { transport, clock } = process('a.1', wire);
    for (let id = 0; id < 9; id++) transport.tell({ node: 'b.1', actor: 'x' }, answer(id, outputs(100)));
    expect(wire.published).toEqual([]);
    transport.tell({ node: 'b.1', actor: 'x' }, answer(9, outputs(100)));
    expect(wire.published).toHaveLength(1);
    expect(wire.published[0]!.bytes.byteLength).toBeGreaterThanOrEqual(ENVELOPE_BYTES_MAX);
    clock.finishTurn();
    expect(wire.published).toHaveLength(1);
  });

  it('keeps every envelope within what the server takes', () => {
    const wire = new FakeWire();
    const { transport, clock } = process('a.1', wire);
    // Just under the envelope's limit, then the largest letter that passes.
    for (let bytes = transport.letterBytesMax + 64; bytes > transport.letterBytesMax - 128; bytes--) {
      transport.tell({ node: 'b.1', actor: 'x' }, answer(1, outputs(ENVELOPE_BYTES_MAX - 60)));
      transport.tell({ node: 'b.1', actor: 'x' }, answer(2, outputs(bytes)));
      expect(() => clock.finishTurn()).not.toThrow();
    }
    expect(Math.max(...wire.published.map(({ bytes }) => bytes.byteLength))).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
  });
});

describe('refusing', () => {
  it('says false for a letter that is too large, counts it, and sends the others', () => {
    const wire = new FakeWire();
    const sender = process('a.1', wire);
    const receiver = process('b.1', wire);
    receiver.transport.listen();
    const tell = (id: number, bytes: number) =>
      sender.transport.tell({ node: 'b.1', actor: 'x' }, answer(id, outputs(bytes)));
    expect([tell(1, 10), tell(2, 100_000), tell(3, 10)]).toEqual(['sent', 'too_large', 'sent']);
    sender.clock.finishTurn();
    wire.carry();
    expect(received(receiver.got)).toEqual([
      ['x', 1],
      ['x', 3],
    ]);
    expect(sender.counts.dropped).toEqual(['too_large']);
    expect(sender.counts.sentLetters).toBe(2);
  });

  it('sends no envelope that holds only what was refused', () => {
    const wire = new FakeWire();
    const { transport, clock } = process('a.1', wire);
    expect(transport.tell({ node: 'b.1', actor: 'x' }, answer(2, outputs(100_000)))).toBe('too_large');
    clock.finishTurn();
    expect(wire.published).toEqual([]);
  });

  it('drops and counts what a lost connection does not take, and goes on when it is back', () => {
    const wire = new FakeWire();
    const sender = process('a.1', wire);
    const receiver = process('b.1', wire);
    receiver.transport.listen();
    wire.connected = false;
    for (const id of [1, 2]) sender.transport.tell({ node: 'b.1', actor: 'x' }, answer(id));
    sender.clock.finishTurn();
    expect(sender.counts.dropped).toEqual(['disconnected', 'disconnected']);
    // A letter that makes an envelope leave at once hears of it at once.
    expect(sender.transport.tell({ node: 'b.1', actor: 'x' }, answer(3, outputs(ENVELOPE_BYTES_MAX)))).toBe(
      'unreachable',
    );
    wire.connected = true;
    expect(sender.transport.tell({ node: 'b.1', actor: 'x' }, answer(4))).toBe('sent');
    sender.clock.finishTurn();
    wire.carry();
    expect(received(receiver.got)).toEqual([['x', 4]]);
  });
});

describe('receiving', () => {
  it('ends the turn once an envelope is unpacked', () => {
    const wire = new FakeWire();
    const sender = process('a.1', wire);
    const receiver = process('b.1', wire);
    receiver.transport.listen();
    for (const id of [1, 2, 3]) sender.transport.tell({ node: 'b.1', actor: 'x' }, answer(id));
    sender.clock.finishTurn();
    wire.carry();
    expect(receiver.counts).toMatchObject({ turns: 1, receivedLetters: 3 });
  });

  it('survives bytes that are no envelope, delivers what came before them, and counts them', () => {
    const wire = new FakeWire();
    const sender = process('a.1', wire);
    const receiver = process('b.1', wire);
    receiver.transport.listen();
    wire.publish(nodeSubject('b.1'), Uint8Array.of(0xff, 0xff, 0xff));
    sender.transport.tell({ node: 'b.1', actor: 'x' }, answer(1));
    sender.clock.finishTurn();
    const whole = wire.published.pop()!;
    wire.publish(whole.subject, Uint8Array.from([...whole.bytes, 0xff]));
    sender.transport.tell({ node: 'b.1', actor: 'x' }, answer(2));
    sender.clock.finishTurn();
    wire.carry();
    expect(received(receiver.got)).toEqual([
      ['x', 1],
      ['x', 2],
    ]);
    expect(receiver.counts.dropped).toEqual(['malformed', 'malformed']);
    expect(receiver.counts.turns).toBe(3);
  });

  it('listens on its own subject and on shared ones as a member of their group, until it stops', () => {
    const wire = new FakeWire();
    const { transport, got } = process('b.1', wire);
    const caller = process('client.1', wire);
    transport.listen([{ subject: 'dovetail.call', queueGroup: 'g' }]);
    expect([...wire.subscriptions].map(({ subject, queueGroup }) => [subject, queueGroup])).toEqual([
      [nodeSubject('b.1'), undefined],
      ['dovetail.call', 'g'],
    ]);
    expect(caller.transport.tellSubject('dovetail.call', 'router', answer(5))).toBe('sent');
    caller.clock.finishTurn();
    wire.carry();
    expect(received(got)).toEqual([['router', 5]]);
    // One that drains leaves the shared work to others and still gets what is addressed to it.
    transport.leaveShared();
    expect([...wire.subscriptions].map(({ subject }) => subject)).toEqual([nodeSubject('b.1')]);
    transport.stop();
    expect(wire.subscriptions.size).toBe(0);
  });

  it('sends what is waiting when it stops', () => {
    const wire = new FakeWire();
    const { transport } = process('a.1', wire);
    transport.tell({ node: 'b.1', actor: 'x' }, answer(1));
    transport.stop();
    expect(wire.published).toHaveLength(1);
  });
});

describe('outboxes', () => {
  it('are let go of when very many processes have been written to, without losing a letter', () => {
    const wire = new FakeWire();
    const { transport, clock } = process('a.1', wire);
    for (let i = 0; i < 10_000; i++) expect(transport.tell({ node: `n${i}.1`, actor: 'x' }, answer(i))).toBe('sent');
    clock.finishTurn();
    expect(new Set(wire.published.map(({ subject }) => subject)).size).toBe(10_000);
  });
});
