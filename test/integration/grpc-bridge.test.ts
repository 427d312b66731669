import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { InFlight } from '../../actors/edge/in-flight.ts';
import { GRPC_WATCH_MS } from '../../actors/edge/limits.ts';
import { startGrpcBridge } from '../../actors/grpc-bridge/server.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { ERROR_RULES, type ErrorCode, ServingError } from '../../proto/errors.ts';
import { grpc, inference } from '../../proto/generated/inference.js';
import type { Tensor } from '../../proto/tensor.ts';
import { FakeGateway, fp32, fp32Values } from '../support/fake-gateway.ts';
import { clientOf, collect, GrpcEdge } from '../support/grpc-edge.ts';
import { encoded, rawRequest, typedRequest } from '../support/inference-messages.ts';
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

const sum = (a: number[], b = a) =>
  rawRequest({ model: 'add', inputs: [fp32('a', [a.length, 1], a), fp32('b', [b.length], b)] });

function valuesOf(response: inference.IModelInferResponse | null | undefined, name: string): number[] {
  const i = response!.outputs!.findIndex((output) => output.name === name);
  const raw = response!.raw_output_contents![i]!;
  return fp32Values({ data: raw } as Tensor);
}

const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('it succeeded'),
    (error: { code: number; details: string; metadata: { get(name: string): unknown[] } }) => error,
  );

