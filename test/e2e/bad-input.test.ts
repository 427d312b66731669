/**
 * What callers get wrong, on both edges of a running cluster: each gets the documented error, with a message that says
 * what to change, and nothing of it reaches a process's health or anyone's data.
 */
import { headers as natsHeaders } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dovetail } from '../../proto/generated/messages.js';
import { generatedTensor } from '../support/arbitrary-messages.ts';
import { brokenTensorCases, long, person, personCases, tensorCases } from '../support/bad-requests.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { binaryRequest, golden, jsonTensors, tensorsOf } from '../support/golden.ts';
import { WireProbe } from '../support/wire-probe.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const { request } = golden.rows[0]!;
const BODY_BYTES_MAX = 262_144;

let cluster: TestCluster;
let probe: WireProbe;
let pidsBefore: Map<string, number>;

beforeAll(async () => {
  cluster = await TestCluster.start({ flags: ['--body-bytes-max', String(BODY_BYTES_MAX)] });
  probe = await WireProbe.connect(cluster.natsUrl);
  pidsBefore = await cluster.pids();
  const { json } = await cluster.post('/v1/features/user_profile:push', {
    rows: [{ user_id: 'kept', payments_total: 41 }],
  });
  expect(json).toMatchObject({ accepted: 1 });
});

afterAll(async () => {
  await probe?.close();
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
  }
});

describe('people’s JSON over HTTP', () => {
  it.each(personCases)('with %s is refused with a reason', async (_what, body, code, words) => {
    const answer = await cluster.post('/v1/predict/fraud', body instanceof Buffer ? new Uint8Array(body) : body);
    expect(answer.status, JSON.stringify(answer.json)).toBe(400);
    expect(answer.json).toMatchObject({
      error: { code, stage: expect.any(String), message: expect.stringContaining(words) },
    });
    expect((answer.json['error'] as { message: string }).message.length).toBeGreaterThan(10);
  });

  it.each([
    ['an unknown model', '/v1/predict/fruad', 404, 'NOT_FOUND', "no model 'fruad'; known are: fraud"],
    ['an unknown version', '/v1/predict/fraud/versions/7', 404, 'NOT_FOUND', 'no version 7; it has: 1'],
    [
      'a version that is no number',
      '/v1/predict/fraud/versions/latest',
      400,
      'INVALID_ARGUMENT',
      'whole number from 1',
    ],
    ['a path that climbs', '/v1/predict/..%2F..%2Fetc%2Fpasswd', 400, 'INVALID_ARGUMENT', 'must start with a letter'],
    ['a name with a wildcard', '/v1/predict/%3E', 400, 'INVALID_ARGUMENT', 'must start with a letter'],
    ['a name with a zero byte', '/v1/predict/fraud%00', 400, 'INVALID_ARGUMENT', 'must start with a letter'],
    ['a name with a dot', '/v1/predict/fraud.1', 400, 'INVALID_ARGUMENT', 'must start with a letter'],
    ['a name of 65 letters', `/v1/predict/${'a'.repeat(65)}`, 400, 'INVALID_ARGUMENT', 'at most 64'],
    ['a name of 5,000 letters', `/v1/predict/${'a'.repeat(5_000)}`, 414, 'INVALID_ARGUMENT', '64'],
    ['a percent sign that escapes nothing', '/v1/predict/%zz', 400, 'INVALID_ARGUMENT', '%'],
    ['a name of the object’s own', '/v1/predict/constructor', 404, 'NOT_FOUND', 'constructor'],
  ] as const)('to %s is refused with a reason', async (_what, path, status, code, words) => {
    const answer = await cluster.post(path, request);
    expect(answer.status, JSON.stringify(answer.json)).toBe(status);
    expect(answer.json).toMatchObject({ error: { code, message: expect.stringContaining(words) } });
  });

  it('over the limit is refused with 413, and the connection’s next request is served', async () => {
    const answer = await cluster.post('/v1/predict/fraud', person({ user_id: 'x'.repeat(BODY_BYTES_MAX) }));
    expect(answer.status).toBe(413);
    expect(JSON.stringify(answer.json)).toContain(`larger than ${BODY_BYTES_MAX} bytes`);
    expect((await cluster.post('/v1/predict/fraud', request)).status).toBe(200);
  });
});

