import { describe, expect, it } from 'vitest';
import { chooseTarget } from '../../../../actors/router/choose.ts';
import { RoutingTable } from '../../../../actors/router/routing-table.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import { ServingError } from '../../../../proto/errors.ts';
import { specOf, tensor } from '../../../support/plans.ts';
import { directoryOf, member, routingOf, table } from '../../../support/routing.ts';

const model = (version: string) => specOf({}, [tensor('x', 'FP32', -1, 1)], undefined, { version });
const nodes = (targets: readonly { node: string }[]) => targets.map((target) => target.node);

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof ServingError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'nothing thrown';
}

describe('owners', () => {
  it('are those of the table that are not dead, in the order of the table', () => {
    const routing = routingOf(
      [member('a', 'shard'), member('b', 'shard', { state: 'dead' }), member('c', 'shard', { state: 'suspect' })],
      table(1, [['c', 'b', 'a'], ['b'], ['a', 'b', 'c']]),
    );
    expect(nodes(routing.owners(0))).toEqual(['c.1', 'a.1']);
    expect(routing.owners(0).map((target) => target.suspect)).toEqual([true, false]);
    expect(routing.owners(1)).toEqual([]);
    expect(nodes(routing.owners(2))).toEqual(['a.1', 'c.1']);
    expect(routing.owners(99)).toEqual([]);
    expect(routing.owners(0)[0]!.addressText).toBe('c.1/feature-shard');
  });

  it('are second choice while they are far behind the log, and never refused for it', () => {
    const lagging = { lagging: true };
    const owners = table(1, [['a', 'b'], []]);
    const routing = routingOf([member('a', 'shard', lagging), member('b', 'shard')], owners);
    const chosen = () => chooseTarget(routing.owners(0), [], seededRandom(1))!.node;
    expect(chosen()).toBe('b.1');
    routing.setMembers([member('a', 'shard', lagging), member('b', 'shard', lagging)]);
    expect(routing.owners(0)).toHaveLength(2);
    expect(['a.1', 'b.1']).toContain(chosen());
    routing.setMembers([member('a', 'shard', lagging), member('b', 'shard', { state: 'dead' })]);
    expect(chosen()).toBe('a.1');
    routing.setMembers([member('a', 'shard'), member('b', 'shard')]);
    expect(routing.owners(0).map((target) => target.suspect)).toEqual([false, false]);
  });

  it('are reached under their newest start', () => {
    const routing = routingOf([member('a', 'shard')], table(1, [['a'], ['a']]));
    routing.setMembers([member('a', 'shard', { incarnation: '2' })]);
    expect(nodes(routing.owners(0))).toEqual(['a.2']);
  });

  it('change with a newer table only, whatever order tables come in', () => {
    const routing = routingOf([member('a', 'shard'), member('b', 'shard')], table(5, [['a'], []]));
    routing.setPlacement(table(4, [['b'], []]));
    routing.setPlacement(table(5, [['b'], []]));
    expect([routing.epoch, nodes(routing.owners(0))]).toEqual([5, ['a.1']]);
    routing.setPlacement(table(6, [['b'], []]));
    expect([routing.epoch, nodes(routing.owners(0))]).toEqual([6, ['b.1']]);
    expect(routing.partitions).toBe(1);
  });

  it('are nobody, of no partitions, before there is a table', () => {
    const routing = new RoutingTable(directoryOf());
    expect([routing.epoch, routing.partitions, routing.owners(0)]).toEqual([0, 0, []]);
  });
});

describe('workers of a model', () => {
  it('are those alive that serve it, whether or not they are ready with the rest', () => {
    const models = ['m/1'];
    const routing = routingOf(
      [
        member('w1', 'worker', { models }),
        member('w2', 'worker', { models, ready: false, state: 'joining' }),
        // Draining.
        member('w0', 'worker', { models: [], ready: false }),
        member('w3', 'worker', { models, state: 'dead' }),
        member('w4', 'worker', { models: ['m/2'] }),
        member('s', 'shard', { models }),
        member('g', 'gateway', { models }),
      ],
      null,
    );
    expect(nodes(routing.workers('m/1'))).toEqual(['w1.1', 'w2.1']);
    expect(nodes(routing.workers('m/2'))).toEqual(['w4.1']);
    expect(routing.workers('n/1')).toEqual([]);
  });

  it('keep their counts while they stay, and start anew when they come back from the dead', () => {
    const alive = [member('w', 'worker', { models: ['m/1'] })];
    const routing = routingOf(alive, null);
    const before = routing.workers('m/1')[0]!;
    before.outstanding = 3;
    routing.setMembers([member('w', 'worker', { models: ['m/1'], state: 'suspect' })]);
    expect(routing.workers('m/1')[0]).toBe(before);
    expect(before.suspect).toBe(true);
    routing.setMembers([member('w', 'worker', { state: 'dead' })]);
    routing.setMembers(alive);
    expect(routing.workers('m/1')[0]!.outstanding).toBe(0);
  });
});

describe('the version of a request that names none', () => {
  it('is the newest that a worker serves, by number', () => {
    const members = [member('w', 'worker', { models: ['m/9', 'm/2'] }), member('v', 'worker', { models: ['m/10'] })];
    const routing = routingOf(members, null, model('2'), model('9'), model('10'), model('11'));
    expect(routing.choosePlan('m', undefined).key).toBe('m/10');
    expect(routing.servedVersions('m')).toEqual(['2', '9', '10']);
    routing.setMembers(members.slice(0, 1));
    expect(routing.choosePlan('m', undefined).key).toBe('m/9');
  });

  it('is the newest known while no worker serves any', () => {
    expect(routingOf([], null, model('9'), model('10')).choosePlan('m', undefined).key).toBe('m/10');
  });

  it('does not matter to one that names one', () => {
    const routing = routingOf([member('w', 'worker', { models: ['m/2'] })], null, model('1'), model('2'));
    expect(routing.choosePlan('m', '1').key).toBe('m/1');
  });
});

describe('a model that cannot be served', () => {
  it('is NOT_FOUND where nobody registered it, with what there is', () => {
    const routing = routingOf([], null, model('1'));
    expect(codeOf(() => routing.choosePlan('x', undefined))).toBe("NOT_FOUND: no model 'x'; known are: m");
    expect(codeOf(() => routing.choosePlan('m', '7'))).toBe("NOT_FOUND: model 'm' has no version 7; it has: 1");
  });

  it('is UNAVAILABLE with the reason where it failed to load', () => {
    const directory = directoryOf();
    directory.update('m.3', new TextEncoder().encode(JSON.stringify({ failed: 'not a loadable ONNX model' })));
    const said = codeOf(() => new RoutingTable(directory).choosePlan('m', undefined));
    expect(said).toBe("UNAVAILABLE: model 'm' cannot be served: version 3: not a loadable ONNX model");
  });
});

it('tells its listeners of every change', () => {
  const routing = routingOf([], null);
  let changes = 0;
  routing.onChange(() => changes++);
  routing.setMembers([member('a', 'shard')]);
  routing.setPlacement(table(1, [['a'], []]));
  routing.modelsChanged();
  expect(changes).toBe(3);
});