describe('inference over gRPC', () => {
  it('answers raw and typed requests with raw outputs in order', async () => {
    const edge = await start();
    const response = await edge.infer(sum([1, 2, 3]));
    expect(response).toMatchObject({ model_name: 'add', model_version: '2' });
    expect(response.outputs?.map(({ name, datatype }) => [name, datatype])).toEqual([
      ['sum', 'FP32'],
      ['pair', 'FP32'],
    ]);
    expect(response.outputs?.[1]?.shape?.map(String)).toEqual(['3', '2']);
    expect(valuesOf(response, 'sum')).toEqual([2, 4, 6]);
    const typed = typedRequest({ model: 'add', inputs: [fp32('a', [2, 1], [5, 6]), fp32('b', [2], [1, 1])] });
    expect(valuesOf(await edge.infer(typed), 'sum')).toEqual([6, 7]);
    expect(edge.gateway.calls.every((call) => call.edge === 'grpc')).toBe(true);
    await until('both are observed', () => edge.ended.length === 2);
    expect(edge.ended.map(({ method, code }) => [method, code])).toEqual([
      ['ModelInfer', 'OK'],
      ['ModelInfer', 'OK'],
    ]);
  });

  it('hands model, version, id, trace and outputs on, and gives identity back', async () => {
    const edge = await start();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const request = { ...sum([1]), model_version: '1', id: 'order-1', outputs: [{ name: 'pair' }, { name: 'sum' }] };
    const { bytes, metadata } = await edge.call('ModelInfer', encoded(request), { metadata: { traceparent } });
    const response = inference.ModelInferResponse.decode(bytes);
    expect(response.id).toBe('order-1');
    expect(response.outputs?.map(({ name }) => name)).toEqual(['pair', 'sum']);
    expect(edge.gateway.calls[0]).toMatchObject({
      model: 'add',
      version: '1',
      requestId: 'order-1',
      trace: { traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), sampled: true },
    });
    expect(metadata.get('request-id')).toEqual(['order-1']);
    expect(metadata.get('traceparent')[0]).toMatch(new RegExp(`^00-${'a'.repeat(32)}-[0-9a-f]{16}-01$`));
    await edge.call('ModelInfer', encoded(sum([1])), { metadata: { 'request-id': 'from-metadata' } });
    expect(edge.gateway.calls[1]?.requestId).toBe('from-metadata');
  });

  it('takes the nearest of deadline, metadata and parameter for the budget', async () => {
    const edge = await start({ requestTimeoutMsMax: 5_000 });
    const budget = async (
      parameters: Record<string, number>,
      metadata: Record<string, string>,
      deadlineMs?: number,
    ) => {
      const request = rawRequest({ model: 'add', inputs: [fp32('a', [1, 1], [1]), fp32('b', [1], [1])], parameters });
      await edge.call(
        'ModelInfer',
        encoded(request),
        deadlineMs === undefined ? { metadata } : { metadata, deadlineMs },
      );
      return edge.gateway.calls.at(-1)!.timeoutMs!;
    };
    expect(await budget({ timeout: 40_000 }, { 'timeout-ms': '90' })).toBe(40);
    expect(await budget({ timeout: 120_000 }, { 'timeout-ms': '90.5' })).toBe(90.5);
    const left = await budget({}, {}, 3_000);
    expect(left).toBeGreaterThan(1_000);
    expect(left).toBeLessThanOrEqual(3_000);
    expect(await budget({}, {}, 19_000)).toBe(5_000);
    expect(await budget({ timeout: 30_000_000 }, {}, 2_000)).toBeLessThanOrEqual(2_000);
  });

  it('leaves the budget to the cluster where nothing is said', async () => {
    const edge = await start();
    expect(await edge.pending(sum([1])).outcome).toBeNull();
    expect(edge.gateway.calls[0]?.timeoutMs).toBeUndefined();
  });

  it('answers every error code of ours as gRPC’s, with text and stage', async () => {
    const edge = await start();
    for (const [code, { number }] of Object.entries(ERROR_RULES)) {
      edge.gateway.failure = new ServingError(code as ErrorCode, 'queue', `because of ${code}: 100 % ü`);
      const error = await failure(edge.infer(sum([1])));
      expect(error).toMatchObject({ code: number, details: `because of ${code}: 100 % ü` });
      expect(error.metadata.get('stage')).toEqual(['queue']);
    }
  });

  it('shows nothing of a failure that is not ours, and tells the log', async () => {
    const edge = await start();
    edge.gateway.failure = new TypeError('secret');
    const error = await failure(edge.infer(sum([1])));
    expect(error.code).toBe(status.INTERNAL);
    expect(error.details).not.toContain('secret');
    expect((edge.internal[0]!.cause as Error).message).toBe('secret');
  });

  it('refuses wrong requests before and in the gateway alike', async () => {
    const edge = await start();
    const cases: [inference.IModelInferRequest, number, string][] = [
      [{ ...sum([1]), model_name: 'nobody' }, status.NOT_FOUND, 'nobody'],
      [{ ...sum([1]), model_version: '9' }, status.NOT_FOUND, '9'],
      [{ ...sum([1]), outputs: [{ name: 'z' }] }, status.INVALID_ARGUMENT, 'it has sum, pair'],
      [sum([1], [1, 2]), status.INVALID_ARGUMENT, 'rows'],
      [sum([]), status.INVALID_ARGUMENT, 'no rows'],
      [{ ...sum([1]), parameters: { sequence_id: { int64_param: 4 } } }, status.UNIMPLEMENTED, 'sequence'],
    ];
    for (const [request, code, words] of cases) {
      const error = await failure(edge.infer(request));
      expect(error).toMatchObject({ code, details: expect.stringContaining(words) });
    }
    const nonsense = await failure(edge.call('ModelInfer', Buffer.from([0x0a, 99])));
    expect(nonsense).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('protobuf') });
    for (const [name, value] of [
      ['timeout-ms', '-1'],
      ['timeout-ms', 'soon'],
      ['request-id', 'a b'],
    ] as const) {
      const metadata = { [name]: value };
      const error = await failure(edge.call('ModelInfer', encoded(sum([1])), { metadata }));
      expect(error.code).toBe(status.INVALID_ARGUMENT);
    }
    expect(edge.internal).toEqual([]);
  });

  it('cancels in the cluster what its caller cancels', async () => {
    const edge = await start();
    edge.gateway.hold();
    const { outcome, cancel } = edge.pending(sum([1]));
    await until('it runs', () => edge.gateway.heldCount === 1);
    let gone = 0;
    edge.gateway.calls[0]!.caller!.onGone = () => {
      gone++;
    };
    cancel();
    expect((await outcome)?.code).toBe(status.CANCELLED);
    await until('the gateway is told', () => gone === 1);
    await until('it is observed', () => edge.ended.some(({ code }) => code === 'CANCELLED'));
  });

  it('tells the cluster too when the deadline passes', async () => {
    const edge = await start();
    edge.gateway.hold();
    const call = failure(edge.call('ModelInfer', encoded(sum([1])), { deadlineMs: 300 }));
    await until('it runs', () => edge.gateway.heldCount === 1);
    let gone = 0;
    edge.gateway.calls[0]!.caller!.onGone = () => {
      gone++;
    };
    expect((await call).code).toBe(status.DEADLINE_EXCEEDED);
    await until('the gateway is told', () => gone === 1);
    await until('it is observed', () => edge.ended.length === 1);
    // The client's clock and ours race for it.
    expect(['DEADLINE_EXCEEDED', 'CANCELLED']).toContain(edge.ended[0]?.code);
  });
});

