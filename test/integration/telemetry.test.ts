/**
 * Telemetry against its real consumers' protocols: the exporter's text scraped over HTTP and parsed, and the spans as
 * an OTLP collector receives and decodes them.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, ManualClock, sleep, systemClock } from '../../cluster/clock.ts';
import { seededRandom, systemRandom } from '../../cluster/random.ts';
import { LATENCY_BOUNDARIES_SECONDS, MetricRegistry } from '../../cluster/telemetry/metrics.ts';
import { observeProcess } from '../../cluster/telemetry/process-metrics.ts';
import { startPrometheus } from '../../cluster/telemetry/prometheus.ts';
import { idBytes } from '../../cluster/telemetry/trace-context.ts';
import { startTracing, type Tracer, type TracingOptions } from '../../cluster/telemetry/tracing.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

// ---- Prometheus -----------------------------------------------------------------------------------------------------

type Family = {
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
};

/** The text format 0.0.4, strictly: every sample stands under the HELP and TYPE of its family. */
function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const help = /^# HELP ([a-z_0-9]+) (.*)$/.exec(line);
    const type = /^# TYPE ([a-z_0-9]+) (counter|gauge|histogram)$/.exec(line);
    if (help !== null) {
      if (families.has(help[1]!)) throw new Error(`family ${help[1]} stands twice`);
      family = { type: '', help: help[2]!, samples: [] };
      families.set(help[1]!, family);
    } else if (type !== null) {
      families.get(type[1]!)!.type = type[2]!;
    } else {
      const sample = /^([a-z_0-9]+)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
      if (sample === null || family === undefined) throw new Error(`not a sample: ${line}`);
      const labels = [...(sample[2] ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
      const value = sample[3] === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample[3]);
      family.samples.push({
        name: sample[1]!,
        labels: Object.fromEntries(labels.map(([, name, text]) => [name, JSON.parse(`"${text}"`)])),
        value,
      });
    }
  }
  return families;
}

async function serve(registry: MetricRegistry) {
  const server = await startPrometheus({ registry, clock: systemClock, host: '127.0.0.1', port: 0 });
  cleanups.push(() => server.stop());
  const scrape = async () => parseExposition(await (await fetch(server.url)).text());
  return { server, scrape };
}

