/** Which processes may still answer what was sent to them. */
import type { Member } from './member-table.ts';

/**
 * Nodes of the members whose answers may still come. A long run of a model keeps a worker from sending heartbeats: new
 * requests wait meanwhile, but what it is working on is not taken from it while its link shows that it is there. One
 * that said farewell has finished what it had; its link only closes a little later.
 */
export function reachableNodes(members: readonly Member[], isLinked: (node: string) => boolean): Set<string> {
  const nodes = new Set<string>();
  for (const { state, heartbeat } of members) {
    if (state !== 'dead' || (!heartbeat.leaving && isLinked(heartbeat.node))) nodes.add(heartbeat.node);
  }
  return nodes;
}
