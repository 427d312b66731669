import { core, metrics as sdk } from '@opentelemetry/sdk-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../cluster/clock.ts';
import { OTHER } from '../../../../cluster/telemetry/labelled.ts';
import { BucketSearch, Counter, Histogram } from '../../../../cluster/telemetry/metric-handles.ts';
import { CUMULATIVE, GAUGE, HISTOGRAM, metricProducer, SUM } from '../../../../cluster/telemetry/metric-producer.ts';
import { LATENCY_BOUNDARIES_SECONDS, MetricRegistry, ROWS_BOUNDARIES } from '../../../../cluster/telemetry/metrics.ts';
import { EXPORT_FAILED, EXPORT_SUCCESS } from '../../../../cluster/telemetry/span-export.ts';

const registryOf = (seriesMax?: number) => new MetricRegistry({ clock: new ManualClock(), seriesMax });

const valuesOf = (registry: MetricRegistry, name: string): Record<string, unknown> =>
  Object.fromEntries(
    registry
      .metrics()
      .find((metric) => metric.name === name)!
      .series()
      .map((series) => [Object.values(series.labels).join(), (series.handle as { value: number }).value]),
  );

const naiveBucket = (boundaries: readonly number[], value: number): number => {
  const at = boundaries.findIndex((bound) => value <= bound);
  return at === -1 ? boundaries.length : at;
};

describe('buckets', () => {
  it('hold their upper boundary, and not the next number above it', () => {
    for (const boundaries of [LATENCY_BOUNDARIES_SECONDS, ROWS_BOUNDARIES]) {
      const search = new BucketSearch(boundaries);
      boundaries.forEach((bound, i) => {
        expect(search.indexOf(bound)).toBe(i);
        expect(search.indexOf(bound * (1 + Number.EPSILON))).toBe(i + 1);
        expect(search.indexOf(bound * (1 - Number.EPSILON))).toBe(i);
      });
      expect(search.indexOf(0)).toBe(0);
      expect(search.indexOf(-1)).toBe(0);
      expect(search.indexOf(Number.MAX_VALUE)).toBe(boundaries.length);
    }
  });

  it('are those of a plain search, for any boundaries and values', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const ascending = fc
      .uniqueArray(fc.oneof(number, fc.double({ min: 1e-6, max: 100, noNaN: true })), { minLength: 1, maxLength: 40 })
      .map((all) => [...new Set(all.map((bound) => bound + 0))].sort((a, b) => a - b));
    fc.assert(
      fc.property(ascending, fc.array(number, { maxLength: 50 }), (boundaries, values) => {
        const search = new BucketSearch(boundaries);
        for (const value of [...values, ...boundaries]) {
          expect(search.indexOf(value)).toBe(naiveBucket(boundaries, value));
        }
      }),
    );
  });
});

describe('a histogram', () => {
  it('has the count, sum and buckets of adding up naively', () => {
    const records = fc.array(fc.tuple(fc.double({ min: 0, max: 20, noNaN: true }), fc.nat(1000)), { maxLength: 100 });
    fc.assert(
      fc.property(records, (recorded) => {
        const histogram = new Histogram(new BucketSearch(LATENCY_BOUNDARIES_SECONDS), new Counter(null));
        const buckets = new Array(LATENCY_BOUNDARIES_SECONDS.length + 1).fill(0);
        let sum = 0;
        for (const [value, count] of recorded) {
          histogram.recordMany(value, count);
          buckets[naiveBucket(LATENCY_BOUNDARIES_SECONDS, value)] += count;
          sum += value * count;
        }
        const count = recorded.reduce((total, [, n]) => total + n, 0);
        expect(histogram.snapshot()).toEqual({ count, sum, buckets });
      }),
    );
  });

  it('refuses what would spoil its sum or its counts, and says how often', () => {
    const registry = registryOf();
    const histogram = registry.histogram('a_seconds', 'A.', [1, 2]);
    histogram.record(1.5);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) histogram.record(value);
    for (const count of [-1, 0.5, Number.NaN]) histogram.recordMany(1, count);
    expect(histogram.snapshot()).toEqual({ count: 1, sum: 1.5, buckets: [0, 1, 0] });
    expect(valuesOf(registry, 'dovetail_metric_values_refused_total')).toEqual({ '': 6 });
  });
});

