/** The NATS edge on a real nats-server: JSON and protobuf, error headers, discovery, hostile bytes, bounds, draining. */
import { connect, headers, type Msg, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type NatsBridge, startNatsBridge } from '../../actors/nats-bridge/nats-bridge.ts';
import { below, seededRandom } from '../../cluster/random.ts';
import { ServingError } from '../../proto/errors.ts';
import { dovetail } from '../../proto/generated/messages.js';
import type { Predict } from '../../proto/letters.ts';
import { bytesElements, packBytes, type Tensor } from '../../proto/tensor.ts';
import { generatedForm } from '../support/arbitrary-messages.ts';
import { FakeGateway, fp32, fp32Values } from '../support/fake-gateway.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

const PAYLOAD_BYTES_MAX = 65_536;
const IN_FLIGHT_MAX = 4;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

let nats: NatsFixture;
let caller: NatsConnection;
let gateway: FakeGateway;
let bridge: NatsBridge;
let outcomes: string[];

beforeAll(async () => {
  nats = await NatsFixture.start({ maxPayloadBytes: PAYLOAD_BYTES_MAX });
  caller = await connect({ servers: nats.url });
}, 180_000);

afterAll(async () => {
  await caller.close();
  await nats.stop();
});

beforeEach(async () => {
  gateway = new FakeGateway();
  outcomes = [];
  const link = await nats.connect('gateway');
  bridge = await startNatsBridge({
    nats: link,
    gateway,
    version: '1.2.3',
    requestsInFlightMax: IN_FLIGHT_MAX,
    onRequest: (endpoint, code) => outcomes.push(`${endpoint} ${code}`),
  });
  await link.flush();
});

afterEach(async () => {
  gateway.release();
  await bridge.stop();
});

type Call = { readonly body?: unknown; readonly bytes?: Uint8Array; readonly headers?: Record<string, string> };

async function ask(subject: string, call: Call): Promise<Msg> {
  const fields = headers();
  for (const [name, value] of Object.entries(call.headers ?? {})) fields.set(name, value);
  const bytes =
    call.bytes ?? new TextEncoder().encode(typeof call.body === 'string' ? call.body : JSON.stringify(call.body));
  return caller.request(subject, bytes, { timeout: 5_000, headers: fields });
}

function jsonOf(message: Msg): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(message.data)) as Record<string, unknown>;
}

type Said = { code: string; stage: string; message: string };

/** What an error reply says, after checking that headers and body agree. */
function errorOf(message: Msg, status: number): Said {
  expect(message.headers?.get('Nats-Service-Error-Code')).toBe(String(status));
  const said = (jsonOf(message) as { error: Said }).error;
  expect(message.headers?.get('Nats-Service-Error')).toBe(said.message);
  expect(message.headers?.get('Content-Type')).toBe('application/json');
  return said;
}

const fraud = { user_id: 'u1', inputs: { merchant_id: 'shop', amount: 100 } };

function predict(overrides: Partial<Predict> = {}, inputs: readonly Tensor[] = fraudTensors(1)): Uint8Array {
  return dovetail.Predict.encode(generatedForm({ ...overrides, inputs: overrides.inputs ?? inputs })).finish();
}

function fraudTensors(rows: number): Tensor[] {
  const texts = (prefix: string) =>
    packBytes(Array.from({ length: rows }, (_, i) => new TextEncoder().encode(`${prefix}${i}`)));
  return [
    { name: 'user_id', datatype: 'BYTES', shape: [rows, 1], data: texts('u') },
    { name: 'merchant_id', datatype: 'BYTES', shape: [rows, 1], data: texts('m') },
    fp32(
      'amount',
      [rows, 1],
      Array.from({ length: rows }, (_, i) => i * 100),
    ),
  ];
}

const PROTOBUF = { 'Content-Type': 'application/protobuf' };

