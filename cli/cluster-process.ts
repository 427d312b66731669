/**
 * What every member of a cluster has, whatever its role: NATS, actors and their transport, heartbeats, the placement
 * table, the model directory and tracing. Roles are built on it (`*-role.ts`). Nearly always it is all that its process
 * is there for; with `--colocate` several members share a process and what that has once (`host.ts`).
 */

import { ActorSystem } from '../cluster/actors/actor-system.ts';
import { ModelDirectory } from '../cluster/catalog/model-directory.ts';
import { registerSchemas } from '../cluster/catalog/schema-registry.ts';
import type { App } from '../cluster/catalog/views.ts';
import type { Clock } from '../cluster/clock.ts';
import { type ClusterSettings, joinSettings } from '../cluster/cluster-settings.ts';
import { type Config, SETTINGS } from '../cluster/config.ts';
import type { KeyValue } from '../cluster/key-value.ts';
import { createLog, type Log } from '../cluster/log.ts';
import type { Heartbeat } from '../cluster/membership/heartbeat.ts';
import { Heartbeats } from '../cluster/membership/heartbeats.ts';
import { newIncarnation, nodeOf } from '../cluster/membership/incarnation.ts';
import { MemberTable } from '../cluster/membership/member-table.ts';
import { connectNats, type NatsLink } from '../cluster/nats/nats-link.ts';
import { Leader } from '../cluster/placement/leader.ts';
import { PlacementPublisher } from '../cluster/placement/placement-publisher.ts';
import type { PlacementTable } from '../cluster/placement/placement-table.ts';
import { decodeTable } from '../cluster/placement/table-codec.ts';
import type { Random } from '../cluster/random.ts';
import type { MetricRegistry } from '../cluster/telemetry/metrics.ts';
import { startTracing, type Tracer } from '../cluster/telemetry/tracing.ts';
import { LocalLinks } from '../cluster/transport/local-links.ts';
import { Transport } from '../cluster/transport/transport.ts';
import type { ServingError } from '../proto/errors.ts';
import { dovetail } from '../proto/generated/messages.js';
import {
  BUCKETS,
  CALL_SUBJECT,
  CANCEL_SUBJECT,
  GATEWAY_QUEUE_GROUP,
  HEARTBEAT_SUBJECT,
  LEASE_KEY,
  PLACEMENT_KEY,
} from '../proto/subjects.ts';
import { decodeHeartbeat, holdName, refuseTakenNames } from './claim-names.ts';
import type { Host } from './host.ts';
import { transportMetrics } from './observers.ts';

/** What a role says of itself in heartbeats; the role changes it as it goes. */
export type Standing = {
  ready: boolean;
  /** Serves, but from a replica that is far behind the log. */
  lagging?: boolean;
  models: string[];
  caughtUp: Uint8Array;
  queueDepth: () => number;
  device: string;
  httpUrl: string;
  weight: number;
  /** Why it cannot serve what it should, for people; cut where it is long. */
  trouble: string;
};

const TROUBLE_CHARS_MAX = 400;

export type Role = 'gateway' | 'shard' | 'worker';

export type ClusterProcess = {
  readonly config: Config;
  readonly role: Role;
  readonly name: string;
  readonly node: string;
  readonly app: App;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly nats: NatsLink;
  readonly settings: ClusterSettings;
  readonly system: ActorSystem;
  readonly transport: Transport;
  readonly members: MemberTable;
  readonly heartbeats: Heartbeats;
  readonly directory: ModelDirectory;
  readonly models: KeyValue;
  readonly registry: MetricRegistry;
  readonly tracer: Tracer;
  readonly standing: Standing;
  readonly leader: Leader | null;
  placement(): PlacementTable | null;
  /** Calls back after each change of members, placement or models, all of which it passes on at first. */
  onChange(listener: (what: 'members' | 'placement' | 'models') => void): void;
  /** Calls back with each change of a registry entry; `value` is null when it is gone. */
  onModelEntry(listener: (registryKey: string, value: Uint8Array | null) => void): void;
  /** Whether other members live in this process. */
  readonly sharesProcess: boolean;
  /** Whether the member lives in this very process. */
  isNear(node: string): boolean;
  /** Whether a direct link shows the process to be there, even when it is too busy to send heartbeats. */
  isLinked(node: string): boolean;
  /** Calls back when the direct link to a process breaks: it has probably died, ahead of what heartbeats say. */
  onLinkLost(listener: (node: string) => void): void;
  /** Rejects once something happens that only a new process cures. */
  readonly fatal: Promise<never>;
  /** Makes it reject. */
  raiseFatal(error: Error): void;
  /** Says farewell, stops the actors, lets NATS go. */
  stop(): Promise<void>;
};

