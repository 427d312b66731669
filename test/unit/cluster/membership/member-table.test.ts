/** Membership by heartbeats, on times given by hand: states, restarts, farewells, limits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heartbeat } from '../../../../cluster/membership/heartbeat.ts';
import { type MemberEvent, MemberTable } from '../../../../cluster/membership/member-table.ts';

function beat(name: string, fields: Partial<Heartbeat> & { incarnation?: string } = {}): Heartbeat {
  const { incarnation = 'i1', ...rest } = fields;
  return {
    node: `${name}.${incarnation}`,
    name,
    role: 'shard',
    ready: true,
    leaving: false,
    epoch: 1,
    models: [],
    caughtUp: new Uint8Array(2),
    queueDepth: 0,
    device: '',
    httpUrl: '',
    metricsUrl: '',
    weight: 1,
    pid: 1,
    localEndpoint: '',
    ...rest,
  };
}

const said = (events: readonly MemberEvent[]): string[] =>
  events.map(
    (event) => `${event.kind} ${event.member.heartbeat.node}${event.kind === 'left' ? ` ${event.reason}` : ''}`,
  );

describe('MemberTable', () => {
  it('goes from joining to alive with readiness, and stays alive when readiness is lost', () => {
    const table = new MemberTable();
    expect(said(table.hear(beat('a', { ready: false }), 0))).toEqual(['joined a.i1']);
    expect(table.get('a')!.state).toBe('joining');
    expect(said(table.hear(beat('a'), 100))).toEqual(['changed a.i1']);
    expect(table.get('a')!.state).toBe('alive');
    expect(said(table.hear(beat('a', { ready: false }), 200))).toEqual(['changed a.i1']);
    expect(table.get('a')).toMatchObject({ state: 'alive', heartbeat: { ready: false } });
  });

  it('suspects after 300 ms of silence and gives up after 700 ms, saying each once', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    expect(said(table.sweep(299))).toEqual([]);
    expect(said(table.sweep(300))).toEqual(['suspect a.i1']);
    expect(table.live().map((member) => member.name)).toEqual(['a']);
    expect(said(table.sweep(699))).toEqual([]);
    expect(said(table.sweep(700))).toEqual(['left a.i1 silent']);
    expect(said(table.sweep(800))).toEqual([]);
    expect(table.get('a')!.state).toBe('dead');
    expect(table.live()).toEqual([]);
  });

  it('lets a suspect recover to the state it had', () => {
    const table = new MemberTable();
    table.hear(beat('a', { ready: false }), 0);
    table.hear(beat('b'), 0);
    table.sweep(350);
    expect(said(table.hear(beat('a', { ready: false }), 360))).toEqual(['recovered a.i1']);
    expect(said(table.hear(beat('b'), 360))).toEqual(['recovered b.i1']);
    expect(table.members().map((member) => member.state)).toEqual(['joining', 'alive']);
  });

  it('gives up at once on a farewell, and ignores what was sent before it', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    expect(said(table.hear(beat('a', { leaving: true }), 50))).toEqual(['left a.i1 leaving']);
    expect(said(table.hear(beat('a'), 60))).toEqual([]);
    expect(table.get('a')!.state).toBe('dead');
  });

  it('is not brought back by a heartbeat from before the farewell, as late as such a one can be', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.hear(beat('a', { leaving: true }), 50);
    for (const nowMs of [50, 400, 749]) expect(table.hear(beat('a'), nowMs)).toEqual([]);
    expect(table.live()).toEqual([]);
    // Nor does it put off the forgetting.
    table.sweep(60_050);
    expect(table.members()).toEqual([]);
  });

  it('takes a process back in whose farewell another had forged, once it has been heard long enough after it', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    expect(said(table.hear(beat('a', { leaving: true }), 50))).toEqual(['left a.i1 leaving']);
    const events: string[] = [];
    for (let nowMs = 100; nowMs <= 2_000; nowMs += 100) {
      events.push(...said(table.hear(beat('a'), nowMs)).map((event) => `${nowMs} ${event}`));
      table.sweep(nowMs);
    }
    expect(events).toEqual(['800 joined a.i1']);
    expect(table.get('a')!.state).toBe('alive');
    // And a farewell of its own is one again.
    expect(said(table.hear(beat('a', { leaving: true }), 2_100))).toEqual(['left a.i1 leaving']);
    expect(table.hear(beat('a'), 2_200)).toEqual([]);
  });

  it('lets a new start follow a farewell at once', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.hear(beat('a', { leaving: true }), 50);
    expect(said(table.hear(beat('a', { incarnation: 'i2' }), 60))).toEqual(['joined a.i2']);
    expect(table.hear(beat('a'), 900)).toEqual([]);
  });

  it('takes no member in by its farewell', () => {
    const table = new MemberTable();
    expect(table.hear(beat('a', { leaving: true }), 0)).toEqual([]);
    expect(table.members()).toEqual([]);
  });

  it('replaces an older start by a newer one at once, and ignores the older from then on', () => {
    const table = new MemberTable();
    table.hear(beat('a', { incarnation: 'i1' }), 0);
    expect(said(table.hear(beat('a', { incarnation: 'i2', ready: false }), 10))).toEqual([
      'left a.i1 replaced',
      'joined a.i2',
    ]);
    expect(table.hear(beat('a', { incarnation: 'i1' }), 20)).toEqual([]);
    expect(table.get('a')).toMatchObject({ incarnation: 'i2', state: 'joining', lastHeardMs: 10 });
  });

  it('ignores an older start that arrives right after the newer one died', () => {
    const table = new MemberTable();
    table.hear(beat('a', { incarnation: 'i2' }), 0);
    table.hear(beat('a', { incarnation: 'i2', leaving: true }), 100);
    expect(table.hear(beat('a', { incarnation: 'i1' }), 799)).toEqual([]);
  });

  it('takes in a start that sorts as older once the newer has been dead for long: a clock was set back', () => {
    const table = new MemberTable();
    table.hear(beat('a', { incarnation: 'i2' }), 0);
    table.sweep(700);
    expect(said(table.hear(beat('a', { incarnation: 'i1' }), 1_400))).toEqual(['joined a.i1']);
  });

  it('takes the same start back in after silence: a partition healed', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.sweep(700);
    expect(said(table.hear(beat('a'), 900))).toEqual(['joined a.i1']);
    expect(table.get('a')!.state).toBe('alive');
    expect(said(table.sweep(1_000))).toEqual([]);
  });

  it('forgets the dead after a minute, and not sooner', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.hear(beat('b'), 500);
    table.sweep(700);
    table.sweep(1_200);
    table.sweep(60_699);
    expect(table.members().map((member) => member.name)).toEqual(['a', 'b']);
    table.sweep(60_700);
    expect(table.members().map((member) => member.name)).toEqual(['b']);
    table.sweep(61_200);
    expect(table.members()).toEqual([]);
  });

  it.each<[string, Partial<Heartbeat>]>([
    ['readiness', { ready: false }],
    ['epoch', { epoch: 2 }],
    ['models', { models: ['fraud/1'] }],
    ['partitions caught up', { caughtUp: Uint8Array.of(1, 0) }],
    ['weight', { weight: 0 }],
    ['URL', { httpUrl: 'http://127.0.0.1:8000' }],
  ])('says changed for a change of %s', (_, change) => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    expect(said(table.hear(beat('a', change), 100))).toEqual(['changed a.i1']);
  });

  it('says nothing for load, but shows it', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    expect(table.hear(beat('a', { queueDepth: 17 }), 100)).toEqual([]);
    expect(table.get('a')!.heartbeat.queueDepth).toBe(17);
  });

  it('lists the live of one role', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.hear(beat('g', { role: 'gateway' }), 0);
    expect(table.live('gateway').map((member) => member.name)).toEqual(['g']);
  });

  it('makes room for a new member by forgetting the longest dead, and refuses it where all are alive', () => {
    const table = new MemberTable({ membersMax: 2 });
    table.hear(beat('a'), 0);
    table.hear(beat('b'), 0);
    expect(() => table.hear(beat('c'), 10)).toThrow(expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }));
    table.hear(beat('b', { leaving: true }), 20);
    table.hear(beat('a', { leaving: true }), 30);
    expect(said(table.hear(beat('c'), 40))).toEqual(['joined c.i1']);
    expect(table.members().map((member) => member.name)).toEqual(['a', 'c']);
    expect(said(table.hear(beat('a', { incarnation: 'i2' }), 50))).toEqual(['joined a.i2']);
  });

  it.each<[string, Partial<Heartbeat>]>([
    ['a name that is no name', { name: '../x', node: '../x.i1' }],
    ['a node of another name', { node: 'b.i1' }],
    ['a node without incarnation', { node: 'a' }],
    ['an endless role', { role: 'r'.repeat(65) }],
    ['an endless URL', { httpUrl: 'h'.repeat(513) }],
    ['too many models', { models: new Array<string>(4097).fill('m/1') }],
    ['an endless model name', { models: ['m'.repeat(513)] }],
    ['more partitions than can be', { caughtUp: new Uint8Array(8194) }],
    ['a negative weight', { weight: -1 }],
    ['a weight that is no number', { weight: Number.NaN }],
  ])('refuses a heartbeat with %s, and is unchanged', (_, wrong) => {
    const table = new MemberTable();
    expect(() => table.hear(beat('a', wrong), 0)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(table.members()).toEqual([]);
  });

  it('refuses time limits that do not rise', () => {
    expect(() => new MemberTable({ suspectAfterMs: 800 })).toThrow(/rise in this order/);
    expect(() => new MemberTable({ heartbeatMs: 0 })).toThrow(/rise in this order/);
  });

  it('tells a follower of its events exactly who is live, whatever happens', () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      incarnation: fc.constantFrom('i1', 'i2', 'i3'),
      ready: fc.boolean(),
      leaving: fc.constantFrom(false, false, false, true),
      sweep: fc.boolean(),
      passMs: fc.constantFrom(0, 50, 100, 250, 500, 900, 61_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new MemberTable({ membersMax: 3 });
        const live = new Map<string, string>();
        const follow = (events: readonly MemberEvent[]): void => {
          for (const { kind, member } of events) {
            const { name, incarnation } = member;
            if (kind === 'joined') {
              expect(live.has(name)).toBe(false);
              live.set(name, incarnation);
            } else {
              expect(live.get(name)).toBe(incarnation);
              if (kind === 'left') live.delete(name);
            }
          }
        };
        let nowMs = 0;
        for (const { name, incarnation, ready, leaving, sweep, passMs } of steps) {
          nowMs += passMs;
          if (sweep) follow(table.sweep(nowMs));
          try {
            follow(table.hear(beat(name, { incarnation, ready, leaving }), nowMs));
          } catch (error) {
            expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
            expect(live.size).toBe(3);
          }
          expect(
            table
              .live()
              .map((member) => [member.name, member.incarnation])
              .sort(),
          ).toEqual([...live].sort());
          expect(table.members().length).toBeLessThanOrEqual(3);
        }
      }),
      { numRuns: 300 },
    );
  });
});