describe('a counter', () => {
  it('never goes down', () => {
    const registry = registryOf();
    const counter = registry.counter('a_total', 'A.');
    counter.add(2);
    counter.add();
    for (const n of [-1, Number.NaN, Number.POSITIVE_INFINITY]) counter.add(n);
    expect(counter.value).toBe(3);
    expect(valuesOf(registry, 'dovetail_metric_values_refused_total')).toEqual({ '': 3 });
  });
});

describe('labels', () => {
  it('lead to the same handle each time, and to another for each combination', () => {
    const requests = registryOf().counter('requests_total', 'R.', ['model', 'outcome']);
    const ok = requests.with('fraud', 'ok');
    expect(requests.with('fraud', 'ok')).toBe(ok);
    expect(requests.with('ok', 'fraud')).not.toBe(ok);
    expect(requests.with('fraud', 'error')).not.toBe(ok);
  });

  it('share one series labelled "other" past the bound, and no use is lost', () => {
    const values = fc.array(fc.tuple(fc.nat(12).map(String), fc.nat(3).map(String)), { maxLength: 100 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 20 }), (uses, seriesMax) => {
        const registry = registryOf(seriesMax);
        const counter = registry.counter('uses_total', 'U.', ['a', 'b']);
        const known = new Set<string>();
        let dropped = 0;
        for (const [a, b] of uses) {
          if (known.size < seriesMax) known.add(`${a},${b}`);
          if (!known.has(`${a},${b}`)) dropped++;
          counter.with(a, b).add(1);
        }
        const counted = valuesOf(registry, 'uses_total') as Record<string, number>;
        expect(new Set(Object.keys(counted).filter((key) => key !== `${OTHER},${OTHER}`))).toEqual(known);
        expect(counted[`${OTHER},${OTHER}`] ?? 0).toBe(dropped);
        expect(Object.values(counted).reduce((total, n) => total + n, 0)).toBe(uses.length);
        expect(valuesOf(registry, 'dovetail_metric_labels_dropped_total')['uses_total']).toBe(dropped);
      }),
    );
  });

  it('of great length get no series of their own, and take no room from the others', () => {
    const registry = registryOf(2);
    const counter = registry.counter('uses_total', 'U.', ['a']);
    for (const value of ['x'.repeat(1000), 'one', 'two', 'three']) counter.with(value).add(1);
    expect(valuesOf(registry, 'uses_total')).toEqual({ [OTHER]: 2, one: 1, two: 1 });
  });

  it('that have a value a user or a request are refused', () => {
    for (const label of ['user_id', 'entity_key', 'request_id', 'trace_id']) {
      expect(() => registryOf().counter('a_total', 'A.', [label])).toThrow(/too many values/);
    }
    expect(() => registryOf().histogram('a_seconds', 'A.', [1], ['le'])).toThrow(/too many values/);
  });

  it('given in the wrong number are refused', () => {
    const counter = registryOf().counter('a_total', 'A.', ['a', 'b'] as readonly string[]);
    counter.with('x', 'y').add(1);
    expect(() => counter.with('x')).toThrow(/takes 2 label values, not 1/);
    expect(() => counter.with('x', 'y', 'z')).toThrow(/takes 2 label values, not 3/);
  });
});

