/** Whose answers may still come: judged by heartbeats, farewells and open links together. */
import { describe, expect, it } from 'vitest';
import type { Heartbeat } from '../../../../cluster/membership/heartbeat.ts';
import { MemberTable } from '../../../../cluster/membership/member-table.ts';
import { reachableNodes } from '../../../../cluster/membership/reachable.ts';

function beat(name: string, fields: Partial<Heartbeat> = {}): Heartbeat {
  return {
    node: `${name}.i1`,
    name,
    role: 'worker',
    ready: true,
    leaving: false,
    epoch: 0,
    models: [],
    caughtUp: new Uint8Array(0),
    queueDepth: 0,
    device: '',
    httpUrl: '',
    metricsUrl: '',
    weight: 1,
    pid: 1,
    localEndpoint: '',
    ...fields,
  };
}

function reachable(table: MemberTable, linked: string[] = []): string[] {
  return [...reachableNodes(table.members(), (node) => linked.includes(node))].sort();
}

describe('reachable nodes', () => {
  it('are those that are heard, suspects included, with or without a link', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.hear(beat('b', { ready: false }), 350);
    table.sweep(350);
    expect(table.get('a')!.state).toBe('suspect');
    expect(reachable(table)).toEqual(['a.i1', 'b.i1']);
  });

  it('include one that is dead by silence while its link is open, and not longer', () => {
    const table = new MemberTable();
    table.hear(beat('busy'), 0);
    table.hear(beat('gone'), 0);
    table.sweep(700);
    expect(reachable(table, ['busy.i1'])).toEqual(['busy.i1']);
    expect(reachable(table)).toEqual([]);
  });

  it('do not include one that said farewell, though its link is still open', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.hear(beat('a', { leaving: true, ready: false }), 50);
    expect(reachable(table, ['a.i1'])).toEqual([]);
  });

  it('do not include the start that a newer one replaced, though its link is still open', () => {
    const table = new MemberTable();
    table.hear(beat('a'), 0);
    table.hear(beat('a', { node: 'a.i2' }), 50);
    expect(reachable(table, ['a.i1', 'a.i2'])).toEqual(['a.i2']);
  });
});