describe('a scrape', () => {
  it('shows every metric under its own name, with its type, its help and its labels', async () => {
    const registry = new MetricRegistry({ clock: systemClock });
    registry.counter('dovetail_requests_total', 'Requests \\ answered.\nBy outcome.', ['model', 'outcome']);
    const requests = registry.counter('dovetail_requests_total', '', ['model', 'outcome']);
    requests.with('fraud', 'ok').add(3);
    requests.with('quote " slash \\ line \n end', 'error').add();
    registry.gauge('dovetail_queue_rows', 'Rows waiting.').set(-7.5);
    const { scrape } = await serve(registry);

    const families = await scrape();
    expect(families.get('dovetail_requests_total')).toEqual({
      type: 'counter',
      help: 'Requests \\\\ answered.\\nBy outcome.',
      samples: [
        { name: 'dovetail_requests_total', labels: { model: 'fraud', outcome: 'ok' }, value: 3 },
        {
          name: 'dovetail_requests_total',
          labels: { model: 'quote " slash \\ line \n end', outcome: 'error' },
          value: 1,
        },
      ],
    });
    expect(families.get('dovetail_queue_rows')).toEqual({
      type: 'gauge',
      help: 'Rows waiting.',
      samples: [{ name: 'dovetail_queue_rows', labels: {}, value: -7.5 }],
    });
  });

  it('shows a histogram with cumulative buckets that end in +Inf, and its sum and count', async () => {
    const registry = new MetricRegistry({ clock: systemClock });
    const latency = registry.histogram('dovetail_stage_seconds', 'S.', LATENCY_BOUNDARIES_SECONDS, ['stage']);
    const values = [0.00001, 0.00005, 0.0004, 0.0004, 0.002, 3, 100];
    for (const value of values) latency.with('queue').record(value);
    const { scrape } = await serve(registry);

    const { type, samples } = (await scrape()).get('dovetail_stage_seconds')!;
    expect(type).toBe('histogram');
    const buckets = samples.filter((sample) => sample.name === 'dovetail_stage_seconds_bucket');
    expect(buckets).toHaveLength(LATENCY_BOUNDARIES_SECONDS.length + 1);
    for (const { labels, value } of buckets) {
      const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']);
      expect(labels['stage']).toBe('queue');
      expect(value).toBe(values.filter((each) => each <= bound).length);
    }
    expect(buckets.at(-1)!.labels['le']).toBe('+Inf');
    const single = (name: string) => samples.find((sample) => sample.name === name)?.value;
    expect(single('dovetail_stage_seconds_count')).toBe(values.length);
    expect(single('dovetail_stage_seconds_sum')).toBeCloseTo(103.00286, 9);
    expect(samples).toHaveLength(buckets.length + 2);
  });

  it('follows what is recorded between two scrapes, and survives a metric that cannot be read', async () => {
    const registry = new MetricRegistry({ clock: systemClock });
    const rows = registry.counter('dovetail_rows_total', 'R.');
    registry.observeGauge('dovetail_broken_rows', 'B.', [], () => {
      throw new Error('not now');
    });
    const { scrape } = await serve(registry);
    const read = async () => (await scrape()).get('dovetail_rows_total')?.samples[0]?.value;
    expect(await read()).toBe(0);
    rows.add(5);
    expect(await read()).toBe(5);
    const failures = (await scrape()).get('dovetail_metric_observe_failures_total')!;
    expect(failures.samples).toMatchObject([{ labels: { metric: 'dovetail_broken_rows' }, value: 2 }]);
  });

  it('shows what the process costs, and that its event loop was blocked', async () => {
    const registry = new MetricRegistry({ clock: systemClock });
    const observed = observeProcess(registry, systemClock);
    cleanups.push(() => observed.stop());
    const { scrape } = await serve(registry);
    await sleep(systemClock, 60);
    const untilMs = systemClock.nowMs() + 250;
    while (systemClock.nowMs() < untilMs);
    await sleep(systemClock, 30);

    const families = await scrape();
    const value = (name: string) => families.get(name)!.samples[0]!.value;
    expect(value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0.2);
    expect(value('nodejs_eventloop_lag_p99_seconds')).toBeLessThan(5);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(value('nodejs_heap_size_used_bytes'));
    expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
    expect(families.get('process_cpu_seconds_total')!.type).toBe('counter');
    expect(value('process_cpu_seconds_total')).toBeGreaterThan(0.2);
    expect(Math.abs(value('process_start_time_seconds') - (Date.now() / 1000 - process.uptime()))).toBeLessThan(2);
  });

  it('is answered on /metrics alone, and only to GET', async () => {
    const { server } = await serve(new MetricRegistry({ clock: systemClock }));
    const status = async (path: string, method: string) => (await fetch(new URL(path, server.url), { method })).status;
    expect(await status('/metrics?x=1', 'GET')).toBe(200);
    expect(await status('/', 'GET')).toBe(404);
    expect(await status('/metrics/x', 'GET')).toBe(404);
    expect(await status('/metrics', 'POST')).toBe(405);
  });
});

describe('the metrics port', () => {
  it('that is taken is an error that names the flag', async () => {
    const registry = new MetricRegistry({ clock: systemClock });
    const { server } = await serve(registry);
    const again = startPrometheus({ registry, clock: systemClock, host: '127.0.0.1', port: server.port });
    await expect(again).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`${server.port}.*taken.*--metrics-port`)),
    });
  });

  it('is free again after the stop', async () => {
    const registry = new MetricRegistry({ clock: systemClock });
    const first = await startPrometheus({ registry, clock: systemClock, host: '127.0.0.1', port: 0 });
    await fetch(first.url);
    await first.stop();
    await expect(fetch(first.url)).rejects.toThrow();
    const second = await startPrometheus({ registry, clock: systemClock, host: '127.0.0.1', port: first.port });
    await second.stop();
  });
});

// ---- OTLP -----------------------------------------------------------------------------------------------------------

// The fields that are asserted, from opentelemetry/proto/trace/v1/trace.proto.
const exportRequest = protobuf
  .parse(
    `syntax = "proto3";
    message Request { repeated ResourceSpans resource_spans = 1; }
    message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
    message Resource { repeated KeyValue attributes = 1; }
    message ScopeSpans { repeated Span spans = 2; }
    message Span {
      bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; uint32 kind = 6;
      fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
      repeated Link links = 13; Status status = 15;
    }
    message Link { bytes trace_id = 1; bytes span_id = 2; }
    message Status { string message = 2; uint32 code = 3; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue {
      oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
        ArrayValue array_value = 5; }
    }
    message ArrayValue { repeated AnyValue values = 1; }`,
  )
  .root.lookupType('Request');

