/**
 * What the process itself costs: memory, CPU, and how late its event loop runs. Under the names that the dashboards of
 * Prometheus client libraries know.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import type { MetricRegistry } from './metrics.ts';

/** How often the event loop's delay is sampled; its histogram includes this period itself. */
const SAMPLE_MS = 10;

/** The delay's percentile covers at least this time, so that several scrapers do not empty it for one another. */
const WINDOW_MS_MIN = 5000;

/** Registers the metrics of this process. `stop` ends the sampling; the last values stay readable. */
export function observeProcess(registry: MetricRegistry, clock: Clock): { stop(): void } {
  const lag = eventLoopLag(clock);
  registry.observeGauge('process_resident_memory_bytes', 'Resident memory of the process.', [], (report) =>
    report(process.memoryUsage.rss()),
  );
  registry.observeGauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', [], (report) =>
    report(process.memoryUsage().heapUsed),
  );
  registry.observeGauge(
    'nodejs_external_memory_bytes',
    'Memory outside the heap that JavaScript holds.',
    [],
    (report) => report(process.memoryUsage().external),
  );
  registry.observeCounter('process_cpu_seconds_total', 'CPU time used, user and system.', [], (report) => {
    const { user, system } = process.cpuUsage();
    report((user + system) / 1e6);
  });
  const startedSeconds = (clock.wallMs() - process.uptime() * 1000) / 1000;
  registry.observeGauge('process_start_time_seconds', 'When the process started, Unix epoch.', [], (report) =>
    report(startedSeconds),
  );
  registry.observeGauge(
    'nodejs_eventloop_lag_p99_seconds',
    'How late the event loop ran, 99th percentile over the last seconds.',
    [],
    (report) => report(lag.p99Seconds()),
  );
  return { stop: lag.stop };
}

function eventLoopLag(clock: Clock): { p99Seconds(): number; stop(): void } {
  const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delays.enable();
  let windowStartMs = clock.nowMs();
  let seconds = 0;
  return {
    p99Seconds() {
      if (delays.count === 0) return seconds;
      seconds = Math.max(0, delays.percentile(99) / 1e9 - SAMPLE_MS / 1000);
      if (clock.nowMs() - windowStartMs >= WINDOW_MS_MIN) {
        windowStartMs = clock.nowMs();
        delays.reset();
      }
      return seconds;
    },
    stop: () => {
      delays.disable();
    },
  };
}
