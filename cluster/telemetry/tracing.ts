/**
 * Spans, recorded after the fact: a hop notes two monotonic times, and when the request is over, and only if it is
 * sampled, its spans are written in one go, off the hot path. Ids are drawn beforehand, so that a message can name the
 * parent of what its receiver will record.
 *
 * The SDK is loaded only when there is somewhere to send spans, and stays out of OpenTelemetry's process-wide globals.
 */
import { hostname } from 'node:os';
import type { Tracer as SdkTracer } from '@opentelemetry/api';
import {
  type Attributes,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { tracing as sdk } from '@opentelemetry/sdk-node';
import type { Clock } from '../clock.ts';
import { type Random, randomHex } from '../random.ts';
import type { MetricRegistry } from './metrics.ts';
import { countingExporter, SpanCounts } from './span-export.ts';
import { idHex, isSpanId, isTraceId } from './trace-context.ts';
import { type TracingSettings, tracingSettings } from './tracing-settings.ts';
import { plusMs, toHrTime, WallAnchor } from './wall-time.ts';

/** How long a shutdown waits for the collector. */
export const SHUTDOWN_MS_MAX = 3000;

/** 16 bytes or 32 hex digits; 8 bytes or 16 hex digits for a span. */
export type Id = string | Uint8Array;

export type SpanRecord = {
  /** What was done, of few values: `router.predict`, never with an id in it. */
  readonly name: string;
  /** The trace, and the span this one is part of; without `spanId` it is the root of the trace. */
  readonly parent: { readonly traceId: Id; readonly spanId?: Id | undefined };
  /** An id from `newSpanId` that others have been told already; drawn when absent. */
  readonly spanId?: Id | undefined;
  /** Monotonic ms, of the clock given to `startTracing`. */
  readonly startMs: number;
  readonly endMs: number;
  /** `server` where a call comes in, `client` where one goes out, `producer` and `consumer` around a queue. */
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Entries that are undefined are left out. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /** Spans this one belongs with though they are not its parents, such as the requests in a batch. */
  readonly links?: readonly { readonly traceId: Id; readonly spanId: Id }[];
  /** What failed, for people; the span is marked as an error. */
  readonly error?: string | undefined;
};

export interface Tracer {
  /** Whether spans go anywhere. */
  readonly enabled: boolean;
  /** Whether to trace a request: as its caller decided, or by the ratio when there is none. Always false when off. */
  decideSampled(parentSampled?: boolean): boolean;
  /** 32 hex digits; drawn for unsampled requests too, since answers and logs carry it. */
  newTraceId(): string;
  /** 16 hex digits, for a span that is recorded later. */
  newSpanId(): string;
  /** Records a finished span and returns its id. Never throws for ids from outside: what is not an id is counted. */
  span(record: SpanRecord): string;
  /** Sends what is queued, for 3 s at most; what is left then is counted as dropped. Never rejects. */
  shutdown(): Promise<void>;
}

export type TracingOptions = {
  /** Stands unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise. */
  readonly serviceName: string;
  /** Becomes `service.instance.id`. */
  readonly nodeName: string;
  /** Base URL; by default OTEL_EXPORTER_OTLP_ENDPOINT. Neither set: tracing is off. */
  readonly otlpEndpoint?: string | undefined;
  /** From 0 to 1; by default OTEL_TRACES_SAMPLER, else 0.01. */
  readonly sampleRatio?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: MetricRegistry;
  /** Called when exports begin to fail and when they work again. */
  readonly warn?: (message: string) => void;
};

/** Rejects with INVALID_ARGUMENT for settings that cannot be followed; a collector that is down is not an error. */
export async function startTracing(options: TracingOptions): Promise<Tracer> {
  const settings = tracingSettings(options, process.env);
  if (settings === null) return TRACING_OFF;
  const [{ tracing, resources }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const counts = new SpanCounts(options.registry, settings.queueSpansMax);
  const exporter = new OTLPTraceExporter({ url: settings.url });
  const counted = countingExporter(exporter, counts, settings.url, options.warn ?? (() => {}));
  const ids = new ChosenIds();
  const provider = new tracing.BasicTracerProvider({
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes(resourceAttributes(options)))
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    // What reaches the SDK has been sampled already, whatever OTEL_TRACES_SAMPLER says about the rest.
    sampler: new tracing.AlwaysOnSampler(),
    idGenerator: ids,
    spanProcessors: [
      new tracing.BatchSpanProcessor(counted, {
        maxQueueSize: settings.queueSpansMax,
        maxExportBatchSize: settings.batchSpansMax,
        scheduledDelayMillis: settings.exportPeriodMs,
      }),
    ],
  });
  return new ExportingTracer(options, settings, provider, ids, counts);
}

/** Draws ids like any tracer, so that nobody has to ask whether tracing is on; records nothing. */
/** What `startTracing` gives where no collector is named. */
export const TRACING_OFF: Tracer = {
  enabled: false,
  decideSampled: () => false,
  newTraceId: () => randomHex(16),
  newSpanId: () => randomHex(8),
  span: (record) => (record.spanId === undefined ? randomHex(8) : idHex(record.spanId)),
  shutdown: () => Promise.resolve(),
};

/** Not the command line, which the SDK's process detector would add: it may hold credentials. */
function resourceAttributes(options: TracingOptions): Attributes {
  return {
    'service.name': options.serviceName,
    'service.instance.id': options.nodeName,
    'host.name': hostname(),
    'process.pid': process.pid,
  };
}

/** Gives the SDK the ids we chose: set right before the span is started, which asks for them synchronously. */
class ChosenIds implements sdk.IdGenerator {
  traceId = '';
  spanId = '';

  generateTraceId(): string {
    return this.traceId;
  }

  generateSpanId(): string {
    return this.spanId;
  }
}

class ExportingTracer implements Tracer {
  readonly enabled = true;
  readonly #sampleRatio: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #anchor: WallAnchor;
  readonly #provider: sdk.BasicTracerProvider;
  readonly #tracer: SdkTracer;
  readonly #ids: ChosenIds;
  readonly #counts: SpanCounts;
  #stopped: Promise<void> | null = null;

  constructor(
    options: TracingOptions,
    settings: TracingSettings,
    provider: sdk.BasicTracerProvider,
    ids: ChosenIds,
    counts: SpanCounts,
  ) {
    this.#sampleRatio = settings.sampleRatio;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#anchor = new WallAnchor(options.clock);
    this.#provider = provider;
    this.#tracer = provider.getTracer('dovetail');
    this.#ids = ids;
    this.#counts = counts;
  }

  decideSampled(parentSampled?: boolean): boolean {
    return parentSampled ?? this.#random.next() < this.#sampleRatio;
  }

  newTraceId(): string {
    return randomHex(16);
  }

  newSpanId(): string {
    return randomHex(8);
  }

  span(record: SpanRecord): string {
    const traceId = idHex(record.parent.traceId);
    const spanId = record.spanId === undefined ? randomHex(8) : idHex(record.spanId);
    const parentSpanId = record.parent.spanId === undefined ? undefined : idHex(record.parent.spanId);
    const valid = isTraceId(traceId) && isSpanId(spanId) && (parentSpanId === undefined || isSpanId(parentSpanId));
    if (!valid) this.#counts.drop('invalid_trace', 1);
    else if (this.#stopped !== null) this.#counts.drop('shutdown', 1);
    else if (this.#counts.admit()) this.#record(record, traceId, spanId, parentSpanId);
    return spanId;
  }

  #record(record: SpanRecord, traceId: string, spanId: string, parentSpanId: string | undefined): void {
    this.#anchor.refresh();
    const start = toHrTime(record.startMs + this.#anchor.offsetMs);
    const end = plusMs(start, Math.max(0, record.endMs - record.startMs));
    this.#ids.traceId = traceId;
    this.#ids.spanId = spanId;
    const context =
      parentSpanId === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, sampledContext(traceId, parentSpanId));
    const span = this.#tracer.startSpan(
      record.name,
      {
        kind: KINDS[record.kind ?? 'internal'],
        startTime: start,
        attributes: record.attributes as Attributes | undefined,
        links: linksOf(record),
      },
      context,
    );
    if (record.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: record.error });
    span.end(end);
  }

  shutdown(): Promise<void> {
    this.#stopped ??= this.#flush();
    return this.#stopped;
  }

  async #flush(): Promise<void> {
    // A failed export is counted where it happens; a shutdown has nobody left to tell.
    const flushed = this.#provider.shutdown().catch(() => {});
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(SHUTDOWN_MS_MAX, resolve);
      flushed.then(() => {
        timer.cancel();
        resolve();
      });
    });
    this.#counts.abandon();
  }
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** One malformed link would make the collector refuse everything sent with it, so such links are left out. */
function linksOf(record: SpanRecord): Link[] {
  const links: Link[] = [];
  for (const link of record.links ?? []) {
    const traceId = idHex(link.traceId);
    const spanId = idHex(link.spanId);
    if (isTraceId(traceId) && isSpanId(spanId)) links.push({ context: sampledContext(traceId, spanId) });
  }
  return links;
}

function sampledContext(traceId: string, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}