describe('what the server says of itself and its models', () => {
  const ask = async <T>(
    edge: GrpcEdge,
    method: string,
    type: { decode(bytes: Uint8Array): T },
    message: Uint8Array = new Uint8Array(),
  ) => type.decode((await edge.call(method, message)).bytes);
  const named = (name: string, version = '') => inference.ModelMetadataRequest.encode({ name, version }).finish();

  it('is live, and ready as the gateway is', async () => {
    const edge = await start();
    expect((await ask(edge, 'ServerLive', inference.ServerLiveResponse)).live).toBe(true);
    expect((await ask(edge, 'ServerReady', inference.ServerReadyResponse)).ready).toBe(true);
    edge.gateway.missing = ['no worker'];
    expect((await ask(edge, 'ServerReady', inference.ServerReadyResponse)).ready).toBe(false);
    for (const [name, version, ready] of [
      ['fraud', '', true],
      ['fraud', '1', true],
      ['fraud', '9', false],
      ['nobody', '', false],
      ['../', '', false],
    ] as const) {
      expect((await ask(edge, 'ModelReady', inference.ModelReadyResponse, named(name, version))).ready).toBe(ready);
    }
  });

  it('names itself and only what it does', async () => {
    const edge = await start();
    const metadata = await ask(edge, 'ServerMetadata', inference.ServerMetadataResponse);
    expect(metadata).toMatchObject({ name: 'dovetail', version: '9.9.9' });
    expect(metadata.extensions).toEqual(['binary_tensor_data', 'model_configuration', 'statistics']);
  });

  it('describes a model, its configuration and its statistics', async () => {
    const edge = await start();
    const metadata = await ask(edge, 'ModelMetadata', inference.ModelMetadataResponse, named('add'));
    expect(metadata).toMatchObject({ name: 'add', versions: ['1', '2'], platform: 'onnxruntime_onnx' });
    expect(metadata.inputs?.map(({ name, shape }) => [name, shape?.map(String)])).toEqual([
      ['a', ['-1', '1']],
      ['b', ['-1']],
    ]);
    const { config } = await ask(edge, 'ModelConfig', inference.ModelConfigResponse, named('fraud', '1'));
    expect(config).toMatchObject({ name: 'fraud', max_batch_size: 64, backend: 'onnxruntime' });
    expect(config?.input?.map(({ data_type }) => data_type)).toEqual([
      inference.DataType.TYPE_STRING,
      inference.DataType.TYPE_STRING,
      inference.DataType.TYPE_FP32,
    ]);
    expect(config?.dynamic_batching).toBeDefined();
    edge.gateway.tallies.answered('add', '2', 'OK', 3, 0.002);
    const all = await ask(edge, 'ModelStatistics', inference.ModelStatisticsResponse);
    expect(all.model_stats?.length).toBe(2 * edge.gateway.models().length);
    const [one, ...none] = (await ask(edge, 'ModelStatistics', inference.ModelStatisticsResponse, named('add', '2')))
      .model_stats!;
    expect(none).toEqual([]);
    expect(one).toMatchObject({ name: 'add', version: '2' });
    expect(String(one?.inference_count)).toBe('3');
    expect(String(one?.inference_stats?.success?.ns)).toBe('2000000');
    const index = await ask(edge, 'RepositoryIndex', inference.RepositoryIndexResponse);
    expect(index.models).toContainEqual(expect.objectContaining({ name: 'add', version: '1', state: 'READY' }));
  });

  it.each(['ModelMetadata', 'ModelConfig', 'ModelStatistics'])(
    '%s of what is not there is an error',
    async (method) => {
      const edge = await start();
      expect((await failure(edge.call(method, named('nobody')))).code).toBe(status.NOT_FOUND);
      expect((await failure(edge.call(method, named('add', '9')))).code).toBe(status.NOT_FOUND);
      expect((await failure(edge.call(method, named('../etc')))).code).toBe(status.INVALID_ARGUMENT);
      expect((await failure(edge.call(method, named('add', 'x')))).code).toBe(status.INVALID_ARGUMENT);
      expect((await failure(edge.call(method, Buffer.from([0x0a, 99])))).code).toBe(status.INVALID_ARGUMENT);
    },
  );

  it.each([
    'RepositoryModelLoad',
    'RepositoryModelUnload',
    'TraceSetting',
    'LogSettings',
    'SystemSharedMemoryStatus',
    'CudaSharedMemoryRegister',
    'Nonsense',
  ])('%s is not implemented, and says so', async (method) => {
    const edge = await start();
    const error = await failure(edge.call(method, Buffer.alloc(0)));
    expect(error).toMatchObject({ code: status.UNIMPLEMENTED, details: expect.stringContaining(method) });
  });
});

