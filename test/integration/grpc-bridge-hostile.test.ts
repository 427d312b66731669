import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { GRPC_STREAM_IN_FLIGHT_MAX, GRPC_STREAMS_PER_CONNECTION_MAX } from '../../actors/edge/limits.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import type { inference } from '../../proto/generated/inference.js';
import type { Tensor } from '../../proto/tensor.ts';
import { fp32, fp32Values } from '../support/fake-gateway.ts';
import { collect, framed, GrpcEdge, statusOf } from '../support/grpc-edge.ts';
import { encoded, rawRequest } from '../support/inference-messages.ts';
import { until } from '../support/test-edge.ts';

const edges: GrpcEdge[] = [];
async function start(options?: Parameters<typeof GrpcEdge.start>[0]): Promise<GrpcEdge> {
  const edge = await GrpcEdge.start(options);
  edges.push(edge);
  return edge;
}
afterEach(async () => {
  for (const edge of edges.splice(0)) {
    edge.gateway.release();
    await edge.stop();
  }
});

const add = (a: number, id = '') =>
  encoded(rawRequest({ model: 'add', id, inputs: [fp32('a', [1, 1], [a]), fp32('b', [1], [a])] }));
const wide = (rows: number) =>
  encoded(rawRequest({ model: 'echo_FP32', inputs: [fp32('x', [rows, 2], new Array<number>(rows * 2).fill(1))] }));
const sumOf = (answer: inference.ModelStreamInferResponse) =>
  fp32Values({ data: answer.infer_response!.raw_output_contents![0]! } as Tensor)[0];

/** Still answers, and holds nothing of what came before. */
async function expectSound(edge: GrpcEdge): Promise<void> {
  await until('everything is given back', () => edge.bridge.heldBytes() === 0 && edge.bridge.openCalls() === 0);
  edge.gateway.failure = undefined;
  await edge.call('ModelInfer', add(1));
}

describe('messages', () => {
  it('larger than allowed are refused, those at the limit are not', async () => {
    const edge = await start({ messageBytesMax: 20_000 });
    const [fits, tooLarge] = [wide(2_000), wide(3_000)];
    expect(fits.length).toBeLessThan(20_000);
    expect((await edge.call('ModelInfer', fits)).bytes.length).toBeGreaterThan(16_000);
    await expect(edge.call('ModelInfer', tooLarge)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await expectSound(edge);
    await until('it is observed', () => edge.ended.some(({ code }) => code === 'RESOURCE_EXHAUSTED'));
  });

  it('that unpack to more than allowed are refused', async () => {
    const edge = await start({ messageBytesMax: 20_000 });
    const stream = edge.bare('ModelInfer', { 'grpc-encoding': 'gzip' });
    const packed = framed(gzipSync(Buffer.alloc(2_000_000)));
    packed[0] = 1;
    stream.end(packed);
    expect((await statusOf(stream))?.code).toBe(status.RESOURCE_EXHAUSTED);
    await expectSound(edge);
  });

  it('count unpacked against the room that there is for all', async () => {
    const edge = await start({ messagesBytesMax: 30_000 });
    const bomb = (bytes: number) => {
      const stream = edge.bare('ModelInfer', { 'grpc-encoding': 'gzip' });
      const packed = framed(gzipSync(Buffer.alloc(bytes)));
      packed[0] = 1;
      stream.end(packed);
      return statusOf(stream);
    };
    expect(await bomb(100_000)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      text: expect.stringContaining('room'),
    });
    // Small enough to be read, and found to be no request.
    expect((await bomb(10_000))?.code).toBe(status.INVALID_ARGUMENT);
    await expectSound(edge);
  });

  it('that are not gzip, or packed in an unknown way, are refused', async () => {
    const edge = await start();
    for (const [encoding, code] of [
      ['gzip', status.INTERNAL],
      ['snappy', status.UNIMPLEMENTED],
    ] as const) {
      const stream = edge.bare('ModelInfer', { 'grpc-encoding': encoding });
      const message = framed(Buffer.from('no gzip'));
      message[0] = 1;
      stream.end(message);
      expect((await statusOf(stream))?.code).toBe(code);
    }
    await expectSound(edge);
  });

  it('that come in single bytes are taken', async () => {
    const edge = await start();
    const stream = edge.bare('ModelInfer');
    const outcome = statusOf(stream);
    for (const byte of framed(add(3))) stream.write(Buffer.of(byte));
    stream.end();
    expect(await outcome).toMatchObject({ code: status.OK });
    await expectSound(edge);
  });

  it.each([
    ['none', Buffer.alloc(0), status.UNIMPLEMENTED],
    ['two where one is wanted', Buffer.concat([framed(add(1)), framed(add(1))]), status.UNIMPLEMENTED],
    ['an empty one', framed(Buffer.alloc(0)), status.INVALID_ARGUMENT],
    ['nonsense', framed(Buffer.from([255, 255, 255])), status.INVALID_ARGUMENT],
  ])('%s: the call ends with a status', async (_what, bytes, code) => {
    const edge = await start();
    const stream = edge.bare('ModelInfer');
    stream.end(bytes);
    expect((await statusOf(stream))?.code).toBe(code);
    await expectSound(edge);
  });

  it('that are announced and cut short give their room back', async () => {
    const edge = await start();
    const stream = edge.bare('ModelInfer');
    stream.end(framed(Buffer.alloc(10), 1_000));
    await statusOf(stream);
    await expectSound(edge);
  });
});