describe('a prediction in JSON', () => {
  it('is answered like over HTTP, one row bare and several as lists', async () => {
    const one = await ask('dovetail.predict.fraud', { body: fraud });
    expect(one.headers?.get('Content-Type')).toBe('application/json');
    expect(one.headers?.has('Nats-Service-Error')).toBe(false);
    expect(jsonOf(one)).toMatchObject({
      model: { name: 'fraud', version: '2' },
      features: { applied_seq: 40, age_ms: 12, defaulted: [] },
      timings_us: { total: 900, shard: 100, queue: 200, run: 300, batch_rows: 1 },
    });
    expect((jsonOf(one)['outputs'] as { score: number }).score).toBeCloseTo(0.504, 6);
    const body = { user_id: ['a', 'b'], inputs: { merchant_id: ['x', 'xy'], amount: [0, 0] } };
    const two = jsonOf(await ask('dovetail.predict.fraud', { body }));
    const { score } = two['outputs'] as { score: number[] };
    expect(score.map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0.001, 0.002]);
    expect(two['features']).toHaveLength(2);
    expect(outcomes).toEqual(['predict OK', 'predict OK']);
  });

  it('hands on version, request id, deadline and trace, and names them in the answer', async () => {
    const parent = `00-${TRACE_ID}-b7ad6b7169203331-01`;
    const answer = await ask('dovetail.predict.fraud', {
      body: { ...fraud, version: '1' },
      headers: { traceparent: parent, 'Request-Id': 'order-7', 'Timeout-Ms': '250' },
    });
    expect(gateway.calls.at(-1)).toMatchObject({
      model: 'fraud',
      version: '1',
      requestId: 'order-7',
      timeoutMs: 250,
      edge: 'nats',
      trace: { traceId: TRACE_ID, parentSpanId: 'b7ad6b7169203331', sampled: true },
    });
    expect(answer.headers?.get('traceparent')).toBe(`00-${TRACE_ID}-${'e'.repeat(16)}-01`);
    expect(jsonOf(answer)).toMatchObject({ request_id: 'order-7', trace_id: TRACE_ID, model: { version: '1' } });
  });

  it('hands on what it asks of freshness, in predictions and in reads', async () => {
    const acks = [
      { partition: 3, seq: 95 },
      { error: { code: 'INVALID_ARGUMENT', message: 'no' }, row: 1 },
    ];
    const bound = { minSeq: [95], minPartitions: [3], maxAgeMs: 60_000 };
    await ask('dovetail.predict.fraud', { body: { ...fraud, min_seq: acks, max_age_ms: 60_000 } });
    expect(gateway.calls.at(-1)!.bound).toEqual(bound);
    const read = { keys: ['u1'], min_seq: acks, max_age_ms: 60_000 };
    await ask('dovetail.features.get.user_profile', { body: read, headers: { 'Timeout-Ms': '250' } });
    expect(gateway.readOptions.at(-1)).toEqual({ timeoutMs: 250, bound });
    for (const min_seq of [-1, 1.5, '7', [[1]], 2 ** 60]) {
      const refused = errorOf(
        await ask('dovetail.features.get.user_profile', { body: { keys: ['u1'], min_seq } }),
        400,
      );
      expect(refused.message).toMatch(/min_seq.* must be a whole number from 0 to 2\^53 - 1/);
    }
  });

  it('prefers what the body says over headers, and ignores a traceparent that is none', async () => {
    await ask('dovetail.predict.fraud', {
      body: { ...fraud, timeout_ms: 70, request_id: 'body' },
      headers: { 'Timeout-Ms': '250', 'Request-Id': 'header', traceparent: 'nonsense' },
    });
    expect(gateway.calls.at(-1)).toMatchObject({ timeoutMs: 70, requestId: 'body', trace: undefined });
  });

  it.each<[string, string, Call, number, string, RegExp]>([
    ['an unknown model', 'nobody', { body: fraud }, 404, 'NOT_FOUND', /no model "nobody"/],
    ['an unknown version', 'fraud', { body: { ...fraud, version: '9' } }, 404, 'NOT_FOUND', /no version 9/],
    [
      'a version that is none',
      'fraud',
      { body: { ...fraud, version: '../1' } },
      400,
      'INVALID_ARGUMENT',
      /model version "..\/1" must be a whole number/,
    ],
    [
      'a version that is no text',
      'fraud',
      { body: { ...fraud, version: 1 } },
      400,
      'INVALID_ARGUMENT',
      /"version" must be text/,
    ],
    [
      'a path as the model',
      '%2e%2fetc',
      { body: fraud },
      400,
      'INVALID_ARGUMENT',
      /model name "%2e%2fetc" must start with a letter/,
    ],
    ['no JSON', 'fraud', { body: '{"user_id": ' }, 400, 'INVALID_ARGUMENT', /the message/],
    ['no object', 'fraud', { body: [1] }, 400, 'INVALID_ARGUMENT', /the message must be/],
    ['nothing at all', 'fraud', { bytes: new Uint8Array(0) }, 400, 'INVALID_ARGUMENT', /the message/],
    [
      'text that is not UTF-8',
      'fraud',
      { bytes: Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d]) },
      400,
      'INVALID_ARGUMENT',
      /./,
    ],
    ['a missing input', 'fraud', { body: { user_id: 'u' } }, 400, 'INVALID_ARGUMENT', /merchant_id/],
    [
      'another content type',
      'fraud',
      { body: fraud, headers: { 'Content-Type': 'text/xml' } },
      400,
      'INVALID_ARGUMENT',
      /Content-Type "text\/xml" is not known; use application\/json or application\/protobuf/,
    ],
    [
      'a deadline that is no number',
      'fraud',
      { body: fraud, headers: { 'Timeout-Ms': 'soon' } },
      400,
      'INVALID_ARGUMENT',
      /header Timeout-Ms must be a number/,
    ],
    [
      'a deadline below 0',
      'fraud',
      { body: fraud, headers: { 'Timeout-Ms': '-1' } },
      400,
      'INVALID_ARGUMENT',
      /header Timeout-Ms/,
    ],
    [
      'a request id with spaces',
      'fraud',
      { body: fraud, headers: { 'Request-Id': 'a b' } },
      400,
      'INVALID_ARGUMENT',
      /request id "a b" must be 1 to 128 printable/,
    ],
  ])('with %s is refused in headers and body', async (_, model, call, status, code, message) => {
    const said = errorOf(await ask(`dovetail.predict.${model}`, call), status);
    expect(said.code).toBe(code);
    expect(said.message).toMatch(message);
    expect(outcomes).toEqual([`predict ${code}`]);
  });

  it.each<['RESOURCE_EXHAUSTED' | 'DEADLINE_EXCEEDED' | 'UNAVAILABLE' | 'FAILED_PRECONDITION', number]>([
    ['RESOURCE_EXHAUSTED', 429],
    ['DEADLINE_EXCEEDED', 504],
    ['UNAVAILABLE', 503],
    ['FAILED_PRECONDITION', 503],
  ])('that the cluster answers with %s says so under status %i', async (code, status) => {
    gateway.failure = new ServingError(code, 'queue', 'for this reason');
    const said = errorOf(await ask('dovetail.predict.fraud', { body: fraud }), status);
    expect(said).toEqual({ code, stage: 'queue', message: 'for this reason' });
  });

  it('does not let an error forge headers, and tells no internals', async () => {
    gateway.failure = new ServingError('NOT_FOUND', 'route', 'first\r\nX-Forged: yes\r\n\r\nbody');
    const forged = await ask('dovetail.predict.fraud', { body: fraud });
    expect(forged.headers?.has('X-Forged')).toBe(false);
    expect(forged.headers?.get('Nats-Service-Error')).toBe('first X-Forged: yes body');
    gateway.failure = new TypeError('secret path /root/x');
    expect(errorOf(await ask('dovetail.predict.fraud', { body: fraud }), 500).message).toBe('internal error');
  });
});