describe('people’s JSON over NATS', () => {
  const ask = async (subject: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const set = natsHeaders();
    for (const [name, value] of Object.entries(headers)) set.set(name, value);
    const reply = await probe.connection.request(subject, body, { timeout: 10_000, headers: set });
    const error = reply.json<{ error?: { code: string; stage: string; message: string } }>().error;
    return {
      error,
      serviceCode: reply.headers?.get('Nats-Service-Error-Code'),
      serviceError: reply.headers?.get('Nats-Service-Error'),
    };
  };
  const bytesOf = (body: unknown) =>
    typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);

  it.each(personCases)('with %s is refused with the same reason', async (_what, body, code, words) => {
    const { error, serviceCode, serviceError } = await ask('dovetail.predict.fraud', bytesOf(body));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(serviceCode).toBe('400');
    expect(serviceError!.length).toBeGreaterThan(10);
  });

  it.each([
    ['an unknown model', 'dovetail.predict.fruad', {}, 'NOT_FOUND', "no model 'fruad'"],
    ['a name that is none', 'dovetail.predict.1st', {}, 'INVALID_ARGUMENT', 'must start with a letter'],
    [
      'a content type that is unknown',
      'dovetail.predict.fraud',
      { 'Content-Type': 'text/xml' },
      'INVALID_ARGUMENT',
      'application/json',
    ],
    ['a deadline in words', 'dovetail.predict.fraud', { 'Timeout-Ms': 'soon' }, 'INVALID_ARGUMENT', 'Timeout-Ms'],
  ] as const)('to %s is refused with a reason', async (_what, subject, headers, code, words) => {
    const { error } = await ask(subject, JSON.stringify(request), headers);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it('asks for a version in the body, and learns which there are', async () => {
    const { error } = await ask('dovetail.predict.fraud', JSON.stringify({ ...request, version: '9' }));
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('no version 9; it has: 1') });
    const words = await ask('dovetail.predict.fraud', JSON.stringify({ ...request, version: 'newest' }));
    expect(words.error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('whole number') });
  });

  it('ignores a trace context that is none, and answers', async () => {
    const { error } = await ask('dovetail.predict.fraud', JSON.stringify(request), { traceparent: '00-zz-zz-01' });
    expect(error).toBeUndefined();
  });
});

describe('the Open Inference Protocol in binary', () => {
  it.each([...tensorCases, ...brokenTensorCases])('with %s is refused with 400', async (_what, tensors, words) => {
    const { body, headers } = binaryRequest(tensors());
    const answer = await cluster.post('/v2/models/fraud/infer', new Uint8Array(body), headers);
    expect(answer.status, JSON.stringify(answer.json)).toBe(400);
    expect(answer.json).toEqual({ error: expect.stringContaining(words) });
  });

  it.each([
    ['a JSON length beyond the body', { 'inference-header-content-length': '99999' }, 'only'],
    ['a JSON length within the JSON', { 'inference-header-content-length': '20' }, 'JSON'],
    ['a JSON length that is no number', { 'inference-header-content-length': '-1' }, 'whole number'],
    ['a JSON length of 0 for a model of several inputs', { 'inference-header-content-length': '0' }, 'one input'],
    ['a body that says it is packed and is not', { 'content-encoding': 'gzip' }, 'gzip'],
    ['an encoding that nobody knows', { 'content-encoding': 'zip' }, 'zip'],
  ] as const)('with %s is refused', async (_what, wrong, words) => {
    const { body, headers } = binaryRequest(tensorsOf([request]));
    const answer = await cluster.post('/v2/models/fraud/infer', new Uint8Array(body), { ...headers, ...wrong });
    expect([400, 415]).toContain(answer.status);
    expect(answer.json).toEqual({ error: expect.stringContaining(words) });
  });

  it('with sizes that lie about what follows is refused', async () => {
    const { body, headers } = binaryRequest(tensorsOf([request]));
    const more = await cluster.post('/v2/models/fraud/infer', new Uint8Array([...body, 1, 2, 3]), headers);
    expect(more).toMatchObject({ status: 400, json: { error: expect.stringContaining('3 bytes follow') } });
    const less = await cluster.post('/v2/models/fraud/infer', new Uint8Array(body.subarray(0, -2)), headers);
    expect(less).toMatchObject({ status: 400, json: { error: expect.stringContaining('bytes are left') } });
  });
});