describe('room for messages', () => {
  it('is taken as bytes arrive, refused when there is none, and free again after the answer', async () => {
    const edge = await start({ messagesBytesMax: 50_000 });
    const first = edge.bare('ModelInfer');
    first.write(framed(Buffer.alloc(30_000), 4_000_000));
    await until('it has arrived', () => edge.bridge.heldBytes() >= 30_000);
    const second = edge.bare('ModelInfer');
    second.end(framed(Buffer.alloc(30_000)));
    expect(await statusOf(second)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      text: expect.stringContaining('room'),
    });
    // What announces much and sends nothing takes none.
    const idle = edge.bare('ModelInfer');
    idle.write(framed(Buffer.alloc(0), 4_000_000));
    await edge.call('ModelInfer', add(1));
    first.destroy();
    idle.destroy();
    await expectSound(edge);
  });

  it('is held until an answer is out', async () => {
    const edge = await start();
    edge.gateway.hold();
    const call = edge.call('ModelInfer', wide(1_000));
    await until('it runs', () => edge.gateway.heldCount === 1);
    expect(edge.bridge.heldBytes()).toBeGreaterThan(8_000);
    edge.gateway.release();
    await call;
    await expectSound(edge);
  });
});

describe('callers that keep still', () => {
  const sendTimeoutMs = 150;

  it.each([
    ['say nothing', Buffer.alloc(0)],
    ['stop within a message', framed(Buffer.alloc(10), 1_000)],
    ['send a message and never end', framed(add(1))],
  ])('are cut off when they %s', async (_what, bytes) => {
    const edge = await start({ sendTimeoutMs });
    const stream = edge.bare('ModelInfer');
    const outcome = statusOf(stream);
    const closed = new Promise<void>((resolve) => stream.once('close', resolve));
    if (bytes.length > 0) stream.write(bytes);
    expect(await outcome).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      text: expect.stringContaining('not sent completely'),
    });
    await closed;
    await expectSound(edge);
  });

  it('are not those who wait for an answer, however long it takes', async () => {
    const edge = await start({ sendTimeoutMs });
    edge.gateway.hold();
    const answer = edge.call('ModelInfer', add(1));
    await until('it runs', () => edge.gateway.heldCount === 1);
    await sleep(systemClock, 3 * sendTimeoutMs);
    edge.gateway.release();
    expect((await answer).bytes.length).toBeGreaterThan(10);
  });

  it('may keep a stream open without a word, but not half a message', async () => {
    const edge = await start({ sendTimeoutMs });
    const idle = edge.stream();
    const { answers } = collect(idle);
    idle.write(add(1));
    await until('the first answer', () => answers.length === 1);
    const half = edge.bare('ModelStreamInfer');
    half.write(framed(Buffer.alloc(10), 1_000));
    expect((await statusOf(half))?.code).toBe(status.DEADLINE_EXCEEDED);
    await sleep(systemClock, 2 * sendTimeoutMs);
    idle.write(add(2));
    await until('the second answer', () => answers.length === 2);
    idle.end();
    await expectSound(edge);
  });

  it('are cut off when they do not take their answers', async () => {
    const edge = await start({ sendTimeoutMs, messageBytesMax: 1_000_000 });
    // More than HTTP/2 lets the server send before the caller reads.
    const stream = edge.bare('ModelInfer');
    stream.pause();
    stream.end(framed(wide(60_000)));
    await until('its answer is there', () => edge.gateway.calls.length === 1);
    await until('it is cut off', () => edge.bridge.openCalls() === 0);
    expect(edge.ended.map(({ code }) => code)).toEqual(['CANCELLED']);
    const many = edge.bare('ModelStreamInfer');
    many.pause();
    for (let i = 0; i < 40; i++) many.write(framed(wide(10_000)));
    await until('answers wait', () => edge.gateway.calls.length > 2);
    await until('it is cut off too', () => edge.bridge.openCalls() === 0);
    await expectSound(edge);
  });
});