describe('a prediction in protobuf', () => {
  it.each(['application/protobuf', 'application/x-protobuf'])('is answered in protobuf, as %s', async (contentType) => {
    const bound = { minSeq: [7, 0, 9], maxAgeMs: 1_500 };
    const bytes = predict({ id: 77, requestId: 'r1', budgetUs: 40_000, ...bound }, fraudTensors(3));
    const answer = await ask('dovetail.predict.fraud', { bytes, headers: { 'Content-Type': contentType } });
    expect(answer.headers?.get('Content-Type')).toBe(contentType);
    const reply = dovetail.PredictReply.decode(answer.data);
    expect([reply.id, reply.requestId, reply.model, reply.version]).toEqual([77, 'r1', 'fraud', '2']);
    const score = reply.outputs![0]!;
    expect([score.name, score.shape]).toEqual(['score', [3, 1]]);
    const values = fp32Values({ name: 'score', datatype: 'FP32', shape: [3, 1], data: score.data! });
    expect(values.map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0.002, 0.502, 0.6687]);
    expect(reply.freshness).toMatchObject({
      appliedSeq: [40, 41, 42],
      ageMs: [12, -1, -1],
      everywhereSeq: [90, 91, 92],
      asOfMs: [1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002],
    });
    expect(reply.timings).toMatchObject({ totalUs: 900, batchRows: 3 });
    expect(gateway.calls.at(-1)).toMatchObject({ timeoutMs: 40, requestId: 'r1', version: undefined, bound });
  });

  it('hands bytes of every datatype through untouched', async () => {
    const x: Tensor = {
      name: 'x',
      datatype: 'INT64',
      shape: [2, 2],
      data: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
    };
    const answer = await ask('dovetail.predict.echo_INT64', { bytes: predict({}, [x]), headers: PROTOBUF });
    const reply = dovetail.PredictReply.decode(answer.data);
    expect([...reply.outputs![0]!.data!]).toEqual([...x.data]);
    const text: Tensor = {
      name: 'x',
      datatype: 'BYTES',
      shape: [1, 2],
      data: packBytes([Uint8Array.of(0, 255), new Uint8Array(0)]),
    };
    const said = await ask('dovetail.predict.echo_BYTES', { bytes: predict({}, [text]), headers: PROTOBUF });
    const echoed = dovetail.PredictReply.decode(said.data).outputs![0]!.data!;
    expect(bytesElements(echoed).map((one) => [...one])).toEqual([[0, 255], []]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['bytes that are no message', Uint8Array.from([0xff, 0xff, 0xff]), /not a protobuf dovetail.Predict/],
    ['a message cut off', predict().subarray(0, 20), /not a protobuf dovetail.Predict/],
    ['another model than the subject', predict({ model: 'add' }), /subject names model 'fraud', the message "add"/],
    ['a version that is none', predict({ version: '1/2' }), /model version "1\/2"/],
    [
      'an unknown datatype',
      dovetail.Predict.encode({ inputs: [{ name: 'user_id', datatype: 99, shape: [1] }] }).finish(),
      /input "user_id": datatype 99 is not one of/,
    ],
    ['no inputs', predict({ inputs: [] }), /user_id/],
    ['a request id with control characters', predict({ requestId: 'a\u0007' }), /request id/],
  ])('with %s is refused in JSON', async (_, bytes, message) => {
    const said = errorOf(await ask('dovetail.predict.fraud', { bytes, headers: PROTOBUF }), 400);
    expect(said.code).toBe('INVALID_ARGUMENT');
    expect(said.message).toMatch(message);
  });
});

