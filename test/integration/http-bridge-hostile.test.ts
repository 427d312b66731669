/** The HTTP edge under input that means harm, over real sockets: refused with a reason, never a crash, never a hang. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { type RequestBody, TestEdge, until } from '../support/test-edge.ts';

let edge: TestEdge;
beforeEach(async () => {
  edge = await TestEdge.start();
});
afterEach(() => edge.bridge.close());

const asked = { user_id: 'u42', inputs: { merchant_id: 'm1', amount: 100 } };
const infer = { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] };

describe('hostile input', () => {
  it('a body over the limit is 413, declared, undeclared or packed, in the style of the API', async () => {
    await edge.bridge.close();
    edge = await TestEdge.start({ bodyBytesMax: 10_000 });
    const large = Buffer.alloc(10_001, 0x20);
    const chunked = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 11; i++) controller.enqueue(new Uint8Array(1000));
        controller.close();
      },
    });
    const answers = [
      await edge.post('/v2/models/echo_FP32/infer', large),
      await edge.call('/v1/predict/fraud', { method: 'POST', body: chunked, duplex: 'half' } as RequestInit),
      await edge.post('/v1/predict/fraud', gzipSync(Buffer.alloc(5_000_000)), { 'content-encoding': 'gzip' }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([413, 413, 413]);
    for (const answer of answers) expect(answer.text).toContain('larger than 10000 bytes');
    expect(typeof answers[0]?.json['error']).toBe('string');
    expect((await edge.post('/v1/predict/fraud', asked)).status).toBe(200);
  });

  it.each([
    ['/v2/models/%2e%2e/infer', 400],
    ['/v2/models/..%2f..%2fetc/infer', 400],
    ['/v2/models/a%00b/infer', 400],
    ['/v2/models/%ff/infer', 400],
    ['/v2/models/%zz/infer', 400],
    ['/v2/models//infer', 400],
    ['/v2/models/fraud/versions/0/infer', 400],
    ['/v2/models/fraud/versions/-1/infer', 400],
    ['/v2/models/fraud/versions/1e3/infer', 400],
    ['/v2/models/fraud/versions/99/infer', 404],
    ['/v1/predict/__proto__', 400],
    ['/v1/predict/constructor', 404],
    [`/v1/predict/${'a'.repeat(300)}`, 414],
    ['/v1/features/..%2f:push', 400],
    ['/v1/features/:push', 400],
  ])('the path %s is %i, typed', async (path, status) => {
    // Not through fetch, which would tidy the path up first.
    const body = JSON.stringify(infer);
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    const answer = await edge.raw((socket) => socket.write(head + body));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toHaveProperty('error');
    expect(answer).not.toMatch(/node_modules|at .*:\d+:\d+/);
  });

  it.each<[string, RequestBody, RegExp]>([
    ['nothing', '', /is empty/],
    ['a truncated object', '{"inputs": [', /line 1, column 13: the text ends/],
    ['NaN', '{"inputs": [NaN]}', /NaN is not JSON/],
    ['deep nesting', '['.repeat(100_000), /deeper than 32/],
    ['a __proto__ field', '{"__proto__": {"inputs": []}}', /__proto__/],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
  ])('a body of %s is 400 with the reason', async (_, body, reason) => {
    for (const path of ['/v2/models/echo_FP32/infer', '/v1/predict/fraud', '/v1/features/user_profile:push']) {
      const answer = await edge.post(path, body);
      expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(reason)]);
    }
    expect(Object.hasOwn(Object.prototype, 'inputs')).toBe(false);
  });

  it('random bodies and headers never give an unexpected failure, and never hang', async () => {
    const paths = fc.constantFrom(
      '/v2/models/echo_FP32/infer',
      '/v2/models/fraud/infer',
      '/v1/predict/fraud',
      '/v1/predict/add',
      '/v1/features/user_profile:push',
      '/v1/features/user_profile:get',
    );
    const fields = fc.constantFrom(
      'inputs',
      'outputs',
      'user_id',
      'rows',
      'keys',
      'name',
      'shape',
      'data',
      'datatype',
      'a',
      'b',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(null, true, 1, -1, 1.5, 'x', 'FP32', 1e30, 2 ** 53),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fields, tie('tree'), { maxKeys: 5 }),
      ),
    }));
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      tree.map((value) => Buffer.from(JSON.stringify(value))),
    );
    const headers = fc.record(
      {
        'inference-header-content-length': fc.constantFrom('0', '1', '-1', 'x', '99999999999', '20'),
        'content-encoding': fc.constantFrom('gzip', 'deflate', 'br', 'identity'),
        'content-type': fc.constantFrom('application/json', 'text/html', 'garbage', 'application/octet-stream'),
        'accept-encoding': fc.constantFrom('gzip', '*;q=0', ',,;;'),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(paths, bodies, headers, async (path, body, extra) => {
        const answer = await edge.post(path, Buffer.from(body), extra as Record<string, string>);
        expect([200, 400, 413, 415, 501]).toContain(answer.status);
        if (answer.status !== 200) expect(answer.json).toSatisfy((json) => 'error' in json || 'acks' in json);
      }),
      { numRuns: 400 },
    );
    expect(edge.internal).toEqual([]);
  });

  it('what is not HTTP is answered 400 and closed', async () => {
    expect(await edge.raw((socket) => socket.write('\x16\x03\x01 hello\r\n\r\n'))).toMatch(
      /^HTTP\/1.1 400 .*\{"error":/s,
    );
    const long = await edge.raw((socket) =>
      socket.write(`GET / HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(20_000)}\r\n\r\n`),
    );
    expect(long).toMatch(/^HTTP\/1.1 431 /);
    expect((await edge.call('/v2/health/live')).status).toBe(200);
  });

  it('a client that dribbles its headers or body is cut off with 408', async () => {
    await edge.bridge.close();
    edge = await TestEdge.start({ requestTimeoutMs: 250 });
    const startMs = systemClock.nowMs();
    const [headers, body] = await Promise.all([
      edge.raw((socket) => socket.write('POST /v1/predict/fraud HTTP/1.1\r\nhost: x\r\nx-slow: 1')),
      edge.raw((socket) =>
        socket.write('POST /v1/predict/fraud HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"user'),
      ),
    ]);
    expect(headers).toMatch(/^HTTP\/1.1 408 /);
    expect(body).toMatch(/^HTTP\/1.1 408 /);
    expect(systemClock.nowMs() - startMs).toBeLessThan(5000);
    expect((await edge.post('/v1/predict/fraud', asked)).status).toBe(200);
  });

  it('a client that leaves before its answer, or in its body, harms nobody and is seen as 499', async () => {
    edge.gateway.hold();
    const body = JSON.stringify(asked);
    const request = `POST /v1/predict/fraud HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    await edge.raw((socket) => {
      socket.write(request);
      void until('the prediction waits', () => edge.gateway.heldCount === 1).then(() => socket.destroy());
    });
    await edge.raw((socket) => {
      socket.write(request.slice(0, -5));
      void sleep(systemClock, 50).then(() => socket.destroy());
    });
    await until('both are seen', () => edge.ended.length === 2);
    expect(edge.ended.map(({ route, status }) => [route, status])).toEqual([
      ['/v1/predict/{model}', 499],
      ['/v1/predict/{model}', 499],
    ]);
    edge.gateway.release();
    expect((await edge.post('/v1/predict/fraud', asked)).status).toBe(200);
    expect(edge.internal).toEqual([]);
  });

  it('more requests than are allowed in flight are refused, health is not', async () => {
    await edge.bridge.close();
    edge = await TestEdge.start({ requestsInFlightMax: 2 });
    edge.gateway.hold();
    const inside = [edge.post('/v1/predict/fraud', asked), edge.post('/v1/predict/fraud', asked)];
    await until('two wait', () => edge.gateway.heldCount === 2);
    const third = await edge.post('/v1/predict/fraud', asked);
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '1']);
    expect(third.json).toMatchObject({ error: { code: 'RESOURCE_EXHAUSTED' } });
    expect((await edge.call('/v2/health/ready')).status).toBe(200);
    edge.gateway.release();
    expect((await Promise.all(inside)).map((answer) => answer.status)).toEqual([200, 200]);
    expect((await edge.post('/v1/predict/fraud', asked)).status).toBe(200);
  });
});