describe('the Open Inference Protocol in JSON', () => {
  const tensor = (name: string, change: Record<string, unknown>) => ({
    inputs: jsonTensors([request]).map((one) => (one['name'] === name ? { ...one, ...change } : one)),
  });
  it.each([
    ['a datatype that is none', tensor('amount', { datatype: 'FLOAT' }), 'FLOAT'],
    ['a shape with a negative dimension', tensor('amount', { shape: [-1, 1] }), 'shape'],
    ['a shape of fractions', tensor('amount', { shape: [1.5] }), 'shape'],
    ['a shape of a quintillion elements', tensor('amount', { shape: [1e9, 1e9] }), 'amount'],
    ['more data than the shape says', tensor('amount', { data: [1, 2] }), 'amount'],
    ['text for numbers', tensor('amount', { data: ['1'] }), 'amount'],
    ['no inputs', { inputs: [] }, 'inputs'],
    ['an output that the model has not', { ...tensor('', {}), outputs: [{ name: 'verdict' }] }, 'verdict'],
    ['a deadline that is negative', { ...tensor('', {}), parameters: { timeout: -5 } }, 'timeout'],
  ] as const)('with %s is refused with 400', async (_what, body, words) => {
    const answer = await cluster.post('/v2/models/fraud/infer', body);
    expect(answer).toMatchObject({ status: 400, json: { error: expect.stringContaining(words) } });
  });

  it.each([
    ['/v2/models/fruad/infer', 404, 'fruad'],
    ['/v2/models/fraud/versions/4/infer', 404, 'version 4'],
    ['/v2/models/..%2Fsecrets/infer', 400, 'letter'],
  ] as const)('to %s is refused with %d', async (path, status, words) => {
    const answer = await cluster.post(path, { inputs: jsonTensors([request]) });
    expect(answer).toMatchObject({ status, json: { error: expect.stringContaining(words) } });
  });
});

describe('protobuf over NATS', () => {
  const ask = async (bytes: Uint8Array) => {
    const headers = natsHeaders();
    headers.set('Content-Type', 'application/protobuf');
    const reply = await probe.connection.request('dovetail.predict.fraud', bytes, { timeout: 10_000, headers });
    const failed = reply.headers?.get('Nats-Service-Error-Code') ?? '';
    return failed === '' ? null : reply.json<{ error: { code: string; message: string } }>().error;
  };
  const encoded = (fields: object) => dovetail.Predict.encode(fields as dovetail.Predict.$Properties).finish();

  it.each([...tensorCases, ...brokenTensorCases])('with %s is refused with a reason', async (_what, tensors, words) => {
    const error = await ask(encoded({ inputs: tensors().map(generatedTensor) }));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) });
  });

  it.each([
    ['bytes that are no protobuf', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['a message cut off', encoded({ inputs: tensorsOf([request]).map(generatedTensor) }).subarray(0, 60)],
    ['a length beyond the end', Uint8Array.of(0x32, 0xff, 0xff, 0x03, 1, 2)],
    ['nothing', new Uint8Array(0)],
    [
      'another model than the subject says',
      encoded({ model: 'other', inputs: tensorsOf([request]).map(generatedTensor) }),
    ],
    ['a version that is no number', encoded({ version: '../1', inputs: tensorsOf([request]).map(generatedTensor) })],
    [
      'a datatype number that is none',
      encoded({ inputs: tensorsOf([request]).map((one) => ({ ...generatedTensor(one), datatype: 99 })) }),
    ],
  ] as const)('of %s is refused with a reason', async (_what, bytes) => {
    const error = await ask(bytes);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error!.message.length).toBeGreaterThan(10);
  });

  it('that is random never ends a process', async () => {
    let state = 12_345;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    };
    const sound = encoded({ inputs: tensorsOf([request]).map(generatedTensor) });
    const subjects = [
      'dovetail.call',
      ...(await cluster.status()).members.map(({ node }) => `dovetail.node.${node.replaceAll('.', '_')}`),
    ];
    for (let i = 0; i < 200; i++) {
      const bytes = Uint8Array.from(sound);
      for (let k = 0; k < 1 + (i % 8); k++) bytes[(random() * 256 + random()) % bytes.length] = random();
      await ask(bytes);
      // The inner subjects take no requests of strangers; what they cannot read they must drop.
      probe.connection.publish(subjects[i % subjects.length]!, bytes);
      probe.connection.publish(subjects[i % subjects.length]!, Uint8Array.from({ length: i }, random));
    }
    await probe.connection.flush();
    expect((await cluster.post('/v1/predict/fraud', request)).status).toBe(200);
  });
});

