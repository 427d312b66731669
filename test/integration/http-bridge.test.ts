/** The HTTP edge over real sockets, on a gateway in memory: routes, headers, draining. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startHttpBridge } from '../../actors/http-bridge/server.ts';
import { systemClock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';
import { fp32 } from '../support/fake-gateway.ts';
import { TestEdge, until } from '../support/test-edge.ts';

let edge: TestEdge;
beforeEach(async () => {
  edge = await TestEdge.start();
});
afterEach(() => edge.bridge.close());

const asked = { user_id: 'u42', inputs: { merchant_id: 'm1', amount: 100 } };
const infer = { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] };

describe('the Open Inference Protocol', () => {
  it('answers health, readiness and metadata', async () => {
    expect((await edge.call('/v2/health/live')).status).toBe(200);
    expect((await edge.call('/v2/health/ready')).status).toBe(200);
    expect((await edge.call('/v2')).json).toEqual({
      name: 'dovetail',
      version: '9.9.9',
      extensions: ['binary_tensor_data', 'model_configuration', 'statistics'],
    });
    expect((await edge.call('/v2/models/add/versions/1/ready')).status).toBe(200);
    expect((await edge.call('/v2/models/add/versions/7/ready')).status).toBe(400);
    expect((await edge.call('/v2/models/none/ready')).status).toBe(400);
    const metadata = await edge.call('/v2/models/fraud');
    expect(metadata.json).toMatchObject({ name: 'fraud', versions: ['1', '2'], platform: 'onnxruntime_onnx' });
    expect((metadata.json['inputs'] as unknown[])[0]).toEqual({ name: 'user_id', datatype: 'BYTES', shape: [-1, 1] });
    expect((await edge.call('/v2/models/none')).status).toBe(404);
  });

  it('is not ready with 400 and the reasons while something is missing', async () => {
    edge.gateway.missing = ['no worker serves fraud', '3 partitions are catching up'];
    const answer = await edge.call('/v2/health/ready');
    expect(answer.status).toBe(400);
    expect(answer.json['error']).toBe('not ready: no worker serves fraud; 3 partitions are catching up');
    expect((await edge.call('/v2/health/live')).status).toBe(200);
  });

  it('infers from JSON and from binary tensors, alike', async () => {
    const json = await edge.post('/v2/models/echo_FP32/infer', { id: 'a1', ...infer });
    expect(json.json).toEqual({
      model_name: 'echo_FP32',
      model_version: '2',
      id: 'a1',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [1, 2] }],
    });
    const inputs = [{ name: 'x', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } }];
    const head = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
    const data = fp32('x', [1, 2], [1, 2]).data;
    const response = await fetch(`${edge.bridge.url}/v2/models/echo_FP32/versions/1/infer`, {
      method: 'POST',
      body: Buffer.concat([head, data]),
      headers: { 'inference-header-content-length': String(head.byteLength) },
    });
    const body = Buffer.from(await response.arrayBuffer());
    const jsonBytes = Number(response.headers.get('inference-header-content-length'));
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(JSON.parse(body.toString('utf8', 0, jsonBytes)).model_version).toBe('1');
    expect(body.subarray(jsonBytes)).toEqual(Buffer.from(data));
  });

  it('takes a raw body for a model of one input', async () => {
    const data = fp32('x', [2, 2], [1, 2, 3, 4]).data;
    const answer = await edge.post('/v2/models/echo_FP32/infer', Buffer.from(data), {
      'inference-header-content-length': '0',
    });
    expect(answer.status).toBe(200);
    expect(edge.gateway.calls[0]?.inputs[0]).toMatchObject({ name: 'x', shape: [2, 2] });
  });

  it('refuses an unknown output before the model runs', async () => {
    const answer = await edge.post('/v2/models/echo_FP32/infer', { ...infer, outputs: [{ name: 'z' }] });
    expect([answer.status, answer.json['error']]).toEqual([400, `model 'echo_FP32' has no output "z"; it has y`]);
    expect(edge.gateway.calls).toHaveLength(0);
  });

  it('answers for configuration and statistics of a model, of a version of it, and of all', async () => {
    const config = await edge.call('/v2/models/fraud/versions/1/config');
    expect(config.status).toBe(200);
    expect(config.json).toMatchObject({ name: 'fraud', max_batch_size: 64, backend: 'onnxruntime' });
    expect((await edge.call('/v2/models/fraud/config')).json).toEqual(config.json);
    edge.gateway.tallies.answered('fraud', '2', 'OK', 5, 0.001);
    const statsOf = async (path: string) => (await edge.call(path)).json['model_stats'] as Record<string, unknown>[];
    expect(await statsOf('/v2/models/fraud/versions/2/stats')).toMatchObject([
      { name: 'fraud', version: '2', inference_count: 5, inference_stats: { success: { count: 1, ns: 1_000_000 } } },
    ]);
    expect((await statsOf('/v2/models/fraud/stats')).map(({ version }) => version)).toEqual(['1', '2']);
    expect((await statsOf('/v2/models/stats')).length).toBe(2 * edge.gateway.models().length);
    for (const path of ['/v2/models/nobody/stats', '/v2/models/fraud/versions/9/config']) {
      expect((await edge.call(path)).status).toBe(404);
    }
  });

  it('lists the repository, with a body and without', async () => {
    const served = { name: 'fraud', version: '2', state: 'READY', reason: '' };
    for (const init of [{ method: 'POST' }, { method: 'POST', body: '{"ready":true}' }]) {
      const answer = await edge.call('/v2/repository/index', init);
      expect(answer.status).toBe(200);
      expect(answer.json).toContainEqual(served);
    }
    expect((await edge.post('/v2/repository/index', { ready: 'yes' })).status).toBe(400);
    expect((await edge.post('/v2/repository/index', '[]')).status).toBe(400);
  });

  it.each([
    ['POST', '/v2/repository/models/fraud/load'],
    ['GET', '/v2/systemsharedmemory/status'],
    ['POST', '/v2/cudasharedmemory/region/r/register'],
    ['POST', '/v2/logging'],
    ['GET', '/v2/trace/setting'],
  ])('says clearly that %s %s is not offered', async (method, path) => {
    const answer = await edge.call(path, { method });
    expect(answer.status).toBe(501);
    expect(answer.json['error']).toMatch(/extension is not offered/);
  });

  it.each([
    ['PUT', '/v2/models/fraud/infer', 'POST'],
    ['GET', '/v2/models/fraud/infer', 'POST'],
    ['POST', '/v2/health/live', 'GET, HEAD'],
    ['DELETE', '/v1/cluster', 'GET, HEAD'],
  ])('answers %s %s with 405 and the methods allowed', async (method, path, allow) => {
    const answer = await edge.call(path, { method, ...(method === 'GET' ? {} : { body: 'x'.repeat(100) }) });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    expect(answer.text).toContain('is not allowed here');
  });
});

describe('the short form', () => {
  it('predicts for one user and for several', async () => {
    const one = await edge.post('/v1/predict/fraud', asked);
    expect(one.json).toMatchObject({ outputs: { score: 0.502 }, model: { name: 'fraud', version: '2' } });
    expect(one.json['features']).toEqual({
      applied_seq: 40,
      everywhere_seq: 90,
      as_of_ms: 1_700_000_000_000,
      age_ms: 12,
      defaulted: [],
      expired: [],
    });
    const several = { user_id: ['a', 'b'], inputs: { merchant_id: ['m', 'nn'], amount: [100, 300] } };
    const two = await edge.post('/v1/predict/fraud/versions/1', several);
    expect(two.json).toMatchObject({ outputs: { score: [0.501, 0.752] }, model: { version: '1' } });
    expect(edge.gateway.calls.map((made) => made.version)).toEqual([undefined, '1']);
  });

  it('pushes and reads features', async () => {
    const rows = [{ user_id: 'u1', clicks: 7 }, { clicks: 1 }, 'x'];
    const pushed = await edge.post('/v1/features/user_profile:push', { rows });
    expect(pushed.json).toMatchObject({ accepted: 1, rejected: 2 });
    expect((pushed.json['acks'] as unknown[])[0]).toEqual({ partition: 2, seq: 1 });
    const read = await edge.post('/v1/features/user_profile:get', { keys: ['u1', 'u2'] });
    expect((read.json['rows'] as { values: object; found: boolean }[]).map((row) => [row.found, row.values])).toEqual([
      [true, { clicks: 7 }],
      [false, {}],
    ]);
    expect((await edge.post('/v1/features/other:get', { keys: ['a'] })).status).toBe(404);
    expect((await edge.post('/v1/features/user_profile:drop', {})).status).toBe(404);
    const down = await edge.post('/v1/features/log_down:push', { rows: [{}] });
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('hands on what is asked of freshness, by every form, and refuses what makes no sense', async () => {
    const acks = [{ partition: 3, seq: 95 }];
    const pasted = { minSeq: [95], minPartitions: [3], maxAgeMs: 60_000 };
    await edge.post('/v1/features/user_profile:get', { keys: ['u1'], min_seq: acks, max_age_ms: 60_000 });
    expect(edge.gateway.readOptions.at(-1)!.bound).toEqual(pasted);
    const asked = { user_id: 'u1', inputs: { merchant_id: 'm', amount: 1 } };
    await edge.post('/v1/predict/fraud', { ...asked, min_seq: acks, max_age_ms: 60_000 });
    expect(edge.gateway.calls.at(-1)!.bound).toEqual(pasted);
    await edge.post('/v1/predict/fraud', asked);
    expect(edge.gateway.calls.at(-1)!.bound).toBeUndefined();
    const refused = [
      await edge.post('/v1/predict/fraud', { ...asked, min_seq: -1 }),
      await edge.post('/v1/predict/fraud', { ...asked, max_age_ms: 0 }),
      await edge.post('/v1/features/user_profile:get', '{"keys":["u1"],"min_seq":1152921504606846976}'),
      await edge.post('/v1/features/user_profile:get', { keys: ['u1'], min_seq: new Array(10_001).fill(1) }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  });

  it('shows the cluster and an index', async () => {
    expect((await edge.call('/v1/cluster')).json).toMatchObject({ cluster: 'test', epoch: 3 });
    expect(Object.keys((await edge.call('/')).json['routes'] as object)).toContain('predict');
    expect((await edge.call('/v1/nothing')).json).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it.each<[string, number, string | null]>([
    ['RESOURCE_EXHAUSTED', 429, '1'],
    ['UNAVAILABLE', 503, '1'],
    ['DEADLINE_EXCEEDED', 504, null],
    ['INTERNAL', 500, null],
  ])('reports the gateway’s %s as %i', async (code, status, retryAfter) => {
    edge.gateway.failure = new ServingError(code as 'INTERNAL', 'queue', 'the reason');
    const answer = await edge.post('/v1/predict/fraud', { ...asked, request_id: 'r-77' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter]);
    expect(answer.json).toEqual({ error: { code, stage: 'queue', message: 'the reason' }, request_id: 'r-77' });
    expect((await edge.post('/v2/models/echo_FP32/infer', infer)).json).toEqual({ error: 'the reason' });
  });

  it('keeps what an unexpected failure says from the caller, and gives it to the log', async () => {
    edge.gateway.failure = new TypeError('secret of undefined');
    const answer = await edge.post('/v1/predict/fraud', asked);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/secret|\.ts|node_modules/);
    expect(edge.internal.map((error) => (error.cause as Error).message)).toEqual(['secret of undefined']);
  });
});

describe('headers', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';

  it('carry the W3C trace context in and out', async () => {
    const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;
    const answer = await edge.post('/v1/predict/fraud', asked, { traceparent });
    expect(edge.gateway.calls[0]?.trace).toEqual({ traceId: TRACE, parentSpanId: 'b7ad6b7169203331', sampled: true });
    expect(answer.headers.get('traceparent')).toBe(`00-${TRACE}-${'e'.repeat(16)}-01`);
    expect(answer.json['trace_id']).toBe(TRACE);
    const without = await edge.post('/v2/models/echo_FP32/infer', infer, { traceparent: 'nonsense' });
    expect(edge.gateway.calls[1]?.trace).toBeUndefined();
    expect(without.headers.get('traceparent')).toMatch(/^00-f{32}-[0-9a-f]{16}-00$/);
  });

  it('carry the request id in and out; an unusable one is replaced', async () => {
    expect((await edge.call('/v2', { headers: { 'x-request-id': 'mine-1' } })).headers.get('x-request-id')).toBe(
      'mine-1',
    );
    const replaced = await edge.post('/v1/predict/fraud', asked, { 'x-request-id': 'two words' });
    expect(replaced.json['request_id']).toMatch(/^[0-9a-f]{16}$/);
    expect(replaced.headers.get('x-request-id')).toBe(replaced.json['request_id']);
    await edge.post('/v1/predict/fraud', { ...asked, request_id: 'in-body' }, { 'x-request-id': 'in-header' });
    await edge.post('/v2/models/echo_FP32/infer', { ...infer, id: 'in-json' });
    expect(edge.gateway.calls.slice(1).map((made) => made.requestId)).toEqual(['in-body', 'in-json']);
  });

  it('carry a deadline, of which the nearer counts', async () => {
    await edge.post('/v1/predict/fraud', asked, { 'x-timeout-ms': '80' });
    await edge.post('/v1/predict/fraud', { ...asked, timeout_ms: 20 }, { 'x-timeout-ms': '80' });
    await edge.post(
      '/v2/models/echo_FP32/infer',
      { ...infer, parameters: { timeout: 90_000 } },
      { 'x-timeout-ms': '80' },
    );
    expect(edge.gateway.calls.map((made) => made.timeoutMs)).toEqual([80, 20, 80]);
    const bad = await edge.post('/v1/predict/fraud', asked, { 'x-timeout-ms': 'soon' });
    expect([bad.status, bad.text]).toEqual([400, expect.stringContaining('x-timeout-ms must be milliseconds')]);
  });

  it('ask for packed answers, which long ones are', async () => {
    const rows = 100;
    const data = Array.from({ length: rows * 2 }, (_, i) => i + 0.125);
    const body = { inputs: [{ name: 'x', shape: [rows, 2], datatype: 'FP32', data }] };
    const answer = await edge.post('/v2/models/echo_FP32/infer', gzipSync(JSON.stringify(body)), {
      'content-encoding': 'gzip',
      'accept-encoding': 'gzip',
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect((answer.json['outputs'] as { data: number[] }[])[0]?.data).toEqual(data);
    const short = await edge.post('/v2/models/echo_FP32/infer', infer, { 'accept-encoding': 'gzip' });
    expect([short.status, short.headers.get('content-encoding')]).toEqual([200, null]);
  });
});

describe('the server', () => {
  it('drains: not ready, new requests refused, those in flight answered, then closed', async () => {
    edge.gateway.hold();
    const inside = edge.post('/v1/predict/fraud', asked);
    await until('one waits', () => edge.gateway.heldCount === 1);
    let drained: { unfinished: number } | undefined;
    const draining = edge.bridge.drain().then((result) => {
      drained = result;
    });
    expect((await edge.call('/v2/health/ready')).status).toBe(400);
    expect((await edge.call('/v2/health/live')).status).toBe(200);
    const refused = await edge.post('/v1/predict/fraud', asked);
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    expect(refused.json).toMatchObject({ error: { code: 'UNAVAILABLE' } });
    expect((await edge.post('/v2/models/echo_FP32/infer', infer)).json['error']).toMatch(/draining/);
    expect(drained).toBeUndefined();
    edge.gateway.release();
    expect((await inside).status).toBe(200);
    await draining;
    expect(drained).toEqual({ unfinished: 0 });
    await edge.bridge.close();
    await edge.bridge.close();
    await expect(edge.call('/v2/health/live')).rejects.toThrow();
  });

  it('stops waiting for what does not finish, and says how many that were', async () => {
    edge.gateway.hold();
    const inside = edge.post('/v1/predict/fraud', asked).catch(() => 'cut');
    await until('one waits', () => edge.gateway.heldCount === 1);
    expect(await edge.bridge.drain(50)).toEqual({ unfinished: 1 });
    await edge.bridge.close();
    expect(await inside).toBe('cut');
    edge.gateway.release();
  });

  it('on a taken port fails with the flag to change', async () => {
    const port = Number(new URL(edge.bridge.url).port);
    const second = startHttpBridge({
      gateway: edge.gateway,
      host: '127.0.0.1',
      port,
      clock: systemClock,
      version: '1',
    });
    await expect(second).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('--http-port'),
    });
    await expect(second).rejects.toThrow(`HTTP port ${port} on 127.0.0.1 is taken`);
  });

  it('tells its observer each request once, under names that callers cannot multiply', async () => {
    await edge.call('/v2/models/fraud');
    await edge.call('/v2/models/whatever/versions/7');
    await edge.call('/random/path');
    await edge.call('/v2/models/fraud/infer');
    await edge.post('/v1/predict/fraud', asked);
    await until('five are seen', () => edge.ended.length >= 5);
    expect(edge.ended.map(({ route, status }) => `${status} ${route}`)).toEqual([
      '200 /v2/models/{model}',
      '404 /v2/models/{model}',
      '404 (no route)',
      '405 (wrong method)',
      '200 /v1/predict/{model}',
    ]);
    for (const { seconds } of edge.ended) expect(seconds).toBeGreaterThanOrEqual(0);
  });
});