describe('features', () => {
  it('are pushed with an acknowledgement a row, and read back', async () => {
    const pushed = await ask('dovetail.features.push.user_profile', {
      body: { rows: [{ user_id: 'abc', spend: 3 }, 'no row', { spend: 4 }] },
    });
    expect(jsonOf(pushed)).toMatchObject({
      accepted: 1,
      rejected: 2,
      acks: [
        { partition: 3, seq: 1 },
        { error: { code: 'INVALID_ARGUMENT' }, row: 1 },
        { error: { code: 'INVALID_ARGUMENT' }, row: 2 },
      ],
    });
    const read = jsonOf(await ask('dovetail.features.get.user_profile', { body: { keys: ['abc', 'zz'] } }));
    expect(read['rows']).toMatchObject([
      { key: 'abc', found: true, values: { spend: 3 } },
      { key: 'zz', found: false },
    ]);
    expect(outcomes).toEqual(['push OK', 'get OK']);
  });

  it.each<[string, unknown, number]>([
    ['dovetail.features.push.nobody', { rows: [{ user_id: 'a' }] }, 404],
    ['dovetail.features.get.nobody', { keys: ['a'] }, 404],
    ['dovetail.features.push.9x', { rows: [] }, 400],
    ['dovetail.features.push.user_profile', { rows: 'all' }, 400],
    ['dovetail.features.get.user_profile', { keys: [''] }, 400],
    ['dovetail.features.get.user_profile', { keys: ['a'], limit: 3 }, 400],
  ])('on %s with %j are refused', async (subject, body, status) => {
    errorOf(await ask(subject, { body }), status);
  });
});