type Value = {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: Value[] };
};
type Attributes = { key: string; value: Value }[];
type WireSpan = {
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId?: Buffer;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: Attributes;
  links?: { traceId: Buffer; spanId: Buffer }[];
  status?: { message?: string; code?: number };
};
type WireRequest = {
  resourceSpans: { resource: { attributes: Attributes }; scopeSpans: { spans: WireSpan[] }[] }[];
};

const plain = (value: Value): unknown => value.arrayValue?.values.map(plain) ?? Object.values(value)[0];
const toRecord = (attributes: Attributes = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));

/** An OTLP/HTTP collector. `status` is what it answers; null: nothing, ever. */
class Collector {
  status: number | null = 200;
  readonly spans: WireSpan[] = [];
  resource: Record<string, unknown> = {};
  headers: IncomingHttpHeaders = {};
  paths: string[] = [];
  readonly #server: Server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    this.paths.push(`${request.method} ${request.url}`);
    this.headers = request.headers;
    if (this.status === null) return;
    if (this.status === 200) this.#take(Buffer.concat(parts));
    response.writeHead(this.status, { 'content-type': 'application/x-protobuf' });
    response.end();
  });

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    cleanups.push(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #take(body: Buffer): void {
    const decoded = exportRequest.toObject(exportRequest.decode(body), { longs: String }) as WireRequest;
    for (const { resource, scopeSpans } of decoded.resourceSpans) {
      this.resource = toRecord(resource.attributes);
      this.spans.push(...scopeSpans.flatMap((scope) => scope.spans));
    }
  }

  named(name: string): WireSpan {
    const found = this.spans.filter((span) => span.name === name);
    expect(found, `spans named ${name}`).toHaveLength(1);
    return found[0]!;
  }
}

