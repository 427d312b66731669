/** The exchange of heartbeats between processes on one simulated clock, with losses, stalls and bad bytes. */
import { describe, expect, it } from 'vitest';
import { type Clock, ManualClock, type TimerHandle } from '../../../../cluster/clock.ts';
import type { Heartbeat } from '../../../../cluster/membership/heartbeat.ts';
import { Heartbeats } from '../../../../cluster/membership/heartbeats.ts';
import { type MemberEvent, MemberTable } from '../../../../cluster/membership/member-table.ts';
import type { ServingError } from '../../../../proto/errors.ts';

const encode = (heartbeat: Heartbeat): Uint8Array =>
  Buffer.from(JSON.stringify({ ...heartbeat, caughtUp: [...heartbeat.caughtUp] }));
const decode = (bytes: Uint8Array): Heartbeat => {
  const fields = JSON.parse(Buffer.from(bytes).toString());
  return { ...fields, caughtUp: Uint8Array.from(fields.caughtUp) };
};

/** A clock whose timers can be held back, as a blocked event loop holds them, and then run late. */
class StallingClock implements Clock {
  readonly #world: ManualClock;
  stalled = false;
  #late: (() => void)[] = [];

  constructor(world: ManualClock) {
    this.#world = world;
  }

  nowMs(): number {
    return this.#world.nowMs();
  }
  wallMs(): number {
    return this.#world.wallMs();
  }
  after(delayMs: number, callback: () => void): TimerHandle {
    return this.#world.after(delayMs, () => this.#run(callback));
  }
  every(periodMs: number, callback: () => void): TimerHandle {
    return this.#world.every(periodMs, () => this.#run(callback));
  }
  endOfTurn(callback: () => void): void {
    this.#world.endOfTurn(callback);
  }

  afterInput(callback: () => void): void {
    this.#world.afterInput(callback);
  }

  resume(): void {
    this.stalled = false;
    // An interval that came due several times in a stall fires once after it.
    const late = new Set(this.#late);
    this.#late = [];
    for (const callback of late) callback();
  }

  #run(callback: () => void): void {
    if (this.stalled) this.#late.push(callback);
    else callback();
  }
}

class Process {
  readonly clock: StallingClock;
  readonly table = new MemberTable();
  readonly heartbeats: Heartbeats;
  readonly events: MemberEvent[] = [];
  readonly errors: ServingError[] = [];
  readonly supersededBy: string[] = [];
  readonly sentAtMs: number[] = [];
  ready = true;
  /** Neither sends nor hears. */
  cut = false;
  /** What arrived while the event loop was blocked. */
  readonly inbox: Uint8Array[] = [];

  constructor(world: ManualClock, network: Set<Process>, name: string, incarnation = 'i1') {
    this.clock = new StallingClock(world);
    const node = `${name}.${incarnation}`;
    this.heartbeats = new Heartbeats({
      clock: this.clock,
      table: this.table,
      node,
      name,
      own: () => ({
        node,
        name,
        role: 'shard',
        ready: this.ready,
        leaving: false,
        epoch: 0,
        models: [],
        caughtUp: new Uint8Array(1),
        queueDepth: 0,
        device: '',
        httpUrl: '',
        metricsUrl: '',
        weight: 1,
        pid: 1,
        localEndpoint: '',
      }),
      encode,
      decode,
      publish: (bytes) => {
        if (this.cut) throw new Error('disconnected');
        this.sentAtMs.push(world.nowMs());
        for (const process of network) process.deliver(bytes);
      },
      onEvents: (events) => this.events.push(...events),
      onSuperseded: (byNode) => this.supersededBy.push(byNode),
      onError: (error) => this.errors.push(error),
    });
    network.add(this);
  }

  deliver(bytes: Uint8Array): void {
    if (this.cut) return;
    if (this.clock.stalled) this.inbox.push(bytes);
    else this.heartbeats.receive(bytes);
  }

  states(): Record<string, string> {
    return Object.fromEntries(this.table.members().map((member) => [member.name, member.state]));
  }

  said(): string[] {
    return this.events.map((event) => `${event.kind} ${event.member.name}`);
  }
}

function processes(...names: string[]): { world: ManualClock; network: Set<Process>; all: Process[] } {
  const world = new ManualClock();
  const network = new Set<Process>();
  const all = names.map((name) => new Process(world, network, name));
  for (const process of all) process.heartbeats.start();
  world.advance(100);
  return { world, network, all };
}

