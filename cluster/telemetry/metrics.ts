/**
 * The metrics of one process: names are registered here once, recorded through handles, read at each scrape.
 * Naming rules are Prometheus's (https://prometheus.io/docs/practices/naming/), so that a metric appears under exactly
 * the name it was registered with.
 */
import { invalid } from '../../proto/errors.ts';
import type { Clock } from '../clock.ts';
import { Labelled, labelsOf, type Series } from './labelled.ts';
import { BucketSearch, Counter, Gauge, Histogram } from './metric-handles.ts';

/** From 50 µs to 10 s, closest around the milliseconds in which predictions are answered. */
export const LATENCY_BOUNDARIES_SECONDS: readonly number[] = [
  0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1,
  0.25, 0.5, 1, 2.5, 5, 10,
];

/** Powers of two from 1 to 4096, as batches grow. */
export const ROWS_BOUNDARIES: readonly number[] = Array.from({ length: 13 }, (_, i) => 2 ** i);

/** Series a metric may have before what is new shares one labelled `other`. */
export const SERIES_MAX_DEFAULT = 1000;

const BOUNDARIES_MAX = 200;

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** The exporter, or the histogram format, gives these endings a meaning of their own. */
const SUFFIX_RESERVED = /_(total|count|sum|bucket)$/;

/** One value a user or a request: each would make a series without end. `le` is the histogram's own. */
const LABEL_REFUSED = new Set(['user_id', 'entity_key', 'request_id', 'trace_id', 'span_id', 'le']);

/** Called at each scrape; reports the values there are then. Values not reported again are gone from the scrape. */
export type Observe = (report: (value: number, ...labelValues: readonly string[]) => void) => void;

type Described = { readonly name: string; readonly help: string; readonly labelNames: readonly string[] };

/** A registered metric, as the exporter reads it. `series()` may throw what an observer throws. */
export type Metric = Described &
  (
    | { readonly kind: 'counter' | 'gauge'; series(): readonly Series<{ readonly value: number }>[] }
    | { readonly kind: 'histogram'; readonly boundaries: readonly number[]; series(): readonly Series<Histogram>[] }
  );

type Registered = { readonly shape: string; readonly metric: Metric; readonly handles: unknown };

export class MetricRegistry {
  /** When counting began, in ms since the Unix epoch. */
  readonly startedWallMs: number;
  readonly #registered = new Map<string, Registered>();
  readonly #seriesMax: number;
  readonly #labelsDropped: Labelled<Counter>;
  readonly #valuesRefused: Counter;
  readonly #observeFailures: Labelled<Counter>;