function setEnvironment(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    cleanups.push(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

async function trace(options: Partial<TracingOptions> & { clock?: Clock }) {
  const registry = options.registry ?? new MetricRegistry({ clock: systemClock });
  const warnings: string[] = [];
  const tracer = await startTracing({
    serviceName: 'dovetail-gateway',
    nodeName: 'gateway-1',
    clock: systemClock,
    random: systemRandom,
    sampleRatio: 1,
    registry,
    warn: (message) => warnings.push(message),
    ...options,
  });
  cleanups.push(() => tracer.shutdown());
  const count = (name: string, label = '') => {
    const metric = registry.metrics().find((each) => each.name === name);
    const found = metric?.series().find((series) => Object.values(series.labels).join() === label);
    return (found?.handle as { value: number } | undefined)?.value ?? 0;
  };
  return { tracer, warnings, count };
}

const root = (tracer: Tracer, name = 'a') => ({ name, parent: { traceId: tracer.newTraceId() }, startMs: 0, endMs: 1 });

describe('a sampled request', () => {
  it('arrives at the collector as one trace: ids, parents, links, times and attributes', async () => {
    const collector = new Collector();
    const clock = new ManualClock(5000.25, 1_700_000_000_000);
    const { tracer, count } = await trace({ otlpEndpoint: await collector.start(), clock });
    const traceId = tracer.newTraceId();
    const caller = '00f067aa0ba902b7';

    // As it happens: the router draws its span's id and sends it on; the batch is over before the request is.
    const routerSpan = tracer.newSpanId();
    const queueSpan = tracer.span({
      name: 'worker.queue',
      parent: { traceId: idBytes(traceId), spanId: idBytes(routerSpan) },
      startMs: 5000.25,
      endMs: 5000.625,
      kind: 'consumer',
    });
    const other = { traceId: tracer.newTraceId(), spanId: tracer.newSpanId() };
    const batchSpan = tracer.span({
      name: 'worker.batch',
      parent: { traceId: tracer.newTraceId() },
      startMs: 5000.625,
      endMs: 5001.5,
      attributes: { rows: 64, share: 0.5, warm: true, models: ['fraud/1', 'fraud/2'], absent: undefined },
      links: [{ traceId: idBytes(traceId), spanId: idBytes(queueSpan) }, other, { traceId: 'junk', spanId: '' }],
    });
    tracer.span({
      name: 'router.predict',
      parent: { traceId, spanId: caller },
      spanId: routerSpan,
      startMs: 5000,
      endMs: 5002.000001,
      kind: 'server',
      error: 'no worker is ready',
    });
    await tracer.shutdown();

    const hex = (bytes: Buffer | undefined) => bytes?.toString('hex');
    const [router, queue, batch] = ['router.predict', 'worker.queue', 'worker.batch'].map((name) =>
      collector.named(name),
    ) as [WireSpan, WireSpan, WireSpan];
    expect(hex(router.traceId)).toBe(traceId);
    expect(hex(router.parentSpanId)).toBe(caller);
    expect(hex(router.spanId)).toBe(routerSpan);
    expect(router.status).toEqual({ code: 2, message: 'no worker is ready' });
    expect(hex(queue.traceId)).toBe(traceId);
    expect(hex(queue.parentSpanId)).toBe(routerSpan);
    expect(hex(queue.spanId)).toBe(queueSpan);
    expect(queue.status?.code ?? 0).toBe(0);
    expect([router.kind, queue.kind, batch.kind]).toEqual([2, 5, 1]);

    expect(hex(batch.spanId)).toBe(batchSpan);
    expect(hex(batch.traceId)).not.toBe(traceId);
    expect(batch.parentSpanId ?? Buffer.alloc(0)).toHaveLength(0);
    expect(batch.links!.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) }))).toEqual([
      { traceId, spanId: queueSpan },
      other,
    ]);
    expect(toRecord(batch.attributes)).toEqual({
      rows: '64',
      share: 0.5,
      warm: true,
      models: ['fraud/1', 'fraud/2'],
    });

    // The manual clock is 1.7e12 ms ahead of its monotonic self; a double of that size holds a quarter microsecond.
    const startNs = (span: WireSpan) => Number(BigInt(span.startTimeUnixNano) - 1_700_000_000_000_000_000n);
    const durationNs = (span: WireSpan) => Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano));
    expect(Math.abs(startNs(router) - 5_000_000_000)).toBeLessThan(500);
    expect(Math.abs(startNs(queue) - 5_000_250_000)).toBeLessThan(500);
    expect(durationNs(router)).toBe(2_000_001);
    expect(durationNs(queue)).toBe(375_000);

    expect(count('dovetail_trace_spans_exported_total')).toBe(3);
    expect(collector.paths).toEqual(['POST /v1/traces']);
    expect(collector.resource).toMatchObject({
      'service.name': 'dovetail-gateway',
      'service.instance.id': 'gateway-1',
    });
  });

  it('is sent within some seconds without a shutdown', async () => {
    const collector = new Collector();
    const { tracer } = await trace({ otlpEndpoint: await collector.start() });
    tracer.span(root(tracer));
    for (let i = 0; i < 50 && collector.spans.length === 0; i++) await sleep(systemClock, 100);
    collector.named('a');
  });

  it('shows the wall clock of the machine though it was timed on the monotonic one', async () => {
    const collector = new Collector();
    const { tracer } = await trace({ otlpEndpoint: await collector.start() });
    const nowMs = systemClock.nowMs();
    const wallMs = systemClock.wallMs();
    tracer.span({ ...root(tracer), startMs: nowMs, endMs: nowMs + 1 });
    await tracer.shutdown();
    const startMs = Number(BigInt(collector.named('a').startTimeUnixNano) / 1000n) / 1000;
    expect(Math.abs(startMs - wallMs)).toBeLessThan(5);
  });
});

describe("OpenTelemetry's environment", () => {
  it('gives endpoint, headers, service name and resource attributes', async () => {
    const collector = new Collector();
    setEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=payments',
      OTEL_SERVICE_NAME: 'scoring',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
      // For requests; a span that is recorded has been sampled already.
      OTEL_TRACES_SAMPLER: 'always_off',
    });
    const { tracer } = await trace({ sampleRatio: undefined });
    expect(tracer.decideSampled()).toBe(false);
    expect(tracer.decideSampled(true)).toBe(true);
    tracer.span(root(tracer));
    await tracer.shutdown();
    collector.named('a');
    expect(collector.headers['x-tenant']).toBe('payments');
    expect(collector.headers['content-type']).toBe('application/x-protobuf');
    expect(collector.resource).toMatchObject({
      'service.name': 'scoring',
      'service.instance.id': 'gateway-1',
      'deployment.environment': 'test',
    });
  });

  it('without an endpoint leaves tracing off: nothing is sampled, ids are still drawn', async () => {
    const { tracer } = await trace({});
    expect(tracer.enabled).toBe(false);
    expect(tracer.decideSampled()).toBe(false);
    expect(tracer.decideSampled(true)).toBe(false);
    expect(tracer.newTraceId()).toMatch(/^[0-9a-f]{32}$/);
    const spanId = tracer.newSpanId();
    expect(tracer.span({ ...root(tracer), spanId: idBytes(spanId) })).toBe(spanId);
    await tracer.shutdown();
  });
});