describe('Heartbeats', () => {
  it('makes every process know every other, and itself, within one beat', () => {
    const { all } = processes('a', 'b', 'c');
    for (const process of all) expect(process.states()).toEqual({ a: 'alive', b: 'alive', c: 'alive' });
  });

  it('declares no one dead while all goes well', () => {
    const { world, all } = processes('a', 'b');
    world.advance(60_000);
    expect(all[0]!.said()).toEqual(['joined a', 'joined b']);
    expect(all[0]!.errors).toEqual([]);
  });

  it('sees a killed process dead within 800 ms of its last heartbeat', () => {
    const { world, network, all } = processes('a', 'b');
    const [a, b] = [all[0]!, all[1]!];
    const lastMs = b.sentAtMs.at(-1)!;
    b.clock.stalled = true;
    network.delete(b);
    world.advance(lastMs + 690 - world.nowMs());
    expect(a.states()['b']).toBe('suspect');
    world.advance(110);
    expect(a.states()['b']).toBe('dead');
  });

  it('tells the others of a stop at once', () => {
    const { world, all } = processes('a', 'b');
    all[1]!.heartbeats.stop();
    expect(all[0]!.states()['b']).toBe('dead');
    expect(all[0]!.events.at(-1)).toMatchObject({ kind: 'left', reason: 'leaving' });
    const sent = all[1]!.sentAtMs.length;
    world.advance(1_000);
    expect(all[1]!.sentAtMs.length).toBe(sent);
  });

  it('suspects nobody after a stall of its own, when what waited in the socket is read after the late sweep', () => {
    const { world, all } = processes('a', 'b', 'c');
    const a = all[0]!;
    a.clock.stalled = true;
    world.advance(5_000);
    a.clock.resume();
    expect(a.said()).not.toContain('suspect b');
    for (const bytes of a.inbox.splice(0)) a.heartbeats.receive(bytes);
    world.advance(1_000);
    expect(a.said()).toEqual(['joined a', 'joined b', 'joined c']);
  });

  it('after its own stall still finds out, one beat later, who died meanwhile', () => {
    const { world, network, all } = processes('a', 'b', 'c');
    const a = all[0]!;
    a.clock.stalled = true;
    network.delete(all[1]!);
    all[1]!.heartbeats.stop();
    world.advance(5_000);
    a.clock.resume();
    for (const bytes of a.inbox.splice(0)) {
      if (decode(bytes).name === 'c') a.heartbeats.receive(bytes);
    }
    world.advance(90);
    expect(a.states()).toEqual({ a: 'alive', b: 'alive', c: 'alive' });
    world.advance(60);
    expect(a.states()).toEqual({ a: 'alive', b: 'dead', c: 'alive' });
  });

  it('stays a member in its own eyes while the network is cut, and the others return with it', () => {
    const { world, all } = processes('a', 'b');
    const a = all[0]!;
    a.cut = true;
    world.advance(1_000);
    expect(a.states()).toEqual({ a: 'alive', b: 'dead' });
    expect(a.errors.length).toBeGreaterThan(5);
    expect(all[1]!.states()).toEqual({ a: 'dead', b: 'alive' });
    a.cut = false;
    world.advance(100);
    expect(a.states()).toEqual({ a: 'alive', b: 'alive' });
    expect(all[1]!.states()).toEqual({ a: 'alive', b: 'alive' });
  });

  it('judges nobody for one beat after grace() is called', () => {
    const { world, network, all } = processes('a', 'b');
    network.delete(all[1]!);
    all[1]!.clock.stalled = true;
    world.advance(650);
    all[0]!.heartbeats.grace();
    world.advance(99);
    expect(all[0]!.states()['b']).not.toBe('dead');
    world.advance(60);
    expect(all[0]!.states()['b']).toBe('dead');
  });

  it('announces a change before the next beat, many changes in one message', () => {
    const { world, all } = processes('a', 'b');
    world.advance(45);
    const b = all[1]!;
    const sent = b.sentAtMs.length;
    b.ready = false;
    for (let i = 0; i < 50; i++) b.heartbeats.announce();
    world.advance(1);
    expect(all[0]!.table.get('b')!.heartbeat.ready).toBe(false);
    expect(b.sentAtMs.length).toBe(sent + 1);
    for (let i = 0; i < 48; i++) {
      b.heartbeats.announce();
      world.advance(1);
    }
    expect(b.sentAtMs.length).toBeLessThanOrEqual(sent + 4);
  });

  it('says who superseded it, once, when a second process starts under its name', () => {
    const { world, network, all } = processes('a', 'b');
    const second = new Process(world, network, 'a', 'i2');
    second.heartbeats.start();
    world.advance(500);
    expect(all[0]!.supersededBy).toEqual(['a.i2']);
    expect(second.supersededBy).toEqual([]);
    expect(all[1]!.table.get('a')).toMatchObject({ incarnation: 'i2', state: 'alive' });
  });

  it('leaves the newer of two that start in the same instant, whichever is heard first', () => {
    for (const order of [
      ['i1', 'i2'],
      ['i2', 'i1'],
    ]) {
      const { world, network, all } = processes('b');
      const both = order.map((incarnation) => new Process(world, network, 'a', incarnation));
      for (const process of both) process.heartbeats.start();
      world.advance(500);
      const superseded = Object.fromEntries(both.map((process, i) => [order[i]!, process.supersededBy]));
      expect(superseded).toEqual({ i1: ['a.i2'], i2: [] });
      expect(all[0]!.table.get('a')).toMatchObject({ incarnation: 'i2', state: 'alive' });
    }
  });

  it('reports bytes that are no heartbeat and goes on', () => {
    const { world, all } = processes('a', 'b');
    const a = all[0]!;
    a.heartbeats.receive(Buffer.from('not a heartbeat'));
    a.heartbeats.receive(encode({ ...decode(encode(a.table.get('b')!.heartbeat)), name: '../b' }));
    expect(a.errors.map((error) => error.code)).toEqual(['INTERNAL', 'INVALID_ARGUMENT']);
    world.advance(1_000);
    expect(a.states()).toEqual({ a: 'alive', b: 'alive' });
  });
});
