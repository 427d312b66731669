/** A routing table for tests: members and owners in a line each. */
import { RoutingTable } from '../../actors/router/routing-table.ts';
import { ModelDirectory } from '../../cluster/catalog/model-directory.ts';
import { encodeModelSpec, type ModelSpec } from '../../cluster/catalog/model-spec.ts';
import type { Member, MemberState } from '../../cluster/membership/member-table.ts';
import type { PlacementTable } from '../../cluster/placement/placement-table.ts';
import { app } from './plans.ts';

export type MemberOptions = {
  readonly state?: MemberState;
  readonly ready?: boolean;
  readonly lagging?: boolean;
  readonly models?: readonly string[];
  readonly incarnation?: string;
};

export function member(name: string, role: string, options: MemberOptions = {}): Member {
  const incarnation = options.incarnation ?? '1';
  return {
    name,
    incarnation,
    state: options.state ?? 'alive',
    firstHeardMs: 0,
    lastHeardMs: 0,
    heartbeat: {
      node: `${name}.${incarnation}`,
      name,
      role,
      ready: options.ready ?? true,
      leaving: false,
      epoch: 1,
      models: options.models ?? [],
      caughtUp: new Uint8Array(0),
      queueDepth: 0,
      device: '',
      httpUrl: '',
      metricsUrl: '',
      weight: 1,
      pid: 1,
      localEndpoint: '',
      lagging: options.lagging ?? false,
    },
  };
}

/** `owners`: of each partition, the last entry being `everywhere`. */
export function table(epoch: number, owners: readonly (readonly string[])[]): PlacementTable {
  return { epoch, partitions: owners.length - 1, replicas: 2, owners, targets: owners };
}

export function directoryOf(...specs: readonly ModelSpec[]): ModelDirectory {
  const directory = new ModelDirectory(app);
  for (const spec of specs) directory.update(`${spec.manifest.name}.${spec.version}`, encodeModelSpec(spec));
  return directory;
}

export function routingOf(
  members: readonly Member[],
  placement: PlacementTable | null,
  ...specs: readonly ModelSpec[]
): RoutingTable {
  const routing = new RoutingTable(directoryOf(...specs));
  routing.setMembers(members);
  if (placement !== null) routing.setPlacement(placement);
  return routing;
}
