/** The processes that a bench run needs: started once, before the first measurement, stopped after the last. */
import type { BenchContext } from './context.ts';
import { type CoalescedChain, startCoalescedChain } from './limits/coalesced-chain.ts';
import { type ForwardedHops, startForwardedHops } from './limits/forwarded-hops.ts';
import { type RoundTrip, startRoundTrip } from './limits/nats-round-trip.ts';
import type { SectionName } from './options.ts';
import { type Peer, startFastifyRedis } from './peers/fastify-redis/peer.ts';
import { createSystem, type SystemUnderTest } from './system.ts';

export type Parts = {
  readonly roundTrip: RoundTrip | null;
  readonly hops: ForwardedHops | null;
  readonly chain: CoalescedChain | null;
  readonly peer: Peer | null;
  readonly system: SystemUnderTest | null;
  /** The same in one process; null where it is not asked for. */
  readonly colocated: SystemUnderTest | null;
};

export type StopLater = (stop: () => Promise<void>) => void;

/** Starts what the sections need. `stopLater` is told of each part as it starts; `note` of each that is left out. */
export async function startParts(
  context: BenchContext,
  sections: ReadonlySet<SectionName>,
  stopLater: StopLater,
  note: (line: string) => void,
): Promise<Parts> {
  const kept = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const part = await starting;
    stopLater(() => part.stop());
    return part;
  };
  const compared = sections.has('latency') || sections.has('throughput') || sections.has('open-loop');
  return {
    roundTrip: sections.has('nats-round-trip') ? await kept(startRoundTrip(context)) : null,
    hops: sections.has('latency') ? await kept(startForwardedHops(context)) : null,
    chain: sections.has('throughput') ? await kept(startCoalescedChain(context)) : null,
    peer: compared ? await startPeer(context, stopLater, note) : null,
    system: compared ? await startSystem(context, false, stopLater) : null,
    colocated: compared ? await startSystem(context, true, stopLater) : null,
  };
}

async function startPeer(
  context: BenchContext,
  stopLater: StopLater,
  note: (line: string) => void,
): Promise<Peer | null> {
  const peer = await startFastifyRedis(context);
  if ('skipped' in peer) {
    note(`peer fastify-redis left out: ${peer.skipped}`);
    return null;
  }
  stopLater(() => peer.stop());
  return peer;
}

async function startSystem(context: BenchContext, colocate: boolean, stopLater: StopLater): Promise<SystemUnderTest> {
  const system = createSystem(colocate);
  stopLater(() => system.stop());
  await system.start(context);
  return system;
}