describe('gRPC’s own health check', () => {
  const { HealthCheckRequest, HealthCheckResponse } = grpc.health.v1;
  const path = '/grpc.health.v1.Health';
  const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse.ServingStatus;
  const message = (service: string) => HealthCheckRequest.encode({ service }).finish();

  it('says what the gateway says, for the server and its service', async () => {
    const edge = await start();
    const check = async (service: string) =>
      HealthCheckResponse.decode((await edge.call(`${path}/Check`, message(service))).bytes).status;
    expect(await check('')).toBe(SERVING);
    expect(await check('inference.GRPCInferenceService')).toBe(SERVING);
    edge.gateway.missing = ['no worker'];
    expect(await check('')).toBe(NOT_SERVING);
    expect((await failure(check('other.Service'))).code).toBe(status.NOT_FOUND);
  });

  it('tells watchers of every change, of draining too, and stops looking when they leave', async () => {
    const edge = await start();
    const watch = (service: string) => {
      const seen: number[] = [];
      const call = edge.client.makeServerStreamRequest(
        `${path}/Watch`,
        (b: Buffer) => b,
        (b: Buffer) => b,
        Buffer.from(message(service)),
      );
      call.on('data', (bytes: Buffer) => seen.push(HealthCheckResponse.decode(bytes).status));
      call.on('error', () => {});
      return { seen, call };
    };
    const { seen, call } = watch('');
    const stranger = watch('other.Service');
    await until('the first word', () => seen.length === 1 && stranger.seen.length === 1);
    // Looked at twice without a change: nothing is told twice.
    await sleep(systemClock, 2.5 * GRPC_WATCH_MS);
    edge.gateway.missing = ['no worker'];
    await until('the change', () => seen.length === 2);
    edge.gateway.missing = [];
    await until('the change back', () => seen.length === 3);
    void edge.bridge.drain(100);
    await until('draining', () => seen.length === 4);
    expect(seen).toEqual([SERVING, NOT_SERVING, SERVING, NOT_SERVING]);
    expect(stranger.seen).toEqual([SERVICE_UNKNOWN]);
    call.cancel();
    stranger.call.cancel();
    await until('both are gone', () => edge.bridge.openCalls() === 0);
  });
});