describe('features', () => {
  const row = (fields: Record<string, unknown>) => ({ user_id: 'never-stored', ...fields });
  it.each([
    ['no key', { payments_total: 1 }, 'user_id'],
    ['an empty key', row({ user_id: '' }), 'user_id must not be empty'],
    ['a key of 513 bytes', row({ user_id: long }), 'at most 512'],
    ['a key that is a number', row({ user_id: 5 }), "'user_id' must be text"],
    ['a feature that is unknown', row({ shoe_size: 43 }), 'shoe_size'],
    ['text for a number', row({ payments_total: 'three' }), 'payments_total'],
    ['a fraction for a whole number', row({ payments_total: 1.5 }), 'payments_total'],
    ['a number for a truth value', row({ is_new: 1 }), 'is_new'],
    ['a number beyond float32', row({ avg_amount: 1e300 }), 'avg_amount'],
    ['a time in words', row({ event_time: 'yesterday' }), 'event_time'],
    ['a time far ahead', row({ event_time: Date.now() + 3_600_000 }), 'ahead'],
    ['a row that is a list', [1], 'object'],
    ['a row that is null', null, 'object'],
  ] as const)('with %s are refused one by one, and the good rows beside them kept', async (_what, bad, words) => {
    const good = { user_id: 'beside', payments_total: 9 };
    const answer = await cluster.post('/v1/features/user_profile:push', { rows: [good, bad, good] });
    expect(answer.status, JSON.stringify(answer.json)).toBe(200);
    expect(answer.json).toMatchObject({ accepted: 2, rejected: 1 });
    expect((answer.json['acks'] as unknown[])[1]).toMatchObject({
      row: 1,
      error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) },
    });
    const alone = await cluster.post('/v1/features/user_profile:push', { rows: [bad] });
    expect(alone.status).toBe(400);
    const overNats = await probe.connection.request(
      'dovetail.features.push.user_profile',
      JSON.stringify({ rows: [bad] }),
      {
        timeout: 10_000,
      },
    );
    expect(overNats.json<{ acks: unknown[] }>().acks).toMatchObject([
      { row: 0, error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) } },
    ]);
  });

  it.each([
    ['push to an unknown view', '/v1/features/user_profil:push', { rows: [row({})] }, 404, 'user_profile'],
    ['read of an unknown view', '/v1/features/user_profil:get', { keys: ['u1'] }, 404, 'user_profile'],
    ['a verb that is none', '/v1/features/user_profile:drop', {}, 404, '{view}:push'],
    ['a view that climbs', '/v1/features/..%2F..%2Fx:get', { keys: ['u1'] }, 400, 'letter'],
    ['no rows', '/v1/features/user_profile:push', { rows: [] }, 400, 'rows'],
    ['no keys', '/v1/features/user_profile:get', { keys: [] }, 400, 'keys'],
    ['an empty key', '/v1/features/user_profile:get', { keys: ['a', ''] }, 400, 'keys[1]'],
    ['a key over 512 bytes', '/v1/features/user_profile:get', { keys: [long] }, 400, 'keys[0]'],
    ['a key over 512 bytes in UTF-8', '/v1/features/user_profile:get', { keys: ['é'.repeat(300)] }, 400, '600 bytes'],
    ['a key that is half a character', '/v1/features/user_profile:get', '{"keys":["\\ud800"]}', 400, 'surrogate'],
    ['too many keys', '/v1/features/user_profile:get', { keys: new Array<string>(10_001).fill('u') }, 400, '10000'],
    ['a field that is unknown', '/v1/features/user_profile:get', { keys: ['u'], limit: 1 }, 400, 'limit'],
  ] as const)('%s is refused with a reason', async (_what, path, body, status, words) => {
    const answer = await cluster.post(path, body);
    expect(answer.status, JSON.stringify(answer.json)).toBe(status);
    expect(JSON.stringify(answer.json)).toContain(words);
  });
});

describe('after all that', () => {
  it('every process is the one it was, and what was acknowledged is there', async () => {
    expect(await cluster.pids()).toEqual(pidsBefore);
    expect(cluster.stderr).not.toContain('starting it again');
    await eventually(
      async () => {
        const { json } = await cluster.post('/v1/features/user_profile:get', {
          keys: ['kept', 'beside', 'never-stored'],
        });
        const rows = json['rows'] as { found: boolean; values: { payments_total: number } }[];
        return rows[0]!.values.payments_total === 41 && rows[1]!.values.payments_total === 9 && !rows[2]!.found;
      },
      () => 'an acknowledged row is missing, or a refused one is there',
    );
    const answer = await cluster.post('/v1/predict/fraud', request);
    expect(answer.status).toBe(200);
    expect((await cluster.get('/v2/health/ready')).status).toBe(200);
  });

  it('nothing was logged as a failure of ours', () => {
    const errors = cluster.stderr
      .split('\n')
      .filter((line) => line.includes('"level":50') || line.includes('"level":60'));
    expect(errors).toEqual([]);
  });
});