describe('sampling', () => {
  it('takes the ratio of requests without a parent, and follows the parent of the others', async () => {
    const collector = new Collector();
    const { tracer } = await trace({
      otlpEndpoint: await collector.start(),
      sampleRatio: 0.2,
      random: seededRandom(7),
    });
    let sampled = 0;
    for (let i = 0; i < 10_000; i++) if (tracer.decideSampled()) sampled++;
    // Five standard deviations of a binomial around 2000.
    expect(Math.abs(sampled - 2000)).toBeLessThan(200);
    expect(tracer.decideSampled(true)).toBe(true);
    expect(tracer.decideSampled(false)).toBe(false);
  });
});

describe('spans that cannot be delivered', () => {
  it('are bounded in number, and each is either exported or counted', async () => {
    const collector = new Collector();
    setEnvironment({ OTEL_BSP_MAX_QUEUE_SIZE: '16', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '16' });
    const { tracer, count } = await trace({ otlpEndpoint: await collector.start() });
    for (let i = 0; i < 100; i++) tracer.span(root(tracer));
    await tracer.shutdown();
    tracer.span(root(tracer));
    const exported = count('dovetail_trace_spans_exported_total');
    expect(exported).toBe(collector.spans.length);
    expect(exported).toBeGreaterThanOrEqual(16);
    expect(exported + count('dovetail_trace_spans_dropped_total', 'queue_full')).toBe(100);
    expect(count('dovetail_trace_spans_dropped_total', 'shutdown')).toBe(1);
    expect(count('dovetail_trace_spans_queued')).toBe(0);
  });

  it('are reported when the collector begins to refuse them and when it takes them again', async () => {
    const collector = new Collector();
    collector.status = 400;
    setEnvironment({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1', OTEL_BSP_SCHEDULE_DELAY: '5' });
    const { tracer, warnings, count } = await trace({ otlpEndpoint: await collector.start() });
    const send = async () => {
      const before = collector.paths.length;
      tracer.span(root(tracer));
      for (let i = 0; i < 200 && collector.paths.length === before; i++) await sleep(systemClock, 10);
      await sleep(systemClock, 20);
    };
    await send();
    await send();
    collector.status = 200;
    await send();
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/traces do not reach http.*: /);
    expect(warnings[1]).toMatch(/again/);
    expect(count('dovetail_trace_spans_dropped_total', 'export_failed')).toBe(2);
    expect(count('dovetail_trace_spans_exported_total')).toBe(1);
  });

  it('hold a shutdown up for three seconds at most, and are counted then', async () => {
    const collector = new Collector();
    collector.status = null;
    const clock = new ManualClock();
    const { tracer, count } = await trace({ otlpEndpoint: await collector.start(), clock });
    tracer.span(root(tracer));
    const stopped = tracer.shutdown();
    for (let i = 0; i < 200 && collector.paths.length === 0; i++) await sleep(systemClock, 10);
    clock.advance(2999);
    expect(await Promise.race([stopped.then(() => 'stopped'), sleep(systemClock, 50).then(() => 'waiting')])).toBe(
      'waiting',
    );
    clock.advance(1);
    await stopped;
    expect(count('dovetail_trace_spans_dropped_total', 'shutdown')).toBe(1);
  });

  it('because their ids are not ids are counted and spoil nothing', async () => {
    const collector = new Collector();
    const { tracer, count } = await trace({ otlpEndpoint: await collector.start() });
    tracer.span({ ...root(tracer), parent: { traceId: new Uint8Array(16) } });
    tracer.span({ ...root(tracer), parent: { traceId: new Uint8Array(7) } });
    tracer.span({ ...root(tracer), spanId: 'x' });
    tracer.span({ ...root(tracer), parent: { traceId: tracer.newTraceId(), spanId: new Uint8Array(3) } });
    tracer.span(root(tracer, 'good'));
    await tracer.shutdown();
    expect(collector.spans.map((span) => span.name)).toEqual(['good']);
    expect(count('dovetail_trace_spans_dropped_total', 'invalid_trace')).toBe(4);
  });
});