describe('draining', () => {
  it('answers what is in flight, refuses the rest with UNAVAILABLE and goes on answering health', async () => {
    const edge = await start();
    edge.gateway.hold();
    const inFlight = edge.infer(sum([1]));
    const stream = edge.stream();
    const { answers, ended } = collect(stream);
    stream.write(encoded({ ...sum([2]), id: 's' }));
    await until('both run', () => edge.gateway.heldCount === 2);
    let drained: { unfinished: number } | undefined;
    void edge.bridge.drain(10_000).then((result) => {
      drained = result;
    });
    // A connection of its own: the first one has been told to go elsewhere.
    const other = clientOf(edge.bridge.address);
    const refused = await new Promise<{ code: number; details: string } | null>((resolve) => {
      other.makeUnaryRequest(
        '/inference.GRPCInferenceService/ModelInfer',
        (b: Buffer) => b,
        (b: Buffer) => b,
        encoded(sum([1])),
        (error) => resolve(error),
      );
    });
    expect(refused).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('draining') });
    const ready = await new Promise<Buffer | undefined>((resolve) => {
      other.makeUnaryRequest(
        '/inference.GRPCInferenceService/ServerReady',
        (b: Buffer) => b,
        (b: Buffer) => b,
        Buffer.alloc(0),
        (_, bytes) => resolve(bytes),
      );
    });
    other.close();
    expect(inference.ServerReadyResponse.decode(ready!).ready).toBe(false);
    expect(drained).toBeUndefined();
    edge.gateway.release();
    expect(valuesOf(await inFlight, 'sum')).toEqual([2]);
    expect((await ended).code).toBe(status.UNAVAILABLE);
    expect(answers.map((answer) => [answer.infer_response?.id, answer.error_message])).toEqual([['s', '']]);
    await until('it is drained', () => drained !== undefined);
    expect(drained).toEqual({ unfinished: 0 });
  });

  it('gives up after its time and says how many are left', async () => {
    const edge = await start();
    edge.gateway.hold();
    const { outcome } = edge.pending(sum([1]));
    await until('it runs', () => edge.gateway.heldCount === 1);
    expect(await edge.bridge.drain(50)).toEqual({ unfinished: 1 });
    await edge.bridge.close();
    await edge.bridge.close();
    expect(await outcome).not.toBeNull();
  });
});

describe('starting', () => {
  it('on a port that is taken says which flag to change', async () => {
    const edge = await start();
    const port = Number(edge.bridge.address.split(':')[1]);
    const again = startGrpcBridge({
      gateway: new FakeGateway(),
      host: '127.0.0.1',
      port,
      clock: systemClock,
      version: '1',
      requestTimeoutMs: 1_000,
      requestTimeoutMsMax: 1_000,
    });
    await expect(again).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('--grpc-port') });
    await expect(again).rejects.toThrow(String(port));
  });
});

describe('counting who is inside', () => {
  it('refuses when full, lets in after a leave, and drains when the last is out', async () => {
    const inside = new InFlight(systemClock, 2);
    expect([inside.enter(), inside.enter()]).toEqual([undefined, undefined]);
    expect(inside.enter()?.code).toBe('RESOURCE_EXHAUSTED');
    inside.leave();
    expect(inside.enter()).toBeUndefined();
    const drained = inside.drain(10_000);
    expect(inside.enter()?.code).toBe('UNAVAILABLE');
    inside.leave();
    inside.leave();
    expect(await drained).toEqual({ unfinished: 0 });
  });
});
