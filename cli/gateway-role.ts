/** A gateway: the edges (HTTP, NATS) and the router behind them, in one process. */
import { FeatureIngest } from '../actors/feature-ingest/feature-ingest.ts';
import { type GrpcBridgeOptions, startGrpcBridge } from '../actors/grpc-bridge/server.ts';
import { startHttpBridge } from '../actors/http-bridge/server.ts';
import { startNatsBridge } from '../actors/nats-bridge/nats-bridge.ts';
import { FeatureReads } from '../actors/router/feature-reads.ts';
import { LocalGateway } from '../actors/router/gateway.ts';
import type { ClusterStatus, Gateway } from '../actors/router/gateway-port.ts';
import { ModelTallies } from '../actors/router/model-statistics.ts';
import { Router } from '../actors/router/router.ts';
import { ACTOR_NAMES, RoutingTable } from '../actors/router/routing-table.ts';
import { sleep } from '../cluster/clock.ts';
import { countBits } from '../cluster/membership/bitset.ts';
import { reachableNodes } from '../cluster/membership/reachable.ts';
import { openedWhenAsked } from '../cluster/nats/feature-log.ts';
import { LATENCY_BOUNDARIES_SECONDS } from '../cluster/telemetry/metrics.ts';
import { CALLS, type ClusterProcess } from './cluster-process.ts';
import { startGatewayRollouts } from './gateway-rollouts.ts';
import { routerObserver } from './observers.ts';
import { packageVersion } from './package-files.ts';

/**
 * While draining, HTTP goes on listening for this long at the least: a request that is on its way, or sent and not read
 * yet, is told to go elsewhere instead of being cut off without an answer.
 */
const LINGER_MS = 250;

export type RunningRole = {
  /** Stops taking work, finishes what is under way, releases what the role holds. */
  stop(): Promise<void>;
};

export async function startGatewayRole(cluster: ClusterProcess): Promise<RunningRole> {
  const { config, system, clock, random, tracer, registry, nats, log } = cluster;
  const tallies = new ModelTallies(clock);
  const routing = new RoutingTable(cluster.directory, (node) => cluster.isNear(node));
  const rollouts = await startGatewayRollouts(cluster, routing);
  let router: Router | null = null;
  const routerAddress = system.spawn(
    ACTOR_NAMES.router,
    { mailboxMessagesMax: config.mailboxMessagesMax },
    (context) => {
      // A margin for what a letter carries besides its rows.
      const partBytesMax = Math.floor(cluster.transport.letterBytesMax * 0.9);
      const options = { ...config, partBytesMax };
      const observer = routerObserver(registry, log, tallies);
      router = new Router(context, routing, options, observer, tracer, random, rollouts.router);
      return router;
    },
  );
  let gateway: LocalGateway | null = null;
  const ingest = new FeatureIngest({
    app: cluster.app,
    sink: openedWhenAsked(() => nats.featureLog({ replicas: config.logReplicas })),
    clock,
    partitions: () => cluster.settings.partitions,
    rowsPerMessageMax: 1_000,
    bytesPerMessageMax: nats.payloadBytesMax / 4,
    rowsInFlightMax: 200_000,
    onPushed: pushMetrics(cluster),
  });
  system.spawn('gateway', { mailboxMessagesMax: config.mailboxMessagesMax }, (context) => {
    gateway = new LocalGateway(context, {
      router: routerAddress,
      routing,
      reads: new FeatureReads(context, cluster.app, routing, random),
      ingest,
      tallies,
      status: () => clusterStatus(cluster, routing),
      notReady: () => notReady(cluster, routing),
      tracer,
      requestTimeoutMs: config.requestTimeoutMs,
      requestTimeoutMsMax: config.requestTimeoutMsMax,
    });
    return gateway;
  });
  registry.observeGauge('dovetail_requests_in_flight', 'Predictions in the router.', [], (report) =>
    report(router?.inFlight ?? 0),
  );
  cluster.standing.queueDepth = () => router?.inFlight ?? 0;

  cluster.onChange((what) => {
    const table = cluster.placement();
    if (what === 'placement' && table !== null) routing.setPlacement(table);
    else if (what === 'members') routing.setMembers(cluster.members.members());
    else if (what === 'models') routing.modelsChanged();
    router?.routingChanged(liveNodes(cluster));
    cluster.standing.ready = notReady(cluster, routing).length === 0;
  });
  // What was sent to a process that has probably died goes elsewhere now, not when its heartbeats have been missed.
  cluster.onLinkLost((lost) => {
    const live = liveNodes(cluster);
    live.delete(lost);
    routing.suspect(lost);
    router?.routingChanged(live);
    clock.after(config.deadAfterMs, () => routing.setMembers(cluster.members.members()));
  });
  cluster.transport.listen(CALLS);
  const natsBridge = await startNatsBridge({
    nats,
    gateway: gateway!,
    version: packageVersion(),
    requestsInFlightMax: config.requestsInFlightMax,
  });
  const http = registry.histogram(
    'dovetail_http_request_duration_seconds',
    'HTTP requests.',
    LATENCY_BOUNDARIES_SECONDS,
    ['route', 'status'],
  );
  const bridge = await startHttpBridge({
    gateway: gateway!,
    rollouts: rollouts.desk,
    host: config.host,
    port: config.httpPort,
    clock,
    version: packageVersion(),
    bodyBytesMax: config.bodyBytesMax,
    onRequest: ({ route, status, seconds }) => http.with(route, String(status)).record(seconds),
    onInternalError: (error, requestId) => log.error({ err: error, requestId }, 'internal error at the HTTP edge'),
  });
  const grpcBridge = await startGrpcBridge(grpcOptions(cluster, gateway!)).catch(async (thrown: unknown) => {
    await bridge.close();
    throw thrown;
  });
  registry.observeGauge('dovetail_grpc_message_bytes', 'Bytes of gRPC requests held.', [], (report) =>
    report(grpcBridge.heldBytes()),
  );
  log.info({ http: bridge.url, grpc: grpcBridge.address }, 'listening');
  cluster.standing.httpUrl = bridge.url;
  cluster.heartbeats.announce();
  return {
    stop: async () => {
      cluster.standing.ready = false;
      cluster.heartbeats.announce();
      // First of all, so that nobody is sent here in order to be refused.
      cluster.transport.leaveShared();
      await rollouts.stop();
      await Promise.all([
        bridge.drain(config.drainMs),
        grpcBridge.drain(config.drainMs),
        natsBridge.stop(),
        sleep(clock, LINGER_MS),
      ]);
      router?.drain();
      const untilMs = clock.nowMs() + config.drainMs;
      while ((router?.inFlight ?? 0) > 0 && clock.nowMs() < untilMs) await sleep(clock, 5);
      cluster.transport.flush();
      await Promise.all([bridge.close(), grpcBridge.close()]);
    },
  };
}

