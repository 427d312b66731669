/** The protocol's gRPC half on a real cluster: the same answers as over HTTP, counted, traced to their rows, and drained. */
import { type Client, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inference } from '../../proto/generated/inference.js';
import { packBytes, type Tensor } from '../../proto/tensor.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { fp32, fp32Values } from '../support/fake-gateway.ts';
import { clientOf, collect, metadataOf } from '../support/grpc-edge.ts';
import { encoded, rawRequest, typedRequest } from '../support/inference-messages.ts';

const SERVICE = '/inference.GRPCInferenceService';
const asIs = (bytes: Buffer): Buffer => bytes;

let cluster: TestCluster;
let client: Client;
beforeAll(async () => {
  cluster = await TestCluster.start();
  client = clientOf(`127.0.0.1:${cluster.ports.grpc}`);
});
afterAll(async () => {
  client?.close();
  await cluster?.kill();
});

function call(method: string, message: Uint8Array, metadata: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + 20_000 };
    const done = (error: ServiceError | null, bytes?: Buffer) => (error === null ? resolve(bytes!) : reject(error));
    client.makeUnaryRequest(
      `${SERVICE}/${method}`,
      asIs,
      asIs,
      Buffer.from(message),
      metadataOf(metadata),
      options,
      done,
    );
  });
}

const infer = async (request: inference.IModelInferRequest) =>
  inference.ModelInferResponse.decode(await call('ModelInfer', encoded(request)));

const texts = (name: string, values: readonly string[]): Tensor => ({
  name,
  datatype: 'BYTES',
  shape: [values.length, 1],
  data: packBytes(values.map((value) => Buffer.from(value))),
});

function payments(users: readonly string[], parameters: Readonly<Record<string, number | string>> = {}, id = '') {
  const column = (name: string, value: number) =>
    fp32(
      name,
      [users.length, 1],
      users.map((_, i) => value + i),
    );
  const inputs = [
    texts('user_id', users),
    texts(
      'merchant_id',
      users.map(() => 'm7'),
    ),
    column('amount', 20),
    column('hour', 3),
    column('country_mismatch', 0),
    column('new_device', 1),
  ];
  return { model: 'fraud', inputs, parameters, id };
}

const scoresOf = (response: inference.IModelInferResponse | null | undefined) =>
  fp32Values({ data: response!.raw_output_contents![0]! } as Tensor);

async function overHttp(users: readonly string[]): Promise<number[]> {
  const { inputs } = payments(users);
  const json = inputs.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    data: datatype === 'BYTES' ? (name === 'user_id' ? users : users.map(() => 'm7')) : fp32Values({ data } as Tensor),
  }));
  const answer = await cluster.post('/v2/models/fraud/infer', { inputs: json });
  expect(answer.status).toBe(200);
  return (answer.json['outputs'] as { data: number[] }[])[0]!.data;
}

describe('gRPC on a real cluster', () => {
  it('is said where it listens', () => {
    expect(cluster.stderr).toContain(`gRPC     127.0.0.1:${cluster.ports.grpc}`);
  });

  it('answers as HTTP does, raw and typed, for users who live on different shards', async () => {
    const users = Array.from({ length: 40 }, (_, i) => `u${i}`);
    const wanted = await overHttp(users);
    for (const request of [rawRequest(payments(users)), typedRequest(payments(users))]) {
      const scores = scoresOf(await infer(request));
      expect(scores.length).toBe(40);
      for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(wanted[i]!, 5);
    }
  });

  it('reads what was just written, and says how fresh it was', async () => {
    const pushed = await cluster.post('/v1/features/user_profile:push', {
      rows: [{ user_id: 'grpc-1', payments_total: 3, avg_amount: 4 }],
    });
    const acks = pushed.json['acks'] as { seq: number }[];
    const { parameters } = await infer(rawRequest(payments(['grpc-1'], { min_seq: JSON.stringify(acks) })));
    expect(Number(String(parameters?.['applied_seq']?.int64_param))).toBeGreaterThanOrEqual(acks[0]!.seq);
  });

  it('counts what was asked, over whichever edge', async () => {
    const counted = async () => {
      const bytes = await call('ModelStatistics', inference.ModelStatisticsRequest.encode({ name: 'fraud' }).finish());
      const [entry] = inference.ModelStatisticsResponse.decode(bytes).model_stats!;
      const { success, fail, queue, compute_infer: run } = entry!.inference_stats!;
      return [entry!.inference_count, success!.count, fail!.count, queue!.count, run!.count].map((n) =>
        Number(String(n)),
      );
    };
    const before = await counted();
    await infer(rawRequest(payments(['u1', 'u2', 'u3'])));
    await overHttp(['u1']);
    await expect(infer(rawRequest({ ...payments(['u1']), inputs: [] }))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    await expect(
      infer(rawRequest({ ...payments(['u1']), inputs: payments(['u1']).inputs.slice(1) })),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('user_id'),
    });
    const [rows, success, fail] = (await counted()).map((now, i) => now - before[i]!);
    // What the edge itself cannot read never becomes a request for a model.
    expect([rows, success, fail]).toEqual([4, 2, 1]);
  });

  it('refuses more rows than the cluster takes', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => `u${i}`);
    await expect(infer(rawRequest(payments(many)))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('4096'),
    });
  });

  it('shows in the gateway’s metrics, by method and code', async () => {
    const text = await (await fetch(`http://127.0.0.1:${cluster.ports.metrics}/metrics`)).text();
    expect(text).toMatch(
      /dovetail_grpc_request_duration_seconds_count\{[^}]*method="ModelInfer",code="OK"[^}]*\} [1-9]/,
    );
    expect(text).toMatch(/dovetail_grpc_message_bytes(\{[^}]*\})? 0/);
  });

  it('answers every request of its streams when it is stopped, and tells them to go elsewhere', async () => {
    const stream = client.makeBidiStreamRequest(`${SERVICE}/ModelStreamInfer`, asIs, asIs, {});
    const { answers, ended } = collect(stream);
    let sent = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 5; i++) stream.write(encoded(rawRequest(payments([`u${sent}`], {}, `r${sent++}`))));
    }, 5);
    await eventually(
      () => answers.length > 50,
      () => `${answers.length} answers`,
    );
    cluster.signal('SIGINT');
    const over = await ended;
    clearInterval(timer);
    expect(over).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('draining') });
    // In order, none missing, none twice; those at the end may be told that the process drains.
    expect(answers.map((answer) => answer.infer_response?.id)).toEqual(answers.map((_, i) => `r${i}`));
    const failed = answers.filter((answer) => answer.error_message !== '');
    expect(failed.every((answer) => answer.error_message!.includes('draining'))).toBe(true);
    await cluster.whenGone();
  });
});