export async function startClusterProcess(host: Host, role: Role, name: string): Promise<ClusterProcess> {
  const { config, clock, random, registry, neighbours } = host;
  const node = nodeOf(name, newIncarnation(clock.wallMs(), random));
  const log = createLog({ level: config.logLevel, node });
  const connecting = connectNats({
    url: config.natsUrl,
    name: node,
    clock,
    log,
    credentialsFile: config.natsCredentials === '' ? undefined : config.natsCredentials,
    nkeySeedFile: config.natsNkey === '' ? undefined : config.natsNkey,
    tlsCaFile: config.natsTlsCa === '' ? undefined : config.natsTlsCa,
    connectTimeoutMs: 5_000,
  });
  // Before this process listens anywhere, opens anything or is heard of; while the app is loaded.
  const named = connecting.then(async (nats) => {
    const advice = 'stop that process, or give this one another --name';
    await refuseTakenNames({ nats, clock, config, names: [name], advice });
    holdName(nats, name);
    return nats;
  });
  const [app, nats] = await Promise.all([host.app(), named]);
  const metricsUrl = await host.metricsUrl();
  const tracer = await startTracing({
    serviceName: `dovetail-${role}`,
    nodeName: node,
    sampleRatio: config.traceSampleRatio === '' ? undefined : Number(config.traceSampleRatio),
    clock,
    random,
    registry,
    warn: (message) => log.warn({}, message),
  });
  const [clusterKv, leaseKv, models] = await Promise.all([
    nats.keyValue(BUCKETS.cluster),
    nats.keyValue(BUCKETS.lease),
    nats.keyValue(BUCKETS.models),
  ]);
  const wanted = { cluster: config.cluster, partitions: config.partitions, replicas: config.replicas };
  const settings = await joinSettings(clusterKv, wanted, config.partitions !== SETTINGS.partitions.default);
  await registerSchemas(clusterKv, app);

  let raiseFatal: (error: Error) => void = () => {};
  const fatal = new Promise<never>((_, reject) => {
    raiseFatal = reject;
  });
  fatal.catch(() => {});

  const listeners: ((what: 'members' | 'placement' | 'models') => void)[] = [];
  const changed = (what: 'members' | 'placement' | 'models') => {
    for (const listener of listeners) listener(what);
  };

  let transport: Transport | null = null;
  const system = new ActorSystem({
    node,
    clock,
    log,
    remote: { tell: (to, message) => neighbours.tell(to, message) ?? transport!.tell(to, message) },
    onEscalate: (actor, cause) => raiseFatal(new Error(`actor '${actor}' keeps failing: ${String(cause)}`)),
    onDeadLetter: deadLetters(registry),
  });
  const lostListeners: ((node: string) => void)[] = [];
  const links = new LocalLinks({
    clock,
    log,
    frameBytesMax: nats.payloadBytesMax,
    bufferedBytesMax: 16 * 1024 * 1024,
    onEnvelope: (bytes) => transport!.receive(bytes),
    onLost: (lost) => {
      for (const listener of lostListeners) listener(lost);
    },
  });
  if (config.localLinks === 'on') await links.listen();
  transport = new Transport({
    node,
    wire: nats,
    links,
    clock,
    log,
    envelopeBytesMax: Math.min(config.envelopeBytesMax, nats.payloadBytesMax / 4),
    deliver: (toActor, message) => system.deliver(toActor, message),
    onTurnEnd: () => system.run(),
    metrics: transportMetrics(registry),
  });

  const standing: Standing = {
    ready: false,
    models: [],
    caughtUp: new Uint8Array(0),
    queueDepth: () => 0,
    device: '',
    httpUrl: '',
    weight: 1,
    trouble: '',
  };
  const members = new MemberTable({
    heartbeatMs: config.heartbeatMs,
    suspectAfterMs: config.suspectAfterMs,
    deadAfterMs: config.deadAfterMs,
  });
  let table: PlacementTable | null = null;
  let leaving = false;
  const heartbeats = new Heartbeats({
    clock,
    table: members,
    node,
    name,
    own: () => ownHeartbeat(role, name, node, standing, leaving, table?.epoch ?? 0, metricsUrl, links.endpoint),
    encode: (heartbeat) => dovetail.Heartbeat.encode(heartbeat as unknown as dovetail.Heartbeat.$Properties).finish(),
    decode: decodeHeartbeat,
    publish: (bytes) => {
      nats.publish(HEARTBEAT_SUBJECT, bytes);
    },
    onEvents: () => {
      // The silent too: a link that stays open says that a process is busy, not gone.
      const others = members
        .members()
        .map(({ heartbeat }) => ({ node: heartbeat.node, endpoint: heartbeat.localEndpoint }));
      links.setPeers(others.filter((other) => other.node !== node && !neighbours.has(other.node)));
      changed('members');
    },
    // An ordinary failure, after which `up` starts this process again: that start listens first, and ends for good if
    // the other one lives. Deciding it here would let one stray heartbeat take the whole cluster down.
    onSuperseded: (by) =>
      raiseFatal(new Error(`a newer process has taken the name '${name}' (${by}); give each its own --name`)),
    onError: (error) => log.debug({ err: error }, 'heartbeat'),
  });
  nats.subscribe(HEARTBEAT_SUBJECT, (bytes) => heartbeats.receive(bytes));
  nats.onConnectionChange((connected) => {
    if (connected) heartbeats.grace();
  });

  const directory = new ModelDirectory(app, (key, problem) =>
    log.warn({ key }, `registry entry '${key}' is ignored: ${problem}`),
  );
  // Deaf to the store, this process would act on what it knew for good. A new one opens it, or makes it, anew.
  const onWatchEnded = (error: ServingError) => raiseFatal(error);
  const entryListeners: ((registryKey: string, value: Uint8Array | null) => void)[] = [];
  await models.watch(
    '>',
    (key, value) => {
      directory.update(key, value);
      changed('models');
      for (const listener of entryListeners) listener(key, value);
    },
    onWatchEnded,
  );
  await clusterKv.watch(
    PLACEMENT_KEY,
    (_key, value) => {
      if (value === null) return;
      const latest = decodeTable(value);
      // The leader replaces one that is older or of another cluster; acting on it would take epochs back.
      if (latest.partitions !== settings.partitions || latest.epoch <= (table?.epoch ?? 0)) return;
      table = latest;
      changed('placement');
    },
    onWatchEnded,
  );

  // Workers come and go with models and devices; routers and shards keep the placement.
  const leader =
    role === 'worker'
      ? null
      : new Leader({ keyValue: leaseKv, clock, key: LEASE_KEY, self: node, leaseMs: config.leaseMs });
  const publisher = new PlacementPublisher({
    keyValue: clusterKv,
    key: PLACEMENT_KEY,
    clock,
    isLeader: () => leader?.isLeader() ?? false,
    shards: () => members.live('shard'),
    settings: { partitions: settings.partitions, replicas: settings.replicas },
    acting: () => table,
    periodMs: config.heartbeatMs,
    onPublished: (published) => log.info({ epoch: published.epoch }, 'placement published'),
    onError: (error) => log.warn({ err: error }, 'placement table cannot be read or published'),
  });

  neighbours.join(system);
  heartbeats.start();
  leader?.start();
  publisher.start();
  return {
    config,
    role,
    name,
    node,
    app,
    clock,
    random,
    log,
    nats,
    settings,
    system,
    transport,
    members,
    heartbeats,
    directory,
    models,
    registry,
    tracer,
    standing,
    leader,
    placement: () => table,
    onChange: (listener) => {
      listeners.push(listener);
      listener('models');
      listener('members');
      listener('placement');
    },
    onModelEntry: (listener) => {
      entryListeners.push(listener);
    },
    sharesProcess: host.membersPlanned > 1,
    isNear: (other) => neighbours.has(other),
    isLinked: (other) => neighbours.has(other) || links.isOpen(other),
    onLinkLost: (listener) => {
      lostListeners.push(listener);
    },
    fatal,
    raiseFatal,
    stop: async () => {
      leaving = true;
      publisher.stop();
      await leader?.stop();
      heartbeats.stop();
      system.stop();
      neighbours.leave(system);
      transport.stop();
      await links.close();
      await nats.drain();
      await tracer.shutdown();
    },
  };
}

/** Joins the queue group through which callers with the client in the package reach a router. */
export const CALLS = [{ subject: CALL_SUBJECT, queueGroup: GATEWAY_QUEUE_GROUP }, { subject: CANCEL_SUBJECT }];

function ownHeartbeat(
  role: Role,
  name: string,
  node: string,
  standing: Standing,
  leaving: boolean,
  epoch: number,
  metricsUrl: string,
  localEndpoint: string,
): Heartbeat {
  return {
    node,
    name,
    role,
    ready: standing.ready && !leaving,
    leaving,
    epoch,
    models: standing.models,
    caughtUp: standing.caughtUp,
    queueDepth: standing.queueDepth(),
    device: standing.device,
    httpUrl: standing.httpUrl,
    metricsUrl,
    weight: standing.weight,
    pid: process.pid,
    localEndpoint,
    trouble: standing.trouble.slice(0, TROUBLE_CHARS_MAX),
    lagging: standing.lagging === true,
  };
}

function deadLetters(registry: MetricRegistry): (reason: string) => void {
  const counter = registry.counter('dovetail_dead_letters_total', 'Messages that could not be delivered to an actor.', [
    'reason',
  ]);
  return (reason) => counter.with(reason).add();
}