describe('a stream of requests', () => {
  it('is answered in order with ids, whatever is done first', async () => {
    const edge = await start();
    const order: (() => void)[] = [];
    const predict = edge.gateway.predict.bind(edge.gateway);
    edge.gateway.predict = async (call) => {
      await new Promise<void>((resolve) => order.push(resolve));
      return predict(call);
    };
    const stream = edge.stream();
    const { answers, ended } = collect(stream);
    for (let i = 0; i < 10; i++) stream.write(add(i, `r${i}`));
    stream.end();
    await until('all run side by side', () => order.length === 10);
    for (const go of order.toReversed()) go();
    edge.gateway.predict = predict;
    expect((await ended).code).toBe(status.OK);
    expect(answers.map((answer) => answer.infer_response?.id)).toEqual(Array.from({ length: 10 }, (_, i) => `r${i}`));
    expect(answers.map(sumOf)).toEqual(Array.from({ length: 10 }, (_, i) => 2 * i));
    await expectSound(edge);
  });

  it('goes on after requests that fail, and says which', async () => {
    const edge = await start();
    const stream = edge.stream();
    const { answers, ended } = collect(stream);
    stream.write(add(1, 'good'));
    stream.write(encoded(rawRequest({ model: 'nobody', id: 'bad', inputs: [fp32('a', [1, 1], [1])] })));
    stream.write(Buffer.from([255, 255]));
    stream.write(add(2, 'last'));
    stream.end();
    expect((await ended).code).toBe(status.OK);
    expect(answers.map((answer) => [answer.infer_response?.id, answer.error_message === ''])).toEqual([
      ['good', true],
      ['bad', false],
      ['', false],
      ['last', true],
    ]);
    expect(answers[1]?.error_message).toContain('nobody');
    expect(answers[1]?.infer_response?.model_name).toBe('nobody');
    expect(edge.ended.map(({ code }) => code).sort()).toEqual(['INVALID_ARGUMENT', 'NOT_FOUND', 'OK', 'OK']);
    await expectSound(edge);
  });

  it('is read no further than so many requests ahead', async () => {
    const edge = await start();
    edge.gateway.hold();
    const stream = edge.stream();
    const { answers, ended } = collect(stream);
    const sent = GRPC_STREAM_IN_FLIGHT_MAX * 3;
    for (let i = 0; i < sent; i++) stream.write(add(i, `r${i}`));
    stream.end();
    await until('as many run as may', () => edge.gateway.heldCount === GRPC_STREAM_IN_FLIGHT_MAX);
    await sleep(systemClock, 50);
    expect(edge.gateway.heldCount).toBe(GRPC_STREAM_IN_FLIGHT_MAX);
    edge.gateway.release();
    expect((await ended).code).toBe(status.OK);
    expect(answers.map((answer) => answer.infer_response?.id)).toEqual(Array.from({ length: sent }, (_, i) => `r${i}`));
    await expectSound(edge);
  });

  it('has its requests admitted one by one', async () => {
    const edge = await start({ requestsInFlightMax: 2 });
    edge.gateway.hold();
    const stream = edge.stream();
    const { answers, ended } = collect(stream);
    for (let i = 0; i < 3; i++) stream.write(add(i, `r${i}`));
    await until('two run', () => edge.gateway.heldCount === 2);
    // Full for everybody, but not for those who ask for health.
    await expect(edge.call('ModelInfer', add(1))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await edge.call('ServerLive', Buffer.alloc(0));
    edge.gateway.release();
    stream.end();
    await ended;
    expect(answers.map((answer) => answer.error_message === '')).toEqual([true, true, false]);
    expect(answers[2]?.error_message).toContain('being answered already');
    // What was refused had taken no place, and gives none back.
    edge.gateway.hold();
    const again = edge.stream();
    const second = collect(again);
    for (let i = 0; i < 3; i++) again.write(add(i));
    await until(
      'the third is refused',
      () => edge.ended.filter(({ code }) => code === 'RESOURCE_EXHAUSTED').length === 3,
    );
    expect(edge.gateway.heldCount).toBe(2);
    edge.gateway.release();
    again.end();
    await second.ended;
    await expectSound(edge);
  });

  it('cancels what is under way when its caller leaves, or its deadline passes', async () => {
    const edge = await start();
    edge.gateway.hold();
    const gone: number[] = [];
    const leave = edge.stream();
    collect(leave);
    const late = edge.stream({ deadlineMs: 400 });
    const { ended } = collect(late);
    for (let i = 0; i < 3; i++) leave.write(add(i));
    late.write(add(9));
    await until('all run', () => edge.gateway.heldCount === 4);
    for (const [i, call] of edge.gateway.calls.entries()) call.caller!.onGone = () => gone.push(i);
    leave.cancel();
    await until('the first three are cancelled', () => gone.length >= 3);
    expect((await ended).code).toBe(status.DEADLINE_EXCEEDED);
    await until('the last is too', () => gone.length === 4);
    edge.gateway.release();
    await expectSound(edge);
  });

  it('caps what a request may take by the stream’s deadline, and leaves it its own default', async () => {
    const edge = await start({ requestTimeoutMs: 1_000 });
    const long = edge.stream({ deadlineMs: 15_000 });
    const first = collect(long);
    long.write(add(1));
    await until('it was asked', () => first.answers.length === 1);
    expect(edge.gateway.calls[0]?.timeoutMs).toBe(1_000);
    const short = edge.stream({ deadlineMs: 700 });
    const second = collect(short);
    short.write(add(1));
    await until('it was asked too', () => second.answers.length === 1);
    expect(edge.gateway.calls[1]?.timeoutMs).toBeLessThanOrEqual(700);
    long.end();
    short.end();
  });

  it('is refused with metadata that are wrong', async () => {
    const edge = await start();
    const { ended } = collect(edge.stream({ metadata: { 'timeout-ms': 'soon' } }));
    expect((await ended).code).toBe(status.INVALID_ARGUMENT);
    await expectSound(edge);
  });

  it('survives any bytes as messages', async () => {
    const edge = await start();
    const stream = edge.stream();
    const { answers, ended } = collect(stream);
    for (let i = 0; i < 100; i++)
      stream.write(Buffer.from(Array.from({ length: i }, (_, k) => (i * 37 + k * 101) & 255)));
    stream.end();
    expect((await ended).code).toBe(status.OK);
    expect(answers.length).toBe(100);
    expect(answers.every((answer) => answer.error_message !== '')).toBe(true);
    expect(edge.internal).toEqual([]);
    await expectSound(edge);
  });
});

describe('metadata', () => {
  it.each([
    ['request-id', 'a b'],
    ['request-id', 'x'.repeat(200)],
    ['timeout-ms', '1e999'],
    ['timeout-ms', ''],
  ])('%s that is wrong is refused and does no harm', async (name, value) => {
    const edge = await start();
    const stream = edge.bare('ModelInfer', { [name]: value });
    stream.end(framed(add(1)));
    expect((await statusOf(stream))?.code).toBe(status.INVALID_ARGUMENT);
    await expectSound(edge);
  });

  it.each([
    ['traceparent', 'nonsense'],
    // No metadata at all by gRPC's rules, and passed over.
    ['request-id', 'café'],
    ['grpc-timeout', '5S'],
    ['x-anything', 'caf\u00e9'],
  ])('%s: %s is no reason to refuse', async (name, value) => {
    const edge = await start();
    const stream = edge.bare('ModelInfer', { [name]: value });
    stream.end(framed(add(1)));
    expect((await statusOf(stream))?.code).toBe(status.OK);
  });
});

describe('connections', () => {
  it('may open only so many calls together, of whatever kind', async () => {
    const edge = await start({ callsMax: 3 });
    const open = Array.from({ length: 3 }, () => edge.bare('ServerLive'));
    await until('all are open', () => edge.bridge.openCalls() === 3);
    const fourth = edge.bare('ServerLive');
    fourth.end(framed(Buffer.alloc(0)));
    expect(await statusOf(fourth)).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    for (const stream of open) stream.destroy();
    await expectSound(edge);
  });

  it('that do not speak HTTP/2 are closed, and others go on', async () => {
    const edge = await start();
    const [host, port] = edge.bridge.address.split(':');
    const answer = await fetch(`http://${host}:${port}/v2`).catch((error: unknown) => error);
    expect(answer).toBeInstanceOf(Error);
    await expectSound(edge);
  });

  it('carry so many calls at once, of which further ones wait at the client', async () => {
    const edge = await start();
    edge.gateway.hold();
    const calls = Array.from({ length: GRPC_STREAMS_PER_CONNECTION_MAX + 10 }, () => edge.call('ModelInfer', add(1)));
    await until('as many run as may', () => edge.gateway.heldCount === GRPC_STREAMS_PER_CONNECTION_MAX);
    await sleep(systemClock, 50);
    expect(edge.gateway.heldCount).toBe(GRPC_STREAMS_PER_CONNECTION_MAX);
    edge.gateway.release();
    expect((await Promise.all(calls)).length).toBe(GRPC_STREAMS_PER_CONNECTION_MAX + 10);
    await expectSound(edge);
  });

  it('that break in the middle leave nothing behind', async () => {
    const edge = await start();
    edge.gateway.hold();
    const stream = edge.bare('ModelInfer');
    stream.end(framed(wide(500)));
    await until('it runs', () => edge.gateway.heldCount === 1);
    stream.session!.destroy();
    edge.gateway.release();
    await expectSound(edge);
  });
});
