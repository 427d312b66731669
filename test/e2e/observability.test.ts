/** What operators see of a running cluster: one request's trace through every process, and every process's metrics. */
import { randomBytes } from 'node:crypto';
import { headers as natsHeaders } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { connectClient, type DovetailClient } from '../../index.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { golden, tensorsOf, userRows } from '../support/golden.ts';
import { type CollectedSpan, OtlpCollector } from '../support/otlp-collector.ts';
import { WireProbe } from '../support/wire-probe.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const { request } = golden.rows[0]!;

let collector: OtlpCollector;
let cluster: TestCluster;
let client: DovetailClient;
let probe: WireProbe;

beforeAll(async () => {
  collector = await OtlpCollector.start();
  cluster = await TestCluster.start({
    // Only what callers say is sampled.
    flags: ['--trace-sample-ratio', '0'],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '200' },
  });
  client = await connectClient({ url: cluster.natsUrl, timeoutMs: 10_000 });
  probe = await WireProbe.connect(cluster.natsUrl);
});

afterAll(async () => {
  await client?.close();
  await probe?.close();
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
    collector?.stop();
  }
});

type Caller = { readonly traceId: string; readonly spanId: string; readonly traceparent: string };

function caller(sampled: boolean): Caller {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` };
}

async function overNats(traceparent: string): Promise<{ trace_id: string }> {
  const headers = natsHeaders();
  headers.set('traceparent', traceparent);
  const reply = await probe.connection.request('dovetail.predict.fraud', JSON.stringify(request), {
    timeout: 10_000,
    headers,
  });
  return reply.json();
}

async function traceOf(traceId: string, spans: number): Promise<CollectedSpan[]> {
  await eventually(
    () => collector.trace(traceId).length >= spans,
    () => `the trace has only ${JSON.stringify(collector.trace(traceId).map((span) => span.name))}`,
  );
  // One more period, so that a span too many would be seen.
  await sleep(systemClock, 500);
  return collector.trace(traceId);
}

/** The spans from the edge to the batch, each the child of the one before. */
function expectChain(spans: readonly CollectedSpan[], names: readonly string[], parent: string): void {
  let above = parent;
  for (const name of names) {
    const found = spans.filter((span) => span.name === name);
    expect(found, `spans named ${name} of ${spans.map((span) => span.name)}`).toHaveLength(1);
    expect(found[0]!.parentSpanId, `parent of ${name}`).toBe(above);
    expect(found[0]!.endNs).toBeGreaterThanOrEqual(found[0]!.startNs);
    expect(found[0]!.error).toBeNull();
    above = found[0]!.spanId;
  }
  expect(spans).toHaveLength(names.length);
}

describe('the trace of a sampled request', () => {
  it('over HTTP goes from the bridge to the batch, under the caller’s id', async () => {
    const { traceId, spanId, traceparent } = caller(true);
    const answer = await cluster.post('/v1/predict/fraud', request, { traceparent });
    expect(answer.json).toMatchObject({ trace_id: traceId });
    expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    const spans = await traceOf(traceId, 5);
    expectChain(spans, ['http-bridge', 'router', 'feature-shard', 'queue', 'batch'], spanId);
    expect(Object.fromEntries(spans.map((span) => [span.name, span.service]))).toEqual({
      'http-bridge': 'dovetail-gateway',
      router: 'dovetail-gateway',
      'feature-shard': 'dovetail-shard',
      queue: 'dovetail-worker',
      batch: 'dovetail-worker',
    });
    const router = spans.find((span) => span.name === 'router')!;
    expect(router.attributes).toMatchObject({
      'dovetail.model': 'fraud/1',
      'dovetail.rows': '1',
      'dovetail.code': 'OK',
    });
    // No key of a user may leave with a trace.
    expect(JSON.stringify(spans.map((span) => span.attributes))).not.toContain(request.user_id);
  });

  it('over the Open Inference Protocol is the same', async () => {
    const { traceId, spanId, traceparent } = caller(true);
    const body = {
      inputs: tensorsOf([request]).map(({ name, datatype, data }) => ({
        name,
        datatype,
        shape: [1, 1],
        data:
          datatype === 'BYTES' ? [Buffer.from(data.subarray(4)).toString('utf8')] : [Buffer.from(data).readFloatLE(0)],
      })),
    };
    const answer = await cluster.post('/v2/models/fraud/infer', body, { traceparent });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('traceparent')).toContain(traceId);
    expectChain(await traceOf(traceId, 5), ['http-bridge', 'router', 'feature-shard', 'queue', 'batch'], spanId);
  });

  it('over NATS begins with the NATS bridge', async () => {
    const { traceId, spanId, traceparent } = caller(true);
    expect(await overNats(traceparent)).toMatchObject({ trace_id: traceId });
    expectChain(await traceOf(traceId, 5), ['nats-bridge', 'router', 'feature-shard', 'queue', 'batch'], spanId);
  });

  it('from the typed client begins with the router', async () => {
    const { traceId, spanId, traceparent } = caller(true);
    const answer = await client.predict('fraud', tensorsOf([request]), { traceparent });
    expect(answer.traceId).toBe(traceId);
    expectChain(await traceOf(traceId, 4), ['router', 'feature-shard', 'queue', 'batch'], spanId);
  });

  it('that fails ends where it failed, with the reason', async () => {
    const { traceId, traceparent } = caller(true);
    // A deadline that nobody can meet.
    const answer = await cluster.post('/v1/predict/fraud', { ...request, timeout_ms: 0.001 }, { traceparent });
    expect(answer.status).toBe(504);
    const spans = await traceOf(traceId, 2);
    const router = spans.find((span) => span.name === 'router')!;
    expect(router.attributes['dovetail.code']).toBe('DEADLINE_EXCEEDED');
    expect(router.error).toContain('fraud/1');
    expect(spans.find((span) => span.name === 'http-bridge')!.error).not.toBeNull();
  });
});

describe('a batch of several sampled requests', () => {
  it('links to each of them, and each finds the batch in its own trace', async () => {
    const callers = Array.from({ length: 40 }, () => caller(true));
    // One turn of the event loop, so that they arrive together; the first of them are in a batch of their own.
    const answers = await Promise.all(
      callers.map(({ traceparent }) => client.predict('fraud', tensorsOf([request]), { traceparent })),
    );
    expect(answers.map((answer) => answer.traceId)).toEqual(callers.map((one) => one.traceId));
    const spansOf = new Map<string, CollectedSpan[]>();
    for (const { traceId } of callers) spansOf.set(traceId, await traceWithoutPause(traceId));
    const batches = [...spansOf.values()].flat().filter((span) => span.name === 'batch');
    expect(batches).toHaveLength(callers.length);
    const shared = batches.filter((span) => span.links.length > 1);
    expect(shared.length).toBeGreaterThan(0);
    for (const batch of shared) {
      for (const link of batch.links) {
        const linked = spansOf.get(link.traceId)!.find((span) => span.spanId === link.spanId);
        expect(linked?.name).toBe('queue');
        // From the linked request's own trace there is a way to the batch.
        const own = spansOf.get(link.traceId)!.find((span) => span.name === 'batch')!;
        expect(own.parentSpanId).toBe(linked!.spanId);
        if (own.spanId !== batch.spanId) {
          expect(own.links).toEqual([{ traceId: batch.traceId, spanId: batch.spanId }]);
        }
      }
      expect(Number(batch.attributes['dovetail.batch_rows'])).toBeGreaterThanOrEqual(batch.links.length);
    }
  });

  async function traceWithoutPause(traceId: string): Promise<CollectedSpan[]> {
    await eventually(
      () => collector.trace(traceId).length >= 4,
      () => `trace ${traceId} has only ${JSON.stringify(collector.trace(traceId).map((span) => span.name))}`,
    );
    return collector.trace(traceId);
  }
});

describe('a request that is not sampled', () => {
  it('leaves no span, and keeps the caller’s trace id in the answer', async () => {
    const http = caller(false);
    const nats = caller(false);
    const typed = caller(false);
    const answer = await cluster.post('/v1/predict/fraud', request, { traceparent: http.traceparent });
    expect(answer.json).toMatchObject({ trace_id: http.traceId });
    expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${http.traceId}-[0-9a-f]{16}-00$`));
    expect(await overNats(nats.traceparent)).toMatchObject({ trace_id: nats.traceId });
    const prediction = await client.predict('fraud', tensorsOf([request]), { traceparent: typed.traceparent });
    expect(prediction.traceId).toBe(typed.traceId);
    const none = await cluster.post('/v1/predict/fraud', request);
    expect(none.json['trace_id']).toMatch(/^[0-9a-f]{32}$/);
    // A sampled one sent later is there: so would theirs be.
    const later = caller(true);
    await cluster.post('/v1/predict/fraud', request, { traceparent: later.traceparent });
    await traceOf(later.traceId, 5);
    for (const traceId of [http.traceId, nats.traceId, typed.traceId, String(none.json['trace_id'])]) {
      expect(collector.trace(traceId)).toEqual([]);
    }
  });
});