function grpcOptions({ config, clock, registry, log }: ClusterProcess, gateway: Gateway): GrpcBridgeOptions {
  const calls = registry.histogram(
    'dovetail_grpc_request_duration_seconds',
    'gRPC requests, those of streams one by one.',
    LATENCY_BOUNDARIES_SECONDS,
    ['method', 'code'],
  );
  return {
    gateway,
    host: config.host,
    port: config.grpcPort,
    clock,
    version: packageVersion(),
    requestTimeoutMs: config.requestTimeoutMs,
    requestTimeoutMsMax: config.requestTimeoutMsMax,
    messageBytesMax: config.bodyBytesMax,
    onRequest: ({ method, code, seconds }) => calls.with(method, code).record(seconds),
    onInternalError: (error, requestId) => log.error({ err: error, requestId }, 'internal error at the gRPC edge'),
  };
}

function liveNodes(cluster: ClusterProcess): Set<string> {
  return reachableNodes(cluster.members.members(), cluster.isLinked);
}

function pushMetrics(cluster: ClusterProcess): (view: string, accepted: number, rejected: number) => void {
  const rows = cluster.registry.counter('dovetail_pushed_rows_total', 'Feature rows pushed, by outcome.', [
    'view',
    'outcome',
  ]);
  return (view, accepted, rejected) => {
    rows.with(view, 'accepted').add(accepted);
    if (rejected > 0) rows.with(view, 'rejected').add(rejected);
  };
}

/** What keeps this gateway from answering, for people; empty when ready. */
function notReady(cluster: ClusterProcess, routing: RoutingTable): string[] {
  const missing: string[] = [];
  if (!cluster.nats.connected) missing.push('NATS is not connected');
  const partitions = routing.partitions;
  if (partitions === 0) missing.push('no placement table yet: waiting for a feature-shard');
  let ownerless = 0;
  for (let partition = 0; partition <= partitions; partition++) if (routing.owners(partition).length === 0) ownerless++;
  if (partitions > 0 && ownerless > 0)
    missing.push(`${ownerless} of ${partitions + 1} partitions have no owner that has caught up`);
  for (const { heartbeat } of ownerless > 0 ? cluster.members.live('shard') : [])
    if (heartbeat.trouble) missing.push(`shard ${heartbeat.name} refuses to serve: ${heartbeat.trouble}`);
  if (!cluster.members.live('worker').some((member) => member.heartbeat.ready))
    missing.push('no model-worker is ready');
  // Not a word about single models: a worker is ready once it has loaded what its app has, and the registry remembers
  // models that no app has any more.
  return missing;
}

function clusterStatus(cluster: ClusterProcess, routing: RoutingTable): ClusterStatus {
  const table = routing.placement;
  const nowMs = cluster.clock.nowMs();
  const owned = new Map<string, number>();
  for (const owners of table?.owners.slice(0, table.partitions) ?? [])
    for (const owner of owners) owned.set(owner, (owned.get(owner) ?? 0) + 1);
  return {
    cluster: cluster.settings.cluster,
    epoch: routing.epoch,
    leader: cluster.leader?.holder() ?? null,
    partitions: cluster.settings.partitions,
    replicas: cluster.settings.replicas,
    members: cluster.members.members().map(({ state, heartbeat, lastHeardMs }) => ({
      node: heartbeat.node,
      name: heartbeat.name,
      role: heartbeat.role,
      state: state === 'joining' ? 'alive' : state,
      ready: heartbeat.ready,
      device: heartbeat.device === '' ? null : heartbeat.device,
      models: heartbeat.models,
      partitions_owned: owned.get(heartbeat.name) ?? 0,
      partitions_caught_up: countBits(heartbeat.caughtUp),
      queue_depth: heartbeat.queueDepth,
      http_url: heartbeat.httpUrl === '' ? null : heartbeat.httpUrl,
      metrics_url: heartbeat.metricsUrl === '' ? null : heartbeat.metricsUrl,
      pid: heartbeat.pid,
      heartbeat_age_ms: Math.round(nowMs - lastHeardMs),
    })),
    models_with_problems: cluster.directory.problems(),
    owners: table?.owners ?? [],
  };
}