describe('discovery', () => {
  it('finds the service, its endpoints and what they did', async () => {
    await ask('dovetail.predict.fraud', { body: fraud });
    await ask('dovetail.predict.nobody', { body: fraud });
    const ping = jsonOf(await caller.request('$SRV.PING', new Uint8Array(0), { timeout: 2_000 }));
    expect(ping).toMatchObject({ type: 'io.nats.micro.v1.ping_response', name: 'dovetail', version: '1.2.3' });
    const described = jsonOf(await caller.request('$SRV.INFO.dovetail', new Uint8Array(0), { timeout: 2_000 }));
    expect(
      (described['endpoints'] as { name: string; subject: string }[]).map(({ name, subject }) => [name, subject]),
    ).toEqual([
      ['predict', 'dovetail.predict.*'],
      ['push', 'dovetail.features.push.*'],
      ['get', 'dovetail.features.get.*'],
    ]);
    const stats = jsonOf(await caller.request('$SRV.STATS.dovetail', new Uint8Array(0), { timeout: 2_000 }));
    expect((stats['endpoints'] as { num_requests: number }[])[0]).toMatchObject({ name: 'predict', num_requests: 2 });
  });
});

describe('under load and hostile bytes', () => {
  it('answers whatever it is sent, and goes on', async () => {
    const random = seededRandom(4);
    const valid = [predict({}, fraudTensors(2)), new TextEncoder().encode(JSON.stringify(fraud))];
    const subjects = [
      'dovetail.predict.fraud',
      'dovetail.features.push.user_profile',
      'dovetail.features.get.user_profile',
    ];
    for (let i = 0; i < 300; i++) {
      const bytes = valid[i % 2]!.slice();
      for (let flips = 0; flips < 1 + below(random, 8); flips++)
        bytes[below(random, bytes.length)] = below(random, 256);
      const cut = random.next() < 0.3 ? bytes.subarray(0, below(random, bytes.length)) : bytes;
      const answer = await ask(subjects[below(random, 3)]!, { bytes: cut, headers: i % 2 === 0 ? PROTOBUF : {} });
      const code = answer.headers?.get('Nats-Service-Error-Code');
      expect(['', '400', '404', undefined]).toContain(code);
    }
    expect(jsonOf(await ask('dovetail.predict.fraud', { body: fraud }))).toHaveProperty('outputs');
  });

  it('refuses at once what is over its bound, and answers the rest when the cluster does', async () => {
    gateway.hold();
    const held = Array.from({ length: IN_FLIGHT_MAX }, () => ask('dovetail.predict.fraud', { body: fraud }));
    await eventually('all are held', () => gateway.heldCount === IN_FLIGHT_MAX);
    const said = errorOf(await ask('dovetail.predict.fraud', { body: fraud }), 429);
    expect(said).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: `${IN_FLIGHT_MAX} requests are being answered here; try again later`,
    });
    gateway.release();
    for (const answer of await Promise.all(held)) expect(jsonOf(answer)).toHaveProperty('outputs');
    expect(jsonOf(await ask('dovetail.predict.fraud', { body: fraud }))).toHaveProperty('outputs');
  });

  it('says so where an answer is longer than NATS carries, instead of falling silent', async () => {
    // Written 1e9 in the question and 1000000000 in the answer.
    const body = `{"inputs":{"x":[${new Array<string>(5_000).fill('[1e9,1e9]').join()}]}}`;
    expect(body.length).toBeLessThan(PAYLOAD_BYTES_MAX);
    const said = errorOf(await ask('dovetail.predict.wide', { body }), 429);
    expect(said.code).toBe('RESOURCE_EXHAUSTED');
    expect(said.message).toMatch(
      /the answer has \d+ bytes, more than one NATS message here may carry; ask for fewer rows/,
    );
    expect(jsonOf(await ask('dovetail.predict.fraud', { body: fraud }))).toHaveProperty('outputs');
  });
});

describe('stopping', () => {
  it('takes nothing new, answers what is in flight, and only then is done', async () => {
    gateway.hold();
    const held = ask('dovetail.predict.fraud', { body: fraud });
    await eventually('it is held', () => gateway.heldCount === 1);
    let stopped = false;
    const stopping = bridge.stop().then(() => {
      stopped = true;
    });
    await nobodyListens();
    expect(stopped).toBe(false);
    gateway.release();
    expect(jsonOf(await held)).toHaveProperty('outputs');
    await stopping;
    expect(stopped).toBe(true);
  });

  async function nobodyListens(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const code = await caller.request('dovetail.predict.fraud', new Uint8Array(0), { timeout: 500 }).then(
        () => 'answered',
        (thrown: { code?: string }) => thrown.code,
      );
      if (code === '503') return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('the bridge still listens');
  }
});
