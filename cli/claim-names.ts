/**
 * Names in the cluster, taken only where they are free: `node` looks for a living holder of its own before it sends its
 * first heartbeat, `up` for those of all the processes that it is about to start.
 */
import { type Clock, sleep } from '../cluster/clock.ts';
import type { Config } from '../cluster/config.ts';
import type { Heartbeat } from '../cluster/membership/heartbeat.ts';
import { newIncarnation, nodeOf } from '../cluster/membership/incarnation.ts';
import { NameClaim } from '../cluster/membership/name-claim.ts';
import type { NatsLink } from '../cluster/nats/nats-link.ts';
import { Leader } from '../cluster/placement/leader.ts';
import type { Random } from '../cluster/random.ts';
import { ServingError } from '../proto/errors.ts';
import { dovetail } from '../proto/generated/messages.js';
import { BUCKETS, HEARTBEAT_SUBJECT, nameSubject, START_LEASE_KEY } from '../proto/subjects.ts';
import { NameTakenError } from './command.ts';

const POLL_MS = 10;
/** Status with which a NATS server answers a request that nobody subscribes to. */
const NO_RESPONDERS = '503';
/** Beyond its draining time, what a process takes to say farewell. */
const FAREWELL_MS = 1_000;

export type ClaimOptions = {
  readonly nats: NatsLink;
  readonly clock: Clock;
  readonly config: Config;
  readonly names: readonly string[];
  /** What to do about a name that is taken: the end of the error message. */
  readonly advice: string;
};

export function decodeHeartbeat(bytes: Uint8Array): Heartbeat {
  return dovetail.Heartbeat.decode(bytes) as unknown as Heartbeat;
}

/** Shows newcomers, for as long as this process is connected, that `name` has somebody. */
export function holdName(nats: NatsLink, name: string): void {
  nats.subscribe(nameSubject(name), () => {});
}

/**
 * Resolves once no living process has one of `names`: at once where NATS says that nobody holds them, as after a process
 * that was killed a moment ago, whose connection has closed with it. A holder that only seems connected must be silent
 * for as long as it takes to be given up; one that is draining is waited for, as a start right after a stop has to.
 * Rejects with NameTakenError, which says who has the name.
 */
export async function refuseTakenNames(options: ClaimOptions): Promise<void> {
  const { nats, clock, config } = options;
  if (!(await anyHeld(options))) return;
  const untilMs = clock.nowMs() + config.drainMs + FAREWELL_MS;
  let listening: NameClaim | null = null;
  nats.onConnectionChange((connected) => {
    if (connected) listening?.listenAnew();
  });
  for (;;) {
    listening = newClaim(options);
    const holder = await livingHolder(options, listening).finally(() => {
      listening = null;
    });
    if (holder === null) return;
    // Processes take requests until they drain, and say so; one that is only starting will say `ready` soon.
    if (holder.ready || clock.nowMs() > untilMs) throw taken(holder, options);
  }
}

async function anyHeld({ nats, config, names }: ClaimOptions): Promise<boolean> {
  return (await Promise.all(names.map((name) => isHeld(nats, name, config.heartbeatMs)))).includes(true);
}

/** Whether anybody subscribes to the name's subject. NATS itself answers for nobody, with a status; a holder does not. */
async function isHeld(nats: NatsLink, name: string, timeoutMs: number): Promise<boolean> {
  try {
    await nats.request(nameSubject(name), new Uint8Array(0), { timeoutMs });
    return true;
  } catch (thrown) {
    const cause = thrown instanceof ServingError ? (thrown.cause as { code?: unknown } | undefined) : undefined;
    // Any other failure says nothing about the name: then the heartbeats have to.
    return cause?.code !== NO_RESPONDERS;
  }
}

function newClaim({ nats, clock, config, names }: ClaimOptions): NameClaim {
  return new NameClaim({
    clock,
    names,
    heartbeatMs: config.heartbeatMs,
    listenMs: Math.max(3 * config.heartbeatMs, config.deadAfterMs),
    decode: decodeHeartbeat,
    settle: () => nats.flush(),
  });
}

/** A process that is heard to have one of the names; null once all are silent, or nobody holds them any more. */
async function livingHolder(options: ClaimOptions, claim: NameClaim): Promise<Heartbeat | null> {
  const { nats, clock, config } = options;
  let over = false;
  const subscription = nats.subscribe(HEARTBEAT_SUBJECT, (bytes) => claim.receive(bytes));
  try {
    const released = async (): Promise<null> => {
      do await sleep(clock, config.heartbeatMs / 2);
      while (!over && (await anyHeld(options)));
      return null;
    };
    return await Promise.race([claim.holder(), released()]);
  } finally {
    over = true;
    subscription.stop();
  }
}

function taken(holder: Heartbeat, { config, names, advice }: ClaimOptions): NameTakenError {
  const where = holder.metricsUrl === '' ? '' : `, ${holder.metricsUrl}`;
  const who = `${holder.node} (${holder.role}, pid ${holder.pid}${where})`;
  const which = names.length === 1 ? 'the name' : `one of the names that this start needs,`;
  return new NameTakenError(
    `${which} '${holder.name}' is taken ${config.natsUrl === '' ? 'here' : `at ${config.natsUrl}`} by ${who}, which is alive; ${advice}`,
  );
}

/**
 * Of several `up` on one NATS that start together, lets one go on: they need the same names, and each of their processes
 * would find some of its names free and others taken. Resolves, holding the others off, once no name is taken; rejects
 * with NameTakenError, or with UNAVAILABLE where the lease cannot be had.
 */
export async function claimStart(
  options: ClaimOptions & { readonly random: Random },
): Promise<{ release(): Promise<void> }> {
  const { nats, clock, config, random, advice } = options;
  let failure: unknown = null;
  const lease = new Leader({
    keyValue: await nats.keyValue(BUCKETS.lease),
    clock,
    key: START_LEASE_KEY,
    self: nodeOf('up', newIncarnation(clock.wallMs(), random)),
    leaseMs: config.leaseMs,
    onError: (error) => {
      failure = error;
    },
  });
  lease.start();
  try {
    // A start that was killed leaves a lease that is free after twice its length.
    const untilMs = clock.nowMs() + 3 * config.leaseMs;
    while (!lease.isLeader()) {
      if (clock.nowMs() > untilMs) {
        if (failure !== null) throw failure;
        const who = lease.holder() ?? 'unknown';
        throw new NameTakenError(`another 'dovetail up' is starting at ${config.natsUrl} (${who}); ${advice}`);
      }
      await sleep(clock, POLL_MS);
    }
    await refuseTakenNames(options);
    return { release: () => lease.stop() };
  } catch (thrown) {
    await lease.stop();
    throw thrown instanceof ServingError
      ? thrown
      : new ServingError('UNAVAILABLE', 'edge', String(thrown), { cause: thrown });
  }
}