type Samples = Map<string, number>;

/** Every sample of a process's /metrics, by name and labels as they stand. */
async function scrape(name: string): Promise<Samples> {
  const member = (await cluster.status()).members.find((one) => one.name === name)!;
  const text = await (await fetch(member.metrics_url!)).text();
  const samples: Samples = new Map();
  for (const line of text.split('\n')) {
    const found = /^([a-z_0-9]+(?:\{.*\})?) ([^ ]+)$/.exec(line);
    if (found !== null) samples.set(found[1]!, Number(found[2]));
  }
  return samples;
}

/** Sum over the samples of a metric whose labels hold all the given texts. */
function total(samples: Samples, metric: string, ...labels: string[]): number {
  let sum = 0;
  for (const [key, value] of samples) {
    if (key.split('{')[0] === metric && labels.every((label) => key.includes(label))) sum += value;
  }
  return sum;
}

describe('metrics', () => {
  it('of each process move with what it did', async () => {
    const names = ['gateway-1', 'shard-1', 'shard-2', 'worker-1'];
    const scrapeAll = async () =>
      new Map(await Promise.all(names.map(async (name) => [name, await scrape(name)] as const)));
    const before = await scrapeAll();
    const users = userRows.map((row) => row.user_id);
    await cluster.post('/v1/features/user_profile:push', { rows: [...userRows, { user_id: '' }] });
    await cluster.post('/v1/features/user_profile:get', { keys: users });
    for (let i = 0; i < 10; i++) await cluster.post('/v1/predict/fraud', golden.rows[i]!.request);
    await cluster.post('/v1/predict/fraud', { ...request, inputs: { ...request.inputs, amount: 'x' } });
    await cluster.post('/v1/predict/nothing', request);
    await client.predict('fraud', tensorsOf(golden.rows.map((row) => row.request)));
    await client.predict('fraud', tensorsOf([request]).slice(1)).catch(() => {});
    await client.predict('another', tensorsOf([request])).catch(() => {});
    let after = await scrapeAll();
    const moved = (name: string, metric: string, ...labels: string[]) =>
      total(after.get(name)!, metric, ...labels) - total(before.get(name)!, metric, ...labels);
    const shards = (metric: string, ...labels: string[]) =>
      moved('shard-1', metric, ...labels) + moved('shard-2', metric, ...labels);
    await eventually(
      async () => {
        after = await scrapeAll();
        return shards('dovetail_replica_rows_total', 'outcome="applied"') >= 2 * userRows.length;
      },
      () => 'the shards’ counters of applied rows do not move',
    );

    expect(moved('gateway-1', 'dovetail_requests_total', 'model="fraud"', 'code="OK"')).toBe(11);
    expect(moved('gateway-1', 'dovetail_requests_total', 'model="fraud"', 'code="INVALID_ARGUMENT"')).toBe(1);
    expect(moved('gateway-1', 'dovetail_requests_total', 'model="unknown"', 'code="NOT_FOUND"')).toBe(1);
    expect(moved('gateway-1', 'dovetail_request_rows_total', 'model="fraud"')).toBe(10 + golden.rows.length);
    expect(moved('gateway-1', 'dovetail_request_duration_seconds_count', 'model="fraud"')).toBe(12);
    for (const stage of ['shard', 'queue', 'run']) {
      expect(
        moved('gateway-1', 'dovetail_stage_duration_seconds_count', `stage="${stage}"`),
        stage,
      ).toBeGreaterThanOrEqual(11);
      expect(moved('gateway-1', 'dovetail_stage_duration_seconds_sum', `stage="${stage}"`), stage).toBeGreaterThan(0);
    }
    expect(
      moved('gateway-1', 'dovetail_http_request_duration_seconds_count', 'route="/v1/predict/{model}"', 'status="200"'),
    ).toBe(10);
    expect(
      moved('gateway-1', 'dovetail_http_request_duration_seconds_count', 'route="/v1/predict/{model}"', 'status="400"'),
    ).toBe(1);
    expect(
      moved('gateway-1', 'dovetail_http_request_duration_seconds_count', 'route="/v1/predict/{model}"', 'status="404"'),
    ).toBe(1);
    expect(moved('gateway-1', 'dovetail_pushed_rows_total', 'outcome="accepted"')).toBe(userRows.length);
    expect(moved('gateway-1', 'dovetail_pushed_rows_total', 'outcome="rejected"')).toBe(1);

    expect(shards('dovetail_lookup_duration_seconds_count', 'kind="predict"')).toBeGreaterThanOrEqual(11);
    expect(shards('dovetail_lookup_duration_seconds_count', 'kind="get"')).toBeGreaterThanOrEqual(1);
    expect(shards('dovetail_lookup_rows_total')).toBe(10 + golden.rows.length + users.length);
    expect(shards('dovetail_replica_apply_duration_seconds_count')).toBeGreaterThanOrEqual(2);

    expect(moved('worker-1', 'dovetail_batch_rows_sum', 'model="fraud')).toBe(10 + golden.rows.length);
    expect(moved('worker-1', 'dovetail_run_duration_seconds_count', 'model="fraud')).toBeGreaterThanOrEqual(11);
  });

  it('show what stands, with nothing waiting in a quiet cluster', async () => {
    const gateway = await scrape('gateway-1');
    expect(gateway.get('dovetail_requests_in_flight')).toBe(0);
    const worker = await scrape('worker-1');
    expect([...worker.keys()].filter((key) => key.startsWith('dovetail_queue_rows{'))).toHaveLength(1);
    expect(total(worker, 'dovetail_queue_rows')).toBe(0);
    expect(total(worker, 'dovetail_queue_requests')).toBe(0);
    for (const name of ['shard-1', 'shard-2']) {
      const shard = await scrape(name);
      expect(shard.get('dovetail_replica_lag_messages')).toBe(0);
      expect(total(shard, 'dovetail_replica_partitions', 'caught_up')).toBe(257);
      expect(total(shard, 'dovetail_replica_partitions', 'catching_up')).toBe(0);
      expect(shard.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    }
  });

  it('name no user and no merchant', async () => {
    for (const name of ['gateway-1', 'shard-1', 'worker-1']) {
      const text = [...(await scrape(name)).keys()].join('\n');
      expect(text).not.toContain(request.user_id);
      expect(text).not.toContain('user_id');
    }
  });
});