  constructor(options: { readonly clock: Clock; readonly seriesMax?: number }) {
    this.startedWallMs = options.clock.wallMs();
    this.#seriesMax = options.seriesMax ?? SERIES_MAX_DEFAULT;
    this.#valuesRefused = new Counter(null);
    this.#add('dovetail_metric_values_refused_total', 'Values not recorded: not finite, or negative in a counter.', {
      kind: 'counter',
      labelNames: [],
      series: () => [{ labels: {}, handle: this.#valuesRefused }],
    });
    this.#labelsDropped = this.#countByMetric(
      'dovetail_metric_labels_dropped_total',
      'Uses of label values that found no room and were counted under "other", by metric.',
    );
    this.#observeFailures = this.#countByMetric(
      'dovetail_metric_observe_failures_total',
      'Scrapes at which a metric could not be read, by metric.',
    );
  }

  /** A counter; `name` ends in `_total`. With label names, `.with(...)` gives the handle. */
  counter(name: string, help: string): Counter;
  counter<const Names extends readonly string[]>(name: string, help: string, labels: Names): Labelled<Counter, Names>;
  counter(name: string, help: string, labelNames: readonly string[] = []): Counter | Labelled<Counter> {
    return this.#register('counter', name, help, labelNames, () => new Counter(this.#valuesRefused));
  }

  /** A gauge that is set; `name` ends in its unit (`_seconds`, `_bytes`, `_rows`) where it has one. */
  gauge(name: string, help: string): Gauge;
  gauge<const Names extends readonly string[]>(name: string, help: string, labels: Names): Labelled<Gauge, Names>;
  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge | Labelled<Gauge> {
    return this.#register('gauge', name, help, labelNames, () => new Gauge());
  }

  /** A histogram over finite, strictly ascending upper `boundaries`, in the unit that ends `name`. */
  histogram(name: string, help: string, boundaries: readonly number[]): Histogram;
  histogram<const Names extends readonly string[]>(
    name: string,
    help: string,
    boundaries: readonly number[],
    labels: Names,
  ): Labelled<Histogram, Names>;
  histogram(
    name: string,
    help: string,
    boundaries: readonly number[],
    labelNames: readonly string[] = [],
  ): Histogram | Labelled<Histogram> {
    checkBoundaries(name, boundaries);
    const search = new BucketSearch(boundaries);
    const make = () => new Histogram(search, this.#valuesRefused);
    return this.#register('histogram', name, help, labelNames, make, boundaries);
  }

  /** A gauge read at the scrape, for what is kept elsewhere anyway. An observer that throws is counted. */
  observeGauge(name: string, help: string, labelNames: readonly string[], observe: Observe): void {
    this.#observed('gauge', name, help, labelNames, observe);
  }

  /** A counter read at the scrape; what is reported must only grow. */
  observeCounter(name: string, help: string, labelNames: readonly string[], observe: Observe): void {
    this.#observed('counter', name, help, labelNames, observe);
  }

  /** Every metric, in the order of registration. */
  metrics(): Metric[] {
    return Array.from(this.#registered.values(), (entry) => entry.metric);
  }

  /** Notes that reading `metric` failed at a scrape. */
  countObserveFailure(metric: string): void {
    this.#observeFailures.with(metric).add(1);
  }

  #register<Handle extends Counter | Gauge | Histogram>(
    kind: Metric['kind'],
    name: string,
    help: string,
    labelNames: readonly string[],
    make: () => Handle,
    boundaries: readonly number[] = [],
  ): Handle | Labelled<Handle> {
    // Two actors of one process may register the same metric; both record into it.
    const shape = `${kind}(${labelNames.join()}) ${boundaries.join()}`;
    const before = this.#registered.get(name);
    if (before !== undefined) {
      if (before.shape === shape) return before.handles as Handle | Labelled<Handle>;
      throw invalid(`metric ${name} is already registered as ${before.shape}; give the new one another name`);
    }
    const labelled = new Labelled<Handle>(name, labelNames, make, this.#seriesMax, this.#dropCounter(name));
    const handles = labelNames.length === 0 ? labelled.with() : labelled;
    const series = () => labelled.series();
    const described = { kind, labelNames, boundaries, series } as unknown as Metric;
    this.#add(name, help, described, { shape, handles });
    return handles;
  }

  #observed(
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    labelNames: readonly string[],
    observe: Observe,
  ): void {
    if (this.#registered.has(name)) throw invalid(`metric ${name} is already registered; it can have one observer`);
    const dropped = this.#dropCounter(name);
    const series = () => {
      const found: Series<{ readonly value: number }>[] = [];
      observe((value, ...labelValues) => {
        if (found.length >= this.#seriesMax) dropped.add(1);
        else found.push({ labels: labelsOf(labelNames, labelValues), handle: { value } });
      });
      return found;
    };
    this.#add(name, help, { kind, labelNames, series });
  }

  #add(
    name: string,
    help: string,
    metric: Omit<Metric, 'name' | 'help'>,
    registered: Omit<Registered, 'metric'> = { shape: `observed ${metric.kind}`, handles: null },
  ): void {
    checkNames(metric.kind, name, metric.labelNames);
    this.#registered.set(name, { ...registered, metric: { ...metric, name, help } as Metric });
  }

  #dropCounter(name: string): Counter {
    return this.#labelsDropped.with(name);
  }

  /** A counter with one series a metric: bounded by what is registered, so it needs no counter of its own drops. */
  #countByMetric(name: string, help: string): Labelled<Counter> {
    const make = () => new Counter(this.#valuesRefused);
    const labelled = new Labelled<Counter>(name, ['metric'], make, Number.POSITIVE_INFINITY, make());
    this.#add(name, help, { kind: 'counter', labelNames: ['metric'], series: () => labelled.series() });
    return labelled;
  }
}

function checkNames(kind: Metric['kind'], name: string, labelNames: readonly string[]): void {
  if (!NAME.test(name)) throw invalid(`metric name ${name} must be words of a-z and 0-9 joined by single underscores`);
  if (kind === 'counter' && !name.endsWith('_total')) throw invalid(`counter ${name} must end in _total`);
  if (kind !== 'counter' && SUFFIX_RESERVED.test(name)) {
    throw invalid(`${kind} ${name} must not end in _total, _count, _sum or _bucket; end it in its unit`);
  }
  if (new Set(labelNames).size !== labelNames.length) throw invalid(`metric ${name} names a label twice`);
  for (const label of labelNames) {
    if (!NAME.test(label))
      throw invalid(`label ${label} of ${name} must be words of a-z and 0-9 joined by underscores`);
    if (LABEL_REFUSED.has(label)) {
      throw invalid(`label ${label} of ${name} has too many values for a metric; put it in the trace or the log`);
    }
  }
}

function checkBoundaries(name: string, boundaries: readonly number[]): void {
  const ascending = boundaries.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > boundaries[i - 1]!));
  if (boundaries.length === 0 || boundaries.length > BOUNDARIES_MAX || !ascending) {
    throw invalid(`histogram ${name} needs 1 to ${BOUNDARIES_MAX} finite boundaries, each above the one before`);
  }
}
