/** A gateway's part in rollouts: follows the entries, reports what its router counts, and moves them on if it leads. */
import { EventTeller } from '../actors/router/rollout/event-teller.ts';
import type { ArmObserver, RolloutObserver } from '../actors/router/rollout/request-arm.ts';
import { RolloutController } from '../actors/router/rollout/rollout-controller.ts';
import { RolloutDesk } from '../actors/router/rollout/rollout-desk.ts';
import { RolloutEntries } from '../actors/router/rollout/rollout-entries.ts';
import type { RolloutPort } from '../actors/router/rollout/rollout-port.ts';
import { RouterRollouts } from '../actors/router/rollout/router-rollouts.ts';
import type { RoutingTable } from '../actors/router/routing-table.ts';
import { Leader } from '../cluster/placement/leader.ts';
import { eventOf } from '../cluster/rollout/decide.ts';
import { encodeReport, Reports } from '../cluster/rollout/report.ts';
import { isActive, type RolloutEntry } from '../cluster/rollout/rollout.ts';
import type { Counter } from '../cluster/telemetry/metric-handles.ts';
import { LATENCY_BOUNDARIES_SECONDS, type MetricRegistry } from '../cluster/telemetry/metrics.ts';
import { BUCKETS, ROLLOUT_LEASE_KEY, ROLLOUT_REPORT_SUBJECT, rolloutEventSubject } from '../proto/subjects.ts';
import type { ClusterProcess } from './cluster-process.ts';

const PERIOD_MS = 500;
/** Copies under way are at most this share of the requests that a router takes. */
const COPIES_SHARE = 1 / 16;

export type GatewayRollouts = {
  readonly router: RouterRollouts;
  readonly desk: RolloutPort;
  stop(): Promise<void>;
};

export async function startGatewayRollouts(cluster: ClusterProcess, routing: RoutingTable): Promise<GatewayRollouts> {
  const { config, clock, nats, log, node, random, registry, directory } = cluster;
  const [keyValue, leases] = await Promise.all([nats.keyValue(BUCKETS.rollouts), nats.keyValue(BUCKETS.lease)]);
  const entries = new RolloutEntries((model, error) => log.warn({ err: error, model }, 'rollout entry is ignored'));
  const reports = new Reports((error) => log.debug({ err: error }, 'rollout report is ignored'));
  const router = new RouterRollouts({
    routing,
    random,
    node,
    observer: rolloutObserver(registry),
    copiesMax: Math.max(1, Math.floor(config.requestsInFlightMax * COPIES_SHARE)),
  });
  registry.observeGauge(
    'dovetail_rollout_share_ratio',
    'Share of the users who get the candidate, or whose requests are copied to it.',
    ['model', 'version'],
    (report) => {
      for (const [model, version, percent] of router.percents()) report(percent / 100, model, version);
    },
  );
  entries.onChange((model, entry) => {
    router.update(model, entry);
    if (!isActive(entry?.rollout ?? null)) reports.forget(model);
  });
  const publish = (model: string, entry: RolloutEntry) => publishEvent(cluster, model, entry);
  await entries.follow(keyValue, cluster.name, clock, cluster.raiseFatal);
  const teller = new EventTeller({ entries, clock, publish });
  const hearing = [
    nats.subscribe(ROLLOUT_REPORT_SUBJECT, (bytes) => reports.receive(bytes)),
    nats.subscribe(rolloutEventSubject('*'), (bytes) => hearEvent(teller, bytes)),
  ];
  const reporting = clock.every(PERIOD_MS, () => {
    teller.look();
    for (const report of router.reports()) nats.publish(ROLLOUT_REPORT_SUBJECT, encodeReport(report));
  });
  const onError = (error: unknown) => log.warn({ err: error }, 'rollouts cannot be moved on');
  const { leaseMs } = config;
  const lease = new Leader({ keyValue: leases, clock, key: ROLLOUT_LEASE_KEY, self: node, leaseMs, onError });
  const controller = new RolloutController({
    entries,
    keyValue,
    reports,
    lease,
    clock,
    periodMs: PERIOD_MS,
    publish,
    onError,
  });
  controller.start();
  const versions = {
    known: (model: string) => directory.versions(model),
    served: (model: string) => routing.servedVersions(model),
    plan: (model: string, version: string) => routing.plan(`${model}/${version}`),
    missing: (model: string, version: string | undefined) => routing.missing(model, version),
  };
  return {
    router,
    desk: new RolloutDesk({ entries, keyValue, reports, versions, clock, publish }),
    stop: async () => {
      reporting.cancel();
      for (const one of hearing) one.stop();
      await controller.stop();
    },
  };
}

function publishEvent({ nats, log }: ClusterProcess, model: string, entry: RolloutEntry): void {
  const event = eventOf(entry);
  if (event === null || entry.rollout === null) return;
  const { id, kind, baseline, candidate, status } = entry.rollout;
  const told = { model, rollout: id, rollout_kind: kind, baseline, candidate, status, ...event };
  nats.publish(rolloutEventSubject(model), new TextEncoder().encode(JSON.stringify(told)));
  log.info(told, `rollout of '${model}': ${event.kind}`);
}

/** What makes no sense on that subject was said by somebody else, and concerns nobody. */
function hearEvent(teller: EventTeller, bytes: Uint8Array): void {
  try {
    const { model, rollout, seq } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof model === 'string' && typeof rollout === 'string' && typeof seq === 'number') {
      teller.heard(model, rollout, seq);
    }
  } catch {
    return;
  }
}

function rolloutObserver(registry: MetricRegistry): RolloutObserver {
  const labels = ['model', 'version', 'arm'] as const;
  const requests = registry.counter('dovetail_rollout_requests_total', 'Requests in rollouts, by arm and outcome.', [
    ...labels,
    'code',
  ]);
  const duration = registry.histogram(
    'dovetail_rollout_request_duration_seconds',
    'From the router taking a request to its answer, by arm of a rollout.',
    LATENCY_BOUNDARIES_SECONDS,
    labels,
  );
  const sheds = registry.counter('dovetail_rollout_copies_shed_total', 'Copies for a candidate that were not made.', [
    'model',
    'reason',
  ]);
  return {
    arm: (model, version, arm): ArmObserver => {
      const seconds = duration.with(model, version, arm);
      const codes = new Map<string, Counter>();
      return {
        answered: (code, took) => {
          let counter = codes.get(code);
          if (counter === undefined) {
            counter = requests.with(model, version, arm, code);
            codes.set(code, counter);
          }
          counter.add();
          seconds.record(took);
        },
      };
    },
    shed: (model, reason) => sheds.with(model, reason).add(),
  };
}
