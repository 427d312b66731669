/** What an operating-system process has once, however many of the cluster's members live in it. */
import { loadApp } from '../cluster/catalog/load-app.ts';
import type { App } from '../cluster/catalog/views.ts';
import { type Clock, systemClock } from '../cluster/clock.ts';
import type { Config } from '../cluster/config.ts';
import { type Random, systemRandom } from '../cluster/random.ts';
import { MetricRegistry } from '../cluster/telemetry/metrics.ts';
import { observeProcess } from '../cluster/telemetry/process-metrics.ts';
import { startPrometheus } from '../cluster/telemetry/prometheus.ts';
import { Neighbours } from '../cluster/transport/neighbours.ts';
import { packageEntry } from './package-files.ts';

export type Host = {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: MetricRegistry;
  readonly neighbours: Neighbours;
  /** Members that are to live here. */
  readonly membersPlanned: number;
  /** The app, loaded by the first who asks. */
  app(): Promise<App>;
  /** Listens for scrapes from the first call on: not before the members' names are known to be theirs. */
  metricsUrl(): Promise<string>;
  stop(): Promise<void>;
};

export function createHost(config: Config, membersPlanned: number): Host {
  const clock = systemClock;
  const registry = new MetricRegistry({ clock });
  let app: Promise<App> | null = null;
  let prometheus: ReturnType<typeof startPrometheus> | null = null;
  let processMetrics: ReturnType<typeof observeProcess> | null = null;
  return {
    config,
    clock,
    random: systemRandom,
    registry,
    neighbours: new Neighbours(),
    membersPlanned,
    app: () => {
      app ??= loadApp(config.app, packageEntry());
      return app;
    },
    metricsUrl: async () => {
      prometheus ??= startPrometheus({ registry, clock, host: config.host, port: config.metricsPort });
      const { url } = await prometheus;
      processMetrics ??= observeProcess(registry, clock);
      return url;
    },
    stop: async () => {
      processMetrics?.stop();
      await (await prometheus?.catch(() => null))?.stop();
    },
  };
}
