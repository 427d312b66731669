/**
 * The registry as OpenTelemetry sees it: at each collection, every metric as cumulative metric data
 * (https://opentelemetry.io/docs/specs/otel/metrics/data-model/).
 *
 * Only types come from the SDK here. Loading it takes half a second and 35 MB, which a process that exports no traces
 * need not spend; the exporter reads no more than these plain objects.
 */
import { type Attributes, ValueType } from '@opentelemetry/api';
import type { resources, metrics as sdk } from '@opentelemetry/sdk-node';
import type { Clock } from '../clock.ts';
import type { Series } from './labelled.ts';
import type { Histogram } from './metric-handles.ts';
import type { Metric, MetricRegistry } from './metrics.ts';
import { type HrTime, toHrTime } from './wall-time.ts';

// The values of the SDK's enums; a test holds them against the SDK.
export const CUMULATIVE: sdk.AggregationTemporality.CUMULATIVE = 1;
export const HISTOGRAM: sdk.DataPointType.HISTOGRAM = 0;
export const GAUGE: sdk.DataPointType.GAUGE = 2;
export const SUM: sdk.DataPointType.SUM = 3;

const SCOPE = { name: 'dovetail' };

/** Readers that have a resource of their own ignore the producer's. */
const NO_RESOURCE: resources.Resource = {
  attributes: {},
  merge: (other) => other ?? NO_RESOURCE,
  getRawAttributes: () => [],
};

/** A source of metric data for any OpenTelemetry metric reader. One metric that fails leaves out only itself. */
export function metricProducer(registry: MetricRegistry, clock: Clock): sdk.MetricProducer {
  const startTime = toHrTime(registry.startedWallMs);
  return {
    collect() {
      const endTime = toHrTime(clock.wallMs());
      const metrics: sdk.MetricData[] = [];
      const errors: unknown[] = [];
      for (const metric of registry.metrics()) {
        try {
          metrics.push(metricData(metric, startTime, endTime));
        } catch (thrown) {
          registry.countObserveFailure(metric.name);
          errors.push(thrown);
        }
      }
      return Promise.resolve({
        resourceMetrics: { resource: NO_RESOURCE, scopeMetrics: [{ scope: SCOPE, metrics }] },
        errors,
      });
    },
  };
}

function metricData(metric: Metric, startTime: HrTime, endTime: HrTime): sdk.MetricData {
  // The unit stands in the name; repeated here, exporters would write it twice.
  const descriptor = { name: metric.name, description: metric.help, unit: '', valueType: ValueType.DOUBLE };
  const point = <T>(labels: Attributes, value: T): sdk.DataPoint<T> => ({
    startTime,
    endTime,
    attributes: labels,
    value,
  });
  const common = { descriptor, aggregationTemporality: CUMULATIVE };
  if (metric.kind === 'histogram') {
    const boundaries = [...metric.boundaries];
    const dataPoints = metric.series().map((series) => point(series.labels, histogramValue(series, boundaries)));
    return { ...common, dataPointType: HISTOGRAM, dataPoints };
  }
  const dataPoints = metric.series().map((series) => point(series.labels, series.handle.value));
  if (metric.kind === 'gauge') return { ...common, dataPointType: GAUGE, dataPoints };
  return { ...common, dataPointType: SUM, dataPoints, isMonotonic: true };
}

function histogramValue(series: Series<Histogram>, boundaries: number[]): sdk.Histogram {
  const { count, sum, buckets } = series.handle.snapshot();
  return { count, sum, buckets: { boundaries, counts: [...buckets] } };
}