describe('registering', () => {
  it('the same metric twice gives the same handle, so that two actors record into one', () => {
    const registry = registryOf();
    expect(registry.counter('a_total', 'A.')).toBe(registry.counter('a_total', 'A.'));
    expect(registry.histogram('a_rows', 'A.', [1, 2], ['b'])).toBe(registry.histogram('a_rows', 'A.', [1, 2], ['b']));
  });

  it('another metric under a name in use is refused', () => {
    const registry = registryOf();
    registry.histogram('a_seconds', 'A.', [1, 2]);
    expect(() => registry.histogram('a_seconds', 'A.', [1, 3])).toThrow(/already registered/);
    expect(() => registry.gauge('a_seconds', 'A.')).toThrow(/already registered/);
    expect(() => registry.observeGauge('a_seconds', 'A.', [], () => {})).toThrow(/already registered/);
  });

  it.each(['requests', 'Requests_total', 'a__b_total', '_a_total', 'a.b_total', 'a-b_total', '9a_total', ''])(
    'a counter named %j is refused',
    (name) => {
      expect(() => registryOf().counter(name, 'A.')).toThrow(/metric name|must end in _total/);
    },
  );

  it('names that the exporter would change or confuse are refused', () => {
    for (const name of ['a_total', 'a_count', 'a_sum', 'a_bucket']) {
      expect(() => registryOf().gauge(name, 'A.')).toThrow(/must not end in/);
      expect(() => registryOf().histogram(name, 'A.', [1])).toThrow(/must not end in/);
    }
  });

  it.each([[[]], [[1, 1]], [[2, 1]], [[Number.NaN]], [[1, Number.POSITIVE_INFINITY]]])(
    'boundaries %j are refused',
    (boundaries) => {
      expect(() => registryOf().histogram('a_seconds', 'A.', boundaries)).toThrow(/boundaries/);
    },
  );
});

describe('collecting', () => {
  it('gives cumulative data from the start of the registry to now', async () => {
    const clock = new ManualClock(0, 1_700_000_000_000);
    const registry = new MetricRegistry({ clock });
    registry.counter('a_total', 'A.').add(4);
    registry.histogram('b_rows', 'B.', [1, 2], ['model']).with('fraud').recordMany(2, 3);
    clock.advance(1500);
    const { resourceMetrics, errors } = await metricProducer(registry, clock).collect();
    expect(errors).toEqual([]);
    const found = resourceMetrics.scopeMetrics[0]!.metrics.slice(-2);
    const times = { startTime: [1_700_000_000, 0], endTime: [1_700_000_001, 500_000_000] };
    expect(found).toMatchObject([
      {
        descriptor: { name: 'a_total', description: 'A.' },
        dataPointType: sdk.DataPointType.SUM,
        aggregationTemporality: sdk.AggregationTemporality.CUMULATIVE,
        isMonotonic: true,
        dataPoints: [{ ...times, attributes: {}, value: 4 }],
      },
      {
        descriptor: { name: 'b_rows' },
        dataPointType: sdk.DataPointType.HISTOGRAM,
        aggregationTemporality: sdk.AggregationTemporality.CUMULATIVE,
        dataPoints: [
          {
            ...times,
            attributes: { model: 'fraud' },
            value: { count: 3, sum: 6, buckets: { boundaries: [1, 2], counts: [0, 3, 0] } },
          },
        ],
      },
    ]);
  });

  it('reads observed metrics afresh, and leaves out only the one that fails', async () => {
    const registry = registryOf();
    let depths: [string, number][] = [['a', 1]];
    registry.observeGauge('queue_rows', 'Q.', ['queue'], (report) => {
      for (const [queue, depth] of depths) report(depth, queue);
    });
    registry.observeGauge('broken_rows', 'B.', [], () => {
      throw new Error('not now');
    });
    const collect = async () => {
      const { resourceMetrics, errors } = await metricProducer(registry, new ManualClock()).collect();
      const names = resourceMetrics.scopeMetrics[0]!.metrics.map((metric) => metric.descriptor.name);
      return { errors, names };
    };
    const first = await collect();
    expect(first.errors).toHaveLength(1);
    expect(first.names).toContain('queue_rows');
    expect(first.names).not.toContain('broken_rows');
    expect(valuesOf(registry, 'dovetail_metric_observe_failures_total')).toEqual({ broken_rows: 1 });
    expect(valuesOf(registry, 'queue_rows')).toEqual({ a: 1 });
    depths = [['b', 2]];
    expect(valuesOf(registry, 'queue_rows')).toEqual({ b: 2 });
  });

  it('uses the numbers that the SDK gives its enums', () => {
    expect([CUMULATIVE, SUM, GAUGE, HISTOGRAM]).toEqual([
      sdk.AggregationTemporality.CUMULATIVE,
      sdk.DataPointType.SUM,
      sdk.DataPointType.GAUGE,
      sdk.DataPointType.HISTOGRAM,
    ]);
    expect([EXPORT_SUCCESS, EXPORT_FAILED]).toEqual([core.ExportResultCode.SUCCESS, core.ExportResultCode.FAILED]);
  });
});
